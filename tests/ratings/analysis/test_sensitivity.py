"""Results with and without each screening rule, side by side."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ratings.analysis.options import AnalysisOptions
from ratings.analysis.prepared import prepare
from ratings.analysis.sensitivity import sensitivity
from ratings.analysis.votes import Votes


def contrary_panel() -> Votes:
    """Nine raters who answer 10, 20, 30 for m on a, b, c and 5 more for k, and one who turns it round."""
    rows = []
    for rater in range(10):
        for place, image in enumerate("abc"):
            for method, more in (("m", 0.0), ("k", 5.0)):
                value = 10.0 * (place + 1) + more
                value = 45.0 - value if rater == 9 else value
                rows.append({"rater": f"r{rater}", "image": image, "method": method, "difference": value})
    return Votes.from_frame(pd.DataFrame(rows), methodology="dscqs")


def frame_of(options: AnalysisOptions) -> pd.DataFrame:
    return sensitivity(prepare(contrary_panel(), options), options).set_index(["screening", "method"])


def test_every_rule_has_a_row_a_method() -> None:
    frame = frame_of(AnalysisOptions())
    assert frame.index.tolist() == [(r, m) for r in ("none", "bt500", "correlation") for m in "mk"]


def test_what_a_rule_changes_is_said() -> None:
    # The contrary rater gives m 35, 25, 15: without them m's means go from 12.5, 20.5, 28.5 to 10, 20, 30.
    row = frame_of(AnalysisOptions()).loc[("correlation", "m")]
    assert row[["raters_rejected", "n_raters"]].tolist() == [1, 9]
    assert row["dmos"] == pytest.approx(20)
    assert row["change"] == pytest.approx(20 - (12.5 + 20.5 + 28.5) / 3)
    assert row["largest_stimulus_change"] == pytest.approx(2.5)


def test_nothing_changes_without_a_rule() -> None:
    frame = frame_of(AnalysisOptions()).loc["none"]
    assert (frame["change"] == 0).all()
    assert (frame["largest_stimulus_change"] == 0).all()
    assert frame["rank"].tolist() == [1, 2]


def test_the_rule_asked_for_does_not_change_the_rows() -> None:
    plain, screened = frame_of(AnalysisOptions()), frame_of(AnalysisOptions(screening="correlation"))
    pd.testing.assert_frame_equal(plain, screened)


def test_an_estimator_that_cannot_work_says_why() -> None:
    frame = frame_of(AnalysisOptions(estimator="subject_model"))  # six votes a rater are too few
    assert frame["dmos"].isna().all()
    assert frame["note"].str.contains("needs 8 of them").all()
    assert np.isnan(frame.loc[("none", "m"), "change"])
