"""The rater's pages: consent, instructions, trials, thanks; and the two images of a trial."""

from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from ratings import pngs, queries
from ratings.models import Rater, Study, Trial
from ratings.services import sessions
from ratings.views.access import plain_page, remember_rater, with_rater, with_study
from srstudy.errors import Refused

CLOSED = "The study takes no more ratings. What you have rated is stored. Thank you for your interest."
RELOAD = "This page could not be read in full. Please reload it and agree again."


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@with_study
def consent(request: HttpRequest, study: Study, rater: Rater | None, invite: str) -> HttpResponseBase:
    """The door: opening the link stores nothing, agreeing makes a rater, a known rater goes on."""
    if rater is not None:
        return redirect("ratings:instructions", invite)
    if study.status != Study.Status.OPEN:
        return plain_page(request, "This study is closed", CLOSED, status=410)
    if request.method != "POST":
        return _consent_form(request, study)
    if not request.POST.get("agree"):
        return _consent_form(request, study, unticked=True)
    return _join(request, study, invite)


def _consent_form(request: HttpRequest, study: Study, *, unticked: bool = False) -> HttpResponse:
    context = {
        "study": study,
        "nonce": sessions.new_nonce(),
        "tryout": _is_staff(request),
        "unticked": unticked,
    }
    return render(request, "ratings/consent.html", context, status=400 if unticked else 200)


def _is_staff(request: HttpRequest) -> bool:
    """Whether a researcher is signed in, who looks at the study and does not take part."""
    return request.user.is_active and request.user.is_staff


def _join(request: HttpRequest, study: Study, invite: str) -> HttpResponseBase:
    try:
        joined = sessions.join_study(
            study,
            consent_version=request.POST.get("consent_version", ""),
            nonce=request.POST.get("nonce", ""),
            tryout=_is_staff(request),
        )
    except sessions.StudyNotOpen:
        return plain_page(request, "This study is closed", CLOSED, status=410)
    except sessions.NotFromTheForm:
        return plain_page(request, "Please reload", RELOAD, status=400)
    except Refused as refused:
        return plain_page(request, "Please try again", str(refused), status=409)
    response = redirect(f"{reverse('ratings:instructions', args=[invite])}?joined=1")
    remember_rater(response, invite, joined.token)
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@with_rater
def instructions(request: HttpRequest, study: Study, rater: Rater, invite: str) -> HttpResponseBase:
    """What is asked; read once, and a rater who comes back is taken to their trial."""
    if request.method == "POST":
        sessions.mark_instructed(rater)
        return redirect("ratings:trial", invite)
    if rater.instructed_at is not None and "again" not in request.GET:
        return redirect("ratings:trial", invite)
    place = queries.place_of(queries.session_of(rater))
    return render(request, "ratings/instructions.html", {"study": study, "rater": rater, "place": place})


@require_safe
@never_cache
@with_rater
def trial(request: HttpRequest, study: Study, rater: Rater, invite: str) -> HttpResponseBase:
    """The first pair without an answer."""
    if rater.instructed_at is None:
        return redirect("ratings:instructions", invite)
    place = queries.place_of(queries.session_of(rater))
    if place.trial is None:
        return redirect("ratings:done", invite)
    if study.status != Study.Status.OPEN:
        return plain_page(request, "This study is closed", CLOSED, status=410)
    sessions.mark_shown(place.trial)
    context = {"invite": invite, "trial": place.trial, "place": place, "labels": SCALE_LABELS}
    return render(request, "ratings/trial.html", context)


# BT.500's five terms, each naming a fifth of the scale, best first.
SCALE_LABELS = ("Excellent", "Good", "Fair", "Poor", "Bad")


@require_safe
@never_cache
@with_rater
def done(request: HttpRequest, study: Study, rater: Rater, invite: str) -> HttpResponseBase:
    """Thanks and the completion code, once every pair has an answer."""
    place = queries.place_of(queries.session_of(rater))
    if place.trial is not None:
        return redirect("ratings:trial", invite)
    return render(request, "ratings/done.html", {"study": study, "rater": rater, "place": place})


@require_safe
@with_rater
def image(request: HttpRequest, study: Study, rater: Rater, invite: str, token: str) -> HttpResponseBase:
    """One side of a pair: no name, no validator, and as many bytes as the other side."""
    found = queries.trial_by_image(rater, token)
    if found is None:
        raise Http404("There is no such image.")
    shown, other = _files(*found)
    response = HttpResponse(pngs.side_of_pair(shown, other), content_type="image/png")
    response["Content-Disposition"] = 'inline; filename="image.png"'
    response["Cache-Control"] = "private, max-age=600"
    return response


def _files(trial: Trial, side: str) -> tuple[Path, Path]:
    root = Path(settings.MEDIA_ROOT)
    pair = (root / trial.stimulus.reference_file, root / trial.stimulus.test_file)
    return pair if side == trial.reference_side else (pair[1], pair[0])
