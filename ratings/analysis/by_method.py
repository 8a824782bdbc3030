"""A method's score over all its images, bounded over raters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from ratings.analysis.arrays import Floats
from ratings.analysis.dmos import estimate_mean, half_width

REPLICATES = 2000

# Replicates are drawn in blocks of about this many counts, to bound memory with thousands of raters.
BLOCK_ENTRIES = 2_000_000


@dataclass(frozen=True)
class MethodEstimate:
    """One method's score. NaN: everything without a vote; `sd` and the interval with one rater."""

    dmos: float
    sd: float
    n_raters: int
    n_images: int
    ci_low: float
    ci_high: float


def is_complete(scores: Floats) -> bool:
    """Say whether every rater of a method rated each of its images.

    Shape: `scores` (images, raters) of one method. Raters and images without any vote do not count.
    """
    return not np.isnan(_voted(scores)).any()


def estimate_method(scores: Floats, *, level: float, ci: str, seed: int) -> MethodEstimate:
    """Average one method over its images and bound the average over raters.

    Shape: `scores` (images, raters) of one method, NaN where a rater did not vote.
    The score is the unweighted mean over images of the images' means. An image nobody rated and a
    rater who rated none are left out of the counts.
    `sd` is the sample standard deviation over raters of their mean distance from the images' means;
    in a complete design that is the sd of the raters' own means.
    Interval: `ci` "t" or "normal" over the raters' means, right in a complete design alone;
    "bootstrap" resamples raters from `seed`, and serves a partial one.
    Units: those of `scores`. Raises: ValueError for an unknown `ci` or a `level` not in (0, 1).
    """
    voted = _voted(scores)
    n_images, n_raters = voted.shape
    if n_raters == 0:
        return MethodEstimate(np.nan, np.nan, 0, 0, np.nan, np.nan)
    image_means = estimate_mean(voted, level=level, ci="t").dmos
    value = float(image_means.mean())
    residuals = voted - image_means[:, None]
    # Residuals, not scores: in a partial design the raters' means also tell who drew the hard images.
    over_raters = estimate_mean(np.nanmean(residuals, axis=0)[None, :], level=level, ci="t")
    if ci == "bootstrap":
        low, high = _bootstrap(residuals, level=level, seed=seed)
    else:
        half = float(half_width(over_raters.sd, over_raters.n, level=level, ci=ci)[0])
        low, high = -half, half
    return MethodEstimate(value, float(over_raters.sd[0]), n_raters, n_images, value + low, value + high)


def _voted(scores: Floats) -> Floats:
    present = ~np.isnan(scores)
    return scores[present.any(axis=1)][:, present.any(axis=0)]


def _bootstrap(residuals: Floats, *, level: float, seed: int) -> tuple[float, float]:
    """Return the bias-corrected percentile interval of the mean residual over images, around 0.

    Each replicate draws as many raters as there are, with replacement, and averages the images' mean
    residuals. An image whose raters were all left out of a replicate is left out of its average;
    because residuals of every image average 0, that does not make the replicate easier or harder.
    With few raters it is narrower than Student's t, by √((n − 1)/n) and the t quantile.
    """
    raters = residuals.shape[1]
    if raters < 2:
        return np.nan, np.nan
    rng = np.random.default_rng(seed)
    present = ~np.isnan(residuals)
    filled, counted = np.where(present, residuals, 0.0).T, present.T.astype(np.float64)
    replicates = []
    block = max(1, BLOCK_ENTRIES // max(residuals.shape))
    for start in range(0, REPLICATES, block):
        draws = rng.multinomial(raters, np.full(raters, 1 / raters), size=min(block, REPLICATES - start))
        votes = draws @ counted
        means = np.divide(draws @ filled, votes, out=np.full(votes.shape, np.nan), where=votes > 0)
        replicates.append(np.nanmean(means, axis=1))
    return bias_corrected(np.concatenate(replicates), 0.0, level=level)


def bias_corrected(drawn: Floats, estimate: float, *, level: float) -> tuple[float, float]:
    """Return the percentiles of bootstrap replicates that bound an estimate, corrected for its bias.

    Shape: `drawn` (replicates,), in the units of `estimate`. The correction is z0, the normal quantile
    of the share of replicates below the estimate; the percentiles are Φ(2 z0 ± the quantile of `level`).
    Source: Efron & Tibshirani, An Introduction to the Bootstrap, 1993, chapter 14 (BCa with a = 0).
    """
    below = (drawn < estimate).mean() + (drawn == estimate).mean() / 2
    # Half a replicate from either end keeps the correction finite when all fall on one side.
    margin = 0.5 / drawn.size
    shift = stats.norm.ppf(np.clip(below, margin, 1 - margin))
    ends = stats.norm.cdf(2 * shift + stats.norm.ppf([(1 - level) / 2, (1 + level) / 2]))
    low, high = np.quantile(drawn, ends)
    return float(low), float(high)
