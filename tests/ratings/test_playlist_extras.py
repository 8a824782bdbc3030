"""What a playlist holds beside tests: training, dummies, repeats and traps."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratings.playlist import Design, PlaylistItem, StimulusKey, make_playlist
from tests.ratings.test_playlist import longest_run, seeds, some, study

Playlist = tuple[PlaylistItem, ...]


class Made(NamedTuple):
    """A playlist and what it was made of."""

    stimuli: list[StimulusKey]
    training: list[StimulusKey]
    design: Design
    playlist: Playlist

    @property
    def main(self) -> Playlist:
        return self.playlist[len(self.training) + self.design.dummies :]

    def of(self, kind: str) -> list[PlaylistItem]:
        return [item for item in self.playlist if item.kind == kind]


def some_training(length: int) -> list[StimulusKey]:
    return [StimulusKey(50_000 + n, f"training{n}", f"method{n % 3}") for n in range(length)]


@st.composite
def made(draw: st.DrawFn) -> Made:
    """One rater's playlist of a study of three images or more, with some of everything."""
    stimuli = study(draw(st.integers(3, 7)), draw(st.integers(3, 5)))
    per_rater = draw(st.none() | st.integers(9, len(stimuli)))
    design = Design(
        per_rater=per_rater,
        dummies=draw(st.integers(0, 5)),
        repeats=draw(st.integers(0, 6)),
        reference_traps=draw(st.integers(0, 3)),
        degraded_traps=draw(st.integers(0, 3)),
    )
    training = some_training(draw(st.integers(0, 4)))
    playlist = make_playlist(
        stimuli,
        seed=draw(seeds),
        rater_index=draw(st.integers(0, 1000)),
        design=design,
        training=training,
    )
    return Made(stimuli, training, design, playlist)


def seen(made: Made) -> list[tuple[str, str]]:
    """Image and method of each trial; a trap counts as a method of its own."""
    by_id = {one.id: one for one in (*made.stimuli, *made.training)}
    return [
        (
            by_id[item.stimulus_id].image,
            by_id[item.stimulus_id].method if item.shown == "test" else item.shown,
        )
        for item in made.playlist
    ]


def keeps(trials: list[tuple[str, str]]) -> bool:
    """Say whether the rules of order hold over trials given by image and method."""
    apart = all(one != two for (one, _), (two, _) in pairwise(trials))
    return apart and longest_run([method for _, method in trials]) <= 2


@some
@given(made())
def test_the_list_holds_what_the_design_says(made: Made) -> None:
    design = made.design
    tests = design.per_rater or len(made.stimuli)
    assert Counter((item.kind, item.shown) for item in made.playlist) == +Counter(
        {
            ("training", "test"): len(made.training),
            ("dummy", "test"): design.dummies,
            ("test", "test"): tests,
            ("repeat", "test"): design.repeats,
            ("trap", "reference"): design.reference_traps,
            ("trap", "degraded"): design.degraded_traps,
        }
    )
    assert [item.position for item in made.playlist] == list(range(len(made.playlist)))
    assert len({item.stimulus_id for item in made.of("test")}) == tests


@some
@given(made())
def test_training_comes_first_as_given_and_then_dummies(made: Made) -> None:
    start = made.playlist[: len(made.training)]
    assert [item.stimulus_id for item in start] == [one.id for one in made.training]
    kinds = [item.kind for item in made.playlist]
    ahead = ["training"] * len(made.training) + ["dummy"] * made.design.dummies
    assert kinds[: len(ahead)] == ahead
    assert not {"training", "dummy"} & set(kinds[len(ahead) :])


def test_dummies_are_different_stimuli_of_the_study() -> None:
    stimuli = study(3, 3)
    for slot in range(200):
        playlist = make_playlist(stimuli, seed=0, rater_index=slot, design=Design(dummies=5))
        dummies = {item.stimulus_id for item in playlist if item.kind == "dummy"}
        assert len(dummies) == 5
        assert dummies <= {one.id for one in stimuli}


@some
@given(made())
def test_the_rules_of_order_hold_over_the_whole_list(made: Made) -> None:
    assert keeps(seen(made))


@some
@given(made())
def test_a_repeat_shows_one_of_the_rater_s_tests_again_on_the_other_side(made: Made) -> None:
    repeats = made.of("repeat")
    assert len({item.stimulus_id for item in repeats}) == len(repeats)
    for item in repeats:
        assert item.repeat_of is not None
        first = made.playlist[item.repeat_of]
        assert (first.kind, first.stimulus_id) == ("test", item.stimulus_id)
        assert first.reference_side != item.reference_side
    assert all(item.repeat_of is None for item in made.playlist if item.kind != "repeat")


