"""A generator over one image of any size, tiled where it is large."""

import numpy as np
import torch
from torch import Tensor

from distillation.sr.config import SCALE
from distillation.sr.images import Pixels
from distillation.sr.networks import Generator, receptive_field_px

# A 512 x 512 tile keeps the widest network's activations at full size under about 1 GB.
WHOLE_UP_TO_PX = 512 * 512
AUTOMATIC_TILE_PX = 256


def upscale(
    network: Generator, lr: Pixels, *, device: torch.device | str = "cpu", tile: int | None = None
) -> Pixels:
    """Super-resolve (H, W, 3) uint8 to (4H, 4W, 3) uint8, in float32 whatever the network was trained in.

    `tile` is the side of a tile in input pixels; None tiles images over 512 x 512 only. Tiles overlap by
    the receptive field, so they join without a seam: within rounding, the image is that of one piece.
    Raises: ValueError if the image is no (H, W, 3) uint8 of 2 px a side or more, or the tile is below 1 px.
    """
    if lr.dtype != np.uint8 or lr.ndim != 3 or lr.shape[2] != 3 or min(lr.shape[:2]) < 2:
        raise ValueError(f"An image is (H, W, 3) uint8 of 2 px a side or more, not {lr.shape} {lr.dtype}.")
    if tile is not None and tile < 1:
        raise ValueError(f"A tile is 1 px a side or more, not {tile}.")
    height, width = lr.shape[:2]
    if tile is None:
        tile = max(height, width) if height * width <= WHOLE_UP_TO_PX else AUTOMATIC_TILE_PX
    network = network.to(device).eval()
    x = torch.from_numpy(np.ascontiguousarray(lr)).to(device).permute(2, 0, 1)[None].float() / 255
    result = np.empty((height * SCALE, width * SCALE, 3), dtype=np.uint8)
    with torch.inference_mode():
        for top in range(0, height, tile):
            for left in range(0, width, tile):
                bottom, right = min(top + tile, height), min(left + tile, width)
                piece = _piece(network, x, top, bottom, left, right)
                result[top * SCALE : bottom * SCALE, left * SCALE : right * SCALE] = piece
    return result


def _piece(network: Generator, x: Tensor, top: int, bottom: int, left: int, right: int) -> Pixels:
    reach = receptive_field_px(network.shape)
    first_row, first_column = max(0, top - reach), max(0, left - reach)
    y = network(x[..., first_row : bottom + reach, first_column : right + reach])
    row, column = (top - first_row) * SCALE, (left - first_column) * SCALE
    y = y[0, :, row : row + (bottom - top) * SCALE, column : column + (right - left) * SCALE]
    levels = (y.clamp(0, 1) * 255).round().to(torch.uint8)
    return np.asarray(levels.permute(1, 2, 0).cpu().numpy())
