"""The researcher's pages: the studies, and one page of results a study."""

from django.contrib.admin.views.decorators import staff_member_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from ratings import invites, queries
from ratings.models import Study
from ratings.services.showing import standing_problems
from srstudy.errors import Refused

# What needs pandas and matplotlib is imported where it is used: raters' pages do without them, and the server
# is ready in half the time.


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
    from ratings import results_page

    found = get_object_or_404(Study, slug=slug)
    choice, options = results_page.chosen(found, request.GET.get("estimator", ""))
    context = {
        "study": found,
        "asked": found.asks.asked,
        "problems": standing_problems(found),
        "attendance": queries.attendance(found),
        "invite_url": _invite_url(request, found),
        "choice": choice,
    }
    try:
        context |= results_page.tables_of(found, options)
    except Refused as refused:
        context["why_empty"] = str(refused)
    return render(request, "ratings/results.html", context)


def _invite_url(request: HttpRequest, study: Study) -> str | None:
    try:
        return request.build_absolute_uri(invites.invite_path(study))
    except Refused:
        return None


@require_safe
@staff_member_required
@never_cache
def figure(request: HttpRequest, slug: str) -> HttpResponse:
    """Each method's score, or place on the scale, with its interval, as SVG."""
    from ratings import results_page

    found = get_object_or_404(Study, slug=slug)
    _, options = results_page.chosen(found, request.GET.get("estimator", ""))
    try:
        drawn = results_page.figure_of(found, options)
    except Refused as refused:
        return _missing(str(refused))
    return HttpResponse(drawn, content_type="image/svg+xml")


@require_safe
@staff_member_required
@never_cache
def table(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """One file of the export, as `export_dmos` writes it."""
    from ratings import results_page, study_files

    found = get_object_or_404(Study, slug=slug)
    _, options = results_page.chosen(found, request.GET.get("estimator", ""))
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
