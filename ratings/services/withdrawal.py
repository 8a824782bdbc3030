"""Takes a rater out of a study at their own wish, with what they gave or with what says whose it is."""

from typing import Any, Final

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from ratings.models import Rater, Session, StepResult, Study
from ratings.services.slots import drop_rater
from srstudy.errors import Refused

# What would say whose the ratings are.
IDENTITY: Final[dict[str, Any]] = {"token_hash": None, "recruited": {}, "completion_code": ""}


@transaction.atomic
def withdraw_rater(rater: Rater) -> bool:
    """Delete or make nameless what a rater gave, as the study's option says; answers whether this call did.

    "delete": ratings, trials and steps go, and a row without language, token, recruiting service's ids and
    code stays, so that pseudonyms are not given again. "anonymise": ratings stay, and what says whose they
    are goes, the answers of the steps among it. The place goes to the next who joins, unless it is that of
    a rater who was done and whose ratings stay. The same in a closed study.
    """
    # Answers are stored under a shared lock of this row: after it none is on its way.
    Study.objects.select_for_update(no_key=True).get(pk=rater.study_id)
    waiting = Rater.objects.filter(pk=rater.pk, withdrawn_at__isnull=True)
    if not waiting.update(withdrawn_at=timezone.now(), **IDENTITY):
        return False
    StepResult.objects.filter(rater=rater).delete()
    sessions = Session.objects.filter(rater=rater)
    is_kept = rater.study.setup.withdrawal == "anonymise"
    if not (is_kept and sessions.filter(finished_at__isnull=False).exists()):
        drop_rater(rater)
    if not is_kept:
        sessions.delete()
        Rater.objects.filter(pk=rater.pk).update(language="")
    return True


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
    people = study.raters.exclude(source=Rater.Source.SIMULATED)
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
