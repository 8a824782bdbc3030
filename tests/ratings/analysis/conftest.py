"""The cast of the statistics tests: small tables of votes, and the outside data where it is present."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from ratings.analysis.votes import Votes

MakeVotes = Callable[..., Votes]


@pytest.fixture
def make_votes() -> MakeVotes:
    """Return a maker of votes from {(image, method): differences of raters r0, r1, …; None is no vote}."""

    def make(differences: dict[tuple[str, str], list[float | None]], **columns: object) -> Votes:
        rows = [
            {"rater": f"r{number}", "image": image, "method": method, "difference": value, **columns}
            for (image, method), values in differences.items()
            for number, value in enumerate(values)
            if value is not None
        ]
        return Votes.from_frame(pd.DataFrame(rows), methodology="dscqs", scale=(0, 100))

    return make


@pytest.fixture
def shared() -> Path:
    """Return the folder of ratings and golden numbers from outside; skip where there is none."""
    beside = Path(__file__).parents[4] / "shared"
    folder = Path(os.environ.get("SRSTUDY_SHARED") or beside)
    if not (folder / "ratings" / "vqeg_frtv1_525_high.csv").is_file():
        pytest.skip(f"no outside ratings in {folder}; SRSTUDY_SHARED names the folder that has them")
    return folder
