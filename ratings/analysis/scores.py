"""Scores as a sparse table (stimuli, raters): what estimators and screening rules take."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ratings.analysis.arrays import Bools, Floats, Ints


@dataclass(frozen=True, eq=False)
class ScoreTable:
    """One entry a vote, at most one for a stimulus and a rater; work on it grows with the votes alone.

    Shapes: `stimulus_of`, `rater_of`, `value` (votes,). `stimulus_of` indexes 0..n_stimuli − 1 and `rater_of`
    0..n_raters − 1; a stimulus or a rater may have no vote. `value` is finite: a vote not given has no entry.
    Units: points of the scale that is analysed (for DSCQS the differences reference − test).
    Raises: ValueError if the shapes disagree, an index is out of range, or a value is not finite.
    """

    stimulus_of: Ints
    rater_of: Ints
    value: Floats
    n_stimuli: int
    n_raters: int

    def __post_init__(self) -> None:
        shapes = self.stimulus_of.shape, self.rater_of.shape, self.value.shape
        if self.value.ndim != 1 or len(set(shapes)) != 1:
            raise ValueError(f"stimulus_of, rater_of and value have the shapes {shapes} and not all (votes,)")
        for name, codes, size in (
            ("stimulus_of", self.stimulus_of, self.n_stimuli),
            ("rater_of", self.rater_of, self.n_raters),
        ):
            if codes.size and not (codes.min() >= 0 and codes.max() < size):
                raise ValueError(f"{name} holds an index outside 0..{size - 1}")
        if not np.isfinite(self.value).all():
            raise ValueError("value holds a score that is not finite; a vote not given has no entry")

    @classmethod
    def from_matrix(cls, scores: Floats) -> ScoreTable:
        """Take a matrix (stimuli, raters) in which NaN is a vote not given.

        Raises: ValueError if it has not two axes or holds an infinite score.
        """
        if scores.ndim != 2:
            raise ValueError(f"scores of shape {scores.shape} are not (stimuli, raters)")
        stimulus_of, rater_of = np.nonzero(~np.isnan(scores))
        value = np.asarray(scores[stimulus_of, rater_of], dtype=np.float64)
        return cls(stimulus_of, rater_of, value, *scores.shape)

    def matrix(self) -> Floats:
        """Return the scores as (stimuli, raters), NaN where a rater did not vote; for small tables."""
        scores = np.full((self.n_stimuli, self.n_raters), np.nan)
        scores[self.stimulus_of, self.rater_of] = self.value
        return scores

    @cached_property
    def votes_per_stimulus(self) -> Ints:
        """Votes on each stimulus, (stimuli,)."""
        return np.bincount(self.stimulus_of, minlength=self.n_stimuli).astype(np.int64)

    @cached_property
    def votes_per_rater(self) -> Ints:
        """Votes by each rater, (raters,)."""
        return np.bincount(self.rater_of, minlength=self.n_raters).astype(np.int64)

    def stimulus_sums(self, of_votes: Floats) -> Floats:
        """Sum one number a vote, (votes,), over the votes of each stimulus, (stimuli,)."""
        sums = np.bincount(self.stimulus_of, weights=of_votes, minlength=self.n_stimuli)
        return np.asarray(sums, dtype=np.float64)

    def rater_sums(self, of_votes: Floats) -> Floats:
        """Sum one number a vote, (votes,), over the votes of each rater, (raters,)."""
        sums = np.bincount(self.rater_of, weights=of_votes, minlength=self.n_raters)
        return np.asarray(sums, dtype=np.float64)

    def stimulus_means(self) -> Floats:
        """Mean score of each stimulus, (stimuli,); NaN without a vote."""
        return ratio(self.stimulus_sums(self.value), self.votes_per_stimulus)

    def with_values(self, value: Floats) -> ScoreTable:
        """Give the same votes other values, (votes,)."""
        return replace(self, value=value)

    def keep(self, votes: Bools) -> ScoreTable:
        """Keep some votes, (votes,); stimuli and raters keep their numbers, with or without a vote."""
        return replace(
            self, stimulus_of=self.stimulus_of[votes], rater_of=self.rater_of[votes], value=self.value[votes]
        )


def as_table(scores: ScoreTable | Floats) -> ScoreTable:
    """Take either form: a table, or a matrix (stimuli, raters) with NaN for a vote not given.

    Raises: ValueError as `ScoreTable.from_matrix`.
    """
    return scores if isinstance(scores, ScoreTable) else ScoreTable.from_matrix(scores)


def ratio(total: Floats, count: Ints | Floats) -> Floats:
    """Divide, with NaN where the count is not positive."""
    return np.where(count > 0, total / np.where(count > 0, count, 1), np.nan)
