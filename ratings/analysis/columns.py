"""The columns of a long table of ratings, checked and turned into labels and numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ratings.analysis.arrays import Bools, Floats, Ints
from ratings.analysis.methodologies import METHODOLOGIES

LABELS = ("rater", "image", "method")

KINDS = ("training", "dummy", "test", "repeat", "trap")

SOURCES = ("browser", "import", "simulated")

# As a share of the scale: a difference written with fewer decimals than its scores is no contradiction.
ROUNDING = 1e-3


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of a table with a way to say which one is meant.

    `number` (rows,) is each row's own; `file` is empty for a table in memory, whose rows count from 1 below
    the heading, or a file's name, whose rows are named by its lines.
    """

    number: Ints
    file: str = ""

    def place(self, at: int) -> str:
        """Name row `at`: "data row 3", or "votes.csv, line 4"."""
        number = int(self.number[at])
        return f"{self.file}, line {number}" if self.file else f"data row {number}"

    def refuse(self, wrong: Bools, sentence: Callable[[int], str]) -> None:
        """Raises: ValueError naming the first row that is wrong, with the sentence made for it."""
        if wrong.any():
            at = int(wrong.argmax())
            raise ValueError(f"{self.place(at)}: {sentence(at)}")


@dataclass(frozen=True, eq=False)
class Labels:
    """One column of names: a code for each row, and the names in order of first appearance."""

    codes: Ints
    names: tuple[str, ...]


def counted_rows(frame: pd.DataFrame, *, file: str) -> tuple[pd.DataFrame, Rows, tuple[str, ...]]:
    """Take the rows of kind "test", with their numbers and a note on what was left out.

    With a `file` the table's index holds its line numbers, else rows count from 1.
    Raises: ValueError if a column is missing, or no row is left.
    """
    missing = [name for name in LABELS if name not in frame]
    if missing:
        where = f"{file}: " if file else ""
        raise ValueError(f"{where}the ratings have no column {missing[0]!r}; needed: {', '.join(LABELS)}")
    number = frame.index.to_numpy(dtype=np.int64) if file else np.arange(1, len(frame) + 1)
    if "kind" not in frame and len(frame):
        return frame, Rows(number, file), ()
    kinds = known_kinds(frame, Rows(number, file))
    is_test = (kinds == "test").to_numpy(dtype=bool, na_value=False)
    if not is_test.any():
        raise ValueError(f"there are no votes to analyse: none of the {len(frame)} ratings is of kind 'test'")
    return frame[is_test], Rows(number[is_test], file), _kinds_left_out(kinds[~is_test])


def known_kinds(frame: pd.DataFrame, rows: Rows) -> pd.Series[str]:
    """Return the kind of every row; all are "test" without the column.

    Raises: ValueError naming the row of a kind unknown.
    """
    kinds = frame["kind"] if "kind" in frame else pd.Series("test", index=frame.index)
    known = (kinds.isin(KINDS) | kinds.isna() | (kinds == "")).to_numpy(dtype=bool, na_value=True)
    rows.refuse(~known, lambda at: f"the kind {kinds.iloc[at]!r} is not one of {', '.join(KINDS)}")
    return kinds


def _kinds_left_out(kinds: pd.Series[str]) -> tuple[str, ...]:
    counts = kinds.astype(object).fillna("").value_counts().sort_index()
    return tuple(
        f"{count} ratings of kind {kind!r} were left out; only kind 'test' enters a score."
        for kind, count in counts.items()
    )


def simulated_rows(votes: pd.DataFrame, rows: Rows) -> Bools:
    """Say of each row whether a program gave it: by the column source, or simulated (true or false).

    Raises: ValueError naming the row of another source than those known, of a try-out, or of another truth.
    """
    found = np.zeros(len(votes), dtype=np.bool_)
    if "source" in votes:
        source = votes["source"].astype(object).fillna("").astype(str)
        rows.refuse(
            ~source.isin(("", *SOURCES)).to_numpy(dtype=bool),
            lambda at: (
                f"source {source.iloc[at]!r} is not one of {', '.join(SOURCES)}"
                + ("; a try-out is never counted" if source.iloc[at] == "tryout" else "")
            ),
        )
        found |= (source == "simulated").to_numpy(dtype=bool)
    if "simulated" in votes:
        said = votes["simulated"].astype(object).fillna("").astype(str).str.lower()
        rows.refuse(
            ~said.isin(("", "true", "false")).to_numpy(dtype=bool),
            lambda at: f"simulated {said.iloc[at]!r} is neither 'true' nor 'false'",
        )
        found |= (said == "true").to_numpy(dtype=bool)
    return found


