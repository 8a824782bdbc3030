"""The pages between the others: one a step of the rater's way, and the pauses."""

from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from ratings import queries
from ratings.flow import STEPS, NotPassed
from ratings.services import sessions, showing
from ratings.views.access import Visit, with_rater
from ratings.views.way import way_to_next


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@with_rater
def step(request: HttpRequest, visit: Visit, name: str) -> HttpResponseBase:
    """One step: shown, answered, stored with the rater, and on to what comes next."""
    found = STEPS.get(name)
    if found is None or not found.is_on(visit.setup):
        raise Http404("There is no such step.")
    rater, problem = visit.known_rater, ""
    if request.method == "POST":
        try:
            content = found.read(request.POST, rater)
        except ValueError as error:
            problem = str(error)
            if isinstance(error, NotPassed):
                sessions.record_step(rater, f"{found.name}_not_passed", error.content)
        else:
            sessions.record_step(rater, found.name, content)
            return redirect(way_to_next(visit))
    context = {"step": found, "problem": problem, "given": request.POST} | found.context(rater)
    return visit.page(request, found.template, context, status=400 if problem else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@with_rater
def pause(request: HttpRequest, visit: Visit) -> HttpResponseBase:
    """A break until the rater goes on, or a rest until another day."""
    session = queries.session_of(visit.known_rater)
    found = showing.pause_now(session, visit.setup)
    if found is None:
        return redirect(way_to_next(visit))
    if request.method == "POST" and found.kind == "break":
        showing.end_break(session)
        return redirect("ratings:trial", visit.token)
    context = {"pause": found, "place": queries.place_of(session)}
    return visit.page(request, "ratings/pause.html", context)
