"""The columns wanted of a CSV file, gathered block by block into one table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Final, NoReturn

import numpy as np
import pandas as pd

from ratings.analysis.arrays import Bools, Floats, Ints
from ratings.analysis.csvcolumns import LabelColumn, Plan, read_block
from ratings.analysis.csvdialect import (
    SEPARATORS,
    Heading,
    Progress,
    missing,
    notes_on_heading,
    opened,
    place_columns,
    read_texts,
    split_heading,
)
from ratings.analysis.csvnumbers import Decimals
from ratings.analysis.csvrecords import Block, Records

COMMAS_NOTE: Final = "Numbers have decimal commas."


@dataclass(frozen=True, eq=False)
class LongCsv:
    """A CSV file as a table.

    `frame`: labels are categories in order of first appearance, empty ones missing; numbers are float64, NaN
    where the cell is empty; the index holds the line of each row in the file `file`. `separator` and
    `decimal` are the marks found, `columns` all names of the heading as written. `notes` are sentences on
    what was taken otherwise than it stands there, or left out.
    """

    frame: pd.DataFrame
    file: str
    encoding: str
    separator: str
    decimal: str
    columns: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """The columns that are looked at.

    `labels` must be there and filled in, and so must all of one group of `answered_by`. A row with nothing
    in any of these is left out, and counted as one without `what`. `texts` are handed on as they stand; None
    takes every column not named otherwise. Of `infinite` numbers `inf` is one.
    """

    labels: tuple[str, ...]
    what: str = ""
    answered_by: tuple[tuple[str, ...], ...] = ()
    other_labels: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    infinite: frozenset[str] = frozenset()
    texts: tuple[str, ...] | None = ()

    @property
    def answers(self) -> tuple[str, ...]:
        """Every column that may hold an answer."""
        return tuple(name for group in self.answered_by for name in group)

    @property
    def all_labels(self) -> tuple[str, ...]:
        """Every column of names."""
        return (*self.labels, *self.other_labels)

    def known(self, heading: Heading | None = None) -> list[str]:
        """Every column that is looked at, of a file with that heading."""
        every = heading.columns if heading is not None else ()
        texts = every if self.texts is None else self.texts
        return list(dict.fromkeys([*self.all_labels, *self.numbers, *filter(None, texts)]))


def refuser(file: str) -> Callable[[int, str], NoReturn]:
    """Return a function that refuses a line of a file with a sentence."""

    def refuse(line: int, sentence: str) -> NoReturn:
        raise ValueError(f"{file}, line {line}: {sentence}")

    return refuse


def read_table(path: Path, wanted: Wanted, *, encoding: str | None, progress: Progress | None) -> LongCsv:
    """Read the columns wanted of a file. Raises: ValueError, one sentence naming file, line and value."""
    name = path.name
    with opened(path) as file:
        used, notes, texts = read_texts(file, name=name, encoding=encoding, progress=progress)
        heading, rest = split_heading(texts, file=name, wanted=wanted.known())
        table = _Table(wanted, heading, name)
        first_line = heading.line + 1 + sum(written.count("\n") for written in heading.written)
        records = Records(
            chain([rest], texts),
            file=name,
            separator=heading.separator,
            columns=len(heading.columns),
            line=first_line,
        )
        for block in records.blocks():
            table.add(block)
    frame = table.gathered()
    return LongCsv(
        frame=frame,
        file=name,
        encoding=used,
        separator=heading.separator,
        decimal=table.decimals.mark or ".",
        columns=heading.written,
        notes=(*notes, *table.notes(), *_notes_on_blank(records.blank, frame)),
    )


def _notes_on_blank(blank: Sequence[Ints], frame: pd.DataFrame) -> list[str]:
    lines = np.concatenate([*blank, np.zeros(0, dtype=np.int64)])
    between = lines[lines < frame.index[-1]]  # those at the end are nothing to speak of
    if not between.size:
        return []
    return [f"Blank lines among the rows were skipped: {between.size}, the first is line {between[0]}."]


class _Table:
    """The columns wanted of one file, gathered block by block."""

    def __init__(self, wanted: Wanted, heading: Heading, file: str) -> None:
        self._wanted, self._heading, self._file = wanted, heading, file
        self._refuse = refuser(file)
        self._places = place_columns(heading, file=file, needed=wanted.labels, optional=wanted.known(heading))
        _refuse_without_answers(wanted, heading, file)
        labels, numbers = wanted.all_labels, wanted.numbers
        texts = [name for name in self._places if name not in (*labels, *numbers)]
        self._plan = Plan(
            fields=len(heading.columns),
            separator=heading.separator,
            labels={name: self._places[name] for name in labels if name in self._places},
            numbers={name: self._places[name] for name in numbers if name in self._places},
            texts={name: self._places[name] for name in texts},
            infinite=wanted.infinite,
        )
        self.decimals = Decimals(heading.separator)
        self._labels = {
            name: LabelColumn(name, may_be_empty=name not in wanted.labels) for name in self._plan.labels
        }
        self._numbers: dict[str, list[Floats]] = {name: [] for name in self._plan.numbers}
        self._texts: dict[str, list[pd.Series[str]]] = {name: [] for name in self._plan.texts}
        self._lines: list[Ints] = []
        self._unanswered, self._first_unanswered = 0, 0

    def add(self, block: Block) -> None:
        """Take a block in. Raises: ValueError for a cell that is not what its column holds."""
        labels, numbers, texts = read_block(block, self._plan, self.decimals, self._refuse)
        kept = self._answered(block, labels, numbers)
        if not kept.all():
            self._first_unanswered = self._first_unanswered or int(block.lines[kept.argmin()])
            self._unanswered += int((~kept).sum())
        for name, column in self._labels.items():
            column.add(labels[name], kept, block.lines, self._refuse)
        for name, values in numbers.items():
            self._numbers[name].append(values[kept])
        for name, cells in texts.items():
            self._texts[name].append(cells[kept])
        self._lines.append(block.lines[kept])

    def _answered(self, block: Block, labels: dict[str, pd.Categorical], numbers: dict[str, Floats]) -> Bools:
        """Mark the rows with an answer, (rows,)."""
        kept = np.full(block.lines.size, not self._wanted.answers)
        for name in self._wanted.answers:
            if name in numbers:
                kept |= ~np.isnan(numbers[name])
            elif name in labels:
                filled = np.array([bool(text.strip()) for text in labels[name].categories])
                kept |= filled[labels[name].codes[1:]]
        return kept

    def gathered(self) -> pd.DataFrame:
        """The table. Raises: ValueError if no row is left."""
        rows = sum(lines.size for lines in self._lines)
        if not rows and self._unanswered:
            raise ValueError(
                f"{self._file} has no row with a {self._wanted.what}; rows without one: {self._unanswered}"
            )
        if not rows:
            raise ValueError(f"{self._file} has a heading and no rows below it")
        columns: dict[str, object] = {}
        for name in self._places:
            column = self._gathered(name)
            if column is not None:
                columns[name] = column
        lines = np.concatenate(self._lines)
        is_whole = lines[-1] - lines[0] + 1 == rows
        index = pd.RangeIndex(lines[0], lines[-1] + 1) if is_whole else pd.Index(lines)
        return pd.DataFrame(columns, index=index, copy=False)

    def _gathered(self, name: str) -> object:
        """One column; None if there is nothing in it."""
        if name in self._labels:
            return self._labels[name].gathered() if self._labels[name].names else None
        if name in self._numbers:
            values = np.concatenate(self._numbers.pop(name))
            return None if np.isnan(values).all() else values
        cells = pd.concat(self._texts.pop(name)).to_numpy()
        return cells if any(cells) else None

    def notes(self) -> list[str]:
        """Sentences on the separator, on columns and names taken otherwise, and on rows left out."""
        notes = []
        if self._heading.separator != ",":
            notes.append(f"Columns are separated by {SEPARATORS[self._heading.separator]}.")
        if self.decimals.mark == ",":
            notes.append(COMMAS_NOTE)
        known = self._wanted.known()
        notes += notes_on_heading(self._heading, taken=self._places, known=known)
        for column in self._labels.values():
            notes += column.notes()
        if self._unanswered:
            notes.append(
                f"Rows without a {self._wanted.what} were left out: {self._unanswered}, the first is line "
                f"{self._first_unanswered}."
            )
        return notes


def _refuse_without_answers(wanted: Wanted, heading: Heading, file: str) -> None:
    """Refuse a heading that has none of the columns, or pairs of columns, of which one is needed."""
    have = set(heading.columns)
    if not wanted.answered_by or any(have.issuperset(group) for group in wanted.answered_by):
        return
    for group in wanted.answered_by:
        for name in group:
            if (len(group) == 1 and len(wanted.answered_by) == 1) or (have & set(group) and name not in have):
                raise ValueError(missing(heading, file, name))
    groups = ", or ".join(" with ".join(map(repr, group)) for group in wanted.answered_by)
    raise ValueError(missing(heading, file, wanted.what, f"of {wanted.what}s: {groups}"))
