"""A check of every recipe before any training: does each loss reach what it should, and nothing else?

Losses that are detached, critics that learn by mistake and averages the wrong way round train without an
error, and only the result is poor; here each shows within a second.
"""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn

from distillation.sr.checkpoints import Checkpoint
from distillation.sr.config import Options
from distillation.sr.dataset import PatchSampler, PhotoSet
from distillation.sr.images import downscale
from distillation.sr.learner import Learner, resolve_device
from distillation.sr.methods import STAGES


def check_recipes(options: Options) -> dict[str, tuple[str, ...]]:
    """For each stage, what is wrong with it in one sentence each; an empty tuple is a sound stage.

    Takes one batch of noise through networks of the options' sizes.
    Raises: ValueError if the device is missing.
    """
    device = resolve_device(options)
    sampler = PatchSampler(
        _noise(options), patch_px=options.patch_px, batch=options.batch, seed=options.seed, device=device
    )
    x, y = sampler.batch_at(0)
    parents: dict[str, Checkpoint] = {}
    found = {}
    for name, stage in STAGES.items():
        learner = Learner(stage, options, device=device, parents=parents)
        found[name] = tuple(_faults(learner, x, y))
        # Later stages start from this one's networks; one update has been made, enough for a check.
        parents[name] = Checkpoint(
            stage=name, step=1, finished=True, options_digest="", data_digest="", tensors=learner.tensors()
        )
    return found


def _noise(options: Options) -> PhotoSet:
    side = 2 * options.patch_px
    hr = np.random.default_rng(options.seed).integers(0, 256, (side, side, 3), dtype=np.uint8)
    return PhotoSet(names=("noise",), hr=(hr,), lr=(downscale(hr, 4),))


def _faults(learner: Learner, x: Tensor, y: Tensor) -> Iterator[str]:
    yield from _gradient_faults(learner, x, y)
    yield from _adaptor_faults(learner)
    yield from _leak_faults(learner, x, y)
    frozen = {"teacher": learner.teacher, "teacher's discriminator": learner.critic}
    before = {name: _state(network) for name, network in frozen.items() if network is not None}
    weights, average = _weights(learner.generator), _weights(learner.ema)
    learner.step(x, y, step=0)
    for name, state in before.items():
        yield from _frozen_faults(name, frozen[name], state)
    yield from _average_faults(learner, weights, average)


def _gradient_faults(learner: Learner, x: Tensor, y: Tensor) -> Iterator[str]:
    norms = learner.gradient_norms(x, y)
    for term in learner.stage.terms:
        if not norms.get(term, 0.0) > 0:
            yield f"The term {term} gives the generator no gradient."
    for extra in sorted(norms.keys() - set(learner.stage.terms)):
        yield f"The term {extra} is not in the recipe."


def _adaptor_faults(learner: Learner) -> Iterator[str]:
    pairs = (learner.adaptors, learner.optimiser), (learner.opponent_adaptors, learner.opponent_optimiser)
    for adaptors, optimiser in pairs:
        if adaptors is not None:
            updated = {id(parameter) for parameter in optimiser.named.values()}
            if any(id(parameter) not in updated for parameter in adaptors.parameters()):
                yield "Adaptors are missing from the optimiser and its clipping."


def _leak_faults(learner: Learner, x: Tensor, y: Tensor) -> Iterator[str]:
    if learner.opponent is None:
        return
    opponent = learner.opponent
    terms, s = learner.terms(x, y)
    opponent.zero_grad(set_to_none=True)
    learner.total(terms).backward(retain_graph=True)  # type: ignore[no-untyped-call]
    if _has_gradient(opponent):
        yield "The generator's loss leaves a gradient in the discriminator."
    learner.generator.zero_grad(set_to_none=True)
    learner.oppose(opponent, y, s)
    if _has_gradient(learner.generator):
        yield "The discriminator's loss leaves a gradient in the generator."


def _frozen_faults(name: str, network: nn.Module | None, before: dict[str, Tensor]) -> Iterator[str]:
    if network is None:
        return
    if any(module.training for module in network.modules()):
        yield f"The {name} is not in eval mode."
    if _has_gradient(network):
        yield f"The {name} receives a gradient."
    after = network.state_dict()
    if any(not torch.equal(tensor, after[key]) for key, tensor in before.items()):
        yield f"The {name} changes."


def _average_faults(learner: Learner, weights: Tensor, average: Tensor) -> Iterator[str]:
    moved, followed = _weights(learner.generator), _weights(learner.ema)
    if torch.equal(weights, moved):
        yield "The generator does not learn."
    share = (followed - average).norm() / (moved - average).norm()
    # A fresh average keeps little of its random start at first; one that is handed on moves slowly.
    limit = 1.0 if learner.stage.starts_from is None else 0.5
    if not 0 < share < limit or (moved - followed).norm() >= (moved - average).norm():
        yield "The moving average does not follow the weights slowly."


def _state(network: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}


def _weights(network: nn.Module) -> Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in network.parameters()])


def _has_gradient(network: nn.Module) -> bool:
    return any(parameter.grad is not None for parameter in network.parameters())
