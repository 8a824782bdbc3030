"""What the workshop's tests share: small photographs, smoke options, trained stages, benchmark sets."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from distillation.sr import images, methods, training
from distillation.sr.config import Options, profile
from distillation.sr.dataset import PhotoSet

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True, scope="session")
def _two_threads():
    # Tests that run beside each other would wait for each other's threads.
    torch.set_num_threads(1 if "PYTEST_XDIST_WORKER" in os.environ else min(2, torch.get_num_threads()))


def smooth_photo(seed: int, height: int, width: int) -> images.Pixels:
    """A picture with large and small structure, unlike noise, so that networks have something to learn."""
    small = np.random.default_rng(seed).integers(0, 256, (height // 8, width // 8, 3), dtype=np.uint8)
    return images.resize_bicubic(small, width, height)


def three_photos() -> PhotoSet:
    """Three photographs of 80 x 96 px and their low-resolution versions."""
    hr = tuple(smooth_photo(seed, 80, 96) for seed in range(3))
    return PhotoSet(names=("a", "b", "c"), hr=hr, lr=tuple(images.downscale(photo, 4) for photo in hr))


@pytest.fixture(scope="session")
def photos() -> PhotoSet:
    """The three photographs, made once."""
    return three_photos()


@pytest.fixture
def options() -> Options:
    """The smoke profile on the CPU, in float32, with a checkpoint only where a test asks for one."""
    return replace(profile("smoke", device="cpu", precision="fp32"), checkpoint_seconds=3600.0)


@pytest.fixture(scope="session")
def trained(photos, tmp_path_factory) -> Path:
    """A folder in which all ten stages are finished; read only."""
    folder = tmp_path_factory.mktemp("trained")
    for stage in methods.STAGES.values():
        smoke = replace(profile("smoke", device="cpu", precision="fp32"), checkpoint_seconds=3600.0)
        training.train_stage(stage, smoke, folder=folder, photos=photos)
    return folder


@pytest.fixture(scope="session")
def benchmark() -> Callable[[str], Path]:
    """The folder of a benchmark set by name; skips the test where the sets are not there."""
    default = REPOSITORY.parent / "shared" / "datasets"
    root = Path(os.environ.get("SRSTUDY_DATASETS") or default)

    def find(name: str) -> Path:
        if not (root / name / "LRx4").is_dir():
            pytest.skip(f"The benchmark set {name} is not in {root}; SRSTUDY_DATASETS says where it is.")
        return root / name

    return find
