"""Stores ratings that were collected elsewhere as those of raters, sessions and trials of an open study."""

import secrets
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NoReturn, cast

import pandas as pd
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from ratings.analysis.columns import Rows, labels, score_values, simulated_rows
from ratings.analysis.votes import Votes
from ratings.models import SCORE_MAX, SCORE_MIN, Rater, Rating, Session, Study, Trial
from ratings.services.sessions import hold_open
from srstudy.errors import Refused

LONGEST_PSEUDONYM = 64
# Longer than anybody looks at a pair; a larger number is another unit, or a broken clock.
LONGEST_MS = 86_400_000


@dataclass(frozen=True)
class Imported:
    """What an import stored, and sentences on what it left out."""

    raters: tuple[str, ...]
    ratings: int
    notes: tuple[str, ...]


def import_ratings(study: Study, frame: pd.DataFrame, *, file: str) -> Imported:
    """Store a table of ratings in a study, all of it or nothing.

    `frame` is a long table whose index holds the line numbers of `file`. Raters keep their names of the
    file as pseudonyms and are of source `import`, or `simulated` where the file says that.
    Rows of kind training, dummy and trap on stimuli that the study does not show are left out and counted.
    Raises: Refused, one sentence with the line, for a row that the study cannot take: an unknown image
    or method, a rater it has already, a position twice, a score off the scale, a second vote.
    """
    try:
        rows = _Import.read(study, frame, file)
    except ValueError as error:
        raise Refused(str(error)) from error
    try:
        with transaction.atomic():
            hold_open(study)
            rows.refuse_known_raters()
            for name in rows.raters:
                rows.store_rater(name)
    except IntegrityError as error:  # another import came between looking and storing
        raise Refused(
            f"Study {study.slug} has just got raters of these names: were the ratings imported twice?"
        ) from error
    notes = tuple(
        f"{count} rows of kind {kind!r} are on stimuli that the study does not show, and were left out."
        for kind, count in sorted(rows.left_out.items())
    )
    if "rated_at" not in frame or frame["rated_at"].astype(object).fillna("").eq("").any():
        notes = (*notes, "Ratings without a time of their own have the time of this import.")
    return Imported(tuple(rows.with_ratings), rows.stored, notes)


