"""Screening, against hand calculations, SciPy, another laboratory's numbers and another program."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ratings.analysis.arrays import Floats
from ratings.analysis.bt500 import bt500_correlation, bt500_kurtosis
from ratings.analysis.evidence import Evidence
from ratings.analysis.scores import ScoreTable
from ratings.analysis.screening import Override, screen

NAN = float("nan")

# Mean 33.75, sum of squares 3187.5, β2 = 3.9123, sample sd 21.3391: the bounds are 33.75 ± 42.678, and the
# last rater's 80 is above the upper one, 76.43.
UP = np.array([10.0, 20, 20, 30, 30, 40, 40, 80])
DOWN = 60 - UP
# No vote is further than 1.43 sample sd from the mean.
CALM = np.arange(10.0, 90, 10)
LAST = 7


def stimuli(up: int, down: int, calm: int = 0) -> Floats:
    return np.array([UP] * up + [DOWN] * down + [CALM] * calm)


def names(scores: Floats) -> tuple[str, ...]:
    return tuple(f"r{number}" for number in range(scores.shape[1]))


def votes(shared: Path, name: str) -> tuple[pd.DataFrame, Floats, dict[str, Any]]:
    """Return the long table, the matrix (stimuli, raters) and the golden numbers of one outside study."""
    table = pd.read_csv(shared / "ratings" / f"{name}.csv")
    stimulus_of = pd.factorize(table["image"] + "|" + table["method"])[0]
    rater_of = pd.factorize(table["rater"])[0]
    matrix = np.full((stimulus_of.max() + 1, rater_of.max() + 1), NAN)
    matrix[stimulus_of, rater_of] = table["score" if "score" in table else "difference"]
    golden = json.loads((shared / "reference" / "golden" / f"{name}.json").read_text())
    return table, matrix, golden


def test_a_vote_beyond_two_sd_of_a_bell_shaped_stimulus_counts_on_its_side() -> None:
    result = bt500_kurtosis(stimuli(up=3, down=2))
    assert result.p.tolist() == [0, 0, 0, 0, 0, 0, 0, 3]
    assert result.q.tolist() == [0, 0, 0, 0, 0, 0, 0, 2]
    assert result.share[LAST] == 1
    assert result.asymmetry[LAST] == pytest.approx(0.2)
    np.testing.assert_array_equal(result.asymmetry[:LAST], NAN)


def test_a_stimulus_with_heavy_tails_has_bounds_at_root_twenty_sd() -> None:
    # β2 = 4.374 by hand; the 9 is 2.245 sample sd from the mean, beyond 2 and within √20 = 4.472.
    assert bt500_kurtosis(np.array([[1.0, 2, 2, 3, 3, 4, 4, 9]])).p.sum() == 0
    # One vote of 1 among 22 of 0: z = 22 / √23 = 4.587 sample sd, β2 = 21.05; among 20, z = 4.364.
    assert bt500_kurtosis(np.eye(1, 23)).p.tolist() == [1] + [0] * 22
    assert bt500_kurtosis(np.eye(1, 21)).p.sum() == 0


def test_a_stimulus_of_two_camps_has_bounds_at_root_twenty_sd() -> None:
    # One vote of 1 among 3: β2 = 1.5 for n = 3, and no vote lies beyond; nor where β2 = 1.
    assert bt500_kurtosis(np.array([[0.0, 0, 1]]), ddof=0).p.sum() == 0
    assert bt500_kurtosis(np.array([[0.0, 0, 1, 1]]), ddof=0).p.sum() == 0


def test_a_vote_at_the_bound_on_paper_counts_whatever_its_decimals() -> None:
    # One vote apart among five: β2 = 3.25; it lies exactly 2 population sd, or 1.789 sample sd, out.
    for low, high in ((0.0, 1.0), (0.1, 0.8), (0.3, 70.1), (-12.7, 3.3)):
        apart = np.array([[low, low, low, low, high]])
        assert bt500_kurtosis(apart, ddof=0).p.tolist() == [0, 0, 0, 0, 1]
        assert bt500_kurtosis(-apart, ddof=0).q.tolist() == [0, 0, 0, 0, 1]
        assert bt500_kurtosis(apart).p.sum() == 0


def test_a_kurtosis_of_exactly_four_is_still_a_bell() -> None:
    # 1 and −1 beside six 0: m2 = m4 = 1/4, β2 = 4 exactly; the 1 lies 2 population sd from the mean.
    result = bt500_kurtosis(0.1 * np.array([[1.0, -1, 0, 0, 0, 0, 0, 0]]), ddof=0)
    assert (result.p[0], result.q[1]) == (1, 1)


def test_a_kurtosis_of_exactly_two_is_already_a_bell() -> None:
    # ±2 once, ±1 eight times, six 0: m2 = 24/24 = 1, m4 = 48/24 = 2, β2 = 2; the 2 lies 2 population sd out.
    values = 0.7 * np.array([2.0, -2] + [1.0, -1] * 8 + [0.0] * 6)
    result = bt500_kurtosis(values[None, :], ddof=0)
    assert (result.p[0], result.q[1], result.p.sum(), result.q.sum()) == (1, 1, 1, 1)


def test_many_votes_beyond_the_bounds_on_both_sides_reject() -> None:
    result = bt500_kurtosis(stimuli(up=1, down=1, calm=18))
    assert result.share[LAST] == pytest.approx(0.1)
    assert np.flatnonzero(result.rejected).tolist() == [LAST]


def test_five_votes_in_a_hundred_beyond_the_bounds_are_accepted_and_more_are_not() -> None:
    # 2 of 40 is 5 %, which the rule allows; 2 of 39 is 5.13 %.
    assert not bt500_kurtosis(stimuli(up=1, down=1, calm=38)).rejected.any()
    assert bt500_kurtosis(stimuli(up=1, down=1, calm=37)).rejected[LAST]


def test_votes_beyond_the_bounds_mostly_on_one_side_are_accepted() -> None:
    # 13 above and 7 below: 6/20 = 0.3, which is not under the limit; 12 and 8: 0.2.
    assert not bt500_kurtosis(stimuli(up=13, down=7)).rejected.any()
    assert bt500_kurtosis(stimuli(up=12, down=8)).rejected[LAST]


def test_the_share_is_of_the_votes_a_rater_gave() -> None:
    scores = stimuli(up=1, down=1, calm=98)
    scores[10:, LAST] = NAN
    result = bt500_kurtosis(scores)
    # Two of ten votes, though of a hundred stimuli.
    assert (result.votes[LAST], result.share[LAST], bool(result.rejected[LAST])) == (10, 0.2, True)
    assert bt500_kurtosis(scores, compat="sureal").share[LAST] == 0.02


def test_a_rater_without_votes_has_no_share_and_is_accepted() -> None:
    result = bt500_kurtosis(np.column_stack([stimuli(up=1, down=1), [NAN, NAN]]))
    assert np.isnan(result.share[-1])
    assert not result.rejected[-1]


def test_stimuli_without_spread_or_with_two_votes_set_no_bounds_and_are_counted() -> None:
    two = [1.0, 2.0] + [NAN] * 6
    # 70.1 − 50.1 and 0.3 + 19.7 are 20 on paper and differ by 1e-14 in floating point.
    unanimous = [70.1 - 50.1, 0.3 + 19.7] + [20.0] * 6
    result = bt500_kurtosis(np.array([unanimous, two, [NAN] * 8, UP]))
    assert result.stimuli_skipped == 2
    assert (result.p.tolist(), result.q.sum()) == ([0, 0, 0, 0, 0, 0, 0, 1], 0)


def test_an_impossible_ddof_or_compat_is_refused() -> None:
    with pytest.raises(ValueError, match="ddof 2 is neither"):
        bt500_kurtosis(np.zeros((3, 3)), ddof=2)
    with pytest.raises(ValueError, match="compat 'spss' is not available"):
        bt500_kurtosis(np.zeros((3, 3)), compat="spss")


def honest_panel(seed: int) -> Floats:
    """Return 20 honest raters of 40 stimuli, of which the first two are voted on unanimously."""
    rng = np.random.default_rng(seed)
    scores = rng.uniform(0, 60, (40, 1)) + rng.normal(0, 6.7, 20) + rng.normal(0, 12, (40, 20))
    scores[:2] = 0
    return scores


def test_two_unanimous_stimuli_throw_out_nobody_here_and_most_raters_where_read_literally() -> None:
    # A unanimous stimulus read literally puts everyone at both bounds: 4 of 40 is 10 %, evenly split.
    for seed in range(10):
        assert not bt500_kurtosis(honest_panel(seed)).rejected.any()
        assert bt500_kurtosis(honest_panel(seed), compat="sureal").rejected.sum() >= 10


def test_where_everybody_would_go_the_other_program_keeps_everybody() -> None:
    # Two unanimous stimuli of four, and two that nobody stands out in: 4 of 4, evenly split, for each rater.
    scores = np.array([[5.0] * 8, [6.0] * 8, CALM, CALM])
    result = bt500_kurtosis(scores, compat="sureal")
    np.testing.assert_array_equal(result.share, 1)
    assert not result.rejected.any()


@pytest.mark.parametrize("name", ["nflx_public", "vqeg_frtv1_525_high"])
@pytest.mark.parametrize("ddof", [0, 1])
def test_counts_and_decisions_agree_with_another_laboratory(shared: Path, name: str, ddof: int) -> None:
    _, matrix, golden = votes(shared, name)
    expected = golden[f"bt500_kb_ddof{ddof}"]
    result = bt500_kurtosis(matrix, ddof=ddof)
    np.testing.assert_array_equal(result.p, expected["P"])
    np.testing.assert_array_equal(result.q, expected["Q"])
    np.testing.assert_allclose(result.share, expected["ratio"], rtol=1e-15)
    assert np.flatnonzero(result.rejected).tolist() == expected["rejected"]
    # There |P − Q| / (P + Q) is 1 where P + Q = 0.
    np.testing.assert_allclose(np.nan_to_num(result.asymmetry, nan=1), expected["skew"], rtol=1e-15)


def test_the_choice_of_ddof_changes_decisions_on_real_data(shared: Path) -> None:
    _, matrix, _ = votes(shared, "vqeg_frtv1_525_high")
    changed = bt500_kurtosis(matrix, ddof=0).rejected != bt500_kurtosis(matrix, ddof=1).rejected
    # Rater 65, by the golden numbers of that laboratory.
    assert np.flatnonzero(changed).tolist() == [65]


def test_screening_of_zscores_agrees_with_another_laboratory(shared: Path) -> None:
    table, _, golden = votes(shared, "nflx_public")
    wide = table.pivot(index=["image", "method"], columns="rater", values="score")
    reference = wide.xs("reference", level="method")
    tests = wide.drop(index="reference", level="method")
    differences = reference.loc[tests.index.get_level_values("image")].to_numpy() - tests.to_numpy()
    z = (differences - differences.mean(axis=0)) / differences.std(axis=0, ddof=1)
    assert np.flatnonzero(bt500_kurtosis(z).rejected).tolist() == golden["live_dmos"]["rejected"]


@pytest.mark.parametrize("name", ["nflx_public", "vqeg_frtv1_525_high"])
def test_correlations_agree_with_another_laboratory(shared: Path, name: str) -> None:
    _, matrix, golden = votes(shared, name)
    expected = golden["bt500_cb"]
    result = bt500_correlation(matrix)
    np.testing.assert_allclose(result.r, expected["r"], rtol=1e-12)
    assert result.threshold == pytest.approx(expected["threshold"], rel=1e-12)
    assert np.flatnonzero(result.rejected).tolist() == expected["rejected"]


def test_pearsons_correlation_leads_through_the_elimination_of_another_laboratory(shared: Path) -> None:
    # P.913's rule: while the worst correlation is under 0.75, that rater goes and all is computed again.
    _, matrix, golden = votes(shared, "vqeg_frtv1_525_high")
    expected = golden["p910_lpcc_0.75"]
    left = list(range(matrix.shape[1]))
    for rater, r in zip(expected["rejected_in_order"], expected["r_at_rejection"], strict=True):
        pearson = bt500_correlation(matrix[:, left]).pearson
        assert left[int(pearson.argmin())] == rater
        assert pearson.min() == pytest.approx(r, rel=1e-12)
        left.remove(rater)
    assert bt500_correlation(matrix[:, left]).pearson.min() >= 0.75


def scrambled(shared: Path) -> Floats:
    """Return the Netflix votes with those of raters 0 to 4 shuffled, vote for vote as sureal's tests do."""
    _, matrix, _ = votes(shared, "nflx_public")
    rng = np.random.RandomState(0)
    for rater in range(5):
        matrix[:, rater] = rng.permutation(matrix[:, rater])
    return matrix


