"""A rater's whole list: dummies before the tests, repeats and traps among them."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from ratings.playlist.design import Design, Kind, Shown
from ratings.playlist.orders import below, shuffle
from ratings.playlist.rules import Key, Rules, fits

# Trials between a repeat and its first showing: at least so many, and this share of the main part.
LEAST_APART = 3
APART_SHARE = 6

# To the rule about methods a trap is of a method of its own.
TRAP_METHODS: dict[Shown, int] = {"reference": -1, "degraded": -2}

# Ways of choosing the dummies tried before giving up.
DUMMY_TRIES = 40

# Candidates looked at for a place that a test can take as well.
LOOKED_AT = 8


class Trial(NamedTuple):
    """One trial by the index of its stimulus; `first` is where in the list a repeat was first shown."""

    which: int
    kind: Kind
    shown: Shown = "test"
    first: int | None = None


class Stage(NamedTuple):
    """What does not change from one try to the next: all stimuli, the rater's tests, what stands before."""

    keys: Sequence[Key]
    tests: Sequence[int]
    before: Sequence[Key]
    rules: Rules


def lay_out(stage: Stage, design: Design, rng: random.Random) -> list[Trial] | None:
    """Return dummies and the main part in an order that keeps the rules, or None if none was found."""
    dummies = _draw_dummies(stage, design.dummies, rng)
    if dummies is None:
        return None
    seen = [*stage.before, *(stage.keys[which] for which in dummies)]
    main = _draw_main(stage._replace(before=seen[-2:]), design, rng)
    if main is None:
        return None
    return [
        *(Trial(which, "dummy") for which in dummies),
        *(one if one.first is None else one._replace(first=one.first + len(dummies)) for one in main),
    ]


def _draw_dummies(stage: Stage, count: int, rng: random.Random) -> list[int] | None:
    keys, tests = stage.keys, stage.tests
    for attempt in range(DUMMY_TRIES if count else 1):
        if attempt == 1 and _cannot_alternate(stage, count):
            return None
        pool = shuffle(list(range(len(keys))), rng) if count else []
        chosen: list[int] = []
        for left in range(count - 1, -1, -1):
            seen = [*stage.before, *(keys[which] for which in chosen[-2:])]
            after = [] if left else [keys[which] for which in tests[:2]]
            at = next((at for at, one in enumerate(pool) if fits(seen, keys[one], after, stage.rules)), None)
            if at is None:
                break
            chosen.append(pool.pop(at))
            if count > len(keys) or attempt >= DUMMY_TRIES // 2:
                pool.append(chosen[-1])  # there are too few, or too few that fit, for all to differ
        else:
            if count or fits(stage.before, keys[tests[0]], [keys[one] for one in tests[1:2]], stage.rules):
                return chosen
    return None


def _cannot_alternate(stage: Stage, dummies: int) -> bool:
    """Say whether two images alone would meet, for they can only alternate from what stands before on."""
    images = {image for image, _ in (*stage.keys, *stage.before)}
    if not stage.rules.images_apart or not stage.before or len(images) > 2:
        return False
    return (stage.before[-1][0] == stage.keys[stage.tests[0]][0]) != (dummies % 2 == 1)


