"""Logistic mappings: against published figures, SciPy, and curves whose parameters are known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import OptimizeWarning, curve_fit
from scipy.special import expit

from ratings.analysis import logistic
from ratings.analysis.arrays import Floats
from ratings.analysis.logistic import evaluate, fit_logistic

PSNR = np.arange(22.0, 38.0, 0.5)
NOISE = np.tile([3.0, -4.0, 1.0, -2.0, 4.0, -3.0, 2.0, -1.0], 4)


def falling(centre: float, width: float) -> Floats:
    """Thirty-two scores that fall from 60 to 0 around a PSNR, with errors of up to 4 points."""
    return np.round(60 * expit(-(PSNR - centre) / width)) + NOISE


def sheikh(x: Floats, b1: float, b2: float, b3: float, b4: float, b5: float) -> Floats:
    return np.asarray(b1 * (0.5 - expit(-b2 * (x - b3))) + b4 * x + b5)


def plcc(a: Floats, b: Floats) -> float:
    return float(np.corrcoef(a, b)[0, 1])


def test_four_parameters_and_their_error_match_a_published_fit() -> None:
    # Weights in grams of chick 1 of R's ChickWeight on twelve days. M. J. Crawley, The R Book (Wiley), self-
    # starting four-parameter logistic: asymptotes 27.453 and 348.971, centre 19.391, scale 6.673, residual
    # standard error 2.351 on 8 degrees of freedom.
    days = np.array([0.0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 21])
    weights = np.array([42.0, 51, 59, 64, 76, 93, 106, 125, 149, 171, 199, 205])
    fit = fit_logistic(days, weights, mapping="logistic4")
    np.testing.assert_allclose(fit.parameters, [348.971, 27.453, 19.391, 6.673], atol=5e-4)
    assert (round(fit.rmse, 3), fit.n, fit.converged, fit.monotonic) == (2.351, 12, True, True)
    np.testing.assert_allclose(fit.published_rmse, fit.rmse)


def test_the_curves_are_those_of_the_papers() -> None:
    # By hand. logistic4: halfway between 10 and 50 at the centre; one width above it a share of
    # 1 / (1 + e⁻¹) = 0.7310586 of 40, on 10. logistic5 at the centre: 2 · 30 + 5; at x = 31, with
    # 1/2 − 1 / (1 + e²) = 0.3807971: 20 · 0.3807971 + 62 + 5.
    np.testing.assert_allclose(
        evaluate("logistic4", np.array([50.0, 10.0, 30.0, -2.0]), np.array([30.0, 32.0])), [30, 39.242343]
    )
    np.testing.assert_allclose(
        evaluate("logistic5", np.array([20.0, 2.0, 30.0, 2.0, 5.0]), np.array([30.0, 31.0])), [65, 74.615942]
    )


@pytest.mark.parametrize(
    ("mapping", "parameters"),
    [
        ("logistic4", [60.0, 5.0, 29.0, 1.5]),
        ("logistic4", [5.0, 60.0, 29.0, 1.5]),
        ("logistic5", [-40.0, 0.9, 27.0, -0.5, 45.0]),
        ("logistic5", [40.0, 0.9, 33.0, 0.5, 15.0]),
    ],
)
def test_a_known_curve_is_recovered_from_exact_data(mapping: str, parameters: list[float]) -> None:
    y = evaluate(mapping, np.array(parameters), PSNR)
    fit = fit_logistic(PSNR, y, mapping=mapping)
    np.testing.assert_allclose(fit.parameters, parameters, rtol=1e-5)
    np.testing.assert_allclose(fit(PSNR), y, atol=1e-6)
    assert fit.converged
    assert fit.monotonic
    # The published start, followed over all parameters at once, gets there as well.
    assert fit.published_rmse < 1e-4


def test_a_start_at_the_mean_score_is_a_trap_that_several_starts_avoid() -> None:
    # The start at the mean of y is what a popular library has; SciPy follows it here to a straight line.
    y = falling(27.0, 0.8)
    with pytest.warns(OptimizeWarning):
        trapped, _ = curve_fit(sheikh, PSNR, y, p0=[y.max(), y.min(), y.mean(), 0.1, 0.1], maxfev=10_000)
    assert plcc(sheikh(PSNR, *trapped), y) == pytest.approx(0.88604, abs=1e-4)
    assert plcc(fit_logistic(PSNR, y, mapping="logistic5")(PSNR), y) == pytest.approx(0.99392, abs=1e-5)


@pytest.mark.parametrize("centre", [23.5, 35.0])
def test_a_curve_that_the_published_start_misses_is_found(centre: float) -> None:
    # SciPy, started beside the answer, is the other program.
    y = falling(centre, 0.4)
    best, _ = curve_fit(sheikh, PSNR, y, p0=[-60.0, 2.5, centre, 0.0, 30.0])
    fit = fit_logistic(PSNR, y, mapping="logistic5")
    error = y - sheikh(PSNR, *best)
    np.testing.assert_allclose(fit.rmse, np.sqrt(error @ error / (32 - 5)), rtol=1e-6)
    assert fit.published_rmse > 1.5 * fit.rmse


def test_four_parameters_agree_with_scipy_on_noisy_scores() -> None:
    y = falling(30.0, 2.0)
    best, _ = curve_fit(
        lambda x, b1, b2, b3, b4: b2 + (b1 - b2) * expit((x - b3) / b4), PSNR, y, p0=[0.0, 60.0, 30.0, 2.0]
    )
    fit = fit_logistic(PSNR, y, mapping="logistic4")
    np.testing.assert_allclose(fit.parameters, best, atol=1e-3)
    error = y - fit(PSNR)
    np.testing.assert_allclose(fit.rmse, np.sqrt(error @ error / 28), rtol=1e-9)


def test_the_fit_does_not_depend_on_the_units() -> None:
    y = falling(30.0, 2.0)
    fit = fit_logistic(PSNR, y, mapping="logistic5")
    scaled = fit_logistic(1e-7 * PSNR + 1, 1e5 * y - 4e6, mapping="logistic5")
    np.testing.assert_allclose(scaled.rmse, 1e5 * fit.rmse, rtol=1e-6)
    np.testing.assert_allclose(scaled(1e-7 * PSNR + 1), 1e5 * fit(PSNR) - 4e6, rtol=1e-4)


@pytest.mark.parametrize("mapping", ["logistic4", "logistic5"])
@pytest.mark.parametrize(
    "scores",
    [
        pytest.param(3 * PSNR - 20, id="straight line"),
        pytest.param(np.exp(PSNR / 4), id="exponential"),
        pytest.param(np.where(PSNR < 30, 55.0, 5.0), id="step"),
        pytest.param(np.where(PSNR > 37, 50.0, 0.0), id="step at the last point"),
    ],
)
def test_limits_that_no_finite_parameters_reach_are_approached_and_the_search_ends(
    mapping: str, scores: Floats
) -> None:
    fit = fit_logistic(PSNR, scores, mapping=mapping)
    assert fit.converged
    assert fit.rmse < 2e-3 * np.ptp(scores)
    np.testing.assert_allclose(fit(PSNR), scores, atol=5e-3 * np.ptp(scores))


def test_rounding_is_not_taken_for_a_curve() -> None:
    # Seven values of the metric differ by less than the narrowest curve can tell: across a straight line
    # through them and the eighth nothing is left. NumPy's line is the other program.
    x = np.append(1e-13 * np.arange(7), 1.0)
    y = np.array([5.0, -3, 4, 8, -6, 2, 4, 30])
    fit = fit_logistic(x, y, mapping="logistic5")
    error = y - np.polyval(np.polyfit(x, y, 1), x)
    np.testing.assert_allclose(fit.rmse, np.sqrt(error @ error / (8 - 5)), rtol=1e-9)
    np.testing.assert_allclose(fit(x), y - error, atol=1e-6)


def test_a_curve_that_turns_within_the_range_is_reported() -> None:
    # A steep fall on a gentle rise: up, down past the centre, up again.
    turning = evaluate("logistic5", np.array([-40.0, 2.0, 30.0, 1.0, 0.0]), PSNR)
    assert not fit_logistic(PSNR, turning, mapping="logistic5").monotonic
    assert fit_logistic(PSNR, turning, mapping="logistic4").monotonic


def test_a_curve_that_turns_outside_the_range_is_monotonic() -> None:
    # Around its centre, 40, it falls by 40 · 0.8 / 4 = 8 a unit on a rise of 1; at 36 and below it rises.
    beyond = evaluate("logistic5", np.array([-40.0, 0.8, 40.0, 1.0, 0.0]), PSNR[PSNR < 35])
    assert fit_logistic(PSNR[PSNR < 35], beyond, mapping="logistic5").monotonic


def test_a_search_that_is_cut_short_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logistic, "MAX_EVALUATIONS", 2)
    monkeypatch.setattr(logistic, "MAX_PUBLISHED", 2)
    assert not fit_logistic(PSNR, falling(30.0, 2.0), mapping="logistic4").converged


def test_missing_values_stay_missing_and_far_ones_reach_the_asymptotes() -> None:
    values = evaluate("logistic4", np.array([50.0, 10.0, 30.0, 1e-3]), np.array([np.nan, -1e300, 1e300]))
    np.testing.assert_array_equal(values, [np.nan, 10, 50])


@pytest.mark.parametrize(
    ("x", "y", "mapping", "message"),
    [
        (PSNR[:7], PSNR[:7], "logistic4", "7 points are too few for a mapping; it needs 8 or more"),
        (PSNR, PSNR[:8], "logistic4", r"x of shape \(32,\) and y of shape \(8,\)"),
        (np.append(PSNR[:8], np.inf), PSNR[:9], "logistic4", "a value that is not finite"),
        (PSNR[:9], np.append(PSNR[:8], np.nan), "logistic4", "a value that is not finite"),
        (
            np.repeat([1.0, 2, 3, 4], 3),
            PSNR[:12],
            "logistic5",
            "4 different values; a mapping of 5 parameters",
        ),
        (PSNR, np.full(32, 7.0), "logistic4", "the opinion scores are all 7.0"),
        (PSNR, PSNR, "cubic", "mapping 'cubic' is not available; available: logistic4, logistic5"),
    ],
)
def test_what_cannot_be_fitted_is_refused(x: Floats, y: Floats, mapping: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fit_logistic(x, y, mapping=mapping)


def test_eight_points_are_enough() -> None:
    assert fit_logistic(PSNR[:8], falling(24.0, 0.5)[:8], mapping="logistic5").n == 8
