"""Images in and out: loading, lossless saving, MATLAB's bicubic, luma and cropping."""

import contextlib
import os
import struct
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float64]

MAX_PIXELS = 80_000_000
_PAD_PX = 16
_DIRECT = ("1", "L", "RGB", "P")
_WITH_ALPHA = ("LA", "PA", "RGBA", "La", "RGBa")
_UNREADABLE = (OSError, SyntaxError, ValueError, EOFError, IndexError, struct.error)


def load_rgb(path: Path) -> Pixels:
    """Read an image file as (H, W, 3) uint8, turned as its EXIF orientation says.

    Greyscale and palette images become RGB, 16-bit ones are scaled to 8, an opaque alpha channel is dropped.
    Raises: ValueError naming the file if it is missing, locked, truncated, no image, over 80 megapixels,
    partly transparent, or neither greyscale nor RGB (CMYK, for one).
    """
    try:
        with warnings.catch_warnings():
            # Pillow warns of large images; the limit below refuses them.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path) as opened:
                if opened.width * opened.height > MAX_PIXELS:
                    raise _refused(
                        path, f"has {opened.width} x {opened.height} pixels, over {MAX_PIXELS} in all"
                    )
                opened.load()
                image = ImageOps.exif_transpose(opened)
    except Image.DecompressionBombError as error:
        raise _refused(path, f"has more than {MAX_PIXELS} pixels") from error
    except FileNotFoundError as error:
        raise _refused(path, "does not exist") from error
    except PermissionError as error:
        raise _refused(path, "may not be read by this user") from error
    except UnidentifiedImageError as error:
        raise _refused(path, "is not an image that can be read") from error
    except ImageRefused:
        raise
    except _UNREADABLE as error:
        raise _refused(path, "is truncated or damaged") from error
    return _to_rgb(image, path)


class ImageRefused(ValueError):
    """An image file that cannot be used, with the reason in one sentence."""


def _refused(path: Path, reason: str) -> ImageRefused:
    return ImageRefused(f"{Path(path).name} {reason}.")


def _to_rgb(image: Image.Image, path: Path) -> Pixels:
    if image.mode.startswith("I"):
        return _from_sixteen_bits(np.asarray(image), path)
    if image.mode in _WITH_ALPHA or "transparency" in image.info:
        pixels = np.asarray(image.convert("RGBA"))
        if pixels[..., 3].min() < 255:
            raise _refused(path, "is partly transparent; save it without an alpha channel")
        return np.ascontiguousarray(pixels[..., :3])
    if image.mode not in _DIRECT:
        raise _refused(path, f"has colour mode {image.mode}; save it as RGB or greyscale")
    return np.array(image.convert("RGB"))


def _from_sixteen_bits(values: NDArray[Any], path: Path) -> Pixels:
    if values.min() < 0 or values.max() > 65535:
        raise _refused(path, "has values outside 0..65535")
    eight = np.round(values.astype(np.float64) / 257).astype(np.uint8)
    return np.repeat(eight[..., None], 3, axis=2)


def save_png(path: Path, pixels: Pixels) -> None:
    """Write (H, W, 3) uint8 as an RGB PNG of IHDR, IDAT and IEND alone, whole or not at all.

    The encoder's setting is fixed, so the same pixels give the same bytes under the same Pillow.
    Raises: ValueError for any other shape or type; OSError if the disk refuses.
    """
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
        raise ValueError(f"A PNG is written from (H, W, 3) uint8, not {pixels.shape} {pixels.dtype}.")
    path = Path(path)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            # Level 2 takes a third of the time of the usual 6, for files one twentieth larger.
            Image.fromarray(pixels).save(file, format="PNG", compress_level=2, optimize=False)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp makes private files; an image is as readable as any other new file.
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(temporary).unlink()
        raise


def modcrop(pixels: Pixels, scale: int) -> Pixels:
    """Cut the right and bottom edge so that both sides are multiples of `scale`."""
    height, width = pixels.shape[0] // scale * scale, pixels.shape[1] // scale * scale
    return pixels[:height, :width]


def crop_border(pixels: NDArray[Any], border_px: int) -> NDArray[Any]:
    """Cut `border_px` from all four sides of (H, W) or (H, W, C)."""
    if border_px == 0:
        return pixels
    return pixels[border_px:-border_px, border_px:-border_px]


