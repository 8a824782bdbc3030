"""Random orders under rules: no image twice in a row, no method more than twice."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from itertools import chain
from typing import NamedTuple, TypeVar

T = TypeVar("T")

# A method shown three times in a row starts to be recognised.
LONGEST_RUN = 2

# Orders drawn before giving up, so many that all together place about this many trials.
PLACEMENTS = 40_000

# Trials moved away from the end of an order that does not fit what stands there.
MOVES = 8

Key = tuple[int, int]
"""A trial as the rules see it: the numbers of its image and of its method."""


class Rules(NamedTuple):
    """Which rules an order keeps."""

    images_apart: bool
    methods_apart: bool


ALL_RULES = Rules(images_apart=True, methods_apart=True)
# The rule about images is kept the longest.
LEVELS = (ALL_RULES, Rules(True, False), Rules(False, True), Rules(False, False))


def generator(seed: int, purpose: str, index: int) -> random.Random:
    """Return a generator for one purpose, independent of those for the others."""
    digest = hashlib.sha256(f"playlist 2|{seed}|{purpose}|{index}".encode()).digest()
    return random.Random(int.from_bytes(digest, "big"))  # noqa: S311  no secret hangs on an order


def below(limit: int, rng: random.Random) -> int:
    """Return a random whole number from 0 to `limit` - 1."""
    # Python promises the same random() for the same seed in every version, and of its other draws nothing.
    return int(rng.random() * limit)


def shuffle(items: list[T], rng: random.Random) -> list[T]:
    """Put the items into a random order, in place, and return them."""
    for last in range(len(items) - 1, 0, -1):
        other = below(last + 1, rng)
        items[last], items[other] = items[other], items[last]
    return items


def codes(names: Iterable[Hashable]) -> list[int]:
    """Number the names in the order in which they first come."""
    numbers: dict[Hashable, int] = {}
    return [numbers.setdefault(name, len(numbers)) for name in names]


def fits(before: Sequence[Key], key: Key, after: Sequence[Key], rules: Rules) -> bool:
    """Say whether a trial may stand between the two (or fewer) trials before and the two after it."""
    image, method = key
    if rules.images_apart and ((before and before[-1][0] == image) or (after and after[0][0] == image)):
        return False
    if not rules.methods_apart:
        return True
    run = 1 + _run(reversed(before), method) + _run(after, method)
    return run <= LONGEST_RUN


def _run(keys: Iterable[Key], method: int) -> int:
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


def draw_order(
    keys: Sequence[Key], rng: random.Random, rules: Rules, before: Sequence[Key] = ()
) -> list[int] | None:
    """Return the indices of the keys in an order that keeps the rules after `before`, or None."""
    if obstacle(keys, rules):
        return None
    for _ in range(max(50, PLACEMENTS // len(keys))):
        order = _Attempt(keys, rules, before).complete(rng)
        if order is not None:
            return order
    return None


def draw_cycle(keys: Sequence[Key], rng: random.Random, rules: Rules) -> list[int] | None:
    """Return such an order that keeps the rules from its last trial on to its first, too, or None."""
    if obstacle(keys, rules, cyclic=True):
        return None

    def closes(order: list[int]) -> bool:
        first, *second = (keys[which] for which in order[:2])
        return fits([keys[which] for which in order[-2:]], first, second, rules)

    for _ in range(max(5, PLACEMENTS // 4 // len(keys))):
        order = _Attempt(keys, rules).complete(rng)
        if order is not None:
            order = mend_start(order, closes, keys, rules, rng)
            if closes(order):
                return order
    return None


def draw_halves(
    keys: Sequence[Key], late: Sequence[bool], rng: random.Random, rules: Rules, before: Sequence[Key] = ()
) -> list[int] | None:
    """Return such an order with the late ones in its second half, or with as few elsewhere as found."""
    if obstacle(keys, rules):
        return None
    wanted = max(1, min(8, PLACEMENTS // 20 // len(keys)))
    found: list[tuple[int, list[int]]] = []
    for attempt in range(5 * wanted):
        # Where early ones first only leads to dead ends, any order will do.
        halved = late if found or attempt < wanted else None
        order = _Attempt(keys, rules, before).complete(rng, halved)
        if order is not None:
            found.append((count_astray(order, late), order))
        if found and (found[-1][0] == 0 or len(found) == wanted):
            break
    return min(found)[1] if found else None


def count_astray(order: Sequence[int], late: Sequence[bool]) -> int:
    """Return how many stand in the wrong half; the middle of an odd number belongs to both."""
    last = len(order) - 1
    return sum(
        2 * position < last if late[which] else 2 * position > last for position, which in enumerate(order)
    )


def mend_start(
    order: list[int],
    good: Callable[[list[int]], bool],
    keys: Sequence[Key],
    rules: Rules,
    rng: random.Random,
) -> list[int]:
    """Move trials from the start to places further on until the order is `good`; if that fails, as it was."""
    mended = list(order)
    for _ in range(MOVES):
        if good(mended):
            return mended
        moved = mended.pop(0)
        # The last two keep their places: the order may have been made to fit there.
        gaps = range(1, len(mended) - 1)
        start = below(len(gaps), rng)
        for gap in chain(gaps[start:], gaps[:start]):
            before = [keys[which] for which in mended[max(0, gap - 2) : gap]]
            if fits(before, keys[moved], [keys[which] for which in mended[gap : gap + 2]], rules):
                mended.insert(gap, moved)
                break
        else:
            return order
    return mended if good(mended) else order


class _Pending:
    """How many trials of each group (image or method) are still to be placed, and the most of any."""

    def __init__(self, groups: list[int]) -> None:
        self.of = dict(Counter(groups))
        self.most = max(self.of.values())
        self._groups_with = [0] * (self.most + 1)
        for count in self.of.values():
            self._groups_with[count] += 1

    def most_without(self, group: int) -> int:
        """Return what `most` would be after one of this group is placed."""
        alone = self.of[group] == self.most and self._groups_with[self.most] == 1
        return self.most - 1 if alone else self.most

    def place(self, group: int) -> None:
        count = self.of[group]
        self.most = self.most_without(group)
        self._groups_with[count] -= 1
        self._groups_with[count - 1] += 1
        self.of[group] = count - 1


class _Attempt:
    """One order under construction: random picks, refusing those after which the rest could not follow."""

    def __init__(self, keys: Sequence[Key], rules: Rules, before: Sequence[Key] = ()) -> None:
        self.images, self.methods = [image for image, _ in keys], [method for _, method in keys]
        self.rules = rules
        self.image_counts, self.method_counts = _Pending(self.images), _Pending(self.methods)
        self.order: list[int] = []
        self.last: tuple[int | None, int | None] = before[-1] if before else (None, None)
        self.run = _run(reversed(before), before[-1][1]) if before else 0

    def complete(self, rng: random.Random, late: Sequence[bool] | None = None) -> list[int] | None:
        """Return a whole order, those that are not `late` first where they fit; None at a dead end."""
        pending = shuffle(list(range(len(self.images))), rng)
        groups = [pending]
        if late is not None:
            groups = [[which for which in pending if late[which] == last] for last in (False, True)]
        for rest in range(len(pending) - 1, -1, -1):
            for group in groups:
                at = self._choose(group, rest, rng)
                if at is not None:
                    self._place(group[at])
                    group[at] = group[-1]
                    group.pop()
                    break
            else:
                return None
        return self.order

    def _choose(self, pending: list[int], rest: int, rng: random.Random) -> int | None:
        if not pending:
            return None
        # From a random place on: what was refused a moment ago must not always come next.
        start = below(len(pending), rng)
        for at in chain(range(start, len(pending)), range(start)):
            if self._image_fits(pending[at], rest) and self._method_fits(pending[at], rest):
                return at
        return None

    def _run_with(self, candidate: int) -> int:
        return self.run + 1 if self.methods[candidate] == self.last[1] else 1

    def _image_fits(self, candidate: int, rest: int) -> bool:
        """Say whether the image is new and `rest` more trials could follow without any following itself."""
        image = self.images[candidate]
        if not self.rules.images_apart:
            return True
        if image == self.last[0]:
            return False
        counts = self.image_counts
        if counts.most <= rest // 2:
            return True  # the rest has room to spare
        return counts.of[image] - 1 <= rest // 2 and counts.most_without(image) <= (rest + 1) // 2

    def _method_fits(self, candidate: int, rest: int) -> bool:
        """Say whether the run stays short and `rest` more trials could follow in short runs."""
        if not self.rules.methods_apart:
            return True
        run, counts, method = self._run_with(candidate), self.method_counts, self.methods[candidate]
        if run > LONGEST_RUN:
            return False
        if (LONGEST_RUN + 1) * counts.most <= LONGEST_RUN * rest:
            return True  # the rest has room to spare
        own, most = counts.of[method] - 1, counts.most_without(method)
        # Others split a method's trials into one run more than there are others; this run is begun.
        return own <= LONGEST_RUN * (rest - own + 1) - run and most <= LONGEST_RUN * (rest - most + 1)

    def _place(self, candidate: int) -> None:
        self.run = self._run_with(candidate)
        image, method = self.last = self.images[candidate], self.methods[candidate]
        self.order.append(candidate)
        self.image_counts.place(image)
        self.method_counts.place(method)
