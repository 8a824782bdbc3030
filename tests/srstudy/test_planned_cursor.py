"""A statement that is run all the time is planned once a connection, where the database is PostgreSQL."""

import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.db import DataError, connection, transaction

from srstudy.database import planned_cursor

on_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="the database is no PostgreSQL")
STATEMENT = "SELECT %s + 0, %s"


def rows_of(values: list[object]) -> list[tuple[object, ...]]:
    """What the statement answers to each."""
    found = []
    for value in values:
        with planned_cursor() as cursor:
            cursor.execute(STATEMENT, [value, "text"])
            found.append(tuple(cursor.fetchone()))
    return found


def test_values_come_back_as_they_are(db):
    values = [1, 70_000, 2**40]
    assert rows_of(values) == [(value, "text") for value in values]


def test_the_statements_are_counted_like_any_other(db, django_assert_num_queries):
    with django_assert_num_queries(2):
        rows_of([1, 2])


@on_postgresql
def test_a_statement_is_prepared_once_whatever_the_size_of_its_numbers(db):
    rows_of([1, 70_000, 2**40] * 5)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'SELECT $1 + 0%%'", []
        )
        assert cursor.fetchone() == (1,)


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_a_connection_that_the_server_has_ended_is_opened_anew():
    rows_of([1] * 8)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    finally:
        other.close()
    connection.health_check_done = False  # as at the beginning of a request
    assert rows_of([3]) == [(3, "text")]


@on_postgresql
def test_a_refusal_of_the_database_is_djangos(db):
    with pytest.raises(DataError), transaction.atomic(), planned_cursor() as cursor:
        cursor.execute("SELECT 1 / (%s - 1)", [1])


@pytest.mark.parametrize(("flag", "threshold"), [({}, "5"), ({"PREPARED_STATEMENTS": "0"}, "None")])
def test_behind_a_pooler_statements_need_not_be_prepared(flag, threshold):
    surroundings = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    code = (
        "from srstudy import settings; print(settings.DATABASES['default']['OPTIONS']['prepare_threshold'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=surroundings | {"DATABASE_URL": "postgres://nobody@127.0.0.1:1/nothing"} | flag,
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == threshold
