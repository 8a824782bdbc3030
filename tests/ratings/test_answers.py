"""The answer to a trial is stored once, or refused with a reason."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction
from django.utils import timezone

from ratings import queries
from ratings.asked import AskedTrial
from ratings.models import Rating, Study, Trial
from ratings.services import ratings, sessions, showing, studies

ANSWER = {"left_score": 71.5, "right_score": 40, "duration_ms": 2500}
THEIR_ANSWER = ratings.Answer({"left_score": 10, "right_score": 20}, ratings.Circumstances(duration_ms=5))


@pytest.fixture
def trial(rater, rater_client, invite) -> Trial:
    """The rater's first trial, its page given out."""
    rater_client.get(f"{invite}trial")
    return Trial.objects.get(session__rater=rater, position=1)


@pytest.fixture
def post(rater_client, invite, trial):
    """Send an answer to the first trial, or to another."""

    def send(answer=ANSWER, to: Trial | None = None, client=None):
        address = f"{invite}trials/{(to or trial).token}/answer"
        return (client or rater_client).post(address, json.dumps(answer), content_type="application/json")

    return send


@pytest.mark.parametrize(("side", "reference", "test"), [("left", 71.5, 40.0), ("right", 40.0, 71.5)])
def test_scores_land_on_the_image_that_was_on_that_side(rater, request, side, reference, test):
    Trial.objects.filter(session__rater=rater).update(reference_side=side)  # before one is handed out
    assert request.getfixturevalue("post")().status_code == 201
    stored = Rating.objects.get()
    assert (stored.reference_score, stored.test_score) == (reference, test)
    assert stored.duration_ms == 2500


def test_the_same_answer_again_is_answered_the_same_and_stored_once(post):
    assert [post().status_code for _ in range(3)] == [201, 200, 200]
    assert Rating.objects.count() == 1


def test_a_second_different_answer_is_refused_and_the_first_stands(post):
    post()
    response = post(ANSWER | {"left_score": 5})
    assert response.status_code == 409
    assert response["Content-Type"] == "application/problem+json"
    assert Rating.objects.get().difference in (31.5, -31.5)


@pytest.mark.parametrize(
    "change",
    [
        {"left_score": -0.1},
        {"right_score": 100.1},
        {"left_score": "NaN"},
        {"left_score": None},
        {"left_score": "good"},
    ],
)
def test_an_impossible_answer_is_refused(post, change):
    assert post(ANSWER | change).status_code == 400
    assert not Rating.objects.exists()


@pytest.mark.parametrize(
    "measured",
    [
        {"duration_ms": -1},
        {"duration_ms": None},
        {"device_pixel_ratio": 0},
        {"device_pixel_ratio": "NaN"},
        {"window_width": 0},
        {"pointer": "nose"},
        {"toggles": 1.5},
    ],
)
def test_a_measurement_that_cannot_be_is_left_out_and_the_answer_stored(post, measured):
    (name,) = measured
    assert post(ANSWER | measured).status_code == 201
    assert getattr(Rating.objects.get(), name) in (None, "")


@pytest.mark.parametrize("duration_ms", [86_400_001, 10**12])
def test_a_page_left_open_for_days_loses_no_score(post, duration_ms):
    assert post(ANSWER | {"duration_ms": duration_ms}).status_code == 201
    assert Rating.objects.get().duration_ms == 24 * 3600 * 1000


@pytest.mark.parametrize("answer", [{"duration_ms": 1}, [], None, "good", 3])
def test_what_is_wrong_is_said_in_a_sentence(post, answer):
    response = post(answer)
    assert response.status_code == 400
    assert isinstance(response.json()["detail"], str)


def test_a_missing_score_is_refused(post):
    assert post({"left_score": 3, "duration_ms": 1}).status_code == 400


def test_text_that_is_no_json_is_refused(rater_client, invite, trial):
    address = f"{invite}trials/{trial.token}/answer"
    assert rater_client.post(address, "{", content_type="application/json").status_code == 400


def test_another_raters_trial_cannot_be_answered(post, join):
    theirs = join().rater.sessions.get().trials.first()
    assert post(to=theirs).status_code == 404
    assert not Rating.objects.exists()


def test_a_stranger_cannot_answer(post, stranger):
    assert post(client=stranger).status_code == 404


def test_a_trial_not_yet_shown_cannot_be_answered(post, rater):
    later = Trial.objects.get(session__rater=rater, position=4)  # the page has the first three
    assert later.shown_at is None
    assert post(to=later).status_code == 409
    assert not Rating.objects.exists()


def test_a_trial_shown_ahead_is_not_answered_before_those_that_come_first(post, rater):
    ahead = Trial.objects.get(session__rater=rater, position=2)
    assert ahead.shown_at is not None
    response = post(to=ahead)
    assert (response.status_code, response.json()["title"]) == (409, "Not shown yet")
    post()
    assert post(to=ahead).status_code == 201


def test_a_closed_study_takes_no_new_answer_and_keeps_repeating_the_old_one(
    post, study, rater, rater_client, invite
):
    post()
    rater_client.get(f"{invite}trial")
    studies.close_study(study)
    assert post().status_code == 200
    assert post(to=Trial.objects.get(session__rater=rater, position=2)).status_code == 410
    assert Rating.objects.count() == 1


