"""The tables for a paper, in LaTeX."""

import numpy as np
import pandas as pd
import pytest

from ratings import latex
from ratings.analysing import run_analysis
from ratings.analysis.options import AnalysisOptions
from ratings.analysis.votes import Votes


def analysis_of(centres: dict[str, float], metrics: pd.DataFrame | None = None, **options: object):
    """Twelve raters who see each method at its centre on three images, give or take two points."""
    rng = np.random.default_rng(2)
    frame = pd.DataFrame(
        [
            {"rater": f"r{rater}", "image": f"i{image}", "method": method, "difference": value}
            for rater in range(12)
            for image in range(3)
            for method, centre in centres.items()
            for value in [float(np.clip(rng.normal(centre, 2), -100, 100))]
        ]
    )
    votes = Votes.from_frame(frame, methodology="dscqs")
    chosen = AnalysisOptions(**options)  # type: ignore[arg-type]
    return run_analysis(votes, chosen, trials=frame, metrics=metrics, mixed_model=False)


def rows(text: str, start: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith(start)]


def test_a_negative_score_is_printed_as_it_is():
    found = analysis_of({"better": -20.0, "worse": 30.0})
    text = latex.tables(found.tables, found.report)
    score = found.tables.methods.set_index("method").loc["better", "dmos"]
    assert rows(text, "better &")[0].startswith(rf"better & \textbf{{{score:.2f}}} & -2")
    assert "$<$-" not in text
    assert "$<$0.0 " not in text


def test_a_tiny_p_is_printed_as_being_small():
    found = analysis_of({"better": -20.0, "worse": 30.0})
    (pair,) = rows(latex.tables(found.tables, found.report), "better vs worse")
    assert "$<$0.0001" in pair
    assert "0.0000" not in pair


def test_metrics_have_columns_only_where_they_are_known():
    known = pd.DataFrame(
        [
            {"image": f"i{image}", "method": method, "psnr": psnr, "ssim": np.nan}
            for image in range(3)
            for method, psnr in (("a", 30.0), ("b", 28.0))
        ]
    )
    without = analysis_of({"a": 1.0, "b": 9.0})
    assert "PSNR" not in latex.tables(without.tables, without.report)
    found = analysis_of({"a": 1.0, "b": 9.0}, known)
    text = latex.tables(found.tables, found.report)
    assert "& PSNR" in text
    assert "SSIM" not in text


def test_scores_within_methods_have_no_best_row_and_no_pairs():
    found = analysis_of({"a": 1.0, "b": 9.0}, estimator="zscore", scope="method")
    text = latex.tables(found.tables, found.report)
    assert r"\textbf" not in text
    assert "vs" not in text


@pytest.mark.parametrize("name", ["50% off_me", "a & b"])
def test_a_name_is_no_command(name):
    found = analysis_of({name: 1.0, "b": 9.0})
    text = latex.tables(found.tables, found.report)
    assert name not in text
    assert name.replace("%", r"\%").replace("_", r"\_").replace("&", r"\&") in text


def test_a_table_without_groups_has_no_empty_heading():
    found = analysis_of({"a": 1.0, "b": 9.0})
    text = latex.tables(found.tables, found.report)
    lines = text.splitlines()
    assert all(lines[at + 1].strip(" &\\") for at, line in enumerate(lines) if line == r"\toprule")
