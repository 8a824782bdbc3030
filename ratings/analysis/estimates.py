"""One estimator applied to prepared scores: every stimulus and every method, with the intervals asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ratings.analysis.arrays import Floats, Ints
from ratings.analysis.bootstrap import (
    Bootstrap,
    are_groups_linearised,
    bootstrap_mean,
    bootstrap_recovered,
)
from ratings.analysis.by_method import GroupEstimates, estimate_groups, estimate_recovered_groups
from ratings.analysis.dmos import CLOSED_FORMS, Estimates, estimate_mean
from ratings.analysis.groups import is_complete
from ratings.analysis.options import AnalysisOptions
from ratings.analysis.recovery import Recovered, subject_model, zrec
from ratings.analysis.scores import ScoreTable

MODELS = {"subject_model": subject_model, "zrec": zrec}


@dataclass(frozen=True, eq=False)
class Estimated:
    """Scores of stimuli (stimuli,) and of groups of them (groups,), such as methods.

    `group_ci` names the groups' interval, "none" where one would mislead; `recovered` is the model of raters
    where the estimator is one. `notes` say what was left out and how intervals were taken.
    """

    stimuli: Estimates
    groups: GroupEstimates
    group_ci: str
    recovered: Recovered | None
    notes: tuple[str, ...]


def estimate(
    table: ScoreTable,
    options: AnalysisOptions,
    group_of: Ints,
    n_groups: int,
    *,
    stimuli: bool = True,
    raters: tuple[str, ...] = (),
) -> Estimated:
    """Estimate every stimulus, and every group as the unweighted mean over its stimuli.

    `group_of` (stimuli,) numbers the group of each stimulus. The groups' interval is that of the stimuli in
    a complete design, and a bootstrap over raters in a partial one and for models of raters. `stimuli` False
    spares a bootstrap of the single stimuli, whose interval is then NaN. `raters` are names for errors.
    Raises: ValueError, one sentence, where the estimator cannot work on these scores.
    """
    if options.estimator in MODELS:
        found = MODELS[options.estimator](table, compat=options.compat, raters=raters)
        return _by_model(found, options, group_of, n_groups, stimuli=stimuli)
    closed = options.interval if options.interval in CLOSED_FORMS else "t"
    of_stimuli = estimate_mean(table, level=options.level, ci=closed)
    group_ci, notes = _interval_of_groups(table, options, group_of, n_groups)
    if options.interval != "bootstrap":
        ci = "t" if group_ci == "none" else group_ci
        groups = estimate_groups(table, group_of, n_groups, level=options.level, ci=ci, seed=options.seed)
        return Estimated(of_stimuli, _bounded(groups, group_ci), group_ci, None, notes)
    drawn = bootstrap_mean(table, group_of, n_groups, level=options.level, seed=options.seed, stimuli=stimuli)
    groups = estimate_groups(table, group_of, n_groups, level=options.level, ci="t", seed=options.seed)
    groups = replace(groups, ci_low=drawn.group_low, ci_high=drawn.group_high)
    of_stimuli = replace(of_stimuli, ci_low=drawn.ci_low, ci_high=drawn.ci_high)
    notes = (*notes, *_notes_on_drawing(drawn, options))
    return Estimated(of_stimuli, _bounded(groups, group_ci), group_ci, None, notes)


def _by_model(
    found: Recovered, options: AnalysisOptions, group_of: Ints, n_groups: int, *, stimuli: bool
) -> Estimated:
    own = options.interval != "bootstrap"
    drawn = bootstrap_recovered(
        found, group_of, n_groups, level=options.level, seed=options.seed, stimuli=stimuli and not own
    )
    low, high = drawn.ci_low, drawn.ci_high
    if own:
        half = found.half_width(level=options.level, ci=options.interval)
        low, high = found.quality - half, found.quality + half
    of_stimuli = Estimates(dmos=found.quality, sd=found.sd, n=found.n, ci_low=low, ci_high=high)
    groups = estimate_recovered_groups(
        found, group_of, n_groups, group_low=drawn.group_low, group_high=drawn.group_high
    )
    return Estimated(of_stimuli, groups, "bootstrap", found, _notes_on_drawing(drawn, options))


def _interval_of_groups(
    table: ScoreTable, options: AnalysisOptions, group_of: Ints, n_groups: int
) -> tuple[str, tuple[str, ...]]:
    """Name the interval of the groups, with the note it needs."""
    if options.normalised_over == "method":
        # Every rater's mean is 50 here; an interval of width 0 would look like certainty.
        return "none", ()
    if options.interval == "bootstrap" or is_complete(table, group_of, n_groups).all():
        return options.interval, ()
    how = ", computed to first order" if are_groups_linearised(table) else ""
    return "bootstrap", (
        "Not every rater rated every image of a method, so intervals over several stimuli are bias-corrected "
        f"percentiles, widened for few raters, of resamplings of the raters (seed {options.seed}{how}), "
        "whatever interval the stimuli have.",
    )


def _bounded(groups: GroupEstimates, ci: str) -> GroupEstimates:
    if ci != "none":
        return groups
    nothing: Floats = np.full(groups.dmos.shape, np.nan)
    return replace(groups, sd=nothing, ci_low=nothing, ci_high=nothing)


def _notes_on_drawing(drawn: Bootstrap, options: AnalysisOptions) -> tuple[str, ...]:
    if not drawn.linearised:
        return ()
    return (
        f"With so many votes the {drawn.replicates} resamplings of raters (seed {options.seed}) hold each "
        "rater's weight and bias at the whole panel's.",
    )


def notes_on_model(found: Recovered, table: ScoreTable, raters: tuple[str, ...]) -> list[str]:
    """Say whom of a table's raters a model left out, what it floored, and whether it came to rest."""
    notes = []
    left_out = found.left_out[table.votes_per_rater[found.left_out] > 0]  # not those who were screened out
    if left_out.size:
        names = ", ".join(repr(raters[code]) for code in left_out[:5].tolist())
        more = f" and {left_out.size - 5} others" if left_out.size > 5 else ""
        notes.append(f"Too few votes to model these raters, who were left out: {names}{more}.")
    if found.floored:
        notes.append(
            f"The inconsistency of {found.floored} raters was raised to a tenth of the median: a smaller one "
            "would take them for the truth."
        )
    if not found.converged:
        notes.append(f"The subject model did not come to rest in {found.iterations} iterations.")
    return notes
