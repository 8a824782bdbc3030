"""The seeded batches of patches that networks are trained on, cut from photographs."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from distillation.sr.config import SCALE
from distillation.sr.photoset import Integers, PhotoSet, StoredImages

# A training set is kept on a GPU while it takes no more than this share of the memory that is free there.
DEVICE_SHARE = 1 / 3
_COPY_BYTES = 64 * 2**20


class PatchSampler:
    """Batches of aligned patches, a function of (seed, step) alone: `batch_at(step)` needs no history.

    Every method thus sees the same patches in the same order, and a resumed run goes on where it was.
    All photographs lie in one row of bytes; a patch is an affine pattern of addresses in it (its corner
    and the steps to the next row and column), and a flip or a quarter turn only changes these three
    numbers. On a GPU with room for them the bytes lie there, else patches are cut on the host, from memory
    or from a mapped file of which no more than one batch is held.

    Of `world` processes that train together each draws the same batch and takes its share, the `rank`-th
    part: joined in order, their shares are the batch of one process.
    """

    BLOCK = 128  # steps whose addresses are drawn, and sent to the device, at a time

    def __init__(
        self,
        photos: PhotoSet,
        *,
        patch_px: int,
        batch: int,
        seed: int,
        device: torch.device | str = "cpu",
        rank: int = 0,
        world: int = 1,
    ) -> None:
        _refuse_impossible(photos, patch_px, batch, rank, world)
        self._hr_px, self._lr_px, self._batch, self._seed = patch_px, patch_px // SCALE, batch, seed
        share = batch // world
        self._own = slice(rank * share, (rank + 1) * share)
        hr, lr = photos.flat()
        self._sizes, self._starts = lr.sizes, (lr.starts, hr.starts)
        areas = self._sizes.prod(axis=1)
        self._share = np.cumsum(areas / areas.sum())
        self._cutter = cutter_for(hr, torch.device(device))
        self._block_index, self._block = -1, self._cutter.prepare(np.empty((0, 2, 3, share), np.int64))

    def batch_at(self, step: int) -> tuple[Tensor, Tensor]:
        """x (batch/world, 3, patch/4, patch/4) and y (batch/world, 3, patch, patch), float32 in [0, 1]."""
        block, row = divmod(step, self.BLOCK)
        if block != self._block_index:
            self._block, self._block_index = self._cutter.prepare(self._draw(block)), block
        lr, hr = self._block[row]
        x, y = self._cutter.cut(lr, self._lr_px), self._cutter.cut(hr, self._hr_px)
        return _as_floats(x), _as_floats(y)

    def _draw(self, block: int) -> Integers:
        """Patterns (BLOCK, 2, 3, batch/world): for LR and HR, the corner and the steps down and right."""
        rng = np.random.default_rng([self._seed, block])
        size = (self.BLOCK, self._batch)
        photo = np.minimum(np.searchsorted(self._share, rng.random(size), side="right"), len(self._share) - 1)
        height, width = self._sizes[photo, 0], self._sizes[photo, 1]
        row = np.floor(rng.random(size) * (height - self._lr_px + 1)).astype(np.int64)
        column = np.floor(rng.random(size) * (width - self._lr_px + 1)).astype(np.int64)
        turn = rng.integers(0, 2, (3, *size)).astype(bool)
        patterns = []
        for starts, scale, side in zip(self._starts, (1, SCALE), (self._lr_px, self._hr_px), strict=True):
            place = starts[photo], row * scale, column * scale, width * scale
            patterns.append(_pattern(*place, side, turn))
        return np.ascontiguousarray(np.stack(patterns, axis=1)[..., self._own])


def _refuse_impossible(photos: PhotoSet, patch_px: int, batch: int, rank: int, world: int) -> None:
    if patch_px % SCALE:
        raise ValueError(f"The patch is a multiple of {SCALE} px, not {patch_px}.")
    if world < 1 or not 0 <= rank < world:
        raise ValueError(f"There is no process {rank} of {world}; they are counted from 0.")
    if batch % world:
        raise ValueError(f"A batch of {batch} cannot be shared equally by {world} processes.")
    for name, (rows, columns) in zip(photos.names, photos.sizes(), strict=True):
        if min(rows, columns) < patch_px:
            raise ValueError(f"{name} has {columns} x {rows} px, too few for patches of {patch_px} px.")


def _pattern(
    start: Integers,
    row: Integers,
    column: Integers,
    width: Integers,
    side: int,
    turn: NDArray[np.bool_],
) -> Integers:
    upside_down, mirrored, transposed = turn
    down = np.where(upside_down, -3 * width, 3 * width)
    right = np.where(mirrored, -3, 3)
    row = row + np.where(upside_down, side - 1, 0)
    column = column + np.where(mirrored, side - 1, 0)
    corner = start + 3 * (row * width + column)
    swapped = np.where(transposed, right, down), np.where(transposed, down, right)
    return np.stack([corner, *swapped], axis=1)


def _as_floats(patches: Tensor) -> Tensor:
    """(N, side, side, 3) uint8 as (N, 3, side, side) float32 in [0, 1]."""
    return patches.permute(0, 3, 1, 2).float().div_(255)


class HostCutter:
    """Cuts patches out of bytes in memory or in a mapped file, and sends them to the device."""

    def __init__(self, images: StoredImages, device: torch.device) -> None:
        self._images, self._device = images, device

    def prepare(self, patterns: Integers) -> Integers:
        """The patterns as `cut` takes them, one after the other."""
        return patterns

    def cut(self, pattern: Integers, side: int) -> Tensor:
        """The patches (N, side, side, 3) uint8 that a pattern (3, N) describes."""
        patches = np.empty((pattern.shape[1], side, side, 3), dtype=np.uint8)
        for patch, (corner, down, right) in zip(patches, pattern.T.tolist(), strict=True):
            patch[:] = np.ndarray(
                patch.shape, np.uint8, self._images.data, offset=corner, strides=(down, right, 1)
            )
        self._images.release()
        tensor = torch.from_numpy(patches)
        if self._device.type == "cuda":
            tensor = tensor.pin_memory()
        return tensor.to(self._device, non_blocking=True)


class DeviceCutter:
    """Gathers patches from bytes that lie on the device, without waiting for it."""

    def __init__(self, images: StoredImages, device: torch.device) -> None:
        self._device = device
        self._bytes = torch.empty(len(images.data), dtype=torch.uint8, device=device)
        for start in range(0, len(images.data), _COPY_BYTES):  # a mapped file never lies in memory whole
            piece = np.array(images.data[start : start + _COPY_BYTES])
            self._bytes[start : start + len(piece)] = torch.from_numpy(piece)
            images.release()

    def prepare(self, patterns: Integers) -> Tensor:
        """The patterns on the device, sent there in one piece."""
        tensor = torch.from_numpy(patterns)
        if self._device.type == "cuda":
            tensor = tensor.pin_memory()
        return tensor.to(self._device, non_blocking=True)

    def cut(self, pattern: Tensor, side: int) -> Tensor:
        """The patches (N, side, side, 3) uint8 that a pattern (3, N) describes."""
        corner, down, right = (part.view(-1, 1, 1, 1) for part in pattern)
        along = torch.arange(side, device=self._device)
        channel = torch.arange(3, device=self._device)
        addresses = corner + down * along.view(-1, 1, 1) + right * along.view(-1, 1) + channel
        return self._bytes[addresses]


def cutter_for(images: StoredImages, device: torch.device) -> HostCutter | DeviceCutter:
    """Where patches are cut: on a GPU if the bytes take no more than DEVICE_SHARE of its free memory."""
    if device.type == "cuda":
        free_bytes, _ = torch.cuda.mem_get_info(device)
        if len(images.data) <= DEVICE_SHARE * free_bytes:
            return DeviceCutter(images, device)
    return HostCutter(images, device)
