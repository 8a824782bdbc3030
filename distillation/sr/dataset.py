"""Folders of photographs, and the seeded batches of patches cut from them."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from distillation.sr import images
from distillation.sr.config import SCALE
from distillation.sr.images import Pixels

IMAGE_SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".gif", ".ppm", ".pgm"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoSet:
    """Photographs in the order of their names: hr (4H, 4W, 3) and lr (H, W, 3), both uint8.

    `skipped` holds one sentence for every file left out.
    """

    names: tuple[str, ...]
    hr: tuple[Pixels, ...]
    lr: tuple[Pixels, ...]
    skipped: tuple[str, ...] = ()

    def digest(self) -> str:
        """SHA-256 over names, sizes and pixels, as 64 hexadecimal digits."""
        total = hashlib.sha256()
        for name, hr, lr in zip(self.names, self.hr, self.lr, strict=True):
            total.update(f"{name} {hr.shape} {lr.shape}\n".encode())
            total.update(np.ascontiguousarray(hr).data)
            total.update(np.ascontiguousarray(lr).data)
        return total.hexdigest()


def load_folder(
    path: Path, *, scale: int, minimum_px: int = 1, on_bad: Literal["refuse", "skip"] = "refuse"
) -> PhotoSet:
    """Read `path/HR` with optional `path/LRx4`, or the images in `path` itself.

    HR images are cropped to a multiple of `scale`; without an LR folder they are reduced as MATLAB's
    bicubic does. Files that are not named like an image are ignored. `on_bad="skip"` leaves out an image
    that cannot be used, noting why.
    Raises: ValueError in one sentence if the folder is missing or holds no usable image, two images share
    a name, or (unless skipped) an image is unreadable, under `minimum_px` a side, or does not fit its LR.
    """
    path = Path(path)
    if not path.is_dir():
        raise ValueError(f"There is no folder {path}.")
    hr_folder = path / "HR" if (path / "HR").is_dir() else path
    lr_folder = path / f"LRx{scale}"
    files = _image_files(hr_folder)
    lr_files = _image_files(lr_folder) if lr_folder.is_dir() else None
    names, hr, lr, skipped = [], [], [], []
    for name, file in files.items():
        try:
            pair = _load_pair(file, lr_files, scale=scale, minimum_px=minimum_px)
        except ValueError as error:
            if on_bad == "refuse":
                raise ValueError(f"{hr_folder}: {error}") from error
            skipped.append(str(error))
            continue
        names.append(name)
        hr.append(pair[0])
        lr.append(pair[1])
    if not names:
        reason = f": {skipped[0]}" if skipped else "."
        raise ValueError(f"The folder {hr_folder} holds no image that can be used{reason}")
    return PhotoSet(names=tuple(names), hr=tuple(hr), lr=tuple(lr), skipped=tuple(skipped))


def _image_files(folder: Path) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for file in sorted(folder.iterdir()):
        if file.name.startswith(".") or file.suffix.lower() not in IMAGE_SUFFIXES or not file.is_file():
            continue
        if file.stem in found:
            raise ValueError(f"{folder} holds {found[file.stem].name} and {file.name}; one name, one image.")
        found[file.stem] = file
    return found


def _load_pair(
    file: Path, lr_files: dict[str, Path] | None, *, scale: int, minimum_px: int
) -> tuple[Pixels, Pixels]:
    hr = images.modcrop(images.load_rgb(file), scale)
    height, width = hr.shape[:2]
    if min(height, width) < max(minimum_px, scale):
        raise ValueError(
            f"{file.name} has {width} x {height} px; at least {minimum_px} px a side are needed."
        )
    if lr_files is None:
        return np.ascontiguousarray(hr), images.downscale(hr, scale)
    if file.stem not in lr_files:
        raise ValueError(f"{file.name} has no image of its name in LRx{scale}.")
    lr = images.load_rgb(lr_files[file.stem])
    if lr.shape[:2] != (height // scale, width // scale):
        raise ValueError(
            f"{file.name} needs an LR image of {width // scale} x {height // scale} px, "
            f"not {lr.shape[1]} x {lr.shape[0]}."
        )
    return np.ascontiguousarray(hr), lr


class PatchSampler:
    """Batches of aligned patches, a function of (seed, step) alone: `batch_at(step)` needs no history.

    Every method thus sees the same patches in the same order, and a resumed run goes on where it was.
    All photographs lie on the device as one flat buffer of bytes; a patch is an affine pattern of
    addresses in it (its corner and the steps to the next row and column), and a flip or a quarter turn
    only changes these three numbers.
    """

    BLOCK = 128  # steps whose addresses are drawn, and sent to the device, at a time

    def __init__(
        self, photos: PhotoSet, *, patch_px: int, batch: int, seed: int, device: torch.device | str = "cpu"
    ) -> None:
        if patch_px % SCALE:
            raise ValueError(f"The patch is a multiple of {SCALE} px, not {patch_px}.")
        for name, hr in zip(photos.names, photos.hr, strict=True):
            if min(hr.shape[:2]) < patch_px:
                raise ValueError(
                    f"{name} has {hr.shape[1]} x {hr.shape[0]} px, too few for patches of {patch_px} px."
                )
        self._device = torch.device(device)
        self._hr_px, self._lr_px, self._batch, self._seed = patch_px, patch_px // SCALE, batch, seed
        self._sizes = np.array([lr.shape[:2] for lr in photos.lr], dtype=np.int64)
        areas = self._sizes.prod(axis=1)
        self._share = np.cumsum(areas / areas.sum())
        ends = np.cumsum(areas) * 3
        self._starts = ends - areas * 3
        self._lr_bytes = self._flat(photos.lr)
        self._hr_bytes = self._flat(photos.hr)
        self._block_index = -1
        self._block = torch.empty(0)

    def _flat(self, photos: tuple[Pixels, ...]) -> Tensor:
        return torch.from_numpy(np.concatenate([photo.reshape(-1) for photo in photos])).to(self._device)

    def batch_at(self, step: int) -> tuple[Tensor, Tensor]:
        """x (batch, 3, patch/4, patch/4) and y (batch, 3, patch, patch), float32 in [0, 1]."""
        block, row = divmod(step, self.BLOCK)
        if block != self._block_index:
            addresses = torch.from_numpy(self._draw(block))
            if self._device.type == "cuda":
                addresses = addresses.pin_memory()
            self._block = addresses.to(self._device, non_blocking=True)
            self._block_index = block
        lr, hr = self._block[row]
        return self._gather(self._lr_bytes, lr, self._lr_px), self._gather(self._hr_bytes, hr, self._hr_px)

    def _gather(self, source: Tensor, pattern: Tensor, side: int) -> Tensor:
        corner, down, right = (part.view(-1, 1, 1, 1) for part in pattern)
        along = torch.arange(side, device=self._device)
        channel = torch.arange(3, device=self._device)
        addresses = corner + down * along.view(-1, 1, 1) + right * along.view(-1, 1) + channel
        return source[addresses].permute(0, 3, 1, 2).float().div_(255)

    def _draw(self, block: int) -> NDArray[np.int64]:
        """Patterns (BLOCK, 2, 3, batch): for LR and HR, the corner and the steps down and right."""
        rng = np.random.default_rng([self._seed, block])
        size = (self.BLOCK, self._batch)
        photo = np.minimum(np.searchsorted(self._share, rng.random(size), side="right"), len(self._share) - 1)
        height, width = self._sizes[photo, 0], self._sizes[photo, 1]
        row = np.floor(rng.random(size) * (height - self._lr_px + 1)).astype(np.int64)
        column = np.floor(rng.random(size) * (width - self._lr_px + 1)).astype(np.int64)
        turn = rng.integers(0, 2, (3, *size)).astype(bool)
        patterns = []
        for scale, side in ((1, self._lr_px), (SCALE, self._hr_px)):
            start = self._starts[photo] * scale**2
            patterns.append(_pattern(start, row * scale, column * scale, width * scale, side, turn))
        return np.ascontiguousarray(np.stack(patterns, axis=1))


def _pattern(
    start: NDArray[np.int64],
    row: NDArray[np.int64],
    column: NDArray[np.int64],
    width: NDArray[np.int64],
    side: int,
    turn: NDArray[np.bool_],
) -> NDArray[np.int64]:
    upside_down, mirrored, transposed = turn
    down = np.where(upside_down, -3 * width, 3 * width)
    right = np.where(mirrored, -3, 3)
    row = row + np.where(upside_down, side - 1, 0)
    column = column + np.where(mirrored, side - 1, 0)
    corner = start + 3 * (row * width + column)
    swapped = np.where(transposed, right, down), np.where(transposed, down, right)
    return np.stack([corner, *swapped], axis=1)
