"""How far each estimate moves when raters are drawn again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ratings.analysis.arrays import Floats, Ints
from ratings.analysis.groups import sums_by
from ratings.analysis.panel import Panel, VoteMatrix
from ratings.analysis.projection import (
    EPSILON,
    FLOOR_SHARE,
    bias_of,
    divided,
    inconsistency_of,
    z_quality,
    z_scores,
)
from ratings.analysis.recovery import Recovered
from ratings.analysis.scores import ratio

# A replicate of the subject model stands still when its stimuli move, as a root mean square, by less than
# this share of a typical standard error: far below what replicates scatter by.
SHARE_OF_ERROR = 1e-3

MAXIMUM_STEPS = 100

# A rater who alone rated their stimuli has no distance from the others.
LARGEST_SHARE = 0.999


class Replicator(Protocol):
    """Moves estimates as raters are drawn again."""

    def deviations(self, counts: Floats) -> Floats:
        """Return (stimuli, panels): estimate less the whole panel's, NaN where no drawn rater voted.

        `counts` (raters, panels) says how often each rater was drawn into a panel.
        """
        ...


@dataclass(frozen=True, eq=False)
class MeanReplicator:
    """The mean of every stimulus over the raters drawn."""

    panel: Panel

    def deviations(self, counts: Floats) -> Floats:
        """See `Replicator`."""
        return ratio(self.panel.scores.by_stimulus(counts), self.panel.present.by_stimulus(counts))


@dataclass(frozen=True, eq=False)
class SubjectReplicator:
    """The subject model, iterated for every replicate from the whole panel's solution.

    A rater drawn three times agrees with themselves, which looks like consistency: left alone, such raters
    gain weight at every step until the replicate is theirs. So an inconsistency is taken as it would be had
    the rater been drawn once: a residual is 1 − h of the distance from the other raters' opinion, h being the
    rater's share of the weight of their stimuli, and is put back to the share of one copy.
    """

    panel: Panel
    found: Recovered

    def deviations(self, counts: Floats) -> Floats:
        """See `Replicator`."""
        panel, found = self.panel, self.found
        whole = (found.quality[panel.stimuli] - panel.centre - found.bias_moved)[:, None]
        quality = np.repeat(whole, counts.shape[1], axis=1)
        weight = counts * _weights(panel, found)
        active = np.arange(counts.shape[1])
        for _ in range(MAXIMUM_STEPS):
            now = quality[:, active]
            weight[:, active] = self._weight(counts[:, active], weight[:, active], now)
            quality[:, active] = self._quality(weight[:, active], now)
            distance = np.sqrt(((quality[:, active] - now) ** 2).mean(axis=0))
            active = active[distance >= self._tolerance()]
            if not active.size:
                break
        moved = (counts * bias_of(panel, quality)).sum(axis=0) / counts.sum(axis=0)
        rated = panel.present.by_stimulus(weight) > 0
        return np.where(rated, quality - whole + (moved - found.bias_moved), np.nan)

    def _weight(self, counts: Floats, weight: Floats, quality: Floats) -> Floats:
        """Weigh raters anew, (raters, panels), by their residuals from `quality`."""
        total = self.panel.present.by_stimulus(weight)
        inverse = self.panel.present.by_rater(divided(np.ones_like(total), total))
        share = np.minimum(weight * inverse / self.panel.votes_per_rater, LARGEST_SHARE)
        of_one = divided(share, counts)
        of_one = of_one / (1 - share + of_one)
        inconsistency = inconsistency_of(self.panel, quality) * (1 - of_one) / (1 - share)
        floor = 0.0 if self.found.compat else FLOOR_SHARE * np.nanmedian(self.found.inconsistency)
        weight = counts / (np.maximum(inconsistency, floor) ** 2 + EPSILON)
        return np.asarray(weight)

    def _quality(self, weight: Floats, quality: Floats) -> Floats:
        removed = self.panel.present.by_stimulus(weight * bias_of(self.panel, quality))
        total = self.panel.present.by_stimulus(weight)
        return divided(self.panel.scores.by_stimulus(weight) - removed, total)

    def _tolerance(self) -> float:
        n = np.median(self.found.n[self.panel.stimuli])
        return float(max(SHARE_OF_ERROR * np.nanmedian(self.found.inconsistency) / np.sqrt(n), EPSILON))


@dataclass(frozen=True, eq=False)
class ZrecReplicator:
    """ZREC with the raters' weights held, since copies of a rater agree with themselves."""

    panel: Panel
    found: Recovered

    def deviations(self, counts: Floats) -> Floats:
        """See `Replicator`."""
        panel = self.panel
        weight = counts * _weights(panel, self.found)
        quality = z_quality(panel, z_scores(panel, counts), weight)
        whole = (self.found.quality[panel.stimuli] - panel.centre)[:, None]
        return np.where(panel.present.by_stimulus(weight) > 0, quality - whole, np.nan)


