"""The rater's pages: consent, instructions, trials, thanks; and the pictures of a trial."""

from functools import partial

from csp.decorators import csp_update
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from ratings import queries
from ratings.flow import AFTER, BEFORE
from ratings.flow.examples import examples_of
from ratings.invites import state_of
from ratings.marks import mark_of
from ratings.models import Rater, Study
from ratings.page_texts import trial_texts
from ratings.recruiting import MTURK_ORIGINS, PERSON_IDS, recruited_from, way_back
from ratings.services import sessions, showing, slots
from ratings.texts import translated
from ratings.views.access import (
    View,
    Visit,
    closed_page,
    plain_page,
    remember_rater,
    with_rater,
    with_visit,
)
from ratings.views.upcoming import upcoming
from ratings.views.way import way_to_next
from srstudy.errors import Refused


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@with_visit
def consent(request: HttpRequest, visit: Visit) -> HttpResponseBase:
    """The door: opening the link stores nothing, agreeing makes a rater, a known rater goes on.

    A link with another person's id of a recruiting service is for another rater, in this browser too.
    """
    recruited = recruited_from(request.GET) | recruited_from(request.POST)
    if visit.rater is not None and not _is_somebody_else(visit.rater, recruited):
        return redirect(way_to_next(visit))
    if visit.study.status != Study.Status.OPEN:
        return closed_page(request, visit)
    refused = _refused_invite(request, visit)
    if refused is not None:
        return refused
    if request.method != "POST":
        return _consent_form(request, visit)
    if not request.POST.get("agree"):
        return _consent_form(request, visit, unticked=True)
    return _join(request, visit)


def _is_somebody_else(rater: Rater, recruited: dict[str, str]) -> bool:
    """Whether a link names another person than the one whom the browser's cookie names."""
    return any(name in recruited and recruited[name] != rater.recruited.get(name, "") for name in PERSON_IDS)


def _refused_invite(request: HttpRequest, visit: Visit) -> HttpResponse | None:
    """The page for a link that lets nobody in any more, though raters who came by it go on."""
    heading = _("This link is no longer valid")
    state = state_of(visit.invite)
    if state == "revoked":
        text = _("This invitation was taken back. Please ask the person who sent it for another one.")
        return plain_page(request, heading, text, status=410)
    if state == "expired":
        text = _("This invitation has expired. Please ask the person who sent it for another one.")
        return plain_page(request, heading, text, status=410)
    if request.method == "POST" or _is_staff(request):
        return None  # joining asks by itself, and knows a second click; a try-out needs no place
    try:
        slots.refuse_at_the_door(visit.study, visit.invite)
    except slots.NoPlaceLeft as refused:
        return _no_place_page(request, refused)
    return None


def _no_place_page(request: HttpRequest, refused: slots.NoPlaceLeft) -> HttpResponse:
    if isinstance(refused, slots.InviteUsedUp):
        text = _(
            "This invitation has brought as many people as it was meant for. Please ask the person who sent "
            "it for another one."
        )
        return plain_page(request, _("This link is no longer valid"), text, status=410)
    text = _("All places are taken. Thank you for your interest.")
    return plain_page(request, _("This study is full"), text, status=410)


def _consent_form(request: HttpRequest, visit: Visit, *, unticked: bool = False) -> HttpResponse:
    context = {
        "nonce": sessions.new_nonce(),
        "tryout": _is_staff(request),
        "unticked": unticked,
        "title": translated(visit.study.title),
        "consent_text": translated(visit.study.consent_text),
        "recruited": recruited_from(request.GET) | recruited_from(request.POST),
        "more": [step.asks for step in (*BEFORE, *AFTER) if step.is_on(visit.setup)],
    }
    return visit.page(request, "ratings/consent.html", context, status=400 if unticked else 200)


def _is_staff(request: HttpRequest) -> bool:
    """Whether a researcher is signed in, who looks at the study and does not take part."""
    return request.user.is_active and request.user.is_staff


