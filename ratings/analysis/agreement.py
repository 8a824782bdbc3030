"""How far raters agree: intraclass correlations, Krippendorff's alpha, split halves, with intervals."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ratings.analysis.arrays import Bools, Floats
from ratings.analysis.disagreement import (
    half_correlations,
    pair_disagreement,
    stepped_up,
    unit_disagreement,
)
from ratings.analysis.dmos import EQUAL_WITHIN
from ratings.analysis.options import require_level
from ratings.analysis.panel import Panel
from ratings.analysis.percentiles import bias_corrected
from ratings.analysis.scores import ScoreTable, as_table, ratio

AGREEMENT_COLUMNS = ("measure", "value", "ci_low", "ci_high", "level", "n_raters", "n_stimuli", "note")

REPLICATES = 1000
HALVES = 200

# Beyond so many votes times replicates, or divisions into halves, they become fewer.
VISITS = 200_000_000
FEWEST_REPLICATES = 200
FEWEST_HALVES = 20

FEW_RATERS = 8

# Replicates are computed in blocks of about so many numbers, to bound memory.
BLOCK_ENTRIES = 2_000_000


def agreement(
    scores: ScoreTable | Floats,
    *,
    level: float,
    seed: int,
    replicates: int = REPLICATES,
    halves: int = HALVES,
) -> pd.DataFrame:
    """Measure agreement in four ways, a row each, with bootstrap intervals over raters.

    Shape: `scores` (stimuli, raters), as a table or a matrix with NaN for a vote not given. Columns:
    `AGREEMENT_COLUMNS`; a value that the votes do not determine is NaN and `note` says why.
    icc_2_1: the share of the variance of single votes that is the stimuli's (two-way random, absolute).
    icc_2_k: the same of the mean of k raters, k the harmonic mean of the votes a stimulus has.
    krippendorff_alpha: for interval data; stimuli of one vote do not enter.
    split_half: the correlation over stimuli between the means of two random halves of the raters, averaged
    over `halves` divisions and stepped up to k raters; how high a half votes on the whole does not count.
    Interval: raters are drawn again `replicates` times (fewer in large studies), the stimuli stay;
    bias-corrected percentiles of log(1 − value), so that no end exceeds 1. A rater drawn twice counts twice
    and is never compared with themselves, for that would pass for agreement. For split_half, ICC(3,k) is
    followed, which it comes to over all divisions: who was drawn twice cannot be split.
    Raises: ValueError for a `level` not in (0, 1), below 100 `replicates`, no `halves` or a `seed` below 0.
    Source: Shrout & Fleiss, Psychological Bulletin 86(2), 1979; Krippendorff, Content Analysis, 2004; partial
    designs as `disagreement.pair_disagreement`.

    >>> votes = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    >>> agreement(np.array(votes, dtype=float), level=0.95, seed=0)["value"].round(2).tolist()[:2]
    [0.29, 0.62]
    """
    require_level(level)
    if replicates < 100 or halves < 1:
        raise ValueError(f"{replicates} replicates and {halves} halves are too few; take 1000 and 200")
    if seed < 0:
        raise ValueError(f"seed {seed} is not a whole number of 0 or more")
    table = as_table(scores)
    panel = Panel.of(table)
    pairable = panel
    if (table.votes_per_stimulus == 1).any():
        pairable = Panel.of(table.keep(table.votes_per_stimulus[table.stimulus_of] > 1))
    visits = max(table.value.size, 1) * replicates
    draws = _Draws(level, seed, int(np.clip(replicates * VISITS / visits, FEWEST_REPLICATES, replicates)))
    rows = [
        *_intraclass(panel, draws),
        _alpha(pairable, draws, left_out=panel.stimuli.size - pairable.stimuli.size),
        _split_half(panel, draws, halves),
    ]
    return pd.DataFrame([{**vars(row), "level": level} for row in rows])[list(AGREEMENT_COLUMNS)]


Measure = Callable[[Floats], Floats]
"""From how often each rater stands in each panel (raters, panels) to a measure of agreement (panels,)."""


@dataclass(frozen=True)
class _Row:
    measure: str
    value: float
    ci_low: float
    ci_high: float
    n_raters: int
    n_stimuli: int
    note: str


@dataclass(frozen=True)
class _Draws:
    """How raters are drawn again: `replicates` panels from `seed`, for intervals of `level`."""

    level: float
    seed: int
    replicates: int

    def interval(self, panel: Panel, value: float, measure: Measure) -> Floats:
        """Return both ends, (2,): as far from `value` as `measure` moves from replicate to replicate."""
        whole = _of_all(panel, measure)
        if not (1 - value > EQUAL_WITHIN and 1 - whole > EQUAL_WITHIN):
            return np.full(2, np.nan)
        drawn = np.full((1, self.replicates), np.nan, dtype=np.float32)
        for block, counts in self._blocks(panel):
            left = 1 - measure(counts)
            drawn[0, block] = np.log(np.where(left > 0, left, np.nan) / (1 - whole))
        ends = bias_corrected(drawn, np.array([panel.raters.size]), level=self.level)
        return 1 - (1 - value) * np.exp(np.concatenate(ends[::-1]))

    def _blocks(self, panel: Panel) -> Iterator[tuple[slice, Floats]]:
        rng = np.random.default_rng(self.seed)
        raters = panel.raters.size
        width = max(1, BLOCK_ENTRIES // max(panel.shape))
        for start in range(0, self.replicates, width):
            stop = min(start + width, self.replicates)
            counts = rng.multinomial(raters, np.full(raters, 1 / raters), size=stop - start)
            yield slice(start, stop), np.ascontiguousarray(counts.T, dtype=np.float64)


def _intraclass(panel: Panel, draws: _Draws) -> list[_Row]:
    """Return ICC(2,1) and ICC(2,k), whose interval is the first one's for k raters."""

    def measure(counts: Floats) -> Floats:
        return pair_disagreement(panel, counts).agreement()

    value = _of_all(panel, measure)
    ends = draws.interval(panel, value, measure)
    k = _raters_per_stimulus(panel)
    of_means = stepped_up(np.array([value, *ends]), k)
    return [
        _row("icc_2_1", panel, value, ends, "single votes, absolute agreement"),
        _row("icc_2_k", panel, of_means[0], of_means[1:], f"means of {k:.4g} raters, absolute agreement"),
    ]


