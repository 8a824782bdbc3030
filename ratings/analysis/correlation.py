"""Correlations with their intervals, and all of them over resampled images at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import stats

from ratings.analysis.arrays import Floats, Ints
from ratings.analysis.options import require_available, require_level

REPLICATES: Final = 2000

# Per coefficient: what is taken from n, and the variance of the Fisher-transformed coefficient times that.
FISHER: Final[dict[str, tuple[int, float]]] = {"plcc": (3, 1.0), "srocc": (3, 1.0), "krocc": (4, 0.437)}

# Replicates and pairs of points are worked in blocks of about this many numbers.
BLOCK_ENTRIES: Final = 2_000_000


def pearson(x: Floats, y: Floats) -> float:
    """Return Pearson's linear correlation of two (points,); NaN under 3 points or if either is constant."""
    if x.size < 3 or _is_constant(x) or _is_constant(y):
        return float("nan")
    return _exact(float(np.corrcoef(x, y)[0, 1]))


def spearman(x: Floats, y: Floats) -> float:
    """Return Spearman's rank correlation, ties sharing their mean rank; NaN as `pearson`."""
    return pearson(stats.rankdata(x), stats.rankdata(y))


def kendall(x: Floats, y: Floats) -> float:
    """Return Kendall's τ-b, which allows for ties; NaN as `pearson`."""
    if x.size < 3 or _is_constant(x) or _is_constant(y):
        return float("nan")
    return _exact(float(stats.kendalltau(x, y).statistic))


def fisher_interval(coefficient: float, n: int, *, kind: str, level: float) -> tuple[float, float]:
    """Bound a correlation of `n` independent points through Fisher's transformation.

    `kind` is "plcc" (variance 1 / (n − 3)), "srocc" ((1 + r²/2) / (n − 3)) or "krocc" (0.437 / (n − 4)).
    NaN: both ends if `n` is too small for the variance, or the correlation is NaN or exactly ±1, of which the
    transformation says nothing.
    Raises: ValueError for an unknown kind or a `level` not in (0, 1).
    Sources: ITU-T P.1401 (Pearson); Bonett & Wright, Psychometrika 65, 2000 (Spearman); Fieller, Hartley &
    Pearson, Biometrika 44, 1957 (Kendall).

    >>> low, high = fisher_interval(0.9, 28, kind="plcc", level=0.95)
    >>> round(low, 4), round(high, 4)
    (0.7933, 0.9531)
    """
    require_available("kind", kind, tuple(FISHER))
    require_level(level)
    taken, variance = FISHER[kind]
    if n <= taken or not abs(coefficient) < 1:
        return float("nan"), float("nan")
    if kind == "srocc":
        variance = 1 + coefficient**2 / 2
    half = stats.norm.ppf((1 + level) / 2) * np.sqrt(variance / (n - taken))
    middle = np.arctanh(coefficient)
    return float(np.tanh(middle - half)), float(np.tanh(middle + half))


def rmse_interval(rmse: float, degrees: int, *, level: float) -> tuple[float, float]:
    """Bound an RMSE of normal errors with so many degrees of freedom (points less fitted parameters).

    NaN: both ends without a degree of freedom, or if the RMSE is NaN.
    Raises: ValueError for a `level` not in (0, 1). Source: ITU-T P.1401, by the χ² distribution.
    """
    require_level(level)
    high, low = (float(stats.chi2.ppf(share, degrees)) for share in ((1 + level) / 2, (1 - level) / 2))
    return rmse * float(np.sqrt(degrees / high)), rmse * float(np.sqrt(degrees / low))


@dataclass(frozen=True, eq=False)
class Replicates:
    """Each measure over resampled images, (replicates,); NaN where a replicate has no such measure."""

    plcc: Floats
    srocc: Floats
    krocc: Floats
    rmse: Floats


def draw_images(n_images: int, *, replicates: int, seed: int) -> Ints:
    """Draw as many images as there are, with replacement: how often each was drawn, (replicates, images)."""
    if n_images == 0:
        return np.zeros((replicates, 0), dtype=np.int64)
    rng = np.random.default_rng(seed)
    return rng.multinomial(n_images, np.full(n_images, 1 / n_images), size=replicates)