@dataclass(frozen=True, eq=False)
class HeldReplicator:
    """Any model of raters with weights and biases held, for studies too large to solve again.

    `residuals` are the votes less quality and bias; `panel_bias` (raters,) is what a rater's bias, which the
    average over a panel puts into quality, adds to each stimulus in units of its `spread` (stimuli,).
    """

    panel: Panel
    residuals: VoteMatrix
    weights: Floats
    panel_bias: Floats
    spread: Floats

    @classmethod
    def of(cls, panel: Panel, found: Recovered) -> HeldReplicator:
        """Prepare the model that `found` is the whole panel's answer of."""
        size = panel.stimuli.size
        bias, spread = found.bias[panel.raters], np.ones(size)
        if found.estimator == "zrec":
            votes = np.bincount(panel.stimulus_of, minlength=size)
            spread = np.sqrt(sums_by(panel.stimulus_of, panel.value**2, size) / votes)
        quality = (found.quality[panel.stimuli] - panel.centre)[panel.stimulus_of]
        residual = panel.value - bias[panel.rater_of] * spread[panel.stimulus_of] - quality
        return cls(panel, panel.matrix(residual), _weights(panel, found), bias[:, None], spread[:, None])

    def deviations(self, counts: Floats) -> Floats:
        """See `Replicator`."""
        weight = counts * self.weights
        total = self.panel.present.by_stimulus(weight)
        shared = (counts * self.panel_bias).sum(axis=0) / counts.sum(axis=0) - self.panel_bias.mean()
        moved: Floats = ratio(self.residuals.by_stimulus(weight), total) + self.spread * shared
        return moved


@dataclass(frozen=True, eq=False)
class GroupMeanReplicator:
    """The means of groups to first order: each rater drawn adds an `influence` of their own."""

    influence: VoteMatrix

    @classmethod
    def of(cls, panel: Panel, group_of: Ints, n_groups: int) -> GroupMeanReplicator:
        """Prepare the groups; `group_of` (stimuli,) numbers the group of each of the panel's stimuli."""
        n = np.bincount(panel.stimulus_of, minlength=panel.stimuli.size)
        size = np.bincount(group_of, minlength=n_groups)
        group = group_of[panel.stimulus_of]
        share = panel.value / (n[panel.stimulus_of] * size[group])
        return cls(VoteMatrix(group, panel.rater_of, share, (n_groups, panel.raters.size)))

    def deviations(self, counts: Floats) -> Floats:
        """See `Replicator`, with groups for stimuli; one that no drawn rater voted on has not moved."""
        return self.influence.by_stimulus(counts)


def _weights(panel: Panel, found: Recovered) -> Floats:
    """Return the weight of each rater in the whole panel, (raters, 1)."""
    return (1 / (found.inconsistency[panel.raters] ** 2 + EPSILON))[:, None]
