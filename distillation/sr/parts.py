"""The parts of a run's options: sizes of networks, phases of training, weights of losses."""

import math
from dataclasses import dataclass
from typing import Literal

SCALE = 4


def refuse_unless(holds: bool, sentence: str) -> None:
    """Raise ValueError with the sentence where what has to hold does not."""
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
        refuse_unless(self.blocks >= 1, f"A generator needs at least 1 block, not {self.blocks}.")
        refuse_unless(self.channels >= 1, f"A generator needs at least 1 channel, not {self.channels}.")
        refuse_unless(self.scale == SCALE, f"Scale {self.scale} is not offered; use {SCALE}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscriminatorShape:
    """Size of a discriminator: channels of its first layer (an eighth of its last) and dense units."""

    channels: int
    dense: int

    def __post_init__(self) -> None:
        refuse_unless(self.channels >= 1, f"A discriminator needs at least 1 channel, not {self.channels}.")
        refuse_unless(self.dense >= 1, f"A discriminator needs at least 1 dense unit, not {self.dense}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """A number of updates and the learning rate's way, half a cosine from start to end."""

    steps: int
    lr_start: float
    lr_end: float

    def __post_init__(self) -> None:
        refuse_unless(self.steps >= 1, f"A phase needs at least 1 step, not {self.steps}.")
        for rate in (self.lr_start, self.lr_end):
            refuse_unless(0 < rate <= 1, f"A learning rate lies in (0, 1], not at {rate}.")

    def lr_at(self, step: int) -> float:
        """Learning rate of update number `step`, counted from 0."""
        share = step / max(1, self.steps - 1)
        return self.lr_end + (self.lr_start - self.lr_end) * (1 + math.cos(math.pi * share)) / 2


# What a recipe loses with the weight of a term; where one is 0, a method would be another one, or none.
_NEEDED = {
    "pix": "the teacher's first stage would learn nothing",
    "adv": "no adversarial phase would be one",
    "dkd": "gan2gan would be g2g_al",
    "vgg": "the adversarial phases would have no content loss",
}
_NEEDED_TOGETHER = {
    ("out", "feat"): "nothing of the teacher's generator would reach a student",
    ("dfeat", "dcritic"): "nothing of the teacher's discriminator would reach gan2g",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LossWeights:
    """Weight of each loss term; `pix_kind` is `l1` or `mse4`, SRGAN's MSE on the range [-1, 1].

    `vgg` counts only where there are VGG weights: it then takes the place of `pix` in the stages that
    learn against a discriminator.
    """

    pix: float = 1.0
    pix_kind: Literal["l1", "mse4"] = "l1"
    out: float = 1.0
    feat: float = 0.1
    adv: float = 0.001
    dfeat: float = 0.01
    dcritic: float = 0.0003
    dkd: float = 1.0
    vgg: float = 1.0

    def __post_init__(self) -> None:
        known = self.pix_kind in ("l1", "mse4")
        refuse_unless(known, f"The pixel loss is 'l1' or 'mse4', not {self.pix_kind!r}.")
        for name in ("pix", "out", "feat", "adv", "dfeat", "dcritic", "dkd", "vgg"):
            weight = getattr(self, name)
            allowed = math.isfinite(weight) and weight >= 0
            refuse_unless(allowed, f"The weight of {name} is a number from 0 up, not {weight}.")
        for name, loss in _NEEDED.items():
            refuse_unless(getattr(self, name) > 0, f"The weight of {name} lies above 0: at 0 {loss}.")
        for (one, other), loss in _NEEDED_TOGETHER.items():
            some = getattr(self, one) > 0 or getattr(self, other) > 0
            refuse_unless(some, f"The weights of {one} and {other} cannot both be 0: {loss}.")
