"""Choices between two methods: what is read, what is refused, and what they say of sides and circles."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ratings.analysis.choices import Choices, circular_triads, left_share

COLUMNS = ["rater", "image", "method_a", "method_b", "side_a", "choice"]


def table(*rows: tuple[object, ...], **columns: object) -> pd.DataFrame:
    """Rows of (rater, image, method a, method b, side of a, choice)."""
    return pd.DataFrame([dict(zip(COLUMNS, row, strict=True)) for row in rows]).assign(**columns)


def tournament(rater: str, image: str, *preferred: str) -> list[tuple[object, ...]]:
    """Votes by one rater, each written "ab" for a chosen over b, as method a and method b in turn."""
    forth = [(rater, image, pair[0], pair[1], "left", "a") for pair in preferred[::2]]
    back = [(rater, image, pair[1], pair[0], "left", "b") for pair in preferred[1::2]]
    return [*forth, *back]


TWO = table(("r1", "i1", "m1", "m2", "left", "a"), ("r2", "i1", "m3", "m1", "right", "tie"))


def test_names_are_in_order_of_first_appearance_and_votes_in_that_of_the_rows() -> None:
    found = Choices.from_frame(TWO)
    assert (found.raters, found.images, found.methods) == (("r1", "r2"), ("i1",), ("m1", "m2", "m3"))
    assert (found.rater_of.tolist(), found.image_of.tolist()) == ([0, 1], [0, 0])
    assert (found.a_of.tolist(), found.b_of.tolist()) == ([0, 2], [1, 0])
    assert found.on_left.tolist() == [1.0, 0.0]


def test_a_choice_is_what_method_a_gets() -> None:
    frame = table(
        ("r1", "i", "x", "y", "left", "a"),
        ("r2", "i", "x", "y", "left", "b"),
        ("r3", "i", "x", "y", "left", "tie"),
    )
    assert Choices.from_frame(frame).share.tolist() == [1.0, 0.0, 0.5]


def test_a_number_and_its_text_are_one_name() -> None:
    frame = table(("1", "i", 7, "8", "left", "a"), (1, "i", "7", 9, "left", "a"))
    found = Choices.from_frame(frame)
    assert (found.raters, found.methods) == (("1",), ("7", "8", "9"))


@pytest.mark.parametrize("missing", ["rater", "image", "method_a", "method_b", "choice"])
def test_a_missing_column_is_refused_by_name(missing: str) -> None:
    with pytest.raises(
        ValueError, match=rf"^votes.csv: the comparisons have no column '{missing}'; needed: "
    ):
        Choices.from_frame(TWO.drop(columns=missing), file="votes.csv")


@pytest.mark.parametrize("column", ["rater", "image", "method_a", "method_b"])
@pytest.mark.parametrize("nothing", ["", None])
def test_an_empty_label_is_refused_with_its_row(column: str, nothing: str | None) -> None:
    frame = TWO.copy()
    frame.loc[1, column] = nothing
    with pytest.raises(ValueError, match=f"^data row 2: the column '{column}' is empty$"):
        Choices.from_frame(frame)


@pytest.mark.parametrize("choice", ["A", "", None, 1])
def test_an_unknown_choice_is_refused_with_its_line(choice: object) -> None:
    frame = table(("r", "i", "x", "y", "left", "a"), ("s", "i", "x", "y", "left", choice))
    frame.index = pd.Index([2, 5])
    with pytest.raises(ValueError, match=r"^votes.csv, line 5: choice .* is not a, b or tie"):
        Choices.from_frame(frame, file="votes.csv")


def test_a_method_compared_with_itself_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^data row 1: method_a and method_b are both 'x'"):
        Choices.from_frame(table(("r", "i", "x", "x", "left", "a")))


def test_an_unknown_side_is_refused_and_an_empty_one_is_not_known() -> None:
    with pytest.raises(ValueError, match=r"^data row 1: side_a 'top' is not left or right"):
        Choices.from_frame(table(("r", "i", "x", "y", "top", "a")))
    frame = table(("r", "i", "x", "y", "", "a"), ("s", "i", "x", "y", None, "a"))
    assert np.isnan(Choices.from_frame(frame).on_left).all()
    assert np.isnan(Choices.from_frame(TWO.drop(columns="side_a")).on_left).all()


def test_a_second_vote_on_a_pair_is_refused_whichever_method_is_called_a() -> None:
    frame = table(("r", "i", "x", "y", "left", "a"), ("r", "i", "y", "x", "left", "b"))
    with pytest.raises(
        ValueError, match=r"^data row 2: rater 'r' compares 'y' and 'x' of image 'i' a second"
    ):
        Choices.from_frame(frame)


def test_the_same_pair_by_another_rater_or_on_another_image_is_a_vote() -> None:
    frame = table(
        ("r", "i", "x", "y", "left", "a"),
        ("s", "i", "x", "y", "left", "a"),
        ("r", "j", "x", "y", "left", "a"),
    )
    assert Choices.from_frame(frame).share.size == 3


def test_only_kind_test_enters_and_the_rest_is_told() -> None:
    frame = table(("r", "i", "x", "y", "left", "a"), ("r", "i", "y", "x", "left", "a"))
    found = Choices.from_frame(frame.assign(kind=["test", "repeat"]))
    assert found.share.size == 1
    assert found.notes == ("1 comparisons of kind 'repeat' were left out; only kind 'test' enters a scale.",)
    with pytest.raises(ValueError, match="none of the 2 comparisons is of kind 'test'"):
        Choices.from_frame(frame.assign(kind="trap"))


def test_rows_after_one_left_out_keep_their_numbers() -> None:
    frame = table(("r", "i", "x", "y", "left", "a"), ("r", "i", "x", "y", "left", "?"))
    with pytest.raises(ValueError, match=r"^data row 2: choice '[?]'"):
        Choices.from_frame(frame.assign(kind=["training", "test"]))


def test_simulated_votes_are_left_out_beside_real_ones_unless_asked_for() -> None:
    both = Choices.from_frame(TWO.assign(source=["simulated", "browser"]))
    real = both.to_analyse(include_simulated=False)
    assert (real.raters, real.methods, real.a_of.tolist()) == (("r2",), ("m1", "m3"), [1])
    assert real.notes == (
        "1 votes by simulated raters were left out, because the study has votes by people.",
    )
    assert both.to_analyse(include_simulated=True).share.size == 2
    alone = Choices.from_frame(TWO.assign(source="simulated")).to_analyse(include_simulated=False)
    assert alone.simulated.all()
    assert alone.share.size == 2


def test_the_left_share_counts_decided_votes_of_known_sides_with_the_exact_interval() -> None:
    # a on the left and chosen, or a on the right and not chosen: the left one was chosen; 5 of 10.
    rows = [("left", "a")] * 3 + [("right", "b")] * 2 + [("left", "b")] * 4 + [("right", "a")]
    rows += [("left", "tie"), ("", "a")]
    frame = table(*((f"r{n}", "i", "x", "y", *row) for n, row in enumerate(rows)))
    found = left_share(Choices.from_frame(frame), level=0.95)
    # Clopper & Pearson's limits for 5 of 10, from published tables: 18.71 % and 81.29 %.
    assert (found.n, found.share) == (10, 0.5)
    assert (found.ci_low, found.ci_high) == (pytest.approx(0.1871, abs=5e-5), pytest.approx(0.8129, abs=5e-5))


def test_the_left_share_without_a_known_side_is_not_a_number() -> None:
    found = left_share(Choices.from_frame(TWO.drop(columns="side_a")), level=0.95)
    assert found.n == 0
    assert np.isnan([found.share, found.ci_low, found.ci_high]).all()


def test_a_rater_without_contradictions_has_no_triads_and_zeta_1() -> None:
    frame = table(*tournament("r", "i", "ab", "ac", "ad", "bc", "bd", "cd"))
    found = circular_triads(Choices.from_frame(frame))
    assert found.to_dict("records") == [
        {"rater": "r", "n": 6, "ties": 0, "tournaments": 1, "triads": 0, "zeta": 1.0}
    ]


def test_a_circle_of_three_has_one_triad_and_zeta_0() -> None:
    found = circular_triads(Choices.from_frame(table(*tournament("r", "i", "ab", "bc", "ca"))))
    assert (found["triads"].tolist(), found["zeta"].tolist()) == ([1], [0.0])


def test_triads_are_added_over_images_and_set_against_the_most_there_could_be() -> None:
    # Image i, by hand: of abc, abd, acd, bcd the circles are a>b>d>a and a>c>d>a: 2, the most for 4 methods
    # (Kendall & Babington Smith: (n³ − 4n) / 24). Image j has one circle at most, and none. 1 − 2/3.
    circles = tournament("r", "i", "ab", "ac", "da", "bc", "bd", "cd")
    frame = table(*circles, *tournament("r", "j", "ab", "ac", "bc"))
    found = circular_triads(Choices.from_frame(frame)).iloc[0]
    assert (found["n"], found["tournaments"], found["triads"]) == (9, 2, 2)
    assert found["zeta"] == pytest.approx(1 / 3)


def test_five_methods_that_each_win_twice_have_five_triads_the_most_there_are() -> None:
    # The published maximum for 5 is (125 − 5) / 24 = 5.
    pairs = ["ab", "bc", "cd", "de", "ea", "ac", "bd", "ce", "da", "eb"]
    found = circular_triads(Choices.from_frame(table(*tournament("r", "i", *pairs))))
    assert (found["triads"].tolist(), found["zeta"].tolist()) == ([5], [0.0])


def test_ties_missing_pairs_and_single_pairs_make_no_tournament() -> None:
    tied = table(("r", "i", "a", "b", "left", "tie"), *tournament("r", "i", "bc", "ca"))
    partial = table(*tournament("s", "i", "ab", "bc", "cd", "da"), *tournament("s", "j", "ab"))
    found = circular_triads(Choices.from_frame(pd.concat([tied, partial], ignore_index=True)))
    assert found["tournaments"].tolist() == [0, 0]
    assert (found["ties"].tolist(), found["triads"].tolist()) == ([1, 0], [0, 0])
    assert found["zeta"].isna().all()
