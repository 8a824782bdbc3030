"""Who may see a rater's page: the study that the invite names, the rater whom the cookie names."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views import csrf, defaults

from ratings import queries
from ratings.models import Invite, Rater, Study
from ratings.study_options import StudyOptions
from srstudy.database import may_pass

COOKIE = "rater"
COOKIE_AGE_S = 365 * 24 * 3600
RETRY_AFTER_S = 2
View = Callable[..., HttpResponseBase]


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody at a study's door: by which link, and who they are if the cookie says so."""

    token: str
    invite: Invite
    rater: Rater | None

    @property
    def study(self) -> Study:
        """The study that the link leads to."""
        return self.invite.study

    @property
    def known_rater(self) -> Rater:
        """The rater, where one was asked for."""
        if self.rater is None:
            raise ValueError("this visit is nobody's yet")
        return self.rater

    @property
    def setup(self) -> StudyOptions:
        """The study's options."""
        return self.study.setup

    def page(
        self, request: HttpRequest, template: str, context: dict[str, Any] | None = None, *, status: int = 200
    ) -> HttpResponse:
        """A rater's page, with what every one of them needs."""
        usual = {"invite": self.token, "study": self.study, "rater": self.rater, "setup": self.setup}
        return render(request, template, usual | (context or {}), status=status)


def plain_page(
    request: HttpRequest, heading: str, text: str, *, status: int, visit: Visit | None = None
) -> HttpResponse:
    """A page that says one thing; of a visit, with what stands at the foot of its rater's pages."""
    said = {"heading": heading, "text": text}
    if visit is not None:
        return visit.page(request, "ratings/plain.html", said, status=status)
    return render(request, "ratings/plain.html", said, status=status)


def closed_page(request: HttpRequest, visit: Visit) -> HttpResponse:
    """What a rater of a closed study reads."""
    text = _("The study takes no more ratings. What you have rated is stored. Thank you for your interest.")
    return plain_page(request, _("This study is closed"), text, status=410, visit=visit)


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


def forget_rater(response: HttpResponseBase, invite: str) -> None:
    """Let the browser name nobody any more below this study's link."""
    response.delete_cookie(COOKIE, path=f"/s/{invite}/", samesite="Lax")


def language_of(request: HttpRequest, setup: StudyOptions) -> str:
    """The study's language, or else the one that the browser asks for."""
    return setup.language or translation.get_language_from_request(request)


def with_visit(view: View) -> View:
    """Hand the view the visit, and speak the rater's language.

    A database that is locked, full or away makes the page a 503 and not a bare 500.
    """

    @wraps(view)
    def wrapped(request: HttpRequest, invite: str, **kwargs: Any) -> HttpResponseBase:
        found = queries.invite_by_token(invite)
        if found is None or found.study.status == Study.Status.DRAFT:
            with translation.override(translation.get_language_from_request(request)):
                text = _(
                    "Please check that the whole link was copied. If it was, ask the person who sent it for "
                    "another one."
                )
                return plain_page(request, _("This link does not lead to a study"), text, status=404)
        with translation.override(language_of(request, found.study.setup)):
            try:
                rater = queries.rater_by_token(found.study, request.COOKIES.get(COOKIE, ""))
                return view(request, visit=Visit(invite, found, rater), **kwargs)
            except DatabaseError as error:  # caught here, too, for the sake of the study's language
                return _busy_page(request, error)

    return busy_as_503(wrapped)


def busy_as_503(view: View) -> View:
    """Answer 503 and when to come back where the database does not do its work."""

    @wraps(view)
    def wrapped(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        try:
            return view(request, **kwargs)
        except DatabaseError as error:
            with translation.override(translation.get_language_from_request(request)):
                return _busy_page(request, error)

    return wrapped


def _busy_page(request: HttpRequest, error: DatabaseError) -> HttpResponse:
    """A 503 that says when to come back. Raises: the error, if waiting does not help against it."""
    if not may_pass(error):
        raise error
    text = _(
        "The server is busy at this moment. What you have rated is stored. Please reload in a few seconds."
    )
    response = plain_page(request, _("Please try again"), text, status=503)
    response["Retry-After"] = str(RETRY_AFTER_S)
    return response


@busy_as_503
def without_cookies(request: HttpRequest, reason: str = "") -> HttpResponseBase:
    """What a browser gets that sent a form without its cookie, in the language of the form."""
    match = request.resolver_match
    found = queries.invite_by_token(match.kwargs.get("invite", "")) if match else None
    asked = translation.get_language_from_request(request)
    with translation.override(asked if found is None else language_of(request, found.study.setup)):
        return csrf.csrf_failure(request, reason)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """What an address gets that there is not; below the links of invitations in the rater's language."""
    if not request.path_info.startswith("/s/"):
        return defaults.page_not_found(request, exception)
    with translation.override(translation.get_language_from_request(request)):
        text = _("Please open the link of your invitation again.")
        return plain_page(request, _("There is no such page"), text, status=404)


def with_rater(view: View) -> View:
    """Hand the view a visit of a rater who has agreed; send anybody else to the door."""

    @wraps(view)
    def wrapped(request: HttpRequest, visit: Visit, **kwargs: Any) -> HttpResponseBase:
        if visit.rater is None and "joined" in request.GET:
            # Back at the door they would agree again, and again be forgotten.
            text = _(
                "Your browser did not keep the cookie that tells your ratings from those of others. Please "
                "allow cookies for this site, and then open the link of your invitation again."
            )
            return plain_page(request, _("This study needs cookies"), text, status=400)
        if visit.rater is None:
            return redirect("ratings:consent", visit.token)
        if visit.rater.dropped_at is not None and visit.rater.finished_at is None:
            text = _(
                "You were away for long, and your place in the study was given to somebody else. What you "
                "have rated is stored. Thank you."
            )
            return plain_page(request, _("Your place was given away"), text, status=410, visit=visit)
        return view(request, visit=visit, **kwargs)

    return with_visit(wrapped)
