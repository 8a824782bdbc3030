"""Which stimuli each rater sees as tests, in which order and on which side, balanced over raters.

Raters come in rounds that know nothing of one another. A partial design draws one order of all stimuli for
a round, closed to a circle, and its raters take consecutive arcs of it, pass after pass: so exposure is
within one at every rater. The grid of arcs is another in the next pass, so arcs of one bridge those of the
other and no group of raters and stimuli stands apart. A round is an even number of passes, and what
alternates from pass to pass (sides, halves) is even at its end.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from math import gcd
from typing import NamedTuple

from ratings.playlist.orders import below, draw_cycle, draw_halves, draw_order, generator, mend_start, shuffle
from ratings.playlist.rules import Key, Rules, fits, obstacle

# Places of the circle looked at to count how often an image has had its turn.
COUNTED = 4_000


class Part(NamedTuple):
    """One rater's tests by index, in order; which have the reference left; the rules kept."""

    order: list[int]
    left: set[int]
    rules: Rules


class Opening(NamedTuple):
    """What stands before a rater's tests: the last training trials, and how many dummies follow them."""

    training: Sequence[Key]
    dummies: int


def draw_part(
    keys: Sequence[Key],
    tests: int,
    *,
    seed: int,
    rater_index: int,
    opening: Opening,
    levels: Sequence[Rules],
    companions: Sequence[Key] = (),
) -> Part | None:
    """Draw the tests of one rater out of all stimuli, or return None where no order keeps the rules.

    `levels` are the rules to be tried, one after the other. Companions are counted after the stimuli.
    """
    if tests < len(keys):
        return _partial(keys, tests, seed, rater_index, opening, levels, companions)
    return _complete([*keys, *companions], seed, rater_index, opening, levels)


def _complete(
    keys: Sequence[Key], seed: int, rater_index: int, opening: Opening, levels: Sequence[Rules]
) -> Part | None:
    """All stimuli; raters 2j and 2j + 1 have one order forwards and backwards, with sides exchanged."""
    pair, second = divmod(rater_index, 2)
    rng = generator(seed, "order", pair)
    order, rules = _order_to_turn(keys, rng, opening, levels)
    if order is None:
        return None
    rng = generator(seed, "sides", pair)
    # Each half balanced in itself: nobody has the references all left in the first half.
    half = len(order) // 2
    mixed = shuffle(order[:half], rng) + shuffle(order[half:], rng)
    left = set(mixed[below(2, rng) :: 2])
    return Part(order[::-1], set(mixed) - left, rules) if second else Part(order, left, rules)


