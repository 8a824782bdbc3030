"""A rater's way through a study: joining, the session's trials, the end."""

import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from ratings import queries
from ratings.invites import token_hash
from ratings.models import Invite, Rater, Session, StepResult, Study, Trial
from ratings.playlist import PLAYLIST_VERSION
from ratings.recruiting import PERSON_IDS
from ratings.services.playlists import playlist_for
from ratings.services.slots import refuse_if_full, release_inactive, take_slot
from srstudy.errors import Refused

PREFIX = {
    Rater.Source.BROWSER: "R",
    Rater.Source.TRYOUT: "TRY",
    Rater.Source.SIMULATED: "SIM",
    Rater.Source.IMPORT: "I",
}
JOIN_TRIES = 20
NONCE_BYTES = 24
CODE_BYTES = 5
TRIAL_TOKEN_BYTES = 20
NONCE = re.compile(r"[A-Za-z0-9_-]{32}")  # NONCE_BYTES in URL-safe base64


class StudyNotOpen(Refused):
    """The study takes no raters and no ratings now."""


class NotFromTheForm(Refused):
    """A consent without the nonce that the consent form carries."""


class RaterGone(Refused):
    """What comes from a rater who has withdrawn, or whose place was given away."""


class TakesPartAlready(Refused):
    """A person whom a recruiting service has sent before, by their id there."""


class OtherConsent(Refused):
    """An agreement to a consent text that is not the study's."""


@dataclass(frozen=True, slots=True)
class Joined:
    """A rater who has joined, with the token that names them from now on."""

    rater: Rater
    token: str


def new_nonce() -> str:
    """What makes one loading of the consent form differ from another."""
    return secrets.token_urlsafe(NONCE_BYTES)


def join_study(
    study: Study,
    *,
    consent_version: str,
    nonce: str,
    tryout: bool = False,
    invite: Invite | None = None,
    language: str = "",
    recruited: Mapping[str, str] | None = None,
) -> Joined:
    """Store a person's consent and plan their session; called once a person has agreed.

    The same nonce again (a double click, a form sent twice) answers the same rater and the same token.
    With `tryout` the person is a researcher who looks at the study: they are never counted.
    `invite` is the link they came by, `language` the one they read, `recruited` what a recruiting service
    put into the link.
    Raises: StudyNotOpen if the study is not open, NoPlaceLeft if it or the invite is full, TakesPartAlready
    if a recruiting service has sent this person before, NotFromTheForm if the nonce is none of `new_nonce`,
    OtherConsent if the consent text is not the study's.
    """
    if not NONCE.fullmatch(nonce):
        raise NotFromTheForm("The consent form was not sent in full; please reload the page.")
    if consent_version != study.consent_version:
        raise OtherConsent("The consent text has changed since the page was loaded; please read it again.")
    token = salted_hmac("ratings.rater", f"{study.pk}:{nonce}", algorithm="sha256").hexdigest()
    source = Rater.Source.TRYOUT if tryout else Rater.Source.BROWSER
    release_inactive(study)
    for _ in range(JOIN_TRIES):
        same = queries.rater_by_token(study, token)
        if same is not None:
            return Joined(same, token)
        try:
            person = {"language": language, "invite": invite, "recruited": dict(recruited or {})}
            return Joined(_add_person(study, source, token, person), token)
        except IntegrityError:  # this form came twice at once, or somebody else has just got this number
            continue
    raise Refused("Too many people are joining at this moment; please try again in a few seconds.")


@transaction.atomic
def _add_person(study: Study, source: Rater.Source, token: str, person: dict[str, Any]) -> Rater:
    hold_open(study)
    refuse_if_full(study, source, person["invite"])
    if source == Rater.Source.BROWSER:
        _refuse_who_takes_part(study, person["recruited"])
    rater = add_rater(
        study,
        source=source,
        token_hash=token_hash(token),
        consent_version=study.consent_version,
        consented_at=timezone.now(),
        completion_code=secrets.token_hex(CODE_BYTES).upper(),
        **person,
    )
    plan_session(rater)
    return rater


def _refuse_who_takes_part(study: Study, recruited: Mapping[str, str]) -> None:
    """Raises: TakesPartAlready if a rater of the study came with the same id of a recruiting service."""
    for name in PERSON_IDS:
        if name in recruited and study.raters.filter(**{f"recruited__{name}": recruited[name]}).exists():
            raise TakesPartAlready("This person takes part in the study already.")


