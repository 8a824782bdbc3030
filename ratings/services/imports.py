"""Stores ratings that were collected elsewhere as those of raters, sessions and trials of an open study."""

import secrets
from dataclasses import dataclass

import pandas as pd
from django.db import IntegrityError, transaction

from ratings.models import Rater, Rating, Session, Study, Trial
from ratings.services.imported_rows import ImportedChoices, ImportedRows, Row
from ratings.services.sessions import hold_open
from srstudy.errors import Refused


@dataclass(frozen=True)
class Imported:
    """What an import stored, and sentences on what it left out."""

    raters: tuple[str, ...]
    ratings: int
    notes: tuple[str, ...]


def import_ratings(study: Study, frame: pd.DataFrame, *, file: str) -> Imported:
    """Store a table of ratings in a study, all of it or nothing.

    `frame` is a long table, of paired comparisons if the study compares, whose index holds the line numbers
    of `file`. Raters keep their names of the file as pseudonyms and are of source `import`, or `simulated`
    where the file says that.
    Rows of kind training, dummy and trap on what the study does not show are left out and counted.
    Raises: Refused, one sentence with the line, for a row that the study cannot take: an unknown image
    or method, a rater it has already, a position twice, a score off the scale, a second vote.
    """
    kind = ImportedRows if study.asks.scale is not None else ImportedChoices
    try:
        rows = kind(study, frame, file)
    except ValueError as error:
        raise Refused(str(error)) from error
    try:
        with transaction.atomic():
            hold_open(study)
            _refuse_known_raters(study, rows)
            stored = {name: _store_rater(study, rows, name) for name in rows.of_rater}
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
    return Imported(tuple(name for name, count in stored.items() if count), sum(stored.values()), notes)


def _refuse_known_raters(study: Study, rows: ImportedRows) -> None:
    known = study.raters.filter(pseudonym__in=rows.of_rater).values_list("pseudonym", flat=True)
    if known:
        raise Refused(
            f"Study {study.slug} has a rater {known[0]!r} already: were these ratings imported "
            "before? Rename the rater in the file if it is somebody else."
        )


def _store_rater(study: Study, rows: ImportedRows, name: str) -> int:
    """Store a rater with their sessions; answers how many ratings, and stores nobody without any."""
    source = rows.source_of(name)
    last = study.raters.filter(source=source).order_by("-number").values_list("number", flat=True).first()
    rater = Rater.objects.create(study=study, source=source, number=(last or 0) + 1, pseudonym=name)
    sessions = rows.of_rater[name].values()
    stored = sum(_store_session(rater, number, rows, of) for number, of in enumerate(sessions, start=1))
    if not stored:  # all of their rows were left out: nobody came
        rater.delete()
    return stored


def _store_session(rater: Rater, number: int, rows: ImportedRows, of: list[tuple[int, Row]]) -> int:
    trials, ratings = [], []
    taken: set[int] = set()
    positioned = any(row.get("position") is not None for _, row in of)
    for order, (at, row) in enumerate(of, start=1):
        shown = rows.trial(at, row)
        if shown is None:
            continue
        position = _position(rater, rows, at, row, taken) if positioned else order
        tokens = {name: secrets.token_urlsafe(20) for name in ("token", "left_token", "right_token")}
        trials.append(Trial(position=position, **shown, **tokens))
        ratings.append(Rating(**rows.answer(at, row), **rows.circumstances(at, row)))
    if trials:
        ends = [rating.rated_at for rating in ratings]
        session = Session.objects.create(
            rater=rater, number=number, length=len(trials), finished_at=max(ends)
        )
        Session.objects.filter(pk=session.pk).update(started_at=min(ends))
        for trial, rating in zip(trials, ratings, strict=True):
            trial.session, trial.shown_at, rating.trial = session, rating.rated_at, trial
        Trial.objects.bulk_create(trials)
        Rating.objects.bulk_create(ratings)
    return len(trials)


def _position(rater: Rater, rows: ImportedRows, at: int, row: Row, taken: set[int]) -> int:
    position = rows.whole(at, row, "position", least=1)
    if position is None:
        rows.refuse(at, "position is empty, and other trials of the session have one")
    if position in taken:
        rows.refuse(at, f"rater {rater.pseudonym!r} has the position {position} twice in a session.")
    taken.add(position)
    return position
