"""Plates of coloured dots that hide a number from eyes without one kind of cone (pure, NumPy and Pillow).

The plates are the program's own; none is copied from a printed test. On a screen that nobody has
calibrated they can make a red-green deficiency likely, never certain: they screen, they do not diagnose.
"""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ratings.vision.dichromacy import confusion_direction, encode_srgb, short_wave_direction
from ratings.vision.digits import inside_text

Floats = NDArray[np.float64]
Kind = Literal["control", "protan", "deutan"]
Suspected = Literal["", "red-green", "unclear"]
Item = TypeVar("Item")

KINDS: tuple[Kind, ...] = ("control", "protan", "deutan")
SMALLEST_SIDE_PX, LARGEST_SIDE_PX = 200, 1200
DISC = 0.48  # radius of the disc, as a share of the side
RADII = (0.018, 0.015, 0.0125, 0.0105, 0.0085, 0.0065)  # of dots, as shares of the side
TRIES_A_RADIUS = (900, 1200, 1700, 2300, 3200, 4000)
PAPER = (238, 238, 238)
SUPERSAMPLING = 4

# In linear RGB: the colour between digit and ground, and how far each of them is from it. The way
# from one to the other is a confusion line, so the missing cone alone tells them apart.
BETWEEN: Floats = np.array([0.30, 0.29, 0.18])
APART = 0.18
# Every dot is that colour times a chance lightness, which keeps it on the same confusion plane, with
# a chance share of blue. The range of lightness is wider than any difference between the two sides.
LIGHTNESS = (0.65, 1.55)
BLUE = 0.05
CONTROL_DARK, CONTROL_LIGHT = (0.12, 0.26), (1.25, 1.75)

# Digits that nobody takes for another when some dots are lost: no 1 (7), no 0 and no 8 (3, 6, 9).
DIGITS_SHOWN = "2345679"
SERIES: tuple[Kind, ...] = ("control", "protan", "protan", "deutan", "deutan")


@dataclass(frozen=True)
class Dots:
    """The dots of a plate: centres (n, 2), radii (n,), whether in the number (n,), and sRGB (n, 3)."""

    centres_px: Floats
    radii_px: Floats
    in_text: NDArray[np.bool_]
    colours: NDArray[np.uint8]


@dataclass(frozen=True)
class Plate:
    """One plate of a series: its kind, the number on it and the seed that draws it."""

    kind: Kind
    text: str
    seed: int


@dataclass(frozen=True)
class ColourVision:
    """How many plates were read as they are, of how many, and what that makes likely."""

    read: int
    of: int
    suspected: Suspected


def draw_plate(kind: Kind, text: str, *, seed: int, side_px: int = 360) -> NDArray[np.uint8]:
    """A plate of `kind` with the number `text` (two digits at most, or nothing), as sRGB (side, side, 3).

    `protan` and `deutan` hide the number from people without long-wave or middle-wave cones: digit
    and ground are on one confusion line of Viénot, Brettel and Mollon 1999, and each dot has a chance
    lightness. `control` is dark on light and everybody reads it. The same arguments draw the same plate.
    Raises: ValueError for an unknown kind, a text of anything but up to two digits, or a side outside
    200..1200.
    """
    dots = lay_dots(kind, text, seed=seed, side_px=side_px)
    large = Image.new("RGB", (side_px * SUPERSAMPLING, side_px * SUPERSAMPLING), PAPER)
    pen = ImageDraw.Draw(large)
    reach = dots.radii_px[:, np.newaxis]
    corners = np.hstack([dots.centres_px - reach, dots.centres_px + reach])
    for box, colour in zip((corners * SUPERSAMPLING).tolist(), dots.colours.tolist(), strict=True):
        pen.ellipse(box, fill=tuple(colour))
    return np.array(large.reduce(SUPERSAMPLING))


def lay_dots(kind: Kind, text: str, *, seed: int, side_px: int = 360) -> Dots:
    """The dots that `draw_plate` draws from the same arguments; it raises what `draw_plate` raises.

    Where the dots lie, how large and how light they are does not depend on the number.
    """
    if kind not in KINDS:
        raise ValueError(f"A plate is control, protan or deutan, not “{kind}”.")
    if len(text) > 2:
        raise ValueError(f"A plate has room for two digits, not for “{text}”.")
    if not SMALLEST_SIDE_PX <= side_px <= LARGEST_SIDE_PX:
        raise ValueError(f"A plate is {SMALLEST_SIDE_PX} to {LARGEST_SIDE_PX} pixels wide, not {side_px}.")
    chance = random.Random(f"plate {kind} {seed}")  # noqa: S311 - a picture, not a secret
    centres, radii = _pack(chance, side_px)
    disc_px = DISC * side_px
    unit = disc_px * (0.66 if len(text) < 2 else 0.5)
    in_text = inside_text(centres - side_px / 2, text, unit=unit)
    colours = encode_srgb(_colours(kind, in_text, chance))
    return Dots(centres, radii, in_text, colours)


