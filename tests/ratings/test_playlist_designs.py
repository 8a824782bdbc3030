"""Where a playlist's rules give way, and designs that are refused."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratings.playlist import Design, StimulusKey, check_design, keeps_rules, make_playlist
from tests.ratings.test_playlist import seeds, some, study
from tests.ratings.test_playlist_extras import Made, keeps, made, seen, some_training


@some
@given(seeds, st.integers(0, 20), st.sampled_from([None, 9]))
def test_tests_follow_training_that_ends_on_an_image_of_the_study(
    seed: int, slot: int, per_rater: int | None
) -> None:
    stimuli = study(5, 3)
    for training in ([stimuli[4]], [stimuli[7], stimuli[4]]):
        training = [one._replace(id=one.id + 50_000) for one in training]
        design = Design(per_rater=per_rater)
        playlist = make_playlist(stimuli, seed=seed, rater_index=slot, design=design, training=training)
        assert keeps(seen(Made(stimuli, training, design, playlist)))


@some
@given(
    st.integers(2, 4),
    st.integers(2, 3),
    st.integers(2, 4),
    st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(0, 2)),
    seeds,
    st.integers(0, 30),
)
def test_the_rules_hold_after_training_wherever_the_rater_s_part_has_such_an_order(
    images: int, methods: int, per_rater: int, last: tuple[int, int, int], seed: int, slot: int
) -> None:
    stimuli = study(images, methods)
    training = [
        StimulusKey(50_000, "another", f"method{last[1]}"),
        StimulusKey(50_001, f"image{last[0]}", f"method{last[2]}"),
    ]
    design = Design(per_rater=min(per_rater, len(stimuli) - 1))
    playlist = make_playlist(stimuli, seed=seed, rater_index=slot, design=design, training=training)
    trials = seen(Made(stimuli, training, design, playlist))
    # At most four tests: every one of their orders can be tried.
    possible = any(keeps(trials[:2] + list(order)) for order in permutations(trials[2:]))
    assert keeps(trials) == possible


def test_both_raters_of_a_pair_can_follow_the_training_though_their_orders_are_opposite() -> None:
    # Two images alternate, and one of two opposite lists begins with the image that training ended on.
    stimuli, training = study(2, 2), [StimulusKey(50_000, "image0", "another")]
    for slot in range(20):
        playlist = make_playlist(stimuli, seed=0, rater_index=slot, training=training)
        assert keeps(seen(Made(stimuli, training, Design(), playlist)))


@some
@given(
    st.integers(1, 3),
    st.integers(1, 3),
    st.integers(0, 4),
    st.integers(0, 3),
    st.integers(0, 3),
    seeds,
)
def test_a_relaxed_list_always_exists(
    images: int, methods: int, dummies: int, traps: int, training: int, seed: int
) -> None:
    stimuli = study(images, methods)
    design = Design(dummies=dummies, repeats=len(stimuli), reference_traps=traps, degraded_traps=traps)
    playlist = make_playlist(
        stimuli, seed=seed, rater_index=0, design=design, training=some_training(training), relax=True
    )
    assert len(playlist) == training + dummies + 2 * len(stimuli) + 2 * traps


@some
@given(made())
def test_relaxing_changes_nothing_where_all_rules_hold(made: Made) -> None:
    again = [
        make_playlist(
            made.stimuli, seed=5, rater_index=2, design=made.design, training=made.training, relax=relax
        )
        for relax in (False, True)
    ]
    assert again[0] == again[1]


@pytest.mark.parametrize("name", ["dummies", "repeats", "reference_traps", "degraded_traps"])
def test_a_negative_number_is_refused_by_name(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} is -1; it must be 0 or more"):
        Design(**{name: -1})


def test_numbers_that_no_study_can_have_are_refused() -> None:
    with pytest.raises(ValueError, match="per_rater is 0; a rater sees one stimulus or more"):
        Design(per_rater=0)
    with pytest.raises(ValueError, match="repeats is 5 and per_rater 4; a test is repeated once at most"):
        Design(per_rater=4, repeats=5)


def test_more_repeats_than_the_study_has_stimuli_are_refused() -> None:
    with pytest.raises(ValueError, match="repeats is 5 and a rater sees 4 of the study's stimuli"):
        check_design(study(2, 2), seed=0, design=Design(repeats=5))


def test_extras_that_find_no_place_are_refused_by_number_and_allowed_when_relaxed() -> None:
    # Two tests split the traps into three runs, of two each at most.
    stimuli, design = [StimulusKey(1, "a", "m"), StimulusKey(2, "b", "n")], Design(reference_traps=7)
    with pytest.raises(ValueError, match="no list with tests 2, dummies 0, repeats 0, reference_traps 7"):
        check_design(stimuli, seed=0, design=design)
    assert len(make_playlist(stimuli, seed=0, rater_index=0, design=design, relax=True)) == 9


@pytest.mark.parametrize(
    ("design", "training"),
    [(Design(reference_traps=2), 0), (Design(repeats=1), 0), (Design(dummies=1), 0), (Design(), 1)],
)
def test_one_image_that_would_follow_itself_is_refused_by_name(design: Design, training: int) -> None:
    stimuli = [StimulusKey(1, "a", "m")]
    with pytest.raises(ValueError, match=r"image 'a' is the only one and a list has [23] trials"):
        check_design(stimuli, seed=0, design=design, training=stimuli * training)
    playlist = make_playlist(
        stimuli, seed=0, rater_index=0, design=design, training=stimuli * training, relax=True
    )
    assert not keeps_rules(playlist, stimuli, design)
