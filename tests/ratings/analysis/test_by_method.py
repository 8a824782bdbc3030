"""A method's score and interval over raters."""

from __future__ import annotations

from dataclasses import astuple

import numpy as np
import pytest
from scipy import stats

from ratings.analysis import by_method
from ratings.analysis.by_method import bias_corrected, estimate_method, is_complete

NAN = float("nan")


def test_images_are_averaged_within_a_rater_before_raters_are_compared() -> None:
    # Raters' means over the two images: 15, 20, 40; mean 25, sample sd 13.228757,
    # t(0.975, 2) = 4.302653, half width 4.302653 · 13.228757 / √3 = 32.862100.
    result = estimate_method(np.array([[10.0, 30.0, 50.0], [20.0, 10.0, 30.0]]), level=0.95, ci="t", seed=0)
    assert (result.n_raters, result.n_images) == (3, 2)
    np.testing.assert_allclose([result.dmos, result.sd], [25, 13.228757], rtol=1e-6)
    np.testing.assert_allclose([result.ci_low, result.ci_high], [-7.862100, 57.862100], rtol=1e-5)


def test_the_normal_interval_is_narrower_than_the_t_interval() -> None:
    scores = np.array([[10.0, 30.0, 50.0], [20.0, 10.0, 30.0]])
    # 1.959964 · 13.228757 / √3 = 14.969477.
    result = estimate_method(scores, level=0.95, ci="normal", seed=0)
    np.testing.assert_allclose(result.ci_high - result.dmos, 14.969477, rtol=1e-6)


def test_images_count_alike_however_many_rated_them() -> None:
    # Images' means 10 and 40, of three votes and of one: their unweighted mean is 25.
    result = estimate_method(
        np.array([[5.0, 10.0, 15.0], [NAN, NAN, 40.0]]), level=0.95, ci="bootstrap", seed=0
    )
    assert result.dmos == pytest.approx(25)


def test_raters_and_images_without_votes_do_not_count() -> None:
    scores = np.array([[1.0, NAN, 3.0], [NAN, NAN, NAN], [2.0, NAN, 8.0]])
    result = estimate_method(scores, level=0.95, ci="t", seed=0)
    assert (result.n_raters, result.n_images) == (2, 2)
    assert is_complete(scores)
    assert not is_complete(np.array([[1.0, NAN], [2.0, 3.0]]))


def test_one_rater_has_a_score_and_no_interval() -> None:
    for ci in ("t", "bootstrap"):
        result = estimate_method(np.array([[4.0], [6.0]]), level=0.95, ci=ci, seed=0)
        assert result.dmos == 5
        assert np.isnan([result.sd, result.ci_low, result.ci_high]).all()


def test_a_method_without_votes_has_no_numbers() -> None:
    result = estimate_method(np.full((2, 3), NAN), level=0.95, ci="t", seed=0)
    assert (result.n_raters, result.n_images) == (0, 0)
    assert np.isnan(result.dmos)


def test_the_bootstrap_agrees_with_scipy_where_nothing_is_missing() -> None:
    rng = np.random.default_rng(1)
    # Skewed, so that the correction for bias has something to do.
    scores = rng.exponential(10, size=(4, 40))
    mine = estimate_method(scores, level=0.9, ci="bootstrap", seed=5)
    # An independent program: SciPy's BCa bootstrap, whose acceleration is small but not 0 here.
    theirs = stats.bootstrap((scores.mean(axis=0),), np.mean, confidence_level=0.9, n_resamples=20000, rng=3)
    width = theirs.confidence_interval.high - theirs.confidence_interval.low
    np.testing.assert_allclose(
        [mine.ci_low, mine.ci_high],
        [theirs.confidence_interval.low, theirs.confidence_interval.high],
        atol=0.08 * width,
    )


def test_the_bootstrap_interval_does_not_mistake_easy_images_for_good_raters() -> None:
    # Two images 60 points apart, each rated by its own 30 raters who agree within a point: the score
    # is known to a fraction of a point, though the raters' means lie 60 apart.
    rng = np.random.default_rng(2)
    scores = np.full((2, 60), NAN)
    scores[0, :30], scores[1, 30:] = rng.normal(0, 1, 30), rng.normal(60, 1, 30)
    result = estimate_method(scores, level=0.95, ci="bootstrap", seed=0)
    assert result.sd < 1.5
    assert 0.2 < result.ci_high - result.ci_low < 1.0


def test_the_bootstrap_interval_covers_as_often_as_it_says() -> None:
    # 200 studies of 30 raters and 6 images, half of the votes missing, true score 0: a 90 %
    # interval should cover it about 180 times; fewer than 165 happens to one in 400 such checks.
    covered = 0
    for study in range(200):
        rng = np.random.default_rng([7, study])
        scores = rng.normal(0, 5, 30) + rng.normal(0, 10, (6, 30))
        scores[rng.random(scores.shape) < 0.5] = NAN
        result = estimate_method(scores, level=0.9, ci="bootstrap", seed=study)
        covered += result.ci_low <= 0 <= result.ci_high
    assert 165 <= covered <= 195


def test_the_bias_correction_matches_a_hand_calculation() -> None:
    # 40 % of the replicates lie below 400: z0 = −0.253347, so the ends are the percentiles
    # Φ(2 z0 − 1.959964) = Φ(−2.466658) = 0.0068190 and Φ(2 z0 + 1.959964) = Φ(1.453270) = 0.9269254.
    low, high = bias_corrected(np.arange(1000.0), 399.5, level=0.95)
    assert low == pytest.approx(999 * 0.0068190, rel=1e-4)
    assert high == pytest.approx(999 * 0.9269254, rel=1e-5)


def test_replicates_that_all_fall_on_one_side_have_a_finite_interval() -> None:
    assert bias_corrected(np.arange(1000.0), -1, level=0.95) == pytest.approx((0, 0), abs=0.01)


def test_the_bootstrap_does_not_depend_on_how_it_is_cut_into_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    scores = np.random.default_rng(3).normal(size=(3, 20))
    whole = estimate_method(scores, level=0.95, ci="bootstrap", seed=1)
    monkeypatch.setattr(by_method, "BLOCK_ENTRIES", 60)
    cut = estimate_method(scores, level=0.95, ci="bootstrap", seed=1)
    # Products of other shapes are summed in another order, which moves the last digit.
    assert astuple(cut) == pytest.approx(astuple(whole), rel=1e-12)


def test_the_bootstrap_is_the_same_for_the_same_seed_alone() -> None:
    scores = np.random.default_rng(3).normal(size=(3, 20))
    first = estimate_method(scores, level=0.95, ci="bootstrap", seed=1)
    assert first == estimate_method(scores, level=0.95, ci="bootstrap", seed=1)
    assert first != estimate_method(scores, level=0.95, ci="bootstrap", seed=2)
