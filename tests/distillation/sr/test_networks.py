"""Shapes, sizes and gradients of the networks."""

import numpy as np
import pytest
import torch

from distillation.sr import images
from distillation.sr.config import DiscriminatorShape, GeneratorShape
from distillation.sr.cost import macs_per_lr_pixel, parameters
from distillation.sr.networks import (
    BicubicUpsample,
    Discriminator,
    Generator,
    receptive_field_px,
    seeded,
    tap_indices,
)
from tests.distillation.sr.conftest import smooth_photo


@pytest.mark.parametrize(
    ("blocks", "channels", "lite", "count", "macs"),
    [
        # Counted by hand from the layers of SRGAN's figure 4 and of the lite shape.
        (16, 64, False, 1_547_350, 2_218_176),
        (8, 32, False, 247_342, 473_184),
        (5, 32, False, 191_659, 417_888),
        (5, 16, False, 52_059, 137_520),
        (8, 32, True, 172_537, 171_360),
        (8, 16, True, 47_129, 46_512),
    ],
)
def test_a_generator_has_its_known_size_and_cost(blocks, channels, lite, count, macs):
    network = seeded(Generator, GeneratorShape(blocks=blocks, channels=channels, lite=lite), seed=0)
    assert parameters(network) == count
    assert macs_per_lr_pixel(network, lr_px=16) == macs


@pytest.mark.parametrize(("channels", "dense", "count"), [(64, 1024, 23_563_649), (32, 512, 5_892_801)])
def test_a_discriminator_has_its_known_size(channels, dense, count):
    with torch.device("meta"):
        network = Discriminator(DiscriminatorShape(channels=channels, dense=dense), 96)
    assert parameters(network) == count


@pytest.mark.parametrize("lite", [False, True])
@pytest.mark.parametrize("global_skip", [False, True])
def test_a_generator_enlarges_four_times(lite, global_skip):
    shape = GeneratorShape(blocks=1, channels=4, lite=lite, global_skip=global_skip)
    assert seeded(Generator, shape, seed=0)(torch.rand(2, 3, 5, 7)).shape == (2, 3, 20, 28)


def test_a_generators_output_is_not_clamped():
    network = seeded(Generator, GeneratorShape(blocks=1, channels=4), seed=0)
    torch.nn.init.constant_(network.tail[-1].bias, 3.0)
    assert network(torch.rand(1, 3, 8, 8)).max() > 1


def test_taps_lie_after_each_third_of_the_blocks():
    # ceil(B k / 3) - 1 by hand.
    assert [tap_indices(blocks) for blocks in (16, 8, 5, 1)] == [(5, 10, 15), (2, 5, 7), (1, 3, 4), (0, 0, 0)]


def test_taps_have_the_trunks_width_and_the_inputs_size():
    network = seeded(Generator, GeneratorShape(blocks=3, channels=4), seed=0)
    assert [tap.shape for tap in network.forward_with_features(torch.rand(2, 3, 6, 6))[1]] == [
        (2, 4, 6, 6)
    ] * 3


def test_the_bicubic_skip_is_the_bicubic_baseline_edges_included():
    lr = smooth_photo(0, 24, 32)
    x = torch.from_numpy(lr).permute(2, 0, 1)[None] / 255
    y = BicubicUpsample()(x)[0].permute(1, 2, 0).clamp(0, 1).numpy() * 255
    expected = images.upscale_bicubic(lr, 4).astype(float)
    # Half a grey level is the baseline's rounding.
    assert np.abs(y - expected).max() < 0.501


@pytest.mark.parametrize(("blocks", "lite", "reach"), [(16, False, 40), (5, False, 18), (8, True, 19)])
def test_the_receptive_field_is_that_of_the_architecture(blocks, lite, reach):
    # By hand: 4 + 32 + 1 + 1 + 1/2 + 1 = 39.5; 4 + 10 + 1 + 2.5 = 17.5; 1 + 16 + 1 + 1 = 19.
    assert receptive_field_px(GeneratorShape(blocks=blocks, channels=64, lite=lite)) == reach


@pytest.mark.parametrize("lite", [False, True])
def test_nothing_outside_the_receptive_field_matters(lite):
    shape = GeneratorShape(blocks=2, channels=4, lite=lite, global_skip=True)
    network = seeded(Generator, shape, seed=0).eval().double()
    reach = receptive_field_px(shape)
    x = torch.rand(1, 3, 1, 2 * reach + 3, dtype=torch.float64).expand(1, 3, 3, 2 * reach + 3)
    x = x.clone().requires_grad_()
    middle = network(x)[..., 4 * (reach + 1) : 4 * (reach + 2)].sum()
    (gradient,) = torch.autograd.grad(middle, x)
    felt = gradient.abs().amax((0, 1, 2)).nonzero().flatten()
    assert felt.min() >= 1
    assert felt.max() <= 2 * reach + 1
    assert felt.min() <= 2


def test_features_of_the_discriminator_are_its_four_strided_layers():
    network = seeded(Discriminator, DiscriminatorShape(channels=2, dense=4), 32, seed=0)
    logits, features = network.forward_with_features(torch.rand(3, 3, 32, 32))
    assert logits.shape == (3, 1)
    assert [tuple(f.shape[1:]) for f in features] == [(2, 16, 16), (4, 8, 8), (8, 4, 4), (16, 2, 2)]


def test_a_patch_that_the_discriminator_cannot_halve_four_times_is_refused():
    with pytest.raises(ValueError, match="not 40"):
        Discriminator(DiscriminatorShape(channels=2, dense=4), 40)


def test_a_seed_decides_the_start_and_leaves_the_global_generator_alone():
    shape = GeneratorShape(blocks=1, channels=4)
    before = torch.random.get_rng_state()
    a, b, c = (seeded(Generator, shape, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.equal(a.head[0].weight, b.head[0].weight)
    assert not torch.equal(a.head[0].weight, c.head[0].weight)
