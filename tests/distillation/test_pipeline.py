"""From a folder of images to trained methods, their outputs and the rows that record them."""

import csv
import errno
import hashlib
import io
import shutil

import pytest
import torch
from django.core.management import CommandError, call_command
from PIL import Image as Picture

from distillation import queries
from distillation.models import TRAINED_METHODS, Output, TrainingRun
from distillation.sr import checkpoints, training
from distillation.sr.learner import Learner
from srstudy.errors import Refused


@pytest.fixture
def distill(photos, db):
    """Train with the smoke profile, two steps of the first stage; answers what was printed."""

    def run(*methods: str, resume: bool = False, **options: object) -> str:
        out = io.StringIO()
        for method in methods:
            call_command(
                "distill",
                method=method,
                **{"profile": "smoke", "data": photos, "steps": 2, "resume": resume} | options,
                stdout=out,
                stderr=io.StringIO(),
            )
        return out.getvalue()

    return run


def test_all_trains_the_six_methods_and_makes_their_images(distill, settings):
    printed = distill("all")
    runs = TrainingRun.objects.order_by("pk")
    assert [run.method for run in runs] == list(TRAINED_METHODS)
    assert {run.status for run in runs} == {"finished"}
    assert Output.objects.count() == 2 * 7
    for run in runs:
        weights = settings.MEDIA_ROOT / run.weights_file
        assert hashlib.sha256(weights.read_bytes()).hexdigest() == run.weights_sha256
        assert run.steps > 0
    assert all(label in printed for label in ("Bicubic", "GAN2G+AL", "PSNR-Y/dB"))


def test_students_name_the_teacher_that_taught_them(distill):
    distill("all")
    taught_by = dict(TrainingRun.objects.values_list("method", "teacher__method"))
    assert taught_by == {
        "teacher": None,
        "student": None,
        "gan2gan": "teacher",
        "gan2g": "teacher",
        "gan2g_al": "teacher",
        "g2g_al": "teacher",
    }


def test_the_six_methods_have_six_different_weights(distill):
    distill("all")
    assert TrainingRun.objects.values("weights_sha256").distinct().count() == 6


def test_a_method_that_needs_a_teacher_gets_one_first(distill):
    distill("g2g_al")
    assert list(TrainingRun.objects.order_by("pk").values_list("method", flat=True)) == ["teacher", "g2g_al"]


def test_a_teacher_trained_before_is_shared(distill):
    distill("teacher", "g2g_al")
    student = TrainingRun.objects.get(method="g2g_al")
    assert student.teacher == TrainingRun.objects.get(method="teacher")


def test_training_again_makes_a_new_run_and_resuming_a_finished_one_does_not(distill):
    distill("student")
    distill("student", resume=True)
    assert TrainingRun.objects.count() == 1
    distill("student")
    assert TrainingRun.objects.count() == 2
    assert TrainingRun.objects.values("weights_sha256").distinct().count() == 1  # the same seed


def test_a_network_is_not_asked_for_what_it_has_made(distill, settings):
    distill("student")
    before = list(Output.objects.filter(method="student").values_list("sha256", "gmsd"))
    Output.objects.update(protocol="", gmsd=None, high_frequency=None)
    shutil.rmtree(settings.MEDIA_ROOT / "runs")
    call_command(
        "evaluate", dataset=["small"], method=["student"], stdout=io.StringIO(), stderr=io.StringIO()
    )
    assert list(Output.objects.filter(method="student").values_list("sha256", "gmsd")) == before


def test_the_csv_goes_method_by_method_in_the_order_asked_for(distill, tmp_path):
    distill("student")
    call_command("evaluate", dataset=["small"], method=["student", "bicubic"], csv=tmp_path / "e.csv",
                 stdout=io.StringIO(), stderr=io.StringIO())  # fmt: skip
    rows = [line.split(",")[1:3] for line in (tmp_path / "e.csv").read_text().splitlines()[1:]]
    assert rows == [["im0", "student"], ["im1", "student"], ["im0", "bicubic"], ["im1", "bicubic"]]
    runs = [row["run"] for row in csv.DictReader((tmp_path / "e.csv").read_text().splitlines())]
    number = str(TrainingRun.objects.get(method="student").pk)
    assert runs == [number, number, "", ""]


def test_ctrl_c_leaves_a_run_that_resuming_finishes(distill, monkeypatch):
    real = training.train_stage

    def stopped(stage, *arguments, **options):
        if stage.name == "student_final":
            raise training.Stopped("Stopped at step 1 of 2 of student_final.")
        return real(stage, *arguments, **options)

    monkeypatch.setattr(training, "train_stage", stopped)
    with pytest.raises(CommandError, match="the same command with --resume goes on") as caught:
        distill("student")
    assert caught.value.returncode == 130
    assert TrainingRun.objects.get().status == "stopped"
    monkeypatch.setattr(training, "train_stage", real)
    distill("student", resume=True)
    assert TrainingRun.objects.get().status == "finished"


def test_a_failure_is_recorded_with_its_reason(distill, monkeypatch):
    def diverged(*_, **__):
        raise training.TrainingFailed("The loss pix is not finite at step 7 of student_pixel.")

    monkeypatch.setattr(training, "train_stage", diverged)
    with pytest.raises(CommandError, match="step 7") as caught:
        distill("student")
    assert caught.value.returncode == 1
    run = TrainingRun.objects.get()
    assert (run.status, run.message) == ("failed", "The loss pix is not finite at step 7 of student_pixel.")


