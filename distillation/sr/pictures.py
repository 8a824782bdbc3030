"""Pictures as people have them: grey or colour, 8 or 16 bits, with transparency and a colour profile."""

import contextlib
import os
import struct
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError
from scipy.ndimage import distance_transform_edt

from distillation.sr.config import SCALE
from distillation.sr.images import ImageRefused, upscale_bicubic
from distillation.sr.png16 import write_png16

# uint8 or uint16.
Levels = NDArray[Any]

FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "WEBP", "GIF")
SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp", ".gif")
# Enlarged by 4 it has sixteen times as many, and those are held in memory.
MAX_PIXELS = 20_000_000
_ORIENTATION = 0x0112
_DROPPED = {"exif": "EXIF", "xmp": "XMP", "gamma": "gamma", "comment": "a comment"}
_GREY = ("1", "L", "LA", "La")
_COLOUR = ("P", "PA", "RGB", "RGBA", "RGBa")
_WITH_ALPHA = ("LA", "La", "PA", "RGBA", "RGBa")
_DAMAGED = (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, struct.error)
# Pillow reads 16-bit colour as its high bytes; told of the other order, it reads the low ones.
_OTHER_BYTES = {"16B": "16L", "16L": "16B", "16N": "16B" if sys.byteorder == "little" else "16L"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """An image as its file has it, turned as its EXIF orientation says.

    `colour` is (H, W, 1) for greyscale or (H, W, 3) for RGB, uint8 or uint16; `alpha` (H, W, 1) of the same
    type, or None where nothing is transparent. `profile` is the ICC profile's bytes, `dpi` across and
    down. `dropped` says in sentences what the file had and this has not.
    """

    colour: Levels
    alpha: Levels | None = None
    profile: bytes | None = None
    dpi: tuple[float, float] | None = None
    dropped: tuple[str, ...] = ()


def load(path: Path) -> Picture:
    """Read a PNG, JPEG, TIFF, BMP, WebP or GIF file; sixteen bits are kept from PNG and TIFF.

    Raises: ImageRefused naming the file if it is missing, damaged, none of these, over 20 megapixels, or
    neither greyscale nor RGB (CMYK, for one).
    """
    with _opened(path) as image:
        if image.width * image.height > MAX_PIXELS:
            size = f"{image.width} x {image.height} pixels"
            raise _refused(path, f"has {size}, over {MAX_PIXELS:,} in all; cut it into parts")
        dropped = _what_is_dropped(image)
        rawmode = _rawmode(image)
        image.load()
        turned = ImageOps.exif_transpose(image)
        colour, alpha = _planes(turned, path)
        if ";16" in rawmode and rawmode.startswith("RGB"):
            low_colour, low_alpha = _planes(_low_bytes(path, rawmode), path)
            colour = colour.astype(np.uint16) << 8 | low_colour
            if alpha is not None and low_alpha is not None:
                alpha = alpha.astype(np.uint16) << 8 | low_alpha
        elif ";16" in rawmode and colour.dtype == np.uint8:
            dropped += ("the lower 8 of 16 bits",)
        dpi = _dpi(image.info.get("dpi"), turned_over=turned.size != image.size)
        profile = image.info.get("icc_profile") or None
    if alpha is not None and alpha.min() == np.iinfo(alpha.dtype).max:
        alpha = None
    return Picture(colour=colour, alpha=alpha, profile=profile, dpi=dpi, dropped=dropped)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[ImageFile.ImageFile]:
    """The file as Pillow's image; everything that goes wrong with it while it is open is a sentence."""
    try:
        with warnings.catch_warnings():
            # Pillow warns of large images, which are refused here, and of metadata that is of no use here.
            warnings.simplefilter("ignore")
            with Image.open(path, formats=FORMATS) as image:
                yield image
    except Image.DecompressionBombError as error:
        raise _refused(path, f"has over {MAX_PIXELS:,} pixels; cut it into parts") from error
    except FileNotFoundError as error:
        raise _refused(path, "does not exist") from error
    except PermissionError as error:
        raise _refused(path, "may not be read by this user") from error
    except UnidentifiedImageError as error:
        raise _refused(path, "is no PNG, JPEG, TIFF, BMP, WebP or GIF image that can be read") from error
    except ImageRefused:
        raise
    except _DAMAGED as error:
        raise _refused(path, "is truncated or damaged") from error


def _refused(path: Path, reason: str) -> ImageRefused:
    return ImageRefused(f"{Path(path).name} {reason}.")


def _rawmode(image: ImageFile.ImageFile) -> str:
    """How the file lays out a pixel, in Pillow's words: `RGB;16B` is 16-bit colour, high bytes first."""
    if image.format not in ("PNG", "TIFF") or not image.tile:
        return ""
    arguments = image.tile[0].args
    return str(arguments[0] if isinstance(arguments, tuple) else arguments)


def _low_bytes(path: Path, rawmode: str) -> Image.Image:
    kind, _, order = rawmode.partition(";")
    other = f"{kind};{_OTHER_BYTES[order]}"
    with _opened(path) as image:
        image.tile = [
            tile._replace(args=(other, *tile.args[1:]) if isinstance(tile.args, tuple) else other)
            for tile in image.tile
        ]
        image.load()
        return ImageOps.exif_transpose(image)


def _planes(image: Image.Image, path: Path) -> tuple[Levels, Levels | None]:
    """Colour (H, W, 1 or 3) and alpha (H, W, 1) of an image, in 8 bits, or 16 where Pillow has 16."""
    if image.mode.startswith("I"):
        values = np.asarray(image)
        if values.min() < 0 or values.max() > 65535:
            raise _refused(path, "has values outside 0..65535")
        return values.astype(np.uint16)[..., None], None
    if image.mode not in (*_GREY, *_COLOUR):
        raise _refused(path, f"has colour mode {image.mode}; save it as RGB or greyscale")
    plain = "L" if image.mode in _GREY else "RGB"
    if image.mode in _WITH_ALPHA or "transparency" in image.info:
        pixels = np.asarray(image.convert(f"{plain}A"))
        return pixels[..., :-1], pixels[..., -1:]
    pixels = np.asarray(image.convert(plain))
    return pixels.reshape(*pixels.shape[:2], -1), None


def _what_is_dropped(image: Image.Image) -> tuple[str, ...]:
    names = [name for key, name in _DROPPED.items() if key in image.info]
    if "EXIF" in names and set(image.getexif()) <= {_ORIENTATION}:
        names.remove("EXIF")  # the orientation is not lost: the pixels are turned
    frames = getattr(image, "n_frames", 1)
    if frames > 1:
        image.seek(0)
        names.append(f"all but the first of {frames} frames")
    if image.mode.startswith("I") and "transparency" in image.info:
        names.append("the transparent level")
    return tuple(names)


def _dpi(stored: Any, *, turned_over: bool) -> tuple[float, float] | None:
    try:
        across, down = (float(value) for value in stored)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    if not (0 < across < 1e6 and 0 < down < 1e6):
        return None
    return (down, across) if turned_over else (across, down)


def enlarge(picture: Picture, make: Callable[[Levels], Levels]) -> Picture:
    """The picture four times as large: its colour by `make`, (H, W, 3) to (4H, 4W, 3), its alpha by bicubic.

    Where nothing can be seen, the colour is that of the nearest pixel that can, for what lies there
    (often black) would show at the edges. Greyscale goes through as three equal channels, and their mean
    comes out. The resolution grows with the size, so a print stays as large as it was.
    """
    colour = picture.colour
    if picture.alpha is not None:
        colour = _without_hidden_colour(colour, picture.alpha)
    grey = colour.shape[2] == 1
    made = make(np.repeat(colour, 3, axis=2) if grey else np.ascontiguousarray(colour))
    if grey:
        made = np.round(made.mean(axis=2, keepdims=True)).astype(made.dtype)
    alpha = None if picture.alpha is None else upscale_bicubic(picture.alpha, SCALE)
    dpi = None if picture.dpi is None else (picture.dpi[0] * SCALE, picture.dpi[1] * SCALE)
    return replace(picture, colour=made, alpha=alpha, dpi=dpi)


def _without_hidden_colour(colour: Levels, alpha: Levels) -> Levels:
    hidden = alpha[..., 0] == 0
    if not hidden.any() or hidden.all():
        return colour
    rows, columns = distance_transform_edt(hidden, return_distances=False, return_indices=True)
    return np.asarray(colour[rows, columns])


def save_png(path: Path, picture: Picture) -> None:
    """Write a picture as PNG with its profile and resolution, whole or not at all.

    Raises: OSError if the disk refuses.
    """
    planes = [picture.colour] if picture.alpha is None else [picture.colour, picture.alpha]
    pixels = np.concatenate(planes, axis=2)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            if pixels.dtype == np.uint16:
                write_png16(file, pixels, profile=picture.profile, dpi=picture.dpi)
            else:
                known = {"icc_profile": picture.profile, "dpi": picture.dpi}
                extra = {name: value for name, value in known.items() if value is not None}
                image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
                image.save(file, format="PNG", **extra)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp makes private files; an image is as readable as any other new file.
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(temporary).unlink()
        raise
