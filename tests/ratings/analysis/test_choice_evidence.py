"""Evidence from the trials of a paired comparison, against hand calculations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ratings.analysis.choice_evidence import COLUMNS, choice_raters
from ratings.analysis.choices import Choices


def trial(rater: str = "a", kind: str = "test", **columns: Any) -> dict[str, Any]:
    given = {"image": "cat", "method_a": "soft", "method_b": "sharp", "choice": "a"}
    return {"rater": rater, "kind": kind, **given, **columns}


def collect(*trials: dict[str, Any]) -> pd.DataFrame:
    frame = pd.DataFrame(list(trials))
    return choice_raters(frame, Choices.from_frame(frame)).set_index("rater")


def trap(choice: str, shown: str = "degraded", **columns: Any) -> dict[str, Any]:
    return trial(kind="trap", method_a="reference", method_b=shown, choice=choice, **columns)


def test_a_degraded_image_is_failed_unless_the_reference_is_chosen() -> None:
    found = collect(trial(), trial("b"), trap("a"), trap("b"), trap("tie"), trap("a", rater="b"))
    assert found["traps"].tolist() == [3, 1]
    assert found["traps_failed"].tolist() == [2, 0]
    assert found["failed_degraded"].tolist() == [2, 0]
    swapped = collect(
        trial(), trial(kind="trap", method_a="degraded", method_b="reference", choice="b"),
        trial(kind="trap", method_a="degraded", method_b="reference", choice="a"),
    )  # fmt: skip
    assert (swapped["traps"].tolist(), swapped["failed_degraded"].tolist()) == ([2], [1])


def test_the_reference_against_itself_is_failed_by_anything_but_a_tie() -> None:
    found = collect(trial(), *(trap(choice, "reference") for choice in ("tie", "a", "b")))
    assert (found["traps"].tolist(), found["failed_reference"].tolist()) == ([3], [2])


def test_failures_are_missing_where_no_trap_was_answered() -> None:
    found = collect(trial(), trial("b"), trap("b"))
    assert found["traps_failed"].isna().tolist() == [False, True]
    assert found["traps"].tolist() == [1, 0]


def test_a_pair_without_the_reference_is_no_trap() -> None:
    assert collect(trial(), trial(kind="trap"))["traps"].tolist() == [0]


def test_a_repeat_agrees_with_the_showing_that_it_names() -> None:
    found = collect(
        trial(position=1, choice="a"),
        trial(position=2, image="dog", choice="b"),
        trial(position=3, image="owl", choice="tie"),
        trial(kind="dummy", position=4, choice="b"),
        trial(kind="repeat", position=5, repeat_of=1, choice="a"),
        trial(kind="repeat", position=6, repeat_of=2, image="dog", choice="tie"),
        trial(kind="repeat", position=7, repeat_of=3, image="owl", choice="tie"),
        trial(kind="repeat", position=8, repeat_of=4, choice="a"),
    )
    # The first and the third agree; the last repeats a dummy, which had the other answer.
    assert (found["repeats"].tolist(), found["repeat_agreement"].tolist()) == ([4], [0.5])


def test_a_repeat_is_known_by_its_methods_whichever_is_called_a() -> None:
    again = {"kind": "repeat", "method_a": "sharp", "method_b": "soft"}
    found = collect(trial(choice="a"), trial(**again, choice="b"), trial(**again, choice="a"))
    assert (found["repeats"].tolist(), found["repeat_agreement"].tolist()) == ([2], [0.5])


def test_a_repeat_belongs_to_its_own_session() -> None:
    found = collect(
        trial(session=1, position=3, choice="a"),
        trial(session=2, position=3, kind="dummy", choice="b"),
        trial(session=2, position=9, kind="repeat", repeat_of=3, choice="b"),
    )
    assert found["repeat_agreement"].tolist() == [1.0]


def test_a_repeat_without_a_first_showing_says_nothing() -> None:
    found = collect(trial(), trial(kind="repeat", image="dog"))
    assert found["repeats"].tolist() == [0]
    assert np.isnan(found["repeat_agreement"]).tolist() == [True]


def test_votes_sides_and_times_are_those_of_tests_alone() -> None:
    found = collect(
        trial(side_a="left", choice="a", duration_ms=100),  # the left one
        trial(side_a="right", choice="a", duration_ms=200, image="dog"),  # the right one
        trial(side_a="right", choice="b", duration_ms=900, image="owl"),  # the left one
        trial(side_a="left", choice="tie", duration_ms=1000, image="fox"),
        trial(side_a="left", choice="b", duration_ms=5, kind="training"),
        trap("b", side_a="left", duration_ms=5),
    ).iloc[0]
    assert (found["n"], found["ties"]) == (4, 1)
    assert found["left_share"] == 2 / 3
    assert found["median_ms"] == 550  # of 100, 200, 900, 1000


def test_what_is_not_in_the_table_is_not_known() -> None:
    frame = pd.DataFrame([{"rater": 7, "image": 1, "method_a": "x", "method_b": "y", "choice": "b"}])
    found = choice_raters(frame, Choices.from_frame(frame))
    assert tuple(found) == COLUMNS
    assert found[["rater", "source", "n"]].to_numpy().tolist() == [["7", "", 1]]
    assert found[["left_share", "repeat_agreement", "median_ms"]].isna().all(axis=None)


def test_raters_who_were_left_out_have_no_row() -> None:
    frame = pd.DataFrame([trial(source="browser"), trial("b", source="simulated"), trap("b", rater="b")])
    choices = Choices.from_frame(frame).to_analyse(include_simulated=False)
    assert choice_raters(frame, choices)[["rater", "source"]].to_numpy().tolist() == [["a", "browser"]]
