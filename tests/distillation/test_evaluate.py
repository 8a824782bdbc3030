"""`evaluate`: every method's images of a data set, made once, recorded with their scores, and the CSV."""

import errno
import hashlib
import io
import os

import pytest
from django.core.management import CommandError, call_command
from PIL import Image as Picture

from distillation.models import Image, Output
from tests.distillation.conftest import write_images


def evaluate(*datasets: str, **options: object) -> str:
    """Run `evaluate`; answers what it printed."""
    out = io.StringIO()
    call_command("evaluate", dataset=list(datasets), **options, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def test_outputs_are_png_without_metadata_and_recorded_with_their_sum(photos, db, settings):
    evaluate("small")
    output = Output.objects.first()
    content = (settings.MEDIA_ROOT / output.file).read_bytes()
    assert hashlib.sha256(content).hexdigest() == output.sha256
    with Picture.open(io.BytesIO(content)) as picture:
        assert (picture.mode, picture.size, picture.info) == ("RGB", (48, 48), {})


def test_evaluating_again_makes_nothing_again(photos, db, settings):
    evaluate("small")
    before = {path: path.stat().st_mtime_ns for path in settings.MEDIA_ROOT.rglob("*.png")}
    assert len(before) == 4
    rows = list(Output.objects.values_list("pk", "created_at"))
    evaluate("small")
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert list(Output.objects.values_list("pk", "created_at")) == rows


def test_an_output_that_was_lost_is_made_again(photos, db, settings):
    evaluate("small")
    path = settings.MEDIA_ROOT / Output.objects.first().file
    path.unlink()
    evaluate("small")
    assert path.is_file()


def test_an_image_that_changed_under_its_name_is_refused(photos, db, settings):
    evaluate("small")
    Picture.new("RGB", (48, 48), "red").save(settings.DATA_ROOT / "small" / "im0.png")
    with pytest.raises(CommandError, match="has changed since"):
        evaluate("small")
    assert Image.objects.count() == 2


def test_a_folder_that_has_the_name_of_the_bundled_set_by_chance_is_not_taken_for_it(
    photos, db, tmp_path, monkeypatch
):
    write_images(tmp_path / "elsewhere" / "small", count=1, side_px=40)
    monkeypatch.chdir(tmp_path / "elsewhere")
    evaluate("small")
    assert set(Image.objects.values_list("width", flat=True)) == {48}


def test_a_name_that_is_too_long_is_refused(photos, db, tmp_path):
    write_images(tmp_path / ("x" * 65), count=1)
    with pytest.raises(CommandError, match="too long"):
        evaluate(str(tmp_path / ("x" * 65)))


def test_the_csv_has_the_columns_of_the_contract(photos, db, tmp_path):
    evaluate("small", csv=tmp_path / "e" / "evaluation.csv")
    lines = (tmp_path / "e" / "evaluation.csv").read_text().splitlines()
    assert lines[0].startswith("dataset,image,method,psnr_y,ssim_y,psnr_rgb,ssim_rgb")
    assert len(lines) == 3


def test_a_folder_in_the_place_of_the_csv_is_refused_before_the_work(photos, db, tmp_path):
    with pytest.raises(CommandError, match="which is a folder and not a file") as caught:
        evaluate("small", csv=tmp_path)
    assert caught.value.returncode == 2
    assert not Output.objects.exists()


def test_a_disk_that_fills_up_leaves_the_csv_as_it_was(photos, db, tmp_path, monkeypatch):
    evaluate("small")
    (tmp_path / "e.csv").write_text("mine")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CommandError, match="disk is full"):
        evaluate("small", csv=tmp_path / "e.csv")
    assert (tmp_path / "e.csv").read_text() == "mine"


def test_a_run_may_be_named_with_its_own_method_only(photos, db):
    with pytest.raises(CommandError, match="--run goes with one trained method"):
        evaluate("small", method=["bicubic", "teacher"], run=1)
    with pytest.raises(CommandError, match="There is no run 99"):
        evaluate("small", method=["teacher"], run=99)
    with pytest.raises(CommandError, match=f"There is no run {10**20}"):
        evaluate("small", method=["teacher"], run=10**20)