def test_running_out_of_memory_is_failed_work_that_names_a_batch_that_fits(distill, monkeypatch):
    step = Learner.step

    def exhausted(self, x, y, *, step: int, original=step):
        if len(x) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
        return original(self, x, y, step=step)

    monkeypatch.setattr(Learner, "step", exhausted)
    with pytest.raises(CommandError, match="with a batch of 4: 2 fit, so use a batch of 2") as caught:
        distill("student")
    assert caught.value.returncode == 1
    run = TrainingRun.objects.get()
    assert run.status == "failed"
    assert "a batch of 2" in run.message


def test_a_bug_in_training_leaves_no_run_that_seems_to_run(distill, monkeypatch):
    def bug(*_, **__):
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    monkeypatch.setattr(training, "train_stage", bug)
    with pytest.raises(RuntimeError):
        distill("student")
    run = TrainingRun.objects.get()
    assert (run.status, run.message) == ("failed", "RuntimeError: mat1 and mat2 shapes cannot be multiplied")


def test_a_full_disk_leaves_no_half_copy_of_the_teacher(distill, monkeypatch, settings):
    distill("teacher")
    first = settings.MEDIA_ROOT / TrainingRun.objects.get().folder

    def full(source, target, **_):
        raise OSError(errno.ENOSPC, "No space left on device", str(target))

    monkeypatch.setattr(shutil, "copy2", full)
    with pytest.raises(CommandError, match="disk is full") as caught:
        distill("g2g_al")
    assert caught.value.returncode == 1
    assert "--resume" in str(caught.value)
    second = first.with_name(f"{first.name[:-1]}2")
    assert {path.name for path in second.iterdir()} <= {".lock"}
    monkeypatch.undo()


def test_a_folder_that_another_process_trains_in_is_refused(distill, settings):
    distill("student")
    folder = settings.MEDIA_ROOT / TrainingRun.objects.get().folder
    TrainingRun.objects.all().update(status="stopped", finished_at=None)
    with checkpoints.lock(folder), pytest.raises(CommandError, match="nother process") as caught:
        distill("student", resume=True)
    assert caught.value.returncode == 2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"data": "/nowhere"}, "There is no data folder '/nowhere'"),
        ({"steps": 0}, "0"),
        ({"seed": -1}, "-1"),
        ({"seed": 10**20}, str(10**20)),
        ({"device": "cuda"}, "cuda"),
    ],
)
def test_what_cannot_be_trained_is_refused_and_nothing_is_recorded(distill, options, words):
    with pytest.raises(CommandError) as caught:
        distill("teacher", **options)
    assert words.lower() in str(caught.value).lower()
    assert caught.value.returncode == 2
    assert not TrainingRun.objects.exists()


def spoil(photos: str, kind: str) -> None:
    """Put something into the training folder that cannot be used."""
    from pathlib import Path

    folder = Path(photos) / "HR"
    image = folder / "im0.png"
    if kind == "empty":
        for path in folder.iterdir():
            path.unlink()
    elif kind == "truncated":
        image.write_bytes(image.read_bytes()[:500])
    elif kind == "not an image":
        image.write_text("no picture at all")
    elif kind == "too small":
        Picture.new("RGB", (12, 12)).save(image)


@pytest.mark.parametrize("kind", ["empty", "truncated", "not an image", "too small"])
def test_a_folder_that_cannot_be_used_is_refused_in_a_sentence(distill, photos, kind, settings):
    spoil(photos, kind)
    with pytest.raises(CommandError) as caught:
        distill("teacher")
    assert caught.value.returncode == 2
    assert "\n" not in str(caught.value)
    assert "train" in str(caught.value) or "im0.png" in str(caught.value)
    assert not TrainingRun.objects.exists()
    assert not (settings.MEDIA_ROOT / "runs").exists()


def test_a_profile_can_be_asked_for(distill):
    distill("student")
    assert queries.finished_run("student", profile="smoke").method == "student"
    with pytest.raises(Refused, match="under the profile demo"):
        queries.finished_run("student", profile="demo")


def test_the_run_of_a_method_is_the_latest_of_the_highest_profile(db):
    from django.utils import timezone

    def finished(profile: str, folder: str) -> TrainingRun:
        return TrainingRun.objects.create(
            method="teacher", profile=profile, seed=0, status="finished", folder=folder, options={},
            options_digest="", data_name="", data_digest="", weights_file="w", weights_sha256="s",
            code_version="test", finished_at=timezone.now(),
        )  # fmt: skip

    demo, later_demo = finished("demo", "a"), finished("demo", "b")
    finished("smoke", "c")
    assert queries.finished_run("teacher") == later_demo
    assert queries.finished_run("teacher", run_id=demo.pk) == demo


def test_methods_here_and_in_the_workshop_are_the_same():
    from distillation.sr import config

    assert TRAINED_METHODS == config.METHODS
    assert tuple(config.PROFILES) == queries.PROFILES


def test_the_check_names_every_stage_and_trains_nothing(db, settings, capsys):
    call_command("distill", method="all", profile="smoke", check=True)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 10
    assert all(line.endswith(": sound") for line in lines)
    assert not TrainingRun.objects.exists()
    assert not settings.MEDIA_ROOT.exists()


def test_the_check_of_one_method_has_its_stages_alone(db, capsys):
    call_command("distill", method="student", profile="smoke", check=True)
    assert capsys.readouterr().out.splitlines() == ["student_pixel: sound", "student_final: sound"]


def test_a_recipe_that_is_not_sound_fails_the_check(db, monkeypatch, capsys):
    from distillation.sr import selfcheck

    found = {"student_pixel": (), "student_final": ("The generator does not learn.",)}
    monkeypatch.setattr(selfcheck, "check_recipes", lambda options: found)
    with pytest.raises(CommandError, match="1 of 2 stages are not sound: student_final") as caught:
        call_command("distill", method="student", profile="smoke", check=True)
    assert caught.value.returncode == 1
    assert "student_final: The generator does not learn." in capsys.readouterr().out
