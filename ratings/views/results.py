"""The researcher's pages: the studies, and one page of results a study."""

from collections.abc import Hashable

import pandas as pd
from django.contrib.admin.views.decorators import staff_member_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from distillation.models import method_label
from ratings import invites, queries, study_files
from ratings.analysis.figure import methods_figure
from ratings.analysis.figures.scale import scale_figure
from ratings.analysis.figures.words import score_noun
from ratings.analysis.options import AnalysisOptions
from ratings.choice_files import PAIRED_MODELS, PairedOptions
from ratings.models import Study
from ratings.results import Results, ScaleResults, compares, results_of, scale_of
from ratings.services.showing import standing_problems
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


@require_safe
@staff_member_required
@never_cache
def studies(request: HttpRequest) -> HttpResponse:
    """Every study with how many have taken part, and what its researcher has to know."""
    rows = [
        (study, queries.attendance(study), len(standing_problems(study)))
        for study in Study.objects.prefetch_related("problems")
    ]
    return render(request, "ratings/studies.html", {"rows": rows})


@require_safe
@staff_member_required
@never_cache
def study(request: HttpRequest, slug: str) -> HttpResponse:
    """One study's scores beside PSNR and SSIM, or its scale of paired comparisons, as the export has them."""
    found = get_object_or_404(Study, slug=slug)
    choice, options = _asked_for(request, found)
    context = {
        "study": found,
        "asked": found.asks.asked,
        "problems": standing_problems(found),
        "attendance": queries.attendance(found),
        "invite_url": _invite_url(request, found),
        "choice": choice,
    }
    try:
        context |= _found(found, options)
    except Refused as refused:
        context["why_empty"] = str(refused)
    return render(request, "ratings/results.html", context)


def _asked_for(request: HttpRequest, study: Study) -> tuple[str, AnalysisOptions | PairedOptions]:
    """The choice that the address names, if there is such a one, and what it means."""
    choice = request.GET.get("estimator", "")
    if compares(study):
        choice = choice if choice in MODELS else ""
        return choice, PairedOptions(model=MODELS[choice])
    choice = choice if choice in ESTIMATORS else ""
    estimator, scope = ESTIMATORS[choice]
    return choice, AnalysisOptions(estimator=estimator, scope=scope)


def _found(study: Study, options: AnalysisOptions | PairedOptions) -> dict[str, object]:
    if isinstance(options, PairedOptions):
        return _scale(scale_of(study, options))
    return _tables(study, results_of(study, options))


def _invite_url(request: HttpRequest, study: Study) -> str | None:
    try:
        return request.build_absolute_uri(invites.invite_path(study))
    except Refused:
        return None


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


@require_safe
@staff_member_required
@never_cache
def figure(request: HttpRequest, slug: str) -> HttpResponse:
    """Each method's score, or place on the scale, with its interval, as SVG."""
    found = get_object_or_404(Study, slug=slug)
    _, options = _asked_for(request, found)
    try:
        drawn = _drawn(found, options)
    except Refused as refused:
        return _missing(str(refused))
    return HttpResponse(drawn, content_type="image/svg+xml")


def _drawn(study: Study, options: AnalysisOptions | PairedOptions) -> bytes:
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


@require_safe
@staff_member_required
@never_cache
def table(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """One file of the export, as `export_dmos` writes it."""
    found = get_object_or_404(Study, slug=slug)
    _, options = _asked_for(request, found)
    try:
        files = study_files.page_files(found, options)
    except Refused as refused:
        return _missing(str(refused))
    if name not in files:
        return _missing(f"There is no file {name}.")
    kind = "application/json" if name.endswith(".json") else "text/csv"
    response = HttpResponse(files[name], content_type=f"{kind}; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{slug}-{name}"'
    return response


def _missing(sentence: str) -> HttpResponse:
    return HttpResponse(sentence, status=404, content_type="text/plain; charset=utf-8")
