"""One rater's playlist, and whether a study's design can be kept at all."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from operator import attrgetter

from ratings.playlist.design import Design, PlaylistItem, Shown, Side, StimulusKey
from ratings.playlist.mixing import Stage, Trial
from ratings.playlist.orders import below, codes, generator, shuffle
from ratings.playlist.panel import Opening, Part, draw_part, in_words, why_not
from ratings.playlist.rules import Rules, levels_of
from ratings.playlist.seams import Seam, join

TRAPS: tuple[Shown, ...] = ("reference", "degraded")

# Trials laid out to see whether a design can be kept.
TRIED = 40_000
MOST_TRIED = 400


def make_playlist(
    stimuli: Sequence[StimulusKey],
    *,
    seed: int,
    rater_index: int,
    design: Design = Design(),  # noqa: B008  it is frozen
    training: Sequence[StimulusKey] = (),
    companions: Sequence[StimulusKey] = (),
    relax: bool = False,
) -> tuple[PlaylistItem, ...]:
    """Order one rater's trials and choose the side of each reference.

    Order: the training, dummies, then tests with repeats and traps among them. No image comes twice in a row
    and no method more than twice, except where the training is so given. It comes in the order given, or in
    another where what follows could not follow that one; where no order of either would do, the rules are
    broken at this one place (see `keeps_rules`).
    A repeat comes after at least max(3, a sixth of tests, repeats and traps) other trials, or after as many
    as found where the list has no room for so many.
    Raters: `rater_index` is a slot that counts from 0 and leaves no gaps; the slot of a rater who drops out
    goes to the next who joins. Over slots 0..m-1, for every m, the times that stimuli are tests lie within
    one of each other; from the first m at which that is two on average, raters and stimuli are connected.
    Positions: in a complete design raters 2j and 2j + 1 have their tests in opposite orders, unless the
    training can come before one of them alone. In a partial one each stimulus comes by turns in the first
    and the second half of its rater's tests; up to two of a rater's tests lie in the other half, or more
    where the rules leave no other way.
    Sides: left and right within one of each other among one rater's tests, in its training, its dummies and
    its traps, and in one stimulus's tests over slots 0..m-1, for every m. A repeat has the other side of
    its first showing.
    Companions are tests that come with any stimulus of their image, such as hidden references: a complete
    design has all of them; in a partial one a rater's tests are drawn without them, and each image drawn
    brings its own. These come by turns in both halves too; of them nothing is said of sides over raters.
    Replayable: the same stimuli (in any order, under any ids), seed, design, training and slot give the same
    list on every machine. The time taken depends on the number of trials alone.
    `relax` drops rules of order that cannot hold, the one about images last, and never fails because of one.
    Raises: ValueError, one sentence, for no stimuli, a stimulus given twice, a negative `rater_index`, more
    repeats than tests, and, when `relax` is False, a rule that cannot hold or raters of one stimulus each.
    """
    _refuse_bad_request(stimuli, companions, training, rater_index, design, relax=relax)
    tests = design.tests_of(len(stimuli))
    by_name = attrgetter("image", "method")
    if tests < len(stimuli):
        ordered = [*sorted(stimuli, key=by_name), *sorted(companions, key=by_name)]
        drawn_from = len(stimuli)
    else:
        ordered = sorted([*stimuli, *companions], key=by_name)
        drawn_from = tests = len(ordered)
    named = [(one.image, one.method) for one in (*ordered, *training)]
    keys = list(zip(codes(image for image, _ in named), codes(method for _, method in named), strict=True))
    of_methods = {key: one.shown for (_, key), one in zip(keys, (*ordered, *training), strict=True)}
    shown = tuple(of_methods.values()) if any(of_methods.values()) else ()
    levels = levels_of(methods_apart=design.methods_apart, relax=relax, shown=shown)
    keys, before = keys[: len(ordered)], keys[len(ordered) :]
    part = draw_part(
        keys[:drawn_from],
        tests,
        seed=seed,
        rater_index=rater_index,
        opening=Opening(before[-2:], design.dummies),
        levels=levels,
        companions=keys[drawn_from:],
    )
    if part is None:
        raise ValueError(why_not(named[:drawn_from], tests, levels[-1]))
    if drawn_from < len(ordered):
        own = sorted(part.order)
        ordered, keys = [ordered[which] for which in own], [keys[which] for which in own]
        number = {which: at for at, which in enumerate(own)}
        part = Part([number[one] for one in part.order], {number[one] for one in part.left}, part.rules)
    rng = generator(seed, "extras", rater_index)
    seam = Seam(before, generator(seed, "seam", rater_index))
    for rules in levels[levels.index(part.rules) :]:
        found = join(Stage(keys, part.order, before[-2:], rules), seam, design, rng)
        if found is not None:
            trained, trials = found
            return tuple(_items(ordered, [training[one] for one in trained], trials, part.left, rng))
    raise ValueError(_no_room(len(part.order), design, levels[-1]))


def check_design(
    stimuli: Sequence[StimulusKey],
    *,
    seed: int,
    design: Design,
    training: Sequence[StimulusKey] = (),
    companions: Sequence[StimulusKey] = (),
) -> None:
    """Try the playlists of the first raters, some hundreds where they are short, under all rules.

    Raises: ValueError, one sentence, naming the rule or the number of the design that cannot be kept.
    """
    length = len(stimuli) + design.dummies + design.repeats + design.reference_traps + design.degraded_traps
    for rater in range(max(4, min(MOST_TRIED, TRIED // max(1, length)))):
        make_playlist(
            stimuli, seed=seed, rater_index=rater, design=design, training=training, companions=companions
        )


def _refuse_bad_request(
    stimuli: Sequence[StimulusKey],
    companions: Sequence[StimulusKey],
    training: Sequence[StimulusKey],
    rater_index: int,
    design: Design,
    *,
    relax: bool,
) -> None:
    if not stimuli:
        raise ValueError("a playlist needs at least one stimulus; none was given")
    if rater_index < 0:
        raise ValueError(f"rater_index {rater_index} is negative; raters count from 0")
    everything = [*stimuli, *companions]
    (image, method), times = Counter((one.image, one.method) for one in everything).most_common(1)[0]
    if times > 1:
        raise ValueError(
            f"image {image!r} by method {method!r} is given {times} times; a stimulus is shown once"
        )
    tests = design.tests_of(len(stimuli))
    if tests == len(stimuli):
        tests = len(everything)
    if design.repeats > tests:
        raise ValueError(
            f"repeats is {design.repeats} and a rater sees {tests} of the study's stimuli; "
            f"a test is repeated once at most"
        )
    if tests == 1 < len(stimuli) and not relax:
        raise ValueError(
            f"per_rater is 1 of {len(stimuli)} stimuli, so no rater compares two of them; 2 or more would do"
        )
    length = len(training) + design.dummies + tests + design.repeats
    length += design.reference_traps + design.degraded_traps
    # Too many tests of one image are named later, as of one among others.
    if not relax and tests == 1 < length and len({one.image for one in (*everything, *training)}) == 1:
        raise ValueError(
            f"image {image!r} is the only one and a list has {length} trials (training {len(training)}, "
            f"{_numbers(1, design)}), so it cannot but follow itself"
        )


def _numbers(tests: int, design: Design) -> str:
    return (
        f"tests {tests}, dummies {design.dummies}, repeats {design.repeats}, reference_traps "
        f"{design.reference_traps}, degraded_traps {design.degraded_traps}"
    )


def _no_room(tests: int, design: Design, rules: Rules) -> str:
    return f"no list with {_numbers(tests, design)} was found in which {in_words(rules)}"


def _items(
    stimuli: Sequence[StimulusKey],
    training: Sequence[StimulusKey],
    trials: Sequence[Trial],
    left: set[int],
    rng: random.Random,
) -> Iterator[PlaylistItem]:
    of_training = _sides([len(training)], rng)[0]
    for position, stimulus in enumerate(training):
        yield PlaylistItem(stimulus.id, of_training.pop(), position, "training", "test", None)
    extras = Counter((trial.kind, trial.shown) for trial in trials)
    of_dummies = _sides([extras["dummy", "test"]], rng)[0]
    of_traps = dict(zip(TRAPS, _sides([extras["trap", shown] for shown in TRAPS], rng), strict=True))
    for position, trial in enumerate(trials, start=len(training)):
        if trial.kind == "dummy":
            side = of_dummies.pop()
        elif trial.kind == "trap":
            side = of_traps[trial.shown].pop()
        else:
            side = "left" if (trial.which in left) != (trial.kind == "repeat") else "right"
        repeat_of = None if trial.first is None else trial.first + len(training)
        yield PlaylistItem(stimuli[trial.which].id, side, position, trial.kind, trial.shown, repeat_of)


def _sides(counts: Sequence[int], rng: random.Random) -> list[list[Side]]:
    """Return so many sides for each group, in random order, left and right balanced in each and in all."""
    number = below(2, rng)
    groups: list[list[Side]] = []
    for count in counts:
        in_turn: list[Side] = ["left" if one % 2 else "right" for one in range(number, number + count)]
        groups.append(shuffle(in_turn, rng))
        number += count
    return groups
