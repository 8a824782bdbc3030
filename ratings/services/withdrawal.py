"""Takes a rater out of a study at their own wish, with what they gave or with what says whose it is."""

import secrets
from datetime import UTC
from typing import Any, Final

from django.db import transaction
from django.db.models import DateTimeField, Q, QuerySet
from django.db.models.functions import TruncDay
from django.utils import timezone

from ratings.models import Rater, Rating, Session, StepResult, Study, Trial
from ratings.services.sessions import new_tokens
from ratings.services.slots import drop_rater
from srstudy.errors import Refused

# What would say whose the ratings are. Without its invite the rater counts among those of no link.
IDENTITY: Final[dict[str, Any]] = {
    "token_hash": None,
    "recruited": {},
    "completion_code": "",
    "language": "",
    "invite": None,
    "instructed_at": None,
}
# What tells of a device, and no score needs.
DEVICE: Final[dict[str, Any]] = {
    "device_pixel_ratio": None,
    "window_width": None,
    "window_height": None,
    "screen_width": None,
    "screen_height": None,
    "pointer": "",
}
NAME_BYTES = 6


@transaction.atomic
def withdraw_rater(rater: Rater) -> bool:
    """Delete or make nameless what a rater gave, as the study's option says; answers whether this call did.

    "delete": ratings, trials and steps go. "anonymise": ratings stay, the answers of the steps go. In both a
    row stays that counts the rater: under another name, that was told to nobody, without token, language,
    invite, recruiting service's ids and code, its times cut to the day. The place goes to the next who
    joins, unless it is that of a rater who was done and whose ratings stay; the invite may bring another in
    any case. The same in a closed study.

    Ratings that stay have their times cut to the day, nothing of the device, and rows of other keys:
    `rater.pk` is none of them. What they must keep to be of use still tells them from others. Whoever has
    kept an earlier export of the ratings can compare scores and durations. The order of the trials tells
    which playlist it was, as does the slot of a place that stays taken, which is in no export. A day tells
    who it was if nobody else took part on it. And where one name alone has gone from a list of all raters,
    the ratings are theirs. Nothing but deleting helps against these.
    """
    # Answers and steps are stored under a lock of this row: after it none is on its way.
    held = Rater.objects.select_for_update(no_key=True).filter(pk=rater.pk, withdrawn_at__isnull=True).first()
    if held is None:
        return False
    is_kept = rater.study.setup.withdrawal == "anonymise"
    if not (is_kept and held.finished_at is not None):
        drop_rater(held)
    row = Rater.objects.filter(pk=held.pk)
    name = f"W{secrets.token_hex(NAME_BYTES)}"
    row.update(withdrawn_at=timezone.now(), pseudonym=name, **IDENTITY)
    row.filter(dropped_at__isnull=False).update(slot=None)  # a place given up is counted as free
    _cut_times(row)
    StepResult.objects.filter(rater=held).delete()
    if is_kept:
        _make_nameless(held)
    else:
        Session.objects.filter(rater=held).delete()
    return True


def _cut_times(rows: QuerySet[Any]) -> None:
    """Leave of every time in these rows its day, in UTC."""
    times = [field.name for field in rows.model._meta.concrete_fields if isinstance(field, DateTimeField)]
    rows.update(**{name: TruncDay(name, tzinfo=UTC) for name in times})


def _make_nameless(rater: Rater) -> None:
    """Take from a rater's ratings what says whose they are.

    Keys and numbers count everybody who joined, and the addresses of trials stand in a web server's log:
    each is replaced by one that means nothing.
    """
    Rating.objects.filter(trial__session__rater=rater).update(**DEVICE)
    for rows in (
        Session.objects.filter(rater=rater),
        Trial.objects.filter(session__rater=rater),
        Rating.objects.filter(trial__session__rater=rater),
    ):
        _cut_times(rows)
    _swap_number(rater)
    # Keys of other tables are checked at the end of the transaction, when they fit again.
    rater_key = _new_key()
    for session in list(rater.sessions.all()):
        session_key = _new_key()
        for trial in list(session.trials.order_by("position")):
            trial_key = _new_key()
            Rating.objects.filter(trial=trial).update(id=_new_key(), trial=trial_key)
            Trial.objects.filter(pk=trial.pk).update(id=trial_key, session=session_key, **new_tokens())
        Session.objects.filter(pk=session.pk).update(id=session_key, rater=rater_key)
    Rater.objects.filter(pk=rater.pk).update(id=rater_key)


def _new_key() -> int:
    """A key that tells nothing of when its row was made; below zero, where no sequence comes."""
    return -1 - secrets.randbelow(2**62)


def _swap_number(rater: Rater) -> None:
    """Exchange the rater's number for that of one of those who have withdrawn, themselves among them.

    No number is given twice, so that those who have withdrawn have the missing ones; which is whose is left
    to chance.
    """
    gone = Rater.objects.select_for_update().filter(
        study=rater.study_id, source=rater.source, withdrawn_at__isnull=False
    )
    numbers = {one.pk: one.number for one in gone.order_by("pk")}
    other = secrets.choice(list(numbers))
    if other == rater.pk:
        return
    for key, number in ((other, 0), (rater.pk, numbers[other]), (other, numbers[rater.pk])):  # 0 is nobody's
        Rater.objects.filter(pk=key).update(number=number)


def find_rater(study: Study, name: str) -> Rater:
    """A rater by what somebody who asks for something by mail knows: pseudonym, code, or a service's id.

    Raises: Refused if no rater has this name, or several have.
    """
    known_by = (
        Q(pseudonym=name)
        | Q(completion_code=name)
        | Q(recruited__PROLIFIC_PID=name)
        | Q(recruited__workerId=name)
    )
    people = study.raters.exclude(source=Rater.Source.SIMULATED).filter(withdrawn_at__isnull=True)
    found = list(people.filter(known_by).order_by("pk")) if name else []
    if len(found) > 1:
        names = ", ".join(rater.pseudonym for rater in found)
        raise Refused(f"{name} is known to study {study.slug} as {names}; name one of these.")
    if not found:
        raise Refused(
            f"Study {study.slug} has no rater {name!r}: name a pseudonym (R0001), a completion code, or the "
            "id that Prolific or MTurk gave."
        )
    return found[0]
