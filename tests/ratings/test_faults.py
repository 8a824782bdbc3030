"""A database that is locked, full or away asks raters to come back, and then takes what they had answered."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import DatabaseError, InternalError, OperationalError, connection
from django.test import Client

from ratings import invites, queries
from ratings.models import Rater, Rating, Study, Trial
from ratings.services import sessions, showing, studies
from tests.conftest import agreement

ANSWER = {"left_score": 71.5, "right_score": 40, "duration_ms": 2500}
TRIALS = 120

on_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="the database is no SQLite")


@contextmanager
def locked() -> Iterator[None]:
    """Another program holds the write lock for longer than this one waits."""
    other = sqlite3.connect(connection.settings_dict["NAME"], timeout=0, isolation_level=None)
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout")
        (usual,) = cursor.fetchone()
        cursor.execute("PRAGMA busy_timeout = 50")
        other.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            other.close()
            cursor.execute(f"PRAGMA busy_timeout = {usual}")


@contextmanager
def full() -> Iterator[None]:
    """The database's file cannot become longer."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")  # what other tests deleted is room
        cursor.execute("PRAGMA max_page_count")
        (usual,) = cursor.fetchone()
        cursor.execute("PRAGMA max_page_count = 1")  # SQLite takes the pages that there are
        try:
            yield
        finally:
            cursor.execute(f"PRAGMA max_page_count = {usual}")


def send(client: Client, invite: str, trial: Trial):
    """Answer a trial as the page does."""
    address = f"{invite}trials/{trial.token}/answer"
    return client.post(address, json.dumps(ANSWER), content_type="application/json")


def asks_to_come_back(response) -> bool:
    """Whether the response is a 503 that says when."""
    return response.status_code == 503 and int(response["Retry-After"]) > 0


@pytest.fixture
def first(rater, rater_client, invite) -> Trial:
    """The rater's first trial, handed out."""
    rater_client.get(f"{invite}upcoming")
    return Trial.objects.get(session__rater=rater, position=1)


@on_sqlite
@pytest.mark.django_db(transaction=True)
def test_an_answer_to_a_locked_database_is_refused_for_now_and_stored_when_sent_again(
    first, rater_client, invite
):
    with locked():
        assert asks_to_come_back(send(rater_client, invite, first))
    assert not Rating.objects.exists()
    assert send(rater_client, invite, first).status_code == 201
    assert Rating.objects.count() == 1


@on_sqlite
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("page", ["upcoming", "trial"])
def test_trials_that_a_locked_database_cannot_hand_out_come_later(rater, rater_client, invite, page):
    with locked():
        assert asks_to_come_back(rater_client.get(f"{invite}{page}"))
    assert not Trial.objects.filter(shown_at__isnull=False).exists()
    assert rater_client.get(f"{invite}{page}").status_code == 200


@on_sqlite
@pytest.mark.django_db(transaction=True)
def test_somebody_who_agrees_while_the_database_is_locked_joins_when_they_reload(stranger, study, invite):
    form = agreement(study)
    with locked():
        assert asks_to_come_back(stranger.post(invite, form))
    assert stranger.post(invite, form).status_code == 302
    assert study.raters.count() == 1


@on_sqlite
@pytest.mark.django_db(transaction=True)
def test_what_is_only_read_works_while_the_database_is_locked(first, rater_client, invite):
    with locked():
        assert rater_client.get(f"{invite}trial").status_code == 200


