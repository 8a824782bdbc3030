"""What goes to the log, and what never does: the tokens in raters' addresses."""

import logging
import re
from typing import Any, Final

LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR")
# Whoever has an invite may rate, whoever has a trial's token may answer it, and a rater's own token is the
# rater.
TOKEN_IN_PATH: Final = re.compile(r"(/(?:s|trials|images|go-on)/)[^/\s?#\"']+")


def masked(text: str) -> str:
    """The text with `…` in place of every token in it."""
    return TOKEN_IN_PATH.sub(r"\1…", text)


class MaskTokens(logging.Filter):
    """Lets every record through, with its tokens masked."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = masked(record.getMessage()), ()
        return True


def logging_settings(level: str) -> dict[str, Any]:
    """Django's LOGGING: every line once, on stderr, from `level` up, masked."""
    # Django gives these two handlers of their own; with them each line of theirs would come twice, or
    # pass the filter by.
    to_root = {"handlers": [], "level": level, "propagate": True}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"mask": {"()": "srstudy.logs.MaskTokens"}},
        "handlers": {"console": {"class": "logging.StreamHandler", "filters": ["mask"]}},
        "root": {"handlers": ["console"], "level": level},
        "loggers": {"django": to_root, "django.server": to_root | {"level": "INFO"}},
    }
