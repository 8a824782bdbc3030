"""BT.500's two rules for rejecting raters: by votes far from the mean, and by correlation with it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ratings.analysis.arrays import Bools, Floats, Ints
from ratings.analysis.dmos import EQUAL_WITHIN
from ratings.analysis.options import COMPATIBILITIES, require_available
from ratings.analysis.scores import ScoreTable, as_table, ratio

SHARE_LIMIT = 0.05
ASYMMETRY_LIMIT = 0.3
CORRELATION_LIMIT = 0.7
FEWEST_FOR_CORRELATION = 3

# A bound reached on paper may be missed by 1e-15 in floating point, and the rules say "at or beyond".
ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class Kurtosis:
    """BT.500's counts for each rater, each field (raters,).

    `p` and `q` count the votes at or above the upper bound and at or below the lower one. `share` is
    (P + Q) / n_i, NaN for a rater without a vote; `asymmetry` |P − Q| / (P + Q), NaN where both are 0.
    `stimuli_skipped` counts the stimuli with votes, but too few or too equal to set bounds.
    """

    p: Ints
    q: Ints
    votes: Ints
    share: Floats
    asymmetry: Floats
    rejected: Bools
    stimuli_skipped: int


@dataclass(frozen=True, eq=False)
class Correlation:
    """The correlations of each rater with the stimulus means, each field (raters,), and the `threshold`.

    `r` is the smaller of `pearson` and `spearman`. NaN: fewer than three votes, or stimuli whose means are
    all equal; `threshold` with fewer than two raters that have an r. No rater is rejected for a NaN.
    """

    pearson: Floats
    spearman: Floats
    r: Floats
    threshold: float
    rejected: Bools


def bt500_kurtosis(scores: ScoreTable | Floats, *, ddof: int = 1, compat: str = "") -> Kurtosis:
    """Count each rater's votes beyond the bounds of their stimuli, and reject who has many on both sides.

    Shapes: `scores` a table, or (stimuli, raters) with NaN for a vote not given; the fields (raters,).
    Bounds: mean ± k·S of the stimulus's votes, with k = 2 where 2 ≤ β2 ≤ 4 and √20 elsewhere, β2 = m4/m2².
    Rejected: (P + Q)/n_i > 0.05 and |P − Q|/(P + Q) < 0.3, in one pass.
    Guards: a stimulus with fewer than three votes or all votes equal sets no bounds (read literally, a
    unanimous stimulus counts above and below for everyone); P + Q = 0 accepts.
    `ddof` 1 takes S as the text has it, 0 as some programs do. `compat` "sureal" answers as that program:
    ddof 0, no guards, shares of all stimuli, and nobody rejected where everybody would be.
    Units: those of `scores`; give the values analysed (for DSCQS the differences).
    Raises: ValueError for another `ddof` or `compat`, or scores of the wrong shape.
    Source: ITU-R BT.500, screening of the observers by the β2 test.

    >>> votes = np.array([10.0, 20, 20, 30, 30, 40, 40, 80])
    >>> found = bt500_kurtosis(np.array([votes, 60 - votes]))
    >>> found.p.tolist(), found.q.tolist(), np.flatnonzero(found.rejected).tolist()
    ([0, 0, 0, 0, 0, 0, 0, 1], [0, 0, 0, 0, 0, 0, 0, 1], [7])
    """
    require_available("compat", compat, COMPATIBILITIES)
    if ddof not in (0, 1):
        raise ValueError(f"ddof {ddof!r} is neither 1 (sample standard deviation) nor 0 (population)")
    literal = compat == "sureal"
    table = as_table(scores)
    n = table.votes_per_stimulus
    residual = table.value - table.stimulus_means()[table.stimulus_of]
    m2 = ratio(table.stimulus_sums(residual**2), n)
    m4 = ratio(table.stimulus_sums(residual**4), n)
    spread = np.sqrt(m2) > EQUAL_WITHIN
    usable = spread & (literal | (n >= 3))
    beta2 = np.where(spread, m4, np.nan) / np.where(spread, m2, 1) ** 2
    k = np.where((beta2 >= 2 - ROUNDING) & (beta2 <= 4 + ROUNDING), 2.0, np.sqrt(20))
    sd = np.sqrt(ratio(m2 * n, n - (0 if literal else ddof)))
    # Nothing lies beyond infinite bounds; of a unanimous stimulus read literally, all votes are at both.
    bound = np.where(usable, k * sd * (1 - ROUNDING), -np.inf if literal else np.inf)[table.stimulus_of]
    p = np.bincount(table.rater_of[residual >= bound], minlength=table.n_raters)
    q = np.bincount(table.rater_of[residual <= -bound], minlength=table.n_raters)
    beyond = (p + q).astype(np.float64)
    share = ratio(beyond, np.full_like(p, table.n_stimuli) if literal else table.votes_per_rater)
    asymmetry = ratio(np.abs(p - q).astype(np.float64), beyond)
    rejected = (share > SHARE_LIMIT) & (asymmetry < ASYMMETRY_LIMIT)
    if literal and rejected.all():
        rejected = np.zeros_like(rejected)
    skipped = 0 if literal else int(((n > 0) & ~usable).sum())
    return Kurtosis(p, q, table.votes_per_rater, share, asymmetry, rejected, skipped)


def bt500_correlation(scores: ScoreTable | Floats) -> Correlation:
    """Correlate each rater's votes with the stimulus means, and reject who agrees far less than the others.

    Shapes: `scores` a table, or (stimuli, raters) with NaN for a vote not given; the fields (raters,).
    Rejected: r < min(mean(r) − sd(r), 0.7), where r is the smaller of Pearson's and Spearman's correlation of
    the votes a rater gave with the means of their stimuli over all raters, and sd the sample sd over raters.
    A rater whose votes are all equal has r = 0; one with fewer than three votes has none (NaN) and stays.
    Ties: a rater's votes are tied where the numbers are equal as they stand (as in SciPy), not on paper.
    Units: any; give the values analysed. Raises: ValueError for scores of the wrong shape.
    Source: ITU-R BT.500, screening of the observers by correlation; ITU-R BT.1788.

    >>> votes = np.array([[1.0, 2, 1, 5], [2, 2, 3, 4], [4, 3, 4, 2], [5, 5, 4, 1]])
    >>> found = bt500_correlation(votes)
    >>> found.r.round(2).tolist(), found.rejected.tolist()
    ([0.99, 0.91, 0.91, -1.0], [False, False, False, True])
    """
    table = as_table(scores)
    means = table.stimulus_means()
    pearson = _correlations(table, table.value, means[table.stimulus_of])
    # Means equal on paper may differ by 1e-14, by the order of their votes, and ranks make much of that.
    tied_means = np.round(means / EQUAL_WITHIN)[table.stimulus_of]
    ranks = _ranks(table.rater_of, table.value), _ranks(table.rater_of, tied_means)
    spearman = _correlations(table, *ranks)
    enough = table.votes_per_rater >= FEWEST_FOR_CORRELATION
    constant = enough & (_centred(table, table.value)[1] <= EQUAL_WITHIN)
    pearson, spearman = (
        np.where(constant, 0.0, np.where(enough, found, np.nan)) for found in (pearson, spearman)
    )
    r = np.minimum(pearson, spearman)
    known = r[~np.isnan(r)]
    threshold = min(known.mean() - known.std(ddof=1), CORRELATION_LIMIT) if known.size >= 2 else np.nan
    # Raters who all agree equally well differ from their mean by rounding alone.
    return Correlation(pearson, spearman, r, float(threshold), r < threshold - ROUNDING)


def _correlations(table: ScoreTable, votes: Floats, means: Floats) -> Floats:
    """Return Pearson's correlation of two numbers a vote within each rater, (raters,); NaN without spread."""
    (x, sd_x), (y, sd_y) = _centred(table, votes), _centred(table, means)
    spread = np.where(np.minimum(sd_x, sd_y) > EQUAL_WITHIN, sd_x * sd_y, 0.0)
    return np.clip(ratio(table.rater_sums(x * y), spread * table.votes_per_rater), -1, 1)


