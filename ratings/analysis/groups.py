"""Stimuli in groups, such as those of one method or of one image: who rated them, and how completely."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ratings.analysis.arrays import Bools, Floats, Ints
from ratings.analysis.scores import ScoreTable


def sums_by(group_of: Ints, values: Floats, n_groups: int) -> Floats:
    """Sum the values of each group, (groups,); `group_of` and `values` have one entry each."""
    return np.asarray(np.bincount(group_of, weights=values, minlength=n_groups), dtype=np.float64)


def require_groups(table: ScoreTable, group_of: Ints, n_groups: int) -> None:
    """Refuse a grouping that is not (stimuli,) numbers of 0..n_groups − 1.

    Raises: ValueError naming the shape or the range.
    """
    if group_of.shape != (table.n_stimuli,):
        raise ValueError(f"group_of {group_of.shape} is not (stimuli,) {(table.n_stimuli,)}")
    if group_of.size and not (group_of.min() >= 0 and group_of.max() < n_groups):
        raise ValueError(f"group_of holds a number outside 0..{n_groups - 1}")


def raters_per_group(table: ScoreTable, group_of: Ints, n_groups: int) -> Ints:
    """Count the raters with a vote on any stimulus of each group, (groups,)."""
    # Distinct cells by hashing: a full matrix of groups and raters may not fit.
    cells = pd.unique(group_of[table.stimulus_of] * table.n_raters + table.rater_of)
    return np.bincount(cells // max(table.n_raters, 1), minlength=n_groups).astype(np.int64)


def is_complete(table: ScoreTable, group_of: Ints, n_groups: int) -> Bools:
    """Say of each group whether every rater of it rated each of its stimuli, (groups,).

    Raters and stimuli without any vote in a group do not count; a group without a vote is complete.
    Raises: ValueError as `require_groups`.
    """
    require_groups(table, group_of, n_groups)
    votes = sums_by(group_of, table.votes_per_stimulus.astype(np.float64), n_groups)
    stimuli = stimuli_per_group(table, group_of, n_groups)
    return np.asarray(votes == stimuli * raters_per_group(table, group_of, n_groups))


def stimuli_per_group(table: ScoreTable, group_of: Ints, n_groups: int) -> Ints:
    """Count the stimuli of each group that have a vote, (groups,)."""
    return np.bincount(group_of[table.votes_per_stimulus > 0], minlength=n_groups).astype(np.int64)
