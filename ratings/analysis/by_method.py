"""Scores of groups of stimuli, such as a method's over its images or an image's over methods, over raters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ratings.analysis.arrays import Floats, Ints
from ratings.analysis.bootstrap import REPLICATES, bootstrap_mean
from ratings.analysis.dmos import half_width
from ratings.analysis.groups import require_groups, stimuli_per_group, sums_by
from ratings.analysis.options import require_available, require_level
from ratings.analysis.recovery import Recovered
from ratings.analysis.scores import ScoreTable, ratio

GROUP_INTERVALS = ("t", "normal", "bootstrap")


@dataclass(frozen=True, eq=False)
class GroupEstimates:
    """One number and its interval for every group of stimuli; each field has the shape (groups,).

    `sd` is the sample standard deviation over raters of their mean distance from the estimates of the
    stimuli they rated; in a complete design that is the sd of the raters' own means. `n_raters` and
    `n_stimuli` count those with votes. NaN: everything without a vote, `sd` and the interval with one rater.
    """

    dmos: Floats
    sd: Floats
    n_raters: Ints
    n_stimuli: Ints
    ci_low: Floats
    ci_high: Floats


def estimate_groups(
    table: ScoreTable,
    group_of: Ints,
    n_groups: int,
    *,
    level: float,
    ci: str,
    seed: int,
    replicates: int = REPLICATES,
) -> GroupEstimates:
    """Average the stimuli of every group and bound the average over raters.

    Shape: `group_of` (stimuli,) numbers the group of each stimulus, 0..n_groups − 1. Units: those of the
    scores. The score is the unweighted mean over stimuli of their means over raters; stimuli nobody rated do
    not count. Raters are averaged over the group's stimuli first: pooled votes would look too certain.
    Interval: `ci` "t" or "normal" over the raters' means, right in a complete design alone (see
    `groups.is_complete`); "bootstrap" draws raters again from `seed`, and serves a partial one.
    Raises: ValueError for an unknown `ci`, a `level` not in (0, 1), or a `group_of` that does not fit.

    >>> votes = ScoreTable.from_matrix(np.array([[10.0, 30.0, 50.0], [20.0, 10.0, 30.0]]))
    >>> method = estimate_groups(votes, np.array([0, 0]), 1, level=0.95, ci="t", seed=0)
    >>> method.dmos.tolist(), method.ci_high.round(4).tolist()
    ([25.0], [57.8621])
    """
    require_available("ci", ci, GROUP_INTERVALS)
    require_level(level)
    value, sd, n_raters = _over_raters(table, table.stimulus_means(), group_of, n_groups)
    if ci == "bootstrap":
        drawn = bootstrap_mean(
            table, group_of, n_groups, level=level, seed=seed, replicates=replicates, stimuli=False
        )
        low, high = drawn.group_low, drawn.group_high
    else:
        half = half_width(sd, n_raters, level=level, ci=ci)
        low, high = value - half, value + half
    return GroupEstimates(value, sd, n_raters, stimuli_per_group(table, group_of, n_groups), low, high)


def estimate_recovered_groups(
    found: Recovered, group_of: Ints, n_groups: int, *, group_low: Floats, group_high: Floats
) -> GroupEstimates:
    """Average the qualities that a model of raters recovered over the stimuli of every group.

    `group_low` and `group_high` (groups,) are `bootstrap_recovered`'s, which bounds stimuli and groups at
    once: no closed form allows for what the stimuli of a group share in one panel's biases.
    Otherwise as `estimate_groups`; raters that the model left out do not count.
    """
    value, sd, n_raters = _over_raters(found.table, found.quality, group_of, n_groups)
    n_stimuli = stimuli_per_group(found.table, group_of, n_groups)
    return GroupEstimates(value, sd, n_raters, n_stimuli, group_low, group_high)


def _over_raters(
    table: ScoreTable, estimate: Floats, group_of: Ints, n_groups: int
) -> tuple[Floats, Floats, Ints]:
    """Return each group's mean estimate, the sd over raters of their mean residual, and how many they are."""
    require_groups(table, group_of, n_groups)
    rated = table.votes_per_stimulus > 0
    sums = sums_by(group_of[rated], estimate[rated], n_groups)
    value = ratio(sums, np.bincount(group_of[rated], minlength=n_groups))
    # Residuals, not scores: in a partial design the raters' means also tell who drew the hard stimuli.
    residual = table.value - estimate[table.stimulus_of]
    cell_of, cells = pd.factorize(group_of[table.stimulus_of] * table.n_raters + table.rater_of)
    means = ratio(sums_by(cell_of, residual, cells.size), np.bincount(cell_of))
    group = cells // max(table.n_raters, 1)
    n = np.bincount(group, minlength=n_groups).astype(np.int64)
    centre = ratio(sums_by(group, means, n_groups), n)
    squares = sums_by(group, (means - centre[group]) ** 2, n_groups)
    return value, np.sqrt(ratio(squares, n - 1)), n
