"""Updates that never wait for the device: guarded Adam, the discriminator's gate, the moving average."""

import contextlib
from collections.abc import Iterator, Mapping
from typing import cast

import torch
from torch import Tensor, nn

from distillation.sr import distributed

_MOMENTS = ("step", "exp_avg", "exp_avg_sq")


class GuardedAdam:
    """Adam (0.9, 0.999) with clipped gradients, whose update the device itself leaves out when it must.

    An update with a non-finite gradient, or one that the caller asks to skip, changes neither weights nor
    moments; no value travels to the host for it.
    """

    def __init__(self, named: Mapping[str, nn.Parameter], *, clip_norm: float, device: torch.device) -> None:
        self.named = dict(named)
        self._clip_norm = clip_norm
        self._lr = torch.zeros((), device=device)
        # An empty group keeps an optimiser of nothing legal: a stage without an opponent has one.
        groups = [{"params": list(self.named.values())}]
        self._adam = torch.optim.Adam(groups, lr=self._lr, fused=True)

    def set_lr(self, lr: float) -> None:
        """Learning rate of the next update."""
        self._lr.fill_(lr)

    def update(self, loss: Tensor, *, skip: Tensor | None = None) -> Tensor:
        """Go back from `loss` and step; return whether loss or gradient were non-finite (0-d bool)."""
        self._adam.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        gradients = [parameter.grad for parameter in self.named.values() if parameter.grad is not None]
        norm = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients)))
        bad = distributed.anywhere(~(torch.isfinite(norm) & torch.isfinite(loss.detach())))
        torch._foreach_mul_(gradients, (self._clip_norm / (norm + 1e-6)).clamp(max=1.0))
        # The two names through which torch's own GradScaler tells a fused optimiser to stand still.
        stand_still = bad if skip is None else bad | skip
        setattr(self._adam, "found_inf", stand_still.float())  # noqa: B010
        setattr(self._adam, "grad_scale", None)  # noqa: B010
        self._adam.step()
        return bad

    def tensors(self, prefix: str) -> dict[str, Tensor]:
        """The moments of every parameter updated so far, named `prefix.PARAMETER.MOMENT`."""
        found = {}
        for name, parameter in self.named.items():
            for moment, value in self._adam.state.get(parameter, {}).items():
                found[f"{prefix}.{name}.{moment}"] = value
        return found

    def restore(self, tensors: Mapping[str, Tensor], prefix: str) -> None:
        """Take up the moments that `tensors` holds for these parameters; the others start afresh."""
        for name, parameter in self.named.items():
            keys = {moment: f"{prefix}.{name}.{moment}" for moment in _MOMENTS}
            if all(key in tensors for key in keys.values()):
                self._adam.state[parameter] = {
                    "step": tensors[keys["step"]].to(parameter.device).clone(),
                    # The fused update walks through memory: moments need the parameter's own layout.
                    "exp_avg": torch.empty_like(parameter).copy_(tensors[keys["exp_avg"]]).detach(),
                    "exp_avg_sq": torch.empty_like(parameter).copy_(tensors[keys["exp_avg_sq"]]).detach(),
                }


class Gate(nn.Module):
    """Lets a discriminator learn only while its adversarial loss is above a share of what it was at first.

    Left alone, it wins within a few hundred updates and the generator drifts into artefacts. Its start is
    the mean over its first losses, so a trained discriminator is measured against its own start too.
    """

    MEASURED = 8
    start: Tensor
    seen: Tensor

    def __init__(self, share: float) -> None:
        super().__init__()
        self._share = share
        self.register_buffer("start", torch.zeros(()))
        self.register_buffer("seen", torch.zeros(()))

    def closed(self, loss: Tensor) -> Tensor:
        """Whether this update is to be skipped (0-d bool); always open while the start is measured."""
        loss = loss.detach().float()
        measuring = self.seen < self.MEASURED
        mean = self.start + (loss - self.start) / (self.seen + 1)
        self.start.copy_(torch.where(measuring, mean, self.start))
        self.seen.add_(measuring.float())
        return ~measuring & (loss < self._share * self.start)


class MovingAverage:
    """Keeps a copy of a network: weights averaged, the running averages of batch normalisation copied."""

    def __init__(self, network: nn.Module, average: nn.Module, *, decay: float, warm_up: bool) -> None:
        self._weights = [parameter.data for parameter in network.parameters()]
        self._averages = [parameter.data for parameter in average.parameters()]
        self._buffers = list(network.buffers())
        self._copies = list(average.buffers())
        self._decay, self._warm_up = decay, warm_up
        self._pace = torch.zeros((), device=self._weights[0].device)

    def set_step(self, step: int) -> None:
        """Choose the pace for update `step`: a fresh average forgets its random start quickly at first."""
        decay = min(self._decay, (1 + step) / (10 + step)) if self._warm_up else self._decay
        self._pace.fill_(1 - decay)

    def follow(self) -> None:
        """average += (1 - decay) (weights - average)."""
        change = torch._foreach_sub(self._weights, self._averages)
        torch._foreach_mul_(change, self._pace)
        torch._foreach_add_(self._averages, change)
        if self._buffers:
            torch._foreach_copy_(self._copies, self._buffers)


@contextlib.contextmanager
def frozen_statistics(*networks: nn.Module) -> Iterator[None]:
    """Run batch normalisation on the batch at hand without moving its running averages."""
    layers = [m for network in networks for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    before = [(layer.momentum, cast(Tensor, layer.num_batches_tracked).clone()) for layer in layers]
    for layer in layers:
        layer.momentum = 0.0
    try:
        yield
    finally:
        for layer, (momentum, count) in zip(layers, before, strict=True):
            layer.momentum = cast(float, momentum)
            cast(Tensor, layer.num_batches_tracked).copy_(count)


@contextlib.contextmanager
def frozen_weights(network: nn.Module) -> Iterator[None]:
    """Let gradients pass through a network, to its input, without reaching its weights."""
    network.requires_grad_(False)
    try:
        yield
    finally:
        network.requires_grad_(True)
