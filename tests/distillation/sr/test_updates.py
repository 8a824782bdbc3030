"""Guarded Adam, the gate and the moving average."""

import pytest
import torch
from torch import nn

from distillation.sr.updates import Gate, GuardedAdam, MovingAverage, frozen_statistics, frozen_weights

CPU = torch.device("cpu")


def adam(parameter, clip_norm=10.0, lr=0.1):
    optimiser = GuardedAdam({"w": parameter}, clip_norm=clip_norm, device=CPU)
    optimiser.set_lr(lr)
    return optimiser


def test_the_first_update_of_adam_is_one_learning_rate_long():
    # Adam's first step is lr * g / |g| whatever g is.
    weight = nn.Parameter(torch.tensor([1.0, 1.0]))
    adam(weight).update((weight * torch.tensor([3.0, -0.5])).sum())
    assert weight.tolist() == pytest.approx([0.9, 1.1])


def test_the_gradient_is_clipped_before_adam_sees_it():
    # 3, 4 has norm 5; clipped to 1 it is 0.6, 0.8, and the first moment a tenth of it.
    weight = nn.Parameter(torch.zeros(2))
    optimiser = adam(weight, clip_norm=1.0)
    optimiser.update((weight * torch.tensor([3.0, 4.0])).sum())
    assert optimiser.tensors("o")["o.w.exp_avg"].tolist() == pytest.approx([0.06, 0.08], rel=1e-4)


@pytest.mark.parametrize("poison", [float("nan"), float("inf")])
def test_a_non_finite_loss_changes_neither_weights_nor_moments(poison):
    weight = nn.Parameter(torch.ones(2))
    optimiser = adam(weight)
    optimiser.update(weight.sum())
    before = {name: tensor.clone() for name, tensor in optimiser.tensors("o").items()}
    weights = weight.detach().clone()
    assert bool(optimiser.update((weight * poison).sum()))
    assert torch.equal(weight, weights)
    for name, tensor in optimiser.tensors("o").items():
        assert torch.equal(tensor, before[name]), name


def test_a_finite_update_is_not_reported_as_bad():
    weight = nn.Parameter(torch.ones(2))
    assert not bool(adam(weight).update(weight.sum()))


def test_an_update_that_is_to_be_skipped_changes_nothing():
    weight = nn.Parameter(torch.ones(2))
    adam(weight).update(weight.sum(), skip=torch.tensor(True))
    assert weight.tolist() == [1.0, 1.0]


def test_moments_handed_on_continue_the_same_run():
    ours, theirs = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(2))
    first, second = adam(ours), adam(theirs)
    for _ in range(3):
        first.update(ours.square().sum())
    theirs.data.copy_(ours.data)
    second.restore(first.tensors("o"), "o")
    first.update(ours.square().sum())
    second.update(theirs.square().sum())
    assert torch.equal(ours, theirs)


def test_the_gate_measures_the_start_and_then_closes_below_its_share():
    gate = Gate(0.5)
    measured = [bool(gate.closed(torch.tensor(loss))) for loss in [1.0, 3.0] * (Gate.MEASURED // 2)]
    # The mean of the start is 2, so the bound is 1.
    assert measured == [False] * Gate.MEASURED
    assert [bool(gate.closed(torch.tensor(loss))) for loss in (1.1, 0.9, 1.1)] == [False, True, False]


def test_the_average_moves_by_one_minus_decay_towards_the_weights():
    network, average = nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False)
    nn.init.constant_(network.weight, 1.0)
    nn.init.constant_(average.weight, 0.0)
    moving = MovingAverage(network, average, decay=0.9, warm_up=False)
    moving.set_step(0)
    moving.follow()
    assert float(average.weight.detach()) == pytest.approx(0.1)


def test_a_fresh_average_forgets_its_start_at_once():
    network, average = nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False)
    nn.init.constant_(network.weight, 1.0)
    nn.init.constant_(average.weight, 0.0)
    moving = MovingAverage(network, average, decay=0.999, warm_up=True)
    moving.set_step(0)
    moving.follow()
    # (1 + 0) / (10 + 0) = 0.1 of the start stays.
    assert float(average.weight.detach()) == pytest.approx(0.9)


def test_the_average_copies_batch_statistics():
    network, average = nn.BatchNorm2d(2), nn.BatchNorm2d(2)
    network(torch.rand(4, 2, 3, 3))
    MovingAverage(network, average, decay=0.999, warm_up=False).follow()
    assert torch.equal(average.running_mean, network.running_mean)
    assert torch.equal(average.running_var, network.running_var)


def test_frozen_statistics_stay_and_move_again_afterwards():
    layer = nn.BatchNorm2d(2)
    with frozen_statistics(layer):
        layer(torch.rand(4, 2, 3, 3))
    assert layer.running_mean.tolist() == [0, 0]
    layer(torch.rand(4, 2, 3, 3))
    assert layer.running_mean.tolist() != [0, 0]


def test_gradients_pass_through_frozen_weights():
    layer, x = nn.Linear(2, 1), torch.ones(1, 2, requires_grad=True)
    with frozen_weights(layer):
        y = layer(x)
    y.sum().backward()
    assert x.grad is not None
    assert layer.weight.grad is None
    assert layer.weight.requires_grad
