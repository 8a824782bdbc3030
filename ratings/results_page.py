"""What a study's page of results says: its tables and figure, for one choice of estimator or of model."""

from collections.abc import Hashable

import pandas as pd

from distillation.models import method_label
from ratings import study_files
from ratings.analysis.figure import methods_figure
from ratings.analysis.figures.scale import scale_figure
from ratings.analysis.figures.words import score_noun
from ratings.analysis.options import AnalysisOptions
from ratings.choice_files import PAIRED_MODELS, PairedOptions
from ratings.models import Study
from ratings.results import Results, ScaleResults, compares, results_of, scale_of
from srstudy.errors import Refused

ESTIMATORS = {
    "": ("mean", None),
    "zscore": ("zscore", "study"),
    "zscore-method": ("zscore", "method"),
    "subject_model": ("subject_model", None),
    "zrec": ("zrec", None),
}
ESTIMATOR_LABELS = {
    "": "mean",
    "zscore": "Z-score, over the study",
    "zscore-method": "Z-score, within each method",
    "subject_model": "subject model of P.910",
    "zrec": "ZREC",
}
MODELS = {"": PAIRED_MODELS[0]} | {name: name for name in PAIRED_MODELS[1:]}
MODEL_LABELS = {"": "Bradley–Terry", "thurstone": "Thurstone, Case V"}


def chosen(study: Study, choice: str) -> tuple[str, AnalysisOptions | PairedOptions]:
    """A choice by its name, or the first where there is none of that name, and what it means."""
    if compares(study):
        choice = choice if choice in MODELS else ""
        return choice, PairedOptions(model=MODELS[choice])
    choice = choice if choice in ESTIMATORS else ""
    estimator, scope = ESTIMATORS[choice]
    return choice, AnalysisOptions(estimator=estimator, scope=scope)


def tables_of(study: Study, options: AnalysisOptions | PairedOptions) -> dict[str, object]:
    """What the page's template shows. Raises: Refused if there is nothing to be computed yet."""
    if isinstance(options, PairedOptions):
        return _scale(scale_of(study, options))
    return _tables(study, results_of(study, options))


def _tables(study: Study, results: Results) -> dict[str, object]:
    tables = results.tables
    methods = tables.methods.assign(label=tables.methods["method"].map(method_label))
    rows = tables.dmos.assign(label=tables.dmos["method"].map(method_label))
    wide = tables.dmos_table
    said = methods.iloc[0].to_dict()
    return {
        "choices": ESTIMATOR_LABELS.items(),
        "files": study_files.TABLES,
        "notes": tables.notes,
        "simulated": tables.simulated,
        "methods": methods.to_dict("records"),
        "rows": rows.to_dict("records"),
        "images": list(wide.columns[1:]),
        "wide": [(method_label(row[0]), row[1:]) for row in wide.itertuples(index=False, name=None)],
        "said": said,
        "noun": score_noun(methodology=study.asks.analysed_as, estimator=said["estimator"]),
        "raters": _raters(tables.raters),
    }


def _scale(results: ScaleResults) -> dict[str, object]:
    scaled = results.scaled
    files = [name for name in study_files.SCALE_TABLES if scaled.scale is not None or name != "scale.csv"]
    context: dict[str, object] = {
        "choices": MODEL_LABELS.items(),
        "files": files,
        "notes": scaled.notes,
        "simulated": scaled.simulated,
        "scaled": scaled,
        "raters": _raters(scaled.raters),
    }
    if scaled.scale is not None:
        rows = scaled.scale.assign(label=scaled.scale["method"].map(method_label))
        context["methods"] = rows[rows["image"] == ""].to_dict("records")
        context["rows"] = rows[rows["image"] != ""].to_dict("records")
    return context


def _raters(frame: pd.DataFrame) -> list[dict[Hashable, object]]:
    shown = frame.assign(
        median_s=frame["median_ms"] / 1000,
        traps_failed=frame["traps_failed"].astype("Float64").to_numpy(dtype=float, na_value=float("nan")),
    )
    return shown.to_dict("records")


def figure_of(study: Study, options: AnalysisOptions | PairedOptions) -> bytes:
    """Each method's score or place, with its interval, as SVG. Raises: Refused if there is none."""
    if isinstance(options, PairedOptions):
        scaled = scale_of(study, options).scaled
        if scaled.scale is None:
            raise Refused(scaled.notes[-1])
        labelled = scaled.scale.assign(method=scaled.scale["method"].map(method_label))
        return scale_figure(labelled, level=options.level, simulated=scaled.simulated)
    tables = results_of(study, options).tables
    row = tables.dmos.iloc[0]
    return methods_figure(
        tables.methods.assign(method=tables.methods["method"].map(method_label)),
        simulated=tables.simulated,
        scale_min=row["scale_min"],
        scale_max=row["scale_max"],
        methodology=study.asks.analysed_as,
    )
