"""The one JSON endpoint of the rater's page: the answer to a trial, stored once."""

from collections.abc import Mapping
from typing import Any

from django.db import OperationalError
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from ratings import queries
from ratings.models import SCORE_MAX, SCORE_MIN
from ratings.services import ratings, sessions
from ratings.views.access import COOKIE, RETRY_AFTER_S
from srstudy.errors import Refused

A_DAY_MS = 24 * 3600 * 1000


class AnswerSerializer(serializers.Serializer[ratings.Answer]):
    """What the page sends."""

    left_score = serializers.FloatField(min_value=SCORE_MIN, max_value=SCORE_MAX)
    right_score = serializers.FloatField(min_value=SCORE_MIN, max_value=SCORE_MAX)
    duration_ms = serializers.IntegerField(min_value=0)
    device_pixel_ratio = serializers.FloatField(required=False, min_value=0.1, max_value=20)
    window_width = serializers.IntegerField(required=False, min_value=1, max_value=100_000)
    window_height = serializers.IntegerField(required=False, min_value=1, max_value=100_000)

    def validate_duration_ms(self, duration_ms: int) -> int:
        """A page left open for days counts a day: its scores are worth more than its exact duration."""
        return min(duration_ms, A_DAY_MS)


def problem(title: str, detail: str, code: int, **more: Any) -> Response:
    """An error as RFC 9457 problem details."""
    body = {"type": "about:blank", "title": title, "status": code, "detail": detail, **more}
    response = Response(body, status=code, content_type="application/problem+json")
    if code == status.HTTP_503_SERVICE_UNAVAILABLE:
        response["Retry-After"] = str(RETRY_AFTER_S)
    return response


def sentence_of(errors: Mapping[str, Any]) -> str:
    """The first thing that is wrong with an answer, for a person to read."""
    name, reasons = next(iter(errors.items()))
    return f"{name}: {reasons[0]}"


# A page of another site cannot post here: the cookie is SameSite=Lax, and the trial's token is secret.
@method_decorator(never_cache, name="dispatch")
class AnswerView(APIView):
    """POST an answer: 201 stored, 200 the same again, 409 another one was first."""

    def post(self, request: Request, invite: str, token: str) -> Response:
        """Store the answer to the trial named by its token."""
        try:
            return self._store(request, invite, token)
        except ratings.TrialAlreadyRated as refused:
            return problem("Rated before", str(refused), 409)
        except ratings.TrialNotShown as refused:
            return problem("Not shown yet", str(refused), 409)
        except sessions.StudyNotOpen:
            return problem("Closed", "The study takes no more ratings.", 410)
        except Refused as refused:
            return problem("Not an answer", str(refused), 400)
        except OperationalError:
            return problem("Busy", "The answer could not be stored just now; send it again.", 503)

    def _store(self, request: Request, invite: str, token: str) -> Response:
        study = queries.study_by_invite(invite)
        rater = study and queries.rater_by_token(study, request.COOKIES.get(COOKIE, ""))
        trial = rater and queries.trial_of(rater, token)
        if not trial:
            return problem("Not your trial", "No trial of this rater has this address.", 404)
        form = AnswerSerializer(data=request.data)
        if not form.is_valid():
            return problem("Not an answer", sentence_of(form.errors), 400, errors=form.errors)
        _, is_new = ratings.record_rating(trial=trial, answer=ratings.Answer(**form.validated_data))
        return Response({"stored": True}, status=201 if is_new else 200)