def test_kurtosis_decides_as_sureal_does(shared: Path) -> None:
    # sureal 0.9.0, its kurtosis rejection run on these two matrices.
    _, matrix, _ = votes(shared, "nflx_public")
    result = bt500_kurtosis(matrix, compat="sureal")
    assert np.flatnonzero(result.rejected).tolist() == [2]
    first = [0.063291, 0.037975, 0.075949, 0.075949, 0.025316, 0.075949, 0.075949, 0.037975]
    np.testing.assert_allclose(result.share[:8], first, atol=5e-7)
    result = bt500_kurtosis(scrambled(shared), compat="sureal")
    assert np.flatnonzero(result.rejected).tolist() == [2, 3, 4]
    first = [0.113924, 0.126582, 0.101266, 0.177215, 0.139241, 0.025316, 0.050633, 0.0]
    np.testing.assert_allclose(result.share[:8], first, atol=5e-7)


def test_correlation_finds_exactly_the_scrambled_raters(shared: Path) -> None:
    matrix = scrambled(shared)
    result = bt500_correlation(matrix)
    assert np.flatnonzero(result.rejected).tolist() == [0, 1, 2, 3, 4]
    # sureal's own tests print these of the means that are left after its Pearson and Spearman rejections.
    means = matrix[:, ~result.rejected].mean(axis=1)
    assert means.mean() == pytest.approx(3.5322483423749245, abs=1e-12)
    assert means.var() == pytest.approx(1.403470793861528, abs=1e-12)


