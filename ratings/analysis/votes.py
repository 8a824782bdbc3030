"""Votes: a long table of ratings, checked row by row and turned into arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeVar

import numpy as np
import pandas as pd

from ratings.analysis.arrays import Bools, Floats, Ints
from ratings.analysis.columns import (
    Labels,
    Rows,
    counted_rows,
    labels,
    note_on_simulated,
    score_values,
    simulated_rows,
)
from ratings.analysis.methodologies import METHODOLOGIES, REFERENCE, find_methodology, find_scale
from ratings.analysis.scores import ScoreTable

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
    them in order of first appearance. `value` (votes,) is what was answered: for DSCQS reference − test
    in points of the scale, positive where the test was rated lower, never clipped; else the score.
    `simulated` (votes,) marks votes no person gave, `sources` (raters,) says where each rater's come from,
    empty where that is not known. `notes` are sentences on what was left out.
    """

    stimuli: tuple[Stimulus, ...]
    raters: tuple[str, ...]
    sources: tuple[str, ...]
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
        cls,
        frame: pd.DataFrame,
        *,
        methodology: str | None,
        scale: tuple[float, float] | None = None,
        file: str = "",
    ) -> Votes:
        """Check a long table and take its votes.

        Columns: rater, image, method and either reference_score and test_score, or difference
        (reference − test; taken where a row has no pair of scores), or score. Optional: kind (only "test"
        enters; without the column every row does), session (without it a rater has one), source
        ("simulated" is marked). Other columns are not looked at.
        `methodology` None takes the one that the columns allow no doubt of, `scale` None its usual one.
        Units: scores lie within the scale, differences within ± its width.
        `file` is named in errors, and then the table's index holds its line numbers.
        Raises: ValueError, one sentence naming the row and the value, for a
        missing column or label, a score that is missing, not a number, not finite or off the scale,
        a difference that contradicts its scores, and a second vote by one rater on one stimulus.
        """
        votes, rows, notes = counted_rows(frame, file=file)
        columns = labels(votes, rows)
        methodology = find_methodology(
            methodology, frame.columns, has_reference_rows=REFERENCE in columns["method"].names
        )
        scale = find_scale(methodology, scale)
        image, method, rater, session = (columns[name] for name in ("image", "method", "rater", "session"))
        stimulus_of, stimulus_keys = pd.factorize(image.codes * len(method.names) + method.codes)
        session_of, session_keys = pd.factorize(rater.codes * len(session.names) + session.codes)
        stimuli = _pairs(stimulus_keys, image.names, method.names)
        _refuse_second_votes(stimulus_of, rater, rows, stimuli)
        source = votes["source"] if "source" in votes else pd.Series("", index=votes.index)
        source_codes, source_names = pd.factorize(source)
        return cls(
            stimuli=tuple(Stimulus(*pair) for pair in stimuli),
            raters=rater.names,
            sources=_first_names(rater, source_codes, list(source_names)),
            sessions=tuple(Session(*pair) for pair in _pairs(session_keys, rater.names, session.names)),
            stimulus_of=stimulus_of,
            rater_of=rater.codes,
            session_of=session_of,
            value=score_values(votes, rows, methodology, scale),
            simulated=simulated_rows(votes, rows),
            methodology=methodology,
            scale_min=scale[0],
            scale_max=scale[1],
            notes=notes,
        )

    def table(self) -> ScoreTable:
        """Return what was answered as a table (stimuli, raters)."""
        return ScoreTable(self.stimulus_of, self.rater_of, self.value, len(self.stimuli), len(self.raters))

    def images(self) -> tuple[str, ...]:
        """Return the images in order of first appearance."""
        return tuple(dict.fromkeys(stimulus.image for stimulus in self.stimuli))

    def methods(self) -> tuple[str, ...]:
        """Return the methods in order of first appearance."""
        return tuple(dict.fromkeys(stimulus.method for stimulus in self.stimuli))

    def image_codes(self) -> Ints:
        """Return the index into `images()` of each stimulus."""
        return _codes([stimulus.image for stimulus in self.stimuli])

    def method_codes(self) -> Ints:
        """Return the index into `methods()` of each stimulus."""
        return _codes([stimulus.method for stimulus in self.stimuli])

    def reference_of(self) -> Ints:
        """Return, for each stimulus, the one that rates its image's reference; −1 where there is none."""
        at = {s.image: place for place, s in enumerate(self.stimuli) if s.method == REFERENCE}
        return np.array([at.get(stimulus.image, -1) for stimulus in self.stimuli], dtype=np.int64)

    @property
    def subtracts_reference(self) -> bool:
        """Whether these are votes on test images and hidden references, one score each."""
        return METHODOLOGIES[self.methodology].subtracts_reference

    def to_analyse(self, *, include_simulated: bool) -> Votes:
        """Leave simulated votes out when real ones exist and the simulated ones were not asked for."""
        note = note_on_simulated(self.simulated)
        if include_simulated or not note:
            return self
        return replace(self.keep(~self.simulated), notes=(*self.notes, note))

    def keep(self, kept: Bools) -> Votes:
        """Keep some votes, (votes,); stimuli, raters and sessions without a vote go."""
        stimulus_of, stimuli = _reindex(self.stimulus_of[kept], self.stimuli)
        rater_of, who = _reindex(self.rater_of[kept], tuple(zip(self.raters, self.sources, strict=True)))
        session_of, sessions = _reindex(self.session_of[kept], self.sessions)
        return replace(
            self,
            stimuli=stimuli,
            raters=tuple(name for name, _ in who),
            sources=tuple(source for _, source in who),
            sessions=sessions,
            stimulus_of=stimulus_of,
            rater_of=rater_of,
            session_of=session_of,
            value=self.value[kept],
            simulated=self.simulated[kept],
        )


def _first_names(rater: Labels, codes: Ints, names: Sequence[object]) -> tuple[str, ...]:
    """Each rater's name of their first row, (raters,); a code of −1 is the empty name."""
    first = np.empty(len(rater.names), dtype=np.int64)
    first[rater.codes[::-1]] = codes[::-1]  # the last one written is the first row
    return tuple("" if code < 0 else str(names[code]) for code in first.tolist())


def _codes(names: Sequence[str]) -> Ints:
    return pd.factorize(np.array(names, dtype=object))[0].astype(np.int64)


def _pairs(keys: Ints, first: Sequence[str], second: Sequence[str]) -> list[tuple[str, str]]:
    return [(first[key // len(second)], second[key % len(second)]) for key in keys.tolist()]


def _reindex(codes: Ints, names: tuple[Name, ...]) -> tuple[Ints, tuple[Name, ...]]:
    used, new_codes = np.unique(codes, return_inverse=True)
    return new_codes.astype(np.int64), tuple(names[code] for code in used.tolist())


def _refuse_second_votes(
    stimulus_of: Ints, rater: Labels, rows: Rows, stimuli: list[tuple[str, str]]
) -> None:
    second = pd.Series(rater.codes * len(stimuli) + stimulus_of).duplicated().to_numpy()

    def sentence(at: int) -> str:
        image, method = stimuli[stimulus_of[at]]
        return (
            f"rater {rater.names[rater.codes[at]]!r} votes a second time on image {image!r} by method "
            f"{method!r}; one vote may be of kind 'test', mark the others 'repeat'"
        )

    rows.refuse(second, sentence)
