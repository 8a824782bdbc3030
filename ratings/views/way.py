"""Where a rater goes next: a step, the instructions, the trials, a pause, or the thanks."""

from django.urls import reverse

from ratings import queries
from ratings.flow import AFTER, BEFORE, next_step
from ratings.services import showing
from ratings.views.access import Visit


def way_to_next(visit: Visit) -> str:
    """The path of the page that comes now for this rater; the same at every call until they go on."""
    rater, token = visit.known_rater, visit.token
    step = next_step(rater, BEFORE)
    if step is not None:
        return reverse("ratings:step", args=[token, step.name])
    if rater.instructed_at is None:
        return reverse("ratings:instructions", args=[token])
    session = queries.session_of(rater)
    if showing.unrated_trials(session, 1):
        pause = showing.pause_now(session, visit.setup)
        return reverse("ratings:pause" if pause else "ratings:trial", args=[token])
    step = next_step(rater, AFTER)
    if step is not None:
        return reverse("ratings:step", args=[token, step.name])
    return reverse("ratings:done", args=[token])