def hold_open(study: Study) -> None:
    """Keep the study from being closed until this transaction ends.

    The study's row is read under a lock that closing it has to wait for: what is stored in this transaction
    is stored before the study closes, or not at all. The lock is shared, because with `select_for_update`
    all raters of a study would wait for one another's commits; Django has no way to ask for one. SQLite
    has one writer at a time, from the transaction's beginning on, and needs no lock.
    Raises: StudyNotOpen if the study is not open.
    """
    sql = "SELECT status FROM ratings_study WHERE id = %s"
    if connection.features.has_select_for_update:
        sql += " FOR SHARE"
    with connection.cursor() as cursor:
        cursor.execute(sql, [study.pk])
        (status,) = cursor.fetchone()
    if status != Study.Status.OPEN:
        raise StudyNotOpen(f"Study {study.slug} is {Study.Status(status).label}.")


def add_rater(study: Study, *, source: Rater.Source, **fields: Any) -> Rater:
    """Store a rater under the next number of their source, with a slot and a pseudonym that nobody has."""
    last = study.raters.filter(source=source).order_by("-number").values_list("number", flat=True).first()
    number = (last or 0) + 1
    while study.raters.filter(pseudonym=f"{PREFIX[source]}{number:04d}").exists():
        number += 1
    return Rater.objects.create(
        study=study,
        source=source,
        number=number,
        slot=take_slot(study, source),
        pseudonym=f"{PREFIX[source]}{number:04d}",
        **fields,
    )


def plan_session(rater: Rater) -> Session:
    """Store a rater's session with its trials in the order of their playlist."""
    if rater.slot is None:
        raise ValueError(f"{rater} has no slot, and so no playlist")
    plan = playlist_for(rater.study, rater.slot)
    session = Session.objects.create(
        rater=rater, length=len(plan.trials), playlist_version=PLAYLIST_VERSION, relaxed=plan.relaxed
    )
    Trial.objects.bulk_create(
        Trial(
            session=session,
            position=item.position + 1,  # people count from 1
            stimulus_id=entry.stimulus_id,
            other_id=entry.other_id if item.shown == "test" else None,
            kind=item.kind,
            shown=entry.shown if item.shown == "test" else item.shown,
            repeat_of=None if item.repeat_of is None else item.repeat_of + 1,
            **rater.study.asks.sides(item.reference_side),
            **new_tokens(),
        )
        for entry, item in plan.trials
    )
    return session


def new_tokens() -> dict[str, str]:
    """Addresses for a trial and its pictures that nobody can guess."""
    return {name: secrets.token_urlsafe(TRIAL_TOKEN_BYTES) for name in ("token", "left_token", "right_token")}


def mark_instructed(rater: Rater) -> None:
    """Store that the rater has read the instructions; the first time counts."""
    Rater.objects.filter(pk=rater.pk, instructed_at__isnull=True).update(instructed_at=timezone.now())


@transaction.atomic
def record_step(rater: Rater, name: str, content: dict[str, Any]) -> None:
    """Store what a step found out; a step taken again replaces what it found before.

    Raises: RaterGone if the rater has withdrawn or was dropped in the meantime.
    """
    _refuse_who_left(rater)
    StepResult.objects.update_or_create(rater=rater, step=name, defaults={"content": content})


@transaction.atomic
def ask_again(rater: Rater, steps: Iterable[str]) -> None:
    """Let a rater take these steps again; what they found before stays, under a name with a number.

    Raises: RaterGone, as `record_step`.
    """
    _refuse_who_left(rater)
    for result in rater.steps.filter(step__in=list(steps)):
        before = rater.steps.filter(step__startswith=f"{result.step}_device").count()
        StepResult.objects.filter(pk=result.pk).update(step=f"{result.step}_device{before + 1}")


def hold_rater(key: int) -> Rater | None:
    """A rater who is neither withdrawn nor dropped until this transaction ends; None if they are already."""
    here = Rater.objects.select_for_update(no_key=True).filter(pk=key)
    return here.filter(withdrawn_at__isnull=True, dropped_at__isnull=True).first()


def _refuse_who_left(rater: Rater) -> None:
    if hold_rater(rater.pk) is None:
        raise RaterGone("The rater has left the study.")


def finish_session(key: int) -> bool:
    """Store of a session that no trial is left; answers whether this call was the one that did."""
    if Trial.objects.filter(session=key, rating__isnull=True).exists():
        return False
    now = timezone.now()
    changed = Session.objects.filter(pk=key, finished_at__isnull=True).update(finished_at=now)
    Rater.objects.filter(sessions=key, finished_at__isnull=True).update(finished_at=now)
    return bool(changed)
