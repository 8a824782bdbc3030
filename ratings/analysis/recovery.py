"""Quality recovered from biased and inconsistent raters: bias removal, the subject model and ZREC."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import stats

from ratings.analysis.arrays import Bools, Floats, Ints
from ratings.analysis.dmos import EQUAL_WITHIN
from ratings.analysis.groups import sums_by
from ratings.analysis.options import COMPATIBILITIES, require_available, require_level
from ratings.analysis.panel import Panel, enough_votes, require_connected
from ratings.analysis.projection import (
    EPSILON,
    SubjectStep,
    ZScores,
    bias_of,
    floored_to_median,
    subject_step,
    z_inconsistency,
    z_quality,
    z_scores,
)
from ratings.analysis.scores import ScoreTable, as_table, ratio

MAXIMUM_ITERATIONS = 1000
TOLERANCE = 1e-8


@dataclass(frozen=True, eq=False)
class BiasRemoved:
    """Scores less each rater's bias (raters,), which is NaN for a rater without a vote."""

    scores: ScoreTable
    bias: Floats


@dataclass(frozen=True, eq=False)
class Recovered:
    """What a model of raters says of every stimulus (stimuli,) and of every rater (raters,).

    `quality` and `sd` (the spread of a stimulus's votes after bias) are in points of the scale; `n` are the
    votes used. `bias` and `inconsistency` are in points for the subject model, in standard deviations of a
    stimulus for ZREC. `information` is the sum of 1 / inconsistency² over a stimulus's raters. `bias_moved`
    is the mean bias that the subject model has added to quality and taken off every rater, 0 for ZREC.
    NaN: a stimulus without a vote, a rater left out. `left_out` are the raters left out for too few votes,
    `floored` how many inconsistencies were raised to a tenth of their median, `table` the votes used.
    `converged` is False if `iterations` reached their limit before quality stood still.
    """

    estimator: str
    quality: Floats
    sd: Floats
    n: Ints
    information: Floats
    bias: Floats
    inconsistency: Floats
    bias_moved: float
    left_out: Ints
    floored: int
    iterations: int
    converged: bool
    compat: str
    table: ScoreTable

    def half_width(self, *, level: float, ci: str) -> Floats:
        """Return half the published interval of every stimulus, (stimuli,); NaN without a vote.

        `ci` "model" is the Cramér-Rao bound of the subject model and the weighted one of ZREC,
        "model_stimulus" the subject model's σ_j/√n_j. Both describe this panel alone and are narrower than
        what another panel would differ by; with compat "sureal" the normal quantile has five decimals.
        Raises: ValueError if `level` is not in (0, 1) or `ci` is not one of the estimator's own.
        """
        require_level(level)
        own = {"subject_model": ("model", "model_stimulus"), "zrec": ("model",)}[self.estimator]
        require_available("ci", ci, own)
        quantile = float(stats.norm.ppf((1 + level) / 2))
        if self.compat == "sureal":
            quantile = round(quantile, 5)
        if self.estimator == "subject_model" and ci == "model":
            return quantile * np.sqrt(ratio(np.ones_like(self.information), self.information))
        return quantile * np.sqrt(ratio(self.sd**2, self.n))


def remove_bias(scores: ScoreTable | Floats) -> BiasRemoved:
    """Take each rater's mean distance from the stimulus means off their votes.

    Shapes: `scores` (stimuli, raters) as a table, or a matrix with NaN for a vote not given.
    Units: those of the scores. In a complete design the stimulus means stay as they are.
    Source: ITU-T P.913, removal of subject bias.
    """
    table = as_table(scores)
    means = table.stimulus_means()
    bias = ratio(table.rater_sums(table.value - means[table.stimulus_of]), table.votes_per_rater)
    return BiasRemoved(table.with_values(table.value - bias[table.rater_of]), bias)


def subject_model(scores: ScoreTable | Floats, *, compat: str = "", raters: Sequence[str] = ()) -> Recovered:
    """Tell quality, each rater's bias and each rater's inconsistency apart: u = quality + bias + υ·noise.

    Shapes: `scores` (stimuli, raters) as a table, or a matrix with NaN for a vote not given. Units: any.
    Each step weighs raters by 1 / υ², until quality moves by less than 1e-8 (Euclidean norm).
    Left out: raters of fewer than 10 votes. Floored: υ at a tenth of its median, because a rater whose υ
    shrinks to 0 would be taken for the truth. `compat` "sureal" does neither and asks for nothing below.
    `raters` are names for errors.
    Raises: ValueError if fewer than 8 raters are left, or if they fall into parts without a common stimulus.
    Source: ITU-T P.910 and P.913; Li et al., Electronic Imaging (HVEI) 2020, alternating projection.

    >>> votes = np.add.outer(np.arange(12.0), np.arange(8.0)) + np.eye(12, 8)
    >>> found = subject_model(votes)
    >>> found.bias.round(2).tolist()
    [-3.5, -2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 3.5]
    """
    require_available("compat", compat, COMPATIBILITIES)
    table, left_out, panel = _take(as_table(scores), compat)
    if not compat:
        require_connected(panel, raters)
    found = _project(panel, floor=not compat)
    bias = bias_of(panel, found.quality)
    moved = float(bias.mean())
    # A rater without any residual may be left where nothing is floored.
    precision = 1 / np.maximum(found.step.inconsistency[:, 0], EPSILON) ** 2
    return Recovered(
        estimator="subject_model",
        quality=_spread_out(panel.centre + found.quality[:, 0] + moved, panel.stimuli, table.n_stimuli),
        sd=_spread_out(_residual_sd(panel, found.before, found.step), panel.stimuli, table.n_stimuli),
        n=table.votes_per_stimulus,
        information=_information(panel, precision, table.n_stimuli),
        bias=_spread_out(bias[:, 0] - moved, panel.raters, table.n_raters),
        inconsistency=_spread_out(found.step.inconsistency[:, 0], panel.raters, table.n_raters),
        bias_moved=moved,
        left_out=left_out,
        floored=found.step.floored,
        iterations=found.iterations,
        converged=found.converged,
        compat=compat,
        table=table,
    )


