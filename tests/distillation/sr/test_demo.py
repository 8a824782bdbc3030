"""The demo profile learns: a tenth of its updates already passes bicubic on photographs it has not seen."""

import numpy as np
import pytest

from distillation.sr import checkpoints, config, dataset, images, metrics, photographs, training, upscale
from distillation.sr.methods import STAGES

# The demand on the whole profile, in dB of mean PSNR-Y over bicubic.
LEAST_GAIN_DB = 0.1


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where the bundled photographs and the trained stages lie."""
    root = tmp_path_factory.mktemp("demo")
    photographs.write_photographs(root)
    options = config.with_steps(config.profile("demo", device="cpu"), 240)
    photos = dataset.load_folder(root / photographs.TRAINING_SET, scale=4)
    for name in ("teacher_pixel", "teacher_adversarial", "student_pixel", "g2g_transfer", "gan2g_transfer"):
        training.train_stage(STAGES[name], options, folder=root / "run", photos=photos)
    return root


def mean_psnr_y(crops: dataset.PhotoSet, enlarge) -> float:
    """Mean PSNR-Y in dB of a way to enlarge, under the rules of the tables."""
    pairs = zip(crops.hr, crops.lr, strict=True)
    return float(np.mean([metrics.score(high, enlarge(low), scale=4).psnr_y for high, low in pairs]))


@pytest.mark.parametrize("name", ["teacher_pixel", "student_pixel", "g2g_transfer", "gan2g_transfer"])
def test_a_tenth_of_the_demo_passes_bicubic_on_unseen_photographs(folder, name):
    crops = dataset.load_folder(folder / photographs.STUDY_SET, scale=4)
    demo = config.profile("demo")
    shape = demo.teacher if STAGES[name].learner == "teacher" else demo.student
    network = checkpoints.load_generator(folder / "run" / name, shape)
    bicubic = mean_psnr_y(crops, lambda low: images.upscale_bicubic(low, 4))
    assert mean_psnr_y(crops, lambda low: upscale.upscale(network, low)) > bicubic + LEAST_GAIN_DB


def test_no_study_crop_comes_from_a_photograph_that_is_trained_on():
    trained_on = {(photo.package, photo.file) for photo in photographs.TRAINING}
    judged = {(crop.photograph.package, crop.photograph.file) for crop in photographs.STUDY}
    assert len(photographs.STUDY) == 10
    assert trained_on & judged == set()


def test_every_study_crop_lies_inside_its_photograph(folder):
    for path in (folder / photographs.STUDY_SET / "HR").iterdir():
        assert images.load_rgb(path).shape == (256, 256, 3)