def test_other_scrambled_raters_are_found_too(shared: Path) -> None:
    _, matrix, _ = votes(shared, "nflx_public")
    rng = np.random.default_rng(7)
    for rater in (5, 11, 25):
        matrix[:, rater] = rng.permutation(matrix[:, rater])
    assert np.flatnonzero(bt500_correlation(matrix).rejected).tolist() == [5, 11, 25]


def test_correlations_of_a_partial_design_with_ties_are_those_of_scipy() -> None:
    rng = np.random.default_rng(3)
    scores = np.round(rng.uniform(0, 6, (30, 1)) + rng.normal(0, 2, (30, 12)))
    scores[rng.random(scores.shape) < 0.4] = NAN
    means = np.nanmean(scores, axis=1)
    result = bt500_correlation(scores)
    for rater in range(12):
        gave = ~np.isnan(scores[:, rater])
        pair = scores[gave, rater], means[gave]
        # An independent program: SciPy.
        assert result.pearson[rater] == pytest.approx(stats.pearsonr(*pair).statistic)
        assert result.spearman[rater] == pytest.approx(stats.spearmanr(*pair).statistic)
    np.testing.assert_array_equal(result.r, np.minimum(result.pearson, result.spearman))
    assert (result.pearson < result.spearman).any()
    assert (result.pearson > result.spearman).any()


