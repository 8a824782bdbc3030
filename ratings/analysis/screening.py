"""Which raters to leave out, by which rule and for which reason: BT.500's rules, and a person's word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ratings.analysis.arrays import Bools, Floats
from ratings.analysis.bt500 import (
    ASYMMETRY_LIMIT,
    CORRELATION_LIMIT,
    SHARE_LIMIT,
    Correlation,
    Kurtosis,
    bt500_correlation,
    bt500_kurtosis,
)
from ratings.analysis.evidence import Evidence
from ratings.analysis.options import SCREENINGS, require_available
from ratings.analysis.scores import ScoreTable, as_table

FEWEST_RATERS = 2


@dataclass(frozen=True, kw_only=True)
class Override:
    """A person's decision on a rater, taken over any rule.

    Raises: ValueError if `who` or `why` is empty.
    """

    keep: bool
    who: str
    why: str

    def __post_init__(self) -> None:
        for name in ("who", "why"):
            if not getattr(self, name).strip():
                raise ValueError(f"an override of screening has an empty {name!r}; say who decided and why")


@dataclass(frozen=True, eq=False)
class Screening:
    """Who is left out, (raters,), the figures and reasons as a frame of one row a rater, and the notes.

    `raters` has the columns rater, n, r, bt500_p, bt500_q, repeat_error, traps_failed, rejected, reason and
    more: `r` is Pearson's correlation with the stimulus means, `missing` counts the study's stimuli without
    a vote of this rater (in a partial design, by plan), and evidence is missing where it was not measured.
    """

    rejected: Bools
    raters: pd.DataFrame
    notes: tuple[str, ...]

    def kept(self, scores: ScoreTable | Floats) -> ScoreTable:
        """Return the votes of the raters that stay; stimuli and raters keep their numbers."""
        table = as_table(scores)
        return table.keep(~self.rejected[table.rater_of])


def screen(
    scores: ScoreTable | Floats,
    *,
    rule: str,
    raters: Sequence[str],
    evidence: Evidence | None = None,
    overrides: Mapping[str, Override] | None = None,
    ddof: int = 1,
    compat: str = "",
) -> Screening:
    """Decide on every rater by one rule, or none, and by whatever a person decided over it; and say why.

    Shapes: `scores` a table, or (stimuli, raters) with NaN for a vote not given; `raters` (raters,) their
    names; `evidence` of the same raters in the same order. It is shown and remarked on, and rejects nobody.
    Rules: "bt500" is `bt500_kurtosis` with this `ddof` and `compat`; "correlation" is `bt500_correlation`,
    which no `compat` changes; "none". Both rules' figures are shown whichever decides.
    Raises: ValueError, one sentence, for an unknown rule, names or evidence that do not fit, an override of
    a rater who is not there, or fewer than two raters left with votes.
    """
    require_available("screening", rule, SCREENINGS)
    table, overrides = as_table(scores), overrides or {}
    evidence = evidence or Evidence.none_of(table.n_raters)
    _require_names(table, raters, evidence, overrides)
    panel = _Panel(table, bt500_kurtosis(table, ddof=ddof, compat=compat), bt500_correlation(table), compat)
    rejected = panel.rejected_by(rule).copy()
    reasons = []
    for at, (name, remarks) in enumerate(zip(raters, evidence.remarks(), strict=True)):
        decided = overrides.get(name)
        rejected[at] = rejected[at] if decided is None else not decided.keep
        reasons.append(_sentence(panel.verdict(rule, at), decided, remarks))
    left = int((~rejected & (table.votes_per_rater > 0)).sum())
    if rejected.any() and left < FEWEST_RATERS:
        who = f"screening {rule!r} leaves" if rule != "none" else "the decisions over the screening leave"
        raise ValueError(
            f"{who} {left} of {table.n_raters} raters, and an analysis needs {FEWEST_RATERS}; without them "
            "raters.csv shows what each rater did"
        )
    return Screening(
        rejected=rejected,
        raters=panel.frame(raters, rejected, reasons, evidence),
        notes=(*panel.notes(rule), *evidence.notes),
    )


def _require_names(
    table: ScoreTable, raters: Sequence[str], evidence: Evidence, overrides: Mapping[str, Override]
) -> None:
    if len(raters) != table.n_raters:
        raise ValueError(f"{len(raters)} names were given for the {table.n_raters} raters of the scores")
    if evidence.traps.size != table.n_raters:
        raise ValueError(f"evidence on {evidence.traps.size} raters does not fit scores by {table.n_raters}")
    unknown = sorted(set(overrides) - set(raters))
    if unknown:
        raise ValueError(f"an override names the rater {unknown[0]!r}, who is not among the raters screened")


def _sentence(verdict: str, decided: Override | None, remarks: list[str]) -> str:
    if decided is not None:
        word = "Kept" if decided.keep else "Rejected"
        verdict = f"{word} by {decided.who} ({decided.why}), over what the rule says: {verdict}"
    return "; ".join([verdict, *remarks]) + "."


@dataclass(frozen=True, eq=False)
class _Panel:
    """The votes and what both rules find in them."""

    table: ScoreTable
    kurtosis: Kurtosis
    correlation: Correlation
    compat: str

    def rejected_by(self, rule: str) -> Bools:
        if rule == "none":
            return np.zeros(self.table.n_raters, dtype=np.bool_)
        return self.kurtosis.rejected if rule == "bt500" else self.correlation.rejected

    def verdict(self, rule: str, at: int) -> str:
        """Say what the rule decides on rater `at`, and by which figures."""
        if rule == "none":
            return "Kept, as no screening rule was asked for"
        if not self.table.votes_per_rater[at]:
            return "Kept, without a vote to screen"
        return self._by_kurtosis(at) if rule == "bt500" else self._by_correlation(at)

    def _by_kurtosis(self, at: int) -> str:
        p, q = int(self.kurtosis.p[at]), int(self.kurtosis.q[at])
        of = f"{self.table.n_stimuli} stimuli" if self.compat else f"{self.kurtosis.votes[at]} votes"
        if p + q == 0:
            return f"Kept by BT.500: none of {of} beyond the bounds"
        share, asymmetry = float(self.kurtosis.share[at]), float(self.kurtosis.asymmetry[at])
        rejected = bool(self.kurtosis.rejected[at])
        found = (
            f"{'Rejected' if rejected else 'Kept'} by BT.500: {p + q} of {of} "
            f"{'lies' if p + q == 1 else 'lie'} beyond the bounds "
            f"({share * 100:.1f} %, limit {SHARE_LIMIT * 100:g} %)"
        )
        if share <= SHARE_LIMIT:
            return found
        return (
            f"{found}, {p} above and {q} below (|P−Q|/(P+Q) = {asymmetry:.2f}, "
            f"{'limit' if rejected else 'not under the limit'} {ASYMMETRY_LIMIT:g})"
        )

    def _by_correlation(self, at: int) -> str:
        r, threshold = float(self.correlation.r[at]), self.correlation.threshold
        if np.isnan(r) or np.isnan(threshold):
            return "Kept, with too few votes to correlate with the stimulus means"
        rejected = bool(self.correlation.rejected[at])
        limit = "the highest limit" if threshold == CORRELATION_LIMIT else "the panel's mean − sd"
        return (
            f"{'Rejected' if rejected else 'Kept'} by BT.500's correlation rule: r = {r:.2f} with the "
            f"stimulus means is {'' if rejected else 'not '}under {threshold:.2f}, {limit}"
        )

    def notes(self, rule: str) -> list[str]:
        """Say what a rule passed over, and what it did not do as asked."""
        if rule == "correlation" and self.compat:
            return [f"The correlation rule has no counterpart in {self.compat!r} and is as without it."]
        if rule == "bt500" and self.kurtosis.stimuli_skipped:
            return [
                "Stimuli without bounds in BT.500's rule, for fewer than three votes or votes all equal: "
                f"{self.kurtosis.stimuli_skipped}."
            ]
        return []

    def frame(
        self, raters: Sequence[str], rejected: Bools, reasons: list[str], evidence: Evidence
    ) -> pd.DataFrame:
        n, measured = self.table.votes_per_rater, evidence.frame()
        columns = {
            "rater": list(raters),
            "n": n,
            "r": self.correlation.pearson,
            "bt500_p": self.kurtosis.p,
            "bt500_q": self.kurtosis.q,
            **{name: measured.pop(name) for name in ("repeat_error", "traps_failed")},
            "rejected": rejected,
            "reason": reasons,
            "spearman": self.correlation.spearman,
            "bt500_share": self.kurtosis.share,
            "bt500_asymmetry": self.kurtosis.asymmetry,
            "bt500_rejects": self.kurtosis.rejected,
            "correlation_rejects": self.correlation.rejected,
            "missing": int((self.table.votes_per_stimulus > 0).sum()) - n,
        }
        return pd.DataFrame(columns).join(measured)
