"""Votes: what a long table gives, and what is refused in it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from ratings.analysis.votes import Session, Stimulus, Votes


def frame(*rows: dict[str, Any]) -> pd.DataFrame:
    """Return a table whose rows are a good one with the changes named."""
    good = {"rater": "ann", "image": "a", "method": "m", "reference_score": 80.0, "test_score": 60.0}
    return pd.DataFrame([good | row for row in rows])


def votes(table: pd.DataFrame, *, scale_min: float = 0, scale_max: float = 100) -> Votes:
    return Votes.from_frame(table, methodology="dscqs", scale=(scale_min, scale_max))


def test_a_difference_is_reference_minus_test() -> None:
    assert votes(frame({"reference_score": 80, "test_score": 60})).value.tolist() == [20.0]


def test_a_negative_difference_stays_negative() -> None:
    assert votes(frame({"reference_score": 10, "test_score": 60.5})).value.tolist() == [-50.5]


def test_a_table_of_differences_needs_no_scores() -> None:
    table = frame({"difference": -100.0}).drop(columns=["reference_score", "test_score"])
    assert votes(table).value.tolist() == [-100.0]


def test_a_row_without_scores_may_give_its_difference_instead() -> None:
    table = frame({"difference": None}, {"image": "b", "reference_score": None, "test_score": None})
    assert votes(table.assign(difference=[None, 7.5])).value.tolist() == [20.0, 7.5]


def test_stimuli_raters_and_sessions_come_in_order_of_first_appearance() -> None:
    result = votes(
        frame(
            {"rater": "zoe", "image": "b", "session": "2"},
            {"rater": "ann", "image": "b", "session": "1"},
            {"rater": "ann", "image": "a", "session": "2"},
            {"rater": "zoe", "image": "b", "method": "k", "session": "2"},
        )
    )
    assert result.stimuli == (Stimulus("b", "m"), Stimulus("a", "m"), Stimulus("b", "k"))
    assert result.raters == ("zoe", "ann")
    assert result.sessions == (Session("zoe", "2"), Session("ann", "1"), Session("ann", "2"))
    assert result.session_of.tolist() == [0, 1, 2, 0]


def test_scores_are_stimuli_by_raters_with_nan_for_no_vote() -> None:
    result = votes(
        frame({"test_score": 50}, {"image": "b", "test_score": 70}, {"image": "b", "rater": "bob"})
    )
    np.testing.assert_array_equal(result.table().matrix(), [[30.0, np.nan], [10.0, 20.0]])


def test_without_a_session_column_a_rater_has_one_session() -> None:
    assert votes(frame({}, {"image": "b"})).sessions == (Session("ann", "ann"),)


def test_raters_named_by_numbers_are_named_by_text() -> None:
    assert votes(frame({"rater": 101}, {"rater": 102})).raters == ("101", "102")


def test_only_trials_of_kind_test_enter_and_the_others_are_counted() -> None:
    result = votes(
        frame({"kind": "test"}, {"kind": "repeat", "test_score": 0}, {"kind": "trap", "test_score": 999})
    )
    assert result.value.tolist() == [20.0]
    assert result.notes == (
        "1 ratings of kind 'repeat' were left out; only kind 'test' enters a score.",
        "1 ratings of kind 'trap' were left out; only kind 'test' enters a score.",
    )


def test_a_kind_unknown_is_refused_rather_than_left_out() -> None:
    with pytest.raises(ValueError, match="data row 2: the kind 'Test' is not one of training, dummy, test"):
        votes(frame({"kind": "test"}, {"kind": "Test", "image": "b"}))


def test_simulated_votes_go_when_people_voted_too() -> None:
    table = frame(
        {"rater": "sim", "image": "b", "source": "simulated"},
        {"rater": "sim", "source": "simulated"},
        {"rater": "ann", "source": "browser", "test_score": 55},
        {"rater": "sim", "image": "c", "source": "simulated"},
    )
    kept = votes(table).to_analyse(include_simulated=False)
    assert (kept.raters, kept.stimuli) == (("ann",), (Stimulus("a", "m"),))
    np.testing.assert_array_equal(kept.table().matrix(), [[25.0]])
    assert kept.sessions[kept.session_of[0]].rater == "ann"
    assert "3 votes by simulated raters were left out" in kept.notes[0]


def test_simulated_votes_stay_when_asked_for_or_alone() -> None:
    mixed = votes(frame({"source": "import"}, {"rater": "sim", "source": "simulated"}))
    assert mixed.to_analyse(include_simulated=True).raters == ("ann", "sim")
    alone = votes(frame({"source": "simulated"}))
    assert alone.to_analyse(include_simulated=False).raters == ("ann",)


@pytest.mark.parametrize(
    ("bad", "sentence"),
    [
        ({"test_score": 100.5}, "data row 2: test_score 100.5 is off the scale, which runs from 0 to 100"),
        ({"reference_score": -1}, "data row 2: reference_score -1 is off the scale"),
        ({"test_score": float("inf")}, "data row 2: test_score inf is off the scale"),
        (
            {"test_score": float("nan")},
            "data row 2: only one of reference_score 80 and test_score nan is a number",
        ),
        ({"reference_score": None, "test_score": None}, "data row 2: no score is given"),
        ({"test_score": "sixty"}, "data row 2: test_score 'sixty' is not a number"),
        ({"rater": None}, "data row 2: the column 'rater' is empty"),
        ({"image": ""}, "data row 2: the column 'image' is empty"),
        ({"image": "a"}, "data row 2: rater 'ann' votes a second time on image 'a' by method 'm'"),
    ],
)
def test_a_bad_row_is_refused_with_its_number_and_value(bad: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        votes(frame({}, {"image": "b"} | bad))


def test_rows_are_numbered_as_in_the_whole_table() -> None:
    with pytest.raises(ValueError, match="data row 3: test_score 200 is off"):
        votes(
            frame({"kind": "training"}, {"kind": "test"}, {"kind": "test", "image": "b", "test_score": 200})
        )


def test_a_second_vote_in_another_session_is_refused_too() -> None:
    with pytest.raises(ValueError, match="data row 2: rater 'ann' votes a second time"):
        votes(frame({"session": "1"}, {"session": "2"}))


def test_a_difference_that_contradicts_its_scores_is_refused() -> None:
    with pytest.raises(ValueError, match="data row 1: difference -20 is not reference − test = 20"):
        votes(frame({"difference": -20.0}))


def test_a_difference_larger_than_the_scale_is_refused() -> None:
    table = frame({"difference": 5.0}).drop(columns=["reference_score", "test_score"])
    with pytest.raises(ValueError, match="difference 5 is off the scale, which runs from -4 to 4"):
        votes(table, scale_min=1, scale_max=5)


@pytest.mark.parametrize("column", ["rater", "image", "method"])
def test_a_missing_label_column_is_named(column: str) -> None:
    with pytest.raises(ValueError, match=f"the ratings have no column '{column}'"):
        votes(frame({}).drop(columns=column))


def test_a_table_with_half_of_the_scores_is_refused() -> None:
    needed = "needs the columns 'reference_score' and 'test_score', or the column 'difference'"
    with pytest.raises(ValueError, match=needed):
        votes(frame({}).drop(columns="test_score"))


def test_a_table_without_votes_is_refused() -> None:
    with pytest.raises(ValueError, match="there are no votes to analyse: none of the 0 ratings"):
        votes(frame({})[:0])
    with pytest.raises(ValueError, match="there are no votes to analyse: none of the 1 ratings"):
        votes(frame({"kind": "trap"}))


def test_a_methodology_unknown_is_refused_with_those_known() -> None:
    with pytest.raises(ValueError, match="'mushra' is not available; available: dscqs, dsis, acr, acr_hr"):
        Votes.from_frame(frame({}), methodology="mushra")


def scored(*rows: dict[str, Any]) -> pd.DataFrame:
    """Return a table of single scores whose rows are a good one with the changes named."""
    return pd.DataFrame([{"rater": "ann", "image": "a", "method": "m", "score": 4.0} | row for row in rows])


def test_single_scores_are_taken_as_they_are_on_five_points() -> None:
    result = Votes.from_frame(scored({}, {"image": "b", "score": 2}), methodology="dsis")
    assert result.value.tolist() == [4.0, 2.0]
    assert (result.methodology, result.scale_min, result.scale_max) == ("dsis", 1, 5)


def test_scores_with_rated_references_are_acr_hr() -> None:
    result = Votes.from_frame(scored({}, {"method": "reference", "score": 5}), methodology=None)
    assert result.methodology == "acr_hr"
    assert result.reference_of().tolist() == [1, 1]


def test_pairs_and_differences_are_dscqs() -> None:
    assert Votes.from_frame(frame({}), methodology=None).methodology == "dscqs"


def test_scores_alone_do_not_say_what_was_asked() -> None:
    with pytest.raises(ValueError, match="name the methodology: dsis, acr or acr_hr"):
        Votes.from_frame(scored({}), methodology=None)


def test_a_methodology_that_does_not_fit_the_columns_is_refused() -> None:
    with pytest.raises(ValueError, match="'dscqs' needs the columns 'reference_score' and 'test_score'"):
        Votes.from_frame(scored({}), methodology="dscqs")
    with pytest.raises(ValueError, match="methodology 'acr' needs the column 'score'"):
        Votes.from_frame(frame({}), methodology="acr")


def test_a_row_of_a_file_is_named_by_its_line() -> None:
    table = frame({}, {"image": "b", "test_score": 120})
    table.index = pd.Index([2, 5])
    with pytest.raises(ValueError, match=r"^votes\.csv, line 5: test_score 120 is off the scale"):
        Votes.from_frame(table, methodology="dscqs", file="votes.csv")


def test_categories_are_read_like_texts() -> None:
    table = frame({"rater": "zoe"}, {"image": "b"}, {"rater": "zoe", "image": "b"})
    plain = votes(table)
    kinds = votes(table.astype(dict.fromkeys(("rater", "image", "method"), "category")))
    assert (kinds.stimuli, kinds.raters) == (plain.stimuli, plain.raters)
    assert kinds.stimulus_of.tolist() == plain.stimulus_of.tolist()


def test_an_empty_scale_is_refused() -> None:
    with pytest.raises(ValueError, match="the rating scale 100 to 0 is not a range"):
        votes(frame({}), scale_min=100, scale_max=0)
