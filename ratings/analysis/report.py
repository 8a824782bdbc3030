"""All that a study is reported with beyond its core tables: images, comparisons, agreement, metrics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ratings.analysis.agreement import agreement
from ratings.analysis.comparisons import compare_methods
from ratings.analysis.estimates import estimate
from ratings.analysis.method_groups import groups_of_methods
from ratings.analysis.methodologies import higher_is
from ratings.analysis.metric_comparison import compare_metrics
from ratings.analysis.metric_fit import fit_metrics
from ratings.analysis.mixed_model import mixed_model as fit_mixed_model
from ratings.analysis.options import AnalysisOptions
from ratings.analysis.prepared import Prepared
from ratings.analysis.rated_metrics import RatedMetrics
from ratings.analysis.sensitivity import sensitivity
from ratings.analysis.tables import Tables, said_of_every_row

# Beyond so many votes what asks every vote many times over is left out, and said to be.
MOST_VOTES = 2_000_000

IMAGES_COLUMNS = (
    *("image", "n_raters", "n_methods", "dmos", "sd", "ci_low", "ci_high", "estimator", "scope"),
    *("screening", "ci", "level", "higher_is"),
)


@dataclass(frozen=True, eq=False)
class Report:
    """Frames by the name of the file that holds them, and the sentences to print with them."""

    frames: dict[str, pd.DataFrame]
    notes: tuple[str, ...]
    rated_metrics: RatedMetrics | None


def make_report(
    prepared: Prepared,
    tables: Tables,
    options: AnalysisOptions,
    *,
    metrics: pd.DataFrame | None,
    mixed_model: bool = True,
) -> Report:
    """Make every frame that these votes allow.

    `metrics` has image, method and a column a metric, as `tables.known_metrics` takes it.
    Raises: ValueError as `tabulate`.
    """
    frames = {"images.csv": images_frame(prepared, options, tables)}
    notes: list[str] = []
    if prepared.votes.value.size > MOST_VOTES:
        notes.append(
            f"With more than {MOST_VOTES:,} votes sensitivity, comparisons and agreement were left out; "
            "analyse a part of the images for them."
        )
    else:
        frames["sensitivity.csv"] = sensitivity(prepared, options)
        _compare(prepared, tables, options, frames, notes, mixed=mixed_model)
        frames["agreement.csv"] = agreement(prepared.table, level=options.level, seed=options.seed)
    rated = rated_metrics(tables, metrics)
    if rated is not None:
        notes += _notes_on_metrics(rated)
        correlated = fit_metrics(rated, level=options.level, seed=options.seed)
        if options.normalised_over == "method":
            correlated = correlated[correlated["level"] != "method"].reset_index(drop=True)
            notes.append("Metrics were not held against the methods' means, which such scores put at 50.")
        frames["correlation.csv"] = correlated
        if len(rated.metrics) > 1:
            frames["metric_comparison.csv"] = compare_metrics(rated, level=options.level, seed=options.seed)
    return Report(frames, tuple(notes), rated)


def _compare(
    prepared: Prepared,
    tables: Tables,
    options: AnalysisOptions,
    frames: dict[str, pd.DataFrame],
    notes: list[str],
    *,
    mixed: bool,
) -> None:
    """Test every pair of methods over raters, group those that cannot be told apart, and fit the model."""
    votes = prepared.votes
    if len(votes.methods()) < 2:
        return
    if options.normalised_over == "method":
        notes.append("Methods were not compared: scores within each method cannot tell them apart.")
        return
    direction = higher_is(votes.methodology, options.estimator)
    compared = compare_methods(
        prepared.table,
        votes.method_codes(),
        votes.image_codes(),
        methods=votes.methods(),
        images=votes.images(),
        level=options.level,
        higher_is=direction,
    )
    rated = tables.methods.dropna(subset=["dmos"])
    scores = dict(zip(rated["method"], rated["dmos"].astype(float), strict=True))
    frames["comparison.csv"] = compared.frame
    notes += compared.notes
    pairs = compared.frame[compared.frame["method_a"].isin(scores) & compared.frame["method_b"].isin(scores)]
    if (pairs["image"] == "").any():
        groups = groups_of_methods(pairs, scores, level=options.level, higher_is=direction)
        frames["groups.csv"] = groups.frame
        notes += groups.notes
    if mixed:
        model = fit_mixed_model(
            prepared.table,
            votes.method_codes(),
            votes.image_codes(),
            methods=votes.methods(),
            level=options.level,
            higher_is=direction,
        )
        notes += model.notes
        if len(model.contrasts):
            frames["mixed_model.csv"] = model.contrasts
            frames["variance_components.csv"] = model.components


def images_frame(prepared: Prepared, options: AnalysisOptions, tables: Tables) -> pd.DataFrame:
    """Average every image over its methods, within each rater first, in the order of the table of scores."""
    votes = prepared.votes
    images = votes.images()
    found = estimate(prepared.table, options, votes.image_codes(), len(images), stimuli=False)
    groups = found.groups
    frame = pd.DataFrame(
        {
            "image": images,
            "n_raters": groups.n_raters,
            "n_methods": groups.n_stimuli,
            "dmos": groups.dmos,
            "sd": groups.sd,
            "ci_low": groups.ci_low,
            "ci_high": groups.ci_high,
            "ci": found.group_ci,
            **said_of_every_row(votes, options),
        }
    )
    order = list(dict.fromkeys(tables.dmos["image"]))
    return frame.set_index("image", drop=False).loc[order].reset_index(drop=True)[list(IMAGES_COLUMNS)]


def rated_metrics(tables: Tables, metrics: pd.DataFrame | None) -> RatedMetrics | None:
    """Lay every metric beside the scores of the stimuli; None where no metric has a value."""
    if metrics is None:
        return None
    dmos = tables.dmos
    names = [name for name in metrics.columns if name not in ("image", "method")]
    stimuli = pd.MultiIndex.from_frame(dmos[["image", "method"]])
    beside = metrics.set_index(["image", "method"])[names].reindex(stimuli)
    rated = dmos["dmos"].notna().to_numpy()
    known = [name for name in names if np.isfinite(beside[name].to_numpy(dtype=np.float64))[rated].any()]
    if not known:
        return None
    image_of, images = pd.factorize(dmos["image"])
    method_of = _codes(dmos["method"], tables.methods["method"].tolist())
    half = (tables.methods["ci_high"] - tables.methods["ci_low"]) / 2
    return RatedMetrics(
        metrics={name: beside[name].to_numpy(dtype=np.float64) for name in known},
        dmos=dmos["dmos"].to_numpy(dtype=np.float64),
        half_width=((dmos["ci_high"] - dmos["ci_low"]) / 2).to_numpy(dtype=np.float64),
        image_of=image_of.astype(np.int64),
        method_of=method_of,
        images=images.tolist(),
        methods=tables.methods["method"].tolist(),
        method_half_width=half.to_numpy(dtype=np.float64),
    )


def _notes_on_metrics(rated: RatedMetrics) -> list[str]:
    """Say which metrics do not cover what was rated."""
    lacking = {name: int(np.isnan(values).sum()) for name, values in rated.metrics.items()}
    return [
        f"{count} of {rated.dmos.size} stimuli have no value of the metric {name!r}."
        for name, count in lacking.items()
        if count
    ]


def _codes(column: pd.Series[str], names: Sequence[str]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    place = {name: code for code, name in enumerate(names)}
    return np.array([place[name] for name in column], dtype=np.int64)
