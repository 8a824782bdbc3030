"""The researcher's pages: the studies, and one page of results a study."""

from collections.abc import Hashable

import pandas as pd
from django.contrib.admin.views.decorators import staff_member_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from distillation.models import method_label
from ratings import exports, invites, queries
from ratings.analysis.figure import methods_figure
from ratings.analysis.options import AnalysisOptions
from ratings.models import SCORE_MAX, SCORE_MIN, Study
from ratings.results import Results, results_of
from srstudy.errors import Refused

CHOICES = {
    "": ("mean", None),
    "zscore": ("zscore", "study"),
    "zscore-method": ("zscore", "method"),
    "subject_model": ("subject_model", None),
    "zrec": ("zrec", None),
}
CHOICE_LABELS = {
    "": "mean difference",
    "zscore": "Z-score, over the study",
    "zscore-method": "Z-score, within each method",
    "subject_model": "subject model of P.910",
    "zrec": "ZREC",
}


@require_safe
@staff_member_required
@never_cache
def studies(request: HttpRequest) -> HttpResponse:
    """Every study with how many have taken part."""
    rows = [(study, queries.attendance(study)) for study in Study.objects.all()]
    return render(request, "ratings/studies.html", {"rows": rows})


@require_safe
@staff_member_required
@never_cache
def study(request: HttpRequest, slug: str) -> HttpResponse:
    """One study's DMOS beside PSNR and SSIM, as the export has them."""
    found = get_object_or_404(Study, slug=slug)
    choice = _choice(request)
    context = {
        "study": found,
        "attendance": queries.attendance(found),
        "invite_url": _invite_url(request, found),
        "choice": choice,
        "choices": CHOICE_LABELS.items(),
        "files": exports.TABLES,
    }
    try:
        results = results_of(found, _options(choice))
    except Refused as refused:
        return render(request, "ratings/results.html", context | {"why_empty": str(refused)})
    return render(request, "ratings/results.html", context | _tables(results))


def _choice(request: HttpRequest) -> str:
    choice = request.GET.get("estimator", "")
    return choice if choice in CHOICES else ""


def _options(choice: str) -> AnalysisOptions:
    estimator, scope = CHOICES[choice]
    return AnalysisOptions(estimator=estimator, scope=scope)


def _invite_url(request: HttpRequest, study: Study) -> str | None:
    try:
        return request.build_absolute_uri(invites.invite_path(study))
    except Refused:
        return None


def _tables(results: Results) -> dict[str, object]:
    tables = results.tables
    methods = tables.methods.assign(label=tables.methods["method"].map(method_label))
    rows = tables.dmos.assign(label=tables.dmos["method"].map(method_label))
    wide = tables.dmos_table
    return {
        "tables": tables,
        "methods": methods.to_dict("records"),
        "rows": rows.to_dict("records"),
        "images": list(wide.columns[1:]),
        "wide": [(method_label(row[0]), row[1:]) for row in wide.itertuples(index=False, name=None)],
        "said": methods.iloc[0].to_dict(),
        "raters": _raters(tables.raters),
    }


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
    """DMOS per method with intervals, as SVG."""
    found = get_object_or_404(Study, slug=slug)
    try:
        tables = results_of(found, _options(_choice(request))).tables
    except Refused as refused:
        return HttpResponse(str(refused), status=404, content_type="text/plain; charset=utf-8")
    labelled = tables.methods.assign(method=tables.methods["method"].map(method_label))
    drawn = methods_figure(
        labelled,
        simulated=tables.simulated,
        scale_min=SCORE_MIN,
        scale_max=SCORE_MAX,
        methodology=found.methodology,
    )
    return HttpResponse(drawn, content_type="image/svg+xml")


@require_safe
@staff_member_required
@never_cache
def table(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """One file of the export, as `export_dmos` writes it."""
    found = get_object_or_404(Study, slug=slug)
    options = _options(_choice(request))
    try:
        files = exports.files_of(found, results_of(found, options), options)
    except Refused as refused:
        return HttpResponse(str(refused), status=404, content_type="text/plain; charset=utf-8")
    if name not in files:
        return HttpResponse(f"There is no file {name}.", status=404, content_type="text/plain; charset=utf-8")
    kind = "application/json" if name.endswith(".json") else "text/csv"
    response = HttpResponse(files[name], content_type=f"{kind}; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{slug}-{name}"'
    return response