def make_series(seed: int) -> tuple[Plate, ...]:
    """Six plates: a control first, then a control, two protan and two deutan in chance order.

    Each has another number of two different digits. The same seed gives the same series.
    """
    chance = random.Random(f"series {seed}")  # noqa: S311 - a picture, not a secret
    rest = _shuffled(SERIES, chance)
    numbers = _shuffled([a + b for a in DIGITS_SHOWN for b in DIGITS_SHOWN if a != b], chance)
    kinds: list[Kind] = ["control", *rest]
    pairs = zip(kinds, numbers, strict=False)
    return tuple(Plate(kind, text, seed=int(chance.random() * 2**31)) for kind, text in pairs)


def judge(series: Sequence[Plate], answers: Sequence[str]) -> ColourVision:
    """Compare what a rater read, one answer a plate ("" for nothing), with what is there.

    A control that was missed makes the whole series `unclear`: the picture or the task failed, not
    the eye. Otherwise two missed plates or more make a deficiency likely if both of one kind are
    among them (`red-green`), and leave it `unclear` if not; a single miss counts as a slip.
    Two misses are the criterion of Hoffmann and Menozzi 1998 (Displays 20, 39–47) for a short
    series on a screen; ITU-T P.910 allows two of twelve.
    Raises: ValueError if the series is empty or the answers are not one a plate.
    """
    if not series or len(answers) != len(series):
        raise ValueError(f"There are {len(series)} plates and {len(answers)} answers; each plate needs one.")
    right = [plate.text == answer.strip() for plate, answer in zip(series, answers, strict=True)]
    missed = [plate.kind for plate, read in zip(series, right, strict=True) if not read]
    suspected: Suspected = ""
    if "control" in missed:
        suspected = "unclear"
    elif len(missed) >= 2:
        suspected = "red-green" if max(missed.count("protan"), missed.count("deutan")) >= 2 else "unclear"
    return ColourVision(read=sum(right), of=len(series), suspected=suspected)


def _pack(chance: random.Random, side_px: int) -> tuple[Floats, Floats]:
    """Dots thrown into the disc, the large ones first, each kept where it touches none before it."""
    most = sum(TRIES_A_RADIUS)
    centres, radii = np.zeros((most, 2)), np.zeros(most)
    disc_px, gap_px = DISC * side_px, 0.002 * side_px
    count = 0
    for share, tries in zip(RADII, TRIES_A_RADIUS, strict=True):
        radius = share * side_px
        for _ in range(tries):
            # The square root spreads the throws evenly over the area.
            away, angle = (disc_px - radius) * math.sqrt(chance.random()), 2 * math.pi * chance.random()
            x, y = side_px / 2 + away * math.cos(angle), side_px / 2 + away * math.sin(angle)
            across = np.hypot(centres[:count, 0] - x, centres[:count, 1] - y)
            if np.all(across >= radii[:count] + radius + gap_px):
                centres[count], radii[count] = (x, y), radius
                count += 1
    return centres[:count].copy(), radii[:count].copy()


def _colours(kind: Kind, in_text: NDArray[np.bool_], chance: random.Random) -> Floats:
    """Linear RGB (n, 3) of every dot; which side is the redder one is up to chance too."""
    count = len(in_text)
    towards_red = 1.0 if chance.random() < 0.5 else -1.0
    lightness = np.array([chance.random() for _ in range(count)])
    blue = np.array([2 * chance.random() - 1 for _ in range(count)])
    if kind == "control":
        dark, light = (low + (high - low) * lightness for low, high in (CONTROL_DARK, CONTROL_LIGHT))
        return np.where(in_text, dark, light)[:, np.newaxis] * BETWEEN
    side = towards_red * np.where(in_text, 1.0, -1.0)
    base = BETWEEN + APART * side[:, np.newaxis] * confusion_direction(kind)
    base = base + BLUE * blue[:, np.newaxis] * short_wave_direction()
    return (LIGHTNESS[0] + (LIGHTNESS[1] - LIGHTNESS[0]) * lightness)[:, np.newaxis] * base


def _shuffled(items: Sequence[Item], chance: random.Random) -> list[Item]:
    """A chance order by `random()` alone, whose numbers Python keeps the same from version to version."""
    return [item for _, _, item in sorted((chance.random(), place, item) for place, item in enumerate(items))]
