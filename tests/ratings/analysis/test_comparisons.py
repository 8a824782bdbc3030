"""Pairs of methods over all images and image by image, against hand calculations and pandas with SciPy."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ratings.analysis import comparisons
from ratings.analysis.comparisons import COMPARISON_COLUMNS, Comparison, compare_methods
from ratings.analysis.scores import ScoreTable
from ratings.analysis.votes import Votes
from tests.ratings.analysis.conftest import MakeVotes

NAN = float("nan")


def compared(votes: Votes, *, level: float = 0.95, higher_is: str = "worse") -> Comparison:
    return compare_methods(
        votes.table(),
        votes.method_codes(),
        votes.image_codes(),
        methods=votes.methods(),
        images=votes.images(),
        level=level,
        higher_is=higher_is,
    )


def rows(found: Comparison, image: str = "") -> pd.DataFrame:
    return found.frame[found.frame["image"] == image].reset_index(drop=True)


def vqeg(shared: Path) -> Votes:
    frame = pd.read_csv(shared / "ratings" / "vqeg_frtv1_525_high.csv")
    return Votes.from_frame(frame, methodology="dscqs", scale=(0, 100))


def test_images_are_averaged_within_a_rater_before_raters_are_compared(make_votes: MakeVotes) -> None:
    # Raters' mean differences a − b over two images: (4 + 2)/2 = 3, (2 + 0)/2 = 1, (6 + 4)/2 = 5: mean 3,
    # sd 2, t = 3 / (2/√3) = 2.598076, t(0.975, 2) = 4.302653, half width 4.968275.
    votes = make_votes(
        {
            ("x", "a"): [14, 12, 16],
            ("x", "b"): [10, 10, 10],
            ("y", "a"): [22, 20, 24],
            ("y", "b"): [20, 20, 20],
        }
    )
    (row,) = rows(compared(votes)).to_dict("records")
    assert (row["method_a"], row["method_b"], row["n"], row["n_images"]) == ("a", "b", 3, 2)
    np.testing.assert_allclose(
        [row["difference"], row["t"], row["ci_low"], row["ci_high"]], [3, 2.598076, -1.968275, 7.968275], 1e-6
    )


def test_a_rater_counts_with_the_images_rated_under_both_methods_alone(make_votes: MakeVotes) -> None:
    # r0 rated both images under both: (10 + 2)/2 = 6. r1 image x alone: 4. r2 x under a and y under b: none.
    votes = make_votes(
        {
            ("x", "a"): [30, 24, 90],
            ("x", "b"): [20, 20, None],
            ("y", "a"): [12, 70, None],
            ("y", "b"): [10, None, 5],
        }
    )
    (row,) = rows(compared(votes)).to_dict("records")
    assert (row["n"], row["difference"], row["n_images"]) == (2, 5, 2)
    (on_y,) = rows(compared(votes), "y").to_dict("records")
    assert (on_y["n"], on_y["n_images"]) == (1, 1)
    assert np.isnan(on_y["difference"])


def test_every_number_is_that_of_pandas_and_scipy_on_vqeg(shared: Path) -> None:
    votes = vqeg(shared)
    found = compared(votes).frame.set_index(["image", "method_a", "method_b"])
    frame = pd.read_csv(shared / "ratings" / "vqeg_frtv1_525_high.csv")
    over_images = frame.groupby(["rater", "method"])["difference"].mean().unstack()
    on_one = frame[frame["image"] == "SRC5"].set_index(["rater", "method"])["difference"].unstack()
    assert found.loc[""].shape[0] == 36
    for image, means in (("", over_images), ("SRC5", on_one)):
        for a, b in combinations(votes.methods(), 2):
            row = found.loc[(image, a, b)]
            t, ranks = stats.ttest_rel(means[a], means[b]), stats.wilcoxon((means[a] - means[b]).round(9))
            expected = [70, t.statistic, t.pvalue, ranks.statistic, ranks.pvalue]
            actual = row[["n", "t", "p_t", "wilcoxon", "p_wilcoxon"]].to_numpy(dtype=np.float64)
            np.testing.assert_allclose(actual, expected, rtol=1e-8)


@pytest.mark.parametrize(("higher_is", "winner"), [("worse", "b"), ("better", "a")])
def test_the_direction_of_the_scale_says_who_is_better(
    make_votes: MakeVotes, higher_is: str, winner: str
) -> None:
    votes = make_votes({("x", "a"): [10.2, 12.25, 13.2, 11.3], ("x", "b"): [10, 12, 13, 11]})
    found = compared(votes, higher_is=higher_is)
    assert found.frame["better"].tolist() == [winner, winner]
    assert found.frame["higher_is"].tolist() == [higher_is, higher_is]


def test_nobody_is_better_where_holm_leaves_it_open(make_votes: MakeVotes) -> None:
    # a − b, a − c and b − c are 3, 1, 5; 3, 1, 5.2; 0, 0, 0.2: t = 2.598 with 2 degrees, p = 0.1217.
    votes = make_votes({("x", "a"): [13, 11, 15.2], ("x", "b"): [10, 10, 10.2], ("x", "c"): [10, 10, 10]})
    found = rows(compared(votes))
    assert found["better"].tolist() == ["", "", ""]
    np.testing.assert_allclose(found["p_t"][0], 0.1217, atol=5e-5)
    np.testing.assert_allclose(found["p_t_holm"][0], 3 * 0.1217, atol=2e-4)
    # At a level of 50 % even that would do.
    assert (rows(compared(votes, level=0.5))["better"] == "").tolist() == [False, False, False]


def test_holm_counts_all_pairs_over_all_images_and_every_pair_of_every_image(make_votes: MakeVotes) -> None:
    rng = np.random.default_rng(0)
    votes = make_votes({(i, m): list(rng.normal(20, 9, 12).clip(0, 90)) for i in "xyzw" for m in "abc"})
    found = compared(votes).frame
    smallest = found.groupby(found["image"] == "")[["p_t", "p_t_holm", "p_wilcoxon", "p_wilcoxon_holm"]].min()
    for over_all, tests in ((True, 3), (False, 12)):
        row = smallest.loc[over_all]
        assert row["p_t_holm"] == pytest.approx(tests * row["p_t"])
        assert row["p_wilcoxon_holm"] == pytest.approx(tests * row["p_wilcoxon"])


def test_methods_that_share_no_rater_and_image_have_a_row_without_numbers(make_votes: MakeVotes) -> None:
    votes = make_votes({("x", "a"): [1, 2, 4], ("y", "b"): [5, 6, 7], ("y", "a"): [None, None, 3]})
    found = compared(votes)
    (row,) = rows(found).to_dict("records")
    assert (row["n"], row["better"]) == (1, "")
    for name in ("difference", "ci_low", "t", "p_t", "p_t_holm", "wilcoxon", "p_wilcoxon", "effect_size"):
        assert np.isnan(row[name])
    assert found.notes[0] == (
        "Comparisons over all images of fewer than two raters who rated both methods, which have no numbers: "
        "1 of 1."
    )


def test_two_raters_who_rated_both_are_enough(make_votes: MakeVotes) -> None:
    found = compared(make_votes({("x", "a"): [1, 5], ("x", "b"): [3, 6]}))
    assert rows(found)["n"].tolist() == [2]
    assert found.notes == ()


def test_a_pair_of_methods_without_a_common_image_has_no_row_of_an_image(make_votes: MakeVotes) -> None:
    votes = make_votes({("x", "a"): [1, 2, 4], ("y", "b"): [5, 6, 7], ("y", "c"): [5, 6, 9]})
    found = compared(votes).frame
    assert found[["image", "method_a", "method_b"]].to_numpy().tolist() == [
        ["", "a", "b"],
        ["", "a", "c"],
        ["", "b", "c"],
        ["y", "b", "c"],
    ]


def test_a_method_without_votes_is_in_no_pair(make_votes: MakeVotes) -> None:
    votes = make_votes({("x", "a"): [1, 2, 4], ("x", "b"): [5, 6, 8], ("x", "c"): [7, 7, 8]})
    table = votes.table().keep(votes.stimulus_of != 1)
    names = {"methods": votes.methods(), "images": votes.images()}
    codes = votes.method_codes(), votes.image_codes()
    found = compare_methods(table, *codes, **names, level=0.95, higher_is="worse").frame
    assert found[["method_a", "method_b"]].to_numpy().tolist() == [["a", "c"], ["a", "c"]]


def test_votes_that_are_all_alike_are_said_to_be(make_votes: MakeVotes) -> None:
    votes = make_votes({("x", "a"): [5, 7, 9], ("x", "b"): [5, 7, 9], ("x", "c"): [6, 8, 10]})
    found = compared(votes)
    assert rows(found)["p_t"].tolist() == [1, 0.25, 0.25]
    assert found.notes[:2] == (
        "Comparisons over all images in which every rater's difference is 0, which have p = 1 in both tests: "
        "1 of 3.",
        "Comparisons over all images in which all raters have the same difference, whose p_t is the sign "
        "test's 2^(1 − n) for want of a spread: 2 of 3.",
    )


def test_too_many_rows_are_left_out_with_a_sentence(
    make_votes: MakeVotes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparisons, "MOST_ROWS", 5)
    votes = make_votes({(image, m): [1, 5, 4 + number] for image in "xy" for number, m in enumerate("abc")})
    found = compared(votes)
    assert found.frame["image"].tolist() == ["", "", ""]
    assert found.notes[-1] == (
        "The 6 comparisons of pairs per image were left out, for they are more than 5; analyse a part of the "
        "methods for them."
    )
    monkeypatch.setattr(comparisons, "MOST_ROWS", 6)
    assert len(compared(votes).frame) == 9
    monkeypatch.setattr(comparisons, "MOST_ROWS", 2)
    assert compared(votes).frame.empty
    assert list(compared(votes).frame) == list(COMPARISON_COLUMNS)


def test_batches_change_no_number(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at_once = compared(vqeg(shared)).frame
    monkeypatch.setattr(comparisons, "BATCH", 100)
    pd.testing.assert_frame_equal(compared(vqeg(shared)).frame, at_once)


def test_one_method_has_nothing_to_be_compared_with(make_votes: MakeVotes) -> None:
    found = compared(make_votes({("x", "a"): [1, 2], ("y", "a"): [3, 4]}))
    assert (len(found.frame), found.notes) == (0, ())
    assert list(found.frame) == list(COMPARISON_COLUMNS)


def test_two_stimuli_of_one_image_and_method_are_refused() -> None:
    table = ScoreTable.from_matrix(np.ones((3, 2)))
    codes = np.array([0, 1, 0])
    with pytest.raises(ValueError, match="stimulus 0 shows the same image and method as another one"):
        compare_methods(
            table, codes, codes * 0, methods=["a", "b"], images=["x"], level=0.95, higher_is="worse"
        )


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"higher_is": "up"}, "higher_is 'up' is not available"),
        ({"level": 1.5}, "level 1.5 is not between 0 and 1"),
        ({"methods": ["a"]}, "holds a number outside 0..0"),
    ],
)
def test_impossible_requests_are_refused(changed: dict[str, object], sentence: str) -> None:
    table = ScoreTable.from_matrix(np.ones((2, 2)))
    asked = {"methods": ["a", "b"], "images": ["x"], "level": 0.95, "higher_is": "worse", **changed}
    with pytest.raises(ValueError, match=sentence):
        compare_methods(table, np.array([0, 1]), np.array([0, 0]), **asked)  # type: ignore[arg-type]
