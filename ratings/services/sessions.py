"""A rater's way through a study: joining, the session's trials, the end."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone

from ratings.invites import token_hash
from ratings.models import Rater, Session, Study, Trial
from ratings.services.studies import playlist_for
from srstudy.errors import Refused

PREFIX = {Rater.Source.BROWSER: "R", Rater.Source.SIMULATED: "SIM", Rater.Source.IMPORT: "I"}
JOIN_TRIES = 20


class StudyNotOpen(Refused):
    """The study takes no raters now."""


@dataclass(frozen=True, slots=True)
class Joined:
    """A rater who has just joined, with the token that names them from now on."""

    rater: Rater
    token: str


def join_study(study: Study, *, consent_version: str) -> Joined:
    """Store a person's consent and plan their session; called once a person has agreed.

    Raises: StudyNotOpen if the study is not open, Refused if the consent text is not the study's.
    """
    if consent_version != study.consent_version:
        raise Refused("The consent text has changed since the page was loaded; please read it again.")
    token = secrets.token_urlsafe(24)
    for _ in range(JOIN_TRIES):
        try:
            return Joined(_add_browser_rater(study, token), token)
        except IntegrityError:  # somebody joined in the same moment and has this number
            continue
    raise Refused("Too many people are joining at this moment; please try again in a few seconds.")


@transaction.atomic
def _add_browser_rater(study: Study, token: str) -> Rater:
    if not Study.objects.filter(pk=study.pk, status=Study.Status.OPEN).exists():
        raise StudyNotOpen(f"Study {study.slug} is {study.get_status_display()}.")
    rater = add_rater(
        study,
        source=Rater.Source.BROWSER,
        token_hash=token_hash(token),
        consent_version=study.consent_version,
        consented_at=timezone.now(),
        completion_code=secrets.token_hex(4).upper(),
    )
    plan_session(rater)
    return rater


def add_rater(study: Study, *, source: Rater.Source, **fields: str | datetime | None) -> Rater:
    """Store a rater under the next number of their source."""
    last = study.raters.filter(source=source).order_by("-number").values_list("number", flat=True).first()
    number = (last or 0) + 1
    return Rater.objects.create(
        study=study, source=source, number=number, pseudonym=f"{PREFIX[source]}{number:04d}", **fields
    )


def plan_session(rater: Rater) -> Session:
    """Store a rater's session with its trials in the order of their playlist."""
    session = Session.objects.create(rater=rater)
    Trial.objects.bulk_create(
        Trial(
            session=session,
            position=item.position + 1,  # people count from 1
            stimulus_id=item.stimulus_id,
            kind=item.kind,
            reference_side=item.reference_side,
            token=secrets.token_urlsafe(20),
            left_token=secrets.token_urlsafe(20),
            right_token=secrets.token_urlsafe(20),
        )
        for item in playlist_for(rater.study, rater.number - 1)
    )
    return session


def mark_instructed(rater: Rater) -> None:
    """Store that the rater has read the instructions; the first time counts."""
    Rater.objects.filter(pk=rater.pk, instructed_at__isnull=True).update(instructed_at=timezone.now())


def mark_shown(trial: Trial) -> None:
    """Store that a trial's page was given out; the first time counts."""
    Trial.objects.filter(pk=trial.pk, shown_at__isnull=True).update(shown_at=timezone.now())


def finish_session(session: Session) -> bool:
    """Store that no trial is left; answers whether this call was the one that did."""
    if session.trials.filter(rating__isnull=True).exists():
        return False
    unfinished = Session.objects.filter(pk=session.pk, finished_at__isnull=True)
    changed = unfinished.update(finished_at=timezone.now())
    return bool(changed)
