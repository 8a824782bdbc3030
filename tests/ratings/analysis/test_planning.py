"""Plans against published sample sizes and tables, another program, and hand calculations."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from ratings.analysis.arrays import Floats, Ints
from ratings.analysis.planning import (
    Pilot,
    Spread,
    detectable,
    expected_half_width,
    pilot_spread,
    power_of,
    raters_for_half_width,
    raters_needed,
    trade_off,
)

NAN = float("nan")


def paired_power() -> Any:
    """Another program's power of the one-sample t-test."""
    from statsmodels.stats.power import TTestPower

    return TTestPower()


@pytest.mark.parametrize(("effect", "raters"), [(0.2, 199), (0.3, 90), (0.5, 34), (0.8, 15), (1.0, 10)])
def test_raters_needed_are_those_of_published_tables_of_the_paired_t_test(effect: float, raters: int) -> None:
    # G*Power, difference between two dependent means, two-sided, error 0.05, power 0.8.
    assert raters_needed(difference=effect, sd=1, power=0.8, level=0.95, comparisons=1) == raters


def test_the_power_of_34_raters_for_half_a_standard_deviation_is_the_published_one() -> None:
    # G*Power's actual power: 0.8077775.
    found = power_of(34, difference=0.5, sd=1, level=0.95, comparisons=1)
    assert found == pytest.approx(0.8077775, abs=5e-8)


@pytest.mark.parametrize("comparisons", [1, 15])
@pytest.mark.parametrize(
    ("raters", "effect"), [(2, 0.1), (2, 3.0), (5, 1.5), (24, 0.05), (24, 0.4), (300, 0.1)]
)
def test_power_is_that_of_another_program_at_the_error_divided_by_the_comparisons(
    raters: int, effect: float, comparisons: int
) -> None:
    found = power_of(raters, difference=-3 * effect, sd=3, level=0.9, comparisons=comparisons)
    expected = paired_power().power(effect, raters, 0.1 / comparisons, alternative="two-sided")
    assert found == pytest.approx(expected, abs=1e-7)


def test_power_far_out_is_1_and_not_a_missing_number() -> None:
    for raters, effect in ((2, 20.0), (34, 5.0), (199, 2.0), (100_000, 0.1), (5, 1e200)):
        assert power_of(raters, difference=effect, sd=1, level=0.5, comparisons=1) == pytest.approx(
            1, abs=0.02
        )


@pytest.mark.parametrize(("difference", "comparisons"), [(2.0, 1), (2.0, 15), (7.0, 190), (40.0, 1)])
def test_one_rater_fewer_than_needed_has_too_little_power(difference: float, comparisons: int) -> None:
    needed = raters_needed(difference=difference, sd=10, power=0.9, level=0.95, comparisons=comparisons)
    powers = [
        power_of(raters, difference=difference, sd=10, level=0.95, comparisons=comparisons)
        for raters in (needed - 1, needed)
        if raters >= 2
    ]
    assert powers[-1] >= 0.9
    assert all(power < 0.9 for power in powers[:-1])


def test_the_detectable_difference_is_another_programs() -> None:
    expected = 12 * paired_power().solve_power(nobs=20, alpha=0.05 / 6, power=0.8)
    found = detectable(20, sd=12, power=0.8, level=0.95, comparisons=6)
    assert found == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("raters", "c4"), [(2, 0.7979), (5, 0.9400), (10, 0.9727), (25, 0.9896)])
def test_the_expected_half_width_falls_short_by_c4_of_published_tables(raters: int, c4: float) -> None:
    # Student's t at 0.975 with n − 1 degrees of freedom, from tables; c4 from those of control charts.
    quantile = {2: 12.7062, 5: 2.7764, 10: 2.2622, 25: 2.0639}[raters]
    expected = quantile * c4 * 8 / math.sqrt(raters)
    assert expected_half_width(raters, sd=8, level=0.95) == pytest.approx(expected, rel=1e-4)


def test_the_expected_half_width_is_the_mean_of_many_intervals() -> None:
    sds = np.random.default_rng(3).normal(scale=5, size=(20_000, 6)).std(axis=1, ddof=1)
    # Student's t at 0.95 with 5 degrees of freedom, from tables.
    mean = (2.015048 * sds / math.sqrt(6)).mean()
    assert expected_half_width(6, sd=5, level=0.9) == pytest.approx(mean, rel=0.01)


