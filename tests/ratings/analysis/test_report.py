"""What a study is reported with beyond its core tables, and the paragraph for the paper."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ratings.analysis import report as report_module
from ratings.analysis.options import AnalysisOptions
from ratings.analysis.prepared import Prepared, prepare
from ratings.analysis.report import Report, make_report
from ratings.analysis.tables import Tables, tabulate
from ratings.analysis.votes import Votes
from ratings.analysis.words import methods_paragraph
from tests.ratings.analysis.conftest import MakeVotes

METHODS = ("good", "fair", "poor")
IMAGES = tuple(f"i{number}" for number in range(5))


def panel_frame(raters: int = 12) -> pd.DataFrame:
    """Raters who see 10, 30 and 50 points of difference, give or take three."""
    rng = np.random.default_rng(5)
    return pd.DataFrame(
        [
            {
                "rater": f"r{rater}",
                "image": image,
                "method": method,
                "difference": 10.0 + 20 * place + rng.normal(0, 3),
            }
            for rater in range(raters)
            for image in IMAGES
            for place, method in enumerate(METHODS)
        ]
    )


def metric_frame() -> pd.DataFrame:
    """PSNR falls with the difference; SSIM is of no use."""
    rng = np.random.default_rng(6)
    rows = [
        {
            "image": image,
            "method": method,
            "psnr": 35.0 - 3 * place + rng.normal(0, 0.3),
            "ssim": rng.random(),
        }
        for image in IMAGES
        for place, method in enumerate(METHODS)
    ]
    return pd.DataFrame(rows)


def reported(
    votes: Votes, options: AnalysisOptions, metrics: pd.DataFrame | None = None
) -> tuple[Prepared, Tables, Report]:
    prepared = prepare(votes, options)
    tables = tabulate(prepared, options, metrics=metrics)
    return prepared, tables, make_report(prepared, tables, options, metrics=metrics)


@pytest.fixture
def panel() -> Votes:
    return Votes.from_frame(panel_frame(), methodology="dscqs")


def test_an_image_averages_its_methods_within_each_rater_first(make_votes: MakeVotes) -> None:
    # Raters' means over the two methods of image a: 15 and 25; mean 20, sd 7.0711, t(0.975, 1) = 12.7062.
    votes = make_votes({("a", "m"): [10, 20], ("a", "k"): [20, 30], ("b", "m"): [0, 2], ("b", "k"): [4, 6]})
    frame = reported(votes, AnalysisOptions())[2].frames["images.csv"].set_index("image")
    row = frame.loc["a"]
    assert row[["n_raters", "n_methods", "ci"]].tolist() == [2, 2, "t"]
    np.testing.assert_allclose(row[["dmos", "sd"]].astype(float), [20, 7.0710678], rtol=1e-6)
    assert row["ci_high"] == pytest.approx(20 + 12.7062047 * 7.0710678 / np.sqrt(2), rel=1e-6)


def test_metrics_are_held_against_the_scores_where_they_are_known(panel: Votes) -> None:
    frames = reported(panel, AnalysisOptions(), metric_frame())[2].frames
    pooled = frames["correlation.csv"].query("level == 'pooled'").set_index("metric")
    assert pooled.loc["psnr", "srocc"] < -0.8 < pooled.loc["ssim", "srocc"]
    assert pooled.loc["psnr", "n"] == 15
    assert set(frames["metric_comparison.csv"]["measure"]) == {"plcc", "srocc", "rmse"}


def test_without_metrics_there_is_no_table_of_them(panel: Votes) -> None:
    frames = reported(panel, AnalysisOptions())[2].frames
    assert "correlation.csv" not in frames
    unknown = metric_frame().assign(psnr=np.nan, ssim=np.nan)
    assert "correlation.csv" not in reported(panel, AnalysisOptions(), unknown)[2].frames


def test_too_many_votes_leave_the_slow_tables_out_and_say_so(
    panel: Votes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_module, "MOST_VOTES", 100)
    found = reported(panel, AnalysisOptions())[2]
    assert "sensitivity.csv" not in found.frames
    assert "With more than 100 votes sensitivity, comparisons and agreement were left out" in found.notes[0]


def paragraph(votes: Votes, options: AnalysisOptions, **changes: object) -> str:
    prepared, tables, _ = reported(votes, options)
    said = {"self_paced": True, "comparisons": 3, "code_version": "1.2"} | changes
    return methods_paragraph(prepared, tables, options, **said)  # type: ignore[arg-type]


def test_the_paragraph_names_each_choice_made(panel: Votes) -> None:
    text = paragraph(panel, AnalysisOptions())
    assert "12 raters gave 180 votes on 15 stimuli (5 images by 3 methods)" in text
    assert "(double stimulus, DSCQS of Rec. ITU-R BT.500, self-paced)" in text
    assert "No rater was screened out by rule." in text
    assert "Intervals of nominal 95 % are by Student's t over raters" in text
    assert "Higher is worse." in text
    assert "in 3 pairs by paired t-tests" in text
    assert text.endswith("Computed with SRStudy 1.2.\n")


def test_the_paragraph_follows_the_options(panel: Votes) -> None:
    options = AnalysisOptions(estimator="subject_model", screening="bt500", level=0.9, seed=7)
    text = paragraph(panel, options, self_paced=False, comparisons=0)
    assert "self-paced" not in text
    assert "screened by the kurtosis rule of Rec. ITU-R BT.500: it rejects 0 of 12." in text
    assert "subject model of Rec. ITU-T P.910" in text
    assert "90 % are by a bias-corrected bootstrap over raters, widened for few raters (seed 7)" in text
    assert "Holm" not in text


def test_the_paragraph_begins_with_what_simulated_ratings_are(panel: Votes) -> None:
    votes = Votes.from_frame(panel_frame().assign(source="simulated"), methodology="dscqs")
    assert paragraph(votes, AnalysisOptions()).startswith("SIMULATED RATINGS")


def test_the_paragraph_warns_of_scores_within_methods(panel: Votes) -> None:
    text = paragraph(panel, AnalysisOptions(estimator="zscore", scope="method"))
    assert "and method, so methods cannot be compared" in text
    assert "without an interval" in text