def _centred(table: ScoreTable, of_votes: Floats) -> tuple[Floats, Floats]:
    """Return one number a vote less its rater's mean, (votes,), and each rater's population sd, (raters,)."""
    n = table.votes_per_rater
    centred = of_votes - ratio(table.rater_sums(of_votes), n)[table.rater_of]
    return centred, np.sqrt(ratio(table.rater_sums(centred**2), n))


def _ranks(rater_of: Ints, of_votes: Floats) -> Floats:
    """Rank one number a vote within each rater, ties by their average; ranks of a rater start anywhere."""
    order = np.argsort(of_votes)
    # Small integers are sorted by digits: twice as fast as comparing, on ten million votes.
    small = rater_of.max(initial=0) <= np.iinfo(np.uint16).max
    raters = rater_of[order].astype(np.uint16 if small else np.int64)
    order = order[np.argsort(raters, kind="stable")]
    by_rater, sorted_votes = rater_of[order], of_votes[order]
    starts_group = np.ones(order.size, dtype=np.bool_)
    starts_group[1:] = (by_rater[1:] != by_rater[:-1]) | (sorted_votes[1:] != sorted_votes[:-1])
    start = np.flatnonzero(starts_group)
    size = np.diff(start, append=order.size)
    ranks = np.empty(order.size)
    ranks[order] = np.repeat(start + (size - 1) / 2, size)
    return ranks
