"""Simulated raters: their answers are repeatable, on the scale, and made as the model says."""

from __future__ import annotations

import numpy as np
import pytest

from ratings.analysis.simulation import RaterModel, expected_difference_from_psnr, simulate_dscqs

EXACT = RaterModel(bias_sd=0, inconsistency_median=0, reference_sd=0, lapse_rate=0, response_log_sd=0)


def test_raters_without_error_give_the_expected_difference() -> None:
    answers = simulate_dscqs(np.array([0.0, 25.0, -15.0]), raters=2, seed=1, model=EXACT)
    np.testing.assert_allclose(answers.reference_score, 80)
    np.testing.assert_allclose(answers.test_score, [[80, 80], [55, 55], [95, 95]])
    assert set(answers.duration_ms.ravel().tolist()) == {9000}


def test_scores_are_clipped_to_the_scale_and_differences_are_not() -> None:
    answers = simulate_dscqs(np.array([-50.0, 95.0]), raters=1, seed=1, model=EXACT)
    assert answers.test_score[:, 0].tolist() == [100, 0]
    assert (answers.reference_score - answers.test_score)[:, 0].tolist() == [-20, 80]


def test_the_same_seed_gives_the_same_answers_and_another_seed_does_not() -> None:
    expected = np.linspace(0, 40, 5)
    one, same, other = (simulate_dscqs(expected, raters=3, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.test_score, same.test_score)
    np.testing.assert_array_equal(one.duration_ms, same.duration_ms)
    assert not np.isclose(one.test_score, other.test_score).any()


def test_a_panel_can_be_continued() -> None:
    expected = np.linspace(0, 40, 5)
    whole = simulate_dscqs(expected, raters=5, seed=1)
    rest = simulate_dscqs(expected, raters=2, seed=1, first_rater=3)
    np.testing.assert_array_equal(whole.reference_score[:, 3:], rest.reference_score)


def test_biases_and_inconsistencies_have_the_spread_asked_for() -> None:
    model = RaterModel(
        bias_sd=5, inconsistency_median=8, inconsistency_log_sd=0, lapse_rate=0, reference_mean=60
    )
    answers = simulate_dscqs(np.full(400, 10.0), raters=400, seed=3, model=model)
    differences = answers.reference_score - answers.test_score
    # Means over 400 votes: the standard errors of these are about 0.25, 0.2 and 0.02.
    assert differences.mean() == pytest.approx(10, abs=1)
    assert differences.mean(axis=0).std(ddof=1) == pytest.approx(5, abs=0.8)
    assert np.median(differences.std(axis=0, ddof=1)) == pytest.approx(8, abs=0.15)


def test_a_rater_who_only_lapses_answers_anywhere_and_quickly() -> None:
    answers = simulate_dscqs(np.full(2000, 90.0), raters=1, seed=3, model=RaterModel(lapse_rate=1))
    # Uniform over 0..100: mean 50, standard deviation 28.9, whatever the stimulus.
    for scores in (answers.reference_score, answers.test_score):
        assert scores.mean() == pytest.approx(50, abs=3)
        assert scores.std() == pytest.approx(28.9, abs=1.5)
    assert np.median(answers.duration_ms) == pytest.approx(2500, rel=0.1)


def test_response_times_are_positive_and_log_normal() -> None:
    model = RaterModel(lapse_rate=0)
    times_ms = simulate_dscqs(np.zeros(5000), raters=1, seed=3, model=model).duration_ms
    assert times_ms.min() > 0
    assert np.median(times_ms) == pytest.approx(9000, rel=0.05)
    assert np.log(times_ms).std() == pytest.approx(0.45, rel=0.05)


def test_a_higher_psnr_never_expects_a_larger_difference() -> None:
    expected = expected_difference_from_psnr(np.array([-np.inf, 0.0, 20.0, 27.0, 30.0, 45.0, np.inf]))
    assert (np.diff(expected) < 0).all()
    assert expected[[0, 3, 6]].tolist() == [60, 30, 0]
    # 60 / (1 + e) at one slope above the midpoint.
    assert expected[4] == pytest.approx(16.136485)


def test_an_unknown_psnr_is_refused() -> None:
    with pytest.raises(ValueError, match="every stimulus needs its PSNR"):
        expected_difference_from_psnr(np.array([30.0, np.nan]))


@pytest.mark.parametrize(
    ("field", "value"),
    [("bias_sd", -1.0), ("lapse_rate", 1.5), ("reference_mean", 101.0), ("response_median_ms", 0.0)],
)
def test_an_impossible_rater_is_refused(field: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{field} {value}"):
        RaterModel(**{field: value})


def test_impossible_requests_are_refused() -> None:
    for bad in (np.array([101.0]), np.array([np.nan])):
        with pytest.raises(ValueError, match="is not within −100 to 100"):
            simulate_dscqs(bad, raters=1, seed=0)
    with pytest.raises(ValueError, match="raters -1 is not a whole number"):
        simulate_dscqs(np.zeros(1), raters=-1, seed=0)
    with pytest.raises(ValueError, match=r"of shape \(1, 1\) is not \(stimuli,\)"):
        simulate_dscqs(np.zeros((1, 1)), raters=1, seed=0)
