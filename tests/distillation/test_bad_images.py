"""`distill` and `evaluate` over folders with files that cannot be used, and the cache that they share."""

import io

import pytest
from django.core.management import CommandError, call_command

from distillation.models import Output, TrainingRun
from distillation.pipeline import data
from tests.distillation.conftest import write_images


@pytest.fixture
def bad(photos, tmp_path):
    """The training folder with one damaged image more."""
    (tmp_path / "data" / "train" / "HR" / "im2.png").write_text("no picture at all")
    return photos


def run(command: str, **options: object) -> str:
    """Run a command; answers what it said on stderr."""
    err = io.StringIO()
    call_command(command, **options, stdout=io.StringIO(), stderr=err)
    return err.getvalue()


def distill(folder: str, **options: object) -> str:
    return run("distill", method="student", profile="smoke", steps=2, data=folder, **options)


SAID = "im2.png is not an image that can be read.\n1 of the files of train was skipped.\n"


def test_distill_skips_what_it_cannot_use_by_name_when_told_to(bad, db):
    said = distill(bad, on_bad="skip")
    assert f"Skipped: {SAID}" in said
    assert "2 images of train" in said
    assert TrainingRun.objects.get().status == "finished"


def test_distill_refuses_it_otherwise(bad, db):
    with pytest.raises(CommandError, match=r"HR: im2\.png is not an image") as caught:
        distill(bad)
    assert caught.value.returncode == 2
    assert not TrainingRun.objects.exists()


def test_evaluate_skips_what_it_cannot_use_by_name_when_told_to(bad, db, tmp_path):
    said = run("evaluate", dataset=[bad], on_bad="skip")
    assert f"HR: {SAID}" in said
    assert set(Output.objects.values_list("image__name", flat=True)) == {"im0", "im1"}


def test_evaluate_refuses_it_otherwise(bad, db):
    with pytest.raises(CommandError, match=r"HR: im2\.png is not an image") as caught:
        run("evaluate", dataset=[bad])
    assert caught.value.returncode == 2


def test_evaluate_skips_images_without_a_partner(photos, db, tmp_path):
    write_images(tmp_path / "data" / "train" / "LRx4", count=1, side_px=16)
    said = run("evaluate", dataset=[photos], on_bad="skip")
    assert "Skipped: im1.png has no image of its name in LRx4.\n" in said
    assert set(Output.objects.values_list("image__name", flat=True)) == {"im0"}


def test_a_set_of_which_nothing_is_left_is_refused(photos, db, tmp_path):
    for file in (tmp_path / "data" / "train" / "HR").iterdir():
        file.write_text("no picture at all")
    for command in (
        lambda: distill(photos, on_bad="skip"),
        lambda: run("evaluate", dataset=[photos], on_bad="skip"),
    ):
        with pytest.raises(
            CommandError, match=r"holds no image that can be used: .*im0\.png is not"
        ) as caught:
            command()
        assert caught.value.returncode == 2


def test_a_memory_limit_below_nothing_is_refused(photos, db):
    with pytest.raises(CommandError, match="--memory-limit is -1 MB, and it is 0 or more") as caught:
        distill(photos, memory_limit=-1)
    assert caught.value.returncode == 2


def test_training_from_the_disk_gives_the_weights_of_training_from_memory(photos, db):
    distill(photos, memory_limit=0)
    distill(photos, memory_limit=1000)
    assert TrainingRun.objects.count() == 2
    assert TrainingRun.objects.values("weights_sha256").distinct().count() == 1


def test_decoded_images_are_kept_below_data_root_and_used_again(photos, settings, capsys):
    data.load_photos(photos, minimum_px=1)
    assert "decoding train: 0 s, 2 files, kept in" in capsys.readouterr().err
    assert len(list((settings.DATA_ROOT / ".cache").iterdir())) == 1
    data.load_photos(photos, minimum_px=1)
    assert capsys.readouterr().err == ""


def test_processes_of_one_machine_share_its_memory(settings, monkeypatch):
    monkeypatch.setattr(data.dataset, "memory_share_bytes", lambda: 1000)
    assert data.Reading().cache().memory_limit_bytes == 1000
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")
    assert data.Reading().cache().memory_limit_bytes == 250
    assert data.Reading(memory_limit_mb=3).cache().memory_limit_bytes == 3_000_000
