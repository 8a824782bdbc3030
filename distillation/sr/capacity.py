"""What a stage needs of its machine: disk for checkpoints, memory for a batch."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from torch import Tensor

# While a checkpoint is replaced, the last one and the next lie side by side; logs and images take the rest.
_CHECKPOINTS = 2
_SPARE_BYTES = 16 * 2**20
_CPU_EXHAUSTED = "can't allocate memory"


def require_room(folder: Path, tensors: Mapping[str, Tensor], *, moments_of: int) -> None:
    """Refuse to begin what the disk cannot hold.

    `tensors` are those of a checkpoint, `moments_of` the number of values whose two moments the
    optimisers will add to it.
    Raises: ValueError naming what is needed and what is free.
    """
    one = sum(tensor.numel() * tensor.element_size() for tensor in tensors.values()) + 2 * 4 * moments_of
    needed = _CHECKPOINTS * one + _SPARE_BYTES
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise ValueError(
            f"The checkpoints of {folder.name} need {needed / 2**20:.0f} MB in {folder}, where "
            f"{free / 2**20:.0f} MB are free: free some space or use another disk."
        )


def ran_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory was exhausted: a GPU's, Python's, or torch's on a CPU."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or _CPU_EXHAUSTED in str(error)


def largest_batch(below: int, attempt: Callable[[int], None], *, multiple_of: int = 1) -> int | None:
    """The largest halving of a batch that `attempt` can work with, by trying; None if not even 2 fit."""
    batch = below // 2
    while batch >= max(2, multiple_of):
        batch -= batch % multiple_of
        try:
            attempt(batch)
        except Exception as error:
            if not ran_out_of_memory(error):
                raise
            batch //= 2
        else:
            return batch
    return None