def test_the_half_width_of_many_raters_is_the_normal_one() -> None:
    assert expected_half_width(1_000_000, sd=1, level=0.95) == pytest.approx(1.959964e-3, rel=1e-5)


def test_raters_for_a_half_width_are_the_fewest_that_reach_it() -> None:
    found = raters_for_half_width(5, sd=20, level=0.95)
    # 1.96² · 16 = 61.5 raters by the normal distribution; Student's t asks for one or two more.
    assert 62 <= found <= 64
    assert (
        expected_half_width(found, sd=20, level=0.95) <= 5 < expected_half_width(found - 1, sd=20, level=0.95)
    )


def test_more_images_lessen_the_part_of_the_votes_alone() -> None:
    # √(3² + 8² / 4) = 5; √(3² + 0) = 3 is never undercut.
    spread = Spread(rater_sd=3, vote_sd=8)
    assert spread.over(4) == 5
    assert spread.over(10**9) == pytest.approx(3)


def test_a_trade_off_holds_a_row_for_each_number_of_images() -> None:
    table = trade_off(
        Spread(rater_sd=3, vote_sd=8), images=[4, 1], difference=2.5, power=0.8, level=0.95, comparisons=1
    )
    # Over 4 images the sd is 5, an effect of 0.5 and so 34 raters (G*Power); of one image √73.
    assert table.columns.tolist() == ["images", "sd", "raters", "votes", "power", "half_width"]
    row = table.iloc[0]
    assert (row["images"], row["sd"], row["raters"], row["votes"]) == (4, 5, 34, 136)
    assert row["power"] == pytest.approx(0.8077775, abs=5e-8)
    # t(0.975, 33) = 2.034515 and c4(34) = 0.992452, from tables.
    assert row["half_width"] == pytest.approx(2.034515 * 0.992452 * 5 / math.sqrt(34), rel=1e-5)
    assert table["sd"].iloc[1] == pytest.approx(math.sqrt(73))


def pilot(differences: list[list[float]]) -> tuple[Floats, Ints, Ints]:
    """Two methods, (images, raters): the second scores 50 − 10 a rater, the first the differences more."""
    first = np.array(differences)
    second = np.broadcast_to(50.0 - 10 * np.arange(first.shape[1]), first.shape)
    images = np.arange(len(first))
    scores = np.concatenate([second + first, second])
    return scores, np.tile(images, 2), np.repeat([0, 1], len(first))


def test_a_pilots_spread_is_that_of_the_analysis_of_variance() -> None:
    # Raters' differences on two images: 6 2, 10 8, 2 5. Less the images' means 6 and 5: 0 −3, 4 3, −4 0, with
    # squares 50 on 4 degrees. Between raters 2 (1.5² + 3.5² + 2²) = 37 on 2, the rest 13 on 2.
    # So vote variance 6.5, and rater variance (18.5 − 6.5) / 2 = 6.
    found = pilot_spread(*pilot([[6, 10, 2], [2, 8, 5]]))
    assert found.difference.vote_sd**2 == pytest.approx(6.5)
    assert found.difference.rater_sd**2 == pytest.approx(6)
    assert (found.raters, found.images, found.methods) == (3, 2, 2)


def test_a_pilots_score_varies_with_the_raters_as_its_difference_does_not() -> None:
    # The second method alone: raters 50, 40, 30 on every image: variance 100, no rest. The first adds the
    # differences: less the images' means 10 7, 4 3, −14 −10, squares 470 on 4; between raters
    # 2 (8.5² + 3.5² + 12²) = 457 on 2, the rest 13 on 2. Together: rest 13 / 4, total (470 + 400) / 8.
    found = pilot_spread(*pilot([[6, 10, 2], [2, 8, 5]])).score
    assert found.vote_sd**2 == pytest.approx(13 / 4)
    assert found.rater_sd**2 == pytest.approx(870 / 8 - 13 / 4)


