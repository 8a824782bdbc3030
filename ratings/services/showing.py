"""Hands trials out to the page, as far as the next break, with the files that were frozen or not at all."""

import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from ratings import pngs
from ratings.methodologies import Picture
from ratings.models import Problem, Rating, Session, Stimulus, Study, Trial
from ratings.queries import practice_of
from ratings.services.ratings import SITTING_GAP
from ratings.study_options import StudyOptions

# The trial to be judged, and two whose pictures are fetched meanwhile.
AHEAD = 2


class FilesChanged(ValueError):
    """A picture is not the one that the study froze; the researcher has been told."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Why no trial comes now: a `break` until the rater goes on, or a `rest` until a time."""

    kind: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Sitting:
    """What has been rated since the rater sat down."""

    began_at: datetime | None
    rated: int
    last_at: datetime | None


def unrated_trials(session: Session, count: int) -> list[Trial]:
    """The next trials without a rating, at most so many."""
    waiting = session.trials.filter(rating__isnull=True).select_related(
        "stimulus", "other", "session__rater__study"
    )
    return list(waiting.order_by("position")[:count])


def hand_out(session: Session, setup: StudyOptions) -> tuple[list[Trial], Pause | None]:
    """The trials that the page may have now, none beyond the next pause; and the pause, if it comes first.

    The first time that a trial is handed out is stored. Raises: FilesChanged if not even the first trial has
    its files.
    """
    trials, pause = _allowed(session, setup)
    given: list[Trial] = []
    for trial in trials:
        try:
            _verify(trial)
        except FilesChanged:
            if not given:
                raise
            break
        given.append(trial)
    mark_shown(given)
    return given, pause


def pause_now(session: Session, setup: StudyOptions) -> Pause | None:
    """The pause that comes before the next trial, if one does."""
    return _allowed(session, setup)[1]


def mark_shown(trials: Sequence[Trial]) -> None:
    """Store that these trials were handed out; the first time counts."""
    now = timezone.now()
    fresh = [trial for trial in trials if trial.shown_at is None]
    if fresh:
        keys = [trial.pk for trial in fresh]
        Trial.objects.filter(pk__in=keys, shown_at__isnull=True).update(shown_at=now)
    for trial in fresh:
        trial.shown_at = now


def end_break(session: Session) -> None:
    """Store that the rater goes on after a break."""
    waiting = unrated_trials(session, 1)
    if waiting:
        Session.objects.filter(pk=session.pk).update(
            break_after=waiting[0].position - 1, break_ended_at=timezone.now()
        )


def _allowed(session: Session, setup: StudyOptions) -> tuple[list[Trial], Pause | None]:
    trials = unrated_trials(session, 1 + AHEAD)
    if not trials or not _has_pauses(setup):
        return trials, None
    sitting = _sitting_of(session)
    rest = _rest(sitting, setup)
    if rest is not None:
        return [], rest
    if sitting.last_at is not None and timezone.now() - sitting.last_at > SITTING_GAP:
        sitting = Sitting(began_at=None, rated=0, last_at=None)  # the rater has been away: another begins
    warm_up = practice_of(session)
    if _break_before(trials[0], session, setup, warm_up) or _is_long(sitting, session, setup):
        return [], Pause("break")
    left = setup.sitting_trials - sitting.rated if setup.sitting_trials is not None else len(trials)
    allowed = [trials[0]]
    for trial in trials[1:left]:
        if _break_before(trial, session, setup, warm_up):
            break
        allowed.append(trial)
    return allowed, None


def _has_pauses(setup: StudyOptions) -> bool:
    limits = (
        setup.break_every_trials,
        setup.break_every_minutes,
        setup.sitting_trials,
        setup.sitting_minutes,
    )
    return any(limit is not None for limit in limits)


def _sitting_of(session: Session) -> Sitting:
    ratings = Rating.objects.filter(trial__session=session).order_by("-trial__position")
    last = ratings.values_list("sitting", "rated_at").first()
    now = timezone.now()
    if last is None:
        return Sitting(began_at=None, rated=0, last_at=None)
    number, last_at = last
    times = list(ratings.filter(sitting=number).values_list("rated_at", flat=True))
    return Sitting(began_at=min(times), rated=len(times), last_at=min(last_at, now))


