"""Makes of a reference the grossly degraded image that a trap shows beside it (pure, on arrays)."""

import math

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]

LEAST_SIDE_PX = 16
LEAST_BLOCK_PX = 8
BLOCKS_ALONG_THE_SHORTER_SIDE = 12
# Two neighbouring blocks of one grey end 96 apart, more than a step between the four levels below,
# so that they never end alike and a flat image gets a pattern too.
CHECK = 48
LEVELS_APART = 85


def degrade(reference: Pixels) -> Pixels:
    """A mosaic of the reference in four levels a channel, under a chessboard of lighter and darker blocks.

    About twelve blocks go along the shorter side, of 8 pixels at least, so that the damage is plain
    at any size. The chessboard spoils what a mosaic leaves as it is: flat images. On a flat image the
    result is always below 16 dB PSNR against the reference. The same reference gives the same image.

    Shapes: (rows, columns, 3), uint8, in and out.
    Raises: ValueError if the image has another form or a side below 16 pixels.
    """
    if reference.ndim != 3 or reference.shape[2] != 3 or reference.dtype != np.uint8:
        raise ValueError(
            f"A reference is 8-bit RGB, (rows, columns, 3), not {reference.dtype} {reference.shape}."
        )
    rows, columns = reference.shape[:2]
    if min(rows, columns) < LEAST_SIDE_PX:
        raise ValueError(f"A trap needs a reference of 16×16 pixels or more, not {columns}×{rows}.")
    block_px = max(LEAST_BLOCK_PX, math.ceil(min(rows, columns) / BLOCKS_ALONG_THE_SHORTER_SIDE))
    row_starts, column_starts = np.arange(0, rows, block_px), np.arange(0, columns, block_px)
    sums = np.add.reduceat(reference.astype(np.int64), row_starts, axis=0)
    sums = np.add.reduceat(sums, column_starts, axis=1)
    heights = np.diff(np.append(row_starts, rows))
    widths = np.diff(np.append(column_starts, columns))
    means = sums // np.outer(heights, widths)[..., np.newaxis]
    parity = (np.arange(len(heights))[:, np.newaxis] + np.arange(len(widths))[np.newaxis, :]) % 2
    checked = means + np.where(parity == 0, CHECK, -CHECK)[..., np.newaxis]
    levels = np.clip((checked + LEVELS_APART // 2) // LEVELS_APART, 0, 255 // LEVELS_APART)
    blocks = (levels * LEVELS_APART).astype(np.uint8)
    return np.repeat(np.repeat(blocks, heights, axis=0), widths, axis=1)
