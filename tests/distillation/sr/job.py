"""Training processes of their own, for tests that kill one or start several."""

import multiprocessing
import os
import signal
import socket
import sys
from collections.abc import Mapping
from dataclasses import replace
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from distillation.sr import checkpoints, distributed
from distillation.sr.config import Options, Phase, profile
from distillation.sr.learner import Learner
from distillation.sr.methods import STAGES
from distillation.sr.training import Report, Stopped, TrainingFailed, train_stage
from tests.distillation.sr.conftest import three_photos

# A server that has torch loaded forks them: starting one costs nothing.
_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload([__name__])


class Job:
    """A process that trains the named stages in a folder; `steps` are those of a student's transfer.

    `die_at_fsync` kills it at the so many-th time that a checkpoint hands something to the disk;
    `terminate_at` sends it SIGTERM in this update, `poison_at` makes this update's input not a number.
    `changes` are options that differ from smoke's.
    """

    def __init__(
        self,
        folder: Path,
        *names: str,
        steps: int | None = None,
        checkpoint_seconds: float = 3600.0,
        die_at_fsync: int | None = None,
        terminate_at: int | None = None,
        poison_at: int | None = None,
        changes: Mapping[str, object] | None = None,
        environment: Mapping[str, object] | None = None,
    ) -> None:
        self._said = folder / f"said-{(environment or {}).get('RANK', 0)}.txt"
        self._said.unlink(missing_ok=True)
        options = replace(_options(steps, checkpoint_seconds), **(changes or {}))
        harm = (die_at_fsync, terminate_at, poison_at)
        arguments = (folder, names, options, harm, dict(environment or {}), self._said)
        self.process: ForkServerProcess = _SERVER.Process(target=_train, args=arguments)
        self.process.start()

    def end(self) -> int | None:
        """Wait for its end and answer its exit status."""
        self.process.join(timeout=120)
        return self.process.exitcode

    def kill(self) -> None:
        """End it as a power failure would."""
        self.process.kill()
        self.process.join()

    @property
    def said(self) -> str:
        """All that it printed so far, errors and warnings too."""
        return self._said.read_text() if self._said.exists() else ""


def together(
    count: int, folder: Path, *names: str, second: Mapping[str, Any] | None = None, **settings: Any
) -> list[Job]:
    """So many processes of one job, with the variables that torchrun would give them.

    `second` are settings of the second process alone.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    common = {"WORLD_SIZE": count, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    return [
        Job(
            folder,
            *names,
            environment={"RANK": rank, "LOCAL_RANK": rank, **common},
            **settings,
            **(second or {} if rank == 1 else {}),
        )
        for rank in range(count)
    ]


def _options(steps: int | None, checkpoint_seconds: float) -> Options:
    smoke = profile("smoke", device="cpu", precision="fp32")
    options = replace(smoke, checkpoint_seconds=checkpoint_seconds, validate_every=0)
    if steps is None:
        return options
    transfer = Phase(steps=steps, lr_start=1e-3, lr_end=1e-4)
    final = replace(transfer, steps=steps // 4)
    return replace(options, student_transfer=transfer, student_final=final, report_every=1)


def _train(
    folder: Path,
    names: tuple[str, ...],
    options: Options,
    harm: tuple[int | None, int | None, int | None],
    environment: Mapping[str, object],
    said: Path,
) -> None:
    os.environ.update({name: str(value) for name, value in environment.items()})
    with said.open("w", buffering=1) as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        torch.set_num_threads(1)
        die_at_fsync, terminate_at, poison_at = harm
        if die_at_fsync is not None:
            _die_at_fsync(die_at_fsync)
        _harm_updates(terminate_at, poison_at)

        def say(report: Report) -> None:
            file.write(f"step {report.step}\n")

        try:
            with distributed.joined("cpu"):
                for name in names:
                    train_stage(STAGES[name], options, folder=folder, photos=three_photos(), on_report=say)
        except (TrainingFailed, Stopped, ValueError) as ended:
            file.write(f"{ended}\n")
            sys.exit(1)


def _harm_updates(terminate_at: int | None, poison_at: int | None) -> None:
    real, calls = Learner.step, iter(range(10_000))

    def step(self: Learner, x: Tensor, y: Tensor, *, step: int) -> dict[str, Tensor]:
        number = next(calls)
        if number == terminate_at:
            os.kill(os.getpid(), signal.SIGTERM)
        return real(self, x * float("nan") if number == poison_at else x, y, step=step)

    Learner.step = step  # type: ignore[method-assign]


def _die_at_fsync(number: int) -> None:
    real, calls = os.fsync, iter(range(1, 10_000))

    def fsync(file: int) -> None:
        if next(calls) == number:
            os.kill(os.getpid(), signal.SIGKILL)
        real(file)

    checkpoints.os.fsync = fsync  # type: ignore[attr-defined]
