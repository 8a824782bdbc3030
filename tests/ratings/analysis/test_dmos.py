"""Opinion scores per stimulus, against hand calculations, SciPy and another laboratory's numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ratings.analysis.arrays import Ints
from ratings.analysis.dmos import (
    LiveScores,
    estimate_mean,
    half_width,
    hidden_reference_scores,
    live_scores,
)
from ratings.analysis.scores import ScoreTable

NAN = float("nan")


def live(
    differences: list[list[float]], *, scope: str = "study", methods: list[int] | None = None
) -> LiveScores:
    table = ScoreTable.from_matrix(np.array(differences))
    codes = np.zeros(len(differences), dtype=np.int64) if methods is None else np.array(methods)
    return live_scores(table, table.rater_of, codes, scope=scope)


def test_mean_and_intervals_match_a_hand_calculation() -> None:
    # Differences 20, 5, 25, 20: mean 17.5, sample sd 8.660254, t(0.975, 3) = 3.182446, so the half
    # widths are 3.182446 · 8.660254 / 2 = 13.780397 and 1.959964 · 8.660254 / 2 = 8.486893.
    scores = np.array([[20.0, 5.0, 25.0, 20.0]])
    by_t = estimate_mean(scores, level=0.95, ci="t")
    by_normal = estimate_mean(scores, level=0.95, ci="normal")
    np.testing.assert_allclose([by_t.dmos[0], by_t.sd[0], by_t.n[0]], [17.5, 8.660254, 4], rtol=1e-6)
    np.testing.assert_allclose([by_t.ci_low[0], by_t.ci_high[0]], [3.719603, 31.280397], rtol=1e-6)
    np.testing.assert_allclose([by_normal.ci_low[0], by_normal.ci_high[0]], [9.013107, 25.986893], rtol=1e-6)


def test_the_t_interval_is_that_of_scipy_at_another_level_and_with_missing_votes() -> None:
    scores = np.array([[3.0, NAN, -8.0, 1.5, 40.0], [NAN, 2.0, 2.5, NAN, NAN]])
    result = estimate_mean(scores, level=0.8, ci="t")
    for row in range(2):
        votes = scores[row][~np.isnan(scores[row])]
        # An independent program: SciPy's one-sample t-test.
        expected = stats.ttest_1samp(votes, 0).confidence_interval(0.8)
        np.testing.assert_allclose([result.ci_low[row], result.ci_high[row]], [expected.low, expected.high])
    assert result.n.tolist() == [4, 2]


def test_one_vote_has_a_mean_and_no_interval_and_none_has_nothing() -> None:
    result = estimate_mean(np.array([[NAN, -7.0], [NAN, NAN]]), level=0.95, ci="t")
    assert result.n.tolist() == [1, 0]
    np.testing.assert_array_equal(result.dmos, [-7.0, NAN])
    for field in (result.sd, result.ci_low, result.ci_high):
        np.testing.assert_array_equal(field, [NAN, NAN])


def test_one_value_has_no_half_width_whatever_its_sd() -> None:
    np.testing.assert_array_equal(
        half_width(np.array([2.0, 2.0]), np.array([1, 0]), level=0.9, ci="t"), [NAN, NAN]
    )


def test_an_interval_of_bad_level_or_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="level 0 is not between 0 and 1"):
        half_width(np.ones(1), np.array([5]), level=0, ci="t")
    with pytest.raises(ValueError, match="ci 'bootstrap' is not available; available: t, normal"):
        half_width(np.ones(1), np.array([5]), level=0.9, ci="bootstrap")


def test_scores_on_one_axis_are_refused() -> None:
    with pytest.raises(ValueError, match=r"scores of shape \(3,\) are not"):
        estimate_mean(np.zeros(3), level=0.95, ci="t")


def test_zscores_match_a_hand_calculation() -> None:
    # Rater 0: differences 10, 20, 30: mean 20, sample sd 10, z = −1, 0, 1, z' = 33.3333, 50, 66.6667.
    # Rater 1: −5, 0, 10: mean 5/3, sample sd 7.637626, z = −0.872872, −0.218218, 1.091089,
    # z' = 35.452137, 46.363034, 68.184829.
    result = live([[10.0, -5.0], [20.0, 0.0], [30.0, 10.0]]).scores.matrix()
    np.testing.assert_allclose(result[:, 0], [100 / 3, 50, 200 / 3])
    np.testing.assert_allclose(result[:, 1], [35.452137, 46.363034, 68.184829], rtol=1e-6)


def test_zscores_are_taken_within_each_session_of_a_rater() -> None:
    # One rater: session 0 gave 0 and 10, session 1 gave 50 and 70. In both sd1 = |a − b| / √2 and
    # z = ∓ 1/√2, z' = 100 (3 ∓ 0.707107) / 6.
    table = ScoreTable.from_matrix(np.array([[0.0], [10.0], [50.0], [70.0]]))
    one_method = np.zeros(4, dtype=np.int64)
    result = live_scores(table, np.array([0, 0, 1, 1]), one_method, scope="study").scores
    np.testing.assert_allclose(result.value, [38.214887, 61.785113, 38.214887, 61.785113], rtol=1e-6)


def test_scope_method_puts_the_mean_of_every_method_at_50_and_scope_study_does_not() -> None:
    differences = [[5.0, 0.0], [15.0, 3.0], [40.0, 20.0], [60.0, 90.0]]
    within = live(differences, scope="method", methods=[0, 0, 1, 1]).scores.matrix()
    np.testing.assert_allclose(within[:2].mean(), 50)
    np.testing.assert_allclose(within[2:].mean(), 50)
    over = live(differences, scope="study", methods=[0, 0, 1, 1]).scores.matrix()
    assert over[:2].mean() < 40 < 60 < over[2:].mean()
    np.testing.assert_allclose(over.mean(), 50)


def test_a_zscore_beyond_three_is_not_clipped() -> None:
    # One difference of 100 among 19 of 0: mean 5, sample sd 22.360680, z = 4.248529, z' = 120.808820.
    result = live([[100.0]] + [[0.0]] * 19).scores
    assert result.value[0] == pytest.approx(120.808820)


def test_a_rater_whose_differences_are_all_equal_is_dropped_and_reported() -> None:
    # 70.1 − 50.1 and 0.3 − (−19.7) differ by 1e-14 in floating point; on paper both are 20.
    result = live([[70.1 - 50.1, 1.0], [0.3 + 19.7, 2.0], [20.0, 4.0]])
    assert result.scores.votes_per_rater.tolist() == [0, 3]
    assert (result.dropped_session.tolist(), result.dropped_method.tolist()) == ([0], [-1])
    assert result.votes_dropped.tolist() == [3]


def test_a_rater_of_one_vote_is_dropped_and_reported() -> None:
    result = live([[1.0, NAN], [2.0, 30.0]])
    assert result.scores.votes_per_rater.tolist() == [2, 0]
    assert (result.dropped_session.tolist(), result.votes_dropped.tolist()) == ([1], [1])


def test_scope_method_drops_only_the_method_that_has_no_spread() -> None:
    result = live([[7.0], [7.0], [1.0], [3.0]], scope="method", methods=[4, 4, 2, 2])
    assert result.scores.votes_per_stimulus.tolist() == [0, 0, 1, 1]
    assert (result.dropped_session.tolist(), result.dropped_method.tolist()) == ([0], [4])


def test_a_study_without_any_spread_is_refused() -> None:
    with pytest.raises(ValueError, match="no z-score can be taken"):
        live([[5.0, 3.0], [5.0, 3.0]])


def test_zscores_of_arrays_that_do_not_fit_are_refused() -> None:
    table = ScoreTable.from_matrix(np.ones((2, 2)))
    with pytest.raises(ValueError, match=r"session_of \(2,\) and method_of \(2,\) are not \(votes,\) \(4,\)"):
        live_scores(table, np.zeros(2, dtype=np.int64), np.zeros(2, dtype=np.int64), scope="study")


def test_dropped_groups_are_listed_by_session_whatever_order_their_votes_are_in() -> None:
    table = ScoreTable(np.array([0, 0, 0]), np.array([2, 0, 1]), np.array([1.0, 2.0, 3.0]), 2, 4)
    more = ScoreTable(
        np.append(table.stimulus_of, [0, 1]), np.append(table.rater_of, [3, 3]), np.arange(5.0), 2, 4
    )
    one_method = np.zeros(2, dtype=np.int64)
    result = live_scores(more, more.rater_of, one_method, scope="study")
    assert result.dropped_session.tolist() == [0, 1, 2]


def outside(shared: Path, name: str, value: str) -> tuple[ScoreTable, pd.DataFrame, Any]:
    """Return a study's votes, its stimuli in order of first appearance, and the golden numbers."""
    frame = pd.read_csv(shared / "ratings" / f"{name}.csv")
    stimuli = frame[["image", "method"]].drop_duplicates().reset_index(drop=True)
    stimulus_of = pd.factorize(frame["image"] + "/" + frame["method"])[0]
    rater_of, raters = pd.factorize(frame["rater"])
    table = ScoreTable(stimulus_of, rater_of, frame[value].to_numpy(float), len(stimuli), len(raters))
    return table, stimuli, json.loads((shared / "reference" / "golden" / f"{name}.json").read_text())