def test_raters_numbered_beyond_sixteen_bits_are_not_mixed_up() -> None:
    # Raters 0 and 65536 vote in opposite order on five stimuli, a third one pulls the means upwards.
    raters = np.repeat([0, 65_536, 70_000], 5)
    values = np.array([1.0, 2, 3, 4, 5, 5, 4, 3, 2, 1, 0, 20, 40, 60, 80])
    table = ScoreTable(np.tile(np.arange(5), 3), raters, values, 5, 70_001)
    result = bt500_correlation(table)
    assert [round(float(result.spearman[rater]), 9) for rater in (0, 65_536, 70_000)] == [1, -1, 1]


def test_a_vote_is_not_tied_with_another_raters_equal_vote() -> None:
    # Each rater has the order of the means; the highest vote of one is the lowest of the next.
    result = bt500_correlation(np.array([[1.0, 3], [2, 4], [3, 5]]))
    np.testing.assert_allclose(result.spearman, 1, rtol=1e-12)


def test_no_correlation_exceeds_one() -> None:
    rng = np.random.default_rng(1)
    agreed = rng.uniform(0, 100, (40, 1)) * rng.uniform(0.5, 2, 200) + rng.uniform(0, 9, 200)
    result = bt500_correlation(agreed)
    assert max(result.pearson.max(), result.spearman.max()) <= 1
    assert result.pearson.min() > 1 - 1e-12


