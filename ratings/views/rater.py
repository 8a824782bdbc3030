"""The rater's pages: consent, instructions, trials, thanks; and the two images of a trial."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from ratings import pngs, queries
from ratings.models import Rater, Study, Trial
from ratings.services import sessions
from srstudy.errors import Refused

COOKIE = "rater"
COOKIE_AGE_S = 365 * 24 * 3600
View = Callable[..., HttpResponseBase]


def with_study(view: View) -> View:
    """Hand the view the study that the invite names and the rater whom the cookie names, if any."""

    @wraps(view)
    def wrapped(request: HttpRequest, invite: str, **kwargs: Any) -> HttpResponseBase:
        study = queries.study_by_invite(invite)
        if study is None or study.status == Study.Status.DRAFT:
            return plain_page(request, "This link does not lead to a study", UNKNOWN_INVITE, status=404)
        rater = queries.rater_by_token(study, request.COOKIES.get(COOKIE, ""))
        return view(request, study=study, rater=rater, invite=invite, **kwargs)

    return wrapped


UNKNOWN_INVITE = (
    "Please check that the whole link was copied. If it was, ask the person who sent it for another one."
)
CLOSED = "The study takes no more ratings. What you have rated is stored. Thank you for your interest."
TOO_MANY = "Too many people are joining at this moment. Please try again in a few seconds."


def plain_page(request: HttpRequest, heading: str, text: str, *, status: int) -> HttpResponse:
    """A page that says one thing."""
    return render(request, "ratings/plain.html", {"heading": heading, "text": text}, status=status)


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
        return render(request, "ratings/consent.html", {"study": study})
    if not request.POST.get("agree"):
        return render(request, "ratings/consent.html", {"study": study, "unticked": True}, status=400)
    try:
        joined = sessions.join_study(study, consent_version=request.POST.get("consent_version", ""))
    except sessions.StudyNotOpen:
        return plain_page(request, "This study is closed", CLOSED, status=410)
    except Refused as refused:
        return plain_page(request, "Please try again", str(refused), status=409)
    response = redirect("ratings:instructions", invite)
    response.set_cookie(
        COOKIE,
        joined.token,
        max_age=COOKIE_AGE_S,
        path=f"/s/{invite}/",
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


def with_rater(view: View) -> View:
    """Hand the view a rater who has agreed; send anybody else to the door."""

    @wraps(view)
    def wrapped(
        request: HttpRequest, study: Study, rater: Rater | None, invite: str, **kwargs: Any
    ) -> HttpResponseBase:
        if rater is None:
            return redirect("ratings:consent", invite)
        return view(request, study=study, rater=rater, invite=invite, **kwargs)

    return with_study(wrapped)


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
    return render(request, "ratings/instructions.html", {"study": study, "place": place})


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
