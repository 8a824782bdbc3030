"""Simulated raters: people with a bias, an inconsistency and lapses, to try a study out without people."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from ratings.analysis.arrays import Floats, Ints


@dataclass(frozen=True, kw_only=True)
class RaterModel:
    """How simulated raters differ from a perfect instrument, in points of the scale 0..100.

    A difference a rater means to give is the expected one + the rater's bias + noise with the rater's
    inconsistency as its standard deviation. The three defaults that describe differences are the
    spread of biases and the median and log-spread of inconsistencies that the subject model of ITU-T
    P.910 finds in the 70 raters of VQEG FR-TV Phase I (525 lines, high quality): 6.7, 12.3 and 0.27.
    The other defaults are assumptions.
    """

    bias_sd: float = 6.7
    inconsistency_median: float = 12.3
    inconsistency_log_sd: float = 0.27
    reference_mean: float = 80.0
    """Where raters put the reference on average; each has a place of their own around it."""
    reference_sd: float = 6.0
    lapse_rate: float = 0.02
    """The share of trials, 0..1, answered without looking: both scores anywhere on the scale."""
    response_median_ms: float = 9000.0
    response_log_sd: float = 0.45
    lapse_median_ms: float = 2500.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not (np.isfinite(value) and value >= 0):
                raise ValueError(f"{field.name} {value!r} is not a finite number of 0 or more")
        if self.lapse_rate > 1:
            raise ValueError(f"lapse_rate {self.lapse_rate!r} is not a share of trials between 0 and 1")
        if self.reference_mean > 100:
            raise ValueError(f"reference_mean {self.reference_mean!r} is off the scale of 0 to 100")
        for name in ("response_median_ms", "lapse_median_ms"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} {getattr(self, name)!r} is not a time of more than 0 ms")


@dataclass(frozen=True, kw_only=True)
class Traits:
    """What makes a simulated rater themselves, in points of 0..100: see `RaterModel`."""

    bias: float
    inconsistency: float
    reference: float
    """Where they put the reference."""


@dataclass(frozen=True, eq=False)
class SimulatedRatings:
    """DSCQS answers, each (stimuli, raters): two scores in 0..100 and the response time in ms (> 0).

    `traits` are those of the raters.
    """

    reference_score: Floats
    test_score: Floats
    duration_ms: Ints
    traits: tuple[Traits, ...]


def simulate_dscqs(
    expected_difference: Floats,
    *,
    raters: int,
    seed: int,
    first_rater: int = 0,
    model: RaterModel | None = None,
) -> SimulatedRatings:
    """Draw the answers of simulated raters to a DSCQS study.

    Shapes: `expected_difference` (stimuli,), reference − test in points of 0..100, positive where the
    test is worse; the answers (stimuli, raters).
    Scores are clipped to 0..100, as a slider does; differences are not, and may be negative.
    Repeatable: rater number k (from 0) answers the same for the same seed and stimuli, however many
    are drawn with them; `first_rater` continues an earlier panel.
    Raises: ValueError if `expected_difference` is not (stimuli,), has a value that is not finite or
    outside −100..100, or a count is negative.
    """
    if expected_difference.ndim != 1:
        raise ValueError(f"expected_difference of shape {expected_difference.shape} is not (stimuli,)")
    off = ~(np.abs(expected_difference) <= 100)
    if off.any():
        raise ValueError(f"expected_difference {expected_difference[off][0]} is not within −100 to 100")
    for name, value in (("raters", raters), ("seed", seed), ("first_rater", first_rater)):
        if value < 0:
            raise ValueError(f"{name} {value} is not a whole number of 0 or more")
    shape = (expected_difference.size, raters)
    traits = []
    reference_score, test_score = np.empty(shape), np.empty(shape)
    duration_ms = np.empty(shape, dtype=np.int64)
    for column in range(raters):
        rng = np.random.default_rng([seed, first_rater + column])
        columns = (reference_score[:, column], test_score[:, column], duration_ms[:, column])
        traits.append(_answer(columns, expected_difference, model or RaterModel(), rng))
    return SimulatedRatings(reference_score, test_score, duration_ms, tuple(traits))


def _answer(
    columns: tuple[Floats, Floats, Ints], expected: Floats, model: RaterModel, rng: np.random.Generator
) -> Traits:
    """Fill in one rater's columns: the scores of reference and test, and the times; answers who they are."""
    bias = rng.normal(0, model.bias_sd)
    inconsistency = model.inconsistency_median * np.exp(rng.normal(0, model.inconsistency_log_sd))
    # Half the variance of a difference comes from each of its two scores.
    noise = rng.normal(0, inconsistency / np.sqrt(2), size=(2, expected.size))
    place = rng.normal(model.reference_mean, model.reference_sd)
    reference = place + noise[0]
    test = reference - noise[0] - expected - bias + noise[1]
    lapse = rng.random(expected.size) < model.lapse_rate
    anywhere = rng.uniform(0, 100, size=(2, expected.size))
    columns[0][:] = np.clip(np.where(lapse, anywhere[0], reference), 0, 100)
    columns[1][:] = np.clip(np.where(lapse, anywhere[1], test), 0, 100)
    median_ms = np.where(lapse, model.lapse_median_ms, model.response_median_ms)
    times_ms = median_ms * np.exp(rng.normal(0, model.response_log_sd, size=expected.size))
    columns[2][:] = np.maximum(1, np.rint(times_ms))
    return Traits(bias=bias, inconsistency=inconsistency, reference=place)


def expected_difference_from_psnr(
    psnr_db: Floats, *, midpoint_db: float = 27.0, slope_db: float = 3.0, largest: float = 60.0
) -> Floats:
    """Guess the difference raters would see from PSNR alone: a falling logistic curve.

    For simulated raters only. That opinion follows PSNR is an assumption made to have numbers of a
    plausible size; it is not a finding, and what simulated raters say of a method is no evidence.
    Shapes: all alike. Units: dB in, points of 0..100 out: `largest` far below `midpoint_db`, half of
    it there, and 0 for an infinite PSNR (identical images).
    Raises: ValueError for a PSNR that is NaN.

    >>> expected_difference_from_psnr(np.array([27.0, np.inf])).tolist()
    [30.0, 0.0]
    """
    if np.isnan(psnr_db).any():
        raise ValueError("psnr_db holds a value that is not a number; every stimulus needs its PSNR")
    # The hyperbolic tangent is the same logistic curve, and does not overflow far from the midpoint.
    return largest * (1 - np.tanh((psnr_db - midpoint_db) / (2 * slope_db))) / 2