def test_a_constant_rater_correlates_with_nothing() -> None:
    scores = np.array([[1.0, 2, 0.3 + 19.7], [2, 3, 70.1 - 50.1], [4, 3, 20], [5, 6, 20]])
    result = bt500_correlation(scores)
    assert (result.pearson[2], result.spearman[2], result.r[2]) == (0, 0, 0)
    assert result.r[:2].min() > 0.8


def test_three_votes_make_a_correlation() -> None:
    np.testing.assert_allclose(bt500_correlation(np.array([[1.0, 2], [2, 3], [3, 4]])).r, 1)


def test_a_rater_of_two_votes_has_no_correlation_and_sways_no_threshold() -> None:
    scores = np.array([[1.0, 2, 1, 5], [2, 2, 3, 4], [4, 3, 4, 2], [5, 5, 4, 1], [3, 3, 3, 3]])
    sparse = np.column_stack([scores, [9.0, NAN, NAN, NAN, 1.0]])
    result = bt500_correlation(sparse)
    assert np.isnan([result.pearson[4], result.spearman[4], result.r[4]]).all()
    assert result.rejected.tolist() == [False, False, False, True, False]
    known = result.r[:4]
    assert result.threshold == pytest.approx(known.mean() - known.std(ddof=1))


def test_stimuli_with_equal_means_correlate_with_nobody() -> None:
    # The sums of 0.1, 0.2 and 0.3 differ by 1e-16 with their order.
    result = bt500_correlation(np.array([[0.1, 0.2, 0.3], [0.2, 0.3, 0.1], [0.3, 0.2, 0.1]]))
    for field in (result.pearson, result.spearman, result.r):
        np.testing.assert_array_equal(field, [NAN, NAN, NAN])
    assert np.isnan(result.threshold)
    assert not result.rejected.any()


def alike_raters() -> Floats:
    """Return three blocks of seven stimuli in which seven raters take turns with the same deviations."""
    deviations = np.array([9.0, 0, 0, 3, 3, 2, 3])
    turns = np.array([np.roll(deviations, by) for by in range(7)])
    return np.concatenate([level + turns for level in (0.0, 1, 2)])


def test_raters_who_agree_equally_well_are_all_kept() -> None:
    # The levels have variance 2/3, the deviations 112/7 − (20/7)² = 7.8367, and r = √(0.6667 / 8.5034) = 0.28
    # for every rater, by symmetry: their mean less a sd of 0 but for rounding.
    result = bt500_correlation(alike_raters())
    np.testing.assert_allclose(result.r, 0.28, rtol=1e-12)
    assert not result.rejected.any()


def test_stimulus_means_that_are_equal_on_paper_are_tied() -> None:
    # Seven means of each block are one number, summed in seven orders. SciPy has them tied when told so.
    scores = alike_raters() / 10
    tied = np.repeat([0.0, 1, 2], 7)
    result = bt500_correlation(scores)
    np.testing.assert_allclose(
        result.spearman, [stats.spearmanr(votes_of_one, tied).statistic for votes_of_one in scores.T]
    )


def erratic_panel() -> Floats:
    """Return 90 stimuli in which the last of eight raters is above the bounds 7 times and below 5 times."""
    return stimuli(up=7, down=5, calm=78)


def reason_of(scores: Floats, rater: int, **asked: Any) -> str:
    table = screen(scores, raters=names(scores), **asked).raters
    return str(table["reason"].iloc[rater])


