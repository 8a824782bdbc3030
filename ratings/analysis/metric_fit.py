"""How well objective metrics predict opinion scores: pooled, over the methods' means, and image by image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from ratings.analysis.arrays import Floats
from ratings.analysis.correlation import (
    REPLICATES,
    Replicates,
    draw_images,
    expanded_percentiles,
    fisher_interval,
    kendall,
    pearson,
    resample,
    rmse_interval,
    spearman,
)
from ratings.analysis.logistic import MAPPINGS, LogisticFit, fit_logistic
from ratings.analysis.options import require_available, require_level
from ratings.analysis.rated_metrics import Points, RatedMetrics, all_points, pooled_points

INTERVALS: Final = ("fisher", "bootstrap")
MEASURES: Final = ("plcc", "srocc", "krocc", "rmse")

CORRELATION_COLUMNS: Final = (
    *("metric", "level", "n", "plcc", "srocc", "krocc", "rmse", "outlier_ratio", "image", "mapping"),
    *("plcc_unmapped", "rmse_star", "plcc_ci_low", "plcc_ci_high", "srocc_ci_low", "srocc_ci_high"),
    *("krocc_ci_low", "krocc_ci_high", "rmse_ci_low", "rmse_ci_high", "ci", "confidence"),
    *("converged", "monotonic", "left_out", "note"),
)


@dataclass(frozen=True, eq=False)
class FittedCurve:
    """What a figure of one metric shows: the curve `x`, `y` (grid,) and the points it was fitted to."""

    x: Floats
    y: Floats
    points: Points
    fit: LogisticFit


def fit_metrics(
    rated: RatedMetrics,
    *,
    level: float,
    mapping: str = "logistic4",
    ci: str = "fisher",
    seed: int = 0,
    replicates: int = REPLICATES,
) -> pd.DataFrame:
    """Compare every metric with the opinion scores: pooled, over the methods' means, and for each image.

    Columns: `CORRELATION_COLUMNS`, correlations in −1..1, rmse and rmse_star in points of the scores.
    Mapped: plcc (never negative), rmse = √(Σe² / (n − d)) with d fitted parameters, outlier_ratio, the share
    of |e| > half width, and rmse_star, with max(0, |e| − half width) for e. All are NaN, and `mapping` is
    "none", where no mapping could be fitted; `note` says why.
    Unmapped: plcc_unmapped, srocc and krocc (τ-b) keep their sign, negative where one of metric and score
    rises with quality and the other falls. NaN: under 3 points, or where one of the two does not vary.
    A method of which a rated image has no finite value has no mean and is left out of the level "method".
    Intervals, at `level` (column `confidence`): `ci` "fisher", with χ² for the rmse, takes the points as
    independent; "bootstrap" resamples images from `seed` with the mapping held fixed, and serves the pooled
    rows alone. The column `ci` names the one printed.
    Raises: ValueError for an unknown `mapping` ("none" is one) or `ci`, a `level` not in (0, 1), or fewer
    than one replicate.
    Sources: VQEG, final report on full-reference television, phase II, 2003; ITU-T P.1401.
    """
    require_level(level)
    require_available("mapping", mapping, (*MAPPINGS, "none"))
    require_available("ci", ci, INTERVALS)
    require_replicates(replicates)
    rows = []
    for metric in rated.metrics:
        for points in all_points(rated, metric):
            fit, why = fit_or_reason(points, mapping)
            measured = measure(points, fit)
            resampled = ci == "bootstrap" and points.level == "pooled"
            if resampled:
                drawn = resample_points(points, fit, replicates=replicates, seed=seed)
                n_images = np.unique(points.image_of).size
                bounds = _resampled_intervals(drawn, measured, n_images=n_images, level=level)
            else:
                bounds = _formula_intervals(measured, points.x.size, fit, level=level)
            note = "; ".join(filter(None, (points.note, why)))
            rows.append(
                {"metric": metric, **measured, **_described(points, fit), **bounds, "note": note}
                | {"ci": "bootstrap" if resampled else "fisher", "confidence": level}
            )
    return pd.DataFrame(rows)[list(CORRELATION_COLUMNS)]


def fitted_curve(rated: RatedMetrics, metric: str, *, mapping: str, grid: int = 200) -> FittedCurve:
    """Fit one metric to the pooled scores, for a figure: the curve over the metric's range, and its points.

    Raises: ValueError if the metric is unknown, or as `fit_logistic`.
    """
    require_available("metric", metric, tuple(rated.metrics))
    points = pooled_points(rated, metric)
    fit = fit_logistic(points.x, points.y, mapping=mapping)
    x = np.linspace(points.x.min(), points.x.max(), grid)
    return FittedCurve(x=x, y=fit(x), points=points, fit=fit)


def fit_or_reason(points: Points, mapping: str) -> tuple[LogisticFit | None, str]:
    """Return the mapping, or None; and what a reader has to know of it, or why there is none."""
    if mapping == "none":
        return None, ""
    try:
        fit = fit_logistic(points.x, points.y, mapping=mapping)
    except ValueError as error:
        return None, f"not mapped: {error}"
    notes = []
    if not fit.converged:
        notes.append("the search for the mapping was cut short: leave the mapped measures out")
    if not fit.monotonic:
        notes.append("the curve turns within the metric's range, which that of logistic4 cannot")
    if fit.published_rmse > 1.01 * fit.rmse:
        notes.append(f"the published start alone ends in a worse fit, rmse {fit.published_rmse:.4g}")
    return fit, "; ".join(notes)


def measure(points: Points, fit: LogisticFit | None) -> dict[str, float]:
    """Return `MEASURES` of points and their mapping; plcc and rmse are NaN without one."""
    return {
        "plcc": pearson(fit(points.x), points.y) if fit else np.nan,
        "srocc": spearman(points.x, points.y),
        "krocc": kendall(points.x, points.y),
        "rmse": fit.rmse if fit else np.nan,
    }


def resample_points(points: Points, fit: LogisticFit | None, *, replicates: int, seed: int) -> Replicates:
    """Return `MEASURES` over resampled images, the mapping held fixed."""
    images, image_of = np.unique(points.image_of, return_inverse=True)
    return resample(
        points.x,
        points.y,
        fit(points.x) if fit else np.full(points.x.shape, np.nan),
        image_of,
        draw_images(images.size, replicates=replicates, seed=seed),
        parameters=fit.parameters.size if fit else 0,
    )


def require_replicates(replicates: int) -> None:
    """Refuse a bootstrap without replicates. Raises: ValueError naming the number."""
    if replicates < 1:
        raise ValueError(f"{replicates} replicates are too few for a bootstrap; {REPLICATES} are usual")


def _described(points: Points, fit: LogisticFit | None) -> dict[str, object]:
    outlier_ratio, rmse_star = _beyond_intervals(points, fit) if fit else (np.nan, np.nan)
    return {
        "level": points.level,
        "image": points.image,
        "n": points.x.size,
        "plcc_unmapped": pearson(points.x, points.y),
        "outlier_ratio": outlier_ratio,
        "rmse_star": rmse_star,
        "mapping": fit.mapping if fit else "none",
        "converged": fit.converged if fit else None,
        "monotonic": fit.monotonic if fit else None,
        "left_out": points.left_out,
    }


def _beyond_intervals(points: Points, fit: LogisticFit) -> tuple[float, float]:
    """Return the outlier ratio and RMSE* over the points whose half width is known."""
    known = np.isfinite(points.half_width)
    error = np.abs(points.y - fit(points.x))[known]
    beyond = np.maximum(error - points.half_width[known], 0.0)
    degrees = beyond.size - fit.parameters.size
    return (
        float((beyond > 0).mean()) if beyond.size else float("nan"),
        float(np.sqrt(beyond @ beyond / degrees)) if degrees > 0 else float("nan"),
    )


def _formula_intervals(
    measured: dict[str, float], n: int, fit: LogisticFit | None, *, level: float
) -> dict[str, float]:
    bounds = {
        kind: fisher_interval(measured[kind], n, kind=kind, level=level)
        for kind in ("plcc", "srocc", "krocc")
    }
    bounds["rmse"] = rmse_interval(measured["rmse"], n - (fit.parameters.size if fit else 0), level=level)
    return _as_columns(bounds)


def _resampled_intervals(
    drawn: Replicates, measured: dict[str, float], *, n_images: int, level: float
) -> dict[str, float]:
    return _as_columns(
        {
            name: expanded_percentiles(
                getattr(drawn, name), n_images=n_images, level=level, estimate=measured[name]
            )
            for name in MEASURES
        }
    )


def _as_columns(bounds: dict[str, tuple[float, float]]) -> dict[str, float]:
    ends = ("low", "high")
    return {f"{name}_ci_{ends[i]}": pair[i] for name, pair in bounds.items() for i in range(2)}
