"""Which of two objective metrics predicts the opinion scores better, tested over resampled images."""

from __future__ import annotations

from itertools import combinations
from typing import Final

import numpy as np
import pandas as pd
from scipy import stats

from ratings.analysis.arrays import Floats
from ratings.analysis.correlation import REPLICATES, expanded_percentiles, share_below
from ratings.analysis.logistic import MAPPINGS
from ratings.analysis.metric_fit import fit_or_reason, measure, require_replicates, resample_points
from ratings.analysis.options import require_available, require_level
from ratings.analysis.rated_metrics import Points, RatedMetrics, pooled_points

# In units of a correlation, or of the largest score. Two metrics that are one rescaled differ by what the
# search for a mapping leaves, all to one side, and would seem to differ beyond doubt.
SAME_WITHIN: Final = 1e-6

COMPARED: Final = ("plcc", "srocc", "rmse")
COMPARISON_COLUMNS: Final = (
    *("metric_a", "metric_b", "measure", "difference", "ci_low", "ci_high", "p", "n_images", "replicates"),
)


def compare_metrics(
    rated: RatedMetrics,
    *,
    level: float,
    seed: int,
    mapping: str = "logistic4",
    replicates: int = REPLICATES,
) -> pd.DataFrame:
    """Test every pair of metrics on the pooled stimuli that have both, resampling images.

    Columns: `COMPARISON_COLUMNS`, a row a pair and measure. `difference` is a less b: of the plcc after
    mapping, of |srocc|, and of the rmse (points of the scores), which alone is better when smaller.
    All stimuli of a drawn image enter together and both metrics see the same draws. Mappings, and the sign
    of each srocc, are those of the whole data. The interval holds percentiles of `replicates` draws from
    `seed`, expanded for the number of images; `p` is two-sided, the 1 − level at which the interval would end
    at 0, and not corrected for several pairs.
    NaN: everything of plcc and rmse where a metric has no mapping; interval and p with fewer than two images.
    Raises: ValueError for an unknown `mapping`, a `level` not in (0, 1), or fewer than one replicate.
    """
    require_level(level)
    require_available("mapping", mapping, (*MAPPINGS, "none"))
    require_replicates(replicates)
    rows = []
    for a, b in combinations(rated.metrics, 2):
        shared = np.isfinite(rated.metrics[a]) & np.isfinite(rated.metrics[b])
        pair = [pooled_points(rated, name, shared) for name in (a, b)]
        n_images = np.unique(pair[0].image_of).size
        (value_a, drawn_a), (value_b, drawn_b) = (
            _measured(points, mapping, replicates=replicates, seed=seed) for points in pair
        )
        largest = float(np.abs(pair[0].y).max(initial=0.0))
        for name in COMPARED:
            same = SAME_WITHIN * (largest if name == "rmse" else 1.0)
            differences = _rounded(drawn_a[name] - drawn_b[name], same)
            row: dict[str, object] = {"metric_a": a, "metric_b": b, "measure": name}
            row |= {"difference": float(_rounded(value_a[name] - value_b[name], same))}
            row |= _bounds(differences, level=level, n_images=n_images)
            rows.append(row | {"n_images": n_images, "replicates": replicates})
    return pd.DataFrame(rows, columns=list(COMPARISON_COLUMNS))


def _measured(
    points: Points, mapping: str, *, replicates: int, seed: int
) -> tuple[dict[str, float], dict[str, Floats]]:
    """Return the measures and their replicates, srocc with the sign that makes the whole data's positive."""
    fit, _ = fit_or_reason(points, mapping)
    value = measure(points, fit)
    drawn = resample_points(points, fit, replicates=replicates, seed=seed)
    # |srocc| of a replicate would fold a correlation that changes sign back to the wrong side.
    sign = -1.0 if value["srocc"] < 0 else 1.0
    value["srocc"] *= sign
    return value, {"plcc": drawn.plcc, "srocc": sign * drawn.srocc, "rmse": drawn.rmse}


def _rounded(difference: Floats | float, same: float) -> Floats:
    return np.where(np.abs(difference) <= same, 0.0, difference)


def _bounds(differences: Floats, *, level: float, n_images: int) -> dict[str, float]:
    """Return the ends of a difference's interval, and the p at which the interval would end at 0."""
    low, high = expanded_percentiles(differences, n_images=n_images, level=level)
    if np.isnan(low):
        return {"ci_low": low, "ci_high": high, "p": low}
    distance = abs(stats.norm.ppf(share_below(differences[np.isfinite(differences)], 0.0)))
    p = 2 * stats.t.sf(distance * np.sqrt((n_images - 1) / n_images), n_images - 1)
    return {"ci_low": low, "ci_high": high, "p": float(p)}
