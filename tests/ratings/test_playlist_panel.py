"""Playlists of a part of the stimuli each: exposure, connection, sides and halves over raters."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratings.playlist import Design, PlaylistItem, StimulusKey, check_design, make_playlist
from tests.ratings.test_playlist import keeps_the_rules, seeds, shown, some, study


@st.composite
def parts(draw: st.DrawFn) -> tuple[list[StimulusKey], int]:
    """A study and how many of its stimuli each rater sees: some, at least two."""
    stimuli = study(draw(st.integers(2, 7)), draw(st.integers(2, 5)))
    return stimuli, draw(st.integers(2, len(stimuli) - 1))


def drawn(stimuli: list[StimulusKey], per_rater: int, seed: int, slot: int) -> tuple[PlaylistItem, ...]:
    return make_playlist(stimuli, seed=seed, rater_index=slot, design=Design(per_rater=per_rater))


def spread(counts: Iterable[int]) -> int:
    counts = list(counts)
    return max(counts) - min(counts)


def connected(groups: list[set[int]]) -> bool:
    """Say whether every two groups are linked by a chain of groups that share a member."""
    reached, rest = set(groups[0]), groups[1:]
    while touching := [group for group in rest if group & reached]:
        rest = [group for group in rest if not group & reached]
        reached.update(*touching)
    return not rest


@some
@given(parts(), seeds, st.integers(0, 100_000))
def test_a_rater_sees_so_many_different_stimuli_in_an_order_that_keeps_the_rules(
    part: tuple[list[StimulusKey], int], seed: int, slot: int
) -> None:
    stimuli, per_rater = part
    playlist = drawn(stimuli, per_rater, seed, slot)
    assert len({item.stimulus_id for item in playlist}) == len(playlist) == per_rater
    assert keeps_the_rules(shown(stimuli, playlist))


@some
@given(parts(), seeds)
def test_exposure_stays_within_one_at_every_rater(part: tuple[list[StimulusKey], int], seed: int) -> None:
    stimuli, per_rater = part
    seen = Counter({one.id: 0 for one in stimuli})
    for slot in range(50):
        seen.update(item.stimulus_id for item in drawn(stimuli, per_rater, seed, slot))
        assert spread(seen.values()) <= 1


@some
@given(parts(), seeds)
def test_sides_stay_within_one_for_each_rater_and_for_each_stimulus_at_every_rater(
    part: tuple[list[StimulusKey], int], seed: int
) -> None:
    stimuli, per_rater = part
    more_left: Counter[int] = Counter()
    for slot in range(50):
        playlist = drawn(stimuli, per_rater, seed, slot)
        signs = {item.stimulus_id: 1 if item.reference_side == "left" else -1 for item in playlist}
        assert abs(sum(signs.values())) <= 1
        more_left.update(signs)
        assert all(abs(count) <= 1 for count in more_left.values())


@some
@given(parts(), seeds)
def test_raters_and_stimuli_are_connected_from_two_showings_a_stimulus_on(
    part: tuple[list[StimulusKey], int], seed: int
) -> None:
    stimuli, per_rater = part
    panel = -(-2 * len(stimuli) // per_rater)
    groups = [{item.stimulus_id for item in drawn(stimuli, per_rater, seed, slot)} for slot in range(panel)]
    assert set().union(*groups) == {one.id for one in stimuli}
    assert connected(groups)


@some
@given(parts(), seeds, st.randoms(use_true_random=False))
def test_exposure_is_within_one_again_once_the_slots_given_up_are_taken(
    part: tuple[list[StimulusKey], int], seed: int, chance: random.Random
) -> None:
    stimuli, per_rater = part
    seen = Counter({one.id: 0 for one in stimuli})
    taken: set[int] = set()
    for _ in range(80):
        if taken and chance.random() < 0.3:
            slot, change = chance.choice(sorted(taken)), -1
            taken.remove(slot)
        else:
            slot, change = next(one for one in range(len(taken) + 1) if one not in taken), 1
            taken.add(slot)
        for item in drawn(stimuli, per_rater, seed, slot):
            seen[item.stimulus_id] += change
        if taken == set(range(len(taken))):
            assert spread(seen.values()) <= 1


# (images, methods, per_rater, raters): whole numbers of rounds. 24 by 8: two passes of 3 raters. 24 by 10:
# 10 / gcd(24, 10) = 5 passes, made even 10, of 24 raters. 35 by 15: 3 passes, made 6, of 14.
ROUNDS = [(6, 4, 8, 6), (6, 4, 10, 24), (7, 5, 15, 14), (4, 4, 6, 16), (4, 3, 2, 12), (9, 3, 9, 6)]


@pytest.mark.parametrize(("images", "methods", "per_rater", "panel"), ROUNDS)
def test_a_stimulus_comes_by_turns_in_the_first_and_the_second_half(
    images: int, methods: int, per_rater: int, panel: int
) -> None:
    turns: Counter[bool] = Counter()
    for seed in range(20):
        halves: defaultdict[int, list[int]] = defaultdict(list)
        for slot in range(panel):
            for item in drawn(study(images, methods), per_rater, seed, slot):
                off_centre = 2 * item.position - (per_rater - 1)
                if off_centre:  # the middle of an odd number belongs to neither half
                    halves[item.stimulus_id].append(off_centre > 0)
                else:
                    halves[item.stimulus_id].append(not (halves[item.stimulus_id] or [False])[-1])
        turns.update(one != two for times in halves.values() for one, two in pairwise(times))
    # At random half of them would be by turns.
    assert turns[True] >= 0.9 * turns.total()


def test_the_side_does_not_follow_from_the_half() -> None:
    stimuli, per_rater = study(6, 4), 8
    for slot in range(60):
        playlist = drawn(stimuli, per_rater, 3, slot)
        left = sum(item.reference_side == "left" for item in playlist[: per_rater // 2])
        assert 1 <= left <= 3


def test_raters_with_the_same_stimuli_have_another_order() -> None:
    # Six of eight: on its circle a rater's part has one order, and a round of 8 raters has 8 parts.
    orders = {tuple(item.stimulus_id for item in drawn(study(4, 2), 6, 0, slot)) for slot in range(60)}
    assert len(orders) > 40


def test_as_many_as_there_are_or_more_are_all_stimuli() -> None:
    stimuli = study(3, 2)
    everything = make_playlist(stimuli, seed=4, rater_index=5)
    assert drawn(stimuli, 6, 4, 5) == everything
    assert drawn(stimuli, 100, 4, 5) == everything


def test_the_part_is_the_one_it_has_always_been() -> None:
    # Written down from this version: a study under way must get the same lists after an upgrade.
    playlist = drawn(study(3, 2), 4, 20, 7)
    assert [(item.stimulus_id, item.reference_side) for item in playlist] == [
        (1004, "right"),
        (1000, "left"),
        (1005, "left"),
        (1002, "right"),
    ]


def test_one_stimulus_a_rater_is_refused_and_allowed_when_relaxed() -> None:
    stimuli, design = study(3, 2), Design(per_rater=1)
    with pytest.raises(ValueError, match="per_rater is 1 of 6 stimuli, so no rater compares two of them"):
        check_design(stimuli, seed=0, design=design)
    with pytest.raises(ValueError, match="per_rater is 1 of 6 stimuli"):
        make_playlist(stimuli, seed=0, rater_index=0, design=design)
    lists = [make_playlist(stimuli, seed=0, rater_index=slot, design=design, relax=True) for slot in range(6)]
    assert {one[0].stimulus_id for one in lists} == {one.id for one in stimuli}


def test_one_stimulus_in_all_needs_no_company() -> None:
    check_design(study(1, 1), seed=0, design=Design(per_rater=1))


def test_too_much_of_one_image_for_every_part_is_refused_by_name() -> None:
    # i0 has 3 of 5: a list of all five can hold them apart; on a circle two of them meet.
    stimuli = [*study(1, 3), StimulusKey(1, "other", "method0"), StimulusKey(2, "other", "method1")]
    make_playlist(stimuli, seed=0, rater_index=0)
    with pytest.raises(ValueError, match=r"image 'image0' has 3 of 5 stimuli, .* in some rater's part"):
        check_design(stimuli, seed=0, design=Design(per_rater=3))


@some
@given(st.integers(1, 8), st.integers(1, 8), st.integers(1, 64), seeds, st.integers(0, 200))
def test_a_relaxed_part_always_exists(
    images: int, methods: int, per_rater: int, seed: int, slot: int
) -> None:
    stimuli = study(images, methods)
    playlist = make_playlist(
        stimuli, seed=seed, rater_index=slot, design=Design(per_rater=per_rater), relax=True
    )
    assert len({item.stimulus_id for item in playlist}) == min(per_rater, len(stimuli))
