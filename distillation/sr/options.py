"""The options of a training run, frozen and checked, and what is stored of them."""

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from distillation.sr.parts import DiscriminatorShape, GeneratorShape, LossWeights, Phase, refuse_unless

_MOST_THREADS = 1024

# What says how fast or how often, not what comes out: a checkpoint may be resumed under another value.
_NOT_IN_DIGEST = (
    "profile",
    "device",
    "channels_last",
    "threads",
    "report_every",
    "checkpoint_seconds",
    "validate_every",
    "vgg_file",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Everything that decides what a training run makes, and a few settings of how it is run.

    `patch_px` is the side of a square training patch at full size, `balance` the share of its starting
    loss below which a discriminator is not updated, `warm_up_steps` the updates over which a fresh
    network's learning rate rises. `precision` and `device` choose by themselves when `auto`. `threads` on
    a CPU: 0 takes every core. `vgg_file` holds the VGG19 weights of the content loss, empty for none, and
    `vgg_sha256` is the file's hash: the path may change, the weights may not.
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
    validate_every: int = 1000
    threads: int = 0
    vgg_file: str = ""
    vgg_sha256: str = ""

    def __post_init__(self) -> None:
        # Four stride-2 layers of the discriminator halve the patch down to at least one whole pixel.
        whole = self.patch_px >= 16 and self.patch_px % 16 == 0
        refuse_unless(whole, f"The patch is a multiple of 16 px, not {self.patch_px}.")
        refuse_unless(self.batch >= 2, f"Batch normalisation needs a batch of 2 or more, not {self.batch}.")
        refuse_unless(0 <= self.ema_decay < 1, f"The EMA's decay lies in [0, 1), not at {self.ema_decay}.")
        clips = 0 < self.clip_norm < math.inf
        refuse_unless(clips, f"The gradient is clipped at a number above 0, not at {self.clip_norm}.")
        refuse_unless(0 <= self.balance < 1, f"The balance bound lies in [0, 1), not at {self.balance}.")
        rate = self.discriminator_lr
        refuse_unless(0 < rate <= 1, f"The discriminator's learning rate lies in (0, 1], not at {rate}.")
        refuse_unless(self.warm_up_steps >= 0, f"Warm-up takes 0 steps or more, not {self.warm_up_steps}.")
        refuse_unless(0 <= self.seed < 2**63, f"The seed is a whole number from 0 up, not {self.seed}.")
        known = self.precision in ("auto", "fp32", "bf16")
        refuse_unless(known, f"The precision is 'auto', 'fp32' or 'bf16', not {self.precision!r}.")
        known = self.device in ("auto", "cpu", "cuda")
        refuse_unless(known, f"The device is 'auto', 'cpu' or 'cuda', not {self.device!r}.")
        refuse_unless(
            self.report_every >= 1, f"A report comes every 1 step or more, not {self.report_every}."
        )
        some = 0 <= self.threads <= _MOST_THREADS
        refuse_unless(some, f"Threads are 0 (every core) to {_MOST_THREADS}, not {self.threads}.")
        every = self.validate_every
        refuse_unless(every >= 0, f"Validation comes every 1 step or more, or never at 0; not {every}.")
        seconds = self.checkpoint_seconds
        refuse_unless(0 <= seconds < math.inf, f"A checkpoint comes every 0 seconds or more, not {seconds}.")
        share = self.student_transfer.steps / (self.student_transfer.steps + self.student_final.steps)
        refuse_unless(
            0.5 <= share <= 0.9,
            f"A student spends 50 to 90 % of its updates in the transfer phase, not {share:.0%}.",
        )
        self._refuse_half_a_vgg()

    def _refuse_half_a_vgg(self) -> None:
        hashed = self.vgg_sha256 == "" or re.fullmatch("[0-9a-f]{64}", self.vgg_sha256) is not None
        refuse_unless(
            hashed, f"The hash of the VGG weights is 64 hexadecimal digits, not {self.vgg_sha256!r}."
        )
        refuse_unless(
            self.vgg_sha256 != "" or self.vgg_file == "",
            f"The VGG weights in {self.vgg_file} come with their SHA-256, and there is none.",
        )
        weight = self.weights.vgg
        refuse_unless(
            self.vgg_sha256 != "" or weight == LossWeights().vgg,
            f"The weight of vgg is set to {weight}, and no VGG weights are given: name them with "
            "--vgg-weights.",
        )

    @property
    def content(self) -> Literal["pix", "vgg"]:
        """The content loss beside an adversarial one: VGG features where their weights are given."""
        return "vgg" if self.vgg_sha256 else "pix"


def to_dict(options: Options) -> dict[str, Any]:
    """The options as plain values for JSON; `from_dict` reads them back."""
    return asdict(options)


def to_record(options: Options) -> dict[str, Any]:
    """The options as they are stored with a run and published: without where on this machine a file lies."""
    return to_dict(replace(options, vgg_file=Path(options.vgg_file).name))


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
    if not options.vgg_sha256:
        # VGG weights that are not there decide nothing: runs from before they were offered keep their hash.
        del values["vgg_sha256"], values["weights"]["vgg"]
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
