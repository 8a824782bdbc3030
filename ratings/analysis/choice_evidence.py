"""What a paired comparison's own trials say of its raters: traps failed, repeats, sides, times, circles."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from ratings.analysis.arrays import Bools, Floats, Ints
from ratings.analysis.choices import SHARES, SIDES, Choices, circular_triads
from ratings.analysis.methodologies import REFERENCE
from ratings.analysis.scores import ratio

COLUMNS: Final = (
    *("rater", "source", "n", "ties", "left_share", "repeats", "repeat_agreement", "traps", "traps_failed"),
    *("failed_reference", "failed_degraded", "median_ms", "tournaments", "triads", "zeta"),
)


def choice_raters(frame: pd.DataFrame, choices: Choices) -> pd.DataFrame:
    """Lay out what is known of the raters of some choices, one row each in their order.

    `frame` is the long table that the choices come from, with its rows of every kind: rater, image,
    method_a, method_b, choice; optional source, kind, session, position, repeat_of, side_a, duration_ms.
    n, ties, left_share (of the votes that chose a side that is known) and median_ms are of kind "test".
    repeat_agreement is the share of repeats answered as the first showing was: that at the position they
    name in the session, failing that the rater's vote on the same two methods of the image.
    A trap compares the method "reference" with itself, which is failed by anything but a tie, or with
    another picture, a degraded one, which is failed unless the reference is chosen.
    NaN, or a missing count: nothing was measured. tournaments, triads and zeta: see `circular_triads`.
    """
    rows = _rows_of(frame, choices)
    size, kind = len(choices.raters), rows["kind"].to_numpy()
    test, trap = rows[kind == "test"], rows[kind == "trap"]
    traps, itself, degraded = _traps(trap)
    agreed_of, agreed = _repeats(rows)
    on_left = (test["share"] != 0.5) & test["left"].notna()
    sides = test[on_left]
    triads = circular_triads(choices).set_index("rater").loc[list(choices.raters)]
    tried = np.bincount(traps, minlength=size)
    counts = {
        "traps_failed": np.bincount(np.concatenate([itself, degraded]), minlength=size),
        "failed_reference": np.bincount(itself, minlength=size),
        "failed_degraded": np.bincount(degraded, minlength=size),
    }
    failed = {name: pd.Series(count, dtype="Int64").where(tried > 0) for name, count in counts.items()}
    found = pd.DataFrame(
        {
            "rater": choices.raters,
            "source": rows.groupby("rater")["source"].first().reindex(range(size)).to_numpy(),
            "n": triads["n"].to_numpy(),
            "ties": triads["ties"].to_numpy(),
            "left_share": _mean_of(sides["rater"], sides["share"] == sides["left"], size),
            "repeats": np.bincount(agreed_of, minlength=size),
            "repeat_agreement": _mean_of(agreed_of, agreed, size),
            "traps": tried,
            **failed,
            "median_ms": test.groupby("rater")["duration_ms"].median().reindex(range(size)).to_numpy(),
            **{name: triads[name].to_numpy() for name in ("tournaments", "triads", "zeta")},
        }
    )
    return found[list(COLUMNS)]


def _rows_of(frame: pd.DataFrame, choices: Choices) -> pd.DataFrame:
    """Return the answered rows of these raters.

    `rater` is their number, `image` a code, `low` and `high` are codes of the two methods, the smaller first,
    because a pair may be named either way round; `share` is what method a gets, `share_low` what `low` gets,
    `left` is 1 where a stood there; `of_reference` is what the reference gets, NaN where it is no part.
    """
    number_of = {name: at for at, name in enumerate(choices.raters)}
    codes, names = pd.factorize(frame["rater"])
    rater = np.array([*(number_of.get(str(name), -1) for name in names), -1], dtype=np.int64)[codes]
    share = np.asarray(frame["choice"].map(SHARES).astype(np.float64))
    both, methods = pd.factorize(np.column_stack([frame["method_a"], frame["method_b"]]).ravel())
    a, b = both.reshape(len(frame), 2).T
    reference = next((at for at, name in enumerate(methods) if str(name) == REFERENCE), -1)
    rows = pd.DataFrame(
        {
            "rater": rater,
            "source": _filled(frame, "source", ""),
            "kind": _filled(frame, "kind", "test"),
            "session": pd.factorize(_filled(frame, "session", ""))[0],
            "image": pd.factorize(frame["image"])[0],
            "low": np.minimum(a, b),
            "high": np.maximum(a, b),
            "share": share,
            "share_low": np.where(a > b, 1 - share, share),
            "left": _filled(frame, "side_a", "").map(SIDES).astype(np.float64),
            "of_reference": np.where(a == reference, share, np.where(b == reference, 1 - share, np.nan)),
            **{
                name: pd.to_numeric(_filled(frame, name, np.nan)).astype(np.float64)
                for name in ("position", "repeat_of", "duration_ms")
            },
        },
        index=frame.index,
    )
    answered: pd.DataFrame = rows[(rater >= 0) & ~np.isnan(share)]
    return answered.reset_index(drop=True)


def _filled(frame: pd.DataFrame, name: str, default: str | float) -> pd.Series[str]:
    """Return a column with its gaps, or its absence, filled."""
    found = frame[name] if name in frame else pd.Series(default, index=frame.index, dtype=object)
    filled: pd.Series[str] = found.astype(object).where(found.notna(), default)
    return filled


def _traps(trap: pd.DataFrame) -> tuple[Ints, Ints, Ints]:
    """Return the raters of traps, of those failed on the reference, of those failed on degraded images."""
    rater, got = trap["rater"].to_numpy(dtype=np.int64), trap["of_reference"].to_numpy(dtype=np.float64)
    judged = ~np.isnan(got)
    itself = judged & (trap["low"] == trap["high"]).to_numpy(dtype=bool)
    told_apart = itself & (got != SHARES["tie"])
    not_seen = judged & ~itself & (got != 1)
    return rater[judged], rater[told_apart], rater[not_seen]


def _repeats(rows: pd.DataFrame) -> tuple[Ints, Bools]:
    """Return rater and whether the answer was the same, of every repeat that has a first showing."""
    pair = ["rater", "image", "low", "high"]
    again = rows[rows["kind"] == "repeat"]
    first = rows[rows["kind"] != "repeat"]
    placed = _answers(first.dropna(subset=["position"]), ["session", "position", *pair])
    voted = _answers(first[first["kind"] == "test"], pair)
    named = again.assign(position=again["repeat_of"])
    answer = _looked_up(placed, named, ["session", "position", *pair])
    answer = np.where(np.isnan(answer), _looked_up(voted, again, pair), answer)
    known = ~np.isnan(answer)
    same = answer[known] == again["share_low"].to_numpy()[known]
    return again["rater"].to_numpy(dtype=np.int64)[known], same


def _answers(rows: pd.DataFrame, names: list[str]) -> pd.Series[float]:
    return rows.groupby(names)["share_low"].first()


def _looked_up(answers: pd.Series[float], rows: pd.DataFrame, names: list[str]) -> Floats:
    if answers.empty or rows.empty:
        return np.full(len(rows), np.nan)
    found = answers.reindex(pd.MultiIndex.from_frame(rows[names]))
    return np.asarray(found, dtype=np.float64)


def _mean_of(rater_of: pd.Series[int] | Ints, values: pd.Series[bool] | Bools, size: int) -> Floats:
    """Average one number a row within each rater, (raters,); NaN without any."""
    at = np.asarray(rater_of, dtype=np.int64)
    total = np.bincount(at, weights=np.asarray(values, dtype=np.float64), minlength=size)
    return ratio(np.asarray(total, dtype=np.float64), np.bincount(at, minlength=size))
