"""What the tests of training and of evaluating share: a training folder and a small set to judge."""

import numpy as np
import pytest
from PIL import Image as Picture
from scipy.ndimage import gaussian_filter

from distillation.pipeline import data


def write_images(folder, count: int = 2, side_px: int = 64) -> None:
    """Smooth random pictures: a network can learn something, and nothing is read from elsewhere."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(1)
    for number in range(count):
        noise = gaussian_filter(rng.random((side_px, side_px, 3)), (2, 2, 0))
        pixels = 255 * (noise - noise.min()) / np.ptp(noise)
        Picture.fromarray(pixels.astype(np.uint8)).save(folder / f"im{number}.png")


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """A training folder, and a small set in the place of the bundled one."""
    write_images(tmp_path / "data" / "train" / "HR")
    write_images(tmp_path / "data" / "small", side_px=48)
    monkeypatch.setattr(data, "STUDY_SET", "small")
    return str(tmp_path / "data" / "train")
