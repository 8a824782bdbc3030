"""From votes to the three tables: columns, order, numbers and the sentences beside them."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest

from ratings.analysis.options import AnalysisOptions
from ratings.analysis.tables import analyse
from ratings.analysis.votes import Votes
from tests.ratings.analysis.conftest import MakeVotes

# Two images by two methods by three raters; r2 gave no vote where there is None.
COMPLETE: dict[tuple[str, str], list[float | None]] = {
    ("b", "teacher"): [10, 30, 50],
    ("b", "student"): [0, 3, -6],
    ("a", "student"): [5, 7, 9],
    ("a", "teacher"): [20, 10, 30],
}
PARTIAL = COMPLETE | {("a", "teacher"): [20, 10, None]}

# The files' columns are a contract with other people's scripts.
DMOS_COLUMNS = (
    "image,method,n,dmos,sd,ci_low,ci_high,estimator,scope,screening,ci,higher_is,psnr,ssim,level,"
    "methodology,scale_min,scale_max"
)
METHODS_COLUMNS = (
    "method,n_raters,n_images,dmos,sd,ci_low,ci_high,psnr,ssim,estimator,scope,screening,ci,level,higher_is"
)


def test_the_tables_have_the_columns_promised(make_votes: MakeVotes) -> None:
    tables = analyse(make_votes(COMPLETE), AnalysisOptions())
    assert ",".join(tables.dmos.columns) == DMOS_COLUMNS
    assert ",".join(tables.methods.columns) == METHODS_COLUMNS
    assert list(tables.dmos_table.columns) == ["method", "b", "a"]


def test_a_row_says_how_it_was_made(make_votes: MakeVotes) -> None:
    options = AnalysisOptions(estimator="zscore", ci="normal", level=0.9)
    row = analyse(make_votes(COMPLETE), options).dmos.iloc[0]
    told = row[["estimator", "scope", "screening", "ci", "higher_is", "level", "methodology"]]
    assert told.tolist() == ["zscore", "study", "none", "normal", "worse", 0.9, "dscqs"]
    assert row[["scale_min", "scale_max"]].tolist() == [0, 100]


def test_the_scope_of_a_mean_is_empty(make_votes: MakeVotes) -> None:
    assert set(analyse(make_votes(COMPLETE), AnalysisOptions()).dmos["scope"]) == {""}


def test_a_stimulus_has_the_numbers_of_a_hand_calculation(make_votes: MakeVotes) -> None:
    # Differences 0, 3, −6: mean −1, sample sd √21 = 4.582576, half width 4.302653 · √21 / √3 = 11.383749.
    dmos = analyse(make_votes(COMPLETE), AnalysisOptions()).dmos
    row = dmos[(dmos["image"] == "b") & (dmos["method"] == "student")].iloc[0]
    assert row["n"] == 3
    numbers = row[["dmos", "sd", "ci_low", "ci_high"]].astype(float)
    np.testing.assert_allclose(numbers, [-1, 4.582576, -12.383749, 10.383749], rtol=1e-6)


def test_a_method_has_the_numbers_of_a_hand_calculation(make_votes: MakeVotes) -> None:
    # Teacher: raters' means over the images 15, 20, 40; the half width is worked out in test_by_method.
    methods = analyse(make_votes(COMPLETE), AnalysisOptions()).methods.set_index("method")
    row = methods.loc["teacher"]
    assert row[["n_raters", "n_images", "ci"]].tolist() == [3, 2, "t"]
    numbers = row[["dmos", "sd", "ci_low", "ci_high"]].astype(float)
    np.testing.assert_allclose(numbers, [25, 13.228757, -7.862100, 57.862100], rtol=1e-5)


def test_rows_go_by_image_and_method_in_the_order_given(make_votes: MakeVotes) -> None:
    tables = analyse(
        make_votes(COMPLETE), AnalysisOptions(), image_order=["a", "z"], method_order=["bicubic", "student"]
    )
    pairs = list(zip(tables.dmos["image"], tables.dmos["method"], strict=True))
    assert pairs == [("a", "student"), ("a", "teacher"), ("b", "student"), ("b", "teacher")]
    assert tables.methods["method"].tolist() == ["student", "teacher"]
    assert list(tables.dmos_table.columns) == ["method", "a", "b"]


def test_the_numbers_do_not_depend_on_the_order_of_rows(make_votes: MakeVotes) -> None:
    one = analyse(make_votes(PARTIAL), AnalysisOptions(), image_order="ab", method_order=["student"])
    turned = dict(reversed(PARTIAL.items()))
    other = analyse(make_votes(turned), AnalysisOptions(), image_order="ab", method_order=["student"])
    pd.testing.assert_frame_equal(one.dmos, other.dmos)
    pd.testing.assert_frame_equal(one.methods, other.methods)


def test_the_table_has_a_row_a_method_and_a_gap_where_there_is_no_stimulus(make_votes: MakeVotes) -> None:
    votes = make_votes({("b", "teacher"): [10, 30], ("a", "teacher"): [4, 6], ("a", "student"): [1, 2]})
    table = analyse(votes, AnalysisOptions()).dmos_table
    assert table["method"].tolist() == ["teacher", "student"]
    np.testing.assert_array_equal(table[["b", "a"]], [[20.0, 5.0], [np.nan, 1.5]])


def test_an_image_may_be_called_method(make_votes: MakeVotes) -> None:
    table = analyse(make_votes({("method", "teacher"): [10, 30]}), AnalysisOptions()).dmos_table
    assert table.to_numpy().tolist() == [["teacher", 20.0]]


def test_a_partial_design_is_bounded_by_the_bootstrap_and_says_so(make_votes: MakeVotes) -> None:
    tables = analyse(make_votes(PARTIAL), AnalysisOptions(seed=4))
    assert set(tables.methods["ci"]) == {"bootstrap"}
    assert set(tables.dmos["ci"]) == {"t"}
    assert "resamplings of the raters (seed 4)" in tables.notes[0]


def test_the_bootstrap_depends_on_the_seed_alone(make_votes: MakeVotes) -> None:
    some = np.random.default_rng(0).normal(20, 10, (3, 12)).round(1).tolist()
    votes = make_votes({("a", "m"): some[0], ("b", "m"): some[1], ("c", "m"): [None, *some[2][1:]]})
    first, same, other = (analyse(votes, AnalysisOptions(seed=seed)).methods for seed in (4, 4, 5))
    pd.testing.assert_frame_equal(first, same)
    assert first.loc[0, "ci_low"] != other.loc[0, "ci_low"]


def test_the_level_asked_for_bounds_stimuli_and_methods(make_votes: MakeVotes) -> None:
    # t(0.95, 2) = 2.919986: 2.919986 · √21 / √3 = 7.725556 and 2.919986 · 13.228757 / √3 = 22.301759.
    tables = analyse(make_votes(COMPLETE), AnalysisOptions(level=0.9))
    student = tables.dmos[(tables.dmos["image"] == "b") & (tables.dmos["method"] == "student")].iloc[0]
    assert student["ci_high"] == pytest.approx(-1 + 7.725556)
    assert tables.methods.loc[0, "ci_high"] == pytest.approx(25 + 22.301759)


def test_raters_who_saw_different_methods_are_still_a_complete_design(make_votes: MakeVotes) -> None:
    votes = make_votes({("a", "teacher"): [1, 2, None, None], ("a", "student"): [None, None, 3, 5]})
    assert set(analyse(votes, AnalysisOptions()).methods["ci"]) == {"t"}


def test_scope_method_warns_that_methods_cannot_be_compared(make_votes: MakeVotes) -> None:
    tables = analyse(make_votes(COMPLETE), AnalysisOptions(estimator="zscore", scope="method"))
    assert any("cannot be used to rank or compare methods" in note for note in tables.notes)
    np.testing.assert_allclose(tables.methods["dmos"], 50)
    assert set(tables.methods["ci"]) == {"none"}
    assert tables.methods[["sd", "ci_low", "ci_high"]].isna().all(axis=None)


def test_zscores_over_the_study_keep_the_methods_apart(make_votes: MakeVotes) -> None:
    tables = analyse(make_votes(COMPLETE), AnalysisOptions(estimator="zscore"))
    score = tables.methods.set_index("method")["dmos"]
    assert score["teacher"] > 50 > score["student"]
    (note,) = tables.notes  # three raters are too few to model, and nothing else is to be said
    assert note.startswith("The raters' bias and inconsistency are not known: 0 raters gave 10 votes")


def test_a_rater_dropped_from_the_zscores_is_named(make_votes: MakeVotes) -> None:
    stuck = {key: [*values, 12.0] for key, values in COMPLETE.items()} | {
        ("c", "student"): [None] * 4 + [3.0]
    }
    tables = analyse(make_votes(stuck), AnalysisOptions(estimator="zscore"))
    assert "Rater 'r3' was dropped from the z-scores: all 4 votes are equal." in tables.notes
    assert "Rater 'r4' was dropped from the z-scores: one vote has no spread." in tables.notes
    assert tables.dmos.set_index(["image", "method"]).loc[("a", "student"), "n"] == 3
    assert tables.methods["n_raters"].tolist() == [3, 3]


def test_the_session_and_method_of_dropped_votes_are_named(make_votes: MakeVotes) -> None:
    votes = make_votes(COMPLETE | {("a", "teacher"): [10, 10, 10]}, session="s1")
    notes = analyse(votes, AnalysisOptions(estimator="zscore", scope="method")).notes
    expected = (
        "Rater 'r0' was dropped from the z-scores in session 's1' on method 'teacher': all 2 votes are equal."
    )
    assert expected in notes


def test_a_stimulus_left_without_votes_has_a_row_and_no_number(make_votes: MakeVotes) -> None:
    votes = make_votes(COMPLETE | {("c", "student"): [None, None, None, 3]})
    metrics = pd.DataFrame(
        {"image": ["a", "b", "c"], "method": "student", "psnr": [30.0, 32, 50], "ssim": 1.0}
    )
    tables = analyse(votes, AnalysisOptions(estimator="zscore"), metrics=metrics)
    row = tables.dmos.set_index(["image", "method"]).loc[("c", "student")]
    assert row["n"] == 0
    assert np.isnan(row["dmos"])
    assert tables.methods.set_index("method").loc["student", ["n_images", "psnr"]].tolist() == [2, 31.0]
    assert any(
        "no vote left and therefore no dmos: 1, the first of them image 'c'" in one for one in tables.notes
    )


def test_a_stimulus_with_one_vote_is_told(make_votes: MakeVotes) -> None:
    notes = analyse(make_votes({("a", "m"): [5], ("b", "m"): [6, 7]}), AnalysisOptions()).notes
    assert any(
        "one vote and therefore no sd or interval: 1, the first of them image 'a'" in one for one in notes
    )


def test_metrics_stand_beside_the_scores_and_an_infinite_psnr_stays(make_votes: MakeVotes) -> None:
    metrics = pd.DataFrame(
        [
            ("a", "student", np.inf, 1.0),
            ("a", "teacher", 30.0, 0.9),
            ("b", "teacher", 32.0, 0.8),
            ("z", "teacher", 99.0, 0.1),
        ],
        columns=["image", "method", "psnr", "ssim"],
    )
    tables = analyse(make_votes(COMPLETE), AnalysisOptions(), metrics=metrics)
    beside = tables.dmos.set_index(["image", "method"])[["psnr", "ssim"]]
    assert beside.loc[("a", "student")].tolist() == [np.inf, 1.0]
    assert beside.loc[("b", "student")].isna().all()
    means = tables.methods.set_index("method")[["psnr", "ssim"]]
    np.testing.assert_allclose(means.loc["teacher"], [31.0, 0.85])
    assert means.loc["student"].isna().all()
    out = io.StringIO()
    tables.dmos.to_csv(out, index=False)
    assert ",worse,inf,1.0,0.95,dscqs,0.0,100.0\n" in out.getvalue()


def test_metrics_that_lack_a_column_or_repeat_a_stimulus_are_refused(make_votes: MakeVotes) -> None:
    votes = make_votes(COMPLETE)
    twice = pd.DataFrame({"image": ["a", "a"], "method": ["m", "m"], "psnr": [1.0, 2.0], "ssim": [0.1, 0.2]})
    with pytest.raises(ValueError, match="the metrics have no column 'ssim'"):
        analyse(votes, AnalysisOptions(), metrics=twice.drop(columns="ssim"))
    with pytest.raises(ValueError, match="the metrics hold image 'a' by method 'm' twice"):
        analyse(votes, AnalysisOptions(), metrics=twice)


def test_simulated_votes_are_told_apart(make_votes: MakeVotes) -> None:
    assert not analyse(make_votes(COMPLETE), AnalysisOptions()).simulated
    assert analyse(make_votes(COMPLETE, source="simulated"), AnalysisOptions()).simulated


def test_include_simulated_decides_whether_they_enter_beside_people() -> None:
    rows = [("ann", "browser", 10.0), ("bob", "browser", 20.0), ("sim", "simulated", 90.0)]
    frame = pd.DataFrame(rows, columns=["rater", "source", "difference"]).assign(image="a", method="m")
    votes = Votes.from_frame(frame, methodology="dscqs", scale=(0, 100))
    without = analyse(votes, AnalysisOptions())
    assert (without.dmos.loc[0, "dmos"], without.simulated) == (15, False)
    together = analyse(votes, AnalysisOptions(include_simulated=True))
    assert (together.dmos.loc[0, "dmos"], together.simulated) == (40, True)
