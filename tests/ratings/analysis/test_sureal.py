"""Every figure of sureal's unit tests on models and data that we share, to its decimal places.

`tests/reference/sureal_figures.json` holds the figures, where they come from and what was left out.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.ratings.analysis.sureal_cast import Answers, answers, dataset, netflix, percent_covered, prepared

REFERENCE = json.loads((Path(__file__).parents[2] / "reference" / "sureal_figures.json").read_text())
FIGURES = [dict(zip(REFERENCE["columns"], row, strict=True)) for row in REFERENCE["figures"]]


@cache
def answered(folder: Path, data: str, how: str, model: str, screening: str) -> Answers:
    """Answer once for all figures of a data set and a model."""
    votes, reference_of = netflix(folder)
    if data == "partial":
        kept = REFERENCE["partial"]
        reference_of = np.array([kept.index(number) for number in reference_of[kept]])
    votes = prepared(dataset(votes, data, REFERENCE), how, reference_of)
    found = answers(votes, reference_of, model, screening)
    return found | percent_covered(found, REFERENCE["validation"]) if data == "validation" else found


@pytest.mark.parametrize(
    "figure",
    [pytest.param(row, id=f"{number}-{row['quantity']}-{row['of']}") for number, row in enumerate(FIGURES)],
)
def test_sureal_asserts_the_same_figure(shared: Path, figure: dict[str, Any]) -> None:
    asked = (figure[name] for name in ("data", "prepare", "model", "screening"))
    found = answered(shared, *asked)[figure["quantity"]]
    summaries: dict[str, Callable[[Any], Any]] = {
        "sum": np.sum,
        "mean": np.mean,
        "var": np.var,
        "std": np.std,
        "value": float,
    }
    of = figure["of"]
    value = found[of] if isinstance(of, int) else summaries[of](found)
    assert round(abs(value - figure["value"]), figure["places"]) == 0, figure["test"]


def test_no_figure_of_sureals_tests_is_unaccounted_for() -> None:
    # Its subjective_model_test, routine_test and experimental_test assert 511 figures to decimal places.
    assert len(FIGURES) + sum(REFERENCE["left_out"].values()) == 511
