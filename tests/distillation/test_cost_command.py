"""`cost`: what networks cost, beside the quality that was recorded."""

import csv
import io
from concurrent.futures.process import BrokenProcessPool

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
    assert "one input of 8 x 6 pixels" in printed
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


def test_a_method_without_the_set_has_no_quality_and_says_how_to_get_it(student):
    printed, announced = run(dataset="other")
    assert "evaluate --dataset other --method student" in announced
    assert printed.splitlines()[3].split()[-2:] == ["-", "-"]


def test_requests_that_cannot_be_met_are_refused(db, tmp_path):
    cases = {
        "No method has been trained": {},
        "Teacher has not been trained": {"method": ["teacher"]},
        "--run goes with one trained": {"run": 1},
        "1 run or more, not 0": {"runs": 0},
        "a figure ends in .png, .svg or .pdf": {"plot": tmp_path / "c.gif"},
        "which is a folder": {"csv": tmp_path},
        "has been evaluated on small": {"method": ["bicubic"], "plot": tmp_path / "c.png"},
    }
    for sentence, options in cases.items():
        with pytest.raises(CommandError, match=sentence) as caught:
            run(**options)
        assert caught.value.returncode == REFUSED


@pytest.mark.parametrize("text", ["12", "1x5", "axb", "5x", "9999999x9"])
def test_a_size_that_is_none_is_refused(db, text):
    with pytest.raises(CommandError, match=f"as 120x120, not '{text}'") as caught:
        call_command("cost", f"--size={text}")
    assert caught.value.returncode == REFUSED


def test_too_little_memory_is_a_sentence(student, monkeypatch):
    def killed(*_, **__):
        raise BrokenProcessPool

    monkeypatch.setattr(measuring, "peak_mb", killed)
    with pytest.raises(CommandError, match="not enough memory for an input of 8 x 6") as caught:
        run()
    assert caught.value.returncode == FAILED
