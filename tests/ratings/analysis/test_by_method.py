"""Scores of groups of stimuli and their intervals over raters."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from ratings.analysis.arrays import Floats
from ratings.analysis.bootstrap import bootstrap_recovered
from ratings.analysis.by_method import GroupEstimates, estimate_groups, estimate_recovered_groups
from ratings.analysis.groups import is_complete
from ratings.analysis.recovery import subject_model
from ratings.analysis.scores import ScoreTable

NAN = float("nan")


def method(scores: Floats, *, ci: str = "t", level: float = 0.95, seed: int = 0) -> GroupEstimates:
    """Estimate a single method with the given (images, raters)."""
    one = np.zeros(len(scores), dtype=np.int64)
    return estimate_groups(ScoreTable.from_matrix(scores), one, 1, level=level, ci=ci, seed=seed)


def test_images_are_averaged_within_a_rater_before_raters_are_compared() -> None:
    # Raters' means over the two images: 15, 20, 40; mean 25, sample sd 13.228757,
    # t(0.975, 2) = 4.302653, half width 4.302653 · 13.228757 / √3 = 32.862100.
    result = method(np.array([[10.0, 30.0, 50.0], [20.0, 10.0, 30.0]]))
    assert (result.n_raters.tolist(), result.n_stimuli.tolist()) == ([3], [2])
    np.testing.assert_allclose([result.dmos[0], result.sd[0]], [25, 13.228757], rtol=1e-6)
    np.testing.assert_allclose([result.ci_low[0], result.ci_high[0]], [-7.862100, 57.862100], rtol=1e-5)


def test_the_normal_interval_is_narrower_than_the_t_interval() -> None:
    # 1.959964 · 13.228757 / √3 = 14.969477.
    result = method(np.array([[10.0, 30.0, 50.0], [20.0, 10.0, 30.0]]), ci="normal")
    np.testing.assert_allclose(result.ci_high - result.dmos, 14.969477, rtol=1e-6)


def test_groups_are_kept_apart_whatever_order_their_stimuli_are_in() -> None:
    # Group 1 has the stimuli 0 and 2: raters' means 15, 20, 40 as above. Group 0 has stimulus 1: 1, 2, 6,
    # mean 3, sample sd 2.645751. Group 2 has none.
    scores = np.array([[10.0, 30.0, 50.0], [1.0, 2.0, 6.0], [20.0, 10.0, 30.0]])
    table = ScoreTable.from_matrix(scores)
    result = estimate_groups(table, np.array([1, 0, 1]), 3, level=0.95, ci="t", seed=0)
    np.testing.assert_allclose(result.dmos, [3, 25, NAN])
    np.testing.assert_allclose(result.sd, [2.645751, 13.228757, NAN], rtol=1e-6)
    assert (result.n_raters.tolist(), result.n_stimuli.tolist()) == ([3, 3, 0], [1, 2, 0])
    assert np.isnan(result.ci_low[2])


def test_images_count_alike_however_many_rated_them() -> None:
    # Images' means 10 and 40, of three votes and of one: their unweighted mean is 25. Residuals −5, 0 and the
    # mean of 5 and 0 are averaged within raters: −5, 0, 2.5, sample sd 3.818813.
    result = method(np.array([[5.0, 10.0, 15.0], [NAN, NAN, 40.0]]), ci="bootstrap")
    assert result.dmos[0] == pytest.approx(25)
    assert result.sd[0] == pytest.approx(3.818813)


def test_raters_and_images_without_votes_do_not_count() -> None:
    scores = np.array([[1.0, NAN, 3.0], [NAN, NAN, NAN], [2.0, NAN, 8.0]])
    result = method(scores)
    assert (result.n_raters.tolist(), result.n_stimuli.tolist()) == ([2], [2])


def test_a_design_is_complete_where_each_rater_of_a_method_rated_all_its_images() -> None:
    scores = np.array([[1.0, NAN, 3.0], [NAN, NAN, NAN], [2.0, NAN, 8.0], [1.0, 2.0, NAN], [NAN, 4.0, NAN]])
    groups = np.array([0, 0, 0, 1, 1])
    assert is_complete(ScoreTable.from_matrix(scores), groups, 3).tolist() == [True, False, True]


def test_one_rater_has_a_score_and_no_interval() -> None:
    for ci in ("t", "bootstrap"):
        result = method(np.array([[4.0], [6.0]]), ci=ci)
        assert result.dmos[0] == 5
        assert np.isnan([result.sd, result.ci_low, result.ci_high]).all()


def test_a_method_without_votes_has_no_numbers() -> None:
    for ci in ("t", "bootstrap"):
        result = method(np.full((2, 3), NAN), ci=ci)
        assert (result.n_raters.tolist(), result.n_stimuli.tolist()) == ([0], [0])
        assert np.isnan([result.dmos, result.sd, result.ci_low, result.ci_high]).all()


def test_the_bootstrap_agrees_with_scipy_where_nothing_is_missing() -> None:
    rng = np.random.default_rng(1)
    # Skewed, so that the correction for bias has something to do.
    scores = rng.exponential(10, size=(4, 40))
    mine = method(scores, level=0.9, ci="bootstrap", seed=5)
    # An independent program: SciPy's BCa bootstrap, whose acceleration is small but not 0 here, and which
    # does not widen intervals for few raters: 2.7 % at 40.
    theirs = stats.bootstrap((scores.mean(axis=0),), np.mean, confidence_level=0.9, n_resamples=20000, rng=3)
    width = theirs.confidence_interval.high - theirs.confidence_interval.low
    np.testing.assert_allclose(
        [mine.ci_low[0], mine.ci_high[0]],
        [theirs.confidence_interval.low, theirs.confidence_interval.high],
        atol=0.08 * width,
    )


def test_the_bootstrap_interval_does_not_mistake_easy_images_for_good_raters() -> None:
    # Two images 60 points apart, each rated by its own 30 raters who agree within a point: the score
    # is known to a fraction of a point, though the raters' means lie 60 apart.
    rng = np.random.default_rng(2)
    scores = np.full((2, 60), NAN)
    scores[0, :30], scores[1, 30:] = rng.normal(0, 1, 30), rng.normal(60, 1, 30)
    result = method(scores, ci="bootstrap")
    assert result.sd[0] < 1.5
    assert 0.2 < result.ci_high[0] - result.ci_low[0] < 1.0


def test_a_model_of_raters_is_averaged_over_the_stimuli_of_a_method() -> None:
    rng = np.random.default_rng(6)
    scores = rng.uniform(0, 50, 24)[:, None] + rng.normal(0, 5, 12) + rng.normal(0, 10, (24, 12))
    scores[:, 3] = np.where(np.arange(24) < 9, scores[:, 3], NAN)
    groups = np.arange(24) % 2
    found = subject_model(scores)
    drawn = bootstrap_recovered(found, groups, 2, level=0.95, seed=0)
    result = estimate_recovered_groups(
        found, groups, 2, group_low=drawn.group_low, group_high=drawn.group_high
    )
    np.testing.assert_allclose(result.dmos, [found.quality[::2].mean(), found.quality[1::2].mean()])
    assert (result.n_raters.tolist(), result.n_stimuli.tolist()) == ([11, 11], [12, 12])
    # In a complete design the sd is that of the raters' own means, whatever estimates quality.
    kept = np.delete(scores, 3, axis=1)
    np.testing.assert_allclose(result.sd, [kept[start::2].mean(axis=0).std(ddof=1) for start in (0, 1)])
    assert (result.ci_low < result.dmos).all()
    assert (result.dmos < result.ci_high).all()


def test_groups_that_do_not_fit_and_intervals_that_are_not_over_raters_are_refused() -> None:
    table = ScoreTable.from_matrix(np.ones((2, 3)))
    options = {"level": 0.95, "seed": 0}
    with pytest.raises(ValueError, match=r"group_of \(1,\) is not \(stimuli,\) \(2,\)"):
        estimate_groups(table, np.array([0]), 1, ci="t", **options)
    with pytest.raises(ValueError, match="group_of holds a number outside"):
        estimate_groups(table, np.array([0, 1]), 1, ci="t", **options)
    with pytest.raises(ValueError, match="ci 'model' is not available"):
        estimate_groups(table, np.array([0, 0]), 1, ci="model", **options)
