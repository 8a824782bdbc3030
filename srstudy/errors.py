"""The two ways in which a request ends badly, each one sentence for the person who made it."""

import re

# What something is said of without an article is a name: `training is -1`, `teacher has not been trained`.
ABOUT_A_NAME = re.compile(r"(?!there )[a-z]+ (is|are|has|have) ")


def as_sentence(text: str) -> str:
    """The text with a capital at its start, unless a name stands there, and a full stop at its end."""
    text = text.strip()
    # A word, and neither a file's name nor that of an option or method, whose case matters.
    if re.match(r"[a-z]+([ ,]|: )", text) and not ABOUT_A_NAME.match(text):
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
