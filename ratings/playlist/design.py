"""What goes into a playlist and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

Side = Literal["left", "right"]
Kind = Literal["training", "dummy", "test", "repeat", "trap"]
Shown = Literal["test", "reference", "degraded"]


class StimulusKey(NamedTuple):
    """A stimulus as the playlist needs to know it.

    In paired comparison the method is the pair's name, and `shown` are the two: in a complete design orders
    in which neither comes more than twice in a row are preferred.
    """

    id: int
    image: str
    method: str
    shown: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Design:
    """What each rater's playlist holds.

    `per_rater`: each rater sees that many of the study's stimuli; None, or as many as there are: all.
    `dummies`: trials at the start that let the rater settle, drawn from the study's stimuli, not counted.
    `repeats`: so many of the rater's tests come a second time, later.
    `reference_traps`, `degraded_traps`: the reference against itself, and against a grossly degraded image.
    `methods_apart`: False where every test is of one method, as when two methods alone are compared: then
    the rule about methods says nothing and may be dropped.
    Raises: ValueError, one sentence, for a number that no study could have.
    """

    per_rater: int | None = None
    dummies: int = 0
    repeats: int = 0
    reference_traps: int = 0
    degraded_traps: int = 0
    methods_apart: bool = True

    def __post_init__(self) -> None:
        if self.per_rater is not None and self.per_rater < 1:
            raise ValueError(
                f"per_rater is {self.per_rater}; a rater sees one stimulus or more, or all of them with None"
            )
        for name in ("dummies", "repeats", "reference_traps", "degraded_traps"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be 0 or more")
        if self.per_rater is not None and self.repeats > self.per_rater:
            raise ValueError(
                f"repeats is {self.repeats} and per_rater {self.per_rater}; a test is repeated once at most"
            )

    def tests_of(self, count: int) -> int:
        """Return how many of a study's `count` stimuli one rater sees."""
        return count if self.per_rater is None else min(self.per_rater, count)


class PlaylistItem(NamedTuple):
    """One trial.

    `reference_side` is where on the page the reference stands; `position` counts from 0; `shown` is what
    stands beside the reference; `repeat_of` is the position of a repeat's first showing. A trap's stimulus
    only says whose reference is shown.
    """

    stimulus_id: int
    reference_side: Side
    position: int
    kind: Kind
    shown: Shown
    repeat_of: int | None
