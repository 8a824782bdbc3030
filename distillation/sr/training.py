"""Trains any stage: what a caller needs of the loop, and what to say when the machine gives up."""

import contextlib
import errno
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from distillation.sr import capacity, checkpoints, distributed
from distillation.sr.config import Options, digest
from distillation.sr.dataset import PhotoSet
from distillation.sr.interrupts import compute_threads, interrupts
from distillation.sr.loop import Run
from distillation.sr.methods import Stage
from distillation.sr.reports import Report, StageResult, Stopped, TrainingFailed
from distillation.sr.watching import LOG

__all__ = ["LOG", "Report", "StageResult", "Stopped", "TrainingFailed", "train_stage"]

_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


def train_stage(
    stage: Stage,
    options: Options,
    *,
    folder: Path,
    photos: PhotoSet,
    validation: PhotoSet | None = None,
    on_report: Callable[[Report], None] = lambda report: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> StageResult:
    """Train a stage in `folder/STAGE`, or go on with it, or do nothing if it is finished.

    What it depends on is read from the folders beside it. `validation` are photographs whose crops are
    made and scored now and then; those of the training where none are given. Ctrl-C, SIGTERM and
    `should_stop` end it after the step at hand (of several processes: soon after), with a checkpoint
    written. A non-finite loss or gradient sends it back to the last checkpoint with half the rate.
    Several processes of one job call this alike, on one file system; the first writes and reports.
    Raises: Stopped after an interruption; TrainingFailed on repeated non-finite losses, a full disk,
    exhausted memory or the loss of another process; CheckpointRefused if a checkpoint is damaged or
    another run's; Locked if another process trains here; ValueError if the photographs are too small, the
    device is missing or the disk has no room for the checkpoints.
    """
    own = Path(folder) / stage.name
    digests = {"options_digest": digest(options), "data_digest": photos.digest()}
    run = Run(stage, options, folder=own, photos=photos, validation=validation or photos, digests=digests)
    # Processes of one job share the folder; the first holds it for all.
    held = checkpoints.lock(own) if distributed.rank() == 0 else contextlib.nullcontext()
    try:
        with held, interrupts() as interrupted, compute_threads(options.threads):
            return run.finish(on_report, lambda: interrupted() or should_stop())
    except (OSError, RuntimeError, MemoryError) as error:
        sentence = _sentence(error, run)
        if sentence is None:
            raise
        raise TrainingFailed(sentence) from error


def _sentence(error: BaseException, run: Run) -> str | None:
    """What to say of an error that is the machine's; None for any other."""
    name = run.stage.name
    if isinstance(error, OSError) and error.errno in _DISK_FULL:
        return f"The disk that holds {run.folder} is full; the last checkpoint is kept."
    if distributed.lost_another(error):
        return f"Another process of this job ended while {name} was trained; the last checkpoint is kept."
    if not capacity.ran_out_of_memory(error):
        return None
    # The frames that the error passed through hold the networks and the batch that did not fit.
    traceback.clear_frames(error.__traceback__)
    fits = _batch_that_fits(run)
    advice = f"{fits} fit, so use a batch of {fits}" if fits else "use smaller networks or patches"
    return f"Memory does not suffice for {name} with a batch of {run.options.batch}: {advice}."


def _batch_that_fits(run: Run) -> int | None:
    """The largest halving of the batch with which one step of the stage can be made here; by trying."""
    if distributed.size() > 1:  # the others are not trying
        return None
    run.forget()

    def attempt(batch: int) -> None:
        smaller = replace(run.options, batch=batch)
        learner, sampler = run.begin(smaller)
        learner.step(*sampler.batch_at(0), step=0)

    with compute_threads(run.options.threads):
        return capacity.largest_batch(run.options.batch, attempt)