def _rest(sitting: Sitting, setup: StudyOptions) -> Pause | None:
    """The rest that is due because this sitting has reached its limit, until it is over."""
    if sitting.began_at is None or sitting.last_at is None:
        return None
    many = setup.sitting_trials is not None and sitting.rated >= setup.sitting_trials
    lasted = sitting.last_at - sitting.began_at
    long = setup.sitting_minutes is not None and lasted >= timedelta(minutes=setup.sitting_minutes)
    until = sitting.last_at + timedelta(hours=setup.rest_hours)
    return Pause("rest", until) if (many or long) and timezone.now() < until else None


def _break_before(trial: Trial, session: Session, setup: StudyOptions, warm_up: int) -> bool:
    """Whether a break by count comes right before this trial, and was not taken yet."""
    done = trial.position - 1 - warm_up
    if setup.break_every_trials is None or done < 1 or done % setup.break_every_trials:
        return False
    return session.break_after < trial.position - 1


def _is_long(sitting: Sitting, session: Session, setup: StudyOptions) -> bool:
    """Whether so many minutes have passed without a break."""
    if setup.break_every_minutes is None or sitting.began_at is None:
        return False
    since = max(filter(None, (sitting.began_at, session.break_ended_at)))
    return timezone.now() - since >= timedelta(minutes=setup.break_every_minutes)


def _verify(trial: Trial) -> None:
    """Raises: FilesChanged if a picture of this trial is missing or not the one that was frozen."""
    study = trial.session.rater.study
    for picture in study.asks.shown_pictures(trial):
        if not _is_as_frozen(picture):
            read_picture(picture, study_id=study.pk)  # which says what is wrong


def longest_of_image(trial: Trial) -> int:
    """The bytes of the largest file that this study may show of the trial's image.

    Whatever is shown of an image is sent as long as that: a picture that comes alone, or two methods side by
    side, would else be known again by their length. A missing file counts nothing.
    """
    stimulus = trial.stimulus
    rows = Stimulus.objects.filter(study_id=stimulus.study_id, image=stimulus.image)
    files = {
        Path(settings.MEDIA_ROOT) / file
        for row in rows.values_list("reference_file", "test_file", "degraded_file")
        for file in row
        if file
    }
    return max((file.stat().st_size for file in files if file.is_file()), default=0)


def read_picture(picture: Picture, *, study_id: int) -> bytes:
    """The bytes of a file as it was frozen.

    Raises: FilesChanged if it is missing or another one, which is noted for the researcher.
    """
    try:
        content = (Path(settings.MEDIA_ROOT) / picture.file).read_bytes()
    except OSError:
        problem = f"{picture.file} is missing; the trials that need it are not shown."
    else:
        if hashlib.sha256(content).hexdigest() == picture.sha256:
            return content
        problem = f"{picture.file} is not the file that was frozen; the trials that need it are not shown."
    Problem.objects.get_or_create(
        study_id=study_id, file=picture.file, defaults={"sha256": picture.sha256, "text": problem[:500]}
    )
    raise FilesChanged(problem)


def picture_as_sent(picture: Picture, trial: Trial) -> bytes:
    """The bytes of a picture of a trial: as many as of any other of its image, and as long in the making.

    Raises: FilesChanged, as `read_picture`.
    """
    content = read_picture(picture, study_id=trial.stimulus.study_id)
    sent = pngs.as_long_as(content, longest_of_image(trial))
    # A shorter file was hashed faster, and its padding summed longer. Until both are made up for, the time
    # tells the reference, which is the longer file as a rule.
    hashlib.sha256(memoryview(sent)[len(content) :])
    zlib.crc32(content)
    return sent


def standing_problems(study: Study) -> list[Problem]:
    """What is still wrong with the study's files; what has been put right since is forgotten."""
    standing = []
    for problem in study.problems.all():
        try:
            content = (Path(settings.MEDIA_ROOT) / problem.file).read_bytes()
        except OSError:
            content = b""
        if hashlib.sha256(content).hexdigest() == problem.sha256:
            problem.delete()
        else:
            standing.append(problem)
    return standing


@lru_cache(maxsize=4096)
def _digest(path: Path, changed_ns: int, size: int) -> str:
    """The SHA-256 of a file, computed again when its time or its size has changed."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _is_as_frozen(picture: Picture) -> bool:
    """Whether a file is the one that was frozen, without reading it again if nobody has touched it."""
    path = Path(settings.MEDIA_ROOT) / picture.file
    try:
        found = path.stat()
        return _digest(path, found.st_mtime_ns, found.st_size) == picture.sha256
    except OSError:
        return False
