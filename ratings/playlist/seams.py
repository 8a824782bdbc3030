"""Where the training ends and the rater's own list begins: both in orders that keep the rules there too."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, pairwise
from typing import NamedTuple

from ratings.playlist.design import Design
from ratings.playlist.mixing import TRAP_METHODS, Stage, Trial, lay_out
from ratings.playlist.orders import draw_order
from ratings.playlist.rules import LONGEST_RUN, Key, Rules, fits, longest_run, obstacle

# A method that no trial has: what is shown by it leaves the rule about methods nothing to say.
NO_METHOD = -3

# Orders of the training drawn before giving up, and turned and new orders of the tests.
TRAINING_TRIES = 50
TURNED = 4
PLACEMENTS = 1000


class Seam(NamedTuple):
    """The training as given, and the generator for what is drawn anew because of it."""

    training: Sequence[Key]
    rng: random.Random


Joined = tuple[list[int], list[Trial]]
"""The training by its places as given, and the trials after it."""


def join(stage: Stage, seam: Seam, design: Design, rng: random.Random) -> Joined | None:
    """Return dummies and main part after the training, or None if no order of theirs was found.

    Where the tests in their order cannot follow the training as given, another order of the training is
    looked for, then one of the tests, then both; the rule about methods is let go first, and what no order
    allows is let go at this one place.
    """
    given = list(range(len(seam.training)))
    trials = lay_out(stage, design, rng)
    if trials is not None:
        return given, trials
    trials = lay_out(stage._replace(before=()), design, rng) if stage.before else None
    if trials is None:
        return None
    anywhere = _Kept(_other_lists(stage._replace(before=()), design, seam.rng))
    for rules in dict.fromkeys((stage.rules, stage.rules._replace(methods_apart=False))):
        if _follows(seam.training, _shown(trials, stage), rules):
            return given, trials
        # With nothing among the tests, too much of one image is too much in every order.
        tests = [stage.keys[which] for which in stage.tests]
        if len(trials) == len(tests) and obstacle([*seam.training, *tests], rules):
            continue
        trained = _retrained(seam, _shown(trials, stage), rules)
        if trained is not None:
            return trained, trials
        before = seam.training[-2:] if rules.methods_apart else [(seam.training[-1][0], NO_METHOD)]
        for found in _other_lists(stage._replace(before=before), design, seam.rng):
            return given, found
        for found in anywhere:
            trained = _retrained(seam, _shown(found, stage), rules)
            if trained is not None:
                return trained, found
    return given, trials


class _Kept:
    """What a generator yields, again and again."""

    def __init__(self, source: Iterator[list[Trial]]) -> None:
        self.source, self.found = source, list[list[Trial]]()

    def __iter__(self) -> Iterator[list[Trial]]:
        yield from self.found
        for one in self.source:
            self.found.append(one)
            yield one


def _other_lists(stage: Stage, design: Design, rng: random.Random) -> Iterator[list[Trial]]:
    """Yield lists of the same tests in other orders, after what stands before."""
    for tests in _other_orders(stage, design, rng):
        found = lay_out(stage._replace(tests=tests), design, rng)
        if found is not None:
            yield found


def _retrained(seam: Seam, after: Sequence[Key], rules: Rules) -> list[int] | None:
    """Return an order of the training that these trials can follow, as near to the given one as found."""
    keys = seam.training
    most = max(LONGEST_RUN, longest_run(method for _, method in keys))
    for order in _orders_of_training(seam, after, rules):
        trained = [keys[which] for which in order]
        apart = not rules.images_apart or all(one != two for (one, _), (two, _) in pairwise(trained))
        if apart and longest_run(method for _, method in trained) <= most and _follows(trained, after, rules):
            return order
    return None


def _orders_of_training(seam: Seam, after: Sequence[Key], rules: Rules) -> Iterator[list[int]]:
    count = len(seam.training)
    given = list(range(count))
    yield given[::-1]
    for which in reversed(given[:-1]):
        yield [*given[:which], *given[which + 1 :], which]
        yield [*given[:which], given[-1], *given[which + 1 : -1], which]
    backwards = list(reversed(after[:2])) if rules.methods_apart else []
    for _ in range(TRAINING_TRIES):
        # From its last trial to its first, after what comes next.
        order = draw_order(seam.training, seam.rng, rules, backwards, tries=1)
        if order is None and rules.methods_apart:
            order = draw_order(seam.training, seam.rng, rules._replace(methods_apart=False), tries=1)
        if order is not None:
            yield order[::-1]


def _other_orders(stage: Stage, design: Design, rng: random.Random) -> Iterator[list[int]]:
    """Yield orders of the tests: those that begin a little further on or before, then others."""
    tests = list(stage.tests)
    yield from islice(_turned(stage, tests, bool(design.dummies)), TURNED)
    own = [stage.keys[which] for which in tests]
    before = () if design.dummies else stage.before
    for _ in range(max(1, min(20, PLACEMENTS // len(tests)))):
        order = draw_order(own, rng, stage.rules, before, tries=2)
        if order is not None:
            yield [tests[which] for which in order]


def _turned(stage: Stage, tests: list[int], has_dummies: bool) -> Iterator[list[int]]:
    """Yield the tests from another one on, those before it moved to the end, where the rules allow it."""
    keys, count = stage.keys, len(tests)
    ends, starts = [keys[which] for which in tests[-2:]], [keys[which] for which in tests[:2]]
    if count < 4 or not fits(ends, starts[0], starts[1:], stage.rules):
        return
    for step in range(1, count // 2 + 1):
        for start in dict.fromkeys((step, count - step)):
            order = [*tests[start:], *tests[:start]]
            first, second = (keys[which] for which in order[:2])
            differs = first[0] != starts[0][0] or first[1] != starts[0][1]
            if differs if has_dummies else fits(stage.before, first, [second], stage.rules):
                yield order


def _follows(training: Sequence[Key], after: Sequence[Key], rules: Rules) -> bool:
    return fits(training[-2:], after[0], after[1:2], rules)


def _shown(trials: Iterable[Trial], stage: Stage) -> list[Key]:
    """Return the first two trials as the rules see them."""
    return [
        (
            stage.keys[trial.which][0],
            TRAP_METHODS.get(trial.shown, stage.keys[trial.which][1]),
        )
        for trial in islice(trials, 2)
    ]