def test_a_pilot_with_missing_votes_agrees_with_a_regression_on_its_raters_and_images() -> None:
    differences = np.random.default_rng(5).normal(scale=4, size=(6, 8)) + np.arange(8)
    differences[[0, 1, 2, 3, 3, 4, 5], [0, 3, 3, 3, 4, 7, 1]] = NAN
    image, rater = np.nonzero(~np.isnan(differences))
    value = differences[image, rater]
    dummies = np.concatenate([np.eye(6)[image], np.eye(8)[rater]], axis=1)
    rest, rank = np.linalg.lstsq(dummies, value)[:3:2]
    squares = ((value - dummies @ rest) ** 2).sum()
    within = sum(((row[~np.isnan(row)] - np.nanmean(row)) ** 2).sum() for row in differences)
    found = pilot_spread(*pilot(differences.tolist())).difference
    assert found.vote_sd**2 == pytest.approx(squares / (value.size - rank))
    assert found.rater_sd**2 + found.vote_sd**2 == pytest.approx(within / (value.size - 6))


def test_a_pilot_in_two_parts_without_a_common_image_is_pooled() -> None:
    # The hand calculation's raters and images twice, apart from each other.
    one = np.array([[6.0, 10, 2], [2, 8, 5]])
    nothing = np.full((2, 3), NAN)
    apart = np.block([[one, nothing], [nothing, one]])
    found = pilot_spread(*pilot(apart.tolist())).difference
    assert (found.vote_sd**2, found.rater_sd**2) == (pytest.approx(6.5), pytest.approx(6))


def test_raters_and_methods_without_a_vote_are_not_counted() -> None:
    scores, images, methods = pilot([[6, NAN, 10, 2], [2, NAN, 8, 5]])
    scores[:, 1] = NAN
    found = pilot_spread(scores, images, 2 * methods)
    assert (found.raters, found.images, found.methods) == (3, 2, 2)
    assert found.difference.vote_sd**2 == pytest.approx(6.5)


def simulated_pilot() -> tuple[Pilot, Pilot]:
    """A complete pilot of 300 raters, and what is left of it when six votes of ten are lost."""
    rng = np.random.default_rng(0)
    raters, images, methods = 300, 20, 3
    scores = (
        rng.normal(0, 8, (1, 1, raters))
        + rng.normal(0, 4, (1, methods, raters))
        + rng.normal(0, 5, (images, 1, raters))
        + rng.normal(0, 10, (images, methods, 1))
        + rng.normal(0, 9, (images, methods, raters))
    ).reshape(images * methods, raters)
    codes = np.repeat(np.arange(images), methods), np.tile(np.arange(methods), images)
    lossy = np.where(rng.random(scores.shape) < 0.6, NAN, scores)
    return pilot_spread(scores, *codes), pilot_spread(lossy, *codes)


def test_a_pilot_recovers_the_spreads_it_was_made_with() -> None:
    # Differences: √2 · 4 and √2 · 9, for the rater's and the rater-and-image's own parts cancel. Scores:
    # √(8² + 4²) and √(5² + 9²). 300 raters know a standard deviation to some 4 %.
    for found in simulated_pilot():
        assert found.difference.rater_sd == pytest.approx(5.657, rel=0.1)
        assert found.difference.vote_sd == pytest.approx(12.728, rel=0.05)
        assert found.score.rater_sd == pytest.approx(8.944, rel=0.1)
        assert found.score.vote_sd == pytest.approx(10.296, rel=0.05)


def test_raters_who_agree_more_than_chance_have_a_rater_sd_of_0() -> None:
    # Every rater's differences add to 0.
    assert pilot_spread(*pilot([[4, -4, 1], [-4, 4, -1]])).difference.rater_sd == 0


@pytest.mark.parametrize("differences", [[[1.0, 2.0, 4.0]], [[1.0], [2.0], [4.0]], [[1.0, NAN], [NAN, 2.0]]])
def test_a_pilot_without_two_raters_on_two_images_is_refused(differences: list[list[float]]) -> None:
    with pytest.raises(ValueError, match="let two raters or more rate the same two images or more"):
        pilot_spread(*pilot(differences))


