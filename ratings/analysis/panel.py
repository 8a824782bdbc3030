"""The votes that enter a model of raters: who is left out, and the scores as matrices to multiply by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy import sparse

from ratings.analysis.arrays import Bools, Floats, Ints
from ratings.analysis.groups import sums_by
from ratings.analysis.scores import ScoreTable

MINIMUM_RATERS = 8
MINIMUM_VOTES = 10

# Above this share of votes given, and below this size, a full matrix is multiplied faster than a sparse one.
DENSE_SHARE = 0.3
DENSE_ENTRIES = 20_000_000

NAMED = 5  # raters that an error names before it only counts them


class VoteMatrix:
    """One number a vote, as a linear map between raters and stimuli; kept full or sparse."""

    def __init__(self, stimulus_of: Ints, rater_of: Ints, value: Floats, shape: tuple[int, int]) -> None:
        self._sparse = sparse.csr_array((value, (stimulus_of, rater_of)), shape=shape)
        entries = shape[0] * shape[1]
        dense = value.size >= DENSE_SHARE * entries and entries <= DENSE_ENTRIES
        self._dense: Floats | None = self._sparse.toarray() if dense else None

    def by_stimulus(self, of_raters: Floats) -> Floats:
        """Sum over the raters of each stimulus: (raters, columns) to (stimuli, columns)."""
        return np.asarray((self._sparse if self._dense is None else self._dense) @ of_raters)

    def by_rater(self, of_stimuli: Floats) -> Floats:
        """Sum over the stimuli of each rater: (stimuli, columns) to (raters, columns)."""
        return np.asarray((self._sparse if self._dense is None else self._dense).T @ of_stimuli)


@dataclass(frozen=True, eq=False)
class Panel:
    """The votes of a table with its empty stimuli and raters taken out.

    `stimuli` and `raters` hold the numbers that those kept have in the table; `stimulus_of`, `rater_of` and
    `value` (votes,) index into them. `centre` (stimuli,) is each stimulus's mean, already taken off `value`,
    so that squares of what is left lose no digits.
    """

    stimuli: Ints
    raters: Ints
    stimulus_of: Ints
    rater_of: Ints
    value: Floats
    centre: Floats

    @classmethod
    def of(cls, table: ScoreTable) -> Panel:
        """Take the votes of a table."""
        stimuli = np.flatnonzero(table.votes_per_stimulus)
        raters = np.flatnonzero(table.votes_per_rater)
        means = table.stimulus_means()
        return cls(
            stimuli=stimuli,
            raters=raters,
            stimulus_of=_places(stimuli, table.n_stimuli)[table.stimulus_of],
            rater_of=_places(raters, table.n_raters)[table.rater_of],
            value=table.value - means[table.stimulus_of],
            centre=means[stimuli],
        )

    @property
    def shape(self) -> tuple[int, int]:
        """Stimuli and raters with votes."""
        return self.stimuli.size, self.raters.size

    @cached_property
    def scores(self) -> VoteMatrix:
        """The centred votes."""
        return self.matrix(self.value)

    @cached_property
    def squares(self) -> VoteMatrix:
        """The squares of the centred votes."""
        return self.matrix(self.value**2)

    @cached_property
    def present(self) -> VoteMatrix:
        """1 for each vote."""
        return self.matrix(np.ones_like(self.value))

    @cached_property
    def votes_per_rater(self) -> Floats:
        """Votes by each rater, (raters, 1)."""
        return self._sums(np.ones_like(self.value))

    @cached_property
    def sums_per_rater(self) -> Floats:
        """Sum of each rater's centred votes, (raters, 1)."""
        return self._sums(self.value)

    @cached_property
    def squares_per_rater(self) -> Floats:
        """Sum of the squares of each rater's centred votes, (raters, 1)."""
        return self._sums(self.value**2)

    def part(self, start: int, stop: int) -> Panel:
        """Take some of the stimuli, from `start` to before `stop`; raters keep their places."""
        if (start, stop) == (0, self.stimuli.size):
            return self
        inside = (self.stimulus_of >= start) & (self.stimulus_of < stop)
        return replace(
            self,
            stimuli=self.stimuli[start:stop],
            stimulus_of=self.stimulus_of[inside] - start,
            rater_of=self.rater_of[inside],
            value=self.value[inside],
            centre=self.centre[start:stop],
        )

    def matrix(self, of_votes: Floats) -> VoteMatrix:
        """Arrange one number a vote, (votes,)."""
        return VoteMatrix(self.stimulus_of, self.rater_of, of_votes, self.shape)

    def _sums(self, of_votes: Floats) -> Floats:
        return sums_by(self.rater_of, of_votes, self.raters.size)[:, None]


def enough_votes(table: ScoreTable) -> Bools:
    """Say of which raters a model of raters can speak, (raters,): those of 10 votes or more.

    Raises: ValueError if fewer than 8 are left; nobody's bias can be told from quality then.
    """
    enough = np.asarray(table.votes_per_rater >= MINIMUM_VOTES)
    if enough.sum() < MINIMUM_RATERS:
        raise ValueError(
            f"{int(enough.sum())} raters gave {MINIMUM_VOTES} votes or more; a model of raters needs "
            f"{MINIMUM_RATERS} of them: take the mean, or ask more raters"
        )
    return enough


def require_connected(panel: Panel, names: Sequence[str] = ()) -> None:
    """Refuse votes in which some raters share no stimulus, directly or through others, with the rest.

    `names` are the table's raters, by whose indices they are named where there are none.
    Raises: ValueError naming the parts by their raters; biases compare within a part alone.
    """
    # One edge a vote, from a rater to a stimulus; stimuli are numbered after the raters.
    n_stimuli, n_raters = panel.shape
    edges = panel.rater_of, n_raters + panel.stimulus_of
    size = n_raters + n_stimuli
    graph = sparse.coo_array((np.ones(panel.value.size, dtype=np.int8), edges), shape=(size, size))
    parts, part_of = sparse.csgraph.connected_components(graph, directed=False)
    if parts > 1:
        of_part = [panel.raters[part_of[:n_raters] == part] for part in range(min(parts, NAMED))]
        more = "" if parts <= NAMED else f"; and {parts - NAMED} parts more"
        raise ValueError(
            f"the raters fall into {parts} parts that have no stimulus in common, so their biases cannot be "
            f"compared: {'; '.join(_named(raters, names) for raters in of_part)}{more}; "
            "take the mean, or let some raters rate stimuli of both"
        )


def _named(raters: Ints, names: Sequence[str]) -> str:
    listed = ", ".join(repr(names[rater]) if names else str(rater) for rater in raters[:NAMED].tolist())
    return f"raters {listed}" + (f" and {raters.size - NAMED} more" if raters.size > NAMED else "")


def _places(kept: Ints, size: int) -> Ints:
    places = np.full(size, -1, dtype=np.int64)
    places[kept] = np.arange(kept.size)
    return places
