"""One simulated rater's answers to trials of every sort."""

from __future__ import annotations

import numpy as np
import pytest

from ratings.analysis.simulated_answers import Seen, SimulatedRater
from ratings.analysis.simulation import RaterModel, Traits, simulate_dscqs

STEADY = RaterModel(bias_sd=0, inconsistency_median=0, inconsistency_log_sd=0, lapse_rate=0, reference_sd=0)
FIVE = (1.0, 5.0)


def seen(first: list[float], second: list[float], same: bool = False) -> Seen:
    return Seen(np.array(first), np.array(second), np.full(len(first), same))


def rater(
    *, bias: float = 0, inconsistency: float = 0, reference: float = 80, model: RaterModel = STEADY
) -> SimulatedRater:
    traits = Traits(bias=bias, inconsistency=inconsistency, reference=reference)
    return SimulatedRater(np.random.default_rng(1), traits, model)


def test_without_noise_scores_are_the_expected_difference_and_the_bias() -> None:
    reference, test, _ = rater(bias=5).pairs(seen([0, 0], [10, 30]))
    assert reference.tolist() == [80, 80]
    assert test.tolist() == [65, 45]


def test_the_reference_beside_itself_is_no_worse_and_hardly_noisy() -> None:
    reference, test, _ = rater(bias=20, inconsistency=10).pairs(seen([0] * 500, [0] * 500, same=True))
    # A fifth of an inconsistency of 10 points is left.
    assert np.std(reference - test) == pytest.approx(2, rel=0.1)
    assert abs(np.mean(reference - test)) < 0.5


def test_impairments_fall_from_the_best_grade_with_the_difference() -> None:
    # 5 − 4 · d / 100: 0, 20, 50 and 90 points give 5, 4.2, 3 and 1.4.
    assert rater().impairments(seen([0] * 4, [0, 20, 50, 90]), scale=FIVE)[0].tolist() == [5, 4, 3, 1]
    assert rater(bias=20).impairments(seen([0] * 2, [0, 20]), scale=FIVE)[0].tolist() == [4, 3]


def test_qualities_fall_from_where_the_rater_puts_the_reference() -> None:
    # 1 + 4 · (80 − d) / 100: 4.2 of the reference, 3.4 and 2.2.
    assert rater().qualities(seen([0] * 3, [0, 20, 50]), scale=FIVE)[0].tolist() == [4, 3, 2]
    # The bias is against test pictures, not against references.
    assert rater(bias=20).qualities(seen([0] * 2, [0, 20]), scale=FIVE)[0].tolist() == [4, 3]
    assert rater(bias=21, reference=100).qualities(seen([0] * 2, [0, 20]), scale=FIVE)[0].tolist() == [5, 3]


def test_the_better_picture_is_chosen_and_close_ones_tie_where_they_may() -> None:
    shown = seen([10, 30, 20, 20], [30, 10, 25, 27])
    assert rater().choices(shown, ties=True)[0] == ["a", "b", "tie", "a"]
    assert rater().choices(shown, ties=False)[0] == ["a", "b", "a", "a"]


def test_lapses_are_answered_anywhere_and_fast() -> None:
    model = RaterModel(lapse_rate=1, response_log_sd=0, lapse_median_ms=900)
    choices, times = rater(model=model).choices(seen([0] * 400, [90] * 400), ties=True)
    assert set(times.tolist()) == {900}
    assert 150 < choices.count("b") < 250
    assert "tie" not in choices


def test_a_rater_without_traits_given_is_drawn_like_those_of_a_whole_study() -> None:
    whole = simulate_dscqs(np.zeros(1), raters=1, seed=7).traits[0]
    drawn = SimulatedRater(np.random.default_rng([7, 0]))._traits
    assert (drawn.bias, drawn.inconsistency) == (whole.bias, whole.inconsistency)


def test_the_traits_of_a_whole_study_are_those_behind_its_scores() -> None:
    model = RaterModel(lapse_rate=0, inconsistency_median=0)
    found = simulate_dscqs(np.array([10.0, 20.0]), raters=3, seed=2, model=model)
    for column, traits in enumerate(found.traits):
        assert found.reference_score[:, column].tolist() == pytest.approx([traits.reference] * 2)
        difference = found.reference_score[:, column] - found.test_score[:, column]
        assert difference.tolist() == pytest.approx([10 + traits.bias, 20 + traits.bias])


@pytest.mark.parametrize(
    ("first", "second", "sentence"),
    [
        ([0.0], [0.0, 1.0], "are not all"),
        ([0.0], [101.0], "an expected difference is 101.0, not within"),
        ([float("nan")], [0.0], "an expected difference is nan"),
    ],
)
def test_what_cannot_be_seen_is_refused(first: list[float], second: list[float], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Seen(np.array(first), np.array(second), np.zeros(1, dtype=bool))
