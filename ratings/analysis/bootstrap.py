"""Intervals by drawing raters again: of every stimulus, and of groups of stimuli from the same draws."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from ratings.analysis.arrays import Floats, Ints
from ratings.analysis.groups import raters_per_group, require_groups, sums_by
from ratings.analysis.options import require_level
from ratings.analysis.panel import Panel
from ratings.analysis.percentiles import Drawn, bias_corrected
from ratings.analysis.recovery import Recovered
from ratings.analysis.replicates import (
    GroupMeanReplicator,
    HeldReplicator,
    MeanReplicator,
    Replicator,
    SubjectReplicator,
    ZrecReplicator,
)
from ratings.analysis.scores import ScoreTable, ratio

REPLICATES = 2000
MODEL_REPLICATES = 1000

# Beyond these visits to votes (replicates × passes over the votes) replicates are computed to first order.
VISITS = 2e10
PASSES = {"mean": 5, "zrec": 10, "subject_model": 60}
# Means of groups alone differ so little to first order that waiting is not worth it sooner.
GROUP_VISITS = 2e9

# Deviations kept at a time: more stimuli are bounded in parts.
DEVIATIONS = 40_000_000

# Draws are multiplied in blocks of about this many numbers, to bound memory.
BLOCK_ENTRIES = 2_000_000


@dataclass(frozen=True, eq=False)
class Bootstrap:
    """Both ends of the intervals of stimuli (stimuli,) and groups (groups,), in points of the scale.

    NaN: fewer than two raters behind a number; the stimuli too where they were not asked for. `linearised`
    is True where the study was so large that replicates were computed to first order.
    """

    ci_low: Floats
    ci_high: Floats
    group_low: Floats
    group_high: Floats
    replicates: int
    linearised: bool


@dataclass(frozen=True, kw_only=True)
class Draws:
    """How raters are drawn and what is bounded: `stimuli` False asks for the groups alone, which is cheaper.

    Raises: ValueError if `level` is not in (0, 1), `replicates` is below 100 or `seed` below 0.
    """

    level: float
    seed: int
    replicates: int
    stimuli: bool = True

    def __post_init__(self) -> None:
        require_level(self.level)
        if self.replicates < 100:
            raise ValueError(f"{self.replicates} replicates cannot tell the ends of an interval; take 1000")
        if self.seed < 0:
            raise ValueError(f"seed {self.seed} is not a whole number of 0 or more")


def bootstrap_mean(
    table: ScoreTable,
    group_of: Ints,
    n_groups: int,
    *,
    level: float,
    seed: int,
    replicates: int = REPLICATES,
    stimuli: bool = True,
) -> Bootstrap:
    """Bound the mean of every stimulus and group by drawing as many raters as there are, with replacement.

    Shapes: `group_of` (stimuli,) numbers the group of each stimulus, 0..n_groups − 1, such as its method. A
    group's value is the unweighted mean over its stimuli that have votes. Units: those of the scores.
    Interval: percentiles, corrected for bias and widened for few raters (`percentiles.bias_corrected`).
    Missing: a stimulus that no rater of a replicate voted on is left out of it; its group moves by what the
    group's other stimuli move, so that a replicate of hard stimuli is not a worse one.
    Cost: votes × replicates. `stimuli` False asks for the groups alone, which in studies beyond
    `GROUP_VISITS` are bounded to first order at a cost of raters × replicates.
    Raises: ValueError as `Draws`, or if `group_of` has another shape or a number out of range.
    """
    draws = Draws(level=level, seed=seed, replicates=replicates, stimuli=stimuli)
    require_groups(table, group_of, n_groups)
    panel = Panel.of(table)
    aim = _Aim.at(table, panel, table.stimulus_means(), group_of, n_groups)
    if stimuli or not are_groups_linearised(table, replicates):
        return _bound(MeanReplicator, panel, aim, draws)
    return _bound_groups(GroupMeanReplicator.of(panel, aim.group_of, n_groups), aim, draws)


def are_groups_linearised(table: ScoreTable, replicates: int = REPLICATES) -> bool:
    """Say whether `bootstrap_mean` bounds groups alone to first order, for so many votes."""
    return table.value.size * replicates * PASSES["mean"] > GROUP_VISITS


def bootstrap_recovered(
    found: Recovered,
    group_of: Ints,
    n_groups: int,
    *,
    level: float,
    seed: int,
    replicates: int = MODEL_REPLICATES,
    stimuli: bool = True,
) -> Bootstrap:
    """Bound a model of raters as `bootstrap_mean` bounds the mean.

    Every replicate is solved anew; that copies of a rater agree with each other does not count as their
    consistency (see `SubjectReplicator`; for ZREC the raters' weights are held at the whole panel's). The
    subject model starts from the whole panel's solution and ends when its stimuli move by less than a
    thousandth of a typical standard error; parts of a replicate that share no stimulus keep their distance.
    Raters that the model left out are not drawn. In studies beyond `VISITS` weights and biases are held.
    """
    draws = Draws(level=level, seed=seed, replicates=replicates, stimuli=stimuli)
    require_groups(found.table, group_of, n_groups)
    panel = Panel.of(found.table)
    aim = _Aim.at(found.table, panel, found.quality, group_of, n_groups)
    kind = SubjectReplicator if found.estimator == "subject_model" else ZrecReplicator
    affordable = _affordable(panel, found.estimator, replicates) and _rows(draws) >= panel.stimuli.size
    if affordable:
        return _bound(lambda part: kind(part, found), panel, aim, draws)
    return _bound(lambda part: HeldReplicator.of(part, found), panel, aim, draws, linearised=True)


@dataclass(frozen=True, eq=False)
class _Aim:
    """What is bounded: a panel's stimuli (the numbers `stimuli` in the table) and the groups they are in."""

    panel_raters: int
    stimuli: Ints
    estimate: Floats
    n: Ints
    group_of: Ints
    group_value: Floats
    group_raters: Ints

    @classmethod
    def at(cls, table: ScoreTable, panel: Panel, estimate: Floats, group_of: Ints, n_groups: int) -> _Aim:
        of_panel = group_of[panel.stimuli]
        sums = sums_by(of_panel, estimate[panel.stimuli], n_groups)
        return cls(
            panel_raters=panel.raters.size,
            stimuli=panel.stimuli,
            estimate=estimate,
            n=table.votes_per_stimulus,
            group_of=of_panel,
            group_value=ratio(sums, np.bincount(of_panel, minlength=n_groups)),
            group_raters=raters_per_group(table, group_of, n_groups),
        )