def _draw_main(stage: Stage, design: Design, rng: random.Random) -> list[Trial] | None:
    """Mix repeats and traps into the tests, repeats as far from their first showing as asked, or as found."""
    traps: list[Shown] = []
    traps += ["reference"] * design.reference_traps
    traps += ["degraded"] * design.degraded_traps
    if not design.repeats and not traps:
        return [Trial(which, "test") for which in stage.tests]
    one_of_each = {image: which for which, (image, _) in enumerate(stage.keys)}
    images = shuffle(list(one_of_each.values()), rng)
    length = len(stage.tests) + design.repeats + len(traps)
    apart = max(LEAST_APART, length // APART_SHARE) if design.repeats else 0
    tries = max(3, min(20, 2000 // length))
    while True:
        for at_the_end in [False] * tries + [True] * tries:
            mixing = _Mixing(stage, shuffle(list(traps), rng), images, rng, apart, at_the_end)
            trials = mixing.complete(design.repeats)
            if trials is not None:
                return trials
        if not apart:
            return None
        apart = apart * 3 // 4


class _Mixing:
    """One main part under construction: the tests in their order, repeats and traps at random among them.

    `at_the_end` repeats tests that follow one another, in the same order, after all tests: where few places
    would take a repeat, there they keep the rules.
    """

    def __init__(
        self,
        stage: Stage,
        traps: list[Shown],
        images: Sequence[int],
        rng: random.Random,
        apart: int,
        at_the_end: bool,
    ) -> None:
        self.keys, self.tests, self.rules = stage.keys, stage.tests, stage.rules
        self.traps, self.images = traps, list(images)
        self.rng, self.apart, self.at_the_end = rng, apart, at_the_end
        self.seen = list(stage.before)
        self.trials: list[Trial] = []
        self.tests_placed = 0
        self.first_of: dict[int, int] = {}  # of tests to be repeated, in the order shown
        self.ripe: list[int] = []  # those of them that may come again
        self.unripe: deque[int] = deque()

    def complete(self, repeats: int) -> list[Trial] | None:
        """Return the whole main part, or None if this attempt ran into a dead end."""
        self._choose_repeats(repeats)
        while self.tests_placed < len(self.tests) or self.repeats or self.traps:
            if not self._step():
                return None
        return self.trials

    def _choose_repeats(self, repeats: int) -> None:
        """Choose tests so early that enough trials follow, and say how many extras must wait for the last."""
        count = len(self.tests)
        early = max(count - self.apart, repeats)
        places = shuffle(list(range(early)), self.rng)[:repeats]
        if self.at_the_end:
            start = below(early - repeats + 1, self.rng)
            places = list(range(start, start + repeats))
        self.chosen = {self.tests[place] for place in places}
        self.last = max(places, default=-1)
        self.waiting_for_last = self.apart + 1 - (count - 1 - self.last) if repeats else 0
        self.repeats = repeats

    def _step(self) -> bool:
        """Place one trial, of a kind drawn by how many of each are left, and say whether one fitted."""
        tests = len(self.tests) - self.tests_placed
        drawn = below(tests + len(self.traps) + self.repeats, self.rng)
        held = self.tests_placed <= self.last and len(self.traps) + self.repeats <= self.waiting_for_last
        if drawn < len(self.traps) + self.repeats and not held:
            place = self._trap if drawn < len(self.traps) else self._repeat
            if place():
                return True
        if tests:
            self._test()
            return True
        return self._repeat() or self._trap()

    def _test(self) -> None:
        which = self.tests[self.tests_placed]
        if which in self.chosen:
            self.first_of[which] = len(self.trials)
            self.unripe.append(which)
        self._place(Trial(which, "test"), self.keys[which])
        self.tests_placed += 1

    def _repeat(self) -> bool:
        if not self.repeats or (self.at_the_end and self.tests_placed < len(self.tests)):
            return False
        while self.unripe and self.first_of[self.unripe[0]] < len(self.trials) - self.apart:
            self.ripe.append(self.unripe.popleft())
        at = self._fitting(self.ripe, 0 if self.at_the_end else below(len(self.ripe), self.rng))
        if at is None:
            return False
        which = self.ripe.pop(at)
        self.repeats -= 1
        self._place(Trial(which, "repeat", first=self.first_of[which]), self.keys[which])
        return True

    def _trap(self) -> bool:
        if not self.traps:
            return False
        method = TRAP_METHODS[self.traps[-1]]
        at = self._fitting(self.images, 0, method)
        if at is None:
            return False
        which = self.images.pop(at)
        self.images.append(which)  # another image each time while there are others
        self._place(Trial(which, "trap", self.traps.pop()), (self.keys[which][0], method))
        return True

    def _fitting(self, candidates: Sequence[int], start: int, method: int | None = None) -> int | None:
        """Return which candidate can come next and before the test that follows, or None.

        The candidates are stimuli, tried from `start` on; with a method given, their images by that method.
        """
        after = [self.keys[which] for which in self.tests[self.tests_placed : self.tests_placed + 2]]
        for step in range(min(LOOKED_AT, len(candidates)) if after else len(candidates)):
            at = (start + step) % len(candidates)
            image, own = self.keys[candidates[at]]
            if fits(self.seen[-2:], (image, own if method is None else method), after, self.rules):
                return at
        return None

    def _place(self, trial: Trial, key: Key) -> None:
        self.trials.append(trial)
        self.seen.append(key)
