"""Stores a rating once, whatever the double clicks, reloads and retries."""

import math
from dataclasses import dataclass
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from ratings.models import SCORE_MAX, SCORE_MIN, Rating, Trial
from ratings.services.sessions import finish_session, hold_open
from srstudy.errors import Refused

# Longer than this between two answers, and the rater has come back for another sitting.
SITTING_GAP = timedelta(minutes=30)


class TrialNotShown(Refused):
    """An answer to a trial whose page was never given out."""


class TrialAlreadyRated(Refused):
    """A second, different answer; the first one stands."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the rater's browser sends: a score for each side, 0..100, and how it was given."""

    left_score: float
    right_score: float
    duration_ms: int
    device_pixel_ratio: float | None = None
    window_width: int | None = None
    window_height: int | None = None

    def __post_init__(self) -> None:
        for score in (self.left_score, self.right_score):
            if not math.isfinite(score) or not SCORE_MIN <= score <= SCORE_MAX:
                raise Refused(f"A score is {score}, which is not between {SCORE_MIN:g} and {SCORE_MAX:g}.")


def record_rating(*, trial: Trial, answer: Answer) -> tuple[Rating, bool]:
    """Store the answer to a trial; the same answer again changes nothing.

    Answers the stored rating and whether this call stored it.
    Raises: TrialAlreadyRated for a second, different answer, TrialNotShown, StudyNotOpen.
    """
    existing = Rating.objects.filter(trial=trial).first()
    if existing is not None:
        return _same_or_refused(existing, trial, answer), False
    if trial.shown_at is None:
        raise TrialNotShown("This pair has not been shown yet.")
    try:
        with transaction.atomic():
            hold_open(trial.session.rater.study)
            rating = Rating.objects.create(
                trial=trial, sitting=_sitting(trial), **_scores(trial, answer), **_circumstances(answer)
            )
            finish_session(trial.session)
    except IntegrityError:  # the same answer arrived twice at once, and the other was quicker
        return _same_or_refused(Rating.objects.get(trial=trial), trial, answer), False
    return rating, True


def _scores(trial: Trial, answer: Answer) -> dict[str, float]:
    if not trial.reference_side:  # of an imported rating, which nobody answers here
        raise TrialNotShown("This pair was not rated here.")
    if trial.reference_side == Trial.Side.LEFT:
        return {"reference_score": answer.left_score, "test_score": answer.right_score}
    return {"reference_score": answer.right_score, "test_score": answer.left_score}


def _circumstances(answer: Answer) -> dict[str, object]:
    return {
        "duration_ms": answer.duration_ms,
        "device_pixel_ratio": answer.device_pixel_ratio,
        "window_width": answer.window_width,
        "window_height": answer.window_height,
        "rated_at": timezone.now(),
    }


def _sitting(trial: Trial) -> int:
    last = Rating.objects.filter(trial__session=trial.session).order_by("-rated_at").first()
    if last is None:
        return 1
    return last.sitting + (1 if timezone.now() - last.rated_at > SITTING_GAP else 0)


def _same_or_refused(existing: Rating, trial: Trial, answer: Answer) -> Rating:
    wanted = _scores(trial, answer)
    if all(getattr(existing, name) == value for name, value in wanted.items()):
        return existing
    raise TrialAlreadyRated("This pair was rated before with other scores; the first answer stands.")
