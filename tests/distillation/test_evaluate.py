"""`evaluate`: every method's images of data sets, made once, recorded with their scores, and the tables."""

import csv
import errno
import hashlib
import io
import os
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from PIL import Image as Picture

from distillation import queries
from distillation.models import Image, Output
from distillation.sr import images, scoring, workers
from distillation.sr.folders import Pair
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


def test_the_csv_has_every_measure_and_its_protocol(photos, db, tmp_path):
    evaluate("small", csv=tmp_path / "evaluation.csv")
    rows = list(csv.DictReader((tmp_path / "evaluation.csv").read_text().splitlines()))
    stored = Output.objects.get(image__name="im1")
    assert rows[1]["protocol"] == scoring.PROTOCOL
    for name in ("psnr_y", "gmsd", "psnr_wrapped", "lr_psnr", "high_frequency"):
        assert float(rows[1][name]) == getattr(stored, name)


MEASURES = ("psnr_y", "ssim_y", "psnr_rgb", "ssim_rgb", "gmsd", "psnr_wrapped", "lr_psnr", "high_frequency")


def all_scores() -> list[tuple]:
    """Every stored output's image, file and scores."""
    return list(Output.objects.order_by("pk").values_list("image__name", "sha256", "protocol", *MEASURES))


def test_rows_from_before_there_were_protocols_are_scored_again_from_their_files(photos, db, monkeypatch):
    evaluate("small")
    before = all_scores()
    Output.objects.update(
        protocol="", psnr_y=0, gmsd=None, psnr_wrapped=None, lr_psnr=None, high_frequency=None,
        code_version="older",
    )  # fmt: skip
    monkeypatch.setattr(images, "upscale_bicubic", None)
    printed = evaluate("small")
    assert all_scores() == before
    assert set(Output.objects.values_list("code_version", flat=True)) == {"older"}  # made the file
    assert " - " not in printed


def test_a_study_keeps_the_scores_that_it_was_opened_with(photos, db):
    evaluate("small")
    call_command("create_study", "s", dataset="small", relax_order=True, open=True, stdout=io.StringIO(),
                 stderr=io.StringIO())  # fmt: skip
    from ratings.models import Stimulus

    before = list(Stimulus.objects.values_list("psnr", flat=True))
    Output.objects.update(protocol="an older one", psnr_y=1)
    evaluate("small")
    assert list(Stimulus.objects.values_list("psnr", flat=True)) == before


def test_two_processes_find_what_one_finds(photos, db, tmp_path):
    evaluate("small", workers=2)
    by_two = all_scores()
    Output.objects.all().delete()
    evaluate("small", workers=1)
    assert all_scores() == by_two


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (workers.WorkerDied(), r"process died .* --workers 1: what was finished is kept"),
        (MemoryError(), r"not enough memory .* --workers 1: what was finished is kept"),
    ],
)
def test_what_ends_the_work_half_way_is_said_in_a_sentence(photos, db, monkeypatch, error, words):
    def fail(*_):
        raise error

    monkeypatch.setattr("distillation.pipeline.outputs.evaluate_pair", fail)
    with pytest.raises(CommandError, match=words) as caught:
        evaluate("small")
    assert caught.value.returncode == 1


def test_workers_are_started_where_there_is_work_for_them(tmp_path, monkeypatch):
    from distillation.pipeline import outputs

    monkeypatch.setattr(workers, "available_cores", lambda: 4)
    picture = tmp_path / "large.png"
    Picture.new("RGB", (1000, 1000)).save(picture)  # 3 MB of pixels, and as much as a 16th more for LR
    assert outputs._workers_for([Pair(picture, None)]) == 1
    assert outputs._workers_for([Pair(picture, None)] * 3) == 2
    assert outputs._workers_for([Pair(picture, None)] * 30) == 4


def test_there_are_no_more_workers_than_images(photos, db, monkeypatch):
    counts = []
    pool = workers.worker_pool
    monkeypatch.setattr(workers, "worker_pool", lambda count: counts.append(count) or pool(1))
    evaluate("small", workers=100)
    assert counts == [2]


def test_it_is_said_what_was_made_scored_again_and_kept(photos, db, settings, capsys):
    evaluate("small")
    first, second = Output.objects.order_by("pk")
    assert capsys.readouterr().err.endswith(", 2 made\n")
    Output.objects.filter(pk=first.pk).update(protocol="older")
    evaluate("small")
    assert capsys.readouterr().err.endswith(", 1 scored again, 1 kept\n")
    (settings.MEDIA_ROOT / second.file).unlink()
    evaluate("small")
    assert capsys.readouterr().err.endswith(", 1 made, 1 kept\n")


def test_the_name_of_the_protocol_is_the_same_for_those_who_read_only():
    assert queries.PROTOCOL == scoring.PROTOCOL


def test_several_sets_stand_side_by_side_as_in_the_paper(photos, db, tmp_path, settings):
    write_images(settings.DATA_ROOT / "other" / "HR", count=1)
    printed = evaluate("small", "other", latex=tmp_path / "t" / "table.tex")
    y, rgb = printed.split("PSNR in dB and SSIM on ")[1:]
    assert y.startswith("the Y channel")
    assert "small PSNR  small SSIM  other PSNR  other SSIM" in y
    assert rgb.startswith("RGB")
    tex = (tmp_path / "t" / "table.tex").read_text()
    assert tex.count(r"\begin{table*}") == tex.count(r"\end{table*}") == 2
    assert r"\multicolumn{2}{c}{small} & \multicolumn{2}{c}{other}" in tex


def test_one_set_alone_is_not_repeated_in_the_papers_layout(photos, db):
    assert "PSNR in dB" not in evaluate("small")


def test_each_image_is_printed_on_request(photos, db):
    assert "small/im1" not in evaluate("small")
    lines = [line for line in evaluate("small", per_image=True).splitlines() if line.startswith("small/im1")]
    assert len(lines) == 1
    assert f"{Output.objects.get(image__name='im1').psnr_y:.3f}" in lines[0]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"workers": 0}, "--workers is 1 or more, not 0"),
        ({"csv": "x", "latex": "./new/../x"}, "--csv and --latex are both 'new/../x'"),
        ({"datasets": ["small", "small/."]}, "Two of the data sets are called small"),
    ],
)
def test_options_that_cannot_be_are_refused_before_the_work(photos, db, monkeypatch, options, words):
    given = {name: Path(value) if name in ("csv", "latex") else value for name, value in options.items()}
    with pytest.raises(CommandError, match=words) as caught:
        evaluate(*given.pop("datasets", ["small"]), **given)
    assert caught.value.returncode == 2
    assert not Output.objects.exists()


def test_an_image_without_its_input_is_refused_before_the_work(photos, db, settings):
    write_images(settings.DATA_ROOT / "half" / "HR")
    write_images(settings.DATA_ROOT / "half" / "LRx4", count=1, side_px=16)
    with pytest.raises(CommandError, match=r"im1\.png has no image of its name in LRx4"):
        evaluate("half")
    assert not Image.objects.exists()


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
