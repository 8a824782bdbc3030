"""Who may see a rater's page: the study that the invite names, the rater whom the cookie names."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render

from ratings import queries
from ratings.models import Rater, Study

COOKIE = "rater"
COOKIE_AGE_S = 365 * 24 * 3600
RETRY_AFTER_S = 2
View = Callable[..., HttpResponseBase]

UNKNOWN_INVITE = (
    "Please check that the whole link was copied. If it was, ask the person who sent it for another one."
)
NEEDS_COOKIES = (
    "Your browser did not keep the cookie that tells your ratings from those of others. Please allow "
    "cookies for this site, and then open the link of your invitation again."
)
BUSY = "The server is busy at this moment. What you have rated is stored. Please reload in a few seconds."


def plain_page(request: HttpRequest, heading: str, text: str, *, status: int) -> HttpResponse:
    """A page that says one thing."""
    return render(request, "ratings/plain.html", {"heading": heading, "text": text}, status=status)


def remember_rater(response: HttpResponseBase, invite: str, token: str) -> None:
    """Let the browser name the rater from now on, below this study's link alone."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=COOKIE_AGE_S,
        path=f"/s/{invite}/",
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def with_study(view: View) -> View:
    """Hand the view the study that the invite names and the rater whom the cookie names, if any.

    A database that is locked, full or away makes the page a 503 and not a bare 500.
    """

    @wraps(view)
    def wrapped(request: HttpRequest, invite: str, **kwargs: Any) -> HttpResponseBase:
        study = queries.study_by_invite(invite)
        if study is None or study.status == Study.Status.DRAFT:
            return plain_page(request, "This link does not lead to a study", UNKNOWN_INVITE, status=404)
        rater = queries.rater_by_token(study, request.COOKIES.get(COOKIE, ""))
        return view(request, study=study, rater=rater, invite=invite, **kwargs)

    return busy_as_503(wrapped)


def busy_as_503(view: View) -> View:
    """Answer 503 and when to come back where the database does not do its work."""

    @wraps(view)
    def wrapped(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        try:
            return view(request, **kwargs)
        except OperationalError:
            response = plain_page(request, "Please try again", BUSY, status=503)
            response["Retry-After"] = str(RETRY_AFTER_S)
            return response

    return wrapped


def with_rater(view: View) -> View:
    """Hand the view a rater who has agreed; send anybody else to the door."""

    @wraps(view)
    def wrapped(
        request: HttpRequest, study: Study, rater: Rater | None, invite: str, **kwargs: Any
    ) -> HttpResponseBase:
        if rater is None and "joined" in request.GET:
            # Back at the door they would agree again, and again be forgotten.
            return plain_page(request, "This study needs cookies", NEEDS_COOKIES, status=400)
        if rater is None:
            return redirect("ratings:consent", invite)
        return view(request, study=study, rater=rater, invite=invite, **kwargs)

    return with_study(wrapped)
