"""Who took part in a study: one row a rater, with what the steps on their way found out."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import pandas as pd
from django.db.models import Count, Max, Prefetch, Q, QuerySet

from ratings.models import Rater, StepResult, Study
from ratings.queries import counted_raters
from ratings.recruiting import PARAMETERS

COLUMNS = (
    *("rater", "source", "language", "slot", "joined_at", "finished_at", "dropped_at", "withdrawn_at"),
    *("playlist_version", "relaxed", "trials", "rated"),
)
PURPOSE = "to confirm and pay work at the recruiting service; never publish it beside the ratings"


def participants_frame(study: Study) -> pd.DataFrame:
    """A row a rater who counts, by name; times in UTC, ISO 8601, empty where it never was.

    `slot` is the rater's playlist, from 0, empty for imported raters and for those who have withdrawn,
    `playlist_version` the rules that made it, and `relaxed` whether one of them gave way; `trials` are those
    of the playlist, `rated` of them have an answer. What a step stored follows in columns STEP_KEY, lists as
    JSON.
    """
    raters = (
        counted_raters(study)
        .annotate(
            finished=Max("sessions__finished_at"),
            version=Max("sessions__playlist_version"),
            relaxed=Count("sessions", filter=Q(sessions__relaxed=True), distinct=True),
            trials=Count("sessions__trials", distinct=True),
            rated=Count("sessions__trials__rating", distinct=True),
        )
        .prefetch_related(Prefetch("steps", StepResult.objects.order_by("pk")))
    )
    frame = pd.DataFrame([dict(_row(rater)) for rater in _by_name(raters)])
    frame = frame.reindex(columns=[*COLUMNS, *(name for name in frame if name not in COLUMNS)])
    return frame.astype(dict.fromkeys(("slot", "playlist_version", "trials", "rated"), "Int64"))


def _by_name(raters: QuerySet[Any]) -> list[Any]:
    """Raters in an order that tells nothing of when they joined, the same on every database."""
    return sorted(raters, key=lambda rater: rater.pseudonym)


def _row(rater: Any) -> Iterator[tuple[str, object]]:
    yield from {
        "rater": rater.pseudonym,
        "source": rater.source,
        "language": rater.language,
        "slot": rater.slot if rater.withdrawn_at is None else None,  # which counts those who joined
        "joined_at": _utc(rater.created_at),
        "finished_at": _utc(rater.finished),
        "dropped_at": _utc(rater.dropped_at),
        "withdrawn_at": _utc(rater.withdrawn_at),
        "playlist_version": rater.version or None,
        "relaxed": rater.relaxed > 0,
        "trials": rater.trials,
        "rated": rater.rated,
    }.items()
    for step in rater.steps.all():
        yield from _flat(step.step, step.content)


def _utc(when: Any) -> str | None:
    return None if when is None else when.isoformat(timespec="milliseconds")


def _flat(name: str, content: object) -> Iterator[tuple[str, object]]:
    """The leaves of JSON, each under the names that lead to it, joined by an underscore."""
    if isinstance(content, Mapping):
        for key, value in sorted(content.items()):  # PostgreSQL keeps no order of keys
            yield from _flat(f"{name}_{key}", value)
    elif isinstance(content, list):
        yield name, json.dumps(content, ensure_ascii=False)
    elif isinstance(content, bool):
        yield name, "true" if content else "false"
    else:
        yield name, content


def recruiting_frame(study: Study) -> pd.DataFrame:
    """What a recruiting service needs to pay by: pseudonym, completion code and the ids of its link.

    Kept apart from everything else, because ids name people. A row a person who came with ids.
    """
    came = study.raters.filter(source=Rater.Source.BROWSER).exclude(recruited={})
    rows = [
        {
            "rater": rater.pseudonym,
            "finished_at": _utc(finished),
            "completion_code": rater.completion_code,
            **rater.recruited,
            "purpose": PURPOSE,
        }
        for rater, finished in _with_end(came)
    ]
    frame = pd.DataFrame(rows)
    ids = [name for name in PARAMETERS if name in frame]
    return frame.reindex(columns=["rater", "finished_at", "completion_code", *ids, "purpose"])


def _with_end(raters: QuerySet[Rater]) -> Iterator[tuple[Rater, datetime | None]]:
    for rater in _by_name(raters.annotate(finished=Max("sessions__finished_at"))):
        yield rater, rater.finished
