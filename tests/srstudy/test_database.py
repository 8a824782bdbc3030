"""What SQLite is really told: the promises that a stored rating rests on."""

import sqlite3

import pytest
from django.conf import settings
from django.db import connection, transaction

pytestmark = pytest.mark.skipif(
    settings.DATABASES["default"]["ENGINE"] != "django.db.backends.sqlite3",
    reason="the database is no SQLite",
)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("journal_mode", "wal"),
        ("synchronous", 2),  # FULL: what was answered survives a power cut
        ("busy_timeout", 20_000),
        ("foreign_keys", 1),
    ],
)
def test_the_database_is_opened_as_settings_say(db, name, value):
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA {name}")
        assert cursor.fetchone()[0] == value


@pytest.mark.django_db(transaction=True)
def test_a_transaction_takes_the_write_lock_where_it_begins():
    other = sqlite3.connect(connection.settings_dict["NAME"], timeout=0, isolation_level=None)
    try:
        with transaction.atomic(), pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        other.execute("BEGIN IMMEDIATE")  # and gives it back
    finally:
        other.close()
