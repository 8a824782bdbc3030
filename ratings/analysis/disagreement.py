"""What measures of agreement are made of: differences between pairs of votes, and halves of a panel.

`counts` (raters, panels) says how often each rater of a `Panel` stands in each of many panels, all of which
are answered for. Who stands in one twice counts twice and is never compared with themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ratings.analysis.arrays import Bools, Floats
from ratings.analysis.groups import sums_by
from ratings.analysis.panel import Panel
from ratings.analysis.scores import ratio


@dataclass(frozen=True, eq=False)
class Disagreement:
    """Half the mean squared difference of two votes, (panels,); NaN where there is no such pair.

    They are by two raters on the same stimulus, by the same rater on two, or share neither. With
    vote = quality + bias + error these are unbiased for the sums of two or three of the variances:
    bias + error, quality + error, quality + bias + error.
    """

    same_stimulus: Floats
    same_rater: Floats
    neither: Floats

    def agreement(self) -> Floats:
        """Return ICC(2,1), the share of quality in the variance of votes."""
        return 1 - ratio(self.same_stimulus, self.neither)

    def consistency(self) -> Floats:
        """Return ICC(3,1), the share of quality in the variance of one rater's votes."""
        error = self.same_stimulus + self.same_rater - self.neither
        return 1 - ratio(error, self.same_rater)


def pair_disagreement(panel: Panel, counts: Floats) -> Disagreement:
    """Compare all pairs of votes, at a cost that grows with the votes.

    In a complete design both shares are those of the analysis of variance; in a partial one the variances are
    still estimated without bias, each pair of votes weighing the same.
    Source: Koch, Technometrics 10(3), 1968; Shrout & Fleiss, Psychological Bulletin 86(2), 1979.
    """
    within, pairs = _within_stimuli(panel, counts)
    own, votes = _within_raters(panel)
    squares, n = _over_everything(panel, counts)
    same, same_pairs = within.sum(axis=0), pairs.sum(axis=0)
    neither = squares - same - (counts**2 * own).sum(axis=0)
    neither_pairs = n**2 - same_pairs - (counts**2 * votes**2).sum(axis=0)
    own_pairs = (counts * (votes**2 - votes)).sum(axis=0)
    return Disagreement(
        same_stimulus=ratio(same, same_pairs),
        same_rater=ratio((counts * own).sum(axis=0), own_pairs),
        neither=ratio(neither, neither_pairs),
    )


def unit_disagreement(panel: Panel, counts: Floats) -> tuple[Floats, Floats]:
    """Return Krippendorff's observed and expected disagreement for interval data, halved, (panels,).

    Observed: between the votes on a stimulus, each stimulus weighing as much as it has votes. Expected:
    between any two votes. `panel` holds stimuli of two votes or more alone, as the definition asks.
    Source: Krippendorff, Content Analysis, 2nd edition, 2004, chapter 11.
    """
    within, pairs = _within_stimuli(panel, counts)
    weight = np.where(pairs > 0, panel.present.by_stimulus(counts), 0.0)
    observed = np.where(pairs > 0, ratio(within, pairs), 0.0)
    own, votes = _within_raters(panel)
    squares, n = _over_everything(panel, counts)
    # Two places of one rater are no pair, but the votes within each place are pairs.
    again = counts**2 - counts
    expected = squares - (again * own).sum(axis=0)
    expected_pairs = n**2 - (again * votes**2).sum(axis=0) - n
    return ratio((weight * observed).sum(axis=0), weight.sum(axis=0)), ratio(expected, expected_pairs)


def half_correlations(panel: Panel, first: Bools) -> tuple[Floats, Floats]:
    """Correlate the mean scores of two halves of the raters over the stimuli that both rated.

    `first` (raters, divisions) marks one half in each of many divisions. Returns Pearson's correlation and
    the mean over those stimuli of 1 / (votes of a half), both (divisions,). NaN with fewer than three stimuli
    or without spread.
    """
    means, errors = [], []
    for half in (first.astype(np.float64), (~first).astype(np.float64)):
        n = panel.present.by_stimulus(half)
        means.append(ratio(panel.scores.by_stimulus(half), n) + panel.centre[:, None])
        errors.append(1 / np.maximum(n, 1))
    both = ~np.isnan(means[0] + means[1])
    n = both.sum(axis=0)
    a, b = (_centred(mean, both, n) for mean in means)
    product = np.sqrt((a**2).sum(axis=0) * (b**2).sum(axis=0))
    correlation = ratio((a * b).sum(axis=0), np.where(n >= 3, product, 0.0))
    error = np.where(both, (errors[0] + errors[1]) / 2, 0.0).sum(axis=0)
    return correlation, ratio(error, n)


def stepped_up(correlation: Floats, lengthening: float) -> Floats:
    """Return the reliability of a panel `lengthening` times as large (Spearman-Brown); NaN where it has none.

    Source: Spearman and Brown, British Journal of Psychology 3(3), 1910.
    """
    bottom = 1 + (lengthening - 1) * correlation
    return ratio(lengthening * correlation, np.maximum(bottom, 0.0))


def _within_stimuli(panel: Panel, counts: Floats) -> tuple[Floats, Floats]:
    """Sum half squared differences over ordered pairs of raters, and count the pairs, (stimuli, panels)."""
    n, total = panel.present.by_stimulus(counts), panel.scores.by_stimulus(counts)
    squares = panel.squares.by_stimulus(counts)
    # What rounding leaves of differences that are all 0 must not pass for disagreement.
    within = np.maximum(n * squares - total**2, 0.0)
    return within, n**2 - panel.present.by_stimulus(counts**2)


def _within_raters(panel: Panel) -> tuple[Floats, Floats]:
    """Sum half squared differences over ordered pairs of a rater's votes; count the votes; (raters, 1)."""
    votes, total, squares = _rater_sums(panel)
    return votes * squares - total**2, votes


def _over_everything(panel: Panel, counts: Floats) -> tuple[Floats, Floats]:
    """Sum half squared differences over all ordered pairs of votes, and count the votes, (panels,)."""
    votes, total, squares = _rater_sums(panel)
    n = (counts * votes).sum(axis=0)
    return n * (counts * squares).sum(axis=0) - (counts * total).sum(axis=0) ** 2, n


def _rater_sums(panel: Panel) -> tuple[Floats, Floats, Floats]:
    """Count each rater's votes and sum them and their squares, less the mean of all, (raters, 1) each."""
    votes = panel.value + panel.centre[panel.stimulus_of]
    votes = votes - votes.mean()
    of_raters = (sums_by(panel.rater_of, values, panel.raters.size) for values in (votes, votes**2))
    total, squares = (sums[:, None] for sums in of_raters)
    return panel.votes_per_rater, total, squares


def _centred(mean: Floats, both: Bools, n: Floats) -> Floats:
    kept = np.where(both, mean, 0.0)
    return np.where(both, kept - ratio(kept.sum(axis=0), n), 0.0)