def note_on_simulated(simulated: Bools) -> str:
    """Say how many votes a program gave beside those of people; nothing where all or none are simulated."""
    if simulated.all() or not simulated.any():
        return ""
    count = int(simulated.sum())
    return f"{count} votes by simulated raters were left out, because the study has votes by people."


def labels(votes: pd.DataFrame, rows: Rows) -> dict[str, Labels]:
    """Return rater, image, method and session as codes and text; a table without sessions has one a rater.

    Raises: ValueError naming the row of an empty label.
    """
    names = (*LABELS, "session") if "session" in votes else LABELS
    found = {name: _labels_of(votes[name], name, rows) for name in names}
    found.setdefault("session", found["rater"])
    return found


def _labels_of(column: pd.Series[str], name: str, rows: Rows) -> Labels:
    codes, uniques = pd.factorize(column)
    texts = [str(unique) for unique in uniques]
    empty = codes < 0
    if "" in texts:
        empty |= codes == texts.index("")
    rows.refuse(empty, lambda at: f"the column {name!r} is empty")
    if len(set(texts)) < len(texts):  # 7 and "7" are one name
        again, names = pd.factorize(np.array(texts, dtype=object))
        codes, texts = again[codes], names.tolist()
    return Labels(codes.astype(np.int64, copy=False), tuple(texts))


def score_values(votes: pd.DataFrame, rows: Rows, methodology: str, scale: tuple[float, float]) -> Floats:
    """Return what each vote says: reference − test where the methodology asks in pairs, else the score.

    Raises: ValueError naming the row and the value that is missing, not a number, off the scale, or
    at odds with the others of its row.
    """
    if METHODOLOGIES[methodology].pairs:
        return _differences(votes, rows, *scale)
    score = _numbers(votes, "score", rows, *scale)
    rows.refuse(np.isnan(score), lambda at: "no score is given; an unanswered trial is left out of the table")
    return score


def _differences(votes: pd.DataFrame, rows: Rows, scale_min: float, scale_max: float) -> Floats:
    width = scale_max - scale_min
    given = _numbers(votes, "difference", rows, -width, width)
    reference = _numbers(votes, "reference_score", rows, scale_min, scale_max)
    test = _numbers(votes, "test_score", rows, scale_min, scale_max)
    taken = reference - test
    value = np.where(np.isnan(taken), given, taken)
    rows.refuse(
        np.isnan(reference) != np.isnan(test),
        lambda at: f"only one of reference_score {reference[at]:g} and test_score {test[at]:g} is a number",
    )
    rows.refuse(np.isnan(value), lambda at: "no score is given; an unanswered trial is left out of the table")
    rows.refuse(
        np.abs(given - taken) > ROUNDING * width,
        lambda at: f"difference {given[at]:g} is not reference − test = {taken[at]:g}",
    )
    return value


def _numbers(votes: pd.DataFrame, name: str, rows: Rows, low: float, high: float) -> Floats:
    """Return one column as numbers in low..high, NaN where it is empty or absent."""
    if name not in votes:
        return np.full(len(votes), np.nan)
    column = votes[name]
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    unread = np.isnan(numbers) & column.notna().to_numpy(dtype=bool)
    rows.refuse(unread, lambda at: f"{name} {column.iloc[at]!r} is not a number")
    off = (numbers < low) | (numbers > high)
    rows.refuse(
        off, lambda at: f"{name} {numbers[at]:g} is off the scale, which runs from {low:g} to {high:g}"
    )
    return numbers
