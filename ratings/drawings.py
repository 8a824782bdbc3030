"""Every figure of an analysis, by the name of its file."""

import re
from collections.abc import Callable, Container, Sequence
from functools import partial
from itertools import count
from typing import Any

from ratings.analysis.metric_fit import fitted_curve
from ratings.analysis.options import AnalysisOptions
from ratings.analysis.prepared import Prepared
from ratings.analysis.report import Report
from ratings.analysis.tables import Tables

# A matrix, or a band of marks, of more methods cannot be read on a page.
MOST_COMPARED = 20
LONGEST_STEM = 60


def figure_files(
    prepared: Prepared,
    tables: Tables,
    report: Report,
    options: AnalysisOptions,
    *,
    formats: Sequence[str],
    label: Callable[[str], str] = str,
) -> dict[str, bytes]:
    """Draw every figure that these results allow, in every format.

    `label` gives a method's printed name.
    """
    figures = _figures(prepared, tables, report, options, label) if formats else {}
    return {
        f"figures/{name}.{file_format}": draw(file_format=file_format)
        for name, draw in figures.items()
        for file_format in formats
    }


def _figures(
    prepared: Prepared,
    tables: Tables,
    report: Report,
    options: AnalysisOptions,
    label: Callable[[str], str],
) -> dict[str, Callable[..., bytes]]:
    # Here, because matplotlib takes a second to import and most callers draw nothing.
    from ratings.analysis.figures import images, methods, raters, votes

    said: dict[str, Any] = {"simulated": tables.simulated, "methodology": prepared.votes.methodology}
    scale: dict[str, Any] = {"scale_min": prepared.votes.scale_min, "scale_max": prepared.votes.scale_max}
    labelled = tables.dmos.assign(method=tables.dmos["method"].map(label))
    of_methods = tables.methods.assign(method=tables.methods["method"].map(label))
    order = of_methods["method"].tolist()
    found: dict[str, Callable[..., bytes]] = {
        "methods": partial(methods.methods_figure, of_methods, **said, **scale),
        "votes": partial(
            votes.votes_figure,
            prepared.votes.value,
            prepared.votes.method_codes()[prepared.votes.stimulus_of],
            [label(name) for name in prepared.votes.methods()],
            **said,
            **scale,
        ),
    }
    if len(order) <= MOST_COMPARED:
        found["images"] = partial(images.images_figure, labelled, **said, **scale, method_order=order)
    if tables.raters["bias"].notna().any():
        found["raters"] = partial(raters.raters_figure, tables.raters, **said)
    found |= _metric_figures(report, options, said | scale, label)
    return found | _comparison_figure(tables, report, options, label)


def _metric_figures(
    report: Report, options: AnalysisOptions, said: dict[str, Any], label: Callable[[str], str]
) -> dict[str, Callable[..., bytes]]:
    from ratings.analysis.figures.metric import metric_figure

    rated = report.rated_metrics
    if rated is None:
        return {}
    pooled = report.frames["correlation.csv"].query("level == 'pooled'").set_index("metric")
    found: dict[str, Callable[..., bytes]] = {}
    for metric, values in rated.metrics.items():
        try:
            curve = fitted_curve(rated, metric, mapping="logistic4")
        except ValueError:  # too few points, which the table of correlations says
            curve = None
        row = pooled.loc[metric]
        words = [f"PLCC {row['plcc']:.3f}"] if curve is not None else []
        words += [f"SROCC {row['srocc']:.3f}".replace("-", "−")] if row["n"] >= 2 else []
        found[_file_stem(metric, found)] = partial(
            metric_figure,
            metric,
            values,
            rated.dmos,
            rated.half_width,
            rated.method_of,
            [label(name) for name in rated.methods],
            curve_x=None if curve is None else curve.x,
            curve_y=None if curve is None else curve.y,
            fit_text=", ".join(words),
            level=options.level,
            estimator=options.estimator,
            **said,
        )
    return found


def _file_stem(metric: str, taken: Container[str]) -> str:
    """A file's name for any metric: letters, digits, a few marks; numbered where taken."""
    plain = re.sub(r"[^A-Za-z0-9_.-]+", "_", metric)[:LONGEST_STEM].strip("._") or "unnamed"
    stems = (f"metric_{plain}" + (f"_{number}" if number else "") for number in count())
    return next(stem for stem in stems if stem not in taken)


def _comparison_figure(
    tables: Tables, report: Report, options: AnalysisOptions, label: Callable[[str], str]
) -> dict[str, Callable[..., bytes]]:
    from ratings.analysis.figures.comparison import comparison_figure

    frame = report.frames.get("comparison.csv")
    order = [label(name) for name in tables.methods["method"]]
    if frame is None or not 2 <= len(order) <= MOST_COMPARED:
        return {}
    labelled = frame.assign(method_a=frame["method_a"].map(label), method_b=frame["method_b"].map(label))
    return {
        "comparison": partial(
            comparison_figure,
            labelled,
            method_order=order,
            level=options.level,
            higher_is=str(tables.methods["higher_is"].iloc[0]),
            simulated=tables.simulated,
        )
    }