@some
@given(made())
def test_a_repeat_comes_after_at_least_three_trials_and_a_sixth_of_the_main_part(made: Made) -> None:
    least = max(3, len(made.main) // 6)
    for item in made.of("repeat"):
        assert item.repeat_of is not None
        assert item.position - item.repeat_of - 1 >= least


@some
@given(made())
def test_sides_are_balanced_in_every_kind_of_trial(made: Made) -> None:
    groups = [made.of(kind) for kind in ("training", "dummy", "test", "trap")]
    groups += [[item for item in made.playlist if item.shown == shown] for shown in ("reference", "degraded")]
    for group in groups:
        left = sum(item.reference_side == "left" for item in group)
        assert abs(2 * left - len(group)) <= 1


def test_traps_show_different_images_where_they_fit() -> None:
    stimuli, design = study(8, 4), Design(reference_traps=2, degraded_traps=2)
    image_of = {one.id: one.image for one in stimuli}
    different = 0
    for slot in range(100):
        playlist = make_playlist(stimuli, seed=0, rater_index=slot, design=design)
        different += len({image_of[item.stimulus_id] for item in playlist if item.kind == "trap"}) == 4
    # Drawn at random they would be in 8 * 7 * 6 * 5 / 8**4 = 41 of 100.
    assert different >= 90


@some
@given(st.integers(0, 50), seeds)
def test_raters_of_a_pair_have_opposite_orders_of_tests_whatever_lies_between(pair: int, seed: int) -> None:
    design = Design(dummies=2, repeats=4, reference_traps=2, degraded_traps=1)
    one, two = (
        [
            item
            for item in make_playlist(
                study(5, 3), seed=seed, rater_index=slot, design=design, training=some_training(3)
            )
            if item.kind == "test"
        ]
        for slot in (2 * pair, 2 * pair + 1)
    )
    assert [item.stimulus_id for item in one] == [item.stimulus_id for item in reversed(two)]
    assert all(a.reference_side != b.reference_side for a, b in zip(one, reversed(two), strict=True))


@some
@given(st.integers(1, 3), seeds, st.integers(0, 20))
def test_every_test_can_come_a_second_time(rounds: int, seed: int, slot: int) -> None:
    stimuli = study(4, 2 + rounds)
    design = Design(repeats=len(stimuli))
    playlist = make_playlist(stimuli, seed=seed, rater_index=slot, design=design)
    made = Made(stimuli, [], design, playlist)
    assert Counter(item.stimulus_id for item in made.playlist) == Counter({one.id: 2 for one in stimuli})
    # A third of the tests, a sixth of all.
    apart = [item.position - item.repeat_of - 1 for item in made.of("repeat") if item.repeat_of is not None]
    assert min(apart) >= max(3, len(stimuli) // 3)
    kinds = [item.kind for item in playlist]
    assert kinds.index("repeat") < len(stimuli)  # not all of them after all tests


@pytest.mark.parametrize(
    ("methods", "design"),
    [
        (6, Design(dummies=1, repeats=4, reference_traps=1, degraded_traps=1)),
        (100, Design(repeats=80, reference_traps=2)),
    ],
)
def test_repeats_and_traps_find_places_between_only_two_images(methods: int, design: Design) -> None:
    # Tests alternate between the images, so nothing fits between two of them.
    stimuli = study(2, methods)
    for slot in range(40):
        made = Made(stimuli, [], design, make_playlist(stimuli, seed=1, rater_index=slot, design=design))
        assert keeps(seen(made))
        apart = [item.position - (item.repeat_of or 0) - 1 for item in made.of("repeat")]
        assert min(apart) >= max(3, len(made.main) // 6)


def test_in_a_list_too_short_a_repeat_comes_as_late_as_it_can() -> None:
    # Two images by one method each: A B A is the only list, with one trial between.
    stimuli = [StimulusKey(1, "a", "m"), StimulusKey(2, "b", "n")]
    playlist = make_playlist(stimuli, seed=0, rater_index=0, design=Design(repeats=1))
    assert [item.kind for item in playlist] == ["test", "test", "repeat"]
    assert playlist[2].repeat_of == 0


def test_repeats_and_traps_come_all_over_the_list() -> None:
    design = Design(repeats=4, reference_traps=2, degraded_traps=2)
    places: dict[str, Counter[int]] = {"trap": Counter(), "repeat": Counter()}
    for slot in range(300):
        for item in make_playlist(study(8, 4), seed=0, rater_index=slot, design=design):
            if item.kind in places:
                places[item.kind][item.position // 10] += 1
    # 1,200 traps over 40 places: 300 in each quarter, standard deviation 15. No repeat can come in the first
    # seven; later ones may lie anywhere.
    assert all(230 <= places["trap"][quarter] <= 370 for quarter in range(4))
    assert all(places["repeat"][quarter] >= 150 for quarter in (1, 2, 3))


def test_the_list_with_everything_is_the_one_it_has_always_been() -> None:
    # Written down from this version: a study under way must get the same lists after an upgrade.
    design = Design(per_rater=5, dummies=1, repeats=1, reference_traps=1, degraded_traps=1)
    playlist = make_playlist(study(3, 3), seed=20, rater_index=7, design=design, training=some_training(1))
    assert [(item.stimulus_id, item.reference_side, item.kind, item.shown) for item in playlist] == [
        (50_000, "right", "training", "test"),
        (1001, "right", "dummy", "test"),
        (1004, "left", "test", "test"),
        (1002, "right", "trap", "degraded"),
        (1008, "right", "test", "test"),
        (1001, "right", "test", "test"),
        (1005, "left", "trap", "reference"),
        (1007, "right", "test", "test"),
        (1005, "left", "test", "test"),
        (1008, "left", "repeat", "test"),
    ]


@some
@given(seeds, st.integers(0, 100))
def test_neither_ids_nor_the_order_given_matter(seed: int, slot: int) -> None:
    stimuli = study(4, 3)
    renumbered = [one._replace(id=9 * one.id % 9973) for one in reversed(stimuli)]
    training = some_training(2)
    design = Design(per_rater=7, dummies=2, repeats=2, reference_traps=1, degraded_traps=1)
    lists = [
        make_playlist(given, seed=seed, rater_index=slot, design=design, training=training)
        for given in (stimuli, renumbered)
    ]
    trials = [
        (seen(Made(given, training, design, one)), [item[1:] for item in one])
        for given, one in zip((stimuli, renumbered), lists, strict=True)
    ]
    assert trials[0] == trials[1]
