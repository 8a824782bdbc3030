"""What every command of ours does with a wrong request, a full disk, and Ctrl-C."""

import errno

import pytest
from django.core.management import CommandError, load_command_class
from django.db import OperationalError

from srstudy.commands import sentences
from srstudy.errors import Failed, Refused

COMMANDS = {
    "distill": "distillation",
    "evaluate": "distillation",
    "import_outputs": "distillation",
    "create_study": "ratings",
    "simulate_raters": "ratings",
    "export_dmos": "ratings",
    "quickstart": "srstudy",
}


@pytest.mark.parametrize(
    "arguments",
    [
        ["distill"],
        ["distill", "--method", "magic"],
        ["distill", "--method", "all", "--profile", "huge"],
        ["distill", "--method", "all", "--steps", "few"],
        ["evaluate", "--method", "magic"],
        ["create_study"],
        ["create_study", "x", "--dataset", "a", "--stimuli", "b"],
        ["simulate_raters", "x", "--raters", "many"],
        ["export_dmos", "x"],
        ["export_dmos", "x", "--out", "y", "--estimator", "median"],
        ["import_outputs"],
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
        (KeyboardInterrupt(), 130, "Stopped"),
        (OSError(errno.ENOSPC, "No space left on device", "x.png"), 1, "The disk is full at x.png"),
        (PermissionError(errno.EACCES, "Permission denied", "x.png"), 1, "at x.png: Permission denied."),
        (OperationalError("database or disk is full"), 1, "disk is full"),
        (OperationalError("database is locked"), 1, "locked"),
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