def zrec(scores: ScoreTable | Floats, *, compat: str = "", raters: Sequence[str] = ()) -> Recovered:
    """Recover quality from z-scores: each rater's bias and inconsistency relative to each stimulus's spread.

    Shapes: `scores` (stimuli, raters) as a table, or a matrix with NaN for a vote not given. Units: any.
    A unanimous stimulus says nothing of raters. Left out, floored and `compat`: as in `subject_model`; a
    rater who voted on unanimous stimuli alone is also left out.
    Raises: ValueError if fewer than 8 raters are left, or no two votes on a stimulus differ.
    Source: Zhu et al., IEEE ICIP 2023, the formulas.
    """
    require_available("compat", compat, COMPATIBILITIES)
    table, left_out, panel = _take(as_table(scores), compat)
    if not np.abs(panel.value).max() > EQUAL_WITHIN:
        raise ValueError("no two votes on any stimulus differ, so nothing tells one rater from another")
    z = z_scores(panel, np.ones((panel.raters.size, 1)))
    silent = z.n[:, 0] == 0
    inconsistency, floored = z_inconsistency(panel, z)[:, 0], 0
    if not compat:
        inconsistency[~silent], floored = floored_to_median(inconsistency[~silent])
    weight = np.where(silent, 0.0, 1 / np.maximum(inconsistency, EPSILON) ** 2)
    inconsistency[silent] = np.nan
    quality = z_quality(panel, z, weight[:, None])[:, 0]
    kept = table.keep(~silent[panel.rater_of])
    rated = kept.votes_per_stimulus[panel.stimuli] > 0
    return Recovered(
        estimator="zrec",
        quality=_spread_out(np.where(rated, panel.centre + quality, np.nan), panel.stimuli, table.n_stimuli),
        sd=_spread_out(_weighted_sd(panel, z, quality, weight), panel.stimuli, table.n_stimuli),
        n=kept.votes_per_stimulus,
        information=_information(panel, weight, table.n_stimuli),
        bias=_spread_out(np.where(silent, np.nan, z.bias[:, 0]), panel.raters, table.n_raters),
        inconsistency=_spread_out(inconsistency, panel.raters, table.n_raters),
        bias_moved=0.0,
        left_out=np.union1d(left_out, panel.raters[silent]),
        floored=floored,
        iterations=1,
        converged=True,
        compat=compat,
        table=kept,
    )


def _take(table: ScoreTable, compat: str) -> tuple[ScoreTable, Ints, Panel]:
    """Leave out raters with too few votes; return the votes left, who was left out, and the panel.

    Raises: ValueError if there is no vote, or `enough_votes` finds too few raters.
    """
    if not table.value.size:
        raise ValueError("there is no vote, and a model of raters needs some")
    enough: Bools = np.ones(table.n_raters, dtype=bool) if compat else enough_votes(table)
    kept = table if enough.all() else table.keep(enough[table.rater_of])
    return kept, np.flatnonzero(~enough), Panel.of(kept)


class _Solution(NamedTuple):
    """The last step of the subject model, the quality (stimuli, 1) it came from and the one it led to."""

    quality: Floats
    before: Floats
    step: SubjectStep
    iterations: int
    converged: bool


def _project(panel: Panel, *, floor: bool) -> _Solution:
    """Repeat the subject model's step, from the means, until quality stands still."""
    before, iterations, converged = np.zeros((panel.stimuli.size, 1)), 0, False
    while True:
        step = subject_step(panel, before, floor=floor)
        iterations += 1
        converged = bool(np.linalg.norm(step.quality - before) < TOLERANCE)
        if converged or iterations == MAXIMUM_ITERATIONS:
            return _Solution(step.quality, before, step, iterations, converged)
        before = step.quality


def _residual_sd(panel: Panel, quality: Floats, step: SubjectStep) -> Floats:
    """Return the spread over raters of what quality and bias leave, around its own mean, (stimuli,)."""
    size = panel.stimuli.size
    residual = panel.value - quality[panel.stimulus_of, 0] - step.bias[panel.rater_of, 0]
    n = np.bincount(panel.stimulus_of, minlength=size)
    mean = sums_by(panel.stimulus_of, residual, size) / n
    squares = (residual - mean[panel.stimulus_of]) ** 2
    return np.sqrt(sums_by(panel.stimulus_of, squares, size) / n)


def _weighted_sd(panel: Panel, z: ZScores, quality: Floats, weight: Floats) -> Floats:
    """Return the weighted spread over raters of their votes less bias, around quality, (stimuli,)."""
    size = panel.stimuli.size
    of_votes = weight[panel.rater_of]
    bias = z.bias[panel.rater_of, 0] * z.spread[panel.stimulus_of, 0]
    squares = of_votes * (panel.value - bias - quality[panel.stimulus_of]) ** 2
    totals = (sums_by(panel.stimulus_of, of, size) for of in (squares, of_votes))
    return np.sqrt(ratio(*totals))


def _information(panel: Panel, precision: Floats, size: int) -> Floats:
    """Sum each stimulus's raters' 1 / inconsistency², (stimuli,)."""
    return _spread_out(panel.present.by_stimulus(precision[:, None])[:, 0], panel.stimuli, size)


def _spread_out(values: Floats, places: Ints, size: int) -> Floats:
    """Put values where the table numbers them, NaN elsewhere."""
    spread = np.full(size, np.nan)
    spread[places] = values
    return spread
