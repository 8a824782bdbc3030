"""`quickstart` from an empty database to a study with its links, run again, and with another secret."""

import contextlib
import errno
import os
import re
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from ratings.models import Study
from ratings.services import studies
from srstudy.management.commands import quickstart
from tests.conftest import REPOSITORY
from tests.srstudy.test_processes import SECRET, environment

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """Where the one copy of these tests keeps what it makes."""
    return tmp_path_factory.mktemp("quickstart")


@pytest.fixture(scope="module")
def run(home) -> Run:
    """Run `quickstart --no-serve --profile smoke` in a process of its own."""

    def once(**changes: str) -> subprocess.CompletedProcess[str]:
        command = [
            sys.executable,
            str(REPOSITORY / "manage.py"),
            "quickstart",
            "--no-serve",
            "--profile=smoke",
        ]
        return subprocess.run(
            command, env=environment(home) | changes, capture_output=True, text=True, timeout=200, check=False
        )

    return once


@pytest.fixture(scope="module")
def first(run) -> subprocess.CompletedProcess[str]:
    """The first run, on an empty folder."""
    return run()


def contents(home: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every row that a second run must keep, by table."""
    tables = ("distillation_trainingrun", "distillation_output", "ratings_study", "ratings_stimulus")
    database = sqlite3.connect(home / "db.sqlite3")
    try:
        return {table: database.execute(f"SELECT * FROM {table}").fetchall() for table in tables}  # noqa: S608
    finally:
        database.close()


def test_an_empty_folder_becomes_a_study_with_its_links(first, home):
    assert first.returncode == 0, first.stderr
    assert re.search(r"Raters:     http://127\.0\.0\.1:8000/s/[a-z2-7]{32}/\n", first.stdout)
    assert "Results:    http://127.0.0.1:8000/studies/smoke/\n" in first.stdout
    assert "user admin, password for tests alone\n" in first.stdout
    rows = contents(home)
    assert [len(rows[table]) for table in rows] == [6, 70, 1, 70]  # six trained methods; ten images by seven


def test_with_the_shipped_weights_nothing_is_trained(tmp_path):
    command = [sys.executable, str(REPOSITORY / "manage.py"), "quickstart", "--no-serve", "--pretrained"]
    done = subprocess.run(
        command, env=environment(tmp_path), capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Results:    http://127.0.0.1:8000/studies/pretrained/\n" in done.stdout
    rows = contents(tmp_path)
    assert [len(rows[table]) for table in rows] == [6, 70, 1, 70]
    # Each of the six was trained for thousands of steps, and better than bicubic: 28.645 dB, by `evaluate`.
    database = sqlite3.connect(tmp_path / "db.sqlite3")
    with contextlib.closing(database):
        means = dict(
            database.execute("SELECT method, AVG(psnr_y) FROM distillation_output GROUP BY method").fetchall()
        )
    assert means.pop("bicubic") == pytest.approx(28.645, abs=5e-4)
    assert min(means.values()) > 29.5


def test_running_it_again_keeps_every_row_and_prints_the_same_links(first, run, home):
    before, weights = contents(home), {p: p.stat().st_mtime_ns for p in home.rglob("*.safetensors")}
    again = run()
    assert again.returncode == 0, again.stderr
    links = first.stdout[first.stdout.index("Raters:") :]
    assert again.stdout.strip() == links.strip()
    assert contents(home) == before
    assert {p: p.stat().st_mtime_ns for p in home.rglob("*.safetensors")} == weights


def test_another_secret_key_costs_the_printed_link_and_nothing_else(first, run):
    done = run(SECRET_KEY=SECRET[::-1])
    assert done.returncode == 0, done.stderr
    assert "Raters:     The invite link of smoke was made with another SECRET_KEY" in done.stdout
    assert "Results:    http://127.0.0.1:8000/studies/smoke/\n" in done.stdout


@pytest.fixture
def called(db, settings, tmp_path, monkeypatch) -> list[tuple[str, ...]]:
    """The commands that `quickstart` calls in this process; the long ones are only noted down."""
    settings.ADMIN_PASSWORD, settings.STATIC_ROOT = "for tests alone", tmp_path / "static"
    noted: list[tuple[str, ...]] = []
    monkeypatch.setattr(quickstart, "call_command", lambda *arguments, **_: noted.append(arguments))
    return noted


def start() -> None:
    """Run `quickstart` in this process."""
    call_command("quickstart", "--no-serve", "--profile=smoke")


def test_a_draft_is_opened(called, make_outputs, capsys):
    studies.create_study(slug="smoke", title="Draft", outputs=make_outputs(), seed=1)
    start()
    assert Study.objects.get().status == "open"
    assert "was a draft and is open now" in capsys.readouterr().err


def test_a_closed_study_stays_closed_and_that_is_said(called, make_outputs, capsys):
    study = studies.create_study(slug="smoke", title="Closed", outputs=make_outputs(), seed=1)
    studies.open_study(study)
    studies.close_study(study)
    start()
    assert Study.objects.get().status == "closed"
    assert "Study smoke is closed" in capsys.readouterr().err


def test_the_study_is_of_the_runs_of_its_own_profile(called):
    with pytest.raises(Study.DoesNotExist):  # for nothing was made here
        start()
    by_name = {name: arguments for name, *arguments in called}
    assert "--profile=smoke" in by_name["distill"]
    assert "--profile=smoke" in by_name["create_study"]


def test_without_a_password_nothing_is_begun(called, settings):
    settings.ADMIN_PASSWORD = ""
    with pytest.raises(CommandError, match="ADMIN_PASSWORD is not set") as caught:
        start()
    assert caught.value.returncode == 2
    assert called == []


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EADDRINUSE, "is in use"),
        (errno.EACCES, "may not be opened by this user: take one from 1024 up"),
        (errno.EADDRNOTAVAIL, "cannot be opened (Cannot assign requested address)"),
    ],
)
def test_why_a_port_cannot_be_had_is_said(called, monkeypatch, number, words):
    def refused(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(socket.socket, "bind", refused)
    with pytest.raises(CommandError) as caught:
        call_command("quickstart", "--port=80")
    assert caught.value.returncode == 2
    assert f"Port 80 of 127.0.0.1 {words}" in str(caught.value)
    assert called == []
