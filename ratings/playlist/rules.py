"""The rules of order: no image twice in a row, no method more than twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

# A method shown three times in a row starts to be recognised.
LONGEST_RUN = 2

Key = tuple[int, int]
"""A trial as the rules see it: the numbers of its image and of its method."""


class Rules(NamedTuple):
    """Which rules an order keeps.

    `shown`: where a method stands for several that are shown together, which, by the method's number. An
    order that keeps runs of each of them short is preferred; this is no rule.
    """

    images_apart: bool
    methods_apart: bool
    shown: tuple[tuple[str, ...], ...] = ()


ALL_RULES = Rules(images_apart=True, methods_apart=True)
# The rule about images is kept the longest.
LEVELS = (ALL_RULES, Rules(True, False), Rules(False, True), Rules(False, False))


def levels_of(
    *, methods_apart: bool, relax: bool, shown: tuple[tuple[str, ...], ...] = ()
) -> tuple[Rules, ...]:
    """Return the rules to be tried one after the other, where the one about methods may mean nothing."""
    return tuple(
        rules._replace(shown=shown)
        for rules in LEVELS
        if relax or (rules.images_apart and (rules.methods_apart or not methods_apart))
    )


def fits(before: Sequence[Key], key: Key, after: Sequence[Key], rules: Rules) -> bool:
    """Say whether a trial may stand between the two (or fewer) trials before and the two after it."""
    image, method = key
    if rules.images_apart and ((before and before[-1][0] == image) or (after and after[0][0] == image)):
        return False
    if not rules.methods_apart:
        return True
    run = 1 + run_of(reversed(before), method) + run_of(after, method)
    return run <= LONGEST_RUN


def run_of(keys: Iterable[Key], method: int) -> int:
    """Return how many of the keys, from the first on, are of this method."""
    run = 0
    for _, other in keys:
        if other != method:
            break
        run += 1
    return run


def obstacle(keys: Sequence[tuple[Hashable, Hashable]], rules: Rules, *, cyclic: bool = False) -> str | None:
    """Say which image or method there is simply too much of, if there is one.

    In a cyclic order the last trial comes before the first as well.
    """
    total = len(keys)
    image, image_count = Counter(image for image, _ in keys).most_common(1)[0]
    method, method_count = Counter(method for _, method in keys).most_common(1)[0]
    parts = " in some rater's part" if cyclic else ""
    if rules.images_apart and image_count > (total if cyclic else total + 1) // 2:
        return f"image {image!r} has {image_count} of {total} stimuli, so it cannot but follow itself{parts}"
    if rules.methods_apart and method_count > LONGEST_RUN * (total - method_count + (not cyclic)):
        return (
            f"method {method!r} has {method_count} of {total} stimuli, so it cannot but come more than "
            f"{LONGEST_RUN} times in a row{parts}"
        )
    return None


def longest_run(methods: Iterable[int]) -> int:
    """Return how often the same comes in a row at most."""
    return max((len(list(run)) for _, run in groupby(methods)), default=0)
