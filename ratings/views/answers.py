"""The JSON endpoints of the page of trials: an answer, stored once, and the trials that come next."""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import translation
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from rest_framework import serializers, status
from rest_framework.fields import SkipField, empty
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from ratings import queries
from ratings.asked import AskedTrial
from ratings.marks import mark_of, marked_trial
from ratings.methodologies import METHODOLOGIES, Methodology
from ratings.models import Study
from ratings.number_field import NumberField
from ratings.services import ratings, sessions, showing
from ratings.study_options import StudyOptions
from ratings.views.access import COOKIE, RETRY_AFTER_S, Visit, language_of
from ratings.views.upcoming import upcoming
from srstudy.database import may_pass
from srstudy.errors import Refused

A_DAY_MS = 24 * 3600 * 1000
MOST_TIMES = 100_000
POINTERS = ("mouse", "touch", "pen", "keyboard")


class _Measured:
    """A measurement of the page: one that cannot be is left out, for the answer is worth more than it."""

    def run_validation(self, data: Any = empty) -> Any:
        """The value. Raises: SkipField where it is none."""
        try:
            return super().run_validation(data)  # type: ignore[misc]  # of the field that this is mixed into
        except serializers.ValidationError:
            raise SkipField from None


class _Count(_Measured, serializers.IntegerField):
    """A whole number of 0 or more, cut at a limit that no honest page comes near."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        super().__init__(required=False, min_value=0)

    def to_internal_value(self, data: Any) -> int:
        return min(super().to_internal_value(data), self.limit)


class _Pixels(_Measured, serializers.IntegerField):
    def __init__(self) -> None:
        super().__init__(required=False, min_value=1, max_value=100_000)


class _Ratio(_Measured, NumberField):
    def __init__(self) -> None:
        super().__init__(required=False, min_value=0.1, max_value=20)


class _Pointer(_Measured, serializers.ChoiceField):
    def __init__(self) -> None:
        super().__init__(POINTERS, required=False)


class CircumstancesSerializer(serializers.Serializer[ratings.Circumstances]):
    """How an answer was given, as the page measured it; durations are in ms, and a day at most."""

    duration_ms = _Count(A_DAY_MS)
    first_interaction_ms = _Count(A_DAY_MS)
    hidden_ms = _Count(A_DAY_MS)
    kept_ms = _Count(A_DAY_MS)
    toggles = _Count(MOST_TIMES)
    window_changes = _Count(MOST_TIMES)
    restarts = _Count(MOST_TIMES)
    hidden_count = _Count(MOST_TIMES)
    device_pixel_ratio = _Ratio()
    window_width = _Pixels()
    window_height = _Pixels()
    screen_width = _Pixels()
    screen_height = _Pixels()
    pointer = _Pointer()


class AnswerSerializer(CircumstancesSerializer):
    """What the page sends: the fields of the study's methodology beside the circumstances."""

    def __init__(self, asks: Methodology, setup: StudyOptions, **kwargs: Any) -> None:
        self.asks, self.setup = asks, setup
        super().__init__(**kwargs)

    def get_fields(self) -> dict[str, Any]:
        """The circumstances and what the methodology asks for."""
        return super().get_fields() | self.asks.answer_fields(self.setup)


@lru_cache(maxsize=64)
def _checker(methodology: str, setup: StudyOptions, language: str) -> AnswerSerializer:
    """The serializer that checks answers; to make one takes seven times as long as to use it.

    One a language, because its sentences stay in the language in which they were first said.
    """
    return AnswerSerializer(METHODOLOGIES[methodology], setup)


def problem(title: str, detail: str, code: int, **more: Any) -> JsonResponse:
    """An error as RFC 9457 problem details."""
    body = {"type": "about:blank", "title": title, "status": code, "detail": detail, **more}
    response = JsonResponse(body, status=code, content_type="application/problem+json")
    if code == status.HTTP_503_SERVICE_UNAVAILABLE:
        response["Retry-After"] = str(RETRY_AFTER_S)
    return response


def sentence_of(errors: Mapping[str, Any]) -> str:
    """The first thing that is wrong with an answer, for a person to read."""
    return str(next(iter(errors.values()))[0])


def _not_yours(request: HttpRequest) -> JsonResponse:
    with _browsers_language(request):
        return problem(_("Not your trial"), _("No trial of this rater has this address."), 404)


def _browsers_language(request: HttpRequest | Request) -> translation.override:
    """For sentences to somebody whose study is not known."""
    return translation.override(translation.get_language_from_request(request))


