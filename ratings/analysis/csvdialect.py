"""The text of a CSV file whatever its encoding and line ends, and the columns that its heading names."""

from __future__ import annotations

import codecs
import csv
import io
import os
import re
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import BinaryIO, Final

BLOCK_BYTES: Final = 2**23
# A longer line is no row of a table, and must not be waited for to its end.
LONGEST_RECORD_BYTES: Final = 2**20
SEPARATORS: Final = {",": "commas", ";": "semicolons", "\t": "tabs"}
# UTF-32's mark begins with that of UTF-16 and is looked for first.
BYTE_ORDER_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
OTHER_FILES: Final = {
    b"PK\x03\x04": "is a workbook or an archive and not a CSV file; save the sheet as 'CSV UTF-8'",
    b"\xd0\xcf\x11\xe0": "is a workbook of an old kind and not a CSV file; save the sheet as 'CSV UTF-8'",
    b"\x1f\x8b": "is compressed; unpack it first",
}
LONGEST_HEADING: Final = 2**16
LONGEST_SHOWN: Final = 60

# Bytes read so far, and bytes in all (0 where that is not known).
Progress = Callable[[int, int], None]


class UndecodableError(ValueError):
    """Comes after the text before the byte that cannot be decoded."""


@dataclass(frozen=True)
class Heading:
    """The first line with anything on it. `columns` are its names in small letters without space around."""

    columns: tuple[str, ...]
    written: tuple[str, ...]
    separator: str
    line: int


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open a file. Raises: ValueError, one sentence, if that cannot be done."""
    try:
        file = path.open("rb")
    except FileNotFoundError as error:
        raise ValueError(f"there is no file {str(path)!r}") from error
    except IsADirectoryError as error:
        raise ValueError(f"{str(path)!r} is a folder and not a CSV file") from error
    except OSError as error:
        raise ValueError(f"{str(path)!r} cannot be read: {error.strerror}") from error
    with file:
        yield file


def read_texts(
    file: BinaryIO, *, name: str, encoding: str | None, progress: Progress | None
) -> tuple[str, tuple[str, ...], Iterator[str]]:
    r"""Return the encoding of a file, notes on it, and the text in blocks, whose lines all end in \n.

    A byte order mark decides the encoding; without one it is the encoding given, or UTF-8.
    Raises: ValueError for a file that is empty or of another kind, and an encoding that is not known;
    while reading, UndecodableError.
    """
    given = _known(encoding or "utf-8")
    first = file.read(BLOCK_BYTES)
    if not first:
        raise ValueError(f"{name} is empty; its first line would name the columns")
    for start, what in OTHER_FILES.items():
        if first.startswith(start):
            raise ValueError(f"{name} {what}")
    mark, used = next(((mark, of) for mark, of in BYTE_ORDER_MARKS if first.startswith(mark)), (b"", given))
    why = ", as its byte order mark says" if mark else ""
    notes = () if given == used == "utf-8" else (f"The file was read as {used}{why}.",)
    size = os.fstat(file.fileno()).st_size

    def blocks() -> Iterator[bytes]:
        block, done = first[len(mark) :], len(first)
        while block:
            yield block
            if progress is not None:
                progress(done, size)
            block = file.read(BLOCK_BYTES)
            done += len(block)

    return used, notes, _decoded(blocks(), used)


def _known(encoding: str) -> str:
    try:
        b" ".decode(encoding, "replace")  # refuses those that are not of text too
        return codecs.lookup(encoding).name.removesuffix("-sig")
    except LookupError as error:
        raise ValueError(
            f"encoding {encoding!r} is not known; utf-8, utf-16, cp949 and cp1252 are some that are"
        ) from error


def _decoded(blocks: Iterator[bytes], encoding: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)()
    line_ends = io.IncrementalNewlineDecoder(None, translate=True)
    for block, is_last in _with_last(blocks):
        try:
            text = decoder.decode(block, is_last)
        except UnicodeDecodeError as error:
            before = error.object[: error.start].decode(encoding, errors="replace")
            yield line_ends.decode(before, True)
            raise UndecodableError(_undecodable(encoding, error.object[error.start])) from error
        yield line_ends.decode(text, is_last)


def _with_last(blocks: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    for block in blocks:
        yield block, False
    yield b"", True


def _undecodable(encoding: str, byte: int) -> str:
    if encoding == "utf-8":
        return (
            f"the byte 0x{byte:02X} is not UTF-8; save the file as 'CSV UTF-8', or name its encoding, "
            "such as cp949 (Korean Windows) or cp1252 (Western European Windows)"
        )
    return f"the byte 0x{byte:02X} is not {encoding}; another encoding is right, or the file is damaged"


def split_heading(texts: Iterator[str], *, file: str, wanted: Collection[str]) -> tuple[Heading, str]:
    """Take the heading off the text of a file; return it and what was read of the text after it.

    Of comma, semicolon and tab, that one separates which makes most of the names wanted.
    Raises: ValueError if nothing but blank lines is there, or the heading is not one of a table.
    """
    text = _first_line(texts, file)
    found = re.match(r'(?P<blank>(?:[^\S\n]*\n)*)(?P<heading>(?:[^"\n]|"[^"]*")*+)(?:\n|\Z)', text)
    blank = re.match(r"(?:[^\S\n]*\n)*", text)
    before = blank[0] if blank else ""
    line = before.count("\n") + 1
    if found is None or len(found["heading"]) > LONGEST_HEADING or "\0" in found["heading"]:
        first = text[len(before) :].split("\n", 1)[0]
        raise ValueError(
            f"{file}, line {line}: {shown(first)} is no heading of a table; is this a CSV file in UTF-8?"
        )
    heading = found["heading"]
    if not heading.strip():
        raise ValueError(f"{file} holds nothing but blank lines; its first line would name the columns")
    written = {separator: _fields(heading, separator) for separator in SEPARATORS}
    names = {mark: tuple(name.strip().casefold() for name in fields) for mark, fields in written.items()}
    best = max(names, key=lambda mark: (len(set(names[mark]) & set(wanted)), len(names[mark])))
    return Heading(names[best], written[best], best, line), text[found.end() :]


def _first_line(texts: Iterator[str], file: str) -> str:
    """Return a text that has the first line with anything on it to its end."""
    text = ""
    try:
        for more in texts:
            text += more
            if "\n" in text.lstrip():
                break
    except UndecodableError as error:
        line = text.count("\n") + 1
        raise ValueError(f"{file}, line {line}: {error}") from error
    return text


def _fields(heading: str, separator: str) -> tuple[str, ...]:
    return tuple(next(csv.reader(io.StringIO(heading), delimiter=separator)))


def place_columns(
    heading: Heading, *, file: str, needed: Collection[str], optional: Collection[str] = ()
) -> dict[str, int]:
    """Say where the columns stand that are looked at: those needed, and the optional ones that are there.

    Raises: ValueError, one sentence, for one that is missing or stands there twice.
    """
    for name in needed:
        if name not in heading.columns:
            raise ValueError(missing(heading, file, name))
    for name in (*needed, *optional):
        if heading.columns.count(name) > 1:
            raise ValueError(f"{file}, line {heading.line}: the column {name!r} stands there more than once")
    return {name: heading.columns.index(name) for name in (*needed, *optional) if name in heading.columns}


def missing(heading: Heading, file: str, name: str, what: str = "") -> str:
    """The sentence on a column that is not there, described as `what` or by its name."""
    there = [column for column in heading.columns if column]
    near = get_close_matches(name, there, n=1)
    many = ", …" if len(there) > 12 else ""
    return (
        f"{file}, line {heading.line}: there is no column {what or repr(name)}; the columns are "
        f"{', '.join(map(repr, there[:12]))}{many}"
        + (f"; is {near[0]!r} meant?" if near else "")
        + ("; commas, semicolons or tabs may separate columns" if len(heading.columns) == 1 else "")
    )


def notes_on_heading(heading: Heading, *, taken: Collection[str], known: Collection[str]) -> list[str]:
    """Sentences on columns taken under another spelling, and on those not looked at for a slip in it."""
    notes = []
    for name, written in zip(heading.columns, heading.written, strict=True):
        if name in known and written.strip() != name:
            notes.append(f"The column {written.strip()!r} was taken for {name!r}.")
        near = get_close_matches(name, [*known], n=1, cutoff=0.8)
        if name not in taken and near and near[0] not in taken:
            notes.append(f"The column {written.strip()!r} was not looked at; is {near[0]!r} meant?")
    return notes


def shown(text: str) -> str:
    """Quote a text in a sentence, cut where it is long."""
    return repr(text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…")
