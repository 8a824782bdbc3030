"""The cache of decoded images: one file of pixels that can be mapped, and an index that says what is in it.

A store is a folder with `pixels-*.bin`, in which each image's HR bytes are followed by its LR bytes, and
`index.json`, written last: what it does not name does not count.
"""

import contextlib
import fcntl
import hashlib
import json
import mmap
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import PIL
from numpy.typing import NDArray

from distillation.sr.folders import DataFolder, OnBad, OnProgress, decoded_bytes, read_pairs
from distillation.sr.photoset import StoredImages, add_to_digest

FORMAT = 1
INDEX = "index.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """Decoded images: their names and files, `skipped` with a sentence each, and the digest of all."""

    names: tuple[str, ...]
    files: tuple[str, ...]
    hr: StoredImages
    lr: StoredImages
    skipped: tuple[str, ...]
    digest: str


def open_store(
    place: Path,
    folder: DataFolder,
    *,
    scale: int,
    on_bad: OnBad,
    memory_limit_bytes: int,
    on_progress: OnProgress,
) -> Store:
    """The decoded images of a data folder from the store at `place`, which is built when it is not there.

    It is built anew when a file has come, gone or changed, or when the store is damaged. Up to the limit
    the pixels are read into memory and checked against their SHA-256; above it they stay in the mapped
    file, which is taken for whole while its size and time of change are those that it was left with.
    Raises: ValueError in one sentence if an image cannot be used and `on_bad` is `refuse`, none can be
    used, or there is no room; OSError if the disk refuses. Nothing half-written is left.
    """
    place.mkdir(parents=True, exist_ok=True)
    wanted = _identity(folder, scale)
    with _alone(place):
        store = _open(place, wanted, memory_limit_bytes)
        if store is None:
            _build(place, folder, wanted, scale=scale, on_bad=on_bad, on_progress=on_progress)
            store = _open(place, wanted, memory_limit_bytes)
    if store is None:
        raise ValueError(f"The decoded images just written to {place} read otherwise; use another disk.")
    folder.refuse_bad(store.skipped, on_bad)
    return store


def _identity(folder: DataFolder, scale: int) -> dict[str, Any]:
    """All that decides what is in a store; another Pillow may decode a JPEG otherwise."""
    return {
        "format": FORMAT,
        "scale": scale,
        "pillow": PIL.__version__,
        "files": folder.state(),
        "bad": list(folder.bad),
    }


@contextlib.contextmanager
def _alone(place: Path) -> Iterator[None]:
    """Let one process at a time look and build; the others wait and find it built."""
    with (place / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _sha256_of(index: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(index, sort_keys=True).encode()).hexdigest()


def _open(place: Path, wanted: dict[str, Any], memory_limit_bytes: int) -> Store | None:
    """What the index describes, or None if it is of other images, or it or the pixels are damaged."""
    try:
        written = json.loads((place / INDEX).read_text(encoding="utf-8"))
        index = written["index"]
        if written["sha256"] != _sha256_of(index) or index["identity"] != wanted:
            return None
        file = place / index["pixels"]
        stat = file.stat()
        if (stat.st_size, stat.st_mtime_ns) != (index["bytes"], index["mtime_ns"]):
            return None
        data, mapping = _pixels(file, in_memory=stat.st_size <= memory_limit_bytes)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    store = _store(index, data, mapping)
    if mapping is None and _digest(store) != store.digest:
        return None
    return store


def _pixels(file: Path, *, in_memory: bool) -> tuple[NDArray[np.uint8], mmap.mmap | None]:
    if in_memory:
        return np.fromfile(file, dtype=np.uint8), None
    with file.open("rb") as opened:
        mapping = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
    return np.frombuffer(mapping, dtype=np.uint8), mapping


def _store(index: dict[str, Any], data: NDArray[np.uint8], mapping: mmap.mmap | None) -> Store:
    files = tuple(image["file"] for image in index["images"])
    starts = np.array([image["start"] for image in index["images"]], dtype=np.int64)
    sizes = np.array([image["lr_size"] for image in index["images"]], dtype=np.int64)
    scale = index["identity"]["scale"]
    lr_starts = starts + 3 * scale**2 * sizes.prod(axis=1)
    return Store(
        names=tuple(Path(file).stem for file in files),
        files=files,
        hr=StoredImages(data, starts, sizes * scale, mapping),
        lr=StoredImages(data, lr_starts, sizes, mapping),
        skipped=tuple(index["skipped"]),
        digest=index["digest"],
    )


def _digest(store: Store) -> str:
    total = hashlib.sha256()
    for name, hr, lr in zip(store.names, store.hr, store.lr, strict=True):
        add_to_digest(total, name, hr, lr)
    return total.hexdigest()


def _build(
    place: Path,
    folder: DataFolder,
    identity: dict[str, Any],
    *,
    scale: int,
    on_bad: OnBad,
    on_progress: OnProgress,
) -> None:
    """Decode every pair, one at a time, into a file of its own; the index that names it makes it count."""
    for old in place.glob("pixels*"):  # of other images, damaged, or left by one who was killed
        old.unlink()
    _refuse_without_room(place, folder, scale)
    partial = place / "pixels.partial"
    total, start = hashlib.sha256(), 0
    skipped: list[str] = []
    images: list[dict[str, Any]] = []
    pairs = read_pairs(folder, scale=scale, on_bad=on_bad, skipped=skipped, on_progress=on_progress)
    try:
        with partial.open("wb") as file:
            for pair, hr, lr in pairs:
                add_to_digest(total, pair.name, hr, lr)
                file.write(hr.data)
                file.write(lr.data)
                images.append({"file": pair.hr.name, "lr_size": list(lr.shape[:2]), "start": start})
                start += hr.size + lr.size
            file.flush()
            os.fsync(file.fileno())
        digest = total.hexdigest()
        pixels = partial.rename(place / f"pixels-{digest[:16]}.bin")
        index = {"identity": identity, "images": images, "skipped": skipped, "digest": digest}
        _write_index(place, index, pixels)
    finally:
        partial.unlink(missing_ok=True)


def _write_index(place: Path, index: dict[str, Any], pixels: Path) -> None:
    stat = pixels.stat()
    index |= {"pixels": pixels.name, "bytes": stat.st_size, "mtime_ns": stat.st_mtime_ns}
    partial = place / f"{INDEX}.partial"
    try:
        with partial.open("w", encoding="utf-8") as file:
            json.dump({"sha256": _sha256_of(index), "index": index}, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(place / INDEX)
    finally:
        partial.unlink(missing_ok=True)


def _refuse_without_room(place: Path, folder: DataFolder, scale: int) -> None:
    needed, free = decoded_bytes(folder.pairs, scale=scale), shutil.disk_usage(place).free
    if needed > free:
        raise ValueError(
            f"The images of {folder.hr_folder} take {needed / 1e9:.1f} GB when decoded, and "
            f"{free / 1e9:.1f} GB are free for them in {place}; free some space."
        )
