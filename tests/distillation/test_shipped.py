"""The weights that ship with the project, and any in their place."""

import io
from pathlib import Path

import pytest
import torch
from django.core.management import CommandError, call_command

from distillation import queries
from distillation.models import TRAINED_METHODS, Output, TrainingRun
from distillation.pipeline import shipped
from distillation.pipeline.outputs import load_network
from distillation.sr.portable import weights


def use() -> str:
    out = io.StringIO()
    call_command("use_shipped_weights", stdout=out, stderr=io.StringIO())
    return out.getvalue()


@pytest.fixture
def folder(photos, db, tmp_path, monkeypatch):
    """Six generators, trained for a moment and exported, in the place of the shipped ones; no run is left."""
    quiet = {"stdout": io.StringIO(), "stderr": io.StringIO()}
    call_command("distill", method="all", profile="smoke", data=photos, steps=2, **quiet)
    place = tmp_path / "weights"
    for method in TRAINED_METHODS:
        arguments = ("--method", method, "--format", "safetensors", "--half")
        call_command("export_model", *arguments, "--out", str(place / f"{method}.safetensors"), **quiet)
    Output.objects.all().delete()
    TrainingRun.objects.exclude(method="teacher").delete()
    TrainingRun.objects.all().delete()
    monkeypatch.setattr(shipped, "FOLDER", place)
    return place


def test_shipped_weights_become_finished_runs_that_every_command_can_use(folder):
    printed = use()
    for method in TRAINED_METHODS:
        run = queries.finished_run(method)
        network, card = weights.read_model(folder / f"{method}.safetensors")
        loaded = load_network(run).state_dict()
        assert all(torch.equal(loaded[name], tensor) for name, tensor in network.state_dict().items())
        assert (run.profile, run.seed, run.code_version) == ("shipped", 0, card["code_version"])
        assert run.get_method_display() in printed
    out = io.StringIO()
    arguments = ("--dataset", "small", "--method", "bicubic", "g2g_al")
    call_command("evaluate", *arguments, stdout=out, stderr=io.StringIO())
    assert "G2G+AL" in out.getvalue()


def test_shipped_students_name_the_shipped_teacher_and_count_their_own_updates(folder):
    use()
    teacher = queries.finished_run("teacher")
    students = TrainingRun.objects.exclude(method="teacher")
    taught = {run.method: run.teacher for run in students}
    assert taught.pop("student") is None
    assert list(taught.values()) == [teacher] * 4
    # Two of eight steps of the smoke profile: 2 and 1 for the teacher, 2 and 1 for each student.
    assert {run.steps for run in students} == {3}
    assert teacher.steps == 3


def test_using_them_again_changes_nothing(folder):
    use()
    before = list(TrainingRun.objects.values_list("pk", "weights_sha256", "finished_at"))
    use()
    assert list(TrainingRun.objects.values_list("pk", "weights_sha256", "finished_at")) == before


def test_a_run_whose_files_were_removed_is_made_whole_again(folder, settings):
    use()
    run = queries.finished_run("student")
    (Path(settings.MEDIA_ROOT) / run.weights_file).unlink()
    use()
    assert TrainingRun.objects.count() == len(TRAINED_METHODS)
    load_network(queries.finished_run("student"))


def test_a_missing_file_is_refused_and_nothing_is_recorded(folder):
    (folder / "gan2g.safetensors").unlink()
    with pytest.raises(CommandError, match=r"No weights of gan2g are shipped in .*: train with PRETRAINED=0"):
        use()
    assert not TrainingRun.objects.exists()


def test_a_changed_file_is_refused_and_nothing_is_recorded(folder):
    file = folder / "student.safetensors"
    payload = bytearray(file.read_bytes())
    payload[-1] ^= 1
    file.write_bytes(payload)
    with pytest.raises(CommandError, match=r"student\.safetensors was changed after it was written"):
        use()
    assert not TrainingRun.objects.exists()


def test_nothing_is_trained_on_from_a_shipped_teacher(folder, photos):
    use()
    errors = io.StringIO()
    options = {"profile": "smoke", "data": photos, "steps": 2}
    call_command("distill", method="g2g_al", **options, stdout=io.StringIO(), stderr=errors)
    assert "No teacher was trained under these options yet, so it comes first." in errors.getvalue()


def test_the_shipped_weights_are_small_whole_and_say_what_made_them():
    files = sorted(shipped.FOLDER.glob("*.safetensors"))
    assert [file.stem for file in files] == sorted(TRAINED_METHODS)
    assert sum(file.stat().st_size for file in files) < 15e6
    for file in files:
        _, card = weights.read_model(file)
        assert card["storage"] == "float16"
        assert card["profile"] == "cpu"
        assert {row["dataset"] for row in card["metrics"]} >= {"photos", "Set5", "Set14"}
