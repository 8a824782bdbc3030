"""A network over one image of any size, tiled where it is large."""

from collections.abc import Callable
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from distillation.sr.config import SCALE
from distillation.sr.fast import FastGenerator
from distillation.sr.networks import Generator, receptive_field_px
from distillation.sr.portable.loading import Model

# The plain 16 x 64 network takes 17 kB for each pixel of the input. With this many at a time the process
# takes 1.1 to 1.2 GB, torch included (benchmarks/tiling_memory.py).
WHOLE_UP_TO_PX = 224 * 224
AUTOMATIC_TILE_PX = 144  # the same 224 with that network's receptive field, 40 px, on both sides
# The inference form needs less memory, and larger tiles compute less of their surroundings twice.
FAST_TILE_PX = 512

Levels = TypeVar("Levels", np.uint8, np.uint16)
OnProgress = Callable[[int, int], None]


def upscale(
    network: Generator | FastGenerator | Model,
    lr: NDArray[Levels],
    *,
    device: torch.device | str = "cpu",
    tile: int | None = None,
    progress: OnProgress | None = None,
) -> NDArray[Levels]:
    """Super-resolve (H, W, 3) uint8 or uint16 to (4H, 4W, 3) of the same type.

    Computed in float32 whatever a generator was trained in; an inference form and a model from a file
    compute as they were made. `tile` is the side of a tile in input pixels; None tiles images over
    224 x 224 only. Tiles overlap by the receptive field, so they join without a seam: within rounding,
    the image is that of one piece. `progress` is told the tiles done, and how many there are.
    Raises: ValueError if the image is not as above, of 2 px a side or more, or the tile is below 1 px.
    """
    if lr.dtype not in (np.uint8, np.uint16) or lr.ndim != 3 or lr.shape[2] != 3 or min(lr.shape[:2]) < 2:
        raise ValueError(
            f"An image is (H, W, 3) uint8 or uint16 of 2 px a side or more, not {lr.shape} {lr.dtype}."
        )
    if tile is not None and tile < 1:
        raise ValueError(f"A tile is 1 px a side or more, not {tile}.")
    height, width = lr.shape[:2]
    side = tile or _automatic_side(network, height, width)
    run, reach = _function(network, device)
    result = np.empty((height * SCALE, width * SCALE, 3), dtype=lr.dtype)
    corners = [(top, left) for top in range(0, height, side) for left in range(0, width, side)]
    with torch.inference_mode():
        for done, (top, left) in enumerate(corners, start=1):
            bottom, right = min(top + side, height), min(left + side, width)
            piece = _piece(run, reach, lr, top, bottom, left, right, device)
            result[top * SCALE : bottom * SCALE, left * SCALE : right * SCALE] = piece
            if progress:
                progress(done, len(corners))
    return result


def _automatic_side(network: Generator | FastGenerator | Model, height: int, width: int) -> int:
    if isinstance(network, FastGenerator):
        return FAST_TILE_PX
    return max(height, width) if height * width <= WHOLE_UP_TO_PX else AUTOMATIC_TILE_PX


def _function(
    network: Generator | FastGenerator | Model, device: torch.device | str
) -> tuple[Callable[[Tensor], Tensor], int]:
    """The network as a function of tensors, and the input pixels around a tile that it looks at."""
    if isinstance(network, Model):
        model = network
        return lambda x: torch.from_numpy(model.run(x.numpy())), model.reach_px
    return network.to(device).eval(), receptive_field_px(network.shape)


def _piece(
    run: Callable[[Tensor], Tensor],
    reach: int,
    lr: NDArray[Levels],
    top: int,
    bottom: int,
    left: int,
    right: int,
    device: torch.device | str,
) -> NDArray[Levels]:
    first_row, first_column = max(0, top - reach), max(0, left - reach)
    highest = np.iinfo(lr.dtype).max
    window = lr[first_row : bottom + reach, first_column : right + reach].astype(np.float32)
    x = torch.from_numpy(window).to(device).permute(2, 0, 1)[None].contiguous() / highest
    y = run(x)
    row, column = (top - first_row) * SCALE, (left - first_column) * SCALE
    y = y[0, :, row : row + (bottom - top) * SCALE, column : column + (right - left) * SCALE]
    levels = (y.clamp(0, 1) * highest).round().permute(1, 2, 0).cpu().numpy()
    return np.asarray(levels.astype(lr.dtype))