def test_a_locked_database_asks_the_page_to_try_again(post, monkeypatch):
    def locked(**_):
        raise OperationalError("database is locked")

    monkeypatch.setattr(ratings, "record_rating", locked)
    response = post()
    assert response.status_code == 503
    assert int(response["Retry-After"]) > 0


def test_a_database_locked_from_the_first_read_on_asks_the_page_to_try_again(post, monkeypatch):
    def locked(*_):
        raise OperationalError("database is locked")

    monkeypatch.setattr(queries, "asked_trial", locked)
    assert post().status_code == 503


@pytest.mark.django_db(transaction=True)
def test_a_study_closed_since_the_trial_was_read_takes_no_answer(study, trial):
    read_before = read(trial)
    studies.close_study(study)
    with pytest.raises(sessions.StudyNotOpen):
        ratings.record_rating(trial=read_before, answer=THEIR_ANSWER)
    assert not Rating.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_closing_waits_for_an_answer_that_is_being_stored(study, trial):
    def close() -> None:
        try:
            studies.close_study(study)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            ratings.record_rating(trial=read(trial), answer=THEIR_ANSWER)
            closing = pool.submit(close)
            with pytest.raises(TimeoutError):
                closing.result(timeout=0.5)
        closing.result()
    assert Rating.objects.get().rated_at <= Study.objects.get().closed_at


def read(trial: Trial) -> AskedTrial:
    """The trial as a view reads it."""
    return AskedTrial.of(Trial.objects.select_related("session__rater__study").get(pk=trial.pk))


@pytest.mark.django_db(transaction=True)
def test_two_answers_of_one_study_do_not_wait_for_each_other(study, trial, join):
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has one writer at a time.")
    theirs = join().rater.sessions.get().trials.first()
    showing.mark_shown([theirs])

    def answer_theirs() -> None:
        try:
            ratings.record_rating(trial=read(theirs), answer=THEIR_ANSWER)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        ratings.record_rating(trial=read(trial), answer=THEIR_ANSWER)
        pool.submit(answer_theirs).result(timeout=5)
    assert Rating.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_eight_equal_answers_at_once_store_one(study, join):
    trial = join().rater.sessions.get().trials.first()
    showing.mark_shown([trial])
    trial.refresh_from_db()

    def answer(_: int) -> bool:
        try:
            return ratings.record_rating(trial=read(trial), answer=THEIR_ANSWER)[1]
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        stored = list(pool.map(answer, range(8)))
    assert sorted(stored) == [False] * 7 + [True]
    assert Rating.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_last_answer_twice_at_once_is_stored_once_and_ends_the_session(study, join, monkeypatch):
    session = join().rater.sessions.get()
    trials = list(session.trials.order_by("position"))
    showing.mark_shown(trials)
    for trial in trials[:-1]:
        ratings.record_rating(trial=read(trial), answer=THEIR_ANSWER)
    finish = ratings.finish_session

    def finish_slowly(key: int) -> bool:
        time.sleep(0.5)  # in which the other one comes as far as it can
        return finish(key)

    monkeypatch.setattr(ratings, "finish_session", finish_slowly)

    def answer(_: int) -> bool:
        try:
            return ratings.record_rating(trial=read(trials[-1]), answer=THEIR_ANSWER)[1]
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        stored = list(pool.map(answer, range(2)))
    assert sorted(stored) == [False, True]
    session.refresh_from_db()
    assert session.finished_at is not None


def test_coming_back_after_half_an_hour_begins_another_sitting(post, rater, rater_client, invite):
    post()
    Rating.objects.update(rated_at=timezone.now() - timedelta(minutes=31))
    rater_client.get(f"{invite}trial")
    post(to=Trial.objects.get(session__rater=rater, position=2))
    assert list(Rating.objects.order_by("pk").values_list("sitting", flat=True)) == [1, 2]


def test_the_last_answer_finishes_the_session(rater, rater_client, invite, post):
    session = rater.sessions.get()
    for position in range(1, session.trials.count() + 1):
        session.refresh_from_db()
        assert session.finished_at is None
        rater_client.get(f"{invite}trial")
        post(to=session.trials.get(position=position))
    session.refresh_from_db()
    assert session.finished_at is not None


def test_the_database_itself_refuses_a_score_off_the_scale(trial):
    with pytest.raises(IntegrityError), transaction.atomic():
        Rating.objects.create(
            trial=trial, reference_score=100.5, test_score=0, duration_ms=1, rated_at=timezone.now()
        )


def test_the_database_itself_refuses_a_second_rating(post, trial):
    post()
    with pytest.raises(IntegrityError), transaction.atomic():
        Rating.objects.create(
            trial=trial, reference_score=1, test_score=0, duration_ms=1, rated_at=timezone.now()
        )


def test_a_difference_of_tenths_reads_as_tenths(post):
    # In binary floating point 78.6 − 59.9 is 18.699999999999996.
    post(ANSWER | {"left_score": 78.6, "right_score": 59.9})
    assert abs(Rating.objects.get().difference) == 18.7
