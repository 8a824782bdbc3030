"""Takes a rater out of a study at their own wish, with what they gave or with what says whose it is."""

import secrets
from datetime import UTC, datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from ratings.models import Rater, Session, StepResult, Study
from ratings.services.slots import drop_rater
from srstudy.errors import Refused

# What would say whose the ratings are. Without its invite the rater counts among those of no link.
IDENTITY: Final[dict[str, Any]] = {
    "token_hash": None,
    "recruited": {},
    "completion_code": "",
    "language": "",
    "invite": None,
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
    """
    # Answers and steps are stored under a lock of this row: after it none is on its way.
    held = Rater.objects.select_for_update(no_key=True).filter(pk=rater.pk, withdrawn_at__isnull=True).first()
    if held is None:
        return False
    is_kept = rater.study.setup.withdrawal == "anonymise"
    if not (is_kept and held.finished_at is not None):
        drop_rater(held)
    Rater.objects.filter(pk=rater.pk).update(
        withdrawn_at=timezone.now(),
        pseudonym=f"W{secrets.token_hex(NAME_BYTES)}",
        created_at=_day_of(held.created_at),
        consented_at=held.consented_at and _day_of(held.consented_at),
        instructed_at=None,
        **IDENTITY,
    )
    StepResult.objects.filter(rater=rater).delete()
    if not is_kept:
        Session.objects.filter(rater=rater).delete()
    return True


def _day_of(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


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
