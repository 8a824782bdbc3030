"""Stores simulated raters with their sessions and ratings, marked as what they are."""

import secrets
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import numpy as np
from django.db import transaction
from django.utils import timezone

from ratings.analysis.simulated_answers import DEGRADED_DIFFERENCE, Seen, SimulatedRater
from ratings.analysis.simulation import SimulatedRatings, expected_difference_from_psnr, simulate_dscqs
from ratings.models import Rater, Rating, Session, Study, Trial
from ratings.services.sessions import CODE_BYTES, add_rater, plan_session
from srstudy.errors import Refused

MOST_RATERS = 10_000
# What a rater answers beside the tests of a DSCQS study is drawn apart, so that the tests' answers stay the
# same whatever else is shown.
BESIDE_THE_TESTS = 1


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
    panel = _Panel(study, raters=raters, seed=seed)
    stored = []
    for column in range(raters):
        stored.append(_store(study, column, panel))
        on_progress(len(stored), raters)
    return stored


class _Panel:
    """The raters of one call, and what each answers to the trials of their playlist."""

    def __init__(self, study: Study, *, raters: int, seed: int) -> None:
        stimuli = list(study.stimuli.order_by("pk").values_list("pk", "psnr"))
        expected = expected_difference_from_psnr(np.array([psnr for _, psnr in stimuli], dtype=float))
        self._study, self._seed = study, seed
        self._expected = {pk: float(value) for (pk, _), value in zip(stimuli, expected, strict=True)}
        self._row_of = {pk: row for row, (pk, _) in enumerate(stimuli)}
        self._first = study.raters.filter(source=Rater.Source.SIMULATED).count()
        self._scored: SimulatedRatings | None = None
        if study.asks.analysed_as == "dscqs":
            self._scored = simulate_dscqs(expected, raters=raters, seed=seed, first_rater=self._first)

    def answers(self, column: int, trials: Sequence[Trial]) -> list[dict[str, Any]]:
        """The columns of a rating for each trial, the time taken among them."""
        number = self._first + column
        if self._scored is not None:
            return self._pairs(self._scored, column, trials)
        rater, scale = SimulatedRater(np.random.default_rng([self._seed, number])), self._study.asks.scale
        seen = self._seen(trials)
        if scale is None:
            choices, times = rater.choices(seen, ties=self._study.setup.ties)
            return _columns("choice", choices, times)
        category = rater.qualities if self._study.asks.pictures == 1 else rater.impairments
        scores, times = category(seen, scale=scale)
        return _columns("score", scores.tolist(), times)

    def _pairs(self, scored: SimulatedRatings, column: int, trials: Sequence[Trial]) -> list[dict[str, Any]]:
        rng = np.random.default_rng([self._seed, self._first + column, BESIDE_THE_TESTS])
        rater = SimulatedRater(rng, scored.traits[column])
        reference, test, times = rater.pairs(self._seen(trials))
        for at, trial in enumerate(trials):
            if trial.kind == Trial.Kind.TEST:
                cell = self._row_of[trial.stimulus_id], column
                reference[at], test[at] = scored.reference_score[cell], scored.test_score[cell]
                times[at] = scored.duration_ms[cell]
        return [
            {"reference_score": round(first, 1), "test_score": round(second, 1), "duration_ms": int(time)}
            for first, second, time in zip(reference.tolist(), test.tolist(), times, strict=True)
        ]

    def _seen(self, trials: Sequence[Trial]) -> Seen:
        first = [self._expected[trial.stimulus_id] if trial.other_id else 0.0 for trial in trials]
        second = [self._second(trial) for trial in trials]
        pairs = self._study.asks.pictures > 1
        same = [pairs and trial.shown == Trial.Shown.REFERENCE for trial in trials]
        return Seen(np.array(first), np.array(second), np.array(same))

    def _second(self, trial: Trial) -> float:
        if trial.shown == Trial.Shown.REFERENCE:
            return 0.0
        if trial.shown == Trial.Shown.DEGRADED:
            return DEGRADED_DIFFERENCE
        return self._expected[trial.other_id or trial.stimulus_id]


def _columns(name: str, answers: Sequence[object], times: np.ndarray[Any, Any]) -> list[dict[str, Any]]:
    return [{name: answer, "duration_ms": int(time)} for answer, time in zip(answers, times, strict=True)]


def _refuse_unless_open(study: Study) -> None:
    study.refresh_from_db(fields=["status"])
    if study.status != Study.Status.OPEN:
        first = (
            f"; `python manage.py open_study {study.slug}` opens it"
            if study.status == Study.Status.DRAFT
            else ""
        )
        raise Refused(
            f"Study {study.slug} is {study.get_status_display()}: only an open one can be rated{first}."
        )


@transaction.atomic
def _store(study: Study, column: int, panel: _Panel) -> Rater:
    """Store one rater, who has this moment given the last of their answers."""
    _refuse_unless_open(study)
    rater = add_rater(
        study, source=Rater.Source.SIMULATED, completion_code=secrets.token_hex(CODE_BYTES).upper()
    )
    session = plan_session(rater)
    finished_at = timezone.now()
    trials = list(session.trials.order_by("position"))
    answers = panel.answers(column, trials)
    taken_ms = sum(answer["duration_ms"] for answer in answers)
    clock = started_at = finished_at - timedelta(milliseconds=taken_ms)
    ratings = []
    for trial, answer in zip(trials, answers, strict=True):
        trial.shown_at = clock
        clock += timedelta(milliseconds=answer["duration_ms"])
        ratings.append(Rating(trial=trial, rated_at=clock, **answer))
    Rating.objects.bulk_create(ratings)
    Trial.objects.bulk_update(trials, ["shown_at"])
    Rater.objects.filter(pk=rater.pk).update(created_at=started_at, finished_at=finished_at)
    Session.objects.filter(pk=session.pk).update(started_at=started_at, finished_at=finished_at)
    return rater
