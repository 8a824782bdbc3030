"""System checks of our own: a real secret key in deployment, an SQLite without the WAL-reset bug."""

import sqlite3
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Info, Tags, register
from django.db import connection

# SQLite 3.7.0 to 3.51.2 can corrupt a WAL database when two processes reset the log at the same
# moment (https://sqlite.org/wal.html, "The WAL-reset bug"); one process with threads does not.
FIXED_SQLITE = (3, 51, 3)


@register(Tags.security, deploy=True)
def secret_key_is_set(**_: Any) -> list[CheckMessage]:
    """A deployed server needs a key that outlives the process."""
    if not settings.SECRET_KEY_IS_GENERATED:
        return []
    hint = "`make study` writes one into .env; or set SECRET_KEY in the environment."
    return [Error("SECRET_KEY is not set, so each start signs everybody out.", hint=hint, id="srstudy.E001")]


@register(Tags.database, deploy=True)
def sqlite_is_recent(**_: Any) -> list[CheckMessage]:
    """Names an SQLite whose write-ahead log is safe only under one process."""
    if connection.vendor != "sqlite" or sqlite3.sqlite_version_info >= FIXED_SQLITE:
        return []
    message = f"SQLite {sqlite3.sqlite_version} is older than 3.51.3: its log is safe under one process only."
    hint = "Serve with one gunicorn process and threads, as `make study` does, or use PostgreSQL."
    return [Info(message, hint=hint, id="srstudy.I001")]
