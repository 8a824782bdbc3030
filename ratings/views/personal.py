"""A rater's own pages: the link that goes on with them on another device, and the withdrawal."""

from contextlib import suppress

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ratings import queries
from ratings.flow import STEPS
from ratings.services.sessions import RaterGone, ask_again
from ratings.services.withdrawal import withdraw_rater
from ratings.views.access import (
    COOKIE,
    Visit,
    forget_rater,
    plain_page,
    remember_rater,
    with_rater,
    with_visit,
)


@require_safe
@never_cache
@with_rater
def elsewhere(request: HttpRequest, visit: Visit) -> HttpResponseBase:
    """The rater's personal link, for another device or browser of theirs."""
    path = reverse("ratings:go-on", args=[visit.token, request.COOKIES[COOKIE]])
    link = request.build_absolute_uri(path)
    response = visit.page(request, "ratings/elsewhere.html", {"link": link})
    response["Referrer-Policy"] = "no-referrer"
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@with_visit
def go_on(request: HttpRequest, visit: Visit, token: str) -> HttpResponseBase:
    """Where a personal link leads: a look changes nothing, the button makes this browser the rater's."""
    found = queries.rater_by_token(visit.study, token)
    if found is None:
        text = _(
            "Please check that the whole link was copied. If you have withdrawn, it leads nowhere any more."
        )
        return plain_page(request, _("This link does not lead to a rater"), text, status=404)
    if request.method == "POST":
        response: HttpResponse = redirect(f"{reverse('ratings:start', args=[visit.token])}?joined=1")
        remember_rater(response, visit.token, token)
        if visit.rater != found:  # the same browser needs no further check
            with suppress(RaterGone):  # which the next page says
                ask_again(found, (step.name for step in STEPS.values() if step.of_device))
    else:
        response = visit.page(request, "ratings/go_on.html", {"rater": None})
    # No page gets to know this address. With "no-referrer" the form would come from an unknown origin, and
    # be refused.
    response["Referrer-Policy"] = "strict-origin"
    return response


@require_POST
@never_cache
@with_rater
def another(request: HttpRequest, visit: Visit) -> HttpResponseBase:
    """Let another person begin in this browser, once the one whom it knows is done."""
    if visit.known_rater.finished_at is None:
        return redirect("ratings:start", visit.token)
    response = redirect("ratings:consent", visit.token)
    forget_rater(response, visit.token)
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@with_visit
def withdraw(request: HttpRequest, visit: Visit) -> HttpResponseBase:
    """What withdrawing does, and doing it; in a closed study, too, and without a place in it."""
    if visit.rater is None:
        text = _(
            "No ratings of this study belong to this browser. If you have just withdrawn, it is done. If you "
            "took part with another device or browser, please open the link there."
        )
        return plain_page(request, _("Nothing to withdraw here"), text, status=404)
    if request.method != "POST":
        return visit.page(request, "ratings/withdraw.html", {"hide_withdraw": True})
    withdraw_rater(visit.rater)
    response = visit.page(request, "ratings/withdrawn.html", {"rater": None})
    forget_rater(response, visit.token)
    return response
