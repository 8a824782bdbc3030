"""The two ways in which a request ends badly, each one sentence for the person who made it."""

import re


def as_sentence(text: str) -> str:
    """The text with a capital at its start and a full stop at its end."""
    text = text.strip()
    if re.match(r"[a-z]+([ ,]|: )", text):  # a word, and not a file's name, whose case matters
        text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "?", "!")) else f"{text}."


class Refused(ValueError):
    """The request was wrong: an unknown name, a missing folder, options that contradict. Exit status 2."""

    def __init__(self, message: str) -> None:
        super().__init__(as_sentence(message))


class Failed(RuntimeError):
    """The request was right and the work failed; what was written before stays valid. Exit status 1."""

    def __init__(self, message: str) -> None:
        super().__init__(as_sentence(message))
