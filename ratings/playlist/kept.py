"""Whether a finished list keeps the rules of order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby, pairwise

from ratings.playlist.design import Design, PlaylistItem, StimulusKey
from ratings.playlist.rules import LONGEST_RUN


def keeps_rules(items: Sequence[PlaylistItem], stimuli: Iterable[StimulusKey], design: Design) -> bool:
    """Say whether no image follows itself and no method comes more than twice in a row.

    `stimuli` are all that the items name, those of the training too. A trap is of a method of its own. Runs
    of a method inside the training are as they were given, and where `design` says that methods need not
    be kept apart, runs mean nothing.
    """
    by_id = {one.id: one for one in stimuli}
    images = [by_id[item.stimulus_id].image for item in items]
    if any(one == two for one, two in pairwise(images)):
        return False
    runs = groupby(
        items, key=lambda item: by_id[item.stimulus_id].method if item.shown == "test" else (item.shown,)
    )
    return not design.methods_apart or all(
        len(run) <= LONGEST_RUN or run[-1].kind == "training" for run in (list(run) for _, run in runs)
    )
