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


@pytest.fixture(scope="session")
def _thin_vgg(tmp_path_factory):
    """A file of VGG19's layers at a sixteenth of its width, with weights that keep the signal's size."""
    import safetensors.torch
    import torch

    from distillation.sr.vgg import Vgg

    random = torch.Generator().manual_seed(5)
    tensors = {}
    for name, tensor in Vgg(4).state_dict().items():
        spread = (2 / max(1, tensor[0].numel())) ** 0.5  # He et al., ICCV 2015
        weights = spread * torch.randn(tensor.shape, generator=random)
        tensors[name] = weights if name.endswith("weight") else torch.zeros_like(tensor)
    file = tmp_path_factory.mktemp("vgg") / "vgg19-thin.safetensors"
    safetensors.torch.save_file(tensors, file)
    return file


@pytest.fixture
def vgg_file(_thin_vgg, monkeypatch):
    """VGG weights for the time of a test, in which VGG19 is thin enough to be quick."""
    from distillation.sr import vgg

    monkeypatch.setattr(vgg, "WIDTH", 4)
    vgg.load_vgg.cache_clear()
    yield _thin_vgg
    vgg.load_vgg.cache_clear()


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """A training folder, and a small set in the place of the bundled one."""
    write_images(tmp_path / "data" / "train" / "HR")
    write_images(tmp_path / "data" / "small", side_px=48)
    monkeypatch.setattr(data, "STUDY_SET", "small")
    monkeypatch.setattr(data, "_write_photographs", lambda: None)  # seconds for what no test here looks at
    return str(tmp_path / "data" / "train")