class _NoJson(ValueError):
    """What was sent is not JSON."""


def _no_number(name: str) -> None:
    raise _NoJson(f"{name} is no number of JSON")


def _json_of(request: HttpRequest) -> Any:
    """What was sent. Raises: _NoJson if that is something else than JSON."""
    if request.content_type != "application/json":
        raise _NoJson(f"the content type is {request.content_type!r}")
    try:
        return json.loads(request.body, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise _NoJson(str(error)) from error


# A page of another site cannot post here: the cookie is SameSite=Lax, the trial's token and the rater's mark
# are secret, and for this content type a browser asks first. It is a view of Django's own, because it carries
# all the load.
@method_decorator([csrf_exempt, never_cache], name="dispatch")
class AnswerView(View):
    """POST an answer: 201 stored, 200 the same again, 409 another one was first."""

    def post(self, request: HttpRequest, invite: str, token: str) -> JsonResponse:
        """Store the answer to the trial named by its token."""
        try:
            trial = queries.asked_trial(invite, request.COOKIES.get(COOKIE, ""), token)
            if trial is None:  # of one who rated in this browser before, and whose answer waited here
                trial = marked_trial(invite, request.headers.get("X-Rater", ""), token)
            if trial is None:
                return _not_yours(request)
            return self._store(request, trial)
        except DatabaseError as error:
            if not may_pass(error):
                raise
            with _browsers_language(request):
                text = _("The answer could not be stored just now; send it again.")
                return problem(_("Busy"), text, 503)

    def _store(self, request: HttpRequest, trial: AskedTrial) -> JsonResponse:
        language = language_of(request, trial.setup)
        with translation.override(language):
            try:
                checker = _checker(trial.methodology, trial.setup, language)
                given = checker.run_validation(_json_of(request))
            except _NoJson:
                return problem(_("Not an answer"), _("What was sent is not JSON."), 400)
            except serializers.ValidationError as error:
                errors = serializers.as_serializer_error(error)
                return problem(_("Not an answer"), sentence_of(errors), 400, errors=errors)
            return self._record(request, trial, given)

    def _record(self, request: HttpRequest, trial: AskedTrial, given: dict[str, Any]) -> JsonResponse:
        measured = {name: given.pop(name) for name in ratings.CIRCUMSTANCES if name in given}
        answer = ratings.Answer(given, ratings.Circumstances(**measured))
        try:
            _rating, is_new = ratings.record_rating(trial=trial, answer=answer)
        except ratings.TrialAlreadyRated:
            text = _("This was rated before with another answer; the first one stands.")
            return problem(_("Rated before"), text, 409, reason="rated-before")
        except ratings.TrialGone:
            return _not_yours(request)
        except ratings.TrialNotShown:
            text = _("What comes before this has no answer yet.")
            return problem(_("Not shown yet"), text, 409, reason="not-shown")
        except ratings.PlaceGivenAway:
            return problem(_("Closed"), _("Your place in the study was given away."), 410)
        except sessions.StudyNotOpen:
            return problem(_("Closed"), _("The study takes no more ratings."), 410)
        except Refused:
            return problem(_("Not an answer"), _("It is none of the answers that the page offers."), 400)
        return JsonResponse({"stored": True}, status=201 if is_new else 200)


@method_decorator(never_cache, name="dispatch")
class UpcomingView(APIView):
    """GET the trials that the page may show now."""

    def get(self, request: Request, invite: str) -> HttpResponse:
        """Hand out the next trials of the rater whom the cookie names."""
        with _browsers_language(request):
            try:
                return self._hand_out(request, invite)
            except DatabaseError as error:
                if not may_pass(error):
                    raise
                return problem(_("Busy"), _("The server is busy at this moment."), 503)

    def _hand_out(self, request: Request, invite: str) -> HttpResponse:
        found = queries.invite_by_token(invite)
        rater = queries.rater_by_token(found.study, request.COOKIES.get(COOKIE, "")) if found else None
        if found is None or rater is None:
            return problem(_("Not your study"), _("No rater of this study is known here."), 404)
        visit = Visit(invite, found, rater)
        with translation.override(language_of(request, visit.setup)):
            if visit.study.status != Study.Status.OPEN or rater.dropped_at is not None:
                return problem(_("Closed"), _("The study takes no more ratings."), 410)
            try:
                given = upcoming(visit, queries.session_of(rater))
                return Response(given | {"rater": mark_of(rater)})
            except showing.FilesChanged:
                text = _("The next pictures cannot be shown just now; the researcher has been told.")
                return problem(_("A picture is missing"), text, 409)
