"""From votes to the scores that an estimator averages: references taken off, z-scores, screening."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ratings.analysis.dmos import LiveScores, hidden_reference_scores, live_scores
from ratings.analysis.evidence import TRAP_SHARE, Evidence, EvidenceOptions, collect_evidence
from ratings.analysis.methodologies import REFERENCE
from ratings.analysis.options import AnalysisOptions
from ratings.analysis.scores import ScoreTable
from ratings.analysis.screening import Override, Screening, screen
from ratings.analysis.votes import Votes

EVIDENCE_COLUMNS = {"kind", "duration_ms"}


@dataclass(frozen=True, eq=False)
class Prepared:
    """What an analysis works on, with the decisions made on the way.

    `votes` are those that count; for ACR-HR their values are the differences from the hidden reference
    and the references are no stimuli. `scores` (stimuli, raters) are what the estimator averages, from all
    raters, `table` the same without the raters that `screening` rejects. `notes` say what was left out.
    """

    votes: Votes
    scores: ScoreTable
    screening: Screening
    table: ScoreTable
    notes: tuple[str, ...]

    def screened_by(self, rule: str, *, compat: str) -> ScoreTable:
        """Return the scores as they are under another screening rule, no person having overruled it."""
        return screen(self.scores, rule=rule, raters=self.votes.raters, compat=compat).kept(self.scores)


def prepare(
    votes: Votes,
    options: AnalysisOptions,
    *,
    trials: pd.DataFrame | None = None,
    overrides: Mapping[str, Override] | None = None,
    trap_share: float = TRAP_SHARE,
    file: str = "",
) -> Prepared:
    """Choose the votes that count, turn them into the scores analysed, and decide on every rater.

    `trials` is the long table that the votes come from, with its rows of every kind; the screening's
    evidence (traps, repeats, times) is read from it, with `trap_share` of the scale as the distance beyond
    which a trap is failed. `overrides` are a person's decisions by rater.
    `file` is named in errors; the table's index then holds its line numbers.
    Raises: ValueError, one sentence, where no score is left or an option does not fit the votes.
    """
    counted = votes.to_analyse(include_simulated=options.include_simulated)
    notes = list(counted.notes)
    if counted.subtracts_reference:
        counted = _less_reference(counted, options, notes)
    elif options.crush:
        raise ValueError(f"crush goes with methodology 'acr_hr' alone, not with {counted.methodology!r}")
    scores = counted.table()
    if options.estimator == "zscore":
        scores = _normalised(counted, options, notes)
    screening = screen(
        scores,
        rule=options.screening,
        raters=counted.raters,
        evidence=_evidence(counted, trials, trap_share, file),
        overrides=overrides,
        compat=options.compat,
    )
    return Prepared(
        votes=counted,
        scores=scores,
        screening=screening,
        table=screening.kept(scores),
        notes=(*notes, *screening.notes),
    )


def _evidence(votes: Votes, trials: pd.DataFrame | None, trap_share: float, file: str) -> Evidence | None:
    if trials is None or not EVIDENCE_COLUMNS & set(trials.columns):
        return None
    options = EvidenceOptions(
        scale_min=votes.scale_min,
        scale_max=votes.scale_max,
        methodology=votes.methodology,
        trap_share=trap_share,
    )
    return collect_evidence(trials, votes.raters, options=options, file=file)


def _less_reference(votes: Votes, options: AnalysisOptions, notes: list[str]) -> Votes:
    """Turn votes on images and their hidden references into differences within each rater."""
    reference_of = votes.reference_of()
    scored = hidden_reference_scores(
        votes.table(),
        reference_of,
        scale_min=votes.scale_min,
        scale_max=votes.scale_max,
        crush=options.crush,
    )
    if scored.votes_left_out:
        without = [s.image for s, of in zip(votes.stimuli, reference_of.tolist(), strict=True) if of < 0]
        named = f", among them all on image {without[0]!r}, whose reference nobody rated" if without else ""
        notes.append(
            f"{scored.votes_left_out} votes were left out, because their raters did not rate the reference "
            f"of the image{named}."
        )
    if not scored.scores.value.size:
        raise ValueError(
            f"no rater rated both an image and its reference (rows of method {REFERENCE!r}), so nothing can "
            "be subtracted; methodology 'acr' analyses the scores as they are"
        )
    return _with_scores(votes, scored.scores)


def _with_scores(votes: Votes, scores: ScoreTable) -> Votes:
    """The votes that have an entry in `scores`, an ordered part of their own table, with its values."""
    key = votes.stimulus_of * len(votes.raters) + votes.rater_of
    kept = np.isin(key, scores.stimulus_of * len(votes.raters) + scores.rater_of)
    return replace(votes.keep(kept), value=scores.value)


def _normalised(votes: Votes, options: AnalysisOptions, notes: list[str]) -> ScoreTable:
    table = votes.table()
    if votes.subtracts_reference:  # LIVE's differences are reference − test
        table = table.with_values(votes.scale_max - table.value)
    live = live_scores(table, votes.session_of, votes.method_codes(), scope=options.normalised_over)
    notes += _notes_on_dropped(votes, live)
    if options.normalised_over == "method":
        notes.append(
            "The z-scores were taken within each method, which puts every rater's mean on a method at 50: "
            "these rows cannot be used to rank or compare methods; scope 'study' can."
        )
    return live.scores


def _notes_on_dropped(votes: Votes, live: LiveScores) -> list[str]:
    methods = votes.methods()
    notes = []
    dropped = zip(live.dropped_session, live.dropped_method, live.votes_dropped, strict=True)
    for session_code, method_code, n in dropped:
        rater, session = votes.sessions[session_code]
        where = "" if session == rater else f" in session {session!r}"
        where += "" if method_code < 0 else f" on method {methods[method_code]!r}"
        why = "one vote has no spread" if n == 1 else f"all {n} votes are equal"
        notes.append(f"Rater {rater!r} was dropped from the z-scores{where}: {why}.")
    return notes
