"""The server as it is run: killed amid writers it loses nothing, and it starts without much work."""

import os
import resource
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from benchmarks import serving
from benchmarks.faults import Stored, wrongs
from tests.srstudy.test_processes import REPOSITORY

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
GIVEN = {"a": 10.0, "b": 20.0}
RATED = [Stored("a", 1, 1, NOON, 10.0), Stored("b", 1, 2, NOON + timedelta(seconds=1), 20.0)]


def script(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a benchmark on SQLite."""
    command = [sys.executable, str(REPOSITORY / "benchmarks" / name), "--databases", "sqlite", *arguments]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=200, check=False)


def test_a_server_killed_amid_eight_writers_loses_no_acknowledged_answer_and_doubles_none():
    done = script("faults.py", "--rounds", "2", "--raters", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 kills amid 8 writers" in done.stdout
    assert ", 0 wrong;" in done.stdout


def test_what_was_given_and_is_stored_in_order_is_right():
    assert wrongs(GIVEN, RATED) == []


@pytest.mark.parametrize(
    ("stored", "said"),
    [
        (RATED[:1], "b was acknowledged and is not stored"),
        ([RATED[0], RATED[1]._replace(score=21.0)], "b was 20.0, and stored is"),
        ([*RATED, RATED[1]], "gaps or doubles"),
        ([RATED[0], RATED[1]._replace(position=3)], "gaps or doubles"),
        ([RATED[0], RATED[1]._replace(rated_at=NOON - timedelta(seconds=1))], "order of its trials"),
        ([*RATED, Stored("c", 1, 3, NOON + timedelta(seconds=2), 1.0)], "c is stored and was never"),
    ],
)
def test_an_answer_lost_changed_doubled_or_out_of_order_is_seen(stored, said):
    assert any(said in sentence for sentence in wrongs(GIVEN, stored))


def test_a_start_takes_less_than_five_seconds_of_work(tmp_path):
    # Work and not time, so that a machine that does much else beside it says the same.
    environment = {
        "DATABASE_URL": f"sqlite:///{tmp_path / 'db.sqlite3'}",
        "MEDIA_ROOT": str(tmp_path / "media"),
        "STATIC_ROOT": str(tmp_path),
        "SECRET_KEY": "a secret of more than fifty characters, for tests alone",
        "ALLOWED_HOSTS": serving.HOST,
    }
    migrate = [sys.executable, str(REPOSITORY / "manage.py"), "migrate", "-v0"]
    subprocess.run(migrate, env=os.environ | environment, check=True, timeout=120)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with serving.Server(environment) as server:
        server.end(signal.SIGTERM)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert 0.1 < after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 5
