"""Random orders under rules: no image twice in a row, no method more than twice."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from itertools import chain, islice
from typing import TypeVar

from ratings.playlist.rules import LONGEST_RUN, Key, Rules, fits, obstacle, run_of

T = TypeVar("T")

# Orders drawn before giving up, so many that all together place about this many trials.
PLACEMENTS = 40_000

# Trials looked at for one that is preferred.
PREFERRED_AMONG = 12

# Trials moved away from the end of an order that does not fit what stands there.
MOVES = 8


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


def draw_order(
    keys: Sequence[Key],
    rng: random.Random,
    rules: Rules,
    before: Sequence[Key] = (),
    *,
    tries: int | None = None,
) -> list[int] | None:
    """Return the indices of the keys in an order that keeps the rules after `before`, or None."""
    if obstacle(keys, rules):
        return None
    for _ in range(tries or max(50, PLACEMENTS // len(keys))):
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
        self.run = run_of(reversed(before), before[-1][1]) if before else 0
        # How long the runs of single methods are that the next trial would go on with.
        self.shown_run: dict[str, int] = {}
        self.tired: set[str] = set()
        for _, method in before if rules.shown else ():
            self._show(method)

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
        around = chain(range(start, len(pending)), range(start))
        first = next((at for at in around if self._fits(pending[at], rest)), None)
        if first is None or self._is_preferred(pending[first]):
            return first
        few = (at for at in islice(around, PREFERRED_AMONG) if self._is_preferred(pending[at]))
        return next((at for at in few if self._fits(pending[at], rest)), first)

    def _fits(self, candidate: int, rest: int) -> bool:
        return self._image_fits(candidate, rest) and self._method_fits(candidate, rest)

    def _is_preferred(self, candidate: int) -> bool:
        """Say whether no single method would come more than twice in a row."""
        shown = self.rules.shown
        return not shown or self.tired.isdisjoint(shown[self.methods[candidate]])

    def _show(self, method: int) -> None:
        shown = self.rules.shown[method] if method >= 0 else ()
        self.shown_run = {one: self.shown_run.get(one, 0) + 1 for one in shown}
        self.tired = {one for one, run in self.shown_run.items() if run >= LONGEST_RUN}

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
        if self.rules.shown:
            self._show(method)
        self.order.append(candidate)
        self.image_counts.place(image)
        self.method_counts.place(method)
