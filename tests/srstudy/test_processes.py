"""What only another process shows: starting with wrong settings, without torch, with another database."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture

REPOSITORY = Path(__file__).resolve().parents[2]
SECRET = "a secret of more than fifty characters, for tests alone"


def environment(folder: Path) -> dict[str, str]:
    """An environment whose database and folders all lie in `folder`."""
    (folder / "static").mkdir(exist_ok=True)
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {
        "DATABASE_URL": f"sqlite:///{folder / 'db.sqlite3'}",
        "MEDIA_ROOT": str(folder / "media"),
        "DATA_ROOT": str(folder / "data"),
        "STATIC_ROOT": str(folder / "static"),
        "SECRET_KEY": SECRET,
        "ADMIN_PASSWORD": "for tests alone",
    }


@pytest.fixture
def surroundings(tmp_path) -> dict[str, str]:
    """An environment of its own: an empty SQLite database and empty folders."""
    return environment(tmp_path)


@pytest.fixture
def manage(surroundings):
    """Run manage.py in that environment."""

    def run(*arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(REPOSITORY / "manage.py"), *arguments]
        return subprocess.run(
            command, env=surroundings | changes, capture_output=True, text=True, timeout=120, check=False
        )

    return run


def python(code: str, surroundings: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a line of Python in the repository."""
    return subprocess.run(
        [sys.executable, "-c", code],
        env=surroundings,
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def one_sentence(text: str) -> bool:
    """Whether the text is one line that ends as a sentence does."""
    return text.count("\n") == 1 and text.endswith(".\n") and "Traceback" not in text


def test_the_web_process_starts_without_torch_and_without_what_tables_and_figures_need(manage, surroundings):
    assert manage("migrate", "-v0").returncode == 0
    code = (
        "import sys; from srstudy.wsgi import application; from django.urls import get_resolver; "
        "get_resolver().url_patterns; print({'torch', 'pandas', 'matplotlib', 'scipy'} & set(sys.modules))"
    )
    done = python(code, surroundings)
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "set()\n")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", "short"),
        ("LOG_LEVEL", "LOUD"),
        ("BEHIND_PROXY", "maybe"),
        ("TIME_ZONE", "Mars/Base"),
        ("LANGUAGE_CODE", "@@"),
        ("LANGUAGE_CODE", "xx"),
        ("MEDIA_ROOT", "~nosuch/x"),
    ],
)
def test_a_wrong_setting_stops_the_start_with_a_sentence(manage, name, value):
    done = manage("check", **{name: value})
    assert done.returncode == 2
    assert done.stderr.startswith(f"{name} ")
    assert one_sentence(done.stderr)


def test_the_deployment_check_is_clean(manage):
    done = manage("check", "--deploy", "--fail-level", "WARNING", HTTPS="1")
    assert done.returncode == 0, done.stderr


def test_the_deployment_check_misses_a_secret_key(manage):
    done = manage("check", "--deploy", HTTPS="1", SECRET_KEY="")
    assert done.returncode == 1
    assert "srstudy.E001" in done.stderr


def test_a_database_without_migrations_is_named(manage):
    done = manage("create_study", "new")
    assert done.returncode == 2
    assert "run `python manage.py migrate` first" in done.stderr
    assert one_sentence(done.stderr)


def newer_database(path: Path) -> None:
    """Pretend that a later version has migrated the database."""
    with sqlite3.connect(path) as database:
        database.execute(
            "INSERT INTO django_migrations (app, name, applied) "
            "VALUES ('ratings', '9999_later', '2030-01-01')"
        )
    database.close()


@pytest.mark.parametrize("arguments", [["distill", "--method", "all"], ["quickstart", "--no-serve"]])
def test_a_database_newer_than_the_code_is_refused_in_a_sentence(manage, tmp_path, arguments):
    manage("migrate", "-v0")
    newer_database(tmp_path / "db.sqlite3")
    done = manage(*arguments)
    assert done.returncode == 2
    assert "newer than this code" in done.stderr
    assert one_sentence(done.stderr)
    assert not (tmp_path / "media").exists()


def test_the_web_process_refuses_a_database_newer_than_the_code(manage, surroundings, tmp_path):
    manage("migrate", "-v0")
    newer_database(tmp_path / "db.sqlite3")
    done = python("import srstudy.wsgi", surroundings)
    assert done.returncode == 3
    assert one_sentence(done.stderr)


def test_a_database_that_cannot_be_opened_is_named(manage):
    done = manage("export_dmos", "x", "--out", "x", DATABASE_URL="sqlite:////nowhere/at/all/db.sqlite3")
    assert done.returncode == 2
    assert one_sentence(done.stderr)


def test_a_port_in_use_is_refused_before_any_work(manage, tmp_path):
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = manage("quickstart", "--profile", "smoke", "--port", str(port))
    assert done.returncode == 2
    assert f"Port {port}" in done.stderr
    assert one_sentence(done.stderr)
    assert not (tmp_path / "db.sqlite3").exists()


def test_nothing_that_is_installed_depends_on_torchvision():
    from importlib.metadata import distributions

    names = {(distribution.metadata["Name"] or "").lower() for distribution in distributions()}
    assert "torchvision" not in names


def test_help_needs_no_database(manage):
    done = manage("distill", "--help", DATABASE_URL="sqlite:////nowhere/db.sqlite3")
    assert done.returncode == 0
    assert "usage:" in done.stdout


def write_tiny_photographs(data: Path) -> None:
    """Stand-ins for the bundled photographs, under their names: nothing large is read or scored."""
    from distillation.sr.photographs import STUDY, STUDY_SET, TRAINING, TRAINING_SET

    rng = np.random.default_rng(1)
    names = {TRAINING_SET: [one.stem for one in TRAINING], STUDY_SET: [crop.name for crop in STUDY]}
    for folder, stems in names.items():
        (data / folder / "HR").mkdir(parents=True)
        for stem in stems:
            pixels = rng.integers(0, 256, (48, 48, 3), dtype=np.uint8)
            Picture.fromarray(pixels).save(data / folder / "HR" / f"{stem}.png")


def next_to_appear(folder: Path, pattern: str, process: subprocess.Popen[str]) -> Path:
    """Wait for a file that the process makes."""
    until = time.monotonic() + 60
    while not (found := list(folder.glob(pattern))):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.02)
    return found[0]


def last_step(log: Path) -> int:
    """The step that the last line of a stage's log reports."""
    return json.loads(log.read_text().splitlines()[-1])["step"]


def test_ctrl_c_says_how_to_go_on_and_going_on_so_finishes_the_run(manage, surroundings, tmp_path):
    write_tiny_photographs(tmp_path / "data")
    manage("migrate", "-v0")
    command = ["distill", "--method", "student", "--profile", "smoke", "--steps", "200"]
    process = subprocess.Popen(
        [sys.executable, str(REPOSITORY / "manage.py"), *command],
        env=surroundings,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    log = next_to_appear(tmp_path / "media" / "runs", "*/student_pixel/log.jsonl", process)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.splitlines()[-1] == "Stopped; the same command with --resume goes on from there."
    assert "Traceback" not in said
    assert last_step(log) < 200
    done = manage(*command, "--resume")
    assert done.returncode == 0, done.stderr
    assert [folder.name[-2:] for folder in (tmp_path / "media" / "runs").iterdir()] == ["-1"]
    assert last_step(log) == 200
