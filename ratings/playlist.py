"""The order of a rater's trials and the side of the reference, drawn from a seed under constraints."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Literal, NamedTuple

Side = Literal["left", "right"]

# A method shown three times in a row starts to be recognised.
LONGEST_RUN = 2

# Orders drawn before giving up, so many that all together place about this many stimuli.
PLACEMENTS = 40_000


class StimulusKey(NamedTuple):
    """A stimulus as the playlist needs to know it."""

    id: int
    image: str
    method: str


class PlaylistItem(NamedTuple):
    """One trial: `position` counts from 0, `reference_side` is where on the page the reference stands."""

    stimulus_id: int
    reference_side: Side
    position: int
    kind: Literal["test"]


@dataclass(frozen=True)
class _Rules:
    images_apart: bool
    methods_apart: bool


ALL_RULES = _Rules(images_apart=True, methods_apart=True)
RELAXED = (
    _Rules(images_apart=True, methods_apart=False),
    _Rules(images_apart=False, methods_apart=True),
    _Rules(images_apart=False, methods_apart=False),
)


def make_playlist(
    stimuli: Sequence[StimulusKey], *, seed: int, rater_index: int, relax: bool = False
) -> tuple[PlaylistItem, ...]:
    """Order a study's stimuli for one rater, each once, and choose the side of each reference.

    Order: random, another for every `rater_index`; no image twice in a row, no method more than twice.
    Sides: of one rater's trials as many have the reference left as right (an odd one out apart), and
    so have the votes on one stimulus over raters 0..k, for every k: raters 2k and 2k + 1 see each
    stimulus with its sides exchanged.
    Replayable: the same stimuli (in any order, under any ids), seed and rater give the same list on
    every machine; `rater_index` counts from 0 and should leave no gaps.
    `relax` drops a rule that cannot hold, the one about methods first, and never fails because of one.
    Raises: ValueError, one sentence, for no stimuli, a stimulus given twice, a negative
    `rater_index`, or a rule that cannot hold when `relax` is False.
    """
    _refuse_bad_request(stimuli, rater_index)
    ordered = sorted(stimuli, key=lambda stimulus: (stimulus.image, stimulus.method))
    order = _order(ordered, _generator(seed, "order", rater_index), relax=relax)
    sides = _sides(len(ordered), seed, rater_index)
    return tuple(
        PlaylistItem(ordered[which].id, sides[which], position, "test")
        for position, which in enumerate(order)
    )


def _refuse_bad_request(stimuli: Sequence[StimulusKey], rater_index: int) -> None:
    if not stimuli:
        raise ValueError("a playlist needs at least one stimulus; none was given")
    if rater_index < 0:
        raise ValueError(f"rater_index {rater_index} is negative; raters count from 0")
    (image, method), times = Counter((one.image, one.method) for one in stimuli).most_common(1)[0]
    if times > 1:
        raise ValueError(
            f"image {image!r} by method {method!r} is given {times} times; a stimulus is shown once"
        )


def _generator(seed: int, purpose: str, index: int) -> random.Random:
    """Return a generator for one purpose, independent of those for the others."""
    digest = hashlib.sha256(f"playlist 1|{seed}|{purpose}|{index}".encode()).digest()
    return random.Random(int.from_bytes(digest, "big"))  # noqa: S311  no secret hangs on an order


def _shuffle(items: list[int], rng: random.Random) -> None:
    # Python promises the same random() for the same seed in every version, and of shuffle() it does not.
    for last in range(len(items) - 1, 0, -1):
        other = int(rng.random() * (last + 1))
        items[last], items[other] = items[other], items[last]


def _sides(count: int, seed: int, rater_index: int) -> list[Side]:
    """Return the side of every stimulus's reference, balanced in this rater and over raters."""
    pair, second = divmod(rater_index, 2)
    rng = _generator(seed, "sides", pair)
    which = list(range(count))
    _shuffle(which, rng)
    # Of an odd number the one left over falls to either side.
    left = set(which[: (count + int(rng.random() * 2)) // 2])
    return ["left" if (stimulus in left) != bool(second) else "right" for stimulus in range(count)]


def _order(stimuli: list[StimulusKey], rng: random.Random, *, relax: bool) -> list[int]:
    """Return the indices of the stimuli in the order shown, under the first rules that can be kept."""
    for rules in (ALL_RULES, *RELAXED) if relax else (ALL_RULES,):
        order = _draw_order(stimuli, rng, rules)
        if order is not None:
            return order
    raise ValueError(
        _obstacle(stimuli, ALL_RULES)
        or f"no order of these {len(stimuli)} stimuli was found in which no image follows itself and no "
        f"method comes more than {LONGEST_RUN} times in a row"
    )


def _obstacle(stimuli: list[StimulusKey], rules: _Rules) -> str | None:
    """Say which image or method there is simply too much of, if there is one."""
    total = len(stimuli)
    image, image_count = Counter(one.image for one in stimuli).most_common(1)[0]
    method, method_count = Counter(one.method for one in stimuli).most_common(1)[0]
    if rules.images_apart and image_count > (total + 1) // 2:
        return f"image {image!r} has {image_count} of {total} stimuli, so it cannot but follow itself"
    if rules.methods_apart and method_count > LONGEST_RUN * (total - method_count + 1):
        return (
            f"method {method!r} has {method_count} of {total} stimuli, so it cannot but come more than "
            f"{LONGEST_RUN} times in a row"
        )
    return None


def _draw_order(stimuli: list[StimulusKey], rng: random.Random, rules: _Rules) -> list[int] | None:
    """Return the indices of the stimuli in an order that keeps the rules, or None if none was found."""
    if _obstacle(stimuli, rules):
        return None
    images = _codes([stimulus.image for stimulus in stimuli])
    methods = _codes([stimulus.method for stimulus in stimuli])
    for _ in range(max(50, PLACEMENTS // len(stimuli))):
        attempt = _Attempt(images, methods, rules).complete(rng)
        if attempt is not None:
            return attempt
    return None


def _codes(names: list[str]) -> list[int]:
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return [numbers[name] for name in names]


class _Pending:
    """How many stimuli of each group (image or method) are still to be placed, and the most of any."""

    def __init__(self, groups: list[int]) -> None:
        counts = Counter(groups)
        self.of = [counts[group] for group in range(len(counts))]
        self.most = max(self.of)
        self._groups_with = Counter(self.of)

    def most_without(self, group: int) -> int:
        """Return what `most` would be after one of this group is placed."""
        alone = self.of[group] == self.most and self._groups_with[self.most] == 1
        return self.most - 1 if alone else self.most

    def place(self, group: int) -> None:
        self.most = self.most_without(group)
        self._groups_with[self.of[group]] -= 1
        self.of[group] -= 1
        self._groups_with[self.of[group]] += 1


class _Attempt:
    """One order under construction: random picks, refusing those after which the rest could not follow."""

    def __init__(self, images: list[int], methods: list[int], rules: _Rules) -> None:
        self.images, self.methods, self.rules = images, methods, rules
        self.image_counts, self.method_counts = _Pending(images), _Pending(methods)
        self.order: list[int] = []
        self.run = 0

    def complete(self, rng: random.Random) -> list[int] | None:
        """Return a whole order, or None if this attempt ran into a dead end."""
        pending = list(range(len(self.images)))
        _shuffle(pending, rng)
        while pending:
            # From a random place on: what was refused a moment ago must not always come next.
            start = int(rng.random() * len(pending))
            rest = len(pending) - 1
            for at in chain(range(start, len(pending)), range(start)):
                if self._image_fits(pending[at], rest) and self._method_fits(pending[at], rest):
                    break
            else:
                return None
            self._place(pending[at])
            pending[at] = pending[-1]
            pending.pop()
        return self.order

    def _run_with(self, candidate: int) -> int:
        same = self.order and self.methods[self.order[-1]] == self.methods[candidate]
        return self.run + 1 if same else 1

    def _image_fits(self, candidate: int, rest: int) -> bool:
        """Say whether the image is new and `rest` more stimuli could follow without any following itself."""
        image = self.images[candidate]
        if not self.rules.images_apart:
            return True
        if self.order and self.images[self.order[-1]] == image:
            return False
        counts = self.image_counts
        return counts.of[image] - 1 <= rest // 2 and counts.most_without(image) <= (rest + 1) // 2

    def _method_fits(self, candidate: int, rest: int) -> bool:
        """Say whether the run stays short and `rest` more stimuli could follow in short runs."""
        if not self.rules.methods_apart:
            return True
        run, counts, method = self._run_with(candidate), self.method_counts, self.methods[candidate]
        if run > LONGEST_RUN:
            return False
        own, most = counts.of[method] - 1, counts.most_without(method)
        # Others split a method's stimuli into one run more than there are others; this run is begun.
        return own <= LONGEST_RUN * (rest - own + 1) - run and most <= LONGEST_RUN * (rest - most + 1)

    def _place(self, candidate: int) -> None:
        self.run = self._run_with(candidate)
        self.order.append(candidate)
        self.image_counts.place(self.images[candidate])
        self.method_counts.place(self.methods[candidate])
