"""What every command of ours does with a wrong request, a full disk, and Ctrl-C."""

import errno
import runpy
import shutil

import pytest
from django.core import management
from django.core.management import CommandError, load_command_class
from django.db import OperationalError

from srstudy import database
from srstudy.commands import sentences
from srstudy.errors import Failed, Refused, as_sentence
from tests.conftest import REPOSITORY

COMMANDS = {
    "distill": "distillation",
    "evaluate": "distillation",
    "upscale": "distillation",
    "export_model": "distillation",
    "cost": "distillation",
    "use_shipped_weights": "distillation",
    "import_outputs": "distillation",
    "create_study": "ratings",
    "open_study": "ratings",
    "reproduce": "ratings",
    "simulate_raters": "ratings",
    "export_dmos": "ratings",
    "quickstart": "srstudy",
}


@pytest.mark.parametrize(
    "arguments",
    [
        ["distill", "--check", "--show-options"],
        ["distill", "--method", "magic"],
        ["distill", "--method", "all", "--profile", "huge"],
        ["distill", "--method", "all", "--steps", "few"],
        ["evaluate", "--method", "magic"],
        ["create_study"],
        ["open_study"],
        ["create_study", "x", "--dataset", "a", "--stimuli", "b"],
        ["simulate_raters", "x", "--raters", "many"],
        ["export_dmos", "x"],
        ["export_dmos", "x", "--out", "y", "--estimator", "median"],
        ["export_dmos", "x", "--out", "y", "--figures", "svg", "--no-figures"],
        ["import_outputs"],
        ["upscale"],
        ["upscale", "x.png", "--method", "bicubic", "--model", "y.onnx", "--out", "z"],
        ["export_model", "--method", "student", "--format", "zip", "--out", "x.zip"],
        ["cost", "--runs", "many"],
        ["reproduce", "tables"],
        ["use_shipped_weights", "teacher"],
        ["quickstart", "--pretrained", "--profile", "smoke"],
        ["quickstart", "--profile", "paper"],
    ],
)
def test_wrong_arguments_end_in_one_sentence_and_status_2(arguments, capsys):
    command = load_command_class(COMMANDS[arguments[0]], arguments[0])
    with pytest.raises(SystemExit) as caught:
        command.run_from_argv(["manage.py", *arguments])
    said = capsys.readouterr().err
    assert caught.value.code == 2
    assert said.count("\n") == 1
    assert said.endswith(f"see `manage.py {arguments[0]} --help`.\n")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_says_what_it_does(name):
    assert load_command_class(COMMANDS[name], name).help.endswith(".")


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (Refused("no such thing"), 2, "No such thing."),
        (Failed("the loss is not finite"), 1, "The loss is not finite."),
        (KeyboardInterrupt(), 130, "Stopped; what was finished is kept."),
        (OSError(errno.ENOSPC, "No space left on device", "x.png"), 1, "The disk is full at x.png"),
        (PermissionError(errno.EACCES, "Permission denied", "x.png"), 1, "at x.png: Permission denied."),
        (OperationalError("database or disk is full"), 1, "disk is full"),
        (OperationalError("database is locked"), 1, "locked"),
        (OperationalError("disk I/O error"), 1, "disk I/O error"),
        (shutil.Error([("a", "b", "[Errno 28] No space left on device: 'b'")]), 1, "The disk is full at b"),
        (shutil.Error([("a", "b", "[Errno 13] Permission denied: 'b'")]), 1, "at b: [Errno 13] Permission"),
    ],
)
def test_what_a_person_can_meet_becomes_a_sentence_and_a_status(error, status, words):
    with pytest.raises(CommandError) as caught, sentences():
        raise error
    assert caught.value.returncode == status
    assert words in str(caught.value)


@pytest.mark.parametrize("error", [ZeroDivisionError("a bug"), OperationalError("no such column: a bug")])
def test_a_bug_keeps_its_traceback(error):
    with pytest.raises(type(error)), sentences():
        raise error


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("distill", "the same command with --resume goes on from there"),
        ("quickstart", "`make study` goes on"),
    ],
)
@pytest.mark.parametrize(
    ("error", "status"), [(KeyboardInterrupt(), 130), (OSError(errno.ENOSPC, "No space left on device"), 1)]
)
def test_who_stops_is_told_what_goes_on_from_there(monkeypatch, capsys, name, words, error, status):
    command = load_command_class(COMMANDS[name], name)

    def handle(**_: object) -> None:
        raise error

    monkeypatch.setattr(command, "handle", handle)
    monkeypatch.setattr(command, "needs_database", False)
    with pytest.raises(CommandError, match=words) as caught:
        management.call_command(command, *(["--method=all"] if name == "distill" else []))
    assert caught.value.returncode == status


def test_a_command_that_calls_another_says_in_its_own_words_how_to_go_on():
    with pytest.raises(CommandError) as caught, sentences("outer"), sentences("inner"):
        raise KeyboardInterrupt
    assert (str(caught.value), caught.value.returncode) == ("Stopped; outer.", 130)


@pytest.mark.parametrize("reason", ["disk I/O error", "database or disk is full", "database is locked"])
@pytest.mark.parametrize("read", ["newer_migrations", "missing_migrations"])
def test_a_database_in_trouble_is_failed_work_and_no_wrong_request(db, monkeypatch, reason, read):
    def broken() -> list[str]:
        raise OperationalError(reason)

    monkeypatch.setattr(database, read, broken)
    with pytest.raises(Failed, match=reason):
        database.refuse_unready_database()


def test_a_database_that_is_not_there_is_a_wrong_request(db, monkeypatch):
    def broken() -> list[str]:
        raise OperationalError("unable to open database file")

    monkeypatch.setattr(database, "newer_migrations", broken)
    with pytest.raises(Refused, match="DATABASE_URL"):
        database.refuse_unready_database()


def test_ctrl_c_while_django_loads_ends_without_a_traceback(monkeypatch, capsys):
    def interrupted(_: list[str]) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(management, "execute_from_command_line", interrupted)
    with pytest.raises(SystemExit) as caught:
        runpy.run_path(str(REPOSITORY / "manage.py"), run_name="__main__")
    assert (caught.value.code, capsys.readouterr().err) == (130, "Stopped.\n")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("no such thing", "No such thing."),
        ("two.png is truncated.", "two.png is truncated."),
        ("http://example.org/a.zip answers 404", "http://example.org/a.zip answers 404."),
        ("refused: the folder is empty", "Refused: the folder is empty."),
        ("there is no option 'trainin'", "There is no option 'trainin'."),
        ("training is -1, which is too few", "training is -1, which is too few."),
        ("ties is on, and DSCQS has none", "ties is on, and DSCQS has none."),
        ("questions are {}, which is not a list", "questions are {}, which is not a list."),
        ("teacher has not been trained", "teacher has not been trained."),
    ],
)
def test_a_sentence_begins_with_a_capital_unless_a_name_does_it(text, sentence):
    assert as_sentence(text) == sentence
