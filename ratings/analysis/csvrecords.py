"""The records of a CSV file in blocks of whole ones, with their fields counted and their lines known."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ratings.analysis.arrays import Bools, Ints
from ratings.analysis.csvdialect import LONGEST_RECORD_BYTES, UndecodableError, shown

NEWLINE: Final = 10
QUOTE: Final = 34

Bytes = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Block:
    """Records of as many fields as there are columns, in UTF-8; `lines` (records,) says where each begins."""

    text: bytes
    lines: Ints


class Records:
    """Cuts text into blocks of whole records.

    `separator` and `columns` are those of the heading, `line` is that of the first text. Lines without
    anything in their fields are skipped; `blank` has their numbers when all is read.
    """

    def __init__(self, texts: Iterable[str], *, file: str, separator: str, columns: int, line: int) -> None:
        self._texts, self._file, self._columns, self._line = texts, file, columns, line
        self._separator = separator
        self.blank: list[Ints] = []

    def blocks(self) -> Generator[Block]:
        """Yield block after block.

        Raises: ValueError naming the line of a byte that cannot be decoded, a NUL, a quotation mark out of
        place, or a record that is too long or has more or fewer fields than the heading.
        """
        kept = b""
        try:
            for text in self._texts:
                kept = yield from self._cut(kept + text.encode(), is_last=False)
        except UndecodableError as error:
            line = self._line + kept.count(b"\n")
            raise ValueError(f"{self._file}, line {line}: {error}") from error
        if kept:
            yield from self._cut(kept + b"\n", is_last=True)

    def _cut(self, text: bytes, *, is_last: bool) -> Generator[Block, None, bytes]:
        """Yield the whole records of a text that begins with a record, and return the rest of it."""
        nul = text.find(b"\0")
        if nul >= 0:
            self._refuse(text, nul, "there is a NUL byte, which no text has; is this a CSV file in UTF-8?")
        every = np.frombuffer(text, dtype=np.uint8)
        outside = self._outside_quotes(text, every) if b'"' in text else None
        if outside is None:
            cut = text.rfind(b"\n") + 1
        else:
            ends = np.flatnonzero((every == NEWLINE) & outside)
            cut = int(ends[-1]) + 1 if ends.size else 0
        if len(text) - cut > (0 if is_last else LONGEST_RECORD_BYTES):
            self._refuse_endless(text, cut, outside)
        if cut:
            block = self._block(text[:cut], every[:cut], None if outside is None else outside[:cut])
            if block.lines.size:
                yield block
        return text[cut:]

    def _block(self, text: bytes, every: Bytes, outside: Bools | None) -> Block:
        is_boundary = (every == ord(self._separator)) | (every == NEWLINE)
        if outside is not None:
            is_boundary &= outside
        boundaries = np.flatnonzero(is_boundary)
        last_of_record = np.flatnonzero(every[boundaries] == NEWLINE)
        ends = boundaries[last_of_record]
        fields, size = np.diff(last_of_record, prepend=-1), np.diff(ends, prepend=-1)
        lines = self._line + np.arange(ends.size)
        if outside is not None:  # line ends between quotation marks count in an editor too
            newlines = np.flatnonzero(every == NEWLINE)
            lines = self._line + np.searchsorted(newlines, ends - size + 1)
        # With all fields empty, the record is its separators and its line end.
        blank = (size == 1) | ((fields == self._columns) & (size == self._columns))
        for at in np.flatnonzero((fields != self._columns) & ~blank).tolist():
            record = text[ends[at] - size[at] + 1 : ends[at]]
            if record.strip():
                self._refuse_fields(int(lines[at]), int(fields[at]), record)
            blank[at] = True
        self._line += text.count(b"\n") if outside is not None else ends.size
        if not blank.any():
            return Block(text, lines)
        self.blank.append(lines[blank])
        return Block(every[np.repeat(~blank, size)].tobytes(), lines[~blank])

    def _outside_quotes(self, text: bytes, every: Bytes) -> Bools:
        """Mark the bytes outside quotation marks, (bytes,), having seen that these stand where they may."""
        is_quote = every == QUOTE
        at = np.flatnonzero(is_quote)
        allowed = np.zeros(256, dtype=np.bool_)
        allowed[[ord(self._separator), NEWLINE, QUOTE]] = True
        before = every[at[::2] - 1]
        fits = allowed[before] | (at[::2] == 0)
        closing = at[1::2]
        fits[: closing.size] &= allowed[every[np.minimum(closing + 1, every.size - 1)]]
        fits |= at[::2] > text.rfind(b"\n")  # looked at again when the line is there to its end
        if not fits.all():
            self._refuse(
                text,
                int(at[2 * int(fits.argmin())]),
                "a quotation mark is out of place in {}; a field that holds one begins and ends with one, "
                "and has those within it doubled",
            )
        # Wraps round at 256, which leaves odd and even as they are.
        outside: Bools = np.cumsum(is_quote, dtype=np.uint8) % 2 == 0
        return outside

    def _refuse_endless(self, text: bytes, cut: int, outside: Bools | None) -> None:
        if outside is not None and not outside[-1]:
            self._refuse(text, text.rindex(b'"'), "a quotation mark is opened and not closed in {}")
        self._refuse(text, cut, f"a line of over {LONGEST_RECORD_BYTES} bytes is no row of a table")

    def _refuse(self, text: bytes, at: int, sentence: str) -> None:
        start, end = text.rfind(b"\n", 0, at) + 1, text.find(b"\n", at)
        line = self._line + text.count(b"\n", 0, at)
        record = text[start : end if end >= 0 else len(text)].decode()
        raise ValueError(f"{self._file}, line {line}: {sentence.format(shown(record))}")

    def _refuse_fields(self, line: int, fields: int, record: bytes) -> None:
        is_more = fields > self._columns and self._separator == ","
        raise ValueError(
            f"{self._file}, line {line}: {fields} fields where the heading has {self._columns}, in "
            f"{shown(record.decode())}"
            + ("; decimal commas go with columns separated by semicolons or tabs" if is_more else "")
        )
