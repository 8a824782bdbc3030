"""Stores a rating once, in the order of the trials, whatever the double clicks, reloads and retries."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from ratings.asked import AskedTrial
from ratings.models import Rating, Study, Trial
from ratings.services.sessions import StudyNotOpen, finish_session, hold_rater
from srstudy.database import planned_cursor
from srstudy.errors import Refused

# Longer than this between two answers, and the rater has come back for another sitting.
SITTING_GAP = timedelta(minutes=30)


class TrialNotShown(Refused):
    """An answer to a trial whose page was never given out, or before those that come first."""


class PlaceGivenAway(Refused):
    """An answer of a rater who was dropped, and to a trial that they had not rated before."""


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


def record_rating(*, trial: AskedTrial, answer: Answer) -> tuple[Rating, bool]:
    """Store the answer to a trial; the same answer again changes nothing.

    Answers the stored rating and whether this call stored it.
    Raises: TrialAlreadyRated for a second, different answer, TrialNotShown, TrialGone, PlaceGivenAway,
    StudyNotOpen, Refused for an answer that is none.
    """
    stored = trial.asks.stored(trial, answer.given, trial.setup)
    circumstances = {name: getattr(answer.circumstances, name) for name in CIRCUMSTANCES}
    rating = Rating(trial_id=trial.id, rated_at=timezone.now(), **stored, **circumstances)
    if trial.is_shown and _store(rating, trial):
        return rating, True
    return _rated_before(trial, stored), False


def _store(rating: Rating, trial: AskedTrial) -> bool:
    """Store a rating, and the end of the session with its last one; answers whether the database took it."""
    try:
        if trial.position < trial.session_length:
            return _insert(rating, trial)  # one statement, which needs no transaction around it
        with transaction.atomic():
            # Whoever is second waits here: under the shared lock below, finishing would wait for them and
            # they for the rating.
            hold_rater(trial.rater_id)
            is_new = _insert(rating, trial)
            if is_new:
                finish_session(trial.session_id)
            return is_new
    except IntegrityError:
        if Trial.objects.filter(pk=trial.id).exists():
            raise
        return False


# What a rating is made of but its number and its sitting, which the database says.
_GIVEN = [one.attname for one in Rating._meta.concrete_fields if one.name not in ("id", "sitting")]
# One statement, because everybody who rates at this moment waits for it. It stores the rating if the trial
# has none, the one before has one, the study is open and the rater in it. The rows of study and rater are
# read under a lock that closing, dropping and withdrawing have to wait for: a rating is stored before them,
# or not at all. The lock is shared, or raters would wait for one another's commits. SQLite has one writer at
# a time and needs no lock.
_INSERT = f"""
    INSERT INTO ratings_rating ({", ".join(_GIVEN)}, sitting)
    SELECT {", ".join(["%s"] * len(_GIVEN))},
        CASE WHEN before.id IS NULL THEN 1 WHEN before.rated_at < %s THEN before.sitting + 1
            ELSE before.sitting END
    FROM ratings_study AS study
    JOIN ratings_rater AS rater ON rater.study_id = study.id
    LEFT JOIN ratings_trial AS previous ON previous.session_id = %s AND previous.position = %s
    LEFT JOIN ratings_rating AS before ON before.trial_id = previous.id
    WHERE rater.id = %s AND rater.withdrawn_at IS NULL AND rater.dropped_at IS NULL
        AND study.status = %s AND (before.id IS NOT NULL OR %s = 1)
    {{lock}}
    ON CONFLICT (trial_id) DO NOTHING
    RETURNING id, sitting
"""  # noqa: S608  the columns are the model's own


def _insert(rating: Rating, trial: AskedTrial) -> bool:
    """Store a rating, and learn its number and sitting; answers whether there was a place for it."""
    now = rating.rated_at
    moment = connection.ops.adapt_datetimefield_value
    given = {name: getattr(rating, name) for name in _GIVEN} | {"rated_at": moment(now)}
    values = [*given.values(), moment(now - SITTING_GAP), trial.session_id, trial.position - 1]
    values += [trial.rater_id, Study.Status.OPEN.value, trial.position]
    lock = "FOR SHARE OF study, rater" if connection.features.has_select_for_update else ""
    with planned_cursor() as cursor:
        cursor.execute(_INSERT.format(lock=lock), values)
        row = cursor.fetchone()
    if row is None:
        return False
    rating.pk, rating.sitting = row
    rating._state.adding = False
    return True


def _rated_before(trial: AskedTrial, stored: Mapping[str, Any]) -> Rating:
    """The rating that an answer repeats.

    Raises: whatever kept the answer from being stored.
    """
    here = Trial.objects.filter(pk=trial.id, session__rater__withdrawn_at__isnull=True)
    dropped = here.values_list("session__rater__dropped_at").first()
    if dropped is None:
        raise TrialGone("The rater has withdrawn.")
    existing = Rating.objects.filter(trial=trial.id).first()
    if existing is not None:
        return _same_or_refused(existing, stored)
    if dropped != (None,):
        raise PlaceGivenAway("The rater was dropped.")
    if not trial.is_shown:
        raise TrialNotShown("This pair has not been shown yet.")
    before = Rating.objects.filter(trial__session=trial.session_id, trial__position=trial.position - 1)
    if trial.position > 1 and not before.exists():
        raise TrialNotShown("The pairs before this one come first.")
    raise StudyNotOpen(f"Study {trial.study} takes no ratings now.")


def _same_or_refused(existing: Rating, stored: Mapping[str, Any]) -> Rating:
    if all(getattr(existing, name) == value for name, value in stored.items()):
        return existing
    raise TrialAlreadyRated("This pair was rated before with another answer; the first one stands.")
