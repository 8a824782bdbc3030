"""Reads of the second half: who is this, what comes next, what was rated."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from ratings.invites import token_hash
from ratings.models import Rater, Rating, Session, Study, Trial
from srstudy.errors import Refused


@dataclass(frozen=True, slots=True)
class Place:
    """Where a rater is: how many trials are rated, of how many, and which one comes now."""

    rated: int
    total: int
    trial: Trial | None


def study_by_invite(token: str) -> Study | None:
    """The study that an invite link names, whatever its status."""
    return Study.objects.filter(invite_hash=token_hash(token)).first()


def rater_by_token(study: Study, token: str) -> Rater | None:
    """The rater of this study that a cookie names."""
    if not token:
        return None
    return study.raters.filter(token_hash=token_hash(token)).select_related("study").first()


def session_of(rater: Rater) -> Session:
    """The rater's latest session."""
    return rater.sessions.order_by("-number")[0]


def place_of(session: Session) -> Place:
    """The first trial without a rating, and how far the session is."""
    trials = session.trials.select_related("stimulus")
    return Place(
        rated=trials.filter(rating__isnull=False).count(),
        total=trials.count(),
        trial=trials.filter(rating__isnull=True).order_by("position").first(),
    )


def trial_of(rater: Rater, token: str) -> Trial | None:
    """A trial of this rater by its own token."""
    return (
        Trial.objects.filter(session__rater=rater, token=token)
        .select_related("stimulus", "session__rater__study")
        .first()
    )


def trial_by_image(rater: Rater, token: str) -> tuple[Trial, str] | None:
    """The trial of this rater, already shown, one of whose images has this token, and the side."""
    for side in Trial.Side.values:
        found = Trial.objects.filter(
            session__rater=rater, shown_at__isnull=False, **{f"{side}_token": token}
        ).select_related("stimulus")
        trial = found.first()
        if trial is not None:
            return trial, side
    return None


RATING_COLUMNS = {
    "rater": "trial__session__rater__pseudonym",
    "source": "trial__session__rater__source",
    "session": "trial__session__number",
    "sitting": "sitting",
    "position": "trial__position",
    "kind": "trial__kind",
    "repeat_of": "trial__repeat_of",
    "image": "trial__stimulus__image",
    "method": "trial__stimulus__method",
    "reference_side": "trial__reference_side",
    "reference_score": "reference_score",
    "test_score": "test_score",
    "given_difference": "given_difference",
    "duration_ms": "duration_ms",
    "device_pixel_ratio": "device_pixel_ratio",
    "window_width": "window_width",
    "window_height": "window_height",
    "rated_at": "rated_at",
}


def rating_rows(study: Study) -> Iterator[tuple[Any, ...]]:
    """Every rating of a study in the columns of RATING_COLUMNS, rater by rater in the order of showing.

    Those of try-outs are left out.
    """
    return (
        _counted_ratings(study)
        .order_by("trial__session__rater__pk", "trial__session__number", "trial__position")
        .values_list(*RATING_COLUMNS.values())
        .iterator(chunk_size=5000)
    )


def _counted_ratings(study: Study) -> QuerySet[Rating]:
    return Rating.objects.filter(trial__session__rater__study=study).exclude(
        trial__session__rater__source=Rater.Source.TRYOUT
    )


@dataclass(frozen=True, slots=True)
class Attendance:
    """How many raters a study has, by where they came from and how far they are."""

    people: int
    people_finished: int
    simulated: int
    tryouts: int
    ratings: int


def attendance(study: Study) -> Attendance:
    """Counts of raters and ratings; simulated raters and try-outs are never counted as people."""
    raters = study.raters
    people = raters.exclude(source__in=[Rater.Source.SIMULATED, Rater.Source.TRYOUT])
    return Attendance(
        people=people.count(),
        people_finished=people.filter(sessions__finished_at__isnull=False).distinct().count(),
        simulated=raters.filter(source=Rater.Source.SIMULATED).count(),
        tryouts=raters.filter(source=Rater.Source.TRYOUT).count(),
        ratings=_counted_ratings(study).count(),
    )


def study_by_slug(slug: str) -> Study:
    """The study of that name.

    Raises: Refused naming the studies that there are.
    """
    study = Study.objects.filter(slug=slug).first()
    if study is None:
        known = ", ".join(Study.objects.values_list("slug", flat=True)) or "none yet"
        raise Refused(f"There is no study {slug!r} (known: {known}).")
    return study
