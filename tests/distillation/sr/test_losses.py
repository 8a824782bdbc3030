"""The loss terms against hand calculations."""

import math

import pytest
import torch

from distillation.sr import losses


def test_the_l1_pixel_loss_is_the_mean_absolute_difference():
    assert losses.pixel(torch.tensor([0.0, 1.0]), torch.tensor([0.5, 1.5]), kind="l1") == 0.5


def test_the_mse4_pixel_loss_is_srgans_on_the_symmetric_range():
    s, y = torch.tensor([0.0, 1.0]), torch.tensor([0.5, 1.0])
    on_symmetric_range = ((2 * s - 1) - (2 * y - 1)).square().mean()
    assert losses.pixel(s, y, kind="mse4") == on_symmetric_range == 0.5


def test_the_content_loss_is_srgans_rescaled_mean_square():
    # 2^2 / 12.75^2 = 4 / 162.5625.
    assert losses.content(torch.zeros(2, 3), torch.full((2, 3), 2.0)) == pytest.approx(0.0246059, rel=1e-5)


def test_the_output_loss_compares_with_the_teacher():
    assert losses.output(torch.tensor([0.0, 1.0]), torch.tensor([0.25, 0.5])) == 0.375


def test_a_feature_loss_of_one_explains_nothing():
    # The mean of 1, 3 explains none of their variance of 1.
    target = torch.tensor([1.0, 3.0])
    assert losses.feature([torch.full((2,), 2.0)], [target]) == 1


def test_a_feature_loss_does_not_depend_on_the_teachers_scale():
    ours, theirs = torch.tensor([0.0, 2.0]), torch.tensor([1.0, 3.0])
    assert losses.normalised(10 * ours, 10 * theirs) == pytest.approx(losses.normalised(ours, theirs))


def test_layers_count_alike():
    layers = [torch.tensor([1.0, 3.0]), torch.tensor([10.0, 30.0])]
    assert losses.feature([torch.full((2,), 2.0), layers[1]], layers) == 0.5


def test_a_feature_map_that_never_varies_gives_a_finite_loss():
    assert torch.isfinite(losses.normalised(torch.zeros(4), torch.ones(4)))


def test_the_adversarial_loss_of_an_undecided_critic_is_ln_2():
    assert losses.adversarial(torch.zeros(4, 1)) == pytest.approx(math.log(2))


def test_the_adversarial_loss_falls_when_the_critic_is_fooled():
    assert losses.adversarial(torch.tensor([[5.0]])) < losses.adversarial(torch.tensor([[-5.0]]))


def test_an_undecided_discriminator_starts_at_two_ln_2():
    assert losses.discriminator(torch.zeros(4, 1), torch.zeros(4, 1)) == pytest.approx(2 * math.log(2))


def test_the_discriminators_loss_falls_when_it_tells_real_from_fake():
    real, fake = torch.tensor([[5.0]]), torch.tensor([[-5.0]])
    assert losses.discriminator(real, fake) < 0.1 < losses.discriminator(fake, real)
