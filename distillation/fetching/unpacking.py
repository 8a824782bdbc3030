"""Takes the images out of a zip or tar archive that nobody has looked into, and nothing else.

Nothing is ever written to a path that an archive names: an image goes to HR or LRx4 under its own last
name. An archive that names places outside itself, or holds links or devices, is refused all the same.
"""

import gzip
import lzma
import os
import re
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, BinaryIO, cast

from distillation.fetching.downloading import human_bytes, refuse_full_disk
from srstudy.errors import Failed
from srstudy.progress import Progress

CHUNK_BYTES = 1 << 18
ENCRYPTED = 1
GZIP = b"\x1f\x8b"
# What the public sets hold, by the first bytes that such a file has; a thumbnail database has none.
IMAGE_BEGINNINGS = {
    ".png": b"\x89PNG\r\n\x1a\n",
    ".jpg": b"\xff\xd8\xff",
    ".jpeg": b"\xff\xd8\xff",
    ".bmp": b"BM",
}
Folders = dict[str, tuple[str, ...]]  # "HR" and "LRx4": the folders in the archive, by their ends


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What an archive may hold at most; the largest public archive has a few thousand entries."""

    entries: int = 100_000
    image_bytes: int = 64 * 1000**2
    # Of all entries of a tar, which is read through to its end, and at one go of its own headers:
    stream_bytes: int = 20 * 1000**3
    header_bytes: int = 1 << 20


@dataclass(frozen=True, slots=True)
class _Entry:
    """One entry of an archive; `fault` says what it is where it is neither a plain file nor a folder."""

    name: str
    size_bytes: int
    is_folder: bool
    fault: str | None
    open: Callable[[], IO[bytes]]


class _Bounded:
    """A tar's stream that answers no huge single read: a header that claims gigabytes ends here."""

    def __init__(self, stream: BinaryIO, most_bytes: int) -> None:
        self._stream, self._most = stream, most_bytes

    def read(self, count: int = -1) -> bytes:
        if not 0 <= count <= self._most:
            raise Failed(f"The archive holds a header of {count} bytes, and at most {self._most} are read.")
        return self._stream.read(count)

    def seek(self, place: int) -> int:
        return self._stream.seek(place)

    def tell(self) -> int:
        return self._stream.tell()


def unpack(
    path: Path,
    folders: Folders,
    into: Path,
    *,
    most_images: int,
    progress: Progress,
    limits: Limits | None = None,
) -> None:
    """Write the images that lie in `folders` of the archive to `into`/HR and `into`/LRx4.

    The end `x4` of a reduced image's name goes, so that both have one name.
    Raises: Failed if the archive cannot be read, or names or holds what it should not, or too much of it.
    """
    limits = limits or Limits()
    with _sentences(path.name), _entries(path, limits) as entries:
        wanted: list[tuple[_Entry, Path]] = []
        places: set[tuple[str, str]] = set()
        taken = dict.fromkeys(folders, 0)
        for entry in entries:
            place = _place(entry, folders, limits)
            if place is None:
                continue
            part, name = place
            if (part, Path(name).stem) in places:
                raise Failed(f"The archive holds two images {Path(name).stem!r} for {part}.")
            places.add((part, Path(name).stem))
            taken[part] += 1
            if taken[part] > most_images:
                raise Failed(f"The archive holds more than the {most_images} images that {part} has.")
            wanted.append((entry, into / part / name))
        refuse_full_disk(into, sum(entry.size_bytes for entry, _ in wanted), f"unpacking {path.name}")
        for number, (entry, target) in enumerate(wanted):
            progress.update(number, len(wanted))
            target.parent.mkdir(exist_ok=True)
            _write(entry, target)


def _place(entry: _Entry, folders: Folders, limits: Limits) -> tuple[str, str] | None:
    """The part and the file name that an entry becomes; None if it is nothing to take.

    Raises: Failed if it is nothing that an archive of images holds, or too large.
    """
    # A backslash is a separator to the programs that write it; none of the public names has one.
    path = entry.name.replace("\\", "/")
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if path.startswith("/") or ".." in parts or re.match(r"[A-Za-z]:", path):
        raise Failed(f"The archive names {entry.name!r}, a place outside itself.")
    if entry.fault:
        raise Failed(f"The archive holds {entry.name!r}, which is {entry.fault} and not a plain file.")
    if entry.is_folder or not parts:
        return None
    *folder, name = parts
    if name.startswith(".") or Path(name).suffix.lower() not in IMAGE_BEGINNINGS:
        return None
    inside = "/" + "/".join(folder)
    for part, ends in folders.items():
        if any(not end or inside.endswith(f"/{end}") for end in ends):
            if not name.isprintable():
                raise Failed(f"The archive names {entry.name!r}, which is no name for a file.")
            if entry.size_bytes > limits.image_bytes:
                raise Failed(_too_large(entry, limits.image_bytes))
            return part, _paired(name) if part != "HR" else name
    return None


