"""Says whether the database fits this code: reachable, migrated, and not written by a newer version."""

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from srstudy.errors import Refused

OWN_APPS = frozenset({"distillation", "ratings"})


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
    """Raises: Refused if the database cannot be reached or is newer than the code."""
    try:
        newer = newer_migrations()
    except DatabaseError as error:
        reason = str(error).strip().splitlines()[0]
        raise Refused(f"The database cannot be opened: {reason}; DATABASE_URL says where it is.") from error
    if newer:
        raise Refused(
            f"The database is newer than this code: it has had {newer[-1]}, which is not here; "
            "update the code, or name another database in DATABASE_URL."
        )


def refuse_unready_database() -> None:
    """Raises: Refused if the database is unreachable, newer than the code, or not yet migrated."""
    refuse_newer_database()
    missing = missing_migrations()
    if missing:
        raise Refused(f"The database lacks {len(missing)} migrations: run `python manage.py migrate` first.")
