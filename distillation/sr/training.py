"""The one loop that trains any stage, resumes it, and stops it cleanly."""

import contextlib
import errno
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from torch import Tensor

from distillation.sr import checkpoints, metrics, runlog
from distillation.sr.checkpoints import Checkpoint
from distillation.sr.config import SCALE, Options, digest
from distillation.sr.dataset import PatchSampler, PhotoSet
from distillation.sr.images import Pixels, luma
from distillation.sr.learner import Learner, resolve_device
from distillation.sr.methods import STAGES, Stage
from distillation.sr.upscale import upscale

LOG = "log.jsonl"
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
_PROBES, _PROBE_PX = 4, 192
_LARGE_FALL_DB = 0.5
# Mean losses below which one side of an adversarial phase no longer learns from the other.
_WON = 0.1


class Stopped(Exception):
    """Training was interrupted; its checkpoint is written, and the same call goes on from it."""


class TrainingFailed(Exception):
    """Training cannot go on, with the reason in one sentence; the last checkpoint is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Where a stage stands: mean losses since the last report, time left, pace, and warnings so far.

    `losses` are unweighted; `d_adv` is the discriminator's own, `d_updated` the share of its updates made.
    """

    stage: str
    step: int
    steps: int
    losses: Mapping[str, float]
    seconds_left: float
    images_per_second: float
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StageResult:
    """A finished stage: PSNR-Y in dB on crops of the training photographs before and after, and its file."""

    stage: str
    steps: int
    seconds: float
    losses: Mapping[str, float]
    psnr_y_before: float
    psnr_y: float
    warnings: tuple[str, ...]
    sha256: str
    folder: Path


