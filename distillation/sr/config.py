"""The options of a training run, frozen and checked, and the profiles smoke, demo and paper."""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal

METHODS = ("teacher", "student", "gan2gan", "gan2g", "gan2g_al", "g2g_al")
SCALE = 4

# What says how fast or how often, not what comes out: a checkpoint may be resumed under another value.
_NOT_IN_DIGEST = ("profile", "device", "channels_last", "threads", "report_every", "checkpoint_seconds")


def _refuse_unless(holds: bool, sentence: str) -> None:
    if not holds:
        raise ValueError(sentence)


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratorShape:
    """Size of a generator: SRGAN's own shape, or `lite` with one sub-pixel tail for devices."""

    blocks: int
    channels: int
    lite: bool = False
    global_skip: bool = False
    scale: int = SCALE

    def __post_init__(self) -> None:
        _refuse_unless(self.blocks >= 1, f"A generator needs at least 1 block, not {self.blocks}.")
        _refuse_unless(self.channels >= 1, f"A generator needs at least 1 channel, not {self.channels}.")
        _refuse_unless(self.scale == SCALE, f"Scale {self.scale} is not offered; use {SCALE}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscriminatorShape:
    """Size of a discriminator: channels of its first layer (an eighth of its last) and dense units."""

    channels: int
    dense: int

    def __post_init__(self) -> None:
        _refuse_unless(self.channels >= 1, f"A discriminator needs at least 1 channel, not {self.channels}.")
        _refuse_unless(self.dense >= 1, f"A discriminator needs at least 1 dense unit, not {self.dense}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """A number of updates and the learning rate's way, half a cosine from start to end."""

    steps: int
    lr_start: float
    lr_end: float

    def __post_init__(self) -> None:
        _refuse_unless(self.steps >= 1, f"A phase needs at least 1 step, not {self.steps}.")
        for rate in (self.lr_start, self.lr_end):
            _refuse_unless(0 < rate <= 1, f"A learning rate lies in (0, 1], not at {rate}.")

    def lr_at(self, step: int) -> float:
        """Learning rate of update number `step`, counted from 0."""
        share = step / max(1, self.steps - 1)
        return self.lr_end + (self.lr_start - self.lr_end) * (1 + math.cos(math.pi * share)) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class LossWeights:
    """Weight of each loss term; `pix_kind` is `l1` or `mse4`, SRGAN's MSE on the range [-1, 1]."""

    pix: float = 1.0
    pix_kind: Literal["l1", "mse4"] = "l1"
    out: float = 1.0
    feat: float = 0.1
    adv: float = 0.001
    dfeat: float = 0.01
    dcritic: float = 0.0003
    dkd: float = 1.0

    def __post_init__(self) -> None:
        known = self.pix_kind in ("l1", "mse4")
        _refuse_unless(known, f"The pixel loss is 'l1' or 'mse4', not {self.pix_kind!r}.")
        for name in ("pix", "out", "feat", "adv", "dfeat", "dcritic", "dkd"):
            weight = getattr(self, name)
            allowed = math.isfinite(weight) and weight >= 0
            _refuse_unless(allowed, f"The weight of {name} is a number from 0 up, not {weight}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Everything that decides what a training run makes, and a few settings of how it is run.

    `patch_px` is the side of a square training patch at full size, `balance` the share of its starting
    loss below which a discriminator is not updated, `warm_up_steps` the updates over which a fresh
    network's learning rate rises. `precision` and `device` choose by themselves when `auto`. `threads` on
    a CPU: 0 takes every core.
    """

    profile: str
    teacher: GeneratorShape
    student: GeneratorShape
    teacher_discriminator: DiscriminatorShape
    student_discriminator: DiscriminatorShape
    patch_px: int
    batch: int
    teacher_pixel: Phase
    teacher_adversarial: Phase
    student_transfer: Phase
    student_final: Phase
    weights: LossWeights
    discriminator_lr: float = 1e-4
    ema_decay: float = 0.999
    clip_norm: float = 10.0
    balance: float = 0.5
    warm_up_steps: int = 0
    seed: int = 0
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    device: Literal["auto", "cpu", "cuda"] = "auto"
    channels_last: bool = True
    report_every: int = 100
    checkpoint_seconds: float = 30.0
    threads: int = 0

    def __post_init__(self) -> None:
        # Four stride-2 layers of the discriminator halve the patch down to at least one whole pixel.
        whole = self.patch_px >= 16 and self.patch_px % 16 == 0
        _refuse_unless(whole, f"The patch is a multiple of 16 px, not {self.patch_px}.")
        _refuse_unless(self.batch >= 2, f"Batch normalisation needs a batch of 2 or more, not {self.batch}.")
        _refuse_unless(0 <= self.ema_decay < 1, f"The EMA's decay lies in [0, 1), not at {self.ema_decay}.")
        _refuse_unless(self.clip_norm > 0, f"The gradient is clipped above 0, not at {self.clip_norm}.")
        _refuse_unless(0 <= self.balance < 1, f"The balance bound lies in [0, 1), not at {self.balance}.")
        rate = self.discriminator_lr
        _refuse_unless(0 < rate <= 1, f"The discriminator's learning rate lies in (0, 1], not at {rate}.")
        _refuse_unless(self.warm_up_steps >= 0, f"Warm-up takes 0 steps or more, not {self.warm_up_steps}.")
        _refuse_unless(0 <= self.seed < 2**63, f"The seed is a whole number from 0 up, not {self.seed}.")
        known = self.precision in ("auto", "fp32", "bf16")
        _refuse_unless(known, f"The precision is 'auto', 'fp32' or 'bf16', not {self.precision!r}.")
        known = self.device in ("auto", "cpu", "cuda")
        _refuse_unless(known, f"The device is 'auto', 'cpu' or 'cuda', not {self.device!r}.")
        _refuse_unless(
            self.report_every >= 1, f"A report comes every 1 step or more, not {self.report_every}."
        )
        _refuse_unless(self.threads >= 0, f"Threads are 0 (every core) or more, not {self.threads}.")
        seconds = self.checkpoint_seconds
        _refuse_unless(seconds >= 0, f"A checkpoint comes every 0 seconds or more, not {seconds}.")
        share = self.student_transfer.steps / (self.student_transfer.steps + self.student_final.steps)
        _refuse_unless(
            0.5 <= share <= 0.9,
            f"A student spends 50 to 90 % of its updates in the transfer phase, not {share:.0%}.",
        )


def _smoke() -> Options:
    """Every stage in a fraction of a second: for tests and for trying out an installation."""
    return Options(
        profile="smoke",
        teacher=GeneratorShape(blocks=2, channels=8, lite=True, global_skip=True),
        student=GeneratorShape(blocks=1, channels=4, lite=True, global_skip=True),
        teacher_discriminator=DiscriminatorShape(channels=4, dense=8),
        student_discriminator=DiscriminatorShape(channels=2, dense=4),
        patch_px=32,
        batch=4,
        teacher_pixel=Phase(steps=8, lr_start=1e-3, lr_end=1e-4),
        teacher_adversarial=Phase(steps=4, lr_start=1e-4, lr_end=1e-5),
        student_transfer=Phase(steps=8, lr_start=1e-3, lr_end=1e-4),
        student_final=Phase(steps=2, lr_start=1e-4, lr_end=5e-6),
        weights=LossWeights(),
        ema_decay=0.9,
        report_every=4,
        threads=1,
    )


def _demo() -> Options:
    """All ten stages in some two to three minutes on two CPU cores, past bicubic on unseen photographs.

    The networks add to the bicubic image, which is what makes a few thousand small batches enough; the
    learning rates are higher than those of long runs for the same reason, and the average is shorter. So
    few updates against a small discriminator show only at ten times the usual adversarial weight.
    """
    return Options(
        profile="demo",
        teacher=GeneratorShape(blocks=8, channels=32, lite=True, global_skip=True),
        student=GeneratorShape(blocks=4, channels=16, lite=True, global_skip=True),
        teacher_discriminator=DiscriminatorShape(channels=12, dense=64),
        student_discriminator=DiscriminatorShape(channels=6, dense=32),
        patch_px=64,
        batch=8,
        teacher_pixel=Phase(steps=2400, lr_start=1e-3, lr_end=2e-5),
        teacher_adversarial=Phase(steps=300, lr_start=1e-4, lr_end=1e-5),
        student_transfer=Phase(steps=1200, lr_start=2e-3, lr_end=5e-5),
        student_final=Phase(steps=240, lr_start=1e-4, lr_end=5e-6),
        weights=LossWeights(adv=0.01),
        discriminator_lr=3e-4,
        ema_decay=0.99,
        # Layers this thin leave a second core little to do, and threads that wait for each other come to
        # a crawl as soon as another program wants a core.
        threads=1,
    )


def _paper() -> Options:
    """SRGAN's own sizes and schedule (Ledig et al., CVPR 2017, section 3.2), with the default student.

    There: batch 16, patches of 96 px, MSE on [-1, 1], 10^6 updates at 1e-4, then 10^5 at 1e-4 and 10^5 at
    1e-5 against the discriminator; the last two are one cosine here. The student's budget is ours.
    """
    return Options(
        profile="paper",
        teacher=GeneratorShape(blocks=16, channels=64),
        student=GeneratorShape(blocks=8, channels=32),
        teacher_discriminator=DiscriminatorShape(channels=64, dense=1024),
        student_discriminator=DiscriminatorShape(channels=32, dense=512),
        patch_px=96,
        batch=16,
        teacher_pixel=Phase(steps=1_000_000, lr_start=1e-4, lr_end=1e-4),
        teacher_adversarial=Phase(steps=200_000, lr_start=1e-4, lr_end=1e-5),
        student_transfer=Phase(steps=800_000, lr_start=2e-4, lr_end=1e-5),
        student_final=Phase(steps=200_000, lr_start=1e-4, lr_end=5e-6),
        weights=LossWeights(pix_kind="mse4"),
        report_every=1000,
        checkpoint_seconds=300.0,
    )


PROFILES = {"smoke": _smoke, "demo": _demo, "paper": _paper}


def profile(name: str, **changes: Any) -> Options:
    """The named profile with the given fields changed, e.g. `profile("demo", seed=1)`.

    Raises: ValueError if the profile, or a field, is unknown, or a changed value is impossible.
    """
    if name not in PROFILES:
        raise ValueError(f"There is no profile {name!r}; there are {', '.join(PROFILES)}.")
    unknown = sorted(set(changes) - {field.name for field in fields(Options)})
    if unknown:
        raise ValueError(f"There is no option {unknown[0]!r}.")
    return replace(PROFILES[name](), **changes)


def with_steps(options: Options, steps: int) -> Options:
    """The same run, shorter or longer: `steps` for the teacher's pixel stage, the others in proportion."""
    if steps < 1:
        raise ValueError(f"The number of steps is 1 or more, not {steps}.")
    factor = steps / options.teacher_pixel.steps

    def scaled(phase: Phase) -> Phase:
        return replace(phase, steps=max(1, round(phase.steps * factor)))

    return replace(
        options,
        teacher_pixel=scaled(options.teacher_pixel),
        teacher_adversarial=scaled(options.teacher_adversarial),
        student_transfer=scaled(options.student_transfer),
        student_final=scaled(options.student_final),
    )


def to_dict(options: Options) -> dict[str, Any]:
    """The options as plain values for JSON; `from_dict` reads them back."""
    return asdict(options)


_PARTS: Mapping[str, type] = {
    "teacher": GeneratorShape,
    "student": GeneratorShape,
    "teacher_discriminator": DiscriminatorShape,
    "student_discriminator": DiscriminatorShape,
    "teacher_pixel": Phase,
    "teacher_adversarial": Phase,
    "student_transfer": Phase,
    "student_final": Phase,
    "weights": LossWeights,
}


def from_dict(values: Mapping[str, Any]) -> Options:
    """Options from what `to_dict` gave; ValueError names a field that is missing, unknown or nonsense."""
    made: dict[str, Any] = {}
    try:
        for name, value in values.items():
            made[name] = _PARTS[name](**value) if name in _PARTS else value
        return Options(**made)
    except TypeError as error:
        raise ValueError(f"These are not the options of a run: {error}.") from error


def digest(options: Options) -> str:
    """SHA-256 of what changes the result, as 64 hexadecimal digits."""
    values = {name: value for name, value in to_dict(options).items() if name not in _NOT_IN_DIGEST}
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
