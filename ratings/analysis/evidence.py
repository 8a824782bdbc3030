"""What a study's own trials say of its raters: traps failed, repeat error, response times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ratings.analysis.arrays import Bools, Floats, Ints
from ratings.analysis.columns import LABELS, Rows
from ratings.analysis.dmos import EQUAL_WITHIN
from ratings.analysis.methodologies import METHODOLOGIES, REFERENCE
from ratings.analysis.options import require_available
from ratings.analysis.scores import ratio

KINDS = ("test", "repeat", "trap")
TRAP_SHARE = 0.2

# A remark is made of a repeat error above this many times the panel's median, and of a rater who gave more
# than this share of the votes in under half of the panel's median time. They steer attention, no decision.
NOTABLE_REPEAT_ERROR = 2.0
NOTABLE_HURRIED_SHARE = 0.5


@dataclass(frozen=True, kw_only=True)
class EvidenceOptions:
    """What was asked on which scale, and where evidence begins.

    `trap_share` is the distance between two showings of the reference, as a share of the scale, beyond
    which a trap is failed. `fast_ms` is the time under which a vote counts as fast: half a second is
    twice a simple reaction, too short to have looked at two images, so an honest vote is not under it.
    Raises: ValueError naming the value that is no methodology, no scale, no share or no time.
    """

    scale_min: float
    scale_max: float
    methodology: str = "dscqs"
    trap_share: float = TRAP_SHARE
    fast_ms: float = 500.0

    def __post_init__(self) -> None:
        require_available("methodology", self.methodology, tuple(METHODOLOGIES))
        if not -np.inf < self.scale_min < self.scale_max < np.inf:
            ends = f"{self.scale_min!r} to {self.scale_max!r}"
            raise ValueError(f"the rating scale {ends} is not a range of finite numbers")
        if not 0 <= self.trap_share <= 1:
            raise ValueError(f"trap_share {self.trap_share!r} is not a share of the scale between 0 and 1")
        if not 0 <= self.fast_ms < np.inf:
            raise ValueError(f"fast_ms {self.fast_ms!r} is not a time of 0 ms or more")


@dataclass(frozen=True, eq=False)
class Evidence:
    """Per rater, (raters,), in the order of the raters asked about; NaN where nothing was measured.

    `traps` were answered; `failed_reference` of them found a difference in the reference against itself,
    `failed_degraded` saw the degraded image as no worse. `repeats` could be paired with a first showing,
    and `repeat_error` is their mean |second − first| in points of the scale. `median_ms` is over the
    votes of kind "test"; `fast_share` of them took less than `fast_ms`, `hurried_share` less than half
    of `panel_median_ms`, the median of the raters' medians. `notes` are sentences on what was left out.
    """

    traps: Ints
    failed_reference: Ints
    failed_degraded: Ints
    repeats: Ints
    repeat_error: Floats
    median_ms: Floats
    fast_share: Floats
    hurried_share: Floats
    fast_ms: float
    panel_median_ms: float
    notes: tuple[str, ...]

    @classmethod
    def none_of(cls, raters: int) -> Evidence:
        """Return what is known of so many raters where only votes are."""
        zero, empty = np.zeros(raters, dtype=np.int64), np.full(raters, np.nan)
        return cls(zero, zero, zero, zero, empty, empty, empty, empty, np.nan, np.nan, ())

    @property
    def traps_failed(self) -> Ints:
        """Traps failed of either sort, (raters,)."""
        return self.failed_reference + self.failed_degraded

    def frame(self) -> pd.DataFrame:
        """Return one row a rater; failures are missing where no trap was answered, for none was passed."""
        tried = self.traps > 0
        failed = ("traps_failed", "failed_reference", "failed_degraded")
        columns: dict[str, object] = {"repeat_error": self.repeat_error}
        for name in failed:
            columns[name] = pd.Series(getattr(self, name), dtype="Int64").where(tried)
        for name in ("traps", "repeats", "median_ms", "fast_share", "hurried_share"):
            columns[name] = getattr(self, name)
        return pd.DataFrame(columns, index=pd.RangeIndex(self.traps.size))

    def remarks(self) -> list[list[str]]:
        """Say what is worth a look, as parts of a sentence: one list a rater, empty where nothing is."""
        usual_error = _median(self.repeat_error)
        notable = self.repeat_error > NOTABLE_REPEAT_ERROR * usual_error
        found: list[list[str]] = []
        for at, failed in enumerate(self.traps_failed.tolist()):
            parts = [f"{failed} of {self.traps[at]} traps failed"] if failed else []
            if notable[at]:
                parts.append(
                    f"repeat error {self.repeat_error[at]:.3g} points, where the panel's median is "
                    f"{usual_error:.3g}"
                )
            if self.fast_share[at] > 0:
                parts.append(f"{self.fast_share[at]:.1%} of the votes given within {self.fast_ms:g} ms")
            if self.hurried_share[at] > NOTABLE_HURRIED_SHARE:
                half = self.panel_median_ms / 2
                parts.append(
                    f"{self.hurried_share[at]:.0%} of the votes given in under {half:.0f} ms, half of the "
                    "panel's median"
                )
            found.append([part.replace("%", " %") for part in parts])
        return found


def collect_evidence(
    frame: pd.DataFrame, raters: Sequence[str], *, options: EvidenceOptions, file: str = ""
) -> Evidence:
    """Count traps failed and times, and pair repeats with their first showings, for every rater named.

    Columns: rater, image, method. Optional, absent or empty: kind ("test" without the column; others than
    test, repeat and trap are not looked at), session (a rater has one), position, repeat_of (the position
    of the first showing within the session), reference_score and test_score or difference (DSCQS) or
    score, duration_ms. Rows of raters not named are not looked at.
    A repeat belongs to the trial of the same stimulus at the position it names; failing that, to the
    rater's vote of kind "test" on the stimulus. A trap is failed where |difference| exceeds the options'
    share of the scale (method "reference": the reference against itself), or where the difference is not
    positive (any other method: a degraded image); one without a difference cannot be judged. The difference
    is reference − test (DSCQS), the best score − the score given (DSIS), or the score that the rater gave
    the image's hidden reference − the score given (ACR-HR); ACR has none.
    `file` is named in errors and notes, and then the table's index holds its line numbers.
    Units: points of the scale and ms. Missing: a trial without a score is no trap, repeat or first showing.
    Raises: ValueError, one sentence, for a missing column, a rater named twice, or a score that is no
    number or off the scale.
    """
    rows, numbered = _used_rows(frame, raters, options, file)
    size, rater_of = len(raters), rows["rater"].to_numpy()
    kind = rows["kind"].to_numpy()
    notes: list[str] = []
    traps, itself, degraded = _traps(_trap_differences(rows, options), options, notes)
    repeat_of_rater, error = _repeat_errors(rows, numbered, notes)
    timed = (kind == "test") & rows["duration_ms"].notna().to_numpy(dtype=bool)
    median, fast, hurried, usual = _times(
        rater_of[timed], rows["duration_ms"].to_numpy()[timed], size, options.fast_ms
    )
    return Evidence(
        traps=np.bincount(traps, minlength=size),
        failed_reference=np.bincount(itself, minlength=size),
        failed_degraded=np.bincount(degraded, minlength=size),
        repeats=np.bincount(repeat_of_rater, minlength=size),
        repeat_error=_mean_of(repeat_of_rater, error, size),
        median_ms=median,
        fast_share=fast,
        hurried_share=hurried,
        fast_ms=options.fast_ms,
        panel_median_ms=usual,
        notes=tuple(notes),
    )


def _used_rows(
    frame: pd.DataFrame, raters: Sequence[str], options: EvidenceOptions, file: str
) -> tuple[pd.DataFrame, Rows]:
    """Return the rows that count: rater as its number, scores and times as floats, NaN where empty."""
    missing = [name for name in LABELS if name not in frame]
    if missing:
        raise ValueError(f"the ratings have no column {missing[0]!r}; needed: {', '.join(LABELS)}")
    if len(set(raters)) < len(raters):
        raise ValueError(f"the {len(raters)} raters asked about include one twice; each is named once")
    kind = frame["kind"] if "kind" in frame else pd.Series("test", index=frame.index)
    known = {name: at for at, name in enumerate(raters)}
    codes, names = pd.factorize(frame["rater"])
    rater_of = np.array([*(known.get(str(name), -1) for name in names), -1], dtype=np.int64)[codes]
    counts = kind.isin(KINDS).to_numpy(dtype=bool) & (rater_of >= 0)
    used = frame[counts]
    number = frame.index.to_numpy(dtype=np.int64) if file else np.arange(1, len(frame) + 1)
    rows = Rows(number[counts], file)
    low, high = options.scale_min, options.scale_max
    pair = _numbers(used, "reference_score", rows, low, high) - _numbers(used, "test_score", rows, low, high)
    given = _numbers(used, "difference", rows, low - high, high - low)
    columns: dict[str, object] = {
        "rater": rater_of[counts],
        "kind": kind[counts].to_numpy(),
        "difference": np.where(np.isnan(pair), given, pair),
        "score": _numbers(used, "score", rows, low, high),
        "duration_ms": _numbers(used, "duration_ms", rows, 0, np.inf),
        "position": _numbers(used, "position", rows, 0, np.inf),
        "repeat_of": _numbers(used, "repeat_of", rows, 0, np.inf),
        **{name: used[name].to_numpy() for name in ("image", "method")},
        "session": used["session"].astype(object).fillna("").to_numpy() if "session" in used else "",
    }
    return pd.DataFrame(columns, index=pd.RangeIndex(len(used))), rows


def _numbers(used: pd.DataFrame, name: str, rows: Rows, low: float, high: float) -> Floats:
    """Return one column as numbers in low..high, NaN where it is empty or absent."""
    if name not in used:
        return np.full(len(used), np.nan)
    column = used[name]
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    wrong = column.notna().to_numpy(dtype=bool) & ~((numbers >= low) & (numbers <= high))
    rows.refuse(wrong, lambda at: f"{name} {column.iloc[at]} is not a number from {low:g} to {high:g}")
    return numbers


def _trap_differences(rows: pd.DataFrame, options: EvidenceOptions) -> pd.DataFrame:
    """Return the traps, in `difference` how much better the reference was found; NaN where nobody knows."""
    traps = rows[rows["kind"] == "trap"]
    if METHODOLOGIES[options.methodology].pairs:
        return traps
    best: Floats = np.full(len(traps), np.nan)
    if options.methodology == "dsis":
        best = np.full(len(traps), options.scale_max)
    elif options.methodology == "acr_hr":
        is_own = (rows["kind"] == "test") & (rows["method"] == REFERENCE) & rows["score"].notna()
        own = rows[is_own].groupby(["rater", "image"], observed=True)["score"].first()
        best = own.reindex(pd.MultiIndex.from_frame(traps[["rater", "image"]])).to_numpy(dtype=np.float64)
    return traps.assign(difference=best - traps["score"])


def _traps(traps: pd.DataFrame, options: EvidenceOptions, notes: list[str]) -> tuple[Ints, Ints, Ints]:
    """Return the raters of traps judged, of those failed on the reference, of those on degraded images."""
    difference = traps["difference"].to_numpy()
    judged = ~np.isnan(difference)
    if not judged.all():
        notes.append(f"Traps that could not be judged, for want of a difference: {int((~judged).sum())}.")
    rater_of, itself = traps["rater"].to_numpy(), (traps["method"] == REFERENCE).to_numpy(dtype=bool)
    limit = options.trap_share * (options.scale_max - options.scale_min)
    seen_apart = itself & (np.abs(difference) > limit + EQUAL_WITHIN)
    not_seen = ~itself & (difference <= EQUAL_WITHIN)
    return rater_of[judged], rater_of[seen_apart], rater_of[not_seen]


def _repeat_errors(rows: pd.DataFrame, numbered: Rows, notes: list[str]) -> tuple[Ints, Floats]:
    """Return rater and |second − first| of every repeat that has a first showing."""
    value = rows[["difference", "score"]].to_numpy()
    answered = ~np.isnan(value).all(axis=1)
    is_repeat = (rows["kind"] == "repeat").to_numpy(dtype=bool)
    second = np.flatnonzero(is_repeat & answered)
    if not second.size:
        return np.zeros(0, dtype=np.int64), np.zeros(0)
    shown_at = np.where(is_repeat, rows["repeat_of"], rows["position"])
    first = _first_alike(
        rows.assign(shown_at=shown_at),
        ["rater", "session", "shown_at", "image", "method"],
        second,
        answered & ~is_repeat,
    )
    votes = answered & (rows["kind"] == "test").to_numpy(dtype=bool)
    first = np.where(first < 0, _first_alike(rows, ["rater", "image", "method"], second, votes), first)
    lost = second[first < 0]
    if lost.size:
        notes.append(
            f"Repeats left out because no first showing of theirs was found: {lost.size}, the first of them "
            f"in {numbered.place(int(lost[0]))}."
        )
    second, first = second[first >= 0], first[first >= 0]
    gap = np.abs(value[second] - value[first])
    return rows["rater"].to_numpy()[second], np.where(np.isnan(gap[:, 0]), gap[:, 1], gap[:, 0])


def _first_alike(rows: pd.DataFrame, names: list[str], wanted: Ints, among: Bools) -> Ints:
    """Find for each wanted row the first among others with the same entries under `names`; −1 is none."""
    # A missing entry is like no other: such rows get the key −1, which is looked up at the end of `found`.
    key = rows.groupby(names, sort=False).ngroup().fillna(-1).to_numpy(dtype=np.int64)
    found = np.full(key.max(initial=-1) + 2, -1, dtype=np.int64)
    candidates = np.flatnonzero(among & (key >= 0))[::-1]
    found[key[candidates]] = candidates
    return found[key[wanted]]


def _times(
    rater_of: Ints, duration_ms: Floats, size: int, fast_ms: float
) -> tuple[Floats, Floats, Floats, float]:
    """Return the raters' median times, shares of fast and of hurried votes, and the median of the medians."""
    by_rater = pd.Series(duration_ms).groupby(rater_of).median().reindex(range(size))
    medians = np.asarray(by_rater, dtype=np.float64)
    usual = _median(medians)
    fast = _mean_of(rater_of, (duration_ms < fast_ms).astype(np.float64), size)
    hurried = _mean_of(rater_of, (duration_ms < usual / 2).astype(np.float64), size)
    return medians, fast, hurried, usual


def _mean_of(rater_of: Ints, values: Floats, size: int) -> Floats:
    """Average one number a row within each rater, (raters,); NaN without any."""
    total = np.bincount(rater_of, weights=values, minlength=size)
    return ratio(np.asarray(total, dtype=np.float64), np.bincount(rater_of, minlength=size))


def _median(values: Floats) -> float:
    present = values[~np.isnan(values)]
    return float(np.median(present)) if present.size else np.nan