def test_a_rejection_by_kurtosis_names_its_figures() -> None:
    assert reason_of(erratic_panel(), LAST, rule="bt500") == (
        "Rejected by BT.500: 12 of 90 votes lie beyond the bounds (13.3 %, limit 5 %), 7 above and 5 below "
        "(|P−Q|/(P+Q) = 0.17, limit 0.3)."
    )


def test_raters_kept_by_kurtosis_are_told_why() -> None:
    assert (
        reason_of(erratic_panel(), 0, rule="bt500") == "Kept by BT.500: none of 90 votes beyond the bounds."
    )
    assert reason_of(stimuli(up=1, down=0, calm=39), LAST, rule="bt500") == (
        "Kept by BT.500: 1 of 40 votes lies beyond the bounds (2.5 %, limit 5 %)."
    )
    assert reason_of(stimuli(up=4, down=1, calm=5), LAST, rule="bt500") == (
        "Kept by BT.500: 5 of 10 votes lie beyond the bounds (50.0 %, limit 5 %), 4 above and 1 below "
        "(|P−Q|/(P+Q) = 0.60, not under the limit 0.3)."
    )


def test_the_share_in_a_sentence_of_the_other_program_is_of_all_stimuli() -> None:
    scores = erratic_panel()
    scores[80:, LAST] = NAN
    assert "12 of 90 stimuli lie beyond the bounds (13.3 %" in reason_of(
        scores, LAST, rule="bt500", compat="sureal"
    )


def test_decisions_by_correlation_name_r_and_its_limit() -> None:
    scores = np.array([[1.0, 2, 1, 5], [2, 2, 3, 4], [4, 3, 4, 2], [5, 5, 4, 1]])
    # r = 0.99, 0.91, 0.91, −1: mean 0.4540, sample sd 0.9703, threshold −0.516.
    assert reason_of(scores, 3, rule="correlation") == (
        "Rejected by BT.500's correlation rule: r = -1.00 with the stimulus means is under -0.52, the "
        "panel's mean − sd."
    )
    assert reason_of(scores[:, :3], 0, rule="correlation").endswith("is not under 0.70, the highest limit.")


def test_without_a_rule_nobody_goes_and_both_rules_are_shown() -> None:
    result = screen(erratic_panel(), rule="none", raters=names(erratic_panel()))
    assert not result.rejected.any()
    assert result.raters["reason"].iloc[LAST] == "Kept, as no screening rule was asked for."
    assert result.raters["bt500_rejects"].tolist() == [False] * 7 + [True]
    assert (result.raters["bt500_p"].iloc[LAST], result.raters["bt500_q"].iloc[LAST]) == (7, 5)
    np.testing.assert_allclose(
        result.raters["r"], [stats.pearsonr(v, erratic_panel().mean(axis=1))[0] for v in erratic_panel().T]
    )


def test_the_table_of_raters_opens_with_the_columns_promised_and_misses_what_was_not_measured() -> None:
    table = screen(erratic_panel(), rule="none", raters=names(erratic_panel())).raters
    assert list(table)[:9] == [
        *("rater", "n", "r", "bt500_p", "bt500_q", "repeat_error", "traps_failed", "rejected", "reason")
    ]
    assert table["rater"].tolist() == list(names(erratic_panel()))
    assert table[["repeat_error", "traps_failed", "median_ms", "fast_share"]].isna().all(axis=None)
    assert table["traps"].tolist() == [0] * 8


def test_missing_votes_are_counted_against_the_stimuli_that_have_any() -> None:
    scores = np.vstack([erratic_panel(), [NAN] * 8])
    scores[:4, 2] = NAN
    table = screen(scores, rule="none", raters=names(scores)).raters
    assert (table["n"].iloc[2], table["missing"].iloc[2], table["missing"].iloc[0]) == (86, 4, 0)


def test_only_the_votes_of_raters_kept_are_left() -> None:
    kept = screen(erratic_panel(), rule="bt500", raters=names(erratic_panel())).kept(erratic_panel())
    np.testing.assert_array_equal(np.flatnonzero(kept.votes_per_rater == 0), [LAST])
    assert kept.value.size == 90 * 7