def train_stage(
    stage: Stage,
    options: Options,
    *,
    folder: Path,
    photos: PhotoSet,
    on_report: Callable[[Report], None] = lambda report: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> StageResult:
    """Train a stage in `folder/STAGE`, or go on with it, or do nothing if it is finished.

    What it depends on is read from the folders beside it. Ctrl-C, SIGTERM and `should_stop` end it after
    the step at hand, with a checkpoint written.
    Raises: Stopped after an interruption; TrainingFailed on a non-finite loss or a full disk;
    CheckpointRefused if a checkpoint is damaged or another run's; Locked if another process trains here;
    ValueError if the photographs are too small or the device is missing.
    """
    own = Path(folder) / stage.name
    try:
        with checkpoints.lock(own), _interrupts() as interrupted, _threads(options.threads):
            run = _Run(stage, options, folder=Path(folder), photos=photos)
            return run.finish(on_report, lambda: interrupted() or should_stop())
    except OSError as error:
        if error.errno not in _DISK_FULL:
            raise
        raise TrainingFailed(f"The disk that holds {own} is full; the last checkpoint is kept.") from error


class _Run:
    """One stay in the loop."""

    def __init__(self, stage: Stage, options: Options, *, folder: Path, photos: PhotoSet) -> None:
        self.stage, self.options, self.photos = stage, options, photos
        self.folder = folder / stage.name
        self.steps = stage.phase_of(options).steps
        self._digests = {"options_digest": digest(options), "data_digest": photos.digest()}
        self._parents = folder
        self.saved = checkpoints.load(self.folder)
        if self.saved is not None:
            checkpoints.require(self.saved, stage=stage.name, **self._digests)
        self.step = self._started_at = self.saved.step if self.saved else 0
        self.notes: dict[str, Any] = dict(self.saved.notes) if self.saved else {}
        self.sha256 = self.saved.sha256 if self.saved else ""
        self._spent = float(self.notes.get("seconds", 0.0))
        self._began = self._saved_at = time.monotonic()
        self._sums: dict[str, Tensor] = {}
        self._counts: dict[str, int] = {}

    def finish(self, on_report: Callable[[Report], None], should_stop: Callable[[], bool]) -> StageResult:
        if self.saved is None or not self.saved.finished:
            self._prepare()
            while self.step < self.steps:
                self._advance()
                if self.step % self.options.report_every == 0 or self.step == self.steps:
                    self._report(on_report)
                if self.step < self.steps and should_stop():
                    self._save()
                    raise Stopped(f"Stopped at step {self.step} of {self.steps} of {self.stage.name}.")
                if time.monotonic() - self._saved_at >= self.options.checkpoint_seconds:
                    self._save()
            self._conclude()
        return StageResult(
            stage=self.stage.name,
            steps=self.steps,
            seconds=self.notes["seconds"],
            losses=self.notes["losses"],
            psnr_y_before=self.notes["psnr_y_before"],
            psnr_y=self.notes["psnr_y"],
            warnings=tuple(self.notes["warnings"]),
            sha256=self.sha256,
            folder=self.folder,
        )

    def _prepare(self) -> None:
        options, device = self.options, resolve_device(self.options)
        self._sampler = PatchSampler(
            self.photos, patch_px=options.patch_px, batch=options.batch, seed=options.seed, device=device
        )
        parents = {name: self._parent(name) for name in self.stage.needs}
        self.learner = Learner(self.stage, options, device=device, parents=parents)
        if self.saved is not None:
            self.learner.restore(self.saved.tensors)
            return
        self.notes = {"losses": {}, "warnings": [], "psnr_y_before": self._quality()}
        norms = self.learner.gradient_norms(*self._sampler.batch_at(0))
        runlog.append(self.folder / LOG, {"stage": self.stage.name, "step": 0, "gradient_norms": norms})

    def _parent(self, name: str) -> Checkpoint:
        parent = checkpoints.load(self._parents / name)
        if parent is None or not parent.finished:
            raise ValueError(f"Stage {self.stage.name} needs {name}, which is not finished; train it first.")
        checkpoints.require(parent, stage=STAGES[name].name, **self._digests)
        return parent

    def _advance(self) -> None:
        x, y = self._sampler.batch_at(self.step)
        for name, loss in self.learner.step(x, y, step=self.step).items():
            self._sums[name] = self._sums[name] + loss if name in self._sums else loss
            self._counts[name] = self._counts.get(name, 0) + 1
        self.step += 1
        if self.learner.device.type == "cpu":
            self._refuse_bad_steps()

    def _refuse_bad_steps(self) -> None:
        bad = self.learner.first_bad_step()
        if bad is not None:
            kept = f"the checkpoint of step {self.saved.step} is kept" if self.saved else "none was saved yet"
            raise TrainingFailed(
                f"The loss or a gradient of {self.stage.name} was not finite at step {bad + 1}; {kept}."
            )

    def _report(self, on_report: Callable[[Report], None]) -> None:
        self._refuse_bad_steps()
        names = sorted(self._sums)
        values = torch.stack([self._sums[name].float() for name in names]).tolist()
        self.notes["losses"] = {n: v / self._counts[n] for n, v in zip(names, values, strict=True)}
        self._sums, self._counts = {}, {}
        self._warn_of_a_winner()
        pace = (time.monotonic() - self._began) / max(1, self.step - self._started_at)
        report = Report(
            stage=self.stage.name,
            step=self.step,
            steps=self.steps,
            losses=dict(self.notes["losses"]),
            seconds_left=pace * (self.steps - self.step),
            images_per_second=self.options.batch / pace,
            warnings=tuple(self.notes["warnings"]),
        )
        runlog.append(self.folder / LOG, asdict(report))
        on_report(report)

    def _warn_of_a_winner(self) -> None:
        losses = self.notes["losses"]
        if losses.get("d_adv", 1.0) < _WON:
            self._warn(f"The discriminator of {self.stage.name} has won: its loss is {losses['d_adv']:.3f}.")
        if losses.get("adv", 1.0) < _WON:
            self._warn(f"The generator of {self.stage.name} has won: its loss is {losses['adv']:.3f}.")

    def _warn(self, sentence: str) -> None:
        # One warning of a kind: what is before the colon says which.
        kinds = [known.split(":")[0] for known in self.notes["warnings"]]
        if sentence.split(":")[0] not in kinds:
            self.notes["warnings"].append(sentence)

    def _conclude(self) -> None:
        before, after = self.notes["psnr_y_before"], self._quality()
        self.notes["psnr_y"] = after
        if self.stage.opponent != "none" and after < before - _LARGE_FALL_DB:
            self._warn(
                f"{self.stage.name} lost quality: its PSNR on training photographs fell from {before:.2f} "
                f"to {after:.2f} dB."
            )
        self._save(finished=True)

    def _quality(self) -> float:
        """Mean PSNR-Y in dB of the averaged generator on a crop from the middle of some photographs."""
        values = []
        for hr, lr in _probes(self.photos, self.options.patch_px):
            test = upscale(self.learner.ema, lr, device=self.learner.device)
            values.append(min(metrics.psnr(luma(hr), luma(test), data_range=255), 100.0))
        return sum(values) / len(values)

    def _save(self, *, finished: bool = False) -> None:
        self._refuse_bad_steps()
        self.notes["seconds"] = self._spent + time.monotonic() - self._began
        checkpoint = Checkpoint(
            stage=self.stage.name,
            step=self.step,
            finished=finished,
            tensors=self.learner.tensors(),
            notes=self.notes,
            **self._digests,
        )
        self.sha256 = checkpoints.save(self.folder, checkpoint)
        self.saved = checkpoint
        self._saved_at = time.monotonic()


def _probes(photos: PhotoSet, patch_px: int) -> Iterator[tuple[Pixels, Pixels]]:
    side = max(_PROBE_PX, patch_px) // SCALE
    for hr, lr in list(zip(photos.hr, photos.lr, strict=True))[:_PROBES]:
        top, left = ((length - min(length, side)) // 2 for length in lr.shape[:2])
        rows, columns = slice(top, top + side), slice(left, left + side)
        full = slice(top * SCALE, (top + side) * SCALE), slice(left * SCALE, (left + side) * SCALE)
        yield hr[full], lr[rows, columns]


@contextlib.contextmanager
def _threads(count: int) -> Iterator[None]:
    """Compute on so many CPU threads for the time of the block; 0 leaves the number as it is."""
    before = torch.get_num_threads()
    torch.set_num_threads(count or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextlib.contextmanager
def _interrupts() -> Iterator[Callable[[], bool]]:
    """Turn SIGINT and SIGTERM into a flag, so that no step is left half done.

    Only a process's main thread can do so; elsewhere the flag stays down.
    """
    raised = threading.Event()

    def raise_flag(number: int, frame: FrameType | None) -> None:
        raised.set()

    previous: dict[signal.Signals, Any] = {}
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            previous[number] = signal.signal(number, raise_flag)
    try:
        yield raised.is_set
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
