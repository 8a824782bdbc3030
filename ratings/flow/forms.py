"""Reads what a step's form sends, and refuses the rest in the rater's language."""

import math

from django.http import QueryDict
from django.utils.translation import gettext as _


def number_of(form: QueryDict, name: str, *, low: float, high: float, problem: str) -> float:
    """A number between `low` and `high`. Raises: ValueError with `problem` for anything else."""
    try:
        number = float(form.get(name, ""))
    except ValueError:
        raise ValueError(problem) from None
    if not math.isfinite(number) or not low <= number <= high:
        raise ValueError(problem)
    return number


def count_of(form: QueryDict, name: str, *, most: int, problem: str) -> int:
    """A whole number from 0 to `most`. Raises: ValueError with `problem` for anything else."""
    number = number_of(form, name, low=0, high=most, problem=problem)
    if number != int(number):
        raise ValueError(problem)
    return int(number)


def words_of(form: QueryDict, name: str, *, most: int) -> str:
    """Free text, without blanks around it. Raises: ValueError if it has more than `most` characters."""
    # A browser counts a new line as one character and sends it as two; PostgreSQL stores no NUL.
    text = form.get(name, "").replace("\r\n", "\n").replace("\x00", "").strip()
    if len(text) > most:
        raise ValueError(
            _("A text has {length} characters; {most} are the most.").format(length=len(text), most=most)
        )
    return text