def test_a_persons_decision_goes_over_the_rule_and_is_told() -> None:
    scores = erratic_panel()
    overrides = {
        "r7": Override(keep=True, who="Ada", why="an expert"),
        "r0": Override(keep=False, who="Ben", why="no glasses"),
    }
    result = screen(scores, rule="bt500", raters=names(scores), overrides=overrides)
    assert np.flatnonzero(result.rejected).tolist() == [0]
    assert result.raters["rejected"].tolist() == [True] + [False] * 7
    assert result.raters["reason"].iloc[0] == (
        "Rejected by Ben (no glasses), over what the rule says: Kept by BT.500: none of 90 votes beyond the "
        "bounds."
    )
    assert (
        result.raters["reason"]
        .iloc[7]
        .startswith("Kept by Ada (an expert), over what the rule says: Rejected by BT.500: 12 of 90 votes")
    )


def test_an_override_without_a_name_or_a_reason_is_refused() -> None:
    with pytest.raises(ValueError, match="empty 'who'"):
        Override(keep=True, who=" ", why="an expert")
    with pytest.raises(ValueError, match="empty 'why'"):
        Override(keep=True, who="Ada", why="")


def test_an_override_of_a_stranger_is_refused() -> None:
    overrides = {"r9": Override(keep=False, who="Ada", why="left early")}
    with pytest.raises(ValueError, match="an override names the rater 'r9', who is not among"):
        screen(erratic_panel(), rule="none", raters=names(erratic_panel()), overrides=overrides)


def test_a_screening_that_leaves_one_rater_is_refused() -> None:
    scores = stimuli(up=0, down=0, calm=4)[:, :3]
    scores[:, 2] = NAN
    overrides = {"r0": Override(keep=False, who="Ada", why="left early")}
    with pytest.raises(
        ValueError, match="the decisions over the screening leave 1 of 3 raters, and an analysis needs 2"
    ):
        screen(scores, rule="none", raters=names(scores), overrides=overrides)


def test_a_panel_of_one_that_nobody_screened_is_let_through() -> None:
    assert not screen(np.ones((3, 1)), rule="none", raters=("r0",)).rejected.any()


def test_what_does_not_fit_together_is_refused() -> None:
    scores = erratic_panel()
    with pytest.raises(ValueError, match="screening 'p913' is not available"):
        screen(scores, rule="p913", raters=names(scores))
    with pytest.raises(ValueError, match="2 names were given for the 8 raters"):
        screen(scores, rule="none", raters=("a", "b"))
    with pytest.raises(ValueError, match="evidence on 3 raters does not fit scores by 8"):
        screen(scores, rule="none", raters=names(scores), evidence=Evidence.none_of(3))


def test_stimuli_passed_over_are_noted_where_the_kurtosis_rule_decides() -> None:
    scores = np.vstack([erratic_panel(), [5.0] * 8])
    note = "Stimuli without bounds in BT.500's rule, for fewer than three votes or votes all equal: 1."
    assert screen(scores, rule="bt500", raters=names(scores)).notes == (note,)
    assert screen(scores, rule="none", raters=names(scores)).notes == ()


def test_the_correlation_rule_says_that_compatibility_does_not_touch_it() -> None:
    scores = erratic_panel()
    notes = screen(scores, rule="correlation", raters=names(scores), compat="sureal").notes
    assert notes == ("The correlation rule has no counterpart in 'sureal' and is as without it.",)


def test_a_rater_without_votes_is_kept_with_a_word_on_it() -> None:
    scores = np.column_stack([erratic_panel(), [NAN] * 90])
    for rule in ("bt500", "correlation"):
        assert reason_of(scores, 8, rule=rule) == "Kept, without a vote to screen."


def test_a_rater_of_two_votes_is_kept_by_correlation_with_a_word_on_it() -> None:
    scores = erratic_panel()
    scores[2:, 3] = NAN
    assert reason_of(scores, 3, rule="correlation") == (
        "Kept, with too few votes to correlate with the stimulus means."
    )