def _join(request: HttpRequest, visit: Visit) -> HttpResponseBase:
    try:
        joined = sessions.join_study(
            visit.study,
            consent_version=request.POST.get("consent_version", ""),
            nonce=request.POST.get("nonce", ""),
            tryout=_is_staff(request),
            invite=visit.invite,
            language=translation.get_language() or "",
            recruited=recruited_from(request.POST),
        )
    except sessions.StudyNotOpen:
        return closed_page(request, visit)
    except slots.NoPlaceLeft as refused:
        return _no_place_page(request, refused)
    except sessions.TakesPartAlready:
        text = _(
            "Somebody with your participant id takes part in this study already. If that is you, please go "
            "on in the browser in which you began, or with your personal link."
        )
        return plain_page(request, _("You have begun already"), text, status=409)
    except sessions.NotFromTheForm:
        text = _("This page could not be read in full. Please reload it and agree again.")
        return plain_page(request, _("Please reload"), text, status=400)
    except sessions.OtherConsent:
        text = _("The consent text has changed since the page was loaded. Please read it again.")
        return plain_page(request, _("Please try again"), text, status=409)
    except Refused:
        text = _("Too many people are joining at this moment. Please try again in a few seconds.")
        return plain_page(request, _("Please try again"), text, status=409)
    response = redirect(f"{reverse('ratings:start', args=[visit.token])}?joined=1")
    remember_rater(response, visit.token, joined.token)
    return response


@require_safe
@never_cache
@with_rater
def start(request: HttpRequest, visit: Visit) -> HttpResponseBase:
    """Where a rater is sent on: to whatever comes next for them."""
    return redirect(way_to_next(visit))


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@with_rater
def instructions(request: HttpRequest, visit: Visit) -> HttpResponseBase:
    """What is asked; read once, and a rater who comes back is taken to their trial."""
    rater = visit.known_rater
    if request.method == "POST":
        sessions.mark_instructed(rater)
        return redirect("ratings:trial", visit.token)
    if rater.instructed_at is not None and "again" not in request.GET:
        return redirect("ratings:trial", visit.token)
    if visit.study.status != Study.Status.OPEN and rater.finished_at is None:
        return closed_page(request, visit)
    place = queries.place_of(queries.session_of(rater))
    context = {
        "place": place,
        "instructions": translated(visit.study.instructions),
        "examples": examples_of(visit.study),
    }
    return visit.page(request, "ratings/instructions.html", context)


@require_safe
@never_cache
@with_rater
def trial(request: HttpRequest, visit: Visit) -> HttpResponseBase:
    """The page of all trials, beginning with the first without an answer."""
    rater = visit.known_rater
    here = reverse("ratings:trial", args=[visit.token])
    next_way = way_to_next(visit)
    if next_way != here:
        return redirect(next_way)
    if visit.study.status != Study.Status.OPEN:
        return closed_page(request, visit)
    session = queries.session_of(rater)
    try:
        given = upcoming(visit, session)
    except showing.FilesChanged:
        text = _(
            "The next pictures cannot be shown just now, and the researcher has been told. What you have "
            "rated is stored. Please come back later with the same link."
        )
        return plain_page(request, _("A picture is missing"), text, status=409, visit=visit)
    context = {
        "upcoming": given,
        "mark": mark_of(rater),
        "texts": trial_texts(),
        "methodology": visit.study.asks,
        "place": queries.place_of(session),
    }
    return visit.page(request, "ratings/trial.html", context)


@require_safe
@never_cache
@with_rater
def done(request: HttpRequest, visit: Visit) -> HttpResponseBase:
    """Thanks and the completion code, once every pair has an answer."""
    here = reverse("ratings:done", args=[visit.token])
    next_way = way_to_next(visit)
    if next_way != here:
        return redirect(next_way)
    rater = visit.known_rater
    back = way_back(visit.setup.return_url, code=rater.completion_code, recruited=rater.recruited)
    context = {"place": queries.place_of(queries.session_of(rater)), "back": back}
    page: View = partial(visit.page, template="ratings/done.html", context=context)
    if back is not None and back.fields:
        page = csp_update({"form-action": list(MTURK_ORIGINS)})(page)
    return page(request)


@require_safe
@with_rater
def image(request: HttpRequest, visit: Visit, token: str) -> HttpResponseBase:
    """One picture of a trial: no name, no validator, and as many bytes as any other of its image."""
    found = queries.trial_by_image(visit.known_rater, token)
    if found is None:
        raise Http404("There is no such image.")
    shown, at = found
    pictures = visit.study.asks.shown_pictures(shown)
    if at >= len(pictures):
        raise Http404("There is no such image.")
    try:
        sent = showing.picture_as_sent(pictures[at], shown)
    except showing.FilesChanged:
        raise Http404("There is no such image.") from None
    response = HttpResponse(sent, content_type="image/png")
    response["Content-Disposition"] = 'inline; filename="image.png"'
    response["Cache-Control"] = "private, max-age=600"
    return response
