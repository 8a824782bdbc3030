"""From bootstrap replicates to the ends of an interval."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ratings.analysis.arrays import Floats, Ints

# Single precision is ample for a distance from an estimate.
Drawn = NDArray[np.float32]

# Of the largest deviation: what is less is rounding.
NEGLIGIBLE = 1e-6


def bias_corrected(drawn: Drawn, raters: Ints, *, level: float) -> tuple[Floats, Floats]:
    """Return the percentiles of deviations that bound an estimate: corrected for bias, and widened.

    Shapes: `drawn` (numbers, replicates), each replicate less the estimate, NaN where it has none; `raters`
    (numbers,), how many stand behind each. Both ends (numbers,) are to be added to the estimate.
    The correction is z0, the normal quantile of the share of replicates below the estimate; the percentiles
    are Φ(2 z0 ± z), z the quantile of `level`. Both distances are then multiplied by √(n/(n−1)) t/z, t the
    quantile of Student's t with n − 1 degrees of freedom: percentiles of few raters are too narrow by that.
    NaN for fewer than two raters or two replicates.
    Source: Efron & Tibshirani, An Introduction to the Bootstrap, 1993, chapter 14 (BCa with a = 0);
    Hesterberg, The American Statistician 69(4), 2015, for the factor. He moves the percentile's level by it;
    here it moves the distance, since no level reaches beyond the lowest of five raters.
    """
    ordered = np.sort(np.asarray(drawn, dtype=np.float32), axis=1)  # NaN comes last
    n = np.isfinite(ordered).sum(axis=1)
    # Every rater drawn once is the panel itself, which floating point may put a hair to one side.
    hair = NEGLIGIBLE * np.nanmax(np.abs(ordered), axis=1, initial=0.0)[:, None]
    at_estimate = np.abs(ordered) <= hair
    below = ((ordered < -hair).sum(axis=1) + at_estimate.sum(axis=1) / 2) / np.maximum(n, 1)
    # Half a replicate from either end keeps the correction finite when all fall on one side.
    margin = 0.5 / np.maximum(n, 2)
    shift = stats.norm.ppf(np.clip(below, margin, 1 - margin))
    quantile = float(stats.norm.ppf((1 + level) / 2))
    factor = np.where(n >= 2, _widening(raters, level) / quantile, np.nan)
    low, high = (
        factor * _percentile(ordered, n, stats.norm.cdf(2 * shift + end)) for end in (-quantile, quantile)
    )
    return low, high


def _widening(raters: Ints, level: float) -> Floats:
    """Return √(n/(n−1)) t for each number of raters, NaN below two."""
    sizes, size_of = np.unique(raters, return_inverse=True)
    degrees = np.where(sizes >= 2, sizes - 1.0, np.nan)
    return np.asarray((np.sqrt(sizes / degrees) * stats.t.ppf((1 + level) / 2, degrees))[size_of])


def _percentile(ordered: Drawn, n: Ints, share: Floats) -> Floats:
    """Interpolate each row of sorted values, of which the first `n` count, at its own share."""
    place = share * np.maximum(n - 1, 0)
    lower = np.floor(place).astype(np.int64)
    rows = np.arange(len(ordered))
    left = ordered[rows, lower].astype(np.float64)
    right = ordered[rows, np.minimum(lower + 1, np.maximum(n - 1, 0))]
    return np.asarray(left + (place - lower) * (right - left), dtype=np.float64)