def _alpha(panel: Panel, draws: _Draws, *, left_out: int) -> _Row:
    def measure(counts: Floats) -> Floats:
        observed, expected = unit_disagreement(panel, counts)
        return 1 - ratio(observed, expected)

    value = _of_all(panel, measure)
    note = "interval data" + (f"; stimuli of one vote left out: {left_out}" if left_out else "")
    return _row("krippendorff_alpha", panel, value, draws.interval(panel, value, measure), note)


def _split_half(panel: Panel, draws: _Draws, halves: int) -> _Row:
    k = _raters_per_stimulus(panel)
    rng = np.random.default_rng((draws.seed, 1))
    halves = int(np.clip(VISITS // max(panel.value.size, 1), min(halves, FEWEST_HALVES), halves))
    width = max(1, BLOCK_ENTRIES // max(*panel.shape, 1))
    parts = [
        half_correlations(panel, _first_half(panel.raters.size, min(width, halves - start), rng))
        for start in range(0, halves, width)
    ]
    correlation, error = (_mean(np.concatenate(found)) for found in zip(*parts, strict=True))
    value = float(stepped_up(np.array(correlation), error * k))

    def measure(counts: Floats) -> Floats:
        return stepped_up(pair_disagreement(panel, counts).consistency(), k)

    note = f"{halves} random halves, stepped up to {k:.4g} raters"
    return _row("split_half", panel, value, draws.interval(panel, value, measure), note)


def _first_half(raters: int, divisions: int, rng: np.random.Generator) -> Bools:
    """Choose half of the raters at random, (raters, divisions)."""
    order = rng.random((divisions, raters)).argsort(axis=1).argsort(axis=1)
    in_first = order < raters // 2
    return np.ascontiguousarray(in_first.T)


def _mean(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else float("nan")


def _of_all(panel: Panel, measure: Measure) -> float:
    """Measure the whole panel; NaN without votes."""
    return float(measure(np.ones((panel.raters.size, 1)))[0]) if panel.value.size else float("nan")


def _raters_per_stimulus(panel: Panel) -> float:
    """Return the harmonic mean: what the error of an average stimulus's mean is divided by."""
    votes = np.bincount(panel.stimulus_of, minlength=panel.stimuli.size)
    return float(1 / (1 / votes).mean()) if votes.size else float("nan")


def _row(measure: str, panel: Panel, value: float | np.float64, ends: Floats, note: str) -> _Row:
    n_stimuli, n_raters = panel.shape
    if np.isnan(value):
        note = "not determined: too few stimuli or raters in common, or votes that do not vary"
    elif 1 - value <= EQUAL_WITHIN:
        note += "; no interval, for there is no disagreement"
    elif n_raters < FEW_RATERS:
        note += f"; {n_raters} raters are few for an interval"
    return _Row(measure, float(value), float(ends[0]), float(ends[1]), n_raters, n_stimuli, note)
