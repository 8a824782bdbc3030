"""One rater's playlist, and whether a study's design can be kept at all."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from ratings.playlist.design import Design, PlaylistItem, Shown, Side, StimulusKey
from ratings.playlist.mixing import Stage, Trial, lay_out
from ratings.playlist.orders import LEVELS, below, codes, generator, shuffle
from ratings.playlist.panel import Opening, draw_part, why_not

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

    Order: the training as given, dummies, then tests with repeats and traps among them. No image comes twice
    in a row and no method more than twice, except where the training is so given or leaves no other way.
    A repeat comes after at least max(3, a sixth of tests, repeats and traps) other trials, or after as many
    as found where the list has no room for so many.
    Raters: `rater_index` is a slot that counts from 0 and leaves no gaps; the slot of a rater who drops out
    goes to the next who joins. Over slots 0..m-1, for every m, the times that stimuli are tests lie within
    one of each other; from the first m at which that is two on average, raters and stimuli are connected.
    Positions: in a complete design raters 2j and 2j + 1 have their tests in opposite orders. In a partial
    one each stimulus comes by turns in the first and the second half of its rater's tests; up to two of a
    rater's tests lie in the other half, or more where the rules leave no other way.
    Sides: left and right within one of each other among one rater's tests, in its training, its dummies and
    its traps, and in one stimulus's tests over slots 0..m-1, for every m. A repeat has the other side of
    its first showing.
    Companions are tests that come with any stimulus of their image, such as hidden references: a complete
    design has all of them; in a partial one a rater's tests are drawn without them, each image drawn brings
    its own, and the order is drawn anew for all, with nothing said of halves.
    Replayable: the same stimuli (in any order, under any ids), seed, design, training and slot give the same
    list on every machine. The time taken depends on the number of trials alone.
    `relax` drops rules of order that cannot hold, the one about images last, and never fails because of one.
    Raises: ValueError, one sentence, for no stimuli, a stimulus given twice, a negative `rater_index`, more
    repeats than tests, and, when `relax` is False, a rule that cannot hold or raters of one stimulus each.
    """
    if companions and design.tests_of(len(stimuli)) < len(stimuli):
        drawn = {
            item.stimulus_id
            for item in make_playlist(
                stimuli,
                seed=seed,
                rater_index=rater_index,
                design=Design(per_rater=design.per_rater),
                relax=relax,
            )
        }
        stimuli = [one for one in stimuli if one.id in drawn]
        images = {one.image for one in stimuli}
        companions = [one for one in companions if one.image in images]
        design = replace(design, per_rater=None)
    stimuli = [*stimuli, *companions]
    _refuse_bad_request(stimuli, rater_index, design, relax=relax)
    ordered = sorted(stimuli, key=lambda stimulus: (stimulus.image, stimulus.method))
    named = [(one.image, one.method) for one in (*ordered, *training)]
    keys = list(zip(codes(image for image, _ in named), codes(method for _, method in named), strict=True))
    keys, before = keys[: len(ordered)], keys[len(ordered) :][-2:]
    tests = design.tests_of(len(ordered))
    part = draw_part(
        keys, tests, seed=seed, rater_index=rater_index, opening=Opening(before, design.dummies), relax=relax
    )
    if part is None:
        raise ValueError(why_not(named[: len(ordered)], tests))
    rng = generator(seed, "extras", rater_index)
    levels = LEVELS[LEVELS.index(part.rules) :] if relax else (part.rules,)
    stages = (Stage(keys, part.order, before, rules) for rules in levels)
    trials = next((found for one in stages if (found := lay_out(one, design, rng)) is not None), None)
    if trials is None:
        raise ValueError(_no_room(tests, design))
    return tuple(_items(ordered, training, trials, part.left, rng))


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
    stimuli: Sequence[StimulusKey], rater_index: int, design: Design, *, relax: bool
) -> None:
    if not stimuli:
        raise ValueError("a playlist needs at least one stimulus; none was given")
    if rater_index < 0:
        raise ValueError(f"rater_index {rater_index} is negative; raters count from 0")
    (image, method), times = Counter((one.image, one.method) for one in stimuli).most_common(1)[0]
    if times > 1:
        raise ValueError(
            f"image {image!r} by method {method!r} is given {times} times; a stimulus is shown once"
        )
    tests = design.tests_of(len(stimuli))
    if design.repeats > tests:
        raise ValueError(
            f"repeats is {design.repeats} and a rater sees {tests} of the study's stimuli; "
            f"a test is repeated once at most"
        )
    if tests == 1 < len(stimuli) and not relax:
        raise ValueError(
            f"per_rater is 1 of {len(stimuli)} stimuli, so no rater compares two of them; 2 or more would do"
        )


def _no_room(tests: int, design: Design) -> str:
    return (
        f"no list of {tests} tests with dummies {design.dummies}, repeats {design.repeats}, reference_traps "
        f"{design.reference_traps} and degraded_traps {design.degraded_traps} was found in which no image "
        f"follows itself and no method comes more than twice in a row"
    )


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