def _paired(name: str) -> str:
    file = Path(name)
    return re.sub(r"(?i)x4$", "", file.stem) + file.suffix


def _write(entry: _Entry, target: Path) -> None:
    """Copy one image, never more than its declared bytes whatever the stream has."""
    written = 0
    with entry.open() as source, target.open("xb") as file:
        while chunk := source.read(CHUNK_BYTES):
            if not written and not chunk.startswith(IMAGE_BEGINNINGS[target.suffix.lower()]):
                raise Failed(f"The archive holds {entry.name!r}, which is no image of its kind.")
            written += len(chunk)
            if written > entry.size_bytes:
                raise Failed(_too_large(entry, entry.size_bytes))
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    if written != entry.size_bytes or not written:
        raise Failed(f"The archive ends in the middle of {entry.name!r}, or it is empty.")


def _too_large(entry: _Entry, most_bytes: int) -> str:
    return f"The archive holds {entry.name!r}, which is larger than {human_bytes(most_bytes)}."


@contextmanager
def _sentences(called: str) -> Iterator[None]:
    """Say in one sentence what the readers of archives raise, which is nearly everything."""
    try:
        yield
    except Failed as error:
        raise Failed(f"{called} was not unpacked: {error}") from error
    except OSError as error:
        if error.errno is not None:  # the disk's trouble and not the archive's
            raise
        raise Failed(f"{called} was not unpacked: it is damaged ({error}).") from error
    except (
        tarfile.TarError,
        zipfile.BadZipFile,
        zlib.error,
        lzma.LZMAError,
        EOFError,
        struct.error,
        ValueError,
        OverflowError,
        RuntimeError,  # an encrypted zip, an unknown compression, headers nested without end
    ) as error:
        raise Failed(f"{called} was not unpacked: it is damaged or of a kind not read ({error}).") from error


@contextmanager
def _entries(path: Path, limits: Limits) -> Iterator[Iterator[_Entry]]:
    """The entries of an archive of whichever kind its first bytes say."""
    with path.open("rb") as file:
        beginning = file.read(4)
        file.seek(0)
        if beginning.startswith(b"PK"):
            with zipfile.ZipFile(file) as archive:
                yield _counted(_zip_entries(archive), limits.entries)
            return
        with gzip.GzipFile(fileobj=file) if beginning.startswith(GZIP) else nullcontext(file) as stream:
            bounded = cast(IO[bytes], _Bounded(cast(BinaryIO, stream), limits.header_bytes))
            with tarfile.open(fileobj=bounded, mode="r:") as tar:
                yield _counted(_tar_entries(tar, limits), limits.entries)


def _counted(entries: Iterator[_Entry], most: int) -> Iterator[_Entry]:
    for number, entry in enumerate(entries):
        if number == most:
            raise Failed(f"The archive has more than {most} entries.")
        yield entry


def _zip_entries(archive: zipfile.ZipFile) -> Iterator[_Entry]:
    for info in archive.infolist():
        unix_kind = stat.S_IFMT(info.external_attr >> 16)
        fault = None
        if unix_kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            fault = "a link or a device"
        elif info.flag_bits & ENCRYPTED:
            fault = "encrypted"
        yield _Entry(info.orig_filename, info.file_size, info.is_dir(), fault, partial(archive.open, info))


def _tar_entries(tar: tarfile.TarFile, limits: Limits) -> Iterator[_Entry]:
    passed = 0
    for member in tar:
        passed += member.size
        if member.size < 0 or passed > limits.stream_bytes:
            raise Failed(f"The archive unpacks to more than {human_bytes(limits.stream_bytes)}.")
        fault = None if member.isreg() or member.isdir() else "a link or a device"
        yield _Entry(member.name, member.size, member.isdir(), fault, partial(_opened, tar, member))


def _opened(tar: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    source = tar.extractfile(member)
    if source is None:
        raise Failed(f"The archive holds no file {member.name!r}.")
    return source
