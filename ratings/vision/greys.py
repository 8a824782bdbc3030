"""Patches barely lighter than black or darker than white, to learn which a rater's screen shows (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Side = Literal["dark", "light"]

SIDES: tuple[Side, ...] = ("dark", "light")
# Steps of 255 away from black or white. A screen set up well shows most of them in a dim room.
LEVELS = (16, 12, 8, 6, 4, 2)
LARGEST_STEP = 64
SMALLEST_PATCH_PX = 8


@dataclass(frozen=True)
class GreySteps:
    """How many patches were seen, of how many, and the smallest step seen (None: not one of them)."""

    seen: int
    of: int
    smallest_step: int | None


def draw_steps(side: Side, levels: Sequence[int] = LEVELS, *, patch_px: int = 64) -> NDArray[np.uint8]:
    """Square patches on black (`dark`) or white (`light`), the plainest first: grey, (rows, columns).

    `levels` are how far each patch is from the ground, of 255, so a level of 4 is a patch of 4 on
    black and of 251 on white. Half a patch of ground lies around and between them.
    Raises: ValueError for another side, levels that do not fall from 64 or less to 1 or more, or a
    patch below 8 pixels. The idea is that of the test signal of Recommendation ITU-R BT.814.
    """
    if side not in SIDES:
        raise ValueError(f"The side is dark or light, not “{side}”.")
    _check(levels)
    if patch_px < SMALLEST_PATCH_PX:
        raise ValueError(f"A patch is {SMALLEST_PATCH_PX} pixels wide or more, not {patch_px}.")
    space = patch_px // 2
    away = np.zeros((patch_px + 2 * space, len(levels) * (patch_px + space) + space), dtype=np.uint8)
    for place, level in enumerate(levels):
        left = space + place * (patch_px + space)
        away[space : space + patch_px, left : left + patch_px] = level
    return away if side == "dark" else 255 - away


def judge(levels: Sequence[int], seen: int) -> GreySteps:
    """What it means that a rater counted `seen` patches of a row drawn with `levels`.

    The plainest patches are taken to be the ones seen.
    Raises: ValueError if that many patches are not there, or `levels` could not have been drawn.
    """
    _check(levels)
    if not 0 <= seen <= len(levels):
        raise ValueError(f"There are {len(levels)} patches; {seen} cannot have been seen.")
    return GreySteps(seen=seen, of=len(levels), smallest_step=levels[seen - 1] if seen else None)


def _check(levels: Sequence[int]) -> None:
    falling = all(first > second for first, second in pairwise(levels))
    if not levels or not falling or levels[0] > LARGEST_STEP or levels[-1] < 1:
        raise ValueError(f"The levels fall from {LARGEST_STEP} or less to 1 or more, unlike {list(levels)}.")
