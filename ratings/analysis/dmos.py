"""Opinion scores per stimulus: the plain mean with its intervals, LIVE z-scores, hidden references."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from ratings.analysis.arrays import Floats, Ints
from ratings.analysis.options import SCOPES, require_available, require_level
from ratings.analysis.scores import ScoreTable, as_table, ratio

# Differences of decimal scores that are equal on paper differ by about 1e-14 in floating point; a
# standard deviation made of that alone would turn a rater who never moved the slider into noise.
EQUAL_WITHIN = 1e-9

CLOSED_FORMS = ("t", "normal")

CRUSHED_SCALE = (1, 5)


@dataclass(frozen=True, eq=False)
class Estimates:
    """One number and its interval for every stimulus; each field has the shape (stimuli,).

    `sd` is the sample standard deviation over the raters, `n` the number of votes. NaN: `dmos` where
    nobody voted, `sd` and both ends of the interval where fewer than two did.
    """

    dmos: Floats
    sd: Floats
    n: Ints
    ci_low: Floats
    ci_high: Floats


@dataclass(frozen=True, eq=False)
class LiveScores:
    """Normalised scores, a table without the votes that have none, and the groups that were dropped.

    `dropped_session` and `dropped_method` (groups,) hold the codes of each group of votes that cannot
    be normalised (one vote, or votes all equal), `votes_dropped` (groups,) how many votes it had. The
    method code is −1 when z-scores are taken over the study.
    """

    scores: ScoreTable
    dropped_session: Ints
    dropped_method: Ints
    votes_dropped: Ints


@dataclass(frozen=True, eq=False)
class HiddenReferenceScores:
    """ACR-HR's differential scores, without votes on the references, and how many votes had to be left out.

    `votes_left_out` counts votes on stimuli whose reference the same rater did not rate.
    """

    scores: ScoreTable
    votes_left_out: int


def estimate_mean(scores: ScoreTable | Floats, *, level: float, ci: str) -> Estimates:
    """Average the votes of every stimulus and bound the average.

    Shapes: `scores` (stimuli, raters), as a table or a matrix; each returned field (stimuli,).
    Units: those of `scores`. Of differences reference − test the mean is the DSCQS DMOS: positive
    means the test was rated lower (higher is worse), and a negative mean is an answer, not an error.
    Missing: NaN is a vote not given. One vote has a mean and no sd or interval (NaN); none, NaN alone.
    Interval: `ci` "t" is Student's with n − 1 degrees of freedom, "normal" has 1.96 at level 0.95.
    Raises: ValueError if a matrix has not two axes, `level` is not in (0, 1) or `ci` is unknown.
    Source: ITU-R BT.500, analysis of double-stimulus continuous quality-scale results, which prints
    the normal interval.

    >>> one = estimate_mean(np.array([[20.0, 5.0, 25.0, 20.0]]), level=0.95, ci="t")
    >>> one.dmos.tolist(), one.ci_high.round(4).tolist()
    ([17.5], [31.2804])
    """
    table = as_table(scores)
    n = table.votes_per_stimulus
    dmos = table.stimulus_means()
    residuals = table.value - dmos[table.stimulus_of]
    sd = np.sqrt(ratio(table.stimulus_sums(residuals**2), n - 1))
    half = half_width(sd, n, level=level, ci=ci)
    return Estimates(dmos=dmos, sd=sd, n=n, ci_low=dmos - half, ci_high=dmos + half)


def half_width(sd: Floats, n: Ints, *, level: float, ci: str) -> Floats:
    """Return half the width of the interval of a mean of `n` values with sample standard deviation `sd`.

    Shapes: all alike. Units: those of `sd`. NaN where n < 2, for one value says nothing of spread.
    Raises: ValueError if `level` is not in (0, 1) or `ci` is neither "t" nor "normal".
    """
    require_level(level)
    require_available("ci", ci, CLOSED_FORMS)
    enough = n >= 2
    degrees = np.where(enough, n - 1, 1)
    upper = (1 + level) / 2
    quantile = stats.t.ppf(upper, degrees) if ci == "t" else np.full(n.shape, stats.norm.ppf(upper))
    return np.where(enough, quantile * sd / np.sqrt(np.maximum(n, 1)), np.nan)


def live_scores(table: ScoreTable, session_of: Ints, method_of: Ints, *, scope: str) -> LiveScores:
    """Normalise every rater's differences as LIVE 2010 does: z = (δ − mean) / sd, then 100 (z + 3) / 6.

    Shapes: `table` holds differences reference − test; `session_of` (votes,), the code of the rater's
    session behind each vote; `method_of` (stimuli,), the code of each stimulus's method; codes are ≥ 0.
    Units: any in, 0..100 out for |z| ≤ 3 (never clipped); higher is worse.
    Scope: "study" takes mean and sample sd over a rater's session, so that methods stay comparable;
    "method" over the session's votes on one method, which puts every method's mean at 50.
    Missing: a group of one vote or of equal votes has no z-score: its votes are not in the result and it
    is reported as dropped. Groups are in the order of their session, then their method.
    Raises: ValueError if shapes disagree, `scope` is unknown or no group is left.
    Source: Seshadrinathan et al., IEEE Transactions on Image Processing 19(6), 2010.
    """
    require_available("scope", scope, SCOPES)
    if session_of.shape != table.value.shape or method_of.shape != (table.n_stimuli,):
        raise ValueError(
            f"session_of {session_of.shape} and method_of {method_of.shape} are not (votes,) "
            f"{table.value.shape} and (stimuli,) {(table.n_stimuli,)}"
        )
    width = int(method_of.max(initial=0)) + 1
    key = session_of * width + (method_of[table.stimulus_of] if scope == "method" else 0)
    # Hashing, for sorting would take most of the time on ten million votes.
    group_of, keys = pd.factorize(key)
    n = np.bincount(group_of, minlength=keys.size)
    residual = table.value - ratio(_sums(table.value, group_of), n)[group_of]
    sd = np.sqrt(ratio(_sums(residual**2, group_of), n - 1))
    usable = sd > EQUAL_WITHIN
    if not usable.any():
        raise ValueError("no z-score can be taken: no rater's session has two votes that differ")
    normalised = 100 * (residual / np.where(usable, sd, 1.0)[group_of] + 3) / 6
    dropped = np.flatnonzero(~usable)
    dropped = dropped[np.argsort(keys[dropped])]
    session, method = np.divmod(keys[dropped], width)
    return LiveScores(
        scores=table.with_values(normalised).keep(usable[group_of]),
        dropped_session=session,
        dropped_method=method if scope == "method" else np.full_like(method, -1),
        votes_dropped=n[dropped].astype(np.int64),
    )


def hidden_reference_scores(
    table: ScoreTable, reference_of: Ints, *, scale_min: float, scale_max: float, crush: bool = False
) -> HiddenReferenceScores:
    """Subtract each rater's vote on the reference from their votes on its versions, and add scale_max.

    Shapes: `reference_of` (stimuli,) numbers the stimulus that shows each one's reference, −1 where the
    study has none; a reference is its own, and its votes are not in the result.
    Units: points of the scale; higher is better, and a test rated above its reference exceeds scale_max.
    `crush` turns a score DV above 5 into 7 DV / (2 + DV), which is defined for the scale of 1 to 5 alone.
    Missing: a vote of a rater who did not vote on the reference has no difference and is left out.
    Raises: ValueError if shapes disagree, a number is out of range, or `crush` meets another scale.
    Source: ITU-T P.910, absolute category rating with hidden reference.

    >>> votes = ScoreTable.from_matrix(np.array([[5.0, 4.0], [2.0, 4.0]]))
    >>> scored = hidden_reference_scores(votes, np.array([0, 0]), scale_min=1, scale_max=5)
    >>> scored.scores.value.tolist()
    [2.0, 5.0]
    """
    if reference_of.shape != (table.n_stimuli,):
        raise ValueError(f"reference_of {reference_of.shape} is not (stimuli,) {(table.n_stimuli,)}")
    if reference_of.size and not (reference_of.min() >= -1 and reference_of.max() < table.n_stimuli):
        raise ValueError(f"reference_of holds a number outside −1..{table.n_stimuli - 1}")
    named = np.unique(reference_of[reference_of >= 0])
    if (reference_of[named] != named).any():
        wrong = int(named[reference_of[named] != named][0])
        raise ValueError(f"stimulus {wrong} is named as a reference and is not its own reference")
    if crush and (scale_min, scale_max) != CRUSHED_SCALE:
        raise ValueError(
            f"scores can be crushed on the scale of 1 to 5 alone, not on {scale_min:g} to {scale_max:g}"
        )
    is_reference = (reference_of == np.arange(table.n_stimuli))[table.stimulus_of]
    tests = table.keep(~is_reference)
    of_reference = _votes_on(
        table.keep(is_reference), np.where(reference_of < 0, table.n_stimuli, reference_of), tests
    )
    scored = tests.with_values(tests.value - np.nan_to_num(of_reference) + scale_max)
    found = ~np.isnan(of_reference)
    scored = scored.keep(found)
    if crush:
        value = scored.value
        scored = scored.with_values(np.where(value > scale_max, 7 * value / (2 + value), value))
    return HiddenReferenceScores(scored, int(tests.value.size - found.sum()))


def _votes_on(references: ScoreTable, reference_of: Ints, tests: ScoreTable) -> Floats:
    """Find the vote on the reference by the rater of each vote on a test, (votes,); NaN without one."""
    keys = references.stimulus_of * references.n_raters + references.rater_of
    wanted = reference_of[tests.stimulus_of] * tests.n_raters + tests.rater_of
    return np.asarray(pd.Series(references.value, index=keys).reindex(wanted), dtype=np.float64)


def _sums(values: Floats, group_of: Ints) -> Floats:
    return np.asarray(np.bincount(group_of, weights=values), dtype=np.float64)
