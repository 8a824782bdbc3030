"""Stores a rating once, in the order of the trials, whatever the double clicks, reloads and retries."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from ratings.models import Rating, Trial
from ratings.services.sessions import finish_session, hold_open
from srstudy.errors import Refused

# Longer than this between two answers, and the rater has come back for another sitting.
SITTING_GAP = timedelta(minutes=30)


class TrialNotShown(Refused):
    """An answer to a trial whose page was never given out, or before those that come first."""


class TrialGone(Refused):
    """An answer to a trial of a rater who has withdrawn in this moment."""


class TrialAlreadyRated(Refused):
    """A second, different answer; the first one stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """How an answer was given, as the browser measured it; None was not measured."""

    duration_ms: int | None = None
    first_interaction_ms: int | None = None
    toggles: int | None = None
    window_changes: int | None = None
    restarts: int | None = None
    hidden_count: int | None = None
    hidden_ms: int | None = None
    kept_ms: int | None = None
    device_pixel_ratio: float | None = None
    window_width: int | None = None
    window_height: int | None = None
    screen_width: int | None = None
    screen_height: int | None = None
    pointer: str = ""


CIRCUMSTANCES = tuple(one.name for one in fields(Circumstances))


@dataclass(frozen=True, slots=True)
class Answer:
    """What the rater's browser sends: the fields of the methodology, and how it was given."""

    given: Mapping[str, Any]
    circumstances: Circumstances = field(default_factory=Circumstances)


def record_rating(*, trial: Trial, answer: Answer) -> tuple[Rating, bool]:
    """Store the answer to a trial; the same answer again changes nothing.

    `trial` as `queries.trial_of` reads it, with its session, rater and study.
    Answers the stored rating and whether this call stored it.
    Raises: TrialAlreadyRated for a second, different answer, TrialNotShown, TrialGone, StudyNotOpen, Refused
    for an answer that is none.
    """
    study = trial.session.rater.study
    stored = study.asks.stored(trial, answer.given, study.setup)
    existing = getattr(trial, "rating", None)
    if existing is not None:
        return _same_or_refused(existing, stored), False
    if trial.shown_at is None:
        raise TrialNotShown("This pair has not been shown yet.")
    previous = _previous(trial)
    circumstances = {name: getattr(answer.circumstances, name) for name in CIRCUMSTANCES}
    now = timezone.now()
    try:
        with transaction.atomic():
            hold_open(study)
            rating = Rating.objects.create(
                trial=trial, rated_at=now, sitting=_sitting(previous, now), **stored, **circumstances
            )
            if trial.position >= trial.session.length:
                finish_session(trial.session)
    except IntegrityError:  # the same answer arrived twice at once, or its rater has just withdrawn
        quicker = Rating.objects.filter(trial=trial.pk).first()
        if quicker is None:
            raise TrialGone("The rater has withdrawn, and their trials are deleted.") from None
        return _same_or_refused(quicker, stored), False
    return rating, True


def _previous(trial: Trial) -> tuple[int, datetime] | None:
    """Sitting and time of the rating before. Trials are answered in order, so one before tells of all.

    Raises: TrialNotShown if the trial before has no rating.
    """
    if trial.position == 1:
        return None
    before = Rating.objects.filter(trial__session=trial.session_id, trial__position=trial.position - 1)
    found = before.values_list("sitting", "rated_at").first()
    if found is None:
        raise TrialNotShown("The pairs before this one come first.")
    return found


def _sitting(previous: tuple[int, datetime] | None, now: datetime) -> int:
    if previous is None:
        return 1
    sitting, rated_at = previous
    return sitting + (1 if now - rated_at > SITTING_GAP else 0)


def _same_or_refused(existing: Rating, stored: Mapping[str, Any]) -> Rating:
    if all(getattr(existing, name) == value for name, value in stored.items()):
        return existing
    raise TrialAlreadyRated("This pair was rated before with another answer; the first one stands.")
