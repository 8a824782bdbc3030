"""Many paired tests at once, against published examples, hand calculations and SciPy one row at a time."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from ratings.analysis.arrays import Floats
from ratings.analysis.paired_tests import PairedTests, hedges_factor, holm, paired_tests

NAN = float("nan")

# Hours of sleep gained under two drugs by ten patients (Student, Biometrika 6(1), 1908); R's `sleep`.
SLEEP = np.subtract(
    [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0],
    [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4],
)


def outcome(*rows: Floats | list[float], level: float = 0.95) -> PairedTests:
    row_of = np.concatenate([np.full(len(row), number) for number, row in enumerate(rows)])
    return paired_tests(row_of.astype(np.int64), np.concatenate(rows), len(rows), level=level)


def test_the_t_test_is_that_of_students_own_example() -> None:
    # R's manual of t.test: t = −4.0621, p = 0.002833, mean −1.58, interval −2.4598858 to −0.7001142.
    found = outcome(SLEEP)
    assert found.n.tolist() == [10]
    np.testing.assert_allclose(found.difference, [-1.58])
    np.testing.assert_allclose(found.t, [-4.0621], atol=5e-5)
    np.testing.assert_allclose(found.p_t, [0.002833], atol=5e-7)
    np.testing.assert_allclose([found.ci_low[0], found.ci_high[0]], [-2.4598858, -0.7001142], atol=5e-8)


def test_ties_and_a_zero_among_few_raters_are_counted_out_exactly() -> None:
    # Of Student's differences one is 0 and nine are negative, two of them equal: no assignment of signs
    # gives a smaller sum of positive ranks than 0, so p = 2 · 2⁻⁹.
    found = outcome(SLEEP)
    assert (found.wilcoxon[0], found.p_wilcoxon[0]) == (0, 2 / 2**9)


def test_signed_ranks_are_those_of_hollander_and_wolfe() -> None:
    # Depression scale of nine patients; R's manual of wilcox.test: V = 40 of 45, one-sided p = 0.01953.
    first = [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30]
    second = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29]
    found = outcome(np.subtract(first, second))
    assert found.wilcoxon[0] == 5
    np.testing.assert_allclose(found.p_wilcoxon, [2 * 0.01953], atol=1e-5)


@pytest.mark.parametrize("raters", [5, 13, 14, 26, 50, 51, 70, 200])
@pytest.mark.parametrize("decimals", [0, 6])
def test_every_row_is_tested_as_scipy_tests_it_alone(raters: int, decimals: int) -> None:
    rng = np.random.default_rng(raters)
    # Whole numbers tie and are 0, of six decimals hardly any is; a shorter row stands between.
    rows = [np.round(rng.normal(0.7, 1.5, n), decimals) for n in (raters, 4, raters, raters + 1)]
    rows[2][0] = 0.0
    found = outcome(*rows)
    for number, row in enumerate(rows):
        t, ranks = stats.ttest_1samp(row, 0), stats.wilcoxon(row)
        np.testing.assert_allclose([found.t[number], found.p_t[number]], [t.statistic, t.pvalue])
        np.testing.assert_allclose(found.wilcoxon[number], ranks.statistic)
        np.testing.assert_allclose(found.p_wilcoxon[number], ranks.pvalue)


def test_another_level_gives_the_interval_of_scipy() -> None:
    expected = stats.ttest_1samp(SLEEP, 0).confidence_interval(0.8)
    found = outcome(SLEEP, level=0.8)
    np.testing.assert_allclose([found.ci_low[0], found.ci_high[0]], [expected.low, expected.high])


def test_effect_size_is_the_mean_over_the_sd_and_hedges_takes_the_bias_off() -> None:
    # 1, 2, 6: mean 3, sd √7 = 2.645751, d_z = 1.133893; two degrees of freedom: J = 1/√π = 0.564190.
    found = outcome([1.0, 2.0, 6.0])
    np.testing.assert_allclose(found.effect_size, [1.133893], rtol=1e-6)
    np.testing.assert_allclose(found.effect_size_corrected, [1.133893 * 0.564190], rtol=1e-6)


def test_hedges_factor_follows_its_gamma_functions() -> None:
    # J(2) = 1/√π and J(4) = √(2/π) from Γ(1/2) = √π and Γ(3/2) = √π/2; of one degree there is none.
    np.testing.assert_allclose(hedges_factor(np.array([2, 3, 5])), [NAN, 0.564190, 0.797885], rtol=1e-6)


def test_without_any_difference_both_p_are_1() -> None:
    found = outcome([0.0, 0.0, 0.0, 0.0])
    assert (found.difference[0], found.p_t[0], found.wilcoxon[0], found.p_wilcoxon[0]) == (0, 1, 0, 1)
    assert found.constant.tolist() == [True]
    for raters in (2, 30, 60):
        found = outcome([0.0] * raters)
        assert (found.p_t[0], found.wilcoxon[0], found.p_wilcoxon[0]) == (1, 0, 1)
    assert np.isnan([found.t[0], found.effect_size[0], found.effect_size_corrected[0]]).all()


def test_equal_differences_have_the_p_of_the_sign_test() -> None:
    # All four raters see b lower: by chance both signs alike with 2 · 2⁻⁴ = 0.125; of two raters 0.5.
    found = outcome([3.0, 3.0, 3.0, 3.0], [-1.0, -1.0])
    np.testing.assert_array_equal(found.p_t, [0.125, 0.5])
    np.testing.assert_array_equal(found.p_wilcoxon, [0.125, 0.5])
    np.testing.assert_array_equal(found.difference, [3, -1])
    assert np.isnan(found.t).all()
    assert found.constant.all()


def test_decimal_differences_that_agree_on_paper_are_equal() -> None:
    # 0.3 − 0.1 − 0.2 and 70.1 − 50.1 − 20 are not 0 in floating point.
    found = outcome([0.3 - 0.1 - 0.2, 70.1 - 50.1 - 20.0, 0.0])
    assert (found.p_t[0], found.p_wilcoxon[0]) == (1, 1)


def test_two_raters_are_enough() -> None:
    # 1 and 3: mean 2, sd √2, t = 2 with one degree of freedom, p = 2 (1/2 − arctan(2)/π) = 0.295167.
    found = outcome([1.0, 3.0])
    np.testing.assert_allclose(
        [found.difference[0], found.t[0], found.p_t[0], found.p_wilcoxon[0]], [2, 2, 0.295167, 0.5], rtol=1e-6
    )
    np.testing.assert_array_equal(found.effect_size_corrected, [NAN])


def test_one_rater_or_none_has_no_numbers() -> None:
    found = paired_tests(np.array([1]), np.array([5.0]), 2, level=0.95)
    assert found.n.tolist() == [0, 1]
    for field in (found.difference, found.ci_low, found.t, found.p_t, found.wilcoxon, found.p_wilcoxon):
        assert np.isnan(field).all()
    assert not found.constant.any()


def test_holm_steps_down_and_never_decreases() -> None:
    # Sorted 0.01, 0.02, 0.03, 0.04 times 4, 3, 2, 1 are 0.04, 0.06, 0.06, 0.04; the last is raised to 0.06.
    np.testing.assert_allclose(holm(np.array([0.03, 0.01, 0.04, 0.02])), [0.06, 0.04, 0.06, 0.06])


def test_holm_leaves_out_tests_that_were_not_made_and_stops_at_1() -> None:
    np.testing.assert_array_equal(holm(np.array([NAN, 0.6, 0.75])), [NAN, 1.0, 1.0])
    assert holm(np.zeros(0)).size == 0


def test_a_level_outside_0_to_1_is_refused() -> None:
    with pytest.raises(ValueError, match="level 95 is not between 0 and 1"):
        outcome(SLEEP, level=95)
