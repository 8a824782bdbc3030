"""Methods that cannot be told apart, marked by shared letters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from string import ascii_letters

import numpy as np
import pandas as pd

from ratings.analysis.options import require_available, require_level

GROUPS_COLUMNS = ("method", "score", "letters")

# Groups multiply without bound when most pairs were not compared; nobody reads so many letters.
MOST_GROUPS = len(ascii_letters)
MOST_ON_THE_WAY = 500


@dataclass(frozen=True, eq=False)
class MethodGroups:
    """One row a method, the best first, with its letters; `notes` are sentences to print with them."""

    frame: pd.DataFrame
    notes: tuple[str, ...]


def groups_of_methods(
    comparison: pd.DataFrame, scores: Mapping[str, float], *, level: float, higher_is: str, test: str = "t"
) -> MethodGroups:
    """Give methods letters such that two share one exactly when the test does not tell them apart.

    `comparison` is `Comparison.frame`, of which the rows over all images (an empty image) count; `scores`
    holds each method's score in points of the scale, which orders methods and letters: "a" is the best by
    `higher_is`. `test` is "t" or "wilcoxon", after Holm's correction, at 1 − `level`. A pair that was not
    compared, or whose p is NaN, is not told apart. Letters do not say that methods are equal.
    Raises: ValueError for a `level` not in (0, 1), an unknown `test` or `higher_is`, a method without score.
    Source: the insert-and-absorb algorithm of Piepho, Journal of Computational and Graphical Statistics
    13(2), 2004.

    >>> pairs = {"image": "", "method_a": ["x", "x", "y"], "method_b": ["y", "z", "z"]}
    >>> tested = pd.DataFrame({**pairs, "p_t_holm": [0.4, 0.01, 0.3]})
    >>> found = groups_of_methods(tested, {"x": 60, "y": 45, "z": 40}, level=0.95, higher_is="worse")
    >>> found.frame[["method", "letters"]].values.tolist()
    [['z', 'a'], ['y', 'ab'], ['x', 'b']]
    """
    require_level(level)
    require_available("test", test, ("t", "wilcoxon"))
    require_available("higher_is", higher_is, ("better", "worse"))
    tested = comparison[comparison["image"] == ""]
    unknown = sorted({*tested["method_a"], *tested["method_b"]} - scores.keys())
    if unknown:
        raise ValueError(f"method {unknown[0]!r} was compared and has no score")
    sign = -1 if higher_is == "better" else 1
    # Sorting is stable, and a method without a score comes last.
    methods = sorted(scores, key=lambda name: (np.isnan(scores[name]), sign * scores[name]))
    place = {name: number for number, name in enumerate(methods)}
    told_apart = tested[tested[f"p_{test}_holm"] < round(1 - level, 12)]
    pairs = [
        (place[a], place[b]) for a, b in zip(told_apart["method_a"], told_apart["method_b"], strict=True)
    ]
    groups = _groups(len(methods), sorted(tuple(sorted(pair)) for pair in pairs))
    notes: tuple[str, ...] = ()
    if len(groups) > MOST_GROUPS:
        groups, notes = [], (f"The methods fall into more than {MOST_GROUPS} groups, which have no letters.",)
    letters = [
        "".join(ascii_letters[number] for number, group in enumerate(groups) if group >> at & 1)
        for at in range(len(methods))
    ]
    frame = pd.DataFrame(
        {"method": methods, "score": [float(scores[name]) for name in methods], "letters": letters}
    )
    return MethodGroups(frame[list(GROUPS_COLUMNS)], notes)


def _groups(size: int, told_apart: list[tuple[int, ...]]) -> list[int]:
    """Return the largest sets of methods without a pair told apart, as bits, by their best methods.

    Stops early, with more than `MOST_GROUPS` sets, where they become too many to go on.
    """
    groups = [(1 << size) - 1] if size else []
    for first, second in told_apart:
        both = 1 << first | 1 << second
        kept = [group for group in groups if group & both != both]
        # Of two sets made from those that held both, one may lie within another or within one kept.
        made = {group & ~(1 << one) for group in groups if group & both == both for one in (first, second)}
        groups = kept + [
            group
            for group in sorted(made)
            if not any(group & other == group for other in (*kept, *(made - {group})))
        ]
        if len(groups) > MOST_ON_THE_WAY:
            break
    return sorted(groups, key=lambda group: [at for at in range(size) if group >> at & 1])
