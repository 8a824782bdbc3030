"""Rings with a gap, from large to small, to learn how fine a detail a rater sees (pure, NumPy alone)."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ratings.vision.dichromacy import encode_srgb

Orientation = Literal["right", "down", "left", "up"]

# Where the gap is, in quarter turns clockwise from the right. The four upright positions alone: a gap
# of one or two pixels is sharp there and would be a smear on a diagonal.
ORIENTATIONS: tuple[Orientation, ...] = ("right", "down", "left", "up")
PER_LINE, TO_PASS = 5, 4
NOMINAL_LOGMAR = (0.7, 0.5, 0.3, 0.2, 0.1, 0.0)
# The 20/30 line, which ITU-T P.910 asks raters to read.
NORMAL_LOGMAR = math.log10(1.5)
NEAREST_MM, FARTHEST_MM = 150.0, 6000.0
LARGEST_GAP_PX = 400
SUPERSAMPLING = 8
TOLERANCE = 1e-9


@dataclass(frozen=True)
class Line:
    """One line of the chart: the size of its rings, in logMAR and in whole device pixels, and their gaps."""

    logmar: float
    gap_px: int
    orientations: tuple[Orientation, ...]


@dataclass(frozen=True)
class Acuity:
    """The smallest line read, in logMAR (None: not even the largest).

    `limit` says that the screen, and not the eye, set the end: the last line was read and is still
    larger than logMAR 0.0, so the rater may well see better than `logmar`.
    """

    logmar: float | None
    limit: bool

    @property
    def normal(self) -> bool | None:
        """Whether the 20/30 line is read (ITU-T P.910); None if this screen cannot tell."""
        if self.logmar is not None and self.logmar <= NORMAL_LOGMAR + TOLERANCE:
            return True
        return None if self.limit else False


def gap_px(logmar: float, *, distance_mm: float, px_per_mm: float) -> float:
    """How wide the gap of a ring is for this acuity, in device pixels: 10**logmar minutes of arc.

    Raises: ValueError if the distance is outside 150..6000 mm or there is no positive number of pixels a mm.
    Source: ISO 8596: at acuity 1 (logMAR 0) the gap subtends one minute of arc, the ring five.

    Example: at 600 mm one minute of arc is 0.17453 mm; with 10 pixels a mm, 1.7453 pixels.
    """
    if not NEAREST_MM <= distance_mm <= FARTHEST_MM:
        raise ValueError(
            f"A rater sits {NEAREST_MM:g} to {FARTHEST_MM:g} mm from the screen, not {distance_mm:g} mm."
        )
    if not (math.isfinite(px_per_mm) and px_per_mm > 0):
        raise ValueError(f"A screen has a positive number of pixels a millimetre, not {px_per_mm:g}.")
    return distance_mm * math.tan(math.radians(10**logmar / 60)) * px_per_mm


def logmar_of(gap: float, *, distance_mm: float, px_per_mm: float) -> float:
    """The acuity that a gap of so many device pixels asks for: the inverse of `gap_px`, same errors."""
    # For its refusals alone.
    gap_px(0.0, distance_mm=distance_mm, px_per_mm=px_per_mm)
    return math.log10(60 * math.degrees(math.atan(gap / px_per_mm / distance_mm)))


def lines(*, distance_mm: float, px_per_mm: float, seed: int) -> tuple[Line, ...]:
    """The chart, the largest line first: five rings each, gaps in whole pixels, in chance positions.

    The lines are those nearest below logMAR 0.7, 0.5, 0.3, 0.2, 0.1 and 0.0 that whole pixels can
    show: gaps are rounded down, so no line is easier than its name, and each carries the logMAR that
    its pixels really have. A gap has one pixel at least; where one pixel is still above logMAR 0.0
    the chart ends there (`screen_limit`).
    Raises: what `gap_px` raises. The same arguments give the same chart.
    """
    wanted = [gap_px(logmar, distance_mm=distance_mm, px_per_mm=px_per_mm) for logmar in NOMINAL_LOGMAR]
    # A hair above: a gap of 2.9999999 pixels is one of 3.
    gaps = sorted({max(1, math.floor(gap + TOLERANCE)) for gap in wanted}, reverse=True)
    chance = random.Random(f"rings {seed}")  # noqa: S311 - a picture, not a secret
    return tuple(
        Line(
            logmar=logmar_of(gap, distance_mm=distance_mm, px_per_mm=px_per_mm),
            gap_px=gap,
            orientations=tuple(ORIENTATIONS[int(4 * chance.random())] for _ in range(PER_LINE)),
        )
        for gap in gaps
    )


def screen_limit(chart: Sequence[Line]) -> float | None:
    """The smallest logMAR that the screen can show at this distance, if that is above 0.0; else None."""
    smallest = chart[-1].logmar
    return smallest if smallest > TOLERANCE else None


def judge(chart: Sequence[Line], answers: Sequence[Sequence[str]]) -> Acuity:
    """The last line read of those read without a failed one before it.

    A line is read when four of its five gaps are named rightly. With four positions chance does that
    in 16 of 1,024 lines (1.6 %); three of five would pass one line in ten by chance.
    `answers` holds one orientation a ring ("" for cannot tell), line by line; later lines may be left
    out when a rater has failed one, and count as not read.
    Raises: ValueError if there are more lines of answers than lines, or a line is not answered in full.
    """
    if not chart or len(answers) > len(chart):
        raise ValueError(f"The chart has {len(chart)} lines, and {len(answers)} were answered.")
    read: Line | None = None
    for line, said in zip(chart, answers, strict=False):
        if len(said) != len(line.orientations):
            raise ValueError(f"A line has {len(line.orientations)} rings, and {len(said)} were answered.")
        right = sum(gap == answer for gap, answer in zip(line.orientations, said, strict=True))
        if right < TO_PASS:
            break
        read = line
    if read is None:
        return Acuity(logmar=None, limit=False)
    return Acuity(logmar=read.logmar, limit=read == chart[-1] and screen_limit(chart) is not None)


def draw_landolt(gap_px: int, orientation: Orientation) -> NDArray[np.uint8]:
    """A black ring on white with its gap at `orientation`: grey, (side, side), side = 7 gaps.

    The ring is 5 gaps wide and its line one; one gap of white lies around it. The edges of the gap
    fall on edges of pixels; the curve is smoothed in linear light, so that it keeps its size.
    Raises: ValueError if the gap is not 1 to 400 whole pixels or the orientation is unknown.
    Source: ISO 8596 (the standard optotype).
    """
    if not 1 <= gap_px <= LARGEST_GAP_PX or gap_px != int(gap_px):
        raise ValueError(f"A gap is 1 to {LARGEST_GAP_PX} whole pixels wide, not {gap_px}.")
    if orientation not in ORIENTATIONS:
        raise ValueError(f"A gap is right, down, left or up, not “{orientation}”.")
    side = 7 * gap_px
    fine = side * SUPERSAMPLING
    across = (np.arange(fine) + 0.5) / (SUPERSAMPLING * gap_px) - 3.5  # in gaps, from the centre
    x, y = across[np.newaxis, :], across[:, np.newaxis]
    away = np.hypot(x, y)
    ring = (away <= 2.5) & (away >= 1.5) & ~((x > 0) & (np.abs(y) < 0.5))
    ink = ring.reshape(side, SUPERSAMPLING, side, SUPERSAMPLING).mean(axis=(1, 3))
    # np.rot90 turns anticlockwise for a positive number of quarters.
    return np.ascontiguousarray(np.rot90(encode_srgb(1.0 - ink), -ORIENTATIONS.index(orientation)))
