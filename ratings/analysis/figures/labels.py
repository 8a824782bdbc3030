"""Where names go beside crowded marks, so that no two of them lie on one another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np

from ratings.analysis.arrays import Floats

# From the mark's middle to the name, in pt; a name farther off would belong to nobody.
_DISTANCES: Final = (4.5, 8.0)
_MARK_RADIUS_PT: Final = 2.5


class Box(NamedTuple):
    """A rectangle on the sheet, in pt."""

    left: float
    bottom: float
    right: float
    top: float

    def meets(self, other: Box) -> bool:
        """Say whether two rectangles share more than an edge."""
        across = self.left < other.right and other.left < self.right
        return across and self.bottom < other.top and other.bottom < self.top

    def lies_in(self, other: Box) -> bool:
        """Say whether this rectangle is wholly inside the other."""
        across = self.left >= other.left and self.right <= other.right
        return across and self.bottom >= other.bottom and self.top <= other.top


def place_labels(
    marks: Floats, named: Sequence[int], widths: Sequence[float], *, height: float, frame: Box
) -> list[tuple[float, float] | None]:
    """Return the lower left corner of each name, or None where there is no room.

    Shapes: `marks` (marks, 2), across and up; `named` (names,) indexes them; `widths` (names,). All in pt.
    Names are placed in turn, in the first free place right, left, over, under and at the corners of their
    mark: inside `frame`, and off all marks and all names before.
    """
    taken: list[Box] = []
    found: list[tuple[float, float] | None] = []
    for mark, width in zip(named, widths, strict=True):
        free = (
            box
            for box in _candidates(marks[mark], width, height)
            if box.lies_in(frame)
            and not any(box.meets(other) for other in taken)
            and not _covers_a_mark(box, marks)
        )
        chosen = next(free, None)
        if chosen is not None:
            taken.append(chosen)
        found.append(None if chosen is None else (chosen.left, chosen.bottom))
    return found


def _candidates(mark: Floats, width: float, height: float) -> Iterator[Box]:
    across, up = float(mark[0]), float(mark[1])
    for away in _DISTANCES:
        slant = 0.7 * away
        for left, bottom in (
            (across + away, up - height / 2),
            (across - away - width, up - height / 2),
            (across - width / 2, up + away),
            (across - width / 2, up - away - height),
            (across + slant, up + slant),
            (across - slant - width, up + slant),
            (across + slant, up - slant - height),
            (across - slant - width, up - slant - height),
        ):
            yield Box(left, bottom, left + width, bottom + height)


def _covers_a_mark(box: Box, marks: Floats) -> bool:
    across = np.abs(marks[:, 0] - (box.left + box.right) / 2) < (box.right - box.left) / 2 + _MARK_RADIUS_PT
    up = np.abs(marks[:, 1] - (box.bottom + box.top) / 2) < (box.top - box.bottom) / 2 + _MARK_RADIUS_PT
    return bool((across & up).any())
