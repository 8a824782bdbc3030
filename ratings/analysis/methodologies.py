"""How each methodology's answers are read: what one vote means, on which scale, in which direction."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ratings.analysis.options import require_available

# Rows of this method rate the reference itself, unannounced among the others.
REFERENCE: Final = "reference"


@dataclass(frozen=True, kw_only=True)
class Methodology:
    """One way of asking. `default_scale` are the ends of the scale that a rater answers on.

    `pairs`: a vote is the difference reference − test of two scores (or is given as such); without it,
    one score. `subtracts_reference`: each rater's vote on the reference is taken off their other votes.
    """

    label: str
    default_scale: tuple[float, float]
    higher_is: str
    pairs: bool = False
    subtracts_reference: bool = False


METHODOLOGIES: Final = {
    "dscqs": Methodology(label="DSCQS", default_scale=(0.0, 100.0), higher_is="worse", pairs=True),
    "dsis": Methodology(label="DSIS", default_scale=(1.0, 5.0), higher_is="better"),
    "acr": Methodology(label="ACR", default_scale=(1.0, 5.0), higher_is="better"),
    "acr_hr": Methodology(
        label="ACR-HR", default_scale=(1.0, 5.0), higher_is="better", subtracts_reference=True
    ),
}


def find_methodology(named: str | None, columns: Iterable[str], *, has_reference_rows: bool) -> str:
    """Say which methodology a table of votes is of: the one named, or what its columns allow no doubt of.

    Raises: ValueError if none can be told, or the one named does not fit the columns.
    """
    have = set(columns)
    has_pairs = "difference" in have or {"reference_score", "test_score"} <= have
    if named is not None:
        require_available("methodology", named, tuple(METHODOLOGIES))
        if METHODOLOGIES[named].pairs and not has_pairs:
            raise ValueError(
                f"methodology {named!r} needs the columns 'reference_score' and 'test_score', or the column "
                f"'difference'; the ratings have {_listed(have)}"
            )
        if not METHODOLOGIES[named].pairs and "score" not in have:
            raise ValueError(
                f"methodology {named!r} needs the column 'score'; the ratings have {_listed(have)}"
            )
        return named
    if has_pairs:
        return "dscqs"
    if "score" not in have:
        raise ValueError(
            "the ratings have neither the columns 'reference_score' and 'test_score' nor the column "
            f"'difference' or 'score'; they have {_listed(have)}"
        )
    if has_reference_rows:
        return "acr_hr"
    raise ValueError(
        "the column 'score' alone does not say what was asked, and no row rates the method 'reference'; "
        "name the methodology: dsis, acr or acr_hr"
    )


def find_scale(methodology: str, scale: tuple[float, float] | None) -> tuple[float, float]:
    """Return the ends of the rating scale: those given, or the methodology's usual ones.

    Raises: ValueError naming both ends if they are not a range of finite numbers.
    """
    low, high = METHODOLOGIES[methodology].default_scale if scale is None else scale
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(f"the rating scale {low!r} to {high!r} is not a range of finite numbers")
    return float(low), float(high)


def higher_is(methodology: str, estimator: str) -> str:
    """Return "better" or "worse": what a higher number means.

    The z-scores of a methodology with references are of differences reference − test, as LIVE 2010 has
    them, so higher is worse there also where the methodology's own scores go the other way.
    """
    found = METHODOLOGIES[methodology]
    return "worse" if estimator == "zscore" and found.subtracts_reference else found.higher_is


def _listed(columns: set[str]) -> str:
    return ", ".join(sorted(columns)) or "none"
