"""The numbers of a CSV file, read cell by cell where a faster way cannot say what is wrong with one."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NoReturn

import numpy as np

from ratings.analysis.arrays import Floats, Ints
from ratings.analysis.csvdialect import shown

NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
INFINITE: Final = re.compile(r"[+-]?inf(inity)?", re.IGNORECASE)
GROUPED: Final = re.compile(r"[+-]?\d{1,3}([.,' \xa0]\d{3})+([.,]\d+)?", re.ASCII)
NO_ANSWER: Final = {"nan", "na", "n/a", "#n/a", "null", "none", "-", "–", "?"}
MARKS: Final = {".": "a decimal point", ",": "a decimal comma"}

# Takes a line and a sentence, and raises.
Refuse = Callable[[int, str], NoReturn]


@dataclass
class Decimals:
    """Which decimal mark the numbers of a file have, None until one of them shows it."""

    separator: str
    mark: str | None = None

    def possible(self) -> tuple[str, ...]:
        """The marks that the next number may have."""
        if self.separator == ",":
            return (".",)
        return (".", ",") if self.mark is None else (self.mark,)

    def read(self, text: str, *, may_be_infinite: bool) -> float:
        """Read one cell; an empty one is NaN. Raises: ValueError saying what is wrong with it."""
        text = text.strip()
        if not text:
            return math.nan
        if INFINITE.fullmatch(text) and may_be_infinite:
            return float(text)
        if "," in text and text.count(",") == 1 and "." not in text and self.separator != ",":
            number, mark = text.replace(",", "."), ","
        else:
            number, mark = text, "."
        if not NUMBER.fullmatch(number):
            raise ValueError(_why_no_number(text, self.separator))
        if mark in text:
            if self.mark is not None and self.mark != mark:
                raise ValueError(f"has {MARKS[mark]}, where other numbers have {MARKS[self.mark]}")
            self.mark = mark
        if math.isinf(float(number)):
            raise ValueError("is not a finite number")
        return float(number)


def _why_no_number(text: str, separator: str) -> str:
    if text.casefold() in NO_ANSWER:
        return "is not a number; leave the cell empty where there is none, as for an unanswered trial"
    if INFINITE.fullmatch(text):
        return "is not a finite number"
    if separator == "," and re.fullmatch(r"[+-]?\d+,\d+", text):
        return "is not a number; decimal commas go with columns separated by semicolons or tabs"
    if GROUPED.fullmatch(text):
        return "is not a number; leave out what separates the thousands"
    return "is not a number"


def read_numbers(
    texts: Mapping[str, Sequence[str]],
    lines: Ints,
    decimals: Decimals,
    refuse: Refuse,
    *,
    infinite: frozenset[str] = frozenset(),
) -> dict[str, Floats]:
    """Read columns of numbers cell by cell, and refuse the first cell that is none."""
    numbers, wrong = {}, []
    for name, column in texts.items():
        values = np.full(len(column), np.nan)
        for at, text in enumerate(column):
            try:
                values[at] = decimals.read(text, may_be_infinite=name in infinite)
            except ValueError as error:
                wrong.append((at, f"{name} {shown(text)} {error}"))
                break
        numbers[name] = values
    if wrong:
        at, sentence = min(wrong)
        refuse(int(lines[at]), sentence)
    return numbers


def holds_numbers(texts: Iterable[str], separator: str) -> bool:
    """Whether a column has any number in it."""
    for text in texts:
        try:
            if not math.isnan(Decimals(separator).read(text, may_be_infinite=True)):
                return True
        except ValueError:
            continue
    return False
