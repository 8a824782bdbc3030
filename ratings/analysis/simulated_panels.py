"""Populations of raters, and the latent votes of panels drawn from them on stimuli of known quality."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

import numpy as np

from ratings.analysis.arrays import Floats, Ints


@dataclass(frozen=True, kw_only=True)
class PanelModel:
    """How the raters of a population differ, in points of the scale.

    A latent vote is the stimulus's quality + the rater's bias + the rater's taste for its method + noise
    with the rater's inconsistency as its standard deviation. Biases and tastes are normal with mean 0 over
    the population, so that a stimulus's quality is the population's expected latent vote; inconsistencies
    are log-normal. A rater is, with the chance `noisy_share`, `noisy_factor` times as inconsistent.
    Raises: ValueError for a value that is negative or not finite, or a share above 1.
    """

    bias_sd: float
    inconsistency_median: float
    inconsistency_log_sd: float = 0.0
    noisy_share: float = 0.0
    noisy_factor: float = 3.0
    taste_sd: float = 0.0
    lapse_rate: float = 0.0
    """The share of votes given without looking: anywhere on the scale."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not (np.isfinite(value) and value >= 0):
                raise ValueError(f"{field.name} {value!r} is not a finite number of 0 or more")
        for name in ("noisy_share", "lapse_rate"):
            if getattr(self, name) > 1:
                raise ValueError(f"{name} {getattr(self, name)!r} is not a share between 0 and 1")


# What the subject model of ITU-T P.910 finds in the 70 raters of VQEG FR-TV Phase I (525 lines, high
# quality; differences of two sliders of 0..100) and in the 26 of the public Netflix ratings (1..5).
DSCQS_RATERS: Final = PanelModel(bias_sd=6.7, inconsistency_median=12.3, inconsistency_log_sd=0.27)
FIVE_POINT_RATERS: Final = PanelModel(bias_sd=0.30, inconsistency_median=0.59, inconsistency_log_sd=0.18)


@dataclass(frozen=True, kw_only=True)
class Scale:
    """What can be answered: `low`..`high` in steps of `step` (0: any point); unclipped only for theory.

    Raises: ValueError if the ends are not finite and in order, or whole steps do not lead from end to end.
    """

    low: float
    high: float
    step: float = 0.0
    clipped: bool = True

    def __post_init__(self) -> None:
        if not (np.isfinite([self.low, self.high]).all() and self.low < self.high):
            raise ValueError(f"a scale from {self.low!r} to {self.high!r} does not lead upwards")
        steps = (self.high - self.low) / self.step if self.step > 0 else 1.0
        if not (self.step >= 0 and np.isclose(steps, np.rint(steps))):
            raise ValueError(
                f"step {self.step!r} does not divide the scale from {self.low!r} to {self.high!r}"
            )

    def report(self, latent: Floats) -> Floats:
        """Answer with the nearest point of the scale (the upper of two); any shape, NaN stays."""
        votes = latent
        if self.step > 0:
            votes = self.low + self.step * np.floor((latent - self.low) / self.step + 0.5)
        return np.asarray(votes.clip(self.low, self.high) if self.clipped else votes, dtype=np.float64)

    def anywhere(self, rng: np.random.Generator, size: int | tuple[int, ...]) -> Floats:
        """Draw answers that have nothing to do with what is shown, every point as likely."""
        if self.step > 0:
            points = round((self.high - self.low) / self.step) + 1
            return np.asarray(self.low + self.step * rng.integers(points, size=size), dtype=np.float64)
        return rng.uniform(self.low, self.high, size=size)


FIVE_POINTS: Final = Scale(low=1, high=5, step=1)
DSCQS_DIFFERENCES: Final = Scale(low=-100, high=100)


@dataclass(frozen=True, eq=False)
class LatentPanels:
    """Latent votes of many panels, neither rounded nor clipped, and the truth they were made from.

    Shapes: `votes` (studies, stimuli, raters); `bias`, `inconsistency` (studies, raters); `taste`
    (studies, methods, raters), without methods where none were named; `quality` (stimuli,); `panel_quality`
    (studies, stimuli), what a panel would answer on average without noise: quality + mean bias + mean taste.
    """

    votes: Floats
    bias: Floats
    inconsistency: Floats
    taste: Floats
    quality: Floats
    panel_quality: Floats


def latent_panels(
    quality: Floats,
    *,
    raters: int,
    studies: int,
    seed: int,
    model: PanelModel,
    method_of: Ints | None = None,
) -> LatentPanels:
    """Draw the latent votes of many studies of the same stimuli, each with raters of its own.

    Shapes: `quality` (stimuli,), any units; `method_of` (stimuli,), codes from 0, −1 for a stimulus that
    tastes do not touch. Lapses are not drawn, for a latent vote has no scale to lapse on.
    Raises: ValueError if `quality` is not (stimuli,) or not finite, `method_of` does not fit it, tastes are
    asked for without it, or a count is negative.

    >>> exact = PanelModel(bias_sd=1, inconsistency_median=0)
    >>> panels = latent_panels(np.array([10.0, 30.0]), raters=3, studies=2, seed=0, model=exact)
    >>> np.allclose(panels.votes - panels.bias[:, None, :], panels.quality[:, None])
    True
    """
    methods = _methods(quality, method_of, model)
    require_counts(raters=raters, studies=studies, seed=seed)
    for_bias, for_spread, for_taste, for_noise = np.random.default_rng(seed).spawn(4)
    bias = for_bias.normal(0, model.bias_sd, size=(studies, raters))
    log_spread = for_spread.normal(0, model.inconsistency_log_sd, size=(studies, raters))
    noisy = for_spread.random((studies, raters)) < model.noisy_share
    inconsistency = model.inconsistency_median * np.exp(log_spread) * np.where(noisy, model.noisy_factor, 1.0)
    taste = for_taste.normal(0, model.taste_sd, size=(studies, methods, raters))
    votes = for_noise.normal(size=(studies, quality.size, raters))
    votes *= inconsistency[:, None, :]
    votes += quality[:, None] + bias[:, None, :]
    panel_quality = quality + bias.mean(axis=1, keepdims=True) if raters else np.full(votes.shape[:2], np.nan)
    if method_of is not None and raters:
        touched = method_of >= 0
        votes[:, touched] += taste[:, method_of[touched]]
        panel_quality[:, touched] += taste.mean(axis=2)[:, method_of[touched]]
    return LatentPanels(votes, bias, inconsistency, taste, quality, panel_quality)


def require_counts(**counts: int) -> None:
    """Refuse a negative count, by its name.

    Raises: ValueError naming the count and its value.
    """
    for name, value in counts.items():
        if value < 0:
            raise ValueError(f"{name} {value} is not a whole number of 0 or more")


def _methods(quality: Floats, method_of: Ints | None, model: PanelModel) -> int:
    """Return how many methods tastes are drawn for, once the stimuli are found in order."""
    if quality.ndim != 1:
        raise ValueError(f"quality of shape {quality.shape} is not (stimuli,)")
    if not np.isfinite(quality).all():
        raise ValueError(f"quality {quality[~np.isfinite(quality)][0]} is not finite")
    if method_of is None:
        if model.taste_sd > 0:
            raise ValueError(f"taste_sd {model.taste_sd} needs method_of, the method of every stimulus")
        return 0
    if method_of.shape != quality.shape:
        raise ValueError(f"method_of of shape {method_of.shape} is not that of quality, {quality.shape}")
    if method_of.min(initial=0) < -1:
        raise ValueError(f"method_of {method_of.min()} is not a code of 0 or more, nor −1 for no method")
    return int(method_of.max(initial=-1)) + 1