def luma(rgb: NDArray[Any]) -> Floats:
    """Studio-range luma 16..235 of (H, W, 3) in 0..255, as (H, W) float64, unrounded.

    Source: ITU-R BT.601, as MATLAB's rgb2ycbcr has it, which rounds for integer input; the field's
    figures differ by about 0.01 dB for it.
    """
    weights = np.array([65.481, 128.553, 24.966])
    return np.asarray(16 + rgb.astype(np.float64) @ weights / 255)


def downscale(hr: Pixels, scale: int) -> Pixels:
    """The low-resolution (H/scale, W/scale, 3) of an image whose sides are multiples of `scale`."""
    height, width = hr.shape[:2]
    if height % scale or width % scale:
        raise ValueError(f"An image of {width} x {height} is not a multiple of {scale}; crop it first.")
    return resize_bicubic(hr, width // scale, height // scale)


def upscale_bicubic(lr: Pixels, scale: int) -> Pixels:
    """The bicubic baseline: (H, W, 3) to (H * scale, W * scale, 3)."""
    return resize_bicubic(lr, lr.shape[1] * scale, lr.shape[0] * scale)


def resize_bicubic(pixels: Pixels, width: int, height: int) -> Pixels:
    """MATLAB's imresize(..., 'bicubic') of (H, W, 3) uint8: antialiased down, cubic a = -0.5, mirrored edges.

    Up, any number of channels and uint16 will do as well, and come back as the same type.

    Down by a whole factor through Pillow, whose fixed-point passes agree with MATLAB's bit for bit once
    the edge is padded and rows come first; else in float64, rounded once.
    Raises: ValueError if a side of the result is below 1.
    """
    if width < 1 or height < 1:
        raise ValueError(f"An image cannot be resized to {width} x {height}.")
    rows, columns = pixels.shape[:2]
    factor = rows // height
    if factor >= 1 and rows == height * factor and columns == width * factor and _PAD_PX % factor == 0:
        return _pillow_down(pixels, factor)
    down = _along_rows(pixels.astype(np.float64), height)
    across = _along_rows(down.transpose(1, 0, 2), width).transpose(1, 0, 2)
    return np.clip(np.floor(across + 0.5), 0, np.iinfo(pixels.dtype).max).astype(pixels.dtype)


def _pillow_down(pixels: Pixels, factor: int) -> Pixels:
    padded = np.pad(pixels, ((_PAD_PX, _PAD_PX), (_PAD_PX, _PAD_PX), (0, 0)), mode="edge")
    # Pillow resizes across first, MATLAB down first.
    turned = Image.fromarray(np.ascontiguousarray(padded.transpose(1, 0, 2)))
    size = (padded.shape[0] // factor, padded.shape[1] // factor)
    small = np.asarray(turned.resize(size, Image.Resampling.BICUBIC)).transpose(1, 0, 2)
    return np.ascontiguousarray(crop_border(small, _PAD_PX // factor))


def cubic(distance: Floats) -> Floats:
    """Keys' cubic kernel with a = -0.5 at the given distances in pixels.

    Source: Keys, IEEE Trans. ASSP 29(6), 1981, doi:10.1109/TASSP.1981.1163711.
    """
    d = np.abs(distance)
    near = 1.5 * d**3 - 2.5 * d**2 + 1
    far = -0.5 * d**3 + 2.5 * d**2 - 4 * d + 2
    return np.where(d <= 1, near, np.where(d <= 2, far, 0.0))


def _along_rows(pixels: Floats, new_length: int) -> Floats:
    """Resize the first axis of (L, M, 3), with mirrored edges."""
    length = pixels.shape[0]
    scale = new_length / length
    shrink = min(scale, 1.0)
    centre = (np.arange(new_length) + 0.5) / scale - 0.5
    reach = int(np.ceil(2 / shrink)) + 1
    taps = np.floor(centre).astype(np.int64)[:, None] + np.arange(-reach, reach + 1)
    weights = cubic((centre[:, None] - taps) * shrink)
    weights /= weights.sum(axis=1, keepdims=True)
    mirrored = taps % (2 * length)
    mirrored = np.where(mirrored < length, mirrored, 2 * length - 1 - mirrored)
    result = np.zeros((new_length, *pixels.shape[1:]))
    for weight, row in zip(weights.T, mirrored.T, strict=True):
        if weight.any():
            result += weight[:, None, None] * pixels[row]
    return result
