"""Stores simulated raters with their sessions and ratings, marked as what they are."""

import secrets
from datetime import timedelta

import numpy as np
from django.db import transaction
from django.utils import timezone

from ratings.analysis.simulation import SimulatedRatings, expected_difference_from_psnr, simulate_dscqs
from ratings.models import Rater, Rating, Session, Study, Trial
from ratings.services.sessions import add_rater, plan_session
from srstudy.errors import Refused

MOST_RATERS = 10_000


@transaction.atomic
def simulate_raters(study: Study, *, raters: int, seed: int) -> list[Rater]:
    """Let a program rate an open study; its raters are marked as simulated wherever they appear.

    Raises: Refused for a number of raters out of range or a study that is not open.
    """
    if not 1 <= raters <= MOST_RATERS:
        raise Refused(f"--raters is {raters}, which is not between 1 and {MOST_RATERS}.")
    if study.status != Study.Status.OPEN:
        raise Refused(f"Study {study.slug} is {study.get_status_display()}: only an open one can be rated.")
    stimuli = list(study.stimuli.order_by("pk").values_list("pk", "psnr"))
    expected = expected_difference_from_psnr(np.array([psnr for _, psnr in stimuli], dtype=float))
    first = study.raters.filter(source=Rater.Source.SIMULATED).count()
    answers = simulate_dscqs(expected, raters=raters, seed=seed, first_rater=first)
    row_of = {pk: row for row, (pk, _) in enumerate(stimuli)}
    return [_store(study, column, answers, row_of) for column in range(raters)]


def _store(study: Study, column: int, answers: SimulatedRatings, row_of: dict[int, int]) -> Rater:
    rater = add_rater(study, source=Rater.Source.SIMULATED, completion_code=secrets.token_hex(4).upper())
    session = plan_session(rater)
    clock = timezone.now()
    ratings = []
    for trial in session.trials.order_by("position"):
        row = row_of[trial.stimulus_id]
        duration_ms = int(answers.duration_ms[row, column])
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
    Trial.objects.filter(session=session).update(shown_at=session.started_at)
    Session.objects.filter(pk=session.pk).update(finished_at=clock)
    return rater