@pytest.fixture
def long_session(make_outputs, client) -> tuple[str, Rater, Client]:
    """A rater with TRIALS trials, all handed out: their invite, row and browser."""
    study = studies.create_study(slug="long", title="Long", outputs=make_outputs(images=TRIALS // 3), seed=1)
    studies.open_study(study)
    joined = sessions.join_study(study, consent_version=study.consent_version, nonce=sessions.new_nonce())
    sessions.mark_instructed(joined.rater)
    showing.mark_shown(list(joined.rater.sessions.get().trials.all()))
    client.cookies["rater"] = joined.token
    return invites.invite_path(study), joined.rater, client


@on_sqlite
@pytest.mark.django_db(transaction=True)
def test_an_answer_that_finds_the_disk_full_is_stored_once_there_is_room(long_session):
    invite, rater, client = long_session
    trials = iter(rater.sessions.get().trials.order_by("position"))
    with full():
        # The pages that there are have room for some.
        stored, refused = 0, None
        for trial in trials:
            refused = send(client, invite, trial)
            if refused.status_code != 201:
                break
            stored += 1
        assert asks_to_come_back(refused)
        assert asks_to_come_back(send(client, invite, trial))
    assert Rating.objects.count() == stored
    assert send(client, invite, trial).status_code == 201
    assert Rating.objects.count() == stored + 1


@on_sqlite
@pytest.mark.django_db(transaction=True)
def test_nobody_joins_half_when_the_disk_is_full(stranger, study, invite):
    whole = 0
    with full():
        while (response := Client().post(invite, agreement(study))).status_code == 302:
            whole += 1  # the pages that there are have room for some
        assert asks_to_come_back(response)
    assert (study.raters.count(), Trial.objects.count()) == (whole, whole * study.stimuli.count())
    assert stranger.post(invite, agreement(study)).status_code == 302


# What PostgreSQL says of itself: the classes are those that Django makes of psycopg's.
AWAY = [
    OperationalError("could not extend file: No space left on device"),
    OperationalError("canceling statement due to lock timeout"),
    OperationalError("the connection is closed"),
    InternalError("cannot execute INSERT in a read-only transaction"),
    DatabaseError("disk I/O error"),
]


@pytest.mark.parametrize("error", AWAY, ids=str)
@pytest.mark.parametrize("page", ["answer", "upcoming", "trial"])
def test_a_database_in_trouble_asks_to_come_back(first, rater_client, invite, monkeypatch, error, page):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(queries, "asked_trial", fail)
    monkeypatch.setattr(queries, "session_of", fail)
    response = send(rater_client, invite, first) if page == "answer" else rater_client.get(invite + page)
    assert asks_to_come_back(response)


@pytest.mark.parametrize("page", ["answer", "upcoming", "trial"])
def test_a_database_asked_wrongly_is_a_fault_of_ours_and_no_reason_to_come_back(
    first, rater_client, invite, monkeypatch, page
):
    def fail(*_, **__):
        raise DatabaseError("database disk image is malformed")

    monkeypatch.setattr(queries, "asked_trial", fail)
    monkeypatch.setattr(queries, "session_of", fail)
    rater_client.raise_request_exception = False
    response = send(rater_client, invite, first) if page == "answer" else rater_client.get(invite + page)
    assert response.status_code == 500


@pytest.mark.skipif(connection.vendor != "postgresql", reason="the database is no PostgreSQL")
@pytest.mark.django_db(transaction=True)
def test_a_postgresql_that_has_become_read_only_asks_to_come_back(first, rater_client, invite):
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")
        try:
            assert asks_to_come_back(send(rater_client, invite, first))
        finally:
            cursor.execute("SET default_transaction_read_only = off")
    assert send(rater_client, invite, first).status_code == 201


@pytest.mark.skipif(connection.vendor != "postgresql", reason="the database is no PostgreSQL")
@pytest.mark.django_db(transaction=True)
def test_an_answer_that_waits_too_long_for_a_lock_is_stored_when_sent_again(
    first, rater_client, invite, study
):
    import psycopg

    other = psycopg.connect(**connection.get_connection_params() | {"cursor_factory": psycopg.Cursor})
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '100ms'")
    try:
        other.execute("SELECT 1 FROM ratings_study FOR UPDATE")
        assert asks_to_come_back(send(rater_client, invite, first))
    finally:
        other.close()
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = 0")
    assert send(rater_client, invite, first).status_code == 201
    assert Study.objects.get(pk=study.pk).status == Study.Status.OPEN
