"""Says whether the database fits this code: reachable, migrated, and not written by a newer version."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import DatabaseError, OperationalError, connection
from django.db.backends.utils import CursorWrapper
from django.db.migrations.executor import MigrationExecutor

from srstudy.errors import Failed, Refused
from srstudy.words import counted

OWN_APPS = frozenset({"distillation", "ratings"})
# What SQLite and PostgreSQL say when the disk, and not the request, stands in the way.
TROUBLE = ("disk is full", "disk full", "no space", "disk i/o error", "locked", "readonly", "read-only")


def is_trouble(error: DatabaseError) -> bool:
    """Whether the disk below the database, or another program's lock on it, is to blame."""
    message = str(error).lower()
    return any(phrase in message for phrase in TROUBLE)


def may_pass(error: DatabaseError) -> bool:
    """Whether the same request may succeed later: the database is locked, full or away, not asked wrongly.

    Django calls most of that an OperationalError; of a PostgreSQL that has become read-only it says
    InternalError.
    """
    return isinstance(error, OperationalError) or is_trouble(error)


def trouble_sentence(error: DatabaseError) -> str:
    """What to tell a person whose disk or lock stands in the way."""
    reason = _first_line(error)
    return f"The database could not be used: {reason}; see to its disk or its lock and run the command again."


def planned_cursor() -> CursorWrapper:
    """A cursor whose statements PostgreSQL plans once a connection, where it takes longer than to run them.

    Django's own writes the values into the statement, which is planned anew each time. SQLite needs no such
    thing.
    """
    if connection.vendor != "postgresql":
        return connection.cursor()
    from django.db.backends.postgresql.base import ServerBindingCursor
    from psycopg.types.numeric import Int8Dumper

    connection.close_if_health_check_failed()
    connection.ensure_connection()
    cursor: Any = ServerBindingCursor(connection.connection)  # type: ignore[call-arg]  # stubs of psycopg 2
    # A small number has a smaller type, and a statement with values of other types is another statement.
    cursor.adapters.register_dumper(int, Int8Dumper)
    return (connection.make_debug_cursor if connection.queries_logged else connection.make_cursor)(cursor)


def newer_migrations() -> list[str]:
    """Migrations of this project that the database has had and this code does not know."""
    loader = MigrationExecutor(connection).loader
    applied = set(loader.applied_migrations)
    return sorted(f"{app}.{name}" for app, name in applied - set(loader.disk_migrations) if app in OWN_APPS)


def missing_migrations() -> list[str]:
    """Migrations of this code that the database has not had."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def refuse_newer_database() -> None:
    """Raises: Refused if the database cannot be reached or is newer than the code, Failed if it fails."""
    with _reading():
        newer = newer_migrations()
    if newer:
        raise Refused(
            f"The database is newer than this code: it has had {newer[-1]}, which is not here; "
            "update the code, or name another database in DATABASE_URL."
        )


def refuse_unready_database() -> None:
    """Raises: Refused if the database is out of reach, too new or not migrated, Failed if it fails."""
    refuse_newer_database()
    with _reading():
        missing = missing_migrations()
    if missing:
        lacks = counted(len(missing), "migration")
        raise Refused(f"The database lacks {lacks}: run `python manage.py migrate` first.")


@contextmanager
def _reading() -> Iterator[None]:
    """Raises: Failed if the disk or a lock stands in the way, Refused if there is no such database."""
    try:
        yield
    except DatabaseError as error:
        if is_trouble(error):
            raise Failed(trouble_sentence(error)) from error
        reason = _first_line(error)
        raise Refused(f"The database cannot be opened: {reason}; DATABASE_URL says where it is.") from error


def _first_line(error: DatabaseError) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
