"""Opinion scores per stimulus: the plain mean of differences and the LIVE z-scores, with intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from ratings.analysis.arrays import Floats, Ints
from ratings.analysis.options import INTERVALS, SCOPES, require_available, require_level

# Differences of decimal scores that are equal on paper differ by about 1e-14 in floating point; a
# standard deviation made of that alone would turn a rater who never moved the slider into noise.
EQUAL_WITHIN = 1e-9


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
    """Normalised scores (stimuli, raters), NaN where there is none, and the groups without any.

    `dropped_session` and `dropped_method` (groups,) hold the codes of each group of votes that cannot
    be normalised (one vote, or votes all equal), `votes_dropped` (groups,) how many votes it had. The
    method code is −1 when z-scores are taken over the study.
    """

    scores: Floats
    dropped_session: Ints
    dropped_method: Ints
    votes_dropped: Ints


def estimate_mean(scores: Floats, *, level: float, ci: str) -> Estimates:
    """Average the votes of every stimulus and bound the average.

    Shapes: `scores` (stimuli, raters); each returned field (stimuli,).
    Units: those of `scores`. Of differences reference − test the mean is the DSCQS DMOS: positive
    means the test was rated lower (higher is worse), and a negative mean is an answer, not an error.
    Missing: NaN is a vote not given. One vote has a mean and no sd or interval (NaN); none, NaN alone.
    Interval: `ci` "t" is Student's with n − 1 degrees of freedom, "normal" has 1.96 at level 0.95.
    Raises: ValueError if `scores` has not two axes, `level` is not in (0, 1) or `ci` is unknown.
    Source: ITU-R BT.500, analysis of double-stimulus continuous quality-scale results, which prints
    the normal interval.

    >>> one = estimate_mean(np.array([[20.0, 5.0, 25.0, 20.0]]), level=0.95, ci="t")
    >>> one.dmos.tolist(), one.ci_high.round(4).tolist()
    ([17.5], [31.2804])
    """
    if scores.ndim != 2:
        raise ValueError(f"scores of shape {scores.shape} are not (stimuli, raters)")
    present = ~np.isnan(scores)
    n = present.sum(axis=1)
    dmos = _ratio(np.where(present, scores, 0.0).sum(axis=1), n)
    residuals = np.where(present, scores - dmos[:, None], 0.0)
    sd = np.sqrt(_ratio((residuals**2).sum(axis=1), n - 1))
    half = half_width(sd, n, level=level, ci=ci)
    return Estimates(dmos=dmos, sd=sd, n=n.astype(np.int64), ci_low=dmos - half, ci_high=dmos + half)


def half_width(sd: Floats, n: Ints, *, level: float, ci: str) -> Floats:
    """Return half the width of the interval of a mean of `n` values with sample standard deviation `sd`.

    Shapes: all alike. Units: those of `sd`. NaN where n < 2, for one value says nothing of spread.
    Raises: ValueError if `level` is not in (0, 1) or `ci` is neither "t" nor "normal".
    """
    require_level(level)
    require_available("ci", ci, INTERVALS)
    enough = n >= 2
    degrees = np.where(enough, n - 1, 1)
    upper = (1 + level) / 2
    quantile = stats.t.ppf(upper, degrees) if ci == "t" else np.full(n.shape, stats.norm.ppf(upper))
    return np.where(enough, quantile * sd / np.sqrt(np.maximum(n, 1)), np.nan)


def live_scores(differences: Floats, sessions: Ints, methods: Ints, *, scope: str) -> LiveScores:
    """Normalise every rater's differences as LIVE 2010 does: z = (δ − mean) / sd, then 100 (z + 3) / 6.

    Shapes: `differences` (stimuli, raters), reference − test; `sessions` (stimuli, raters), the code
    of the rater's session behind each vote; `methods` (stimuli,), the code of each stimulus's method.
    Units: any in, 0..100 out for |z| ≤ 3 (never clipped); higher is worse.
    Scope: "study" takes mean and sample sd over a rater's session, so that methods stay comparable;
    "method" over the session's votes on one method, which puts every method's mean at 50.
    Missing: NaN is a vote not given. A group of one vote or of equal votes has no z-score: its
    entries are NaN in the result and it is reported as dropped.
    Raises: ValueError if shapes disagree, `scope` is unknown or no group is left.
    Source: Seshadrinathan et al., IEEE Transactions on Image Processing 19(6), 2010.
    """
    require_available("scope", scope, SCOPES)
    if sessions.shape != differences.shape or methods.shape != differences.shape[:1]:
        raise ValueError(
            f"differences {differences.shape}, sessions {sessions.shape} and methods {methods.shape} "
            "are not (stimuli, raters), (stimuli, raters) and (stimuli,)"
        )
    row, column = np.nonzero(~np.isnan(differences))
    delta = differences[row, column]
    # One number a group: sorting pairs would take most of the time on ten million votes.
    width = int(methods.max(initial=0)) + 1
    key = sessions[row, column] * width + (methods[row] if scope == "method" else 0)
    keys, group_of = np.unique(key, return_inverse=True)
    n = np.bincount(group_of)
    residual = delta - _ratio(_sums(delta, group_of), n)[group_of]
    sd = np.sqrt(_ratio(_sums(residual**2, group_of), n - 1))
    usable = sd > EQUAL_WITHIN
    if not usable.any():
        raise ValueError("no z-score can be taken: no rater's session has two differences that differ")
    kept = usable[group_of]
    scores = np.full(differences.shape, np.nan)
    scores[row[kept], column[kept]] = 100 * (residual[kept] / sd[group_of[kept]] + 3) / 6
    session, method = np.divmod(keys[~usable], width)
    return LiveScores(
        scores=scores,
        dropped_session=session,
        dropped_method=method if scope == "method" else np.full_like(method, -1),
        votes_dropped=n[~usable],
    )


def _sums(values: Floats, group_of: Ints) -> Floats:
    return np.asarray(np.bincount(group_of, weights=values), dtype=np.float64)


def _ratio(total: Floats, count: Ints) -> Floats:
    """Divide, with NaN where the count is not positive."""
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
