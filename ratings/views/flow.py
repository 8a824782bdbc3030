"""The pages between the others: one a step of the rater's way, and the pauses."""

from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from ratings import queries
from ratings.flow import BEFORE, STEPS, NotPassed, Step
from ratings.models import Study
from ratings.services import sessions, showing
from ratings.views.access import Visit, closed_page, with_rater
from ratings.views.way import way_to_next


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@with_rater
def step(request: HttpRequest, visit: Visit, name: str) -> HttpResponseBase:
    """One step: shown, answered once, stored with the rater, and on to what comes next."""
    found = STEPS.get(name)
    if found is None or not found.is_on(visit.setup):
        raise Http404("There is no such step.")
    if found in BEFORE and visit.study.status != Study.Status.OPEN:
        return closed_page(request, visit)  # which collects nothing more
    if visit.known_rater.steps.filter(step=found.name).exists():
        return redirect(way_to_next(visit))  # a check is not repeated until it comes out well
    problem = ""
    if request.method == "POST":
        try:
            problem = _problem_of_answer(request, visit, found)
        except sessions.RaterGone:
            return redirect("ratings:consent", visit.token)
        if not problem:
            return redirect(way_to_next(visit))
    context = {"step": found, "problem": problem, "given": request.POST} | found.context(visit.known_rater)
    return visit.page(request, found.template, context, status=400 if problem else 200)


def _problem_of_answer(request: HttpRequest, visit: Visit, step: Step) -> str:
    """Store what the form says; answers a sentence instead where that cannot be taken."""
    rater = visit.known_rater
    try:
        content = step.read(request.POST, rater)
    except NotPassed as error:
        sessions.record_step(rater, f"{step.name}_not_passed", error.content)
        return str(error)
    except ValueError as error:
        return str(error)
    sessions.record_step(rater, step.name, content)
    return ""


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
