"""The two ways in which a request ends badly, each one sentence for the person who made it."""


def as_sentence(text: str) -> str:
    """The text with a capital at its start and a full stop at its end."""
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?", "!")) else ".")


class Refused(ValueError):
    """The request was wrong: an unknown name, a missing folder, options that contradict. Exit status 2."""

    def __init__(self, message: str) -> None:
        super().__init__(as_sentence(message))


class Failed(RuntimeError):
    """The request was right and the work failed; what was written before stays valid. Exit status 1."""

    def __init__(self, message: str) -> None:
        super().__init__(as_sentence(message))
