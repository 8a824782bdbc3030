"""Reads of the second half: who is this, what comes next, what was rated."""

from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from ratings.asked import AskedTrial, recall
from ratings.invites import token_hash
from ratings.models import Invite, Rater, Rating, Session, Study, Trial, read_options
from srstudy.database import planned_cursor
from srstudy.errors import Refused


@dataclass(frozen=True, slots=True)
class Place:
    """Where a rater is: trials rated, of how many, those for practice apart; whether any has an answer."""

    rated: int
    total: int
    practice: int
    begun: bool


def invite_by_token(token: str) -> Invite | None:
    """The invite that a link names, with its study, whatever the status of either."""
    return Invite.objects.filter(token_hash=token_hash(token)).select_related("study").first()


def rater_by_token(study: Study, token: str) -> Rater | None:
    """The rater of this study that a cookie names."""
    if not token:
        return None
    return study.raters.filter(token_hash=token_hash(token)).select_related("study").first()


def session_of(rater: Rater) -> Session:
    """The rater's latest session."""
    return rater.sessions.order_by("-number")[0]


def place_of(session: Session) -> Place:
    """How far the session is."""
    rated = session.trials.filter(rating__isnull=False)
    practice = practice_of(session)
    return Place(
        rated=rated.exclude(kind=Trial.Kind.TRAINING).count(),
        total=session.length - practice,
        practice=practice,
        begun=rated.exists(),
    )


def practice_of(session: Session) -> int:
    """How many of a session's trials are for practice; they are the first ones."""
    return session.trials.filter(kind=Trial.Kind.TRAINING).count()


# In SQL, because to put it together in the ORM takes ten times as long as to run it. The columns are those
# of AskedTrial, in their order.
_ASKED_TRIAL = """
    SELECT trial.id, trial.position, trial.reference_side, trial.side_a, session.id, session.length,
        rater.id, study.slug, study.methodology, study.options, trial.shown_at IS NOT NULL
    FROM ratings_trial AS trial
    JOIN ratings_session AS session ON session.id = trial.session_id
    JOIN ratings_rater AS rater ON rater.id = session.rater_id
    JOIN ratings_study AS study ON study.id = rater.study_id
    JOIN ratings_invite AS invite ON invite.study_id = study.id
    WHERE trial.token = %s AND rater.token_hash = %s AND invite.token_hash = %s
"""


def asked_trial(invite: str, rater_token: str, token: str) -> AskedTrial | None:
    """A trial by its own token, if the cookie names its rater and the link leads to its study."""
    if not rater_token:
        return None
    known = recall(invite, rater_token, token)
    if known is not None:
        return known
    with planned_cursor() as cursor:
        cursor.execute(_ASKED_TRIAL, [token, token_hash(rater_token), token_hash(invite)])
        row = cursor.fetchone()
    if row is None:
        return None
    *where, options, is_shown = row
    values = [*where, read_options(options), bool(is_shown)]
    return AskedTrial(*values)


def trial_by_image(rater: Rater, token: str) -> tuple[Trial, int] | None:
    """The trial of this rater, already handed out, one of whose pictures has this token, and which one."""
    names = {"left_token": 0, "right_token": 1}
    found = (
        Trial.objects.filter(Q(left_token=token) | Q(right_token=token))
        .filter(session__rater=rater, shown_at__isnull=False)
        .select_related("stimulus", "other", "session__rater__study")
        .first()
    )
    if found is None:
        return None
    return found, next(at for name, at in names.items() if getattr(found, name) == token)


# How an answer was given, as far as the browser measured it; the same names in the files.
MEASURED_COLUMNS = (
    *("duration_ms", "device_pixel_ratio", "window_width", "window_height"),
    *("screen_width", "screen_height", "first_interaction_ms", "toggles", "window_changes", "restarts"),
    *("hidden_count", "hidden_ms", "kept_ms", "pointer"),
)
RATING_COLUMNS = {
    "rater": "trial__session__rater__pseudonym",
    "source": "trial__session__rater__source",
    "language": "trial__session__rater__language",
    "session": "trial__session__number",
    "sitting": "sitting",
    "position": "trial__position",
    "kind": "trial__kind",
    "repeat_of": "trial__repeat_of",
    "shown": "trial__shown",
    "image": "trial__stimulus__image",
    "method": "trial__stimulus__method",
    "other_method": "trial__other__method",
    "reference_side": "trial__reference_side",
    "side_a": "trial__side_a",
    "reference_score": "reference_score",
    "test_score": "test_score",
    "given_difference": "given_difference",
    "score": "score",
    "choice": "choice",
    **{name: name for name in MEASURED_COLUMNS},
    "rated_at": "rated_at",
}


def rating_rows(study: Study) -> list[tuple[Any, ...]]:
    """Every rating of a study in the columns of RATING_COLUMNS, rater by rater in the order of showing.

    Raters come by name, which tells nothing of when they joined; databases sort names in ways of their own.
    Ratings of try-outs are left out.
    """
    rows = (
        _counted_ratings(study)
        .order_by("trial__session__number", "trial__position")
        .values_list(*RATING_COLUMNS.values())
        .iterator(chunk_size=5000)
    )
    return sorted(rows, key=itemgetter(list(RATING_COLUMNS).index("rater")))


def _counted_ratings(study: Study) -> QuerySet[Rating]:
    return Rating.objects.filter(trial__session__rater__study=study).exclude(
        trial__session__rater__source=Rater.Source.TRYOUT
    )


def counted_raters(study: Study) -> QuerySet[Rater]:
    """The raters of a study who count: no try-outs, and nobody whose ratings went when they withdrew."""
    rated = Rating.objects.filter(trial__session__rater=OuterRef("pk"))
    return study.raters.exclude(source=Rater.Source.TRYOUT).filter(
        Q(withdrawn_at__isnull=True) | Exists(rated)
    )


@dataclass(frozen=True, slots=True)
class Attendance:
    """How many raters a study has, by where they came from and how far they are.

    `dropped` people gave their place up and what they rated counts; `withdrawn` ones asked to be taken out,
    and are among the people only where their ratings were kept.
    """

    people: int
    people_finished: int
    dropped: int
    withdrawn: int
    simulated: int
    tryouts: int
    ratings: int


def attendance(study: Study) -> Attendance:
    """Counts of raters and ratings; simulated raters and try-outs are never counted as people."""
    raters = study.raters
    people = counted_raters(study).exclude(source=Rater.Source.SIMULATED)
    return Attendance(
        people=people.count(),
        people_finished=people.filter(sessions__finished_at__isnull=False).distinct().count(),
        dropped=people.filter(dropped_at__isnull=False, withdrawn_at__isnull=True).count(),
        withdrawn=raters.filter(withdrawn_at__isnull=False).exclude(source=Rater.Source.TRYOUT).count(),
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