def test_a_pilot_of_one_method_has_no_difference_and_is_refused() -> None:
    scores, images, methods = pilot([[6, 10, 2], [2, 8, 5]])
    with pytest.raises(ValueError, match="cannot tell how the difference between two methods varies"):
        pilot_spread(scores[:2], images[:2], methods[:2])


def test_codes_that_do_not_fit_the_stimuli_are_refused() -> None:
    scores, images, methods = pilot([[6, 10, 2], [2, 8, 5]])
    with pytest.raises(ValueError, match=r"image_of \(3,\) and method_of \(4,\) are not \(stimuli,\) \(4,\)"):
        pilot_spread(scores, images[:3], methods)
    with pytest.raises(ValueError, match="an image by a method stands there as two stimuli"):
        pilot_spread(scores, np.zeros_like(images), methods)
    with pytest.raises(ValueError, match="holds a number below 0"):
        pilot_spread(scores, images - 1, methods)


IMPOSSIBLE: list[tuple[dict[str, float], str]] = [
    ({"difference": 0}, "difference 0 cannot be found by any number of raters"),
    ({"difference": NAN}, "difference nan cannot be found"),
    ({"sd": 0}, "sd 0 is not a standard deviation above 0"),
    ({"sd": math.inf}, "sd inf is not a standard deviation above 0"),
    ({"level": 1}, "level 1 is not between 0 and 1"),
    ({"comparisons": 0}, "0 comparisons are none"),
    ({"power": 1}, "power 1 is not between 0.05, which chance alone gives, and 1"),
    ({"power": 0.05}, "power 0.05 is not between 0.05"),
    # 7.848880 (2 / d)² = 1,020,000 raters.
    ({"difference": 0.005548}, "a difference of 0.005548 .* of 2 asks for more than 1,000,000 raters"),
]


@pytest.mark.parametrize(("options", "sentence"), IMPOSSIBLE)
def test_impossible_requests_are_refused(options: dict[str, Any], sentence: str) -> None:
    asked: dict[str, Any] = {"difference": 1, "sd": 2, "power": 0.8, "level": 0.95, "comparisons": 1}
    with pytest.raises(ValueError, match=sentence):
        raters_needed(**(asked | options))


def test_two_raters_are_the_fewest() -> None:
    assert raters_needed(difference=1000, sd=1, power=0.8, level=0.95, comparisons=1) == 2


def test_a_request_for_almost_a_million_raters_is_answered() -> None:
    # (1.959964 + 0.841621)² / d² = 7.848880 / d² by the normal distribution.
    found = raters_needed(difference=0.0029, sd=1, power=0.8, level=0.95, comparisons=1)
    assert found == pytest.approx(7.848880 / 0.0029**2, rel=1e-5)


def test_too_few_raters_are_refused() -> None:
    with pytest.raises(ValueError, match="1 raters cannot be tested"):
        power_of(1, difference=1, sd=1, level=0.95, comparisons=1)
    with pytest.raises(ValueError, match="1 raters cannot be tested"):
        detectable(1, sd=1, power=0.8, level=0.95, comparisons=1)
    with pytest.raises(ValueError, match=r"2 raters find no difference with power 0.8; ask for more raters"):
        detectable(2, sd=1, power=0.8, level=0.95, comparisons=1_000_000_000)
    with pytest.raises(ValueError, match="1 raters have no interval"):
        expected_half_width(1, sd=1, level=0.95)


def test_impossible_spreads_and_half_widths_are_refused() -> None:
    with pytest.raises(ValueError, match="rater_sd -1 is not a standard deviation of 0 or more"):
        Spread(rater_sd=-1, vote_sd=2)
    with pytest.raises(ValueError, match="vote_sd nan is not"):
        Spread(rater_sd=1, vote_sd=NAN)
    with pytest.raises(ValueError, match="are both 0"):
        Spread(rater_sd=0, vote_sd=0)
    with pytest.raises(ValueError, match="0 images make no study"):
        Spread(rater_sd=1, vote_sd=1).over(0)
    with pytest.raises(ValueError, match="half_width 0 is not a number above 0"):
        raters_for_half_width(0, sd=1, level=0.95)
    with pytest.raises(ValueError, match=r"power 0.01 is not between 0.05"):
        detectable(9, sd=1, power=0.01, level=0.95, comparisons=1)
