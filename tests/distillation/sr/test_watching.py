"""What can be seen of a training run: log, curves, validation images."""

import contextlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.summary.writer.record_writer import RecordWriter

from distillation.sr import images, runlog, watching
from distillation.sr.config import GeneratorShape, profile
from distillation.sr.dataset import PhotoSet
from distillation.sr.methods import STAGES
from distillation.sr.networks import Generator, seeded
from distillation.sr.training import Stopped, train_stage
from distillation.sr.watching import Tally, Watch, probes
from tests.distillation.sr.conftest import smooth_photo

PIXEL = STAGES["student_pixel"]


def curves(folder):
    events = EventAccumulator(str(folder / "student_pixel" / watching.EVENTS)).Reload()
    return {
        name: [(point.step, point.value) for point in events.Scalars(name)]
        for name in events.Tags()["scalars"]
    }


@pytest.fixture(scope="module")
def watched(photos, tmp_path_factory):
    """A finished stage, with validation on photographs of its own after every fourth step."""
    folder = tmp_path_factory.mktemp("watched")
    hr = smooth_photo(77, 240, 200)
    validation = PhotoSet(names=("v",), hr=(hr,), lr=(images.downscale(hr, 4),))
    options = replace(profile("smoke", device="cpu", precision="fp32"), checkpoint_seconds=3600.0)
    train_stage(PIXEL, options, folder=folder, photos=photos, validation=validation)
    return folder, validation


def test_tensorboard_has_the_losses_the_rate_the_pace_and_the_validation(watched):
    folder, _ = watched
    found = curves(folder)
    assert set(found) == {"loss/pix", "learning_rate", "images_per_second", "validation/psnr_y"}
    assert [step for step, _ in found["loss/pix"]] == [4, 8]
    assert found["learning_rate"][-1][1] == pytest.approx(1e-4)  # where the smoke profile's phase ends


def test_the_log_and_tensorboard_agree_on_the_validation(watched):
    folder, _ = watched
    log = runlog.read(folder / "student_pixel" / watching.LOG)
    logged = [
        (record["step"], record["validation_psnr_y"]) for record in log if "validation_psnr_y" in record
    ]
    for (step, value), (logged_step, logged_value) in zip(
        curves(folder)["validation/psnr_y"], logged, strict=True
    ):
        assert step == logged_step
        assert value == pytest.approx(logged_value, rel=1e-6)


def test_a_validation_image_shows_bicubic_the_network_and_the_original(watched):
    folder, validation = watched
    pictures = sorted((folder / "student_pixel" / watching.PICTURES).iterdir())
    assert [picture.name for picture in pictures] == ["0000004.png", "0000008.png"]
    shown = images.load_rgb(pictures[-1])
    [(high, low)] = probes(validation, patch_px=32)
    assert high.shape == (192, 192, 3)
    bicubic, made, original = (shown[:, 192 * place : 192 * (place + 1)] for place in range(3))
    assert np.array_equal(original, high)
    assert np.array_equal(bicubic, images.upscale_bicubic(low, 4))
    assert not np.array_equal(made, bicubic)


def test_validation_changes_nothing_of_the_training(watched, photos, options, tmp_path):
    folder, _ = watched
    without = train_stage(PIXEL, replace(options, validate_every=0), folder=tmp_path, photos=photos)
    again = train_stage(PIXEL, options, folder=folder, photos=photos)
    assert without.sha256 == again.sha256
    assert not (tmp_path / "student_pixel" / watching.PICTURES).exists()


def test_a_resumed_run_continues_its_curves_and_says_so_in_the_log(photos, options, tmp_path):
    asked = iter(range(1, 100))
    with pytest.raises(Stopped):
        train_stage(PIXEL, options, folder=tmp_path, photos=photos, should_stop=lambda: next(asked) >= 5)
    train_stage(PIXEL, options, folder=tmp_path, photos=photos)
    assert [step for step, _ in curves(tmp_path)["loss/pix"]] == [4, 8]
    log = runlog.read(tmp_path / "student_pixel" / watching.LOG)
    assert [record["step"] for record in log if record.get("resumed")] == [5]


def test_images_of_different_sizes_fit_one_picture(tmp_path):
    photos = [smooth_photo(seed, *size) for seed, size in enumerate([(80, 96), (200, 240)])]
    both = PhotoSet(
        names=("a", "b"), hr=tuple(photos), lr=tuple(images.downscale(photo, 4) for photo in photos)
    )
    network = seeded(Generator, GeneratorShape(blocks=1, channels=4, lite=True), seed=0).eval()
    watch = Watch(tmp_path)
    psnr_y = watch.validate(3, network, both, patch_px=32, device=torch.device("cpu"))
    watch.close()
    assert images.load_rgb(tmp_path / watching.PICTURES / "0000003.png").shape == (80 + 192, 3 * 192, 3)
    assert 10 < psnr_y < 60


def test_points_of_a_bad_stretch_are_hidden_once_they_are_made_again(tmp_path):
    watch = Watch(tmp_path / "student_pixel")
    for step in (1, 2, 3):
        watch.curves(step, {"loss/pix": step})
    watch.go_on_from(1)
    watch.curves(2, {"loss/pix": 20.0})
    watch.close()
    assert curves(tmp_path) == {"loss/pix": [(1, 1.0), (2, 20.0)]}


def test_a_disk_that_is_full_is_told_to_whoever_writes_a_curve(tmp_path):
    watch = Watch(tmp_path)
    with Path("/dev/full").open("wb") as full:
        watch._events._records = RecordWriter(full)
        with pytest.raises(OSError, match="No space left"):
            watch.curves(1, {"loss/pix": 1.0})
        with contextlib.suppress(OSError):
            full.close()
    watch._events._file.close()


def test_a_tally_is_the_mean_over_the_steps_that_had_the_loss():
    tally = Tally()
    tally.add({"pix": torch.tensor(1.0), "dkd": torch.tensor(5.0)})
    tally.add({"pix": torch.tensor(2.0)})
    assert tally.means() == {"dkd": 5.0, "pix": 1.5}
