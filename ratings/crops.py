"""Where to cut an image that is too large for a rater's window, and the cutting (pure, on arrays)."""

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]

# ITU-R BT.601, in thousandths, so that luma is a whole number and every machine finds the same place.
LUMA_THOUSANDTHS = (299, 587, 114)


@dataclass(frozen=True)
class Crop:
    """A rectangle of whole pixels: its upper left corner, counted from 0, and its size.

    Raises: ValueError if the corner is negative or the size is not at least 1×1.
    """

    x_px: int
    y_px: int
    width_px: int
    height_px: int

    def __post_init__(self) -> None:
        if self.width_px < 1 or self.height_px < 1:
            raise ValueError(f"A crop is at least 1×1 pixel, not {self.width_px}×{self.height_px}.")
        if self.x_px < 0 or self.y_px < 0:
            raise ValueError(f"A crop starts at 0,0 or further in, not at {self.x_px},{self.y_px}.")

    @classmethod
    def read(cls, text: str) -> "Crop":
        """The crop written as `X,Y,WIDTH,HEIGHT` in pixels.

        Raises: ValueError if the text is anything else, or names an impossible crop.
        """
        match = re.fullmatch(r"\s*" + r"\s*,\s*".join([r"(\d{1,6})"] * 4) + r"\s*", text, re.ASCII)
        if match is None:
            raise ValueError(f"A crop is X,Y,WIDTH,HEIGHT in pixels, such as 40,0,320,240, not “{text}”.")
        return cls(*(int(number) for number in match.groups()))

    def __str__(self) -> str:
        return f"{self.x_px},{self.y_px},{self.width_px},{self.height_px}"

    def within(self, *, width_px: int, height_px: int) -> bool:
        """Whether an image of this size holds the whole crop."""
        return self.x_px + self.width_px <= width_px and self.y_px + self.height_px <= height_px


def cut(pixels: Pixels, crop: Crop) -> Pixels:
    """The pixels inside `crop`, copied: (rows, columns, channels) or (rows, columns) in, the same out.

    Raises: ValueError if the crop reaches outside the image.
    """
    height_px, width_px = pixels.shape[:2]
    if not crop.within(width_px=width_px, height_px=height_px):
        raise ValueError(f"The crop {crop} reaches outside an image of {width_px}×{height_px} pixels.")
    rows = slice(crop.y_px, crop.y_px + crop.height_px)
    columns = slice(crop.x_px, crop.x_px + crop.width_px)
    return pixels[rows, columns].copy()


def propose_crop(reference: Pixels, *, width_px: int, height_px: int) -> Crop:
    """The place of this size with the most detail: the largest energy of the gradient of luma.

    The energy is the sum, over the crop, of the squared differences of luma (BT.601, rounded to
    0..255) between neighbours along rows and along columns, both of them inside the crop. Every
    place is tried; the first in reading order wins a tie, so a flat image gives 0,0.

    Shapes: `reference` (rows, columns, 3), uint8, at least as large as the crop.
    Raises: ValueError if the image has another form, or is smaller than the crop.
    Source: “energy of gradient”, Subbarao, Choi and Nikzad 1993, as compared with other measures of
    focus by Pertuz, Puig and Garcia 2013, doi:10.1016/j.patcog.2012.11.011.

    Example: in an image that is black but for a white column at x = 7, a crop 2 wide and as high as
    the image has energy when it holds columns 6 and 7 or 7 and 8; the first is taken, so x is 6.
    """
    if reference.ndim != 3 or reference.shape[2] != 3 or reference.dtype != np.uint8:
        raise ValueError(
            f"A reference is 8-bit RGB, (rows, columns, 3), not {reference.dtype} {reference.shape}."
        )
    anywhere = Crop(0, 0, width_px, height_px)
    rows, columns = reference.shape[:2]
    if not anywhere.within(width_px=columns, height_px=rows):
        raise ValueError(
            f"An image of {columns}×{rows} pixels has no room for a crop of {width_px}×{height_px}."
        )
    luma = _luma(reference)
    across = _window_sums(np.diff(luma, axis=1), width_px=width_px - 1, height_px=height_px)
    down = _window_sums(np.diff(luma, axis=0), width_px=width_px, height_px=height_px - 1)
    energy = across + down
    y_px, x_px = np.unravel_index(int(np.argmax(energy)), energy.shape)
    return Crop(int(x_px), int(y_px), width_px, height_px)


def _luma(reference: Pixels) -> NDArray[np.int32]:
    red, green, blue = (reference[..., channel].astype(np.int32) for channel in range(3))
    of_red, of_green, of_blue = LUMA_THOUSANDTHS
    return np.asarray((of_red * red + of_green * green + of_blue * blue + 500) // 1000, dtype=np.int32)


def _window_sums(differences: NDArray[np.int32], *, width_px: int, height_px: int) -> NDArray[np.int64]:
    """The sum of squares in every window, by an integral image in whole numbers: no rounding."""
    integral = np.zeros((differences.shape[0] + 1, differences.shape[1] + 1), dtype=np.int64)
    squares = differences * differences
    np.cumsum(squares, axis=0, dtype=np.int64, out=integral[1:, 1:])
    np.cumsum(integral[1:, 1:], axis=1, out=integral[1:, 1:])
    lower, upper = integral[height_px:], integral[: integral.shape[0] - height_px]
    sums = lower - upper
    return np.asarray(sums[:, width_px:] - sums[:, : sums.shape[1] - width_px])
