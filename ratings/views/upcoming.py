"""What the page of trials is told: the trials it may show now, by tokens and sizes alone."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from ratings.asked import remember
from ratings.models import Session, Trial
from ratings.queries import practice_of
from ratings.services import showing
from ratings.views.access import Visit


def upcoming(visit: Visit, session: Session) -> dict[str, Any]:
    """The trials to show now, and where to go when there are none.

    Raises: FilesChanged if the next trial cannot be shown.
    """
    trials, _pause = showing.hand_out(session, visit.setup)
    if not trials:
        return {"trials": [], "go": reverse("ratings:start", args=[visit.token])}
    remember(visit.token, visit.known_rater, trials)
    warm_up = practice_of(session)
    return {"trials": [_described(visit, session, trial, warm_up) for trial in trials], "go": None}


def _described(visit: Visit, session: Session, trial: Trial, warm_up: int) -> dict[str, Any]:
    is_pair = visit.study.asks.pictures == 2
    if trial.position <= warm_up:
        number, total = trial.position, warm_up
        text = (
            _("Practice pair {number} of {total}") if is_pair else _("Practice picture {number} of {total}")
        )
    else:
        number, total = trial.position - warm_up, session.length - warm_up
        text = _("Pair {number} of {total}") if is_pair else _("Picture {number} of {total}")
    tokens = (trial.left_token, trial.right_token)[: visit.study.asks.pictures]
    return {
        "token": trial.token,
        "label": text.format(number=number, total=total),
        "done": number - 1,
        "total": total,
        "pictures": [
            {
                "src": reverse("ratings:image", args=[visit.token, token]),
                "width": trial.stimulus.width,
                "height": trial.stimulus.height,
            }
            for token in tokens
        ],
    }
