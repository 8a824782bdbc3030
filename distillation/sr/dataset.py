"""The door to training data: from a folder of images to photographs, decoded once, and patches of them."""

import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path

from distillation.sr.folders import (
    IMAGE_SUFFIXES,
    DataFolder,
    OnBad,
    OnProgress,
    list_folder,
    nothing_usable,
    read_pairs,
)
from distillation.sr.patches import PatchSampler
from distillation.sr.photoset import PhotoSet
from distillation.sr.pixelstore import Store, open_store

__all__ = [
    "IMAGE_SUFFIXES",
    "Cache",
    "OnBad",
    "PatchSampler",
    "PhotoSet",
    "load_folder",
    "memory_share_bytes",
]

_MEMORY_SHARE = 4


def memory_share_bytes() -> int:
    """A quarter of the memory that is available now, or of the container's limit where that is less."""
    available = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    for line in _text_of(Path("/proc/meminfo")).splitlines():
        if line.startswith("MemAvailable:"):
            available = int(line.split()[1]) * 1024
    limit = _text_of(Path("/sys/fs/cgroup/memory.max")).strip()
    if limit.isdigit():  # `max` where there is none
        available = min(available, int(limit))
    return available // _MEMORY_SHARE


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except OSError:
        return ""


@dataclass(frozen=True, slots=True)
class Cache:
    """Where decoded images are kept, a folder for each data folder below `folder`.

    Sets of up to `memory_limit_bytes` are read into memory, larger ones from the disk as they are needed.
    """

    folder: Path
    memory_limit_bytes: int = field(default_factory=memory_share_bytes)

    def __post_init__(self) -> None:
        if self.memory_limit_bytes < 0:
            raise ValueError(f"The memory limit is 0 bytes or more, not {self.memory_limit_bytes}.")

    def place_of(self, path: Path) -> Path:
        """The folder in which the images of this data folder are kept."""
        whole = path.resolve()
        key = hashlib.sha256(str(whole).encode()).hexdigest()[:8]
        return self.folder / f"{whole.name[:40]}-{key}"


def load_folder(
    path: Path,
    *,
    scale: int,
    minimum_px: int = 1,
    on_bad: OnBad = "refuse",
    cache: Cache | None = None,
    on_progress: OnProgress = lambda done, total: None,
) -> PhotoSet:
    """Read `path/HR` with optional `path/LRx4`, or the images in `path` itself.

    HR images are cropped to a multiple of `scale`; without an LR folder they are reduced as MATLAB's
    bicubic does. Files that are not named like an image are ignored. `on_bad="skip"` leaves out an image
    that cannot be used, or has no partner, noting why. With a `cache` the images are decoded once, and
    again only when a file changed, and need not fit in memory; without, all are held in it.
    `on_progress` gets (images decoded, images in all).
    Raises: ValueError in one sentence if the folder is missing or holds no usable image, two images share
    a name, there is no room for the cache, or (unless skipped) an image is unreadable, under `minimum_px`
    a side, without its HR or LR, or does not fit its LR; OSError if the cache cannot be written.
    """
    folder = list_folder(Path(path), scale=scale)
    if cache is None:
        return _in_memory(folder, scale=scale, minimum_px=minimum_px, on_bad=on_bad, on_progress=on_progress)
    if not folder.pairs:  # before the cache gets a folder for nothing
        folder.refuse_bad(folder.bad, on_bad)
        raise nothing_usable(folder, list(folder.bad))
    store = open_store(
        cache.place_of(Path(path)),
        folder,
        scale=scale,
        on_bad=on_bad,
        memory_limit_bytes=cache.memory_limit_bytes,
        on_progress=on_progress,
    )
    return _large_enough(store, folder, minimum_px=minimum_px, on_bad=on_bad)


def _in_memory(
    folder: DataFolder, *, scale: int, minimum_px: int, on_bad: OnBad, on_progress: OnProgress
) -> PhotoSet:
    names, hr, lr = [], [], []
    skipped: list[str] = []
    pairs = read_pairs(folder, scale=scale, on_bad=on_bad, skipped=skipped, on_progress=on_progress)
    for pair, high, low in pairs:
        small = _too_small(pair.hr.name, high.shape[0], high.shape[1], minimum_px)
        folder.refuse_bad(small, on_bad)
        skipped += small
        if not small:
            names.append(pair.name)
            hr.append(high)
            lr.append(low)
    if not names:
        raise nothing_usable(folder, skipped)
    return PhotoSet(names=tuple(names), hr=tuple(hr), lr=tuple(lr), skipped=tuple(skipped))


def _large_enough(store: Store, folder: DataFolder, *, minimum_px: int, on_bad: OnBad) -> PhotoSet:
    """The photographs of a store that are large enough; the store itself serves every size of patch."""
    kept, skipped = [], list(store.skipped)
    for number, (file, (rows, columns)) in enumerate(zip(store.files, store.hr.sizes.tolist(), strict=True)):
        small = _too_small(file, rows, columns, minimum_px)
        folder.refuse_bad(small, on_bad)
        skipped += small
        if not small:
            kept.append(number)
    if not kept:
        raise nothing_usable(folder, skipped)
    return PhotoSet(
        names=tuple(store.names[number] for number in kept),
        hr=store.hr.only(kept),
        lr=store.lr.only(kept),
        skipped=tuple(skipped),
        known_digest=store.digest if len(kept) == len(store.names) else "",
    )


def _too_small(file: str, rows: int, columns: int, minimum_px: int) -> list[str]:
    """The sentence about an image that is too small, if it is."""
    if min(rows, columns) >= minimum_px:
        return []
    return [f"{file} has {columns} x {rows} px; at least {minimum_px} px a side are needed."]
