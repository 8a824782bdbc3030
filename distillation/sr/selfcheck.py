"""A check of every recipe before any training: does each loss move what it should, and nothing else?

Losses that are detached, critics that learn by mistake and averages the wrong way round train without an
error, and only the result is poor; here each shows within seconds.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from distillation.sr import fairness
from distillation.sr.checkpoints import Checkpoint
from distillation.sr.config import Options
from distillation.sr.dataset import PatchSampler, PhotoSet
from distillation.sr.devices import resolve_device
from distillation.sr.images import downscale
from distillation.sr.learner import Learner
from distillation.sr.methods import STAGES
from distillation.sr.networks import Generator, seeded
from distillation.sr.updates import GuardedAdam

# Enough for batch normalisation, and what is wrong with one batch is wrong with every one.
_BATCH = 2
_STEPS = 3
# The step that an optimiser is asked for here, so that no movement is lost in rounding.
_LR = 1e-3

Batch = tuple[Tensor, Tensor]


def check_recipes(options: Options) -> dict[str, tuple[str, ...]]:
    """For each stage, what is wrong with it in one sentence each; an empty tuple is a sound stage.

    Takes a few batches of noise through networks of the options' sizes. A term of weight 0 is asked for
    nothing. What is wrong with a method as a whole stands with its last stage.
    Raises: ValueError if the device is missing, or the VGG weights are others.
    """
    device, small = resolve_device(options), replace(options, batch=_BATCH)
    photos = _noise(small)
    sampler = PatchSampler(photos, patch_px=small.patch_px, batch=small.batch, seed=small.seed, device=device)
    batches = [sampler.batch_at(step) for step in range(_STEPS)]
    parents: dict[str, Checkpoint] = {}
    starts: dict[str, Tensor] = {}
    found = {}
    for name, stage in STAGES.items():
        learner = Learner(stage, small, device=device, parents=parents)
        starts[name] = _weights(learner.generator)
        found[name] = tuple(stage_faults(learner, batches))
        # Later stages start from this one's networks; a few updates have been made, enough for a check.
        parents[name] = Checkpoint(
            stage=name, step=1, finished=True, options_digest="", data_digest="", tensors=learner.tensors()
        )
    for name, sentences in fairness.faults(small, starts, photos).items():
        found[name] += sentences
    return found


def _noise(options: Options) -> PhotoSet:
    side = 2 * options.patch_px
    hr = np.random.default_rng(options.seed).integers(0, 256, (side, side, 3), dtype=np.uint8)
    return PhotoSet(names=("noise",), hr=(hr,), lr=(downscale(hr, 4),))


def stage_faults(learner: Learner, batches: Sequence[Batch]) -> Iterator[str]:
    """What is wrong with one stage, a sentence each; the learner has made a step a batch after it.

    The updates of each term alone come first and are taken back; then so many whole steps. A batch is
    x (N, 3, P/4, P/4) and y (N, 3, P, P).
    """
    other_network = list(_export_faults(learner))
    yield from other_network
    if other_network:
        return  # an average of something else cannot be followed
    x, y = batches[0]
    yield from _term_faults(learner, x, y)
    yield from _leak_faults(learner, x, y)
    frozen = _present(
        {"teacher": learner.teacher, "teacher's discriminator": learner.critic, "VGG": learner.vgg}
    )
    learning = _present(
        {
            "discriminator": learner.opponent,
            "adaptors": learner.adaptors if learner.options.weights.feat > 0 else None,
            "discriminator's adaptors": learner.opponent_adaptors,
        }
    )
    before = {name: _state(network) for name, network in (frozen | learning).items()}
    weights, average = _weights(learner.generator), _weights(learner.ema)
    learner.step(x, y, step=0)
    yield from _average_faults(learner, weights, average)
    for step, batch in enumerate(batches[1:], start=1):
        learner.step(*batch, step=step)
    for name, network in frozen.items():
        yield from _frozen_faults(name, network, before[name])
    for name, network in learning.items():
        yield from _learning_faults(name, network, before[name], learner)


def _present(networks: Mapping[str, nn.Module | None]) -> dict[str, nn.Module]:
    return {name: network for name, network in networks.items() if network is not None}


def _term_faults(learner: Learner, x: Tensor, y: Tensor) -> Iterator[str]:
    wanted = learner.stage.terms_of(learner.options)
    for name in wanted:
        if getattr(learner.options.weights, name) > 0 and not _moves_alone(learner, name, x, y):
            yield f"The term {name} alone does not move the generator."
    for extra in sorted(learner.terms(x, y)[0].keys() - set(wanted)):
        yield f"The term {extra} is not in the recipe."
    if learner.opponent_adaptors is not None and not _dkd_moves_opponent(learner, x, y):
        yield "The term dkd does not move the discriminator."


def _moves_alone(learner: Learner, name: str, x: Tensor, y: Tensor) -> bool:
    """Whether an update by one term, at its weight, changes the generator; all is put back after it."""
    saved = {key: tensor.clone() for key, tensor in learner.tensors().items()}
    before = _weights(learner.generator)
    terms, _ = learner.terms(x, y)
    loss = learner.total({name: terms[name]}) if name in terms else torch.zeros(())
    if _reaches(loss, list(learner.generator.parameters())):
        # A new optimiser: the moments of the stage before would move the weights by themselves.
        _fresh(learner.optimiser, learner).update(loss)
    moved = not torch.equal(before, _weights(learner.generator))
    learner.restore(saved)
    return moved


def _fresh(optimiser: GuardedAdam, learner: Learner) -> GuardedAdam:
    made = GuardedAdam(optimiser.named, clip_norm=learner.options.clip_norm, device=learner.device)
    made.set_lr(_LR)
    return made


def _reaches(loss: Tensor, weights: list[nn.Parameter]) -> bool:
    if not loss.requires_grad:
        return False
    gradients = torch.autograd.grad(loss, weights, retain_graph=True, allow_unused=True)
    return any(gradient is not None for gradient in gradients)


def _dkd_moves_opponent(learner: Learner, x: Tensor, y: Tensor) -> bool:
    """Whether the discriminator's first step goes another way with its teacher than all but without it.

    Adam's first step has one length for every weight: what a term changes is the directions.
    """
    saved = {key: tensor.clone() for key, tensor in learner.tensors().items()}
    options, optimiser = learner.options, learner.opponent_optimiser
    s = learner.terms(x, y)[1]
    ways = []
    for weight in (options.weights.dkd, 1e-9):
        learner.options = replace(options, weights=replace(options.weights, dkd=weight))
        learner.opponent_optimiser = _fresh(optimiser, learner)
        learner.oppose(y, s)
        after = {key: tensor.clone() for key, tensor in learner.tensors().items()}
        ways.append([torch.sign(after[key] - saved[key]) for key in saved if key.startswith("opponent.")])
        learner.restore(saved)
    learner.options, learner.opponent_optimiser = options, optimiser
    return any(not torch.equal(one, other) for one, other in zip(*ways, strict=True))


def _leak_faults(learner: Learner, x: Tensor, y: Tensor) -> Iterator[str]:
    if learner.opponent is None:
        return
    terms, s = learner.terms(x, y)
    learner.opponent.zero_grad(set_to_none=True)
    learner.total(terms).backward(retain_graph=True)  # type: ignore[no-untyped-call]
    if _has_gradient(learner.opponent):
        yield "The generator's loss leaves a gradient in the discriminator."
    learner.generator.zero_grad(set_to_none=True)
    learner.oppose(y, s)
    if _has_gradient(learner.generator):
        yield "The discriminator's loss leaves a gradient in the generator."


def _frozen_faults(name: str, network: nn.Module, before: Mapping[str, Tensor]) -> Iterator[str]:
    if any(module.training for module in network.modules()):
        yield f"The {name} is not in eval mode."
    if _has_gradient(network):
        yield f"The {name} receives a gradient."
    if not _unchanged(network, before):
        yield f"The {name} changes."


def _learning_faults(
    name: str, network: nn.Module, before: Mapping[str, Tensor], learner: Learner
) -> Iterator[str]:
    optimisers = learner.optimiser, learner.opponent_optimiser
    updated = {id(parameter) for optimiser in optimisers for parameter in optimiser.named.values()}
    if any(id(parameter) not in updated for parameter in network.parameters()):
        yield f"An optimiser and its clipping leave out the {name}."
    elif _unchanged(network, before):
        yield f"No update reaches the {name}."


def _average_faults(learner: Learner, weights: Tensor, average: Tensor) -> Iterator[str]:
    moved, followed = _weights(learner.generator), _weights(learner.ema)
    if torch.equal(weights, moved):
        yield "The generator does not learn."
    share = (followed - average).norm() / (moved - average).norm()
    # A fresh average keeps little of its random start at first; one that is handed on moves slowly.
    limit = 1.0 if learner.stage.starts_from is None else 0.5
    if not 0 < share < limit or (moved - followed).norm() >= (moved - average).norm():
        yield "The moving average does not follow the weights slowly."


def _export_faults(learner: Learner) -> Iterator[str]:
    """What is exported is the average, as a checkpoint holds it: a generator and nothing else."""
    shape = learner.stage.shape_of(learner.options)
    wanted = seeded(Generator, shape, seed=0).state_dict().keys()
    held = {key.removeprefix("ema.") for key in learner.tensors() if key.startswith("ema.")}
    for name in sorted(held - wanted)[:1]:
        yield f"The exported generator holds {name}, which is no part of one."
    for name in sorted(wanted - held)[:1]:
        yield f"The exported generator lacks {name}."


def _state(network: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}


def _unchanged(network: nn.Module, before: Mapping[str, Tensor]) -> bool:
    """Whether weights and the statistics of batch normalisation are what they were."""
    return all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())


def _weights(network: nn.Module) -> Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in network.parameters()])


def _has_gradient(network: nn.Module) -> bool:
    return any(parameter.grad is not None for parameter in network.parameters())