def _order_to_turn(
    keys: Sequence[Key], rng: random.Random, opening: Opening, levels: Sequence[Rules]
) -> tuple[list[int] | None, Rules]:
    """Draw an order that can follow what stands before it from both of its ends, where one is found."""
    for rules in levels:
        good = _opens(keys, opening, rules)
        for _ in range(max(1, min(20, 2000 // len(keys)))):
            order = draw_order(keys, rng, rules)
            if order is None:
                break
            order = mend_start(order, good, keys, rules, rng)
            order = mend_start(order[::-1], good, keys, rules, rng)
            if good(order) and good(order[::-1]):
                break
        if order is not None:
            return order, rules
    return None, rules


def _partial(
    keys: Sequence[Key],
    tests: int,
    seed: int,
    rater_index: int,
    opening: Opening,
    levels: Sequence[Rules],
    companions: Sequence[Key],
) -> Part | None:
    turn, showings = showings_of(len(keys), tests, rater_index)
    circle = _circle(keys, generator(seed, "circle", turn), levels)
    if circle is None:
        return None
    rng = generator(seed, "sides", turn)
    first_left, first_late = below(2, rng), below(2, rng)
    members = [circle[at] for at, _ in showings]
    left = {circle[at] for at, times in showings if (at + times + first_left) % 2}
    late = [(_half(at, tests) + times + first_late) % 2 == 1 for at, times in showings]
    if companions:
        images = [keys[which][0] for which in circle]
        turns = turns_of_images(images, tests, rater_index)
        more = [which for which, (image, _) in enumerate(companions) if image in turns]
        late += [(turns[companions[which][0]] + first_late) % 2 == 1 for which in more]
        more = [len(keys) + which for which in more]
        mixed = shuffle(list(more), generator(seed, "companions", rater_index))
        left |= set(mixed[2 * len(left) > tests :: 2])
        members += more
    rng = generator(seed, "order", rater_index)
    everything = [*keys, *companions]
    own = [everything[which] for which in members]
    for rules in levels:
        # Halves leave so little choice that preferences would only pile up what is not preferred.
        order = _halved(own, late, rng, rules._replace(shown=()), opening)
        if order is None and companions:
            order = draw_order(own, rng, rules._replace(shown=()))
        if order is not None:
            return Part([members[which] for which in order], left, rules)
    return None


def _halved(
    own: Sequence[Key], late: Sequence[bool], rng: random.Random, rules: Rules, opening: Opening
) -> list[int] | None:
    """Draw a partial design's order, one that can follow what stands before it where one is found."""
    good = _opens(own, opening, rules)
    for before in (() if opening.dummies else opening.training, ()):
        order = draw_halves(own, late, rng, rules, before)
        if order is not None:
            return mend_start(order, good, own, rules, rng)
    as_it_stands = list(range(len(own)))
    return as_it_stands if _keeps(own, rules) else None


def showings_of(count: int, tests: int, rater_index: int) -> tuple[int, list[tuple[int, int]]]:
    """Return the rater's round and, for each test, its place on the round's circle and its pass.

    Example: of 4 stimuli 2 each. Pass 0: places 0 1 and 2 3; pass 1: places 1 2 and 3 0.
    """
    turn, rater = divmod(rater_index, _raters_of_a_round(count, tests))
    start = rater * tests
    if count % tests:
        return turn, [(at % count, at // count) for at in range(start, start + tests)]
    times = start // count
    shift = times * _shift(tests)
    return turn, [((at + shift) % count, times) for at in range(start, start + tests)]


def _raters_of_a_round(count: int, tests: int) -> int:
    passes = 2
    if count % tests:
        passes = tests // gcd(count, tests)
        passes *= 1 + passes % 2
    return passes * count // tests


def _shift(tests: int) -> int:
    """Return by how much the second pass's arcs are moved on where they would begin at the same places."""
    return max(1, tests // 2)


def turns_of_images(circle: Sequence[int], tests: int, rater_index: int) -> dict[int, int]:
    """Return, for each image of a rater's arc, a number that goes up by one from rater to rater who has it.

    `circle` are the images of a round in their order. The count begins anew after so many passes that it
    costs the same for every rater; images that are neighbours on the circle begin one apart.
    """
    count = len(circle)
    rater = rater_index % _raters_of_a_round(count, tests)
    own = {circle[at] for at, _ in showings_of(count, tests, rater)[1]}
    block = max(2, COUNTED // count)
    first_pass = rater * tests // count // block * block
    first_rater = -(-first_pass * count // tests)
    shift = 0 if count % tests else _shift(tests)
    seen: dict[int, set[int]] = {image: set() for image in circle}
    for times in range(first_pass, rater * tests // count + 1):
        for at, image in enumerate(circle):
            seen[image].add((times * count + (at - times * shift) % count) // tests)
    begun = {image: number + first_pass // block for number, image in enumerate(seen)}
    return {image: begun[image] + sum(first_rater <= one < rater for one in seen[image]) for image in own}


def _half(at: int, tests: int) -> int:
    """Return the half (0 or 1) of a rater's tests in which a place of the circle comes in pass 0.

    Early, early, late, late and so on: sides alternate, so both sides come in both halves. The last two of
    a word of 4j + 2 are one early and one late. The word is as long as an arc, so every arc inside the
    circle has half of its tests early; one across its end has up to two too many.
    """
    letter = at % tests
    if tests % 4 == 2 and letter == tests - 1:
        return 1
    return letter // 2 % 2


def _circle(keys: Sequence[Key], rng: random.Random, levels: Sequence[Rules]) -> list[int] | None:
    """Return an order whose every arc keeps the rules, or when relaxed as much of it as is found."""
    for rules in (one._replace(shown=()) for one in levels):
        order = draw_cycle(keys, rng, rules)
        if order is None and len(levels) > 1:
            order = draw_order(keys, rng, rules)
        if order is not None:
            return order
    return None


def _keeps(keys: Sequence[Key], rules: Rules) -> bool:
    return all(
        fits(keys[max(0, at - 2) : at], key, keys[at + 1 : at + 3], rules) for at, key in enumerate(keys)
    )


def _opens(keys: Sequence[Key], opening: Opening, rules: Rules) -> Callable[[list[int]], bool]:
    """Return a function that says whether an order of the keys can follow what stands before it."""

    def good(order: list[int]) -> bool:
        first, *second = (keys[which] for which in order[:2])
        if not opening.training:
            return True
        if not opening.dummies:
            return fits(opening.training, first, second, rules)
        # One dummy must get between two runs of two.
        return not (rules.methods_apart and second and first[1] == second[0][1])

    return good


def why_not(keys: Sequence[tuple[str, str]], tests: int, rules: Rules) -> str:
    """Say in one sentence which rule cannot hold, of stimuli given by the names of image and method."""
    return obstacle(keys, rules, cyclic=tests < len(keys)) or (
        f"no order of these {len(keys)} stimuli was found in which {in_words(rules)}"
    )


def in_words(rules: Rules) -> str:
    """Say what the rules ask of an order."""
    said = {"no image follows itself": rules.images_apart}
    said["no method comes more than twice in a row"] = rules.methods_apart
    return " and ".join(one for one, asked in said.items() if asked)