def resample(
    x: Floats, y: Floats, fitted: Floats, image_of: Ints, draws: Ints, *, parameters: int
) -> Replicates:
    """Compute every measure in every replicate, all stimuli of a drawn image together.

    Shapes: `x` (metric), `y` (opinion scores) and `fitted` (mapped metric) (stimuli,); `image_of` (stimuli,)
    with codes 0..images − 1; `draws` (replicates, images). plcc and rmse compare `fitted`, whose mapping is
    the one of the whole data, with `y`; srocc and krocc compare `x` with `y`. `parameters` is what the rmse
    takes from the number of stimuli. NaN: everything without a stimulus.
    """
    if not x.size:
        nothing = np.full(len(draws), np.nan)
        return Replicates(plcc=nothing, srocc=nothing, krocc=nothing, rmse=nothing)
    n_images = draws.shape[1]
    of_x, of_y = (np.unique(values, return_inverse=True)[1] for values in (x, y))
    blocks = range(0, len(draws), max(1, BLOCK_ENTRIES // x.size))
    ranked = []
    for start in blocks:
        copies = draws[start : start + blocks.step][:, image_of]
        ranks = _weighted_ranks(of_x, copies), _weighted_ranks(of_y, copies)
        ranked.append(_weighted_pearson(*ranks, copies))
    squares = np.bincount(image_of, weights=(y - fitted) ** 2, minlength=n_images)
    degrees = draws @ np.bincount(image_of, minlength=n_images) - parameters
    mean_square = np.divide(draws @ squares, degrees, out=np.full(len(draws), np.nan), where=degrees > 0)
    return Replicates(
        plcc=_resampled_pearson(fitted, y, image_of, draws),
        srocc=np.concatenate(ranked),
        krocc=_resampled_kendall(of_x, of_y, image_of, draws),
        rmse=np.sqrt(mean_square),
    )


def expanded_percentiles(
    drawn: Floats, *, n_images: int, level: float, estimate: float | None = None
) -> tuple[float, float]:
    """Return the percentiles of replicates (replicates,) that bound what they replicate; NaN is left out.

    They are Φ(2 z0 ± √(n/(n−1)) t), t the quantile of Student's t with n − 1 degrees of freedom and n images:
    plain percentiles of few images are too narrow. With an `estimate`, z0 is the normal quantile of the share
    of replicates below it, which corrects for bias; without, 0. No end lies beyond a replicate.
    NaN: both ends with fewer than two images or without a replicate.
    Sources: Hesterberg, The American Statistician 69(4), 2015 (expanded percentiles); Efron & Tibshirani, An
    Introduction to the Bootstrap, 1993, chapter 14 (bias correction).
    """
    drawn = drawn[np.isfinite(drawn)]
    if n_images < 2 or not drawn.size:
        return float("nan"), float("nan")
    shift = 0.0 if estimate is None else float(stats.norm.ppf(share_below(drawn, estimate)))
    quantile = np.sqrt(n_images / (n_images - 1)) * stats.t.ppf((1 + level) / 2, n_images - 1)
    low, high = (float(np.quantile(drawn, stats.norm.cdf(2 * shift + end))) for end in (-quantile, quantile))
    return low, high


def share_below(drawn: Floats, value: float) -> float:
    """Return the share of replicates below a value, half of those equal to it; never quite 0 or 1."""
    below = (drawn < value).sum() + (drawn == value).sum() / 2
    return float((below + 0.5) / (drawn.size + 1))


def _weighted_ranks(place: Ints, copies: Ints) -> Floats:
    """Return mean ranks, less a half, of stimuli of which there are so many copies, (replicates, stimuli).

    `place` (stimuli,) counts the smaller different values. No replicate has to be sorted.
    """
    order = np.argsort(place, kind="stable")
    cumulative = np.cumsum(copies[:, order], axis=1)
    last = np.searchsorted(place[order], np.arange(place.max() + 1), side="right") - 1
    upto = cumulative[:, last]
    below = np.concatenate([np.zeros((len(copies), 1)), upto[:, :-1]], axis=1)
    return np.asarray(((below + upto) / 2)[:, place])


def _weighted_pearson(x: Floats, y: Floats, weights: Ints) -> Floats:
    """Correlate along the last axis of (replicates, stimuli)."""
    total = weights.sum(axis=1, keepdims=True)
    dx = x - (weights * x).sum(axis=1, keepdims=True) / total
    dy = y - (weights * y).sum(axis=1, keepdims=True) / total
    return _ratio(
        (weights * dx * dy).sum(axis=1), (weights * dx**2).sum(axis=1), (weights * dy**2).sum(axis=1)
    )


def _resampled_pearson(x: Floats, y: Floats, image_of: Ints, draws: Ints) -> Floats:
    """Correlate through each image's sums, so that a replicate costs one row of a matrix product."""
    x, y = x - x.mean(), y - y.mean()
    sums = np.stack(
        [
            np.bincount(image_of, weights=values, minlength=draws.shape[1])
            for values in (np.ones_like(x), x, y, x * y, x * x, y * y)
        ],
        axis=1,
    )
    n, sx, sy, sxy, sxx, syy = (draws @ sums).T
    return _ratio(sxy - sx * sy / n, sxx - sx * sx / n, syy - sy * sy / n)


def _resampled_kendall(of_x: Ints, of_y: Ints, image_of: Ints, draws: Ints) -> Floats:
    """Count, for each pair of images, pairs of stimuli in order, in x and in y; copies of one are tied."""
    n_images = draws.shape[1]
    agreeing, untied_x, untied_y = (np.zeros((n_images, n_images)) for _ in range(3))
    for image in range(n_images):
        own = np.flatnonzero(image_of == image)
        above_x = np.sign(of_x[own, None] - of_x)
        above_y = np.sign(of_y[own, None] - of_y)
        for counts, pairs in (
            (agreeing, above_x * above_y),
            (untied_x, np.abs(above_x)),
            (untied_y, np.abs(above_y)),
        ):
            counts[image] = np.bincount(image_of, weights=pairs.sum(axis=0), minlength=n_images)
    return _ratio(*(((draws @ counts) * draws).sum(axis=1) for counts in (agreeing, untied_x, untied_y)))


def _ratio(product: Floats, x_square: Floats, y_square: Floats) -> Floats:
    """Return product / √(x² y²), NaN where what is divided by is nothing but rounding."""
    below = np.sqrt(np.maximum(x_square, 0) * np.maximum(y_square, 0))
    usable = (x_square > 1e-12 * x_square.max()) & (y_square > 1e-12 * y_square.max())
    return np.asarray(np.divide(product, below, out=np.full(product.shape, np.nan), where=usable))


def _exact(coefficient: float) -> float:
    """Make ±1 of what rounding leaves of it, on either side: its interval is no number, not a narrow one."""
    return float(np.sign(coefficient)) if abs(coefficient) > 1 - 1e-12 else coefficient


def _is_constant(values: Floats) -> bool:
    return bool(np.ptp(values) <= 1e-12 * np.abs(values).max())
