"""Several processes that train one network: PyTorch's process group, and what must be counted over all.

Every function answers for one process alone too, without a process group, so that the code that trains
does not ask how many there are.
"""

import contextlib
import datetime
import os
from collections.abc import Iterator
from typing import Any, TypeVar, cast

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.rendezvous import rendezvous
from torch.nn.parallel import DistributedDataParallel

Network = TypeVar("Network", bound=nn.Module)

# A process that answers nothing for so long is taken for dead.
PATIENCE = datetime.timedelta(minutes=10)
# What gloo and NCCL say when the other end is gone.
_LOST = ("gloo", "NCCL", "Connection closed by peer", "Connection reset by peer", "Broken pipe")


class JoinFailed(RuntimeError):
    """The processes of a job did not find each other, with the reason in one sentence."""


def _number(name: str, default: int) -> int:
    """A variable that torchrun sets; ValueError if it is no number."""
    text = os.environ.get(name, str(default))
    if not text.isdigit():
        raise ValueError(f"{name} is {text!r} and should be a number: start several processes with torchrun.")
    return int(text)


def local_size() -> int:
    """How many processes torchrun started on this machine."""
    return max(1, _number("LOCAL_WORLD_SIZE", 1))


def job() -> str | None:
    """The name that torchrun gave to this job, the same after a restart; None where there is none."""
    name = os.environ.get("TORCHELASTIC_RUN_ID", "none")
    return None if name == "none" else name


@contextlib.contextmanager
def joined(kind: str) -> Iterator[None]:
    """Belong, for the time of the block, to the job that `torchrun` started; alone where it did not.

    `kind` is the device's, `cpu` or `cuda`; gloo carries what lies on a CPU, NCCL what lies on a GPU.
    Raises: ValueError if torchrun's variables cannot be used or a process has no GPU; JoinFailed if the
    others do not come.
    """
    if _number("WORLD_SIZE", 1) == 1:
        yield
        return
    missing = [name for name in ("RANK", "MASTER_ADDR", "MASTER_PORT") if name not in os.environ]
    if missing:
        raise ValueError(f"WORLD_SIZE is set and {missing[0]} is not: start several processes with torchrun.")
    if kind == "cuda":
        _take_gpu(_number("LOCAL_RANK", 0))
    backend = "cpu:gloo,cuda:nccl" if kind == "cuda" else "gloo"
    try:
        store, number, count = next(rendezvous("env://", timeout=PATIENCE))
        # After a restart the store may still hold addresses of processes that have died.
        fresh = dist.PrefixStore(f"srstudy-{_number('TORCHELASTIC_RESTART_COUNT', 0)}", store)  # type: ignore[attr-defined]
        dist.init_process_group(backend, store=fresh, rank=number, world_size=count, timeout=PATIENCE)
    except RuntimeError as error:
        raise JoinFailed("The other processes of this job could not be reached.") from error
    try:
        yield
    finally:
        dist.destroy_process_group()


def _take_gpu(number: int) -> None:
    count = torch.cuda.device_count()
    if number >= count:
        raise ValueError(f"This is process {number + 1} of its machine, which has {count} GPUs: one each.")
    torch.cuda.set_device(number)


def size() -> int:
    """How many processes train together."""
    return dist.get_world_size() if dist.is_initialized() else 1


def rank() -> int:
    """Number of this process, from 0; number 0 writes files and reports."""
    return dist.get_rank() if dist.is_initialized() else 0


def local_rank() -> int:
    """Number of this process on its machine: its GPU's."""
    return _number("LOCAL_RANK", 0) if dist.is_initialized() else 0


def lost_another(error: BaseException) -> bool:
    """Whether an error means that another process of the job is gone."""
    return size() > 1 and (isinstance(error, dist.DistError) or any(word in str(error) for word in _LOST))


def barrier() -> None:
    """Wait until every process is here."""
    if size() > 1:
        dist.barrier()


def tell(value: Any = None) -> Any:
    """Hand a plain value from process 0 to the others; each of them gets it as the answer."""
    if size() == 1:
        return value
    box = [value]
    dist.broadcast_object_list(box, src=0)
    return box[0]


def refuse_disagreement(what: str, own: Any) -> None:
    """Refuse in every process if one has another value than the first.

    Raises: ValueError.
    """
    [differs] = any_says(own != tell(own))
    if differs:
        raise ValueError(f"The processes of this job do not have the same {what}: share one file system.")


def any_says(*flags: bool) -> tuple[bool, ...]:
    """For each flag, whether any process raises it; waits for all of them."""
    if size() == 1:
        return flags
    values = torch.tensor(flags, dtype=torch.int32)
    dist.all_reduce(values, dist.ReduceOp.MAX)
    return tuple(bool(value) for value in values.tolist())


class _Sum(torch.autograd.Function):
    """The sum over processes; what flows back is summed too, for every process's loss depends on it."""

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        total = values.clone(memory_format=torch.contiguous_format)
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        total = gradients[0].clone(memory_format=torch.contiguous_format)
        dist.all_reduce(total)
        return total


def mean(values: Tensor) -> Tensor:
    """The mean over processes of a tensor that each holds for its own share; gradients go through."""
    if size() == 1:
        return values
    summed: Tensor = _Sum.apply(values)  # type: ignore[no-untyped-call]
    return summed / size()


def anywhere(flag: Tensor) -> Tensor:
    """Whether a 0-d bool is true in any process, on the device and without waiting for it."""
    if size() == 1:
        return flag
    count = flag.to(torch.float32)
    dist.all_reduce(count)
    return count > 0


def variance(values: Tensor) -> Tensor:
    """Population variance of all elements in all processes, each of which holds as many."""
    if size() == 1:
        return values.var(correction=0)
    return mean((values - mean(values.mean())).square().mean())


class GlobalBatchNorm2d(nn.BatchNorm2d):
    """Batch normalisation over the whole batch, of which each process holds an equal share.

    torch's own SyncBatchNorm knows GPUs only.
    """

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return super().forward(x)
        values = x.float()
        average = mean(values.mean(dim=(0, 2, 3)))
        centred = values - average.view(-1, 1, 1)
        spread = mean(centred.square().mean(dim=(0, 2, 3)))
        self._follow(average.detach(), spread.detach(), count=size() * x.numel() // x.shape[1])
        scale = cast(Tensor, self.weight) * torch.rsqrt(spread + self.eps)
        y = centred * scale.view(-1, 1, 1) + cast(Tensor, self.bias).view(-1, 1, 1)
        return y.to(x.dtype)

    def _follow(self, average: Tensor, spread: Tensor, *, count: int) -> None:
        """Move the running averages as torch does: the variance over n - 1."""
        momentum = cast(float, self.momentum)
        cast(Tensor, self.num_batches_tracked).add_(1)
        cast(Tensor, self.running_mean).lerp_(average, momentum)
        cast(Tensor, self.running_var).lerp_(spread * count / (count - 1), momentum)


def normalise_globally(network: nn.Module) -> None:
    """Let a network's batch normalisation see every process's share; nothing changes for one alone."""
    if size() > 1:
        for module in network.modules():
            if type(module) is nn.BatchNorm2d:
                module.__class__ = GlobalBatchNorm2d


def averaging_gradients(network: Network, device: torch.device) -> Network:
    """The network as one that averages its gradients over the processes on the way back.

    Running averages need no broadcast: `GlobalBatchNorm2d` gives each process the same.
    """
    if size() == 1:
        return network
    ids = [device.index] if device.type == "cuda" else None
    wrapped = DistributedDataParallel(network, device_ids=ids, forward_sync_buffers=False)
    return cast(Network, wrapped)
