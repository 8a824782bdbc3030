"""Many paired tests at once: Student's t, Wilcoxon's signed ranks, Holm's correction."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import special, stats

from ratings.analysis.arrays import Bools, Floats, Ints
from ratings.analysis.dmos import EQUAL_WITHIN, half_width
from ratings.analysis.groups import sums_by
from ratings.analysis.scores import ratio

# SciPy's rule: without ties exact to 50 differences; with ties exact to 13, beyond which it approximates.
EXACT_UNTIED = 50
EXACT_TIED = 13

DECIMALS = 9  # differences of decimal scores that agree to so many are equal on paper


@dataclass(frozen=True, eq=False)
class PairedTests:
    """One paired test a row; each field has the shape (rows,).

    `effect_size` is d_z = mean / sd of the differences, `effect_size_corrected` that times Hedges' factor.
    NaN: everything but `n` where n < 2; `t` and the effect sizes where all differences are equal;
    `effect_size_corrected` where n = 2, for which there is no factor. `constant` marks rows whose differences
    are all equal: `p_t` is then 1 if they are 0 and otherwise the sign test's 2^(1 − n).
    """

    n: Ints
    difference: Floats
    ci_low: Floats
    ci_high: Floats
    t: Floats
    p_t: Floats
    wilcoxon: Floats
    p_wilcoxon: Floats
    effect_size: Floats
    effect_size_corrected: Floats
    constant: Bools


def paired_tests(row_of: Ints, value: Floats, n_rows: int, *, level: float) -> PairedTests:
    """Test in every row whether its differences are centred on 0, two-sided.

    Shapes: `row_of` and `value` (differences,): the row 0..n_rows − 1 that a difference belongs to, one
    difference a rater. Units: points of the scale; differences that agree to nine decimals count as equal.
    Interval: Student's t. `wilcoxon` is the smaller sum of signed ranks, differences of 0 left out.
    Raises: ValueError if `level` is not in (0, 1).
    Source: Wilcoxon, Biometrics Bulletin 1(6), 1945; Hedges, Journal of Educational Statistics 6(2), 1981.

    >>> tests = paired_tests(np.zeros(3, dtype=np.int64), np.array([1.0, 2.0, 6.0]), 1, level=0.95)
    >>> tests.difference.tolist(), tests.t.round(4).tolist(), tests.p_wilcoxon.tolist()
    ([3.0], [1.964], [0.25])
    """
    value = np.round(value, DECIMALS)
    n = np.bincount(row_of, minlength=n_rows).astype(np.int64)
    mean = ratio(sums_by(row_of, value, n_rows), n)
    sd = np.sqrt(ratio(sums_by(row_of, (value - mean[row_of]) ** 2, n_rows), n - 1))
    constant = (n >= 2) & (sd <= EQUAL_WITHIN)
    spread = np.where((n < 2) | constant, np.nan, sd)
    t = mean / spread * np.sqrt(n)
    p_t = 2 * stats.t.sf(np.abs(t), np.maximum(n - 1, 1))
    certain = np.where(np.abs(mean) <= EQUAL_WITHIN, 1.0, 2.0 ** (1 - n))
    half = half_width(sd, n, level=level, ci="t")
    w, p_wilcoxon = _signed_ranks(row_of, value, n)
    enough = np.where(n >= 2, 1.0, np.nan)
    return PairedTests(
        n=n,
        difference=mean * enough,
        ci_low=mean - half,
        ci_high=mean + half,
        t=t,
        p_t=np.where(constant, certain, p_t),
        wilcoxon=w,
        p_wilcoxon=p_wilcoxon,
        effect_size=mean / spread,
        effect_size_corrected=mean / spread * hedges_factor(n),
        constant=constant,
    )


def hedges_factor(n: Ints) -> Floats:
    """Return what takes the bias off a mean divided by the sd of `n` values; NaN below three values."""
    degrees = np.where(n >= 3, n - 1.0, np.nan)
    log = special.gammaln(degrees / 2) - special.gammaln((degrees - 1) / 2)
    return np.asarray(np.exp(log) / np.sqrt(degrees / 2), dtype=np.float64)


def holm(p: Floats) -> Floats:
    """Adjust p-values (tests,) so that calling those below α significant errs anywhere with chance ≤ α.

    NaN is a test that was not made: it stays NaN and does not count.
    Source: Holm, Scandinavian Journal of Statistics 6(2), 1979.

    >>> holm(np.array([0.04, 0.01, float("nan"), 0.03])).round(4).tolist()
    [0.06, 0.03, nan, 0.06]
    """
    order = np.argsort(p)  # NaN comes last
    made = order[: int(np.isfinite(p).sum())]
    adjusted = np.full(p.shape, np.nan)
    steps = p[made] * np.arange(made.size, 0, -1)
    adjusted[made] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted


def _signed_ranks(row_of: Ints, value: Floats, n: Ints) -> tuple[Floats, Floats]:
    """Return the signed-rank statistic and its p, (rows,); without any difference from 0 they are 0 and 1."""
    w, p = (np.where(n >= 2, worth, np.nan) for worth in (0.0, 1.0))
    for rows, differences in _padded(row_of, value, n):
        moved = (differences != 0).any(axis=1)
        rows, differences = rows[moved], differences[moved]
        tied = _has_ties(differences, n[rows])
        size = n[rows]
        by_count = tied & (size <= EXACT_TIED)
        untied = ~tied & (size <= EXACT_UNTIED)
        w[rows[by_count]], p[rows[by_count]] = _counted(differences[by_count])
        for chosen, method in ((untied, "exact"), (~by_count & ~untied, "asymptotic")):
            if chosen.any():
                # SciPy's stubs have no "asymptotic".
                found = stats.wilcoxon(differences[chosen], axis=1, method=method)  # type: ignore[call-overload]
                w[rows[chosen]], p[rows[chosen]] = found.statistic, found.pvalue
    return w, p


def _padded(row_of: Ints, value: Floats, n: Ints) -> Iterator[tuple[Ints, Floats]]:
    """Yield rows of like size with their differences (rows, width), filled up with 0, which no rank heeds."""
    ordered = np.append(value[np.argsort(row_of, kind="stable")], 0.0)
    start = np.cumsum(n) - n
    # Powers of two waste less than half of what they hold.
    width = np.where(n <= EXACT_TIED, EXACT_TIED, np.where(n <= EXACT_UNTIED, EXACT_UNTIED, _power_of_two(n)))
    for size in np.unique(width[n >= 2]).tolist():
        rows = np.flatnonzero((width == size) & (n >= 2))
        place = np.arange(size)
        inside = place < n[rows, None]
        yield rows, ordered[np.where(inside, start[rows, None] + place, value.size)]


def _power_of_two(n: Ints) -> Ints:
    return (2 ** np.ceil(np.log2(np.maximum(n, 1)))).astype(np.int64)


def _has_ties(differences: Floats, n: Ints) -> Bools:
    """Say which rows hold a 0 of their own or two differences of one size, (rows,)."""
    size = np.sort(np.abs(differences), axis=1)
    equal = (size[:, 1:] == size[:, :-1]) & (size[:, 1:] > 0)
    return np.asarray(equal.any(axis=1) | ((size > 0).sum(axis=1) < n))


def _counted(differences: Floats) -> tuple[Floats, Floats]:
    """Count, over all assignments of signs to a row's own ranks, how many give so small a sum of ranks."""
    size = np.abs(differences)
    given = size > 0
    less = ((size[:, None, :] < size[:, :, None]) & given[:, None, :]).sum(axis=2)
    equal = (size[:, None, :] == size[:, :, None]).sum(axis=2)
    ranks = np.where(given, 2 * less + equal + 1, 0)  # doubled: a shared rank may end in ½
    positive = (ranks * (differences > 0)).sum(axis=1)
    smaller = np.minimum(positive, ranks.sum(axis=1) - positive)
    sums = np.arange(EXACT_TIED * (EXACT_TIED + 1) + 1)
    chance = np.zeros((len(ranks), sums.size))
    chance[:, 0] = 1.0
    for rank in ranks.T[..., None]:
        before = np.take_along_axis(chance, np.maximum(sums - rank, 0), axis=1)
        chance = (chance + np.where(sums >= rank, before, 0.0)) / 2
    below = (chance * (sums <= smaller[:, None])).sum(axis=1)
    return smaller / 2, np.minimum(2 * below, 1.0)
