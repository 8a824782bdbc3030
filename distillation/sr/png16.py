"""Writes PNG with 16 bits a channel, which Pillow writes for greyscale alone."""

import struct
import zlib
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}
_SUB = 1
_BAND_ROWS = 256
_INCH_M = 0.0254


def write_png16(
    file: BinaryIO,
    pixels: NDArray[Any],
    *,
    profile: bytes | None = None,
    dpi: tuple[float, float] | None = None,
) -> None:
    """Write (H, W, C) uint16 as a PNG of grey, grey + alpha, RGB or RGB + alpha for C of 1 to 4.

    `profile` is an ICC profile, `dpi` pixels an inch across and down.
    Raises: ValueError for any other shape or type; OSError if the disk refuses.
    Source: PNG specification, third edition (W3C, 2025), clauses 5, 9 and 11.
    """
    if pixels.dtype != np.uint16 or pixels.ndim != 3 or pixels.shape[2] not in _COLOUR_TYPES:
        raise ValueError(
            f"A 16-bit PNG is written from (H, W, 1 to 4) uint16, not {pixels.shape} {pixels.dtype}."
        )
    height, width, channels = pixels.shape
    file.write(_SIGNATURE)
    _chunk(file, b"IHDR", struct.pack(">IIBBBBB", width, height, 16, _COLOUR_TYPES[channels], 0, 0, 0))
    if profile:
        _chunk(file, b"iCCP", b"ICC Profile\0\0" + zlib.compress(profile))
    if dpi:
        across, down = (round(value / _INCH_M) for value in dpi)
        _chunk(file, b"pHYs", struct.pack(">IIB", across, down, 1))
    packer = zlib.compressobj(6)
    for top in range(0, height, _BAND_ROWS):
        packed = packer.compress(_filtered(pixels[top : top + _BAND_ROWS]))
        if packed:
            _chunk(file, b"IDAT", packed)
    _chunk(file, b"IDAT", packer.flush())
    _chunk(file, b"IEND", b"")


def _filtered(rows: NDArray[Any]) -> bytes:
    """Rows as bytes, high byte first, each less its left neighbour's, which compresses better."""
    height, width, channels = rows.shape
    step = 2 * channels
    plain = np.ascontiguousarray(rows.astype(">u2")).view(np.uint8).reshape(height, width * step)
    filtered = np.empty((height, 1 + width * step), dtype=np.uint8)
    filtered[:, 0] = _SUB
    filtered[:, 1 : 1 + step] = plain[:, :step]
    filtered[:, 1 + step :] = plain[:, step:] - plain[:, :-step]
    return filtered.tobytes()


def _chunk(file: BinaryIO, kind: bytes, content: bytes) -> None:
    file.write(struct.pack(">I", len(content)) + kind + content)
    file.write(struct.pack(">I", zlib.crc32(kind + content)))
