"""Networks to export: the student's two shapes with weights of some size, and one that enlarges exactly."""

import pytest
import torch

from distillation.sr.config import GeneratorShape
from distillation.sr.networks import Generator, seeded

LITE = GeneratorShape(blocks=1, channels=4, lite=True)
SRGAN = GeneratorShape(blocks=1, channels=4, global_skip=True)


def make_network(shape: GeneratorShape) -> Generator:
    """A network whose batch normalisation has seen something, so that folding it is no trifle."""
    network = seeded(Generator, shape, seed=1).eval()
    random = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for name, tensor in network.state_dict().items():
            if name.endswith("running_mean"):
                tensor.copy_(torch.randn(tensor.shape, generator=random) / 10)
            elif name.endswith("running_var"):
                tensor.copy_(torch.rand(tensor.shape, generator=random) + 0.5)
    return network


@pytest.fixture(scope="session")
def network() -> Generator:
    """A small lite generator; read only."""
    return make_network(LITE)


@pytest.fixture(scope="session")
def srgan_network() -> Generator:
    """A small generator in SRGAN's shape, added to the bicubic image; read only."""
    return make_network(SRGAN)
