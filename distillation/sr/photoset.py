"""Photographs in the order of their names, held in memory or read from one row of bytes when asked for."""

import hashlib
import mmap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from distillation.sr.images import Pixels

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class StoredImages(Sequence[Pixels]):
    """Images one behind the other in a row of bytes: image i starts at `starts[i]` and is `sizes[i]` large.

    `data` is uint8, `starts` (N,) and `sizes` (N, 2), rows and columns. An image asked for is a copy, so
    that no more than those in use lie in memory when `data` is a mapped file (`mapping`).
    """

    data: NDArray[np.uint8]
    starts: Integers
    sizes: Integers
    mapping: mmap.mmap | None = None

    def __len__(self) -> int:
        return len(self.starts)

    @overload
    def __getitem__(self, index: int) -> Pixels: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Pixels, ...]: ...
    def __getitem__(self, index: int | slice) -> Pixels | tuple[Pixels, ...]:
        if isinstance(index, slice):
            return tuple(self[number] for number in range(*index.indices(len(self))))
        height, width = (int(length) for length in self.sizes[index])
        start = int(self.starts[index])
        pixels = np.array(self.data[start : start + 3 * height * width]).reshape(height, width, 3)
        self.release()
        return pixels

    def only(self, kept: Sequence[int]) -> "StoredImages":
        """The images of these numbers, in the same row of bytes."""
        return StoredImages(self.data, self.starts[kept], self.sizes[kept], self.mapping)

    def release(self) -> None:
        """Give the pages of a mapped file back; they stay in the system's cache, at no cost of this process.

        Without it a process that reads here and there would come to hold the whole file.
        """
        if self.mapping is not None:
            self.mapping.madvise(mmap.MADV_DONTNEED)


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoSet:
    """Photographs in the order of their names: hr (4H, 4W, 3) and lr (H, W, 3), both uint8.

    `skipped` holds one sentence for every file left out. `known_digest` is the digest where it was taken
    already, so that the pixels need not be read for it.
    """

    names: tuple[str, ...]
    hr: Sequence[Pixels]
    lr: Sequence[Pixels]
    skipped: tuple[str, ...] = ()
    known_digest: str = ""

    def digest(self) -> str:
        """SHA-256 over names, sizes and pixels, as 64 hexadecimal digits."""
        if self.known_digest:
            return self.known_digest
        total = hashlib.sha256()
        for name, hr, lr in zip(self.names, self.hr, self.lr, strict=True):
            add_to_digest(total, name, hr, lr)
        return total.hexdigest()

    def sizes(self) -> tuple[tuple[int, int], ...]:
        """Rows and columns of every hr image; none is read for it."""
        if isinstance(self.hr, StoredImages):
            return tuple((int(rows), int(columns)) for rows, columns in self.hr.sizes)
        return tuple((hr.shape[0], hr.shape[1]) for hr in self.hr)

    def flat(self) -> tuple[StoredImages, StoredImages]:
        """The hr and the lr images as two views of one row of bytes, made here if there is none yet."""
        hr, lr = self.hr, self.lr
        if isinstance(hr, StoredImages) and isinstance(lr, StoredImages) and hr.data is lr.data:
            return hr, lr
        images = [*self.hr, *self.lr]
        lengths = np.array([image.size for image in images], dtype=np.int64)
        starts = np.cumsum(lengths) - lengths
        sizes = np.array([image.shape[:2] for image in images], dtype=np.int64)
        data = np.concatenate([image.reshape(-1) for image in images])
        both, half = StoredImages(data, starts, sizes), len(self.hr)
        return both.only(range(half)), both.only(range(half, 2 * half))


def add_to_digest(total: Any, name: str, hr: Pixels, lr: Pixels) -> None:
    """Add one pair of images to the hash that `PhotoSet.digest` tells."""
    total.update(f"{name} {hr.shape} {lr.shape}\n".encode())
    total.update(np.ascontiguousarray(hr).data)
    total.update(np.ascontiguousarray(lr).data)
