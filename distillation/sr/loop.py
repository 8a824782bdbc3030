"""One stay in the loop: steps, reports, checkpoints, and the way back after a bad step."""

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from distillation.sr import capacity, checkpoints, distributed, watching
from distillation.sr.checkpoints import Checkpoint
from distillation.sr.config import Options
from distillation.sr.dataset import PhotoSet
from distillation.sr.devices import resolve_device
from distillation.sr.learner import Learner
from distillation.sr.methods import STAGES, Stage
from distillation.sr.patches import PatchSampler
from distillation.sr.reports import Report, StageResult, Stopped, TrainingFailed
from distillation.sr.watching import Tally, Watch

_LARGE_FALL_DB = 0.5
# Mean losses below which one side of an adversarial phase no longer learns from the other.
_WON = 0.1
# Non-finite steps that are answered with a lower rate; after one more there is no use in going on.
_SETBACKS = 3
# Steps between two looks of several processes at each other's clocks and interrupts.
_AGREE_EVERY = 10


class Run:
    """One stay in the loop."""

    def __init__(
        self,
        stage: Stage,
        options: Options,
        *,
        folder: Path,
        photos: PhotoSet,
        validation: PhotoSet,
        digests: Mapping[str, str],
    ) -> None:
        self.stage, self.options, self.folder = stage, options, folder
        self.photos, self.validation, self._digests = photos, validation, digests
        self.steps = stage.phase_of(options).steps
        self._writes = distributed.rank() == 0
        self._watch: Watch | None = None
        self._tally = Tally()
        self.saved: Checkpoint | None = None
        self.step = 0
        self.notes: dict[str, Any] = {}
        self._began = self._saved_at = time.monotonic()

    def finish(self, on_report: Callable[[Report], None], should_stop: Callable[[], bool]) -> StageResult:
        """Make the steps that are missing, and say what came out."""
        self._take_up()
        self._agree()
        self._spent = float(self.notes.get("seconds", 0.0))
        if self.saved is None or not self.saved.finished:
            try:
                self._prepare()
                while self.step < self.steps:
                    self._advance(on_report, should_stop)
                self._conclude()
            finally:
                if self._watch is not None:
                    self._watch.close()
            if distributed.any_says(should_stop())[0]:
                raise Stopped(f"Stopped after {self.stage.name}, which is finished.")
        return StageResult(
            stage=self.stage.name,
            steps=self.steps,
            seconds=self.notes["seconds"],
            losses=self.notes["losses"],
            psnr_y_before=self.notes["psnr_y_before"],
            psnr_y=self.notes["psnr_y"],
            warnings=tuple(self.notes["warnings"]),
            sha256=self.saved.sha256 if self.saved else "",
            folder=self.folder,
        )

    def _take_up(self) -> None:
        """Read the last checkpoint, if there is one, and be where it is."""
        self.saved = checkpoints.load(self.folder)
        if self.saved is not None:
            checkpoints.require(self.saved, stage=self.stage.name, **self._digests)
        self.step = self.saved.step if self.saved else 0
        self.notes = dict(self.saved.notes) if self.saved else {}
        self._paced_from = (time.monotonic(), self.step)

    def _agree(self) -> None:
        """Be where the other processes are, or refuse."""
        here = [self.step, self.saved.sha256 if self.saved else "", dict(self._digests)]
        distributed.refuse_disagreement("checkpoints, options and images", here)

    def _prepare(self) -> None:
        self._make_learner()
        if self._writes:
            if self.saved is None:
                capacity.require_room(self.folder, [self.stage], self.options)
            self._watch = Watch(self.folder)
            self._watch.go_on_from(self.step)
        if self.saved is not None:
            self._log({"resumed": True})
            return
        self._start_notes()
        self._log({"gradient_norms": self.learner.gradient_norms(*self.sampler.batch_at(0))})

    def _make_learner(self) -> None:
        """The networks as the last checkpoint has them, or at their start, at the rate of today."""
        self.forget()
        self.learner, self.sampler = self.begin(self.options)
        if self.saved is not None:
            self.learner.restore(self.saved.tensors)
            self.saved = replace(self.saved, tensors={})  # as much memory as the networks take
        self.learner.rate = 0.5 ** self.notes.get("setbacks", 0)

    def begin(self, options: Options) -> tuple[Learner, PatchSampler]:
        """The stage's networks at their start, and what they will see."""
        device = resolve_device(options)
        sampler = PatchSampler(
            self.photos,
            patch_px=options.patch_px,
            batch=options.batch,
            seed=options.seed,
            device=device,
            rank=distributed.rank(),
            world=distributed.size(),
        )
        parents = {name: self._parent(name) for name in self.stage.needs}
        return Learner(self.stage, options, device=device, parents=parents), sampler

    def forget(self) -> None:
        """Let go of the networks and of the patches, and of the memory that they hold."""
        self.__dict__.pop("learner", None)
        self.__dict__.pop("sampler", None)
        capacity.let_go()

    def _start_notes(self) -> None:
        self.notes.setdefault("warnings", [])
        if self._writes:
            self.notes |= {"losses": {}, "psnr_y_before": self._quality()}

    def _log(self, record: Mapping[str, Any]) -> None:
        if self._watch is not None:
            self._watch.log({"stage": self.stage.name, "step": self.step, **record})

    def _parent(self, name: str) -> Checkpoint:
        parent = checkpoints.load(self.folder.parent / name)
        if parent is None or not parent.finished:
            raise ValueError(f"Stage {self.stage.name} needs {name}, which is not finished; train it first.")
        checkpoints.require(parent, stage=STAGES[name].name, **self._digests)
        return parent

    def _advance(self, on_report: Callable[[Report], None], should_stop: Callable[[], bool]) -> None:
        """Make a step, and whatever falls due after it."""
        x, y = self.sampler.batch_at(self.step)
        self._tally.add(self.learner.step(x, y, step=self.step))
        self.step += 1
        reports = self.step % self.options.report_every == 0 or self.step == self.steps
        if (reports or self._looks_after_each_step()) and self._went_back():
            return
        if reports:
            self._report(on_report)
        every = self.options.validate_every
        if every and (self.step % every == 0 or self.step == self.steps):
            self._validate()
        if self.step < self.steps:
            self._heed_clock_and_interrupts(should_stop)

    def _looks_after_each_step(self) -> bool:
        """A CPU is asked whether a step was bad, for that is free; a GPU where one waits for it anyway."""
        return self.learner.device.type == "cpu"

    def _went_back(self) -> bool:
        """Return to the last checkpoint, or to the start, with half the rate if a step was not finite."""
        bad = self.learner.first_bad_step()
        if bad is None:
            return False
        setbacks, warnings = self.notes.get("setbacks", 0) + 1, list(self.notes.get("warnings", []))
        found = f"The loss or a gradient of {self.stage.name} was not finite at step {bad + 1}"
        if setbacks > _SETBACKS:
            kept = f"the checkpoint of step {self.saved.step} is kept" if self.saved else "none was saved yet"
            raise TrainingFailed(
                f"{found}, although the rate was halved {_SETBACKS} times; {kept}: a lower lr_start of "
                f"{self.stage.phase}, or --precision fp32, makes another run that may not fail."
            )
        self._take_up()
        self._agree()
        self.notes |= {"setbacks": setbacks, "warnings": warnings}
        self._tally = Tally()
        self._make_learner()
        if self.saved is None:
            self._start_notes()
        self._warn(f"{found}: training went back to step {self.step} and on at half the rate.")
        self._log({"went_back_from": bad + 1, "rate": self.learner.rate})
        if self._watch is not None:
            self._watch.go_on_from(self.step)
        return True

    def _validate(self) -> None:
        if self._watch is not None:
            psnr_y = self._watch.validate(
                self.step,
                self.learner.ema,
                self.validation,
                patch_px=self.options.patch_px,
                device=self.learner.device,
            )
            self._log({"validation_psnr_y": psnr_y})

    def _heed_clock_and_interrupts(self, should_stop: Callable[[], bool]) -> None:
        if distributed.size() > 1 and self.step % _AGREE_EVERY:
            return
        late = time.monotonic() - self._saved_at >= self.options.checkpoint_seconds
        stop, save = distributed.any_says(should_stop(), late and self._writes)
        if stop or save:
            self._went_back()
            self._save()
        if stop:
            raise Stopped(f"Stopped at step {self.step} of {self.steps} of {self.stage.name}.")

    def _report(self, on_report: Callable[[Report], None]) -> None:
        self.notes["losses"] = self._tally.means()
        self._tally = Tally()
        if self._watch is None:
            return
        self._warn_of_a_winner()
        began, first = self._paced_from
        pace = (time.monotonic() - began) / max(1, self.step - first)
        report = Report(
            stage=self.stage.name,
            step=self.step,
            steps=self.steps,
            losses=dict(self.notes["losses"]),
            seconds_left=pace * (self.steps - self.step),
            images_per_second=self.options.batch / pace,
            warnings=tuple(self.notes["warnings"]),
        )
        self._watch.log(asdict(report))
        rate = self.stage.phase_of(self.options).lr_at(self.step - 1) * self.learner.rate
        curves = {f"loss/{name}": value for name, value in report.losses.items()}
        self._watch.curves(
            self.step, {**curves, "learning_rate": rate, "images_per_second": report.images_per_second}
        )
        on_report(report)

    def _warn_of_a_winner(self) -> None:
        losses = self.notes["losses"]
        if losses.get("d_adv", 1.0) < _WON:
            self._warn(f"The discriminator of {self.stage.name} has won: its loss is {losses['d_adv']:.3f}.")
        if losses.get("adv", 1.0) < _WON:
            self._warn(f"The generator of {self.stage.name} has won: its loss is {losses['adv']:.3f}.")

    def _warn(self, sentence: str) -> None:
        # One warning of a kind: what is before the colon says which.
        warnings = self.notes.setdefault("warnings", [])
        if sentence.split(":")[0] not in [known.split(":")[0] for known in warnings]:
            warnings.append(sentence)

    def _conclude(self) -> None:
        if self._writes:
            before, after = self.notes["psnr_y_before"], self._quality()
            self.notes["psnr_y"] = after
            if self.stage.opponent != "none" and after < before - _LARGE_FALL_DB:
                self._warn(
                    f"{self.stage.name} lost quality: its PSNR on training photographs fell from "
                    f"{before:.2f} to {after:.2f} dB."
                )
            self._save(finished=True)
        distributed.barrier()
        if not self._writes:
            self._take_up()

    def _quality(self) -> float:
        """Mean PSNR-Y in dB of the averaged generator on crops of the training photographs."""
        return watching.quality(
            self.learner.ema, self.photos, patch_px=self.options.patch_px, device=self.learner.device
        )

    def _save(self, *, finished: bool = False) -> None:
        if self._writes:
            self.notes["seconds"] = self._spent + time.monotonic() - self._began
            checkpoint = Checkpoint(
                stage=self.stage.name,
                step=self.step,
                finished=finished,
                tensors=self.learner.tensors(),
                notes=self.notes,
                **self._digests,
            )
            sha256 = checkpoints.save(self.folder, checkpoint)
            self.saved = replace(checkpoint, sha256=sha256, tensors={})
        self._saved_at = time.monotonic()
