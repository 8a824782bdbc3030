"""`cost`: what networks cost, beside the quality that was recorded."""

import csv
import io
import shutil
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from distillation.models import Output, TrainingRun
from distillation.sr import measuring

REFUSED, FAILED = 2, 1


def run(**options: object) -> tuple[str, str]:
    """Run `cost`; answers what it printed and what it announced."""
    out, err = io.StringIO(), io.StringIO()
    call_command("cost", **{"dataset": "small", "runs": 1, "size": (8, 6), **options}, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


@pytest.fixture
def student(photos, db, monkeypatch) -> TrainingRun:
    """A student of the smoke profile, judged on the small set; memory is measured elsewhere."""
    monkeypatch.setattr(measuring, "peak_mb", lambda *_, **__: 12.0)
    quiet = {"stdout": io.StringIO(), "stderr": io.StringIO()}
    call_command("distill", method="student", profile="smoke", data=photos, steps=2, **quiet)
    return TrainingRun.objects.get()


def test_cost_and_quality_are_side_by_side(student, tmp_path):
    out = tmp_path / "new"
    printed, _ = run(csv=out / "c.csv", latex=out / "c.tex", plot=out / "c.svg")
    bicubic, trained = list(csv.DictReader(io.StringIO((out / "c.csv").read_text())))
    assert (bicubic["method"], trained["method"]) == ("bicubic", "student")
    # One block of 4 channels, lite: head and PReLU, block, end, tail.
    assert int(trained["parameters"]) == (108 + 4 + 1) + (2 * (144 + 8) + 1) + (144 + 8) + (1728 + 48)
    # The convolutions' weights, and the bicubic skip's 1200 taps; times 57,600 pixels for 1280 x 720.
    macs = 108 + 3 * 144 + 1728 + 1200
    assert int(trained["macs_per_lr_px"]) == macs
    assert float(trained["gmacs_720p"]) == pytest.approx(macs * 57_600 / 1e9)
    assert float(bicubic["gmacs_720p"]) == pytest.approx(240 * 57_600 / 1e9)
    scores = Output.objects.filter(run=student).values_list("psnr_y", flat=True)
    assert float(trained["psnr_y"]) == pytest.approx(sum(scores) / 2)
    assert float(trained["fp32_ms"]) > 0
    assert float(trained["peak_mb"]) == 12
    assert (trained["lr_width"], trained["lr_height"], trained["runs"]) == ("8", "6", "1")
    assert "medians over 1 run of the inference form for one input of 8 x 6 pixels" in printed
    assert r"\caption{Cost and quality at scale 4." in (out / "c.tex").read_text()
    assert (out / "c.svg").read_text().startswith("<?xml")


def test_networks_of_one_shape_are_measured_once(student, monkeypatch):
    calls = []
    monkeypatch.setattr(measuring, "latency_ms", lambda *_, **known: calls.append(known["precision"]) or 1.0)
    student.pk, student.method = None, "gan2g"
    student.folder += "-other"
    student.save()
    run()
    assert calls.count("fp32") == 1


def test_a_method_without_the_set_has_no_quality_and_says_how_to_get_it(student, settings):
    folder = settings.DATA_ROOT / "train" / "HR"
    printed, announced = run(dataset=str(folder))
    assert (
        f"Student has not made every image of train: run `python manage.py evaluate --dataset {folder} "
        "--method student`" in announced
    )
    assert printed.splitlines()[3].split()[-2:] == ["-", "-"]


def test_a_set_is_found_by_its_folder_and_by_its_name_when_the_folder_is_gone(student, settings):
    folder = settings.DATA_ROOT / "small"
    by_folder, announced = run(method=["student"], dataset=str(folder))
    assert "small PSNR-Y/dB" in by_folder
    assert "has not made" not in announced
    shutil.rmtree(folder)
    quality = [printed.splitlines()[2].split()[-2:] for printed in (by_folder, run(method=["student"])[0])]
    assert quality[0] == quality[1] != ["-", "-"]


def test_runs_of_one_method_stand_side_by_side_under_labels_of_their_own(student, tmp_path):
    def another(number: int, **shape: object) -> int:
        run = TrainingRun.objects.get(pk=student.pk)
        run.pk, run.folder = None, f"{student.folder}-{number}"
        run.options["student"] |= shape
        run.save()
        return run.pk

    srgan, wide, again = another(1, lite=False), another(2, channels=6), another(3, channels=6)
    printed, _ = run(
        run=[student.pk, srgan, wide, again, srgan], csv=tmp_path / "c.csv", latex=tmp_path / "c.tex"
    )
    rows = list(csv.DictReader(io.StringIO((tmp_path / "c.csv").read_text())))
    assert [(row["label"], row["method"], int(row["run"])) for row in rows] == [
        ("Student lite 1×4", "student", student.pk),
        ("Student 1×4", "student", srgan),
        (f"Student lite 1×6, run {wide}", "student", wide),
        (f"Student lite 1×6, run {again}", "student", again),
    ]
    sizes = [int(row["parameters"]) for row in rows]
    assert sizes[0] < sizes[2] == sizes[3]
    assert sizes[1] not in sizes[2:] + sizes[:1]
    assert [row["psnr_y"] != "" for row in rows] == [True, False, False, False]
    assert "Student lite 1×4 " in printed
    assert r"Student lite 1$\times$4 &" in (tmp_path / "c.tex").read_text()


def test_methods_beside_runs_are_those_of_which_no_run_is_named(student, tmp_path):
    run(method=["bicubic", "student"], run=[student.pk], csv=tmp_path / "c.csv")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "c.csv").read_text())))
    assert [row["label"] for row in rows] == ["Bicubic", "Student lite 1×4"]


