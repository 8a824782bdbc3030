"""What training needs of its machine: disk for checkpoints and images, memory for a batch."""

import gc
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

import torch

from distillation.sr.config import Options
from distillation.sr.methods import Stage
from distillation.sr.networks import TAPS, Adaptors, Discriminator, Generator, discriminator_widths

# A validation image lies in its folder and in TensorBoard's events: 2 MB of photographs in all, at most.
_VALIDATION_BYTES = 2 * 2**20
_SPARE_BYTES = 16 * 2**20
_VALUE_BYTES = 4
# Names, and the running averages of batch normalisation.
_NAMES_BYTES = 2**20
_CPU_EXHAUSTED = ("can't allocate memory", "not enough memory")  # on Linux, and elsewhere


def checkpoint_bytes(stage: Stage, options: Options) -> int:
    """The size of a stage's last checkpoint: networks, the average, and two moments of what learns."""
    with torch.device("meta"):  # shapes without memory
        ours = stage.shape_of(options)
        average = learned = _learned(Generator(ours))
        if "feat" in stage.terms:
            learned += _adaptors((ours.channels,) * TAPS, (options.teacher.channels,) * TAPS)
        if stage.opponent != "none":
            learned += _opponent(stage, options)
    return _VALUE_BYTES * (3 * learned + average) + _NAMES_BYTES


def _learned(network: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def _adaptors(widths: tuple[int, ...], target_widths: tuple[int, ...]) -> int:
    return _learned(Adaptors(widths, target_widths))


def _opponent(stage: Stage, options: Options) -> int:
    theirs = options.teacher_discriminator
    ours = theirs if stage.opponent == "teacher" else options.student_discriminator
    values = _learned(Discriminator(ours, options.patch_px))
    if stage.opponent_taught:
        values += _adaptors(discriminator_widths(ours), discriminator_widths(theirs))
    return values


def require_room(folder: Path, stages: Iterable[Stage], options: Options) -> None:
    """Refuse to begin what the disk cannot hold: a checkpoint of each stage, and their validation images.

    While a checkpoint is replaced, the last one and the next lie side by side.
    Raises: ValueError naming what is needed and what is free.
    """
    stages = list(stages)
    sizes = [checkpoint_bytes(stage, options) for stage in stages]
    every = options.validate_every
    pictures = sum(stage.phase_of(options).steps // every + 1 for stage in stages) if every else 0
    needed = sum(sizes) + max(sizes, default=0) + pictures * _VALIDATION_BYTES + _SPARE_BYTES
    free = shutil.disk_usage(folder).free
    if stages and free < needed:
        what = stages[0].name if len(stages) == 1 else f"{len(stages)} stages"
        raise ValueError(
            f"Checkpoints and validation images of {what} need {needed / 2**20:.0f} MB in {folder}, where "
            f"{free / 2**20:.0f} MB are free: free some space or use another disk."
        )


def ran_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory was exhausted: a GPU's, Python's, or torch's on a CPU."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or any(
        words in str(error) for words in _CPU_EXHAUSTED
    )


def let_go() -> None:
    """Give back the memory of what nothing refers to any more."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def largest_batch(below: int, attempt: Callable[[int], None]) -> int | None:
    """The largest halving of a batch that `attempt` can work with, by trying; None if not even 2 fit."""
    batch = below // 2
    while batch >= 2:
        let_go()
        try:
            attempt(batch)
        except Exception as error:
            if not ran_out_of_memory(error):
                raise
            batch //= 2
        else:
            return batch
    return None
