"""The steps that models of raters are made of, for one panel or for many resampled ones side by side."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ratings.analysis.arrays import Floats
from ratings.analysis.panel import Panel

# Keeps the weight of a rater without any residual finite, as the published procedure does.
EPSILON = 1e-8

FLOOR_SHARE = 0.1

# A variance below this share of the study's is rounding: the votes are unanimous.
UNANIMOUS_SHARE = 1e-12


class SubjectStep(NamedTuple):
    """The subject model after one step.

    `quality` (stimuli, 1) is less the centre of `Panel`; `bias` and `inconsistency` (raters, 1) are those
    that its weights came from; `floored` counts the inconsistencies that were raised.
    """

    quality: Floats
    bias: Floats
    inconsistency: Floats
    floored: int


class ZScores(NamedTuple):
    """What z-scores say of stimuli (stimuli, panels) and raters (raters, panels).

    `mean` is less the centre of `Panel`, `spread` in points and 0 where votes are unanimous; `bias` is in
    units of the spread and `n` counts the z-scores that it is the mean of.
    """

    mean: Floats
    spread: Floats
    bias: Floats
    n: Floats


def bias_of(panel: Panel, quality: Floats) -> Floats:
    """Return each rater's mean distance from `quality` (stimuli, panels), (raters, panels)."""
    return np.asarray((panel.sums_per_rater - panel.present.by_rater(quality)) / panel.votes_per_rater)


def inconsistency_of(panel: Panel, quality: Floats) -> Floats:
    """Return the spread of each rater's distances from `quality` (stimuli, panels), (raters, panels)."""
    squares = (
        panel.squares_per_rater - 2 * panel.scores.by_rater(quality) + panel.present.by_rater(quality**2)
    )
    return np.sqrt(np.maximum(squares / panel.votes_per_rater - bias_of(panel, quality) ** 2, 0.0))


def subject_step(panel: Panel, quality: Floats, *, floor: bool) -> SubjectStep:
    """Move `quality` (stimuli, 1) once."""
    bias, inconsistency = bias_of(panel, quality), inconsistency_of(panel, quality)
    inconsistency, floored = floored_to_median(inconsistency) if floor else (inconsistency, 0)
    weight = 1 / (inconsistency**2 + EPSILON)
    moved = panel.scores.by_stimulus(weight) - panel.present.by_stimulus(weight * bias)
    return SubjectStep(moved / panel.present.by_stimulus(weight), bias, inconsistency, floored)


def z_scores(panel: Panel, counts: Floats) -> ZScores:
    """Normalise every stimulus; `counts` (raters, panels) says how often each rater is in a panel."""
    votes = panel.present.by_stimulus(counts)
    mean = divided(panel.scores.by_stimulus(counts), votes)
    variance = divided(panel.squares.by_stimulus(counts), votes) - mean**2
    varied = variance > UNANIMOUS_SHARE * np.mean(panel.value**2)
    spread = np.sqrt(np.where(varied, variance, 0.0))
    inverse = _inverse(spread)
    n = panel.present.by_rater(varied.astype(np.float64))
    bias = divided(panel.scores.by_rater(inverse) - panel.present.by_rater(mean * inverse), n)
    return ZScores(mean, spread, bias, n)


def z_inconsistency(panel: Panel, z: ZScores) -> Floats:
    """Return the spread of each rater's z-scores, (raters, panels); 0 for a rater without any."""
    inverse = _inverse(z.spread)
    squares = (
        panel.squares.by_rater(inverse**2)
        - 2 * panel.scores.by_rater(z.mean * inverse**2)
        + panel.present.by_rater((z.mean * inverse) ** 2)
    )
    return np.sqrt(np.maximum(divided(squares, z.n) - z.bias**2, 0.0))


def z_quality(panel: Panel, z: ZScores, weight: Floats) -> Floats:
    """Return the mean of votes less bias by `weight` (raters, panels); 0 where no weight is."""
    removed = z.spread * panel.present.by_stimulus(weight * z.bias)
    return divided(panel.scores.by_stimulus(weight) - removed, panel.present.by_stimulus(weight))


def floored_to_median(inconsistency: Floats) -> tuple[Floats, int]:
    """Raise inconsistencies below a tenth of their median to it, and count them."""
    floor = FLOOR_SHARE * np.median(inconsistency)
    return np.maximum(inconsistency, floor), int((inconsistency < floor).sum())


def divided(total: Floats, count: Floats) -> Floats:
    """Divide, with 0 where the count is 0."""
    return np.asarray(np.divide(total, count, out=np.zeros_like(total), where=count > 0))


def _inverse(spread: Floats) -> Floats:
    return divided(np.ones_like(spread), spread)