def _affordable(panel: Panel, estimator: str, replicates: int) -> bool:
    return panel.value.size * replicates * PASSES[estimator] <= VISITS


def _rows(draws: Draws) -> int:
    """Return how many stimuli are bounded at a time."""
    return max(1, DEVIATIONS // draws.replicates)


def _drawn(raters: int, rows: int, draws: Draws) -> Iterator[tuple[slice, Floats]]:
    """Yield blocks of replicates: how often each rater was drawn, (raters, block)."""
    if not raters:
        return
    rng = np.random.default_rng(draws.seed)
    block = max(1, BLOCK_ENTRIES // max(rows, raters))
    for start in range(0, draws.replicates, block):
        width = min(block, draws.replicates - start)
        cell = rng.integers(raters, size=(width, raters)) + raters * np.arange(width)[:, None]
        counts = np.bincount(cell.ravel(), minlength=width * raters).reshape(width, raters)
        yield slice(start, start + width), np.ascontiguousarray(counts.T, dtype=np.float64)


def _bound(
    replicator_of: Callable[[Panel], Replicator],
    panel: Panel,
    aim: _Aim,
    draws: Draws,
    *,
    linearised: bool = False,
) -> Bootstrap:
    """Bound stimuli a part at a time, and groups; every part draws the same raters."""
    n_groups = aim.group_value.size
    sums = np.zeros((n_groups, draws.replicates), dtype=np.float32)
    n = np.zeros_like(sums)
    ends = np.full((2, aim.stimuli.size), np.nan)
    for start in range(0, aim.stimuli.size, _rows(draws)):
        rows = slice(start, min(start + _rows(draws), aim.stimuli.size))
        group_of = aim.group_of[rows]
        over_groups = sparse.csr_array(
            (np.ones(group_of.size), (group_of, np.arange(group_of.size))), shape=(n_groups, group_of.size)
        )
        replicator = replicator_of(panel.part(rows.start, rows.stop))
        stimuli = np.empty((group_of.size if draws.stimuli else 0, draws.replicates), dtype=np.float32)
        for block, counts in _drawn(aim.panel_raters, group_of.size, draws):
            moved = replicator.deviations(counts)
            present = ~np.isnan(moved)
            sums[:, block] += over_groups @ np.where(present, moved, 0.0)
            n[:, block] += over_groups @ present.astype(np.float64)
            if draws.stimuli:
                stimuli[:, block] = moved
        if draws.stimuli:
            ends[:, rows] = bias_corrected(stimuli, aim.n[aim.stimuli[rows]], level=draws.level)
    groups = np.divide(sums, n, out=np.full_like(sums, np.nan), where=n > 0)
    return _result(aim, draws, ends, groups, linearised=linearised)


def _bound_groups(replicator: Replicator, aim: _Aim, draws: Draws) -> Bootstrap:
    """Bound groups alone, to first order."""
    groups = np.empty((aim.group_value.size, draws.replicates), dtype=np.float32)
    for block, counts in _drawn(aim.panel_raters, len(groups), draws):
        groups[:, block] = replicator.deviations(counts)
    return _result(aim, draws, np.full((2, aim.stimuli.size), np.nan), groups, linearised=True)


def _result(aim: _Aim, draws: Draws, ends: Floats, groups: Drawn, *, linearised: bool) -> Bootstrap:
    bounds = np.full((2, aim.estimate.size), np.nan)
    bounds[:, aim.stimuli] = aim.estimate[aim.stimuli] + ends
    low, high = bias_corrected(groups, aim.group_raters, level=draws.level)
    return Bootstrap(
        ci_low=bounds[0],
        ci_high=bounds[1],
        group_low=aim.group_value + low,
        group_high=aim.group_value + high,
        replicates=draws.replicates,
        linearised=linearised,
    )
