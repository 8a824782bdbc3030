"""Votes: a long table of ratings, checked row by row and turned into arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeVar

import numpy as np
import pandas as pd

from ratings.analysis.arrays import Bools, Floats, Ints
from ratings.analysis.columns import counted_rows, difference_values, labels, require_scale
from ratings.analysis.options import require_available

METHODOLOGIES = ("dscqs",)

Name = TypeVar("Name")


class Stimulus(NamedTuple):
    """One image by one method."""

    image: str
    method: str


class Session(NamedTuple):
    """One rater's pass through one playlist."""

    rater: str
    session: str


@dataclass(frozen=True, eq=False)
class Votes:
    """The votes of kind "test", one entry a vote, in the order of the rows they came from.

    `stimulus_of`, `rater_of`, `session_of` (votes,) index `stimuli`, `raters`, `sessions`, each of
    them in order of first appearance. `value` (votes,) is what the methodology analyses: for DSCQS
    reference − test in points of the scale, positive where the test was rated lower, never clipped.
    `simulated` (votes,) marks votes no person gave. `notes` are sentences on what was left out.
    """

    stimuli: tuple[Stimulus, ...]
    raters: tuple[str, ...]
    sessions: tuple[Session, ...]
    stimulus_of: Ints
    rater_of: Ints
    session_of: Ints
    value: Floats
    simulated: Bools
    methodology: str
    scale_min: float
    scale_max: float
    notes: tuple[str, ...] = ()

    @classmethod
    def from_frame(
        cls, frame: pd.DataFrame, *, methodology: str, scale_min: float, scale_max: float
    ) -> Votes:
        """Check a long table and take its votes.

        Columns: rater, image, method and either reference_score and test_score, or difference
        (reference − test; taken where a row has no pair of scores). Optional: kind (only "test"
        enters; without the column every row does), session (without it a rater has one), source
        ("simulated" is marked). Other columns are not looked at.
        Units: scores lie in scale_min..scale_max, differences within ± their distance.
        Raises: ValueError, one sentence naming the data row (counted from 1) and the value, for a
        missing column or label, a score that is missing, not a number, not finite or off the scale,
        a difference that contradicts its scores, and a second vote by one rater on one stimulus.
        """
        require_available("methodology", methodology, METHODOLOGIES)
        require_scale(scale_min, scale_max)
        votes, rows, notes = counted_rows(frame)
        columns = labels(votes, rows)
        image_of, images = _factorize(columns["image"])
        method_of, methods = _factorize(columns["method"])
        rater_of, raters = _factorize(columns["rater"])
        name_of, names = _factorize(columns["session"])
        stimulus_of, stimulus_keys = pd.factorize(image_of * len(methods) + method_of)
        session_of, session_keys = pd.factorize(rater_of * len(names) + name_of)
        stimuli = _pairs(stimulus_keys, images, methods)
        _refuse_second_votes(stimulus_of, rater_of, rows, stimuli, raters)
        source = votes["source"] if "source" in votes else pd.Series("", index=votes.index)
        return cls(
            stimuli=tuple(Stimulus(*pair) for pair in stimuli),
            raters=raters,
            sessions=tuple(Session(*pair) for pair in _pairs(session_keys, raters, names)),
            stimulus_of=stimulus_of,
            rater_of=rater_of,
            session_of=session_of,
            value=difference_values(votes, rows, scale_min, scale_max),
            simulated=(source == "simulated").to_numpy(dtype=bool, na_value=False),
            methodology=methodology,
            scale_min=float(scale_min),
            scale_max=float(scale_max),
            notes=notes,
        )

    def scores(self) -> Floats:
        """Return the values as (stimuli, raters), NaN where a rater did not vote."""
        matrix = np.full((len(self.stimuli), len(self.raters)), np.nan)
        matrix[self.stimulus_of, self.rater_of] = self.value
        return matrix

    def session_codes(self) -> Ints:
        """Return the index into `sessions` behind each entry of `scores()`, −1 where there is no vote."""
        matrix = np.full((len(self.stimuli), len(self.raters)), -1, dtype=np.int64)
        matrix[self.stimulus_of, self.rater_of] = self.session_of
        return matrix

    def images(self) -> tuple[str, ...]:
        """Return the images in order of first appearance."""
        return tuple(dict.fromkeys(stimulus.image for stimulus in self.stimuli))

    def methods(self) -> tuple[str, ...]:
        """Return the methods in order of first appearance."""
        return tuple(dict.fromkeys(stimulus.method for stimulus in self.stimuli))

    def to_analyse(self, *, include_simulated: bool) -> Votes:
        """Leave simulated votes out when real ones exist and the simulated ones were not asked for."""
        if include_simulated or self.simulated.all() or not self.simulated.any():
            return self
        note = (
            f"{int(self.simulated.sum())} votes by simulated raters were left out, because the study has "
            "votes by people."
        )
        return replace(self._take(~self.simulated), notes=(*self.notes, note))

    def _take(self, kept: Bools) -> Votes:
        """Keep some votes; stimuli, raters and sessions without a vote go."""
        stimulus_of, stimuli = _reindex(self.stimulus_of[kept], self.stimuli)
        rater_of, raters = _reindex(self.rater_of[kept], self.raters)
        session_of, sessions = _reindex(self.session_of[kept], self.sessions)
        return replace(
            self,
            stimuli=stimuli,
            raters=raters,
            sessions=sessions,
            stimulus_of=stimulus_of,
            rater_of=rater_of,
            session_of=session_of,
            value=self.value[kept],
            simulated=self.simulated[kept],
        )


def _factorize(column: pd.Series[str]) -> tuple[Ints, tuple[str, ...]]:
    """Return the code of every entry and the names, in order of first appearance."""
    codes, names = pd.factorize(column)
    return codes, tuple(names)


def _pairs(keys: Ints, first: Sequence[str], second: Sequence[str]) -> list[tuple[str, str]]:
    return [(first[key // len(second)], second[key % len(second)]) for key in keys.tolist()]


def _reindex(codes: Ints, names: tuple[Name, ...]) -> tuple[Ints, tuple[Name, ...]]:
    used, new_codes = np.unique(codes, return_inverse=True)
    return new_codes.astype(np.int64), tuple(names[code] for code in used.tolist())


def _refuse_second_votes(
    stimulus_of: Ints, rater_of: Ints, rows: Ints, stimuli: list[tuple[str, str]], raters: Sequence[str]
) -> None:
    second = pd.Series(rater_of * len(stimuli) + stimulus_of).duplicated().to_numpy()
    if second.any():
        at = int(second.argmax())
        image, method = stimuli[stimulus_of[at]]
        raise ValueError(
            f"data row {rows[at]}: rater {raters[rater_of[at]]!r} votes a second time on image {image!r} by "
            f"method {method!r}; one vote may be of kind 'test', mark the others 'repeat'"
        )
