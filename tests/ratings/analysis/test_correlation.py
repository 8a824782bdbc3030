"""Correlations, their intervals and their resampling, against SciPy, tables and hand calculations."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from ratings.analysis.arrays import Floats, Ints
from ratings.analysis.correlation import (
    Replicates,
    draw_images,
    expanded_percentiles,
    fisher_interval,
    kendall,
    pearson,
    resample,
    rmse_interval,
    share_below,
    spearman,
)

ONE_TO_FOUR = np.array([1.0, 2, 3, 4])

# Four images of 4, 1, 3 and 2 stimuli, with ties in both.
IMAGE_OF = np.array([0, 0, 0, 0, 1, 2, 2, 2, 3, 3])
X = np.array([1.0, 4, 2, 2, 5, 3, 7, 2, 8, 6])
Y = np.array([9.0, 5, 9, 7, 4, 4, 2, 8, 1, 5])
FITTED = 9 - X + np.array([0.5, -0.5, 1, 0, 0, -1, 0.25, 0, 0, 2])


def test_coefficients_match_those_another_toolkit_tests_for() -> None:
    # Expected values in the tests of Netflix's VMAF, python/test/perf_metric_test.py (BSD-2-Clause-Patent).
    assert pearson(ONE_TO_FOUR, np.array([1.0, 2, 3, 5])) == pytest.approx(0.98270762982399085)
    assert spearman(ONE_TO_FOUR, np.array([1.0, 2, 5, 3])) == pytest.approx(0.8)
    assert kendall(ONE_TO_FOUR, np.array([1.0, 2, 5, 3])) == pytest.approx(2 / 3)


def test_ties_share_their_rank_and_are_taken_out_of_tau_b() -> None:
    # Ranks 1, 2.5, 2.5, 4 against 1..4: 4.5 / √(4.5 · 5). Of six pairs five agree and one is tied in x:
    # 5 / √(5 · 6).
    x = np.array([1.0, 2, 2, 3])
    assert spearman(x, ONE_TO_FOUR) == pytest.approx(0.948683, abs=1e-6)
    assert kendall(x, ONE_TO_FOUR) == pytest.approx(0.912871, abs=1e-6)


@pytest.mark.parametrize("coefficient", [pearson, spearman, kendall])
def test_a_constant_or_fewer_than_three_points_have_no_correlation(coefficient: object) -> None:
    assert callable(coefficient)
    # 0.1 · 3 and 0.3 differ in the last digit only.
    constant = np.array([0.1 * 3, 0.3, 0.3, 0.3])
    assert np.isnan(coefficient(ONE_TO_FOUR, np.full(4, 2.0)))
    assert np.isnan(coefficient(np.full(4, 2.0), ONE_TO_FOUR))
    assert np.isnan(coefficient(ONE_TO_FOUR[:2], ONE_TO_FOUR[:2]))
    assert np.isnan(pearson(ONE_TO_FOUR, constant))


def test_a_perfect_correlation_is_1_whatever_rounding_leaves_of_it() -> None:
    # NumPy has 0.9999999999999999 or 1.0000000000000002 for some of these, SciPy −0.9999999999999999.
    x = np.array([0.1, 0.2, 0.3, 0.7, 0.9, 1.1])
    assert [pearson(x, factor * x + 0.1) for factor in (3, 0.3, 7, -7, 0.1)] == [1, 1, 1, -1, 1]
    assert kendall(x, -x) == -1


def test_the_interval_of_pearson_is_that_of_scipy() -> None:
    low, high = fisher_interval(pearson(X, Y), 10, kind="plcc", level=0.9)
    expected = stats.pearsonr(X, Y).confidence_interval(0.9)
    np.testing.assert_allclose([low, high], [expected.low, expected.high])


def test_the_intervals_of_rank_correlations_match_a_hand_calculation() -> None:
    # atanh 0.8 = 1.098612. Spearman, n = 28: √(1.32 / 25) · 1.959964 = 0.450365, tanh of 0.648247 and
    # 1.548977. Kendall, n = 29: √(0.437 / 25) · 1.959964 = 0.259131, tanh of 0.839481 and 1.357743.
    spearman_ends = fisher_interval(0.8, 28, kind="srocc", level=0.95)
    kendall_ends = fisher_interval(0.8, 29, kind="krocc", level=0.95)
    np.testing.assert_allclose(spearman_ends, np.tanh([0.648247, 1.548977]), atol=1e-6)
    np.testing.assert_allclose(kendall_ends, np.tanh([0.839481, 1.357743]), atol=1e-6)


@pytest.mark.parametrize(
    ("value", "n", "kind"),
    [(1.0, 20, "plcc"), (-1.0, 20, "srocc"), (np.nan, 20, "krocc"), (0.5, 3, "plcc"), (0.5, 4, "krocc")],
)
def test_fisher_says_nothing_of_perfect_correlations_and_too_few_points(
    value: float, n: int, kind: str
) -> None:
    assert np.isnan(fisher_interval(value, n, kind=kind, level=0.95)).all()


def test_the_interval_of_an_rmse_matches_the_tables_of_chi_square() -> None:
    # χ²(20): 34.170 at 0.975, 9.591 at 0.025. 4 √(20 / 34.170) = 3.0602, 4 √(20 / 9.591) = 5.7762.
    np.testing.assert_allclose(rmse_interval(4.0, 20, level=0.95), [3.0602, 5.7762], atol=1e-4)
    assert np.isnan(rmse_interval(4.0, 0, level=0.95)).all()


def test_a_bad_level_or_kind_is_refused() -> None:
    with pytest.raises(ValueError, match=r"level 95 is not between 0 and 1"):
        fisher_interval(0.5, 20, kind="plcc", level=95)
    with pytest.raises(ValueError, match=r"level 1.5 is not between 0 and 1"):
        rmse_interval(4.0, 20, level=1.5)
    with pytest.raises(ValueError, match="kind 'pearson' is not available; available: plcc, srocc, krocc"):
        fisher_interval(0.5, 20, kind="pearson", level=0.95)


def written_out(draws: Ints) -> list[tuple[Floats, Floats, Floats]]:
    """Each replicate as if its images had been copied and pasted."""
    copies = [np.repeat(np.arange(10), of_images[IMAGE_OF]) for of_images in draws]
    return [(X[rows], Y[rows], FITTED[rows]) for rows in copies]


def both(draws: Ints) -> tuple[Replicates, list[tuple[Floats, Floats, Floats]]]:
    return resample(X, Y, FITTED, IMAGE_OF, draws, parameters=4), written_out(draws)


def test_resampled_measures_are_those_of_scipy_on_copied_rows() -> None:
    draws = np.array([[1, 1, 1, 1], [2, 0, 1, 1], [0, 1, 3, 0], [1, 0, 0, 3], [4, 0, 0, 0]])
    drawn, rows = both(draws)
    np.testing.assert_allclose(drawn.plcc, [stats.pearsonr(fitted, y).statistic for _, y, fitted in rows])
    np.testing.assert_allclose(drawn.srocc, [stats.spearmanr(x, y).statistic for x, y, _ in rows])
    np.testing.assert_allclose(drawn.krocc, [stats.kendalltau(x, y).statistic for x, y, _ in rows])
    np.testing.assert_allclose(
        drawn.rmse, [np.sqrt(((y - fitted) ** 2).sum() / (y.size - 4)) for _, y, fitted in rows]
    )


def test_blocks_of_replicates_give_what_one_block_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    draws = draw_images(4, replicates=50, seed=3)
    whole = resample(X, Y, FITTED, IMAGE_OF, draws, parameters=4)
    monkeypatch.setattr("ratings.analysis.correlation.BLOCK_ENTRIES", 70)
    np.testing.assert_array_equal(resample(X, Y, FITTED, IMAGE_OF, draws, parameters=4).srocc, whole.srocc)


def test_a_replicate_without_spread_or_degrees_of_freedom_has_no_measure() -> None:
    # Four copies of the one stimulus of image 1: nothing varies, and 4 − 4 leaves no degree of freedom.
    drawn = resample(X, Y, FITTED, IMAGE_OF, np.array([[0, 4, 0, 0], [1, 1, 1, 1]]), parameters=4)
    for values in (drawn.plcc, drawn.srocc, drawn.krocc, drawn.rmse):
        np.testing.assert_array_equal(np.isnan(values), [True, False])


@pytest.mark.parametrize(
    ("x", "y"), [(X, np.where(IMAGE_OF == 2, 3.1, Y)), (np.where(IMAGE_OF == 2, 0.7, X), Y)]
)
def test_a_replicate_in_which_one_of_the_two_is_constant_has_no_correlation(x: Floats, y: Floats) -> None:
    drawn = resample(x, y, -x, IMAGE_OF, np.array([[0, 0, 4, 0], [1, 1, 1, 1]]), parameters=0)
    for values in (drawn.plcc, drawn.srocc, drawn.krocc):
        np.testing.assert_array_equal(np.isnan(values), [True, False])


def test_as_many_images_are_drawn_as_there_are_and_each_equally_often() -> None:
    draws = draw_images(5, replicates=4000, seed=1)
    assert (draws.sum(axis=1) == 5).all()
    # 20 000 draws: the share of an image has a standard error of 0.0028.
    np.testing.assert_allclose(draws.mean(axis=0), 1, atol=0.07)
    np.testing.assert_array_equal(draws, draw_images(5, replicates=4000, seed=1))


def test_percentiles_are_expanded_for_few_images() -> None:
    # Ten images at 90 %: t(0.95, 9) = 1.833113 · √(10/9) = 1.932267, Φ of which is 0.973337; 1001 equally
    # spaced replicates from 0 to 1 have that percentile at 0.973337.
    ends = expanded_percentiles(np.linspace(0, 1, 1001), n_images=10, level=0.9)
    np.testing.assert_allclose(ends, [1 - 0.973337, 0.973337], atol=1e-6)


def test_percentiles_are_corrected_for_the_bias_of_the_replicates() -> None:
    # 600 of 1001 replicates lie below 0.6 and one on it: (600.5 + 0.5) / 1002 = 0.5998004, whose normal
    # quantile is 0.252831; Φ(0.505662 − 1.932267) = 0.076847 and Φ(0.505662 + 1.932267) = 0.992614.
    ends = expanded_percentiles(np.linspace(0, 1, 1001), n_images=10, level=0.9, estimate=0.6)
    np.testing.assert_allclose(ends, [0.076847, 0.992614], atol=2e-6)


def test_replicates_without_a_value_do_not_count_and_one_image_bounds_nothing() -> None:
    drawn = np.append(np.linspace(0, 1, 1001), [np.nan] * 50)
    assert expanded_percentiles(drawn, n_images=10, level=0.9)[1] == pytest.approx(0.973337, abs=1e-6)
    assert np.isnan(expanded_percentiles(drawn, n_images=1, level=0.9)).all()
    assert np.isnan(expanded_percentiles(np.full(5, np.nan), n_images=9, level=0.9)).all()


def test_a_share_of_replicates_is_never_quite_0_or_1() -> None:
    drawn = np.array([1.0, 2, 2, 4])
    assert [share_below(drawn, value) for value in (0.0, 2.0, 9.0)] == [0.1, 0.5, 0.9]
