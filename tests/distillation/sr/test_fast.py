"""The inference form of a generator computes what the generator does."""

import pytest
import torch
from torch import nn

from distillation.sr import fast
from distillation.sr.config import GeneratorShape
from distillation.sr.networks import Generator, seeded

SHAPES = [{}, {"global_skip": True}, {"lite": True}, {"lite": True, "global_skip": True}]


def generator(**shape):
    made = seeded(Generator, GeneratorShape(blocks=2, channels=8, **shape), seed=0)
    made.train()
    with torch.no_grad():  # batch statistics of their own, as after training
        made(torch.rand(4, 3, 16, 16, generator=torch.Generator().manual_seed(0)))
        for module in made.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.weight.uniform_(0.5, 1.5, generator=torch.Generator().manual_seed(1))
                module.bias.uniform_(-0.5, 0.5, generator=torch.Generator().manual_seed(2))
    return made.eval()


def x(height: int, width: int) -> torch.Tensor:
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(3))


@pytest.mark.parametrize("shape", SHAPES)
def test_it_gives_the_same_image_to_within_rounding(shape):
    made = generator(**shape)
    with torch.inference_mode():
        torch.testing.assert_close(fast.prepare(made)(x(20, 24)), made(x(20, 24)), rtol=0, atol=2e-6)


@pytest.mark.parametrize("shape", SHAPES)
def test_it_gives_the_features_that_the_generator_is_compared_by(shape):
    made = generator(**shape)
    with torch.inference_mode():
        y, features = fast.prepare(made).forward_with_features(x(20, 24))
        expected, expected_features = made.forward_with_features(x(20, 24))
    torch.testing.assert_close(y, expected, rtol=0, atol=2e-6)
    assert len(features) == len(expected_features)
    for ours, theirs in zip(features, expected_features, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-5)


def test_bands_join_without_a_seam(monkeypatch):
    made = generator()
    monkeypatch.setattr(fast, "BAND_PX", 24 * 13)
    with torch.inference_mode():
        torch.testing.assert_close(fast.prepare(made)(x(50, 24)), made(x(50, 24)), rtol=0, atol=2e-6)


def test_too_little_around_a_band_would_show(monkeypatch):
    made = generator()
    monkeypatch.setattr(fast, "BAND_PX", 24 * 13)
    monkeypatch.setattr(fast, "BAND_REACH_PX", 2)
    with torch.inference_mode():
        assert (fast.prepare(made)(x(50, 24)) - made(x(50, 24))).abs().max() > 1e-4


@pytest.mark.parametrize("shape", SHAPES)
def test_bf16_stays_within_three_grey_levels_and_answers_in_float32(shape):
    made = generator(**shape)
    with torch.inference_mode():
        y = fast.prepare(made, precision="bf16")(x(20, 24))
        difference = (y - made(x(20, 24))).abs().max()
    assert y.dtype == torch.float32
    assert 0 < difference <= 3 / 255


@pytest.mark.parametrize(("side", "factor"), [(9, 2), (9, 4), (3, 2), (5, 3), (1, 2)])
def test_a_convolution_before_the_shuffle_equals_the_one_behind_it(side, factor):
    with torch.random.fork_rng(), torch.inference_mode():
        torch.manual_seed(0)
        behind = nn.Conv2d(2, 3, side, padding=side // 2)
        features = torch.rand(1, 2 * factor**2, 7, 6)
        shuffle = nn.PixelShuffle(factor)
        before = shuffle(fast.before_shuffle(behind, factor)(features))
        torch.testing.assert_close(before, behind(shuffle(features)), rtol=0, atol=1e-6)


def test_the_generator_itself_is_left_as_it_was():
    made = generator()
    before = {name: tensor.clone() for name, tensor in made.state_dict().items()}
    fast.prepare(made, precision="bf16")
    after = made.state_dict()
    assert after.keys() == before.keys()
    assert all(torch.equal(after[name], before[name]) for name in before)


def test_it_holds_no_batch_normalisation_and_learns_nothing():
    ready = fast.prepare(generator(lite=True))
    assert not any(isinstance(module, nn.BatchNorm2d) for module in ready.modules())
    assert not any(parameter.requires_grad for parameter in ready.parameters())


def test_another_precision_is_refused():
    with pytest.raises(ValueError, match="not 'fp16'"):
        fast.prepare(generator(lite=True), precision="fp16")
