"""What an answer needs to know of its trial; none of it changes once the trial has been handed out.

It is remembered in Django's cache from then on, so that storing an answer costs the database one INSERT.
After a restart, or in another process, it is read from the database.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from django.core.cache import cache

from ratings.invites import token_hash
from ratings.methodologies import METHODOLOGIES, Methodology
from ratings.models import Rater, Trial
from ratings.study_options import StudyOptions

REMEMBERED_S = 3600


@dataclass(frozen=True, slots=True)
class AskedTrial:
    """A trial as its answer sees it: where it stands, what stood where, and how the study asks."""

    id: int
    position: int
    reference_side: str
    side_a: str
    session_id: int
    session_length: int
    rater_id: int
    study: str
    methodology: str
    setup: StudyOptions
    is_shown: bool

    @classmethod
    def of(cls, trial: Trial) -> Self:
        """What is known of a trial."""
        session = trial.session
        study = session.rater.study
        return cls(
            id=trial.pk,
            position=trial.position,
            reference_side=trial.reference_side,
            side_a=trial.side_a,
            session_id=session.pk,
            session_length=session.length,
            rater_id=session.rater_id,
            study=study.slug,
            methodology=study.methodology,
            setup=study.setup,
            is_shown=trial.shown_at is not None,
        )

    @property
    def asks(self) -> Methodology:
        """The methodology, with what its answers mean."""
        return METHODOLOGIES[self.methodology]


def remember(invite: str, rater: Rater, trials: Iterable[Trial]) -> None:
    """Keep what the answers to these trials will need, which have been handed out to a rater by this link."""
    if rater.token_hash is None:
        return
    known = {_key(invite, rater.token_hash, one.token): AskedTrial.of(one) for one in trials}
    cache.set_many(known, REMEMBERED_S)


def recall(invite: str, rater_token: str, token: str) -> AskedTrial | None:
    """What was remembered of a trial, for the link and the cookie that it was handed out to alone."""
    found: AskedTrial | None = cache.get(_key(invite, token_hash(rater_token), token))
    return found


def _key(invite: str, rater_token_hash: str, token: str) -> str:
    return token_hash(f"{invite} {rater_token_hash} {token}")
