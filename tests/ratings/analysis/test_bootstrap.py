"""Intervals by drawing raters again."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ratings.analysis import bootstrap
from ratings.analysis.arrays import Floats, Ints
from ratings.analysis.bootstrap import Bootstrap, bootstrap_mean, bootstrap_recovered
from ratings.analysis.percentiles import bias_corrected
from ratings.analysis.recovery import subject_model, zrec
from ratings.analysis.scores import ScoreTable

NAN = float("nan")
ENDS = ("ci_low", "ci_high", "group_low", "group_high")
GROUPS: Ints = np.arange(24) % 3


def votes(*, seed: int, raters: int = 20, missing: float = 0.0) -> Floats:
    """Draw votes on 24 stimuli around 0: biases of 5 points, inconsistencies of 10 in the median."""
    rng = np.random.default_rng([9, seed])
    inconsistency = 10 * np.exp(rng.normal(0, 0.3, raters))
    drawn = rng.normal(0, 5, raters) + inconsistency * rng.normal(size=(24, raters))
    drawn[rng.random(drawn.shape) < missing] = np.nan
    return drawn


def bounded(model: str, scores: Floats, **options: Any) -> Bootstrap:
    """Bound the 24 stimuli and their three groups."""
    options = {"level": 0.95, "seed": 0, **options}
    if model == "mean":
        return bootstrap_mean(ScoreTable.from_matrix(scores), GROUPS, 3, **options)
    found = (subject_model if model == "subject_model" else zrec)(scores)
    return bootstrap_recovered(found, GROUPS, 3, **options)


MODELS = ["mean", "subject_model", "zrec"]


def test_the_bias_correction_matches_a_hand_calculation() -> None:
    # 40 % of the replicates lie below 0: z0 = −0.253347, so the ends are the percentiles
    # Φ(2 z0 − 1.959964) = Φ(−2.466658) = 0.0068190 and Φ(2 z0 + 1.959964) = Φ(1.453270) = 0.9269254.
    drawn = np.arange(1000, dtype=np.float32)[None, ::-1] - 399.5
    low, high = bias_corrected(drawn, np.array([10**9]), level=0.95)
    assert low[0] == pytest.approx(999 * 0.0068190 - 399.5, rel=1e-5)
    assert high[0] == pytest.approx(999 * 0.9269254 - 399.5, rel=1e-5)


def test_few_raters_widen_the_interval_as_student_would() -> None:
    # n = 6: √(6/5) · t(0.975, 5) / 1.959964 = 1.095445 · 2.570582 / 1.959964 = 1.436728;
    # n = 2: √2 · 12.706205 / 1.959964 = 9.168154.
    drawn = np.random.default_rng(0).normal(size=(1, 1000)).astype(np.float32)
    many = np.array(bias_corrected(drawn, np.array([10**9]), level=0.95))
    six = np.array(bias_corrected(drawn, np.array([6]), level=0.95))
    two = np.array(bias_corrected(drawn, np.array([2]), level=0.95))
    np.testing.assert_allclose(six / many, 1.436728, rtol=1e-5)
    np.testing.assert_allclose(two / many, 9.168154, rtol=1e-5)


def test_replicates_that_all_fall_on_one_side_have_a_finite_interval() -> None:
    low, high = bias_corrected(np.arange(1000, dtype=np.float32)[None] + 1, np.array([10**9]), level=0.95)
    assert (low[0], high[0]) == pytest.approx((1, 1), abs=0.01)


def test_replicates_equal_to_the_estimate_lie_half_below_it() -> None:
    # 50 below, 100 equal, 50 above: z0 = 0, and the percentiles 2.5 and 97.5 are −1 and 1.
    drawn = np.repeat([-1, 0, 1], [50, 100, 50]).astype(np.float32)[None]
    low, high = bias_corrected(drawn, np.array([10**9]), level=0.95)
    assert (low[0], high[0]) == pytest.approx((-1, 1))


def test_replicates_without_a_number_do_not_count() -> None:
    drawn = np.random.default_rng(0).normal(size=(1, 500)).astype(np.float32)
    some = np.concatenate([drawn, np.full((1, 300), np.nan, dtype=np.float32)], axis=1)
    assert bias_corrected(some, np.array([9]), level=0.9) == bias_corrected(drawn, np.array([9]), level=0.9)


def test_one_rater_or_one_replicate_has_no_interval() -> None:
    drawn = np.array([[1, 2, 3], [1, NAN, NAN], [NAN, NAN, NAN]], dtype=np.float32)
    low, high = bias_corrected(drawn, np.array([1, 5, 5]), level=0.9)
    assert np.isnan([low, high]).all()


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("missing", [0.0, 0.4])
def test_intervals_cover_as_often_as_they_say(model: str, missing: float) -> None:
    # 150 studies of 20 raters and 24 stimuli whose true score is 0. Other sets of 150 gave 0.87 to 0.90 for
    # stimuli, which share a study's raters, and 0.86 to 0.91 for groups.
    stimuli, groups = [], []
    for seed in range(150):
        found = bounded(model, votes(seed=seed, missing=missing), level=0.9, seed=seed, replicates=500)
        stimuli.append(np.mean((found.ci_low <= 0) & (found.ci_high >= 0)))
        groups.append(np.mean((found.group_low <= 0) & (found.group_high >= 0)))
    assert 0.86 <= np.mean(stimuli) <= 0.92
    assert 0.84 <= np.mean(groups) <= 0.93


def test_six_raters_are_enough_for_an_interval_of_the_mean_that_holds() -> None:
    # Percentiles alone would hold the truth in 83 % of cases; a t interval does in 95 %.
    held = []
    for seed in range(100):
        scores = votes(seed=seed, raters=6, missing=0.2)
        found = bounded("mean", scores, seed=seed, replicates=500)
        known = np.isfinite(found.ci_low)
        held.append(np.mean(((found.ci_low <= 0) & (found.ci_high >= 0))[known]))
    assert 0.92 <= np.mean(held) <= 0.97


@pytest.mark.parametrize("model", MODELS)
def test_the_same_seed_alone_gives_the_same_intervals(model: str) -> None:
    scores = votes(seed=1)
    first, again, other = (bounded(model, scores, seed=seed, replicates=200) for seed in (1, 1, 2))
    for end in ENDS:
        np.testing.assert_array_equal(getattr(first, end), getattr(again, end))
        assert (getattr(first, end) != getattr(other, end)).any()


@pytest.mark.parametrize("model", MODELS)
def test_intervals_do_not_depend_on_how_the_work_is_cut(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    scores = votes(seed=2, missing=0.3)
    whole = bounded(model, scores, replicates=200)
    monkeypatch.setattr(bootstrap, "BLOCK_ENTRIES", 700)
    cut = bounded(model, scores, replicates=200)
    for end in ENDS:
        np.testing.assert_allclose(getattr(cut, end), getattr(whole, end), rtol=1e-5, atol=1e-5)


def test_stimuli_bounded_in_parts_draw_the_same_raters(monkeypatch: pytest.MonkeyPatch) -> None:
    scores = votes(seed=2, missing=0.3)
    whole = bounded("mean", scores, replicates=200)
    monkeypatch.setattr(bootstrap, "DEVIATIONS", 200 * 7)
    cut = bounded("mean", scores, replicates=200)
    for end in ENDS:
        np.testing.assert_allclose(getattr(cut, end), getattr(whole, end), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("model", "stimuli"), [("mean", False), ("subject_model", True), ("zrec", True)])
def test_a_study_too_large_to_solve_again_has_nearly_the_same_intervals_and_says_so(
    model: str, stimuli: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = votes(seed=3, raters=40, missing=0.2)
    exact = bounded(model, scores, stimuli=stimuli)
    monkeypatch.setattr(bootstrap, "VISITS", 0)
    monkeypatch.setattr(bootstrap, "GROUP_VISITS", 0)
    first_order = bounded(model, scores, stimuli=stimuli)
    assert (exact.linearised, first_order.linearised) == (False, True)
    for low, high in (("ci_low", "ci_high"), ("group_low", "group_high")):
        width = getattr(exact, high) - getattr(exact, low)
        for end in (low, high):
            difference = np.abs(getattr(first_order, end) - getattr(exact, end)) / width
            known = difference[np.isfinite(difference)]
            assert known.size in (0, len(width))
            assert known.max(initial=0) < 0.15
            assert known.sum() <= 0.08 * known.size


def test_groups_alone_are_bounded_as_with_their_stimuli() -> None:
    scores = votes(seed=4, missing=0.3)
    alone, together = (bounded("mean", scores, stimuli=stimuli) for stimuli in (False, True))
    np.testing.assert_array_equal(alone.group_low, together.group_low)
    assert np.isnan(alone.ci_low).all()
    assert np.isfinite(together.ci_low).all()


@pytest.mark.parametrize("model", MODELS)
def test_stimuli_nobody_rated_have_no_interval_and_leave_their_group_alone(model: str) -> None:
    scores = votes(seed=5)
    scores[23] = np.nan
    found = bounded(model, scores, replicates=200)
    assert np.flatnonzero(np.isnan(found.ci_low)).tolist() == [23]
    assert np.isfinite(found.group_low).all()


def test_a_stimulus_that_no_drawn_rater_saw_does_not_move_its_group() -> None:
    # Raters agree on both stimuli, so no draw can move their mean, though only two saw the first one.
    scores = np.full((2, 20), 60.0)
    scores[0] = np.where(np.arange(20) < 2, 10, NAN)
    table, one = ScoreTable.from_matrix(scores), np.zeros(2, dtype=np.int64)
    found = bootstrap_mean(table, one, 1, level=0.95, seed=0, replicates=200)
    assert (found.group_low[0], found.group_high[0]) == (35, 35)


def test_a_model_draws_no_rater_it_left_out() -> None:
    scores = votes(seed=6)
    scores[9:, 4] = np.nan
    with_them = bounded("subject_model", scores, replicates=200)
    without = bounded("subject_model", np.delete(scores, 4, axis=1), replicates=200)
    for end in ENDS:
        np.testing.assert_allclose(getattr(with_them, end), getattr(without, end), rtol=1e-5)


def test_requests_that_cannot_be_met_are_refused() -> None:
    with pytest.raises(ValueError, match="20 replicates cannot tell the ends"):
        bounded("mean", votes(seed=0), replicates=20)
    with pytest.raises(ValueError, match="level 95 is not between 0 and 1"):
        bounded("mean", votes(seed=0), level=95)
    with pytest.raises(ValueError, match="seed -1 is not a whole number"):
        bounded("zrec", votes(seed=0), seed=-1)
    table = ScoreTable.from_matrix(votes(seed=0))
    with pytest.raises(ValueError, match=r"group_of \(3,\) is not"):
        bootstrap_mean(table, GROUPS[:3], 3, level=0.95, seed=0)


def test_rounding_does_not_push_an_interval_to_one_side() -> None:
    # 0.1, 0.2 and 0.3 are not exact in binary; 1, 2 and 3 are, and a tenth of their interval is right.
    votes = ScoreTable.from_matrix(np.array([[0.1, 0.2, 0.3], [1.0, 2.0, 3.0]]))
    found = bootstrap_mean(votes, np.array([0, 1]), 2, level=0.95, seed=0)
    low, high = found.ci_low - [0.2, 2.0], found.ci_high - [0.2, 2.0]
    np.testing.assert_allclose(low[0], low[1] / 10, rtol=1e-5)
    np.testing.assert_allclose(high[0], high[1] / 10, rtol=1e-5)
