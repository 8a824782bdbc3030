"""The columns of a long table of ratings, checked and turned into labels and numbers."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pandas as pd

from ratings.analysis.arrays import Bools, Floats, Ints

LABELS = ("rater", "image", "method")

# As a share of the scale: a difference written with fewer decimals than its scores is no contradiction.
ROUNDING = 1e-3


def require_scale(scale_min: float, scale_max: float) -> None:
    """Refuse a rating scale that is empty or not finite.

    Raises: ValueError naming both ends.
    """
    if not (math.isfinite(scale_min) and math.isfinite(scale_max) and scale_min < scale_max):
        raise ValueError(f"the rating scale {scale_min!r} to {scale_max!r} is not a range of finite numbers")


def counted_rows(frame: pd.DataFrame) -> tuple[pd.DataFrame, Ints, tuple[str, ...]]:
    """Take the rows of kind "test", with their numbers (from 1) and a note on what was left out.

    Raises: ValueError if a column is missing, or no row is left.
    """
    missing = [name for name in LABELS if name not in frame]
    if missing:
        raise ValueError(f"the ratings have no column {missing[0]!r}; needed: {', '.join(LABELS)}")
    if "difference" not in frame and not {"reference_score", "test_score"} <= set(frame):
        raise ValueError(
            "the ratings have neither the columns 'reference_score' and 'test_score' nor the column "
            "'difference'"
        )
    kinds = frame["kind"] if "kind" in frame else pd.Series("test", index=frame.index)
    is_test = (kinds == "test").to_numpy(dtype=bool, na_value=False)
    if not is_test.any():
        raise ValueError(f"there are no votes to analyse: none of the {len(frame)} ratings is of kind 'test'")
    return frame[is_test], np.flatnonzero(is_test) + 1, _kinds_left_out(kinds[~is_test])


def _kinds_left_out(kinds: pd.Series[str]) -> tuple[str, ...]:
    counts = kinds.fillna("").value_counts().sort_index()
    return tuple(
        f"{count} ratings of kind {kind!r} were left out; only kind 'test' enters a score."
        for kind, count in counts.items()
    )


def labels(votes: pd.DataFrame, rows: Ints) -> dict[str, pd.Series[str]]:
    """Return rater, image, method and session as text; a table without sessions has one a rater.

    Raises: ValueError naming the row of an empty label.
    """
    names = (*LABELS, "session") if "session" in votes else LABELS
    columns: dict[str, pd.Series[str]] = {}
    for name in names:
        empty = (votes[name].isna() | (votes[name] == "")).to_numpy(dtype=bool)
        if empty.any():
            raise ValueError(f"data row {rows[empty.argmax()]}: the column {name!r} is empty")
        columns[name] = votes[name].astype(str)
    columns.setdefault("session", columns["rater"])
    return columns


def difference_values(votes: pd.DataFrame, rows: Ints, scale_min: float, scale_max: float) -> Floats:
    """Return reference − test for every vote, from its two scores or from the difference given.

    Raises: ValueError naming the row and the value that is missing, not a number, off the scale, or
    at odds with the others of its row.
    """
    width = scale_max - scale_min
    given = _numbers(votes, "difference", rows, -width, width)
    reference = _numbers(votes, "reference_score", rows, scale_min, scale_max)
    test = _numbers(votes, "test_score", rows, scale_min, scale_max)
    taken = reference - test
    value = np.where(np.isnan(taken), given, taken)
    _refuse(
        np.isnan(reference) != np.isnan(test),
        rows,
        lambda at: f"only one of reference_score {reference[at]:g} and test_score {test[at]:g} is a number",
    )
    _refuse(
        np.isnan(value), rows, lambda at: "no score is given; an unanswered trial is left out of the table"
    )
    _refuse(
        np.abs(given - taken) > ROUNDING * width,
        rows,
        lambda at: f"difference {given[at]:g} is not reference − test = {taken[at]:g}",
    )
    return value


def _numbers(votes: pd.DataFrame, name: str, rows: Ints, low: float, high: float) -> Floats:
    """Return one column as numbers in low..high, NaN where it is empty or absent."""
    if name not in votes:
        return np.full(len(votes), np.nan)
    column = votes[name]
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    unread = np.isnan(numbers) & column.notna().to_numpy(dtype=bool)
    _refuse(unread, rows, lambda at: f"{name} {column.iloc[at]!r} is not a number")
    off = (numbers < low) | (numbers > high)
    _refuse(
        off, rows, lambda at: f"{name} {numbers[at]:g} is off the scale, which runs from {low:g} to {high:g}"
    )
    return numbers


def _refuse(wrong: Bools, rows: Ints, sentence: Callable[[int], str]) -> None:
    if wrong.any():
        at = int(wrong.argmax())
        raise ValueError(f"data row {rows[at]}: {sentence(at)}")
