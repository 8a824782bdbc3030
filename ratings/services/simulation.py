"""Stores simulated raters with their sessions and ratings, marked as what they are."""

import secrets
from collections.abc import Callable
from datetime import timedelta

import numpy as np
from django.db import transaction
from django.utils import timezone

from ratings.analysis.simulation import SimulatedRatings, expected_difference_from_psnr, simulate_dscqs
from ratings.models import Rater, Rating, Session, Study, Trial
from ratings.services.sessions import add_rater, plan_session
from srstudy.errors import Refused

MOST_RATERS = 10_000


def simulate_raters(
    study: Study, *, raters: int, seed: int, on_progress: Callable[[int, int], None] = lambda done, of: None
) -> list[Rater]:
    """Let a program rate an open study; its raters are marked as simulated wherever they appear.

    Each rater is stored whole or not at all, and those before stay when the work is stopped.
    `on_progress` gets (raters stored, raters in all).
    Raises: Refused for a number of raters out of range or a study that is not open.
    """
    if not 1 <= raters <= MOST_RATERS:
        raise Refused(f"--raters is {raters}, which is not between 1 and {MOST_RATERS}.")
    _refuse_unless_open(study)
    stimuli = list(study.stimuli.order_by("pk").values_list("pk", "psnr"))
    expected = expected_difference_from_psnr(np.array([psnr for _, psnr in stimuli], dtype=float))
    first = study.raters.filter(source=Rater.Source.SIMULATED).count()
    answers = simulate_dscqs(expected, raters=raters, seed=seed, first_rater=first)
    row_of = {pk: row for row, (pk, _) in enumerate(stimuli)}
    stored = []
    for column in range(raters):
        stored.append(_store(study, column, answers, row_of))
        on_progress(len(stored), raters)
    return stored


def _refuse_unless_open(study: Study) -> None:
    study.refresh_from_db(fields=["status"])
    if study.status != Study.Status.OPEN:
        raise Refused(f"Study {study.slug} is {study.get_status_display()}: only an open one can be rated.")


@transaction.atomic
def _store(study: Study, column: int, answers: SimulatedRatings, row_of: dict[int, int]) -> Rater:
    """Store one rater, who has this moment given the last of their answers."""
    _refuse_unless_open(study)
    rater = add_rater(study, source=Rater.Source.SIMULATED, completion_code=secrets.token_hex(4).upper())
    session = plan_session(rater)
    finished_at = timezone.now()
    trials = list(session.trials.order_by("position"))
    taken_ms = [int(answers.duration_ms[row_of[trial.stimulus_id], column]) for trial in trials]
    clock = started_at = finished_at - timedelta(milliseconds=sum(taken_ms))
    ratings = []
    for trial, duration_ms in zip(trials, taken_ms, strict=True):
        row = row_of[trial.stimulus_id]
        trial.shown_at = clock
        clock += timedelta(milliseconds=duration_ms)
        ratings.append(
            Rating(
                trial=trial,
                reference_score=round(float(answers.reference_score[row, column]), 1),
                test_score=round(float(answers.test_score[row, column]), 1),
                duration_ms=duration_ms,
                rated_at=clock,
            )
        )
    Rating.objects.bulk_create(ratings)
    Trial.objects.bulk_update(trials, ["shown_at"])
    Rater.objects.filter(pk=rater.pk).update(created_at=started_at)
    Session.objects.filter(pk=session.pk).update(started_at=started_at, finished_at=finished_at)
    return rater
