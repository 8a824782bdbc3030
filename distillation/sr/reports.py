"""What training says: where it stands, what came out, and why it ended."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


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