class _Import:
    """The rows of one file, checked, and the study they go into."""

    def __init__(self, study: Study, frame: pd.DataFrame, rows: Rows) -> None:
        self.study, self.rows, self.stored = study, rows, 0
        self.left_out: Counter[str] = Counter()
        self.with_ratings: list[str] = []
        self.stimuli = {
            (image, method): key for key, image, method in study.stimuli.values_list("pk", "image", "method")
        }
        found = labels(frame, rows)
        self.raters = found["rater"].names
        score_values(frame, rows, study.methodology, (SCORE_MIN, SCORE_MAX))
        self.simulated = simulated_rows(frame, rows)
        columns = {name: [label.names[code] for code in label.codes] for name, label in found.items()}
        for name in frame.columns.difference([*columns]):
            columns[name] = [None if pd.isna(value) else value for value in frame[name]]
        self.of_rater: dict[str, dict[str, list[tuple[int, dict[str, Any]]]]] = {}
        for at, values in enumerate(zip(*columns.values(), strict=True)):
            row = dict(zip(columns, values, strict=True))
            sessions = self.of_rater.setdefault(row["rater"], {})
            sessions.setdefault(row["session"], []).append((at, row))

    @classmethod
    def read(cls, study: Study, frame: pd.DataFrame, file: str) -> "_Import":
        # For what it refuses: second votes, and tables without one vote of kind test.
        Votes.from_frame(frame, methodology=study.methodology, scale=(SCORE_MIN, SCORE_MAX), file=file)
        return cls(study, frame, Rows(frame.index.to_numpy(dtype="int64"), file))

    def _refuse(self, at: int, sentence: str) -> NoReturn:
        raise Refused(f"{self.rows.place(at)}: {sentence}")

    def refuse_known_raters(self) -> None:
        known = self.study.raters.filter(pseudonym__in=self.raters).values_list("pseudonym", flat=True)
        if known:
            raise Refused(
                f"Study {self.study.slug} has a rater {known[0]!r} already: were these ratings imported "
                "before? Rename the rater in the file if it is somebody else."
            )

    def _next_number(self, source: Rater.Source) -> int:
        raters = self.study.raters.filter(source=source).order_by("-number")
        return (raters.values_list("number", flat=True).first() or 0) + 1

    def store_rater(self, name: str) -> None:
        sessions = self.of_rater[name]
        first_at, _ = next(iter(sessions.values()))[0]
        if len(name) > LONGEST_PSEUDONYM:
            self._refuse(first_at, f"the rater {name!r} is longer than {LONGEST_PSEUDONYM} characters.")
        simulated = {bool(self.simulated[at]) for session in sessions.values() for at, _ in session}
        if len(simulated) > 1:
            self._refuse(first_at, f"the rater {name!r} is simulated in some rows and not in others.")
        source = Rater.Source.SIMULATED if simulated == {True} else Rater.Source.IMPORT
        rater = Rater.objects.create(
            study=self.study, source=source, number=self._next_number(source), pseudonym=name
        )
        before = self.stored
        for session_number, session in enumerate(sessions.values(), start=1):
            self._store_session(rater, session_number, session)
        if self.stored == before:  # all of their rows were left out: nobody came
            rater.delete()
        else:
            self.with_ratings.append(name)

    def _store_session(self, rater: Rater, number: int, rows: list[tuple[int, dict[str, Any]]]) -> None:
        trials, ratings, taken = [], [], set()
        positioned = any(row.get("position") is not None for _, row in rows)
        for order, (at, row) in enumerate(rows, start=1):
            stimulus = self._stimulus(at, row)
            if stimulus is None:
                continue
            given = self._whole(at, row, "position", least=1)
            if given is None and positioned:
                self._refuse(at, "position is empty, and other trials of the session have one")
            position = given or order
            if position in taken:
                self._refuse(at, f"rater {rater.pseudonym!r} has the position {position} twice in a session.")
            taken.add(position)
            trials.append(
                Trial(
                    position=position,
                    stimulus_id=stimulus,
                    kind=row.get("kind", Trial.Kind.TEST),
                    repeat_of=self._whole(at, row, "repeat_of", least=1),
                    reference_side=self._side(at, row),
                    token=secrets.token_urlsafe(20),
                    left_token=secrets.token_urlsafe(20),
                    right_token=secrets.token_urlsafe(20),
                )
            )
            ratings.append(self._rating(at, row))
        if trials:
            ends = [rating.rated_at for rating in ratings]
            session = Session.objects.create(rater=rater, number=number, finished_at=max(ends))
            Session.objects.filter(pk=session.pk).update(started_at=min(ends))
            for trial, rating in zip(trials, ratings, strict=True):
                trial.session, trial.shown_at, rating.trial = session, rating.rated_at, trial
            Trial.objects.bulk_create(trials)
            Rating.objects.bulk_create(ratings)
            self.stored += len(ratings)

    def _stimulus(self, at: int, row: dict[str, Any]) -> int | None:
        found = self.stimuli.get((row["image"], row["method"]))
        kind = row.get("kind", Trial.Kind.TEST)
        if kind not in Trial.Kind.values:
            self._refuse(at, f"the kind {kind or ''!r} is not one of {', '.join(Trial.Kind.values)}.")
        if found is None and kind in (Trial.Kind.TEST, Trial.Kind.REPEAT):
            self._refuse(
                at,
                f"study {self.study.slug} does not show image {row['image']!r} by method {row['method']!r}; "
                f"it shows {_some(self.stimuli)}.",
            )
        if found is None:
            self.left_out[kind] += 1
        return found

    def _rating(self, at: int, row: dict[str, Any]) -> Rating:
        scores = row.get("reference_score"), row.get("test_score")
        has_scores = scores[0] is not None
        return Rating(
            reference_score=scores[0],
            test_score=scores[1],
            given_difference=None if has_scores else row.get("difference"),
            duration_ms=self._whole(at, row, "duration_ms", least=0, most=LONGEST_MS),
            sitting=self._whole(at, row, "sitting", least=1) or 1,
            rated_at=self._time(at, row),
        )

    def _whole(
        self, at: int, row: dict[str, Any], name: str, *, least: int, most: int = 2**31 - 1
    ) -> int | None:
        value = row.get(name)
        if value is None:
            return None
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = -1.5
        if not number.is_integer() or not least <= number <= most:
            shown = f"{value:g}" if isinstance(value, float) else repr(value)
            self._refuse(at, f"{name} {shown} is not a whole number between {least} and {most}.")
        return int(number)

    def _side(self, at: int, row: dict[str, Any]) -> str:
        side = row.get("reference_side") or ""
        if side not in ("", *Trial.Side.values):
            self._refuse(at, f"reference_side {side!r} is neither 'left' nor 'right'.")
        return cast(str, side)

    def _time(self, at: int, row: dict[str, Any]) -> datetime:
        text = row.get("rated_at")
        if text is None:
            return timezone.now()
        try:
            found = parse_datetime(str(text))
            if found is not None and timezone.is_naive(found):
                found = timezone.make_aware(found)
            if found is not None:
                found.astimezone(UTC)  # the first and last hours of all time have none in UTC
        except (ValueError, OverflowError):
            found = None
        if found is None:
            self._refuse(at, f"rated_at {text!r} is not a time of ISO 8601.")
        return found


def _some(stimuli: dict[tuple[str, str], int]) -> str:
    images = list(dict.fromkeys(image for image, _ in stimuli))
    methods = list(dict.fromkeys(method for _, method in stimuli))
    return f"{_first(images)} by {_first(methods)}"


def _first(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} others" if len(names) > 3 else "")
