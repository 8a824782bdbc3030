"""The columns of a CSV file's blocks, turned into names and numbers."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ratings.analysis.arrays import Bools, Floats, Ints
from ratings.analysis.csvdialect import shown
from ratings.analysis.csvnumbers import Decimals, Refuse, read_numbers
from ratings.analysis.csvrecords import Block

# A spreadsheet runs a cell that begins with one of these as a formula; our exports put an apostrophe before.
FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")
CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]")

# pandas takes a column of nothing but numbers, or of True and False, for numbers; one such row prevents it.
NO_NUMBER: Final = "\x01"
NO_TRUTH: Final = "0"

TAKEN_OFF: Final = {
    "white space": "White space",
    "apostrophe": "The apostrophe that keeps a spreadsheet from running it",
}

Codes = NDArray[np.int32]


def unescape(label: str) -> str:
    """Take off the apostrophe that our exports put before a name that a spreadsheet would run.

    >>> unescape("'-x"), unescape("'tis")
    ('-x', "'tis")
    """
    return label[1:] if label.startswith("'") and label[1:].startswith(FORMULA_STARTS) else label


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Which columns are names, numbers and texts, each by its place in a record of `fields` fields.

    Of `infinite` numbers `inf` is one; the others must be finite.
    """

    fields: int
    separator: str
    labels: Mapping[str, int]
    numbers: Mapping[str, int]
    texts: Mapping[str, int]
    infinite: frozenset[str] = frozenset()


def read_block(
    block: Block, plan: Plan, decimals: Decimals, refuse: Refuse
) -> tuple[dict[str, pd.Categorical], dict[str, Floats], dict[str, pd.Series[str]]]:
    """Return labels (with one row more, the first), numbers and texts of a block by their columns' names.

    `refuse` is called with a line and a sentence for a cell that is no number.
    """
    for mark in decimals.possible():
        try:
            frame = _parse(block, plan, mark)
        except ValueError:  # which does not say where; the careful way below does
            continue
        numbers = {name: frame[str(at)].to_numpy(dtype=np.float64)[1:] for name, at in plan.numbers.items()}
        if any(np.isinf(values).any() for name, values in numbers.items() if name not in plan.infinite):
            continue
        if decimals.mark is None and any(_has_fraction(values) for values in numbers.values()):
            decimals.mark = mark
        break
    else:
        frame = _parse(block, plan, None)
        texts = {name: frame[str(at)].tolist()[1:] for name, at in plan.numbers.items()}
        numbers = read_numbers(texts, block.lines, decimals, refuse, infinite=plan.infinite)
    labels = {name: pd.Categorical(frame[str(at)]) for name, at in plan.labels.items()}
    return labels, numbers, {name: frame[str(at)].iloc[1:] for name, at in plan.texts.items()}


def _has_fraction(values: Floats) -> bool:
    finite = values[np.isfinite(values)]
    return bool((finite != np.rint(finite)).any())


def _parse(block: Block, plan: Plan, mark: str | None) -> pd.DataFrame:
    """Parse labels as categories, texts as they are, and numbers unless no decimal mark is given."""
    kinds = {
        **{str(at): "category" for at in plan.labels.values()},
        **{str(at): "str" for at in plan.texts.values()},
        **{str(at): "float64" if mark else "str" for at in plan.numbers.values()},
    }
    numbers = {str(at): [""] for at in plan.numbers.values()}
    names = [str(at) for at in range(plan.fields)]
    first = [NO_TRUTH if name in numbers else NO_NUMBER for name in names]
    return pd.read_csv(
        io.BytesIO(plan.separator.join(first).encode() + b"\n" + block.text),
        sep=plan.separator,
        decimal=mark or ".",
        header=None,
        names=names,
        usecols=[*kinds],
        dtype=kinds,
        keep_default_na=False,
        na_values=numbers if mark else None,
        skip_blank_lines=False,
        low_memory=False,
    )


class LabelColumn:
    """One column of names, gathered block by block; `names` are in order of first appearance."""

    def __init__(self, name: str, *, may_be_empty: bool) -> None:
        self.name, self._may_be_empty = name, may_be_empty
        self.names: dict[str, int] = {}
        self._code_of: dict[str, int] = {}
        self._codes: list[Codes] = []
        self._changed: dict[str, list[tuple[str, str, int]]] = {"white space": [], "apostrophe": []}

    def add(self, column: pd.Categorical, kept: Bools, lines: Ints, refuse: Refuse) -> None:
        """Add a block's rows of those kept, (rows,); `lines` are those of all its rows."""
        texts, codes, lines = column.categories.tolist(), column.codes[1:][kept], lines[kept]
        first = np.full(len(texts), codes.size)
        first[codes[::-1]] = np.arange(codes.size)[::-1]  # the last one written is the first row
        table = np.full(len(texts), -1, dtype=np.int32)
        for code in np.argsort(first)[: np.count_nonzero(first < codes.size)].tolist():
            text = texts[code]
            if text not in self._code_of:
                self._code_of[text] = self._new_code(text, int(lines[first[code]]), refuse)
            table[code] = self._code_of[text]
        self._codes.append(table[codes])

    def _new_code(self, text: str, line: int, refuse: Refuse) -> int:
        bare = text.strip()
        name = unescape(bare)
        control = CONTROL.search(name or text)
        if control:
            refuse(line, f"{self.name} {shown(text)} holds the control character U+{ord(control[0]):04X}")
        if not name and not self._may_be_empty:
            refuse(line, f"the column {self.name!r} is empty")
        if not name:
            return -1
        if bare != text:
            self._changed["white space"].append((text, name, line))
        if name != bare:
            self._changed["apostrophe"].append((text, name, line))
        return self.names.setdefault(name, len(self.names))

    def gathered(self) -> pd.Categorical:
        """All rows added."""
        names = pd.Index([*self.names], dtype="str")
        return pd.Categorical.from_codes(np.concatenate(self._codes), categories=names)

    def notes(self) -> list[str]:
        """Sentences on what was taken off names, and which became one thereby."""
        notes, spellings = [], Counter(self._code_of.values())
        for what, changed in self._changed.items():
            if not changed:
                continue
            text, _, line = changed[0]
            merged = sum(spellings[self.names[name]] > 1 for _, name, _ in changed)
            notes.append(
                f"{TAKEN_OFF[what]} was taken off names of the column {self.name!r}: {len(changed)}, "
                f"the first is {shown(text)} in line {line}"
                + (f"; thereby one with another name: {merged}." if merged else ".")
            )
        return notes