def test_what_cannot_be_drawn_is_said_before_anything_is_measured(photos, db, monkeypatch, tmp_path):
    monkeypatch.setattr(measuring, "median_ms", lambda *_, **__: pytest.fail("was measured"))
    with pytest.raises(
        CommandError, match="nothing to draw: none of these has been evaluated on train"
    ) as caught:
        run(method=["bicubic"], dataset="train", plot=tmp_path / "c.png")
    assert caught.value.returncode == REFUSED


def test_requests_that_cannot_be_met_are_refused(photos, db, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cases = {
        "No method has been trained": {},
        "teacher has not been trained": {"method": ["teacher"]},
        "There is no run 7": {"run": [7]},
        "There is no data folder 'nowhere'": {"method": ["bicubic"], "dataset": "nowhere"},
        "--csv and --latex are both": {"csv": tmp_path / "x", "latex": Path("x")},
        "--csv and --plot are both": {"csv": tmp_path / "x.png", "plot": tmp_path / "y" / ".." / "x.png"},
        "1 run or more, not 0": {"runs": 0},
        "a figure ends in .png, .svg or .pdf": {"plot": tmp_path / "c.gif"},
        "which is a folder": {"csv": tmp_path},
        "has been evaluated on small": {"method": ["bicubic"], "plot": tmp_path / "c.png"},
    }
    for sentence, options in cases.items():
        with pytest.raises(CommandError, match=sentence) as caught:
            run(**options)
        assert caught.value.returncode == REFUSED


@pytest.mark.parametrize("text", ["12", "1x5", "axb", "5x", "9999999x9", ""])
def test_a_size_that_is_none_is_refused(db, text):
    with pytest.raises(CommandError, match=f"as 120x120, not '{text}'") as caught:
        call_command("cost", f"--size={text}")
    assert caught.value.returncode == REFUSED


def test_a_size_that_takes_more_memory_than_machines_have_is_refused(db):
    with pytest.raises(CommandError, match="99999x99999 has over 2,000,000 pixels") as caught:
        call_command("cost", "--size=99999x99999")
    assert caught.value.returncode == REFUSED


def test_too_little_memory_is_a_sentence_and_a_bug_is_not(student, monkeypatch):
    troubles = {
        "peak_mb": BrokenProcessPool(),
        "latency_ms": RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9"),
        "median_ms": MemoryError(),
    }

    def raising(error):
        def part(*_, **__):
            raise error

        return part

    for name, error in troubles.items():
        with monkeypatch.context() as patch:
            patch.setattr(measuring, name, raising(error))
            with pytest.raises(
                CommandError, match="not enough memory for an input of 8 x 6 pixels"
            ) as caught:
                run()
        assert caught.value.returncode == FAILED
    monkeypatch.setattr(measuring, "latency_ms", raising(RuntimeError("a bug")))
    with pytest.raises(RuntimeError, match="a bug"):
        run()