def references(stimuli: pd.DataFrame) -> Ints:
    of_image = stimuli[stimuli["method"] == "reference"].reset_index().set_index("image")["index"]
    return stimuli["image"].map(of_image).to_numpy(np.int64)


@pytest.mark.parametrize(("name", "value"), [("nflx_public", "score"), ("vqeg_frtv1_525_high", "difference")])
def test_means_and_intervals_agree_with_another_program(shared: Path, name: str, value: str) -> None:
    table, _, golden = outside(shared, name, value)
    expected = golden["mos"]
    by_t = estimate_mean(table, level=0.95, ci="t")
    by_normal = estimate_mean(table, level=0.95, ci="normal")
    np.testing.assert_array_equal(by_t.n, expected["n"])
    np.testing.assert_allclose(by_t.dmos, expected["mos"], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(by_t.sd, expected["sd"], rtol=1e-12)
    # The other program's quantile of t is off by 2.4e-10 (its tail probability is not 0.025).
    np.testing.assert_allclose(by_t.ci_high - by_t.dmos, expected["ci_t"], rtol=1e-9)
    # The golden numbers were made with 1.96 where the normal quantile is 1.959964.
    half = (by_normal.ci_high - by_normal.dmos) * 1.96 / 1.959963984540054
    np.testing.assert_allclose(half, expected["ci_z196"], rtol=1e-9)


@pytest.mark.parametrize(("crush", "block"), [(False, "acrhr_dmos"), (True, "acrhr_dmos_crushed")])
def test_hidden_references_agree_with_another_program_on_the_netflix_ratings(
    shared: Path, crush: bool, block: str
) -> None:
    table, stimuli, golden = outside(shared, "nflx_public", "score")
    scored = hidden_reference_scores(table, references(stimuli), scale_min=1, scale_max=5, crush=crush)
    result = estimate_mean(scored.scores, level=0.95, ci="t")
    tests, expected = (stimuli["method"] != "reference").to_numpy(), golden[block]
    assert scored.votes_left_out == 0
    np.testing.assert_array_equal(result.n[tests], expected["n"])
    np.testing.assert_allclose(result.dmos[tests], expected["mos"], rtol=1e-12)
    np.testing.assert_allclose(result.sd[tests], expected["sd"], rtol=1e-12)
    np.testing.assert_allclose((result.ci_high - result.dmos)[tests], expected["ci_t"], rtol=1e-9)


@pytest.mark.parametrize("block", ["live_dmos", "live_dmos_noreject"])
def test_zscores_agree_with_another_program_on_the_netflix_ratings(shared: Path, block: str) -> None:
    table, stimuli, golden = outside(shared, "nflx_public", "score")
    expected = golden[block]
    of_reference = table.matrix()[references(stimuli)] - table.matrix()
    of_reference[(stimuli["method"] == "reference").to_numpy()] = NAN
    # The raters that the screening rule rejects there; it has tests of its own.
    of_reference[:, expected["rejected"]] = NAN
    differences = ScoreTable.from_matrix(of_reference)
    one_method = np.zeros(len(stimuli), dtype=np.int64)
    live = live_scores(differences, differences.rater_of, one_method, scope="study")
    result = estimate_mean(live.scores, level=0.95, ci="t")
    tests = result.n > 0
    np.testing.assert_allclose(result.dmos[tests], expected["dmos"], rtol=1e-10)
    np.testing.assert_allclose(result.sd[tests], expected["sd"], rtol=1e-10)
    np.testing.assert_allclose((result.ci_high - result.dmos)[tests], expected["ci_t"], rtol=1e-9)
