"""Evidence from the study's own trials, against hand calculations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from ratings.analysis.evidence import Evidence, EvidenceOptions, collect_evidence
from ratings.analysis.screening import Override, screen

NAN = float("nan")
HUNDRED = EvidenceOptions(scale_min=0, scale_max=100)


def trial(rater: str = "a", kind: str = "test", **columns: Any) -> dict[str, Any]:
    return {"rater": rater, "image": "cat", "method": "soft", "kind": kind, **columns}


def collect(
    *trials: dict[str, Any],
    raters: tuple[str, ...] = ("a", "b"),
    options: EvidenceOptions = HUNDRED,
    file: str = "",
) -> Evidence:
    return collect_evidence(pd.DataFrame(list(trials)), raters, options=options, file=file)


def pair(reference: float, test: float) -> dict[str, float]:
    return {"reference_score": reference, "test_score": test}


def test_the_reference_against_itself_fails_beyond_a_fifth_of_the_scale_in_either_direction() -> None:
    result = collect(
        trial(kind="trap", method="reference", **pair(80, 59.9)),
        trial(kind="trap", method="reference", **pair(59.9, 80)),
        # 32.2 − 12.2 is 20 on paper, which passes, and 20.000000000000004 in floating point.
        trial(kind="trap", method="reference", **pair(32.2, 12.2)),
        trial("b", kind="trap", method="reference", **pair(50, 69)),
    )
    assert (result.traps.tolist(), result.traps_failed.tolist()) == ([3, 1], [2, 0])
    assert (result.failed_reference.tolist(), result.failed_degraded.tolist()) == ([2, 0], [0, 0])


def test_the_limit_on_the_reference_is_a_share_of_the_scale() -> None:
    five = EvidenceOptions(scale_min=1, scale_max=5)
    strict = EvidenceOptions(scale_min=1, scale_max=5, trap_share=0.1)
    passed = trial(kind="trap", method="reference", **pair(4.8, 4))
    failed = trial(kind="trap", method="reference", **pair(4.9, 4))
    assert collect(passed, failed, options=five).traps_failed[0] == 1
    assert collect(passed, failed, options=strict).traps_failed[0] == 2


def test_a_degraded_image_seen_as_no_worse_than_the_reference_is_a_failure() -> None:
    result = collect(
        trial(kind="trap", method="blur", **pair(60, 60)),
        trial(kind="trap", method="blur", **pair(60, 90)),
        trial(kind="trap", method="blur", **pair(60, 59.5)),
        trial(kind="trap", method="blur", **pair(90, 10)),
    )
    assert (result.traps[0], result.failed_degraded[0], result.failed_reference[0]) == (4, 2, 0)


def test_a_trap_is_judged_by_the_difference_where_no_scores_are_given() -> None:
    result = collect(
        trial(kind="trap", method="reference", difference=-21),
        trial("b", kind="trap", method="blur", difference=1),
    )
    assert result.traps_failed.tolist() == [1, 0]


def test_a_trap_without_a_difference_is_not_judged_and_noted() -> None:
    result = collect(
        trial(kind="trap", method="reference", score=20), trial(kind="trap", method="reference", score=None)
    )
    assert (result.traps.tolist(), result.traps_failed.tolist()) == ([0, 0], [0, 0])
    assert result.notes == ("Traps that could not be judged, for want of a difference: 2.",)


def test_in_dsis_a_trap_is_judged_by_the_distance_from_the_best_grade() -> None:
    five = EvidenceOptions(scale_min=1, scale_max=5, methodology="dsis")
    # A fifth of the scale's width of 4 is 0.8: grade 5 passes, 4 is one away and fails.
    reference = [trial(kind="trap", method="reference", score=score) for score in (5, 4, 1)]
    # A degraded image is failed by the best grade alone.
    degraded = [trial("b", kind="trap", method="degraded", score=score) for score in (5, 4, 1)]
    result = collect(*reference, *degraded, options=five)
    assert (result.traps.tolist(), result.traps_failed.tolist()) == ([3, 3], [2, 1])
    assert (result.failed_reference.tolist(), result.failed_degraded.tolist()) == ([2, 0], [0, 1])
    wide = EvidenceOptions(scale_min=1, scale_max=5, methodology="dsis", trap_share=0.25)
    assert collect(*reference, options=wide).failed_reference[0] == 1


def test_in_acr_hr_a_degraded_image_is_held_against_the_raters_own_score_of_the_reference() -> None:
    five = EvidenceOptions(scale_min=1, scale_max=5, methodology="acr_hr")
    result = collect(
        trial(method="reference", score=4),
        trial(method="reference", image="dog", score=2),
        trial("b", method="reference", score=2),
        trial(kind="training", method="reference", image="owl", score=5),
        trial(kind="trap", method="degraded", score=4),
        trial(kind="trap", method="degraded", score=3),
        trial(kind="trap", method="degraded", image="dog", score=3),
        trial(kind="trap", method="degraded", image="owl", score=1),  # whose reference was only trained on
        trial("b", kind="trap", method="degraded", score=1),
        options=five,
    )
    assert (result.traps.tolist(), result.failed_degraded.tolist()) == ([3, 1], [2, 0])
    assert result.notes == ("Traps that could not be judged, for want of a difference: 1.",)


def test_in_acr_no_trap_can_be_judged() -> None:
    five = EvidenceOptions(scale_min=1, scale_max=5, methodology="acr")
    result = collect(
        trial(method="reference", score=4), trial(kind="trap", method="degraded", score=5), options=five
    )
    assert result.traps.tolist() == [0, 0]


def test_training_and_dummies_feed_nothing() -> None:
    result = collect(
        trial(kind="training", method="reference", **pair(90, 10), duration_ms=5, position=1),
        trial(kind="dummy", method="reference", **pair(90, 10), duration_ms=5, position=2),
        trial(kind="repeat", **pair(90, 10), repeat_of=2),
    )
    assert (result.traps.sum(), result.repeats.sum()) == (0, 0)
    assert np.isnan(result.median_ms).all()


def test_repeat_error_is_the_mean_distance_of_second_from_first() -> None:
    # 30 then 24, and −5 then 5: (6 + 10) / 2 = 8.
    result = collect(
        trial(position=3, **pair(80, 50)),
        trial(position=4, image="dog", **pair(50, 55)),
        trial(kind="repeat", position=9, repeat_of=3, **pair(70, 46)),
        trial(kind="repeat", position=10, repeat_of=4, image="dog", difference=5),
        trial("b", position=3, **pair(80, 50)),
    )
    assert result.repeats.tolist() == [2, 0]
    np.testing.assert_array_equal(result.repeat_error, [8, NAN])
    assert result.notes == ()


def test_a_repeat_belongs_to_the_position_it_names_in_its_own_session() -> None:
    first = trial(session=1, position=3, difference=10)
    other = trial(session=2, position=3, difference=50)
    again = trial(kind="repeat", session=2, position=8, repeat_of=3, difference=52)
    for order in ([first, other, again], [other, again, first], [again, first, other]):
        assert collect(*order).repeat_error[0] == 2


def test_a_repeat_without_a_position_belongs_to_the_vote_on_its_stimulus() -> None:
    result = collect(
        trial("b", difference=70),
        trial(kind="trap", difference=90),
        trial(image="dog", difference=60),
        trial(difference=10),
        trial(kind="repeat", difference=13),
    )
    assert (result.repeats.tolist(), result.repeat_error[0]) == ([1, 0], 3)


def test_of_two_votes_that_a_repeat_may_belong_to_the_first_in_the_table_is_taken() -> None:
    votes = trial(session=1, difference=10), trial(session=2, difference=50)
    assert collect(*votes, trial(kind="repeat", session=3, difference=11)).repeat_error[0] == 1


def test_a_position_that_shows_something_else_is_not_believed() -> None:
    result = collect(
        trial(position=1, image="dog", difference=60),
        trial(position=2, difference=10),
        trial(kind="repeat", position=5, repeat_of=1, difference=14),
    )
    assert result.repeat_error[0] == 4


def test_a_repeat_without_a_first_showing_is_left_out_and_noted() -> None:
    lost = trial(kind="repeat", image="dog", repeat_of=1, difference=90)
    result = collect(trial(position=1, difference=10), lost, trial(kind="repeat", difference=12))
    assert (result.repeats[0], result.repeat_error[0]) == (1, 2)
    assert result.notes == (
        "Repeats left out because no first showing of theirs was found: 1, the first of them in data row 2.",
    )
    assert collect(lost, file="votes.csv").notes[0].endswith("the first of them in votes.csv, line 0.")


def test_an_unanswered_trial_is_no_repeat_and_no_first_showing() -> None:
    result = collect(
        trial(position=1, difference=None),
        trial(kind="repeat", repeat_of=1, difference=5),
        trial("b", position=1, difference=10),
        trial("b", kind="repeat", repeat_of=1, difference=None),
    )
    assert result.repeats.tolist() == [0, 0]


def test_repeats_of_single_scores_are_compared_by_score() -> None:
    options = EvidenceOptions(scale_min=1, scale_max=5)
    result = collect(trial(position=1, score=4), trial(kind="repeat", repeat_of=1, score=2), options=options)
    assert result.repeat_error[0] == 2


def test_a_repeat_is_no_first_showing_of_another() -> None:
    result = collect(
        trial(kind="repeat", position=1, repeat_of=2, difference=5),
        trial(kind="repeat", position=2, repeat_of=1, difference=9),
    )
    assert result.repeats[0] == 0


def test_times_are_of_votes_alone_and_compared_with_the_panel() -> None:
    times = {"a": [400, 3000, 5000], "b": [500, 4400, 9000, 9200], "c": [8000, 20000]}
    trials = [
        trial(rater, image=f"{ms}", duration_ms=ms) for rater, list_ms in times.items() for ms in list_ms
    ]
    trials += [trial("a", "repeat", image="400", duration_ms=1), trial("a", image="x", duration_ms=None)]
    result = collect(*trials, raters=("a", "b", "c", "d"))
    # Medians 3000, (4400 + 9000) / 2 = 6700 and 14000, of which the median is 6700, and half of it 3350.
    np.testing.assert_array_equal(result.median_ms, [3000, 6700, 14000, NAN])
    assert result.panel_median_ms == 6700
    np.testing.assert_allclose(result.fast_share, [1 / 3, 0, 0, NAN])
    np.testing.assert_allclose(result.hurried_share, [2 / 3, 1 / 4, 0, NAN])


def test_a_table_of_nothing_but_labels_and_scores_gives_no_evidence() -> None:
    frame = pd.DataFrame({"rater": ["a"], "image": ["cat"], "method": ["soft"], "difference": [3.0]})
    empty = pd.DataFrame(
        {**frame, **{name: [None] for name in ("session", "position", "repeat_of", "duration_ms")}}
    )
    for table in (frame, empty):
        result = collect_evidence(table, ("a",), options=HUNDRED)
        assert (result.traps[0], result.repeats[0], result.notes) == (0, 0, ())
        assert np.isnan([result.repeat_error[0], result.median_ms[0], result.fast_share[0]]).all()
        assert result.remarks() == [[]]


def test_without_a_kind_every_row_is_a_vote() -> None:
    frame = pd.DataFrame({"rater": ["a"], "image": ["cat"], "method": ["soft"], "duration_ms": [700]})
    assert collect_evidence(frame, ("a",), options=HUNDRED).median_ms[0] == 700


def test_raters_who_are_numbers_in_the_table_are_found_and_others_are_not_looked_at() -> None:
    result = collect(trial(7, duration_ms=700), trial(8, kind="trap", score="much"), raters=("7", "nobody"))
    np.testing.assert_array_equal(result.median_ms, [700, NAN])


def test_impossible_options_and_tables_are_refused() -> None:
    with pytest.raises(ValueError, match="the rating scale 5 to 1 is not a range"):
        EvidenceOptions(scale_min=5, scale_max=1)
    with pytest.raises(ValueError, match="methodology 'pc' is not available"):
        EvidenceOptions(scale_min=0, scale_max=100, methodology="pc")
    with pytest.raises(ValueError, match="trap_share 20 is not a share"):
        EvidenceOptions(scale_min=0, scale_max=100, trap_share=20)
    with pytest.raises(ValueError, match="fast_ms -1 is not a time"):
        EvidenceOptions(scale_min=0, scale_max=100, fast_ms=-1)
    with pytest.raises(ValueError, match="the ratings have no column 'image'"):
        collect_evidence(pd.DataFrame({"rater": ["a"]}), ("a",), options=HUNDRED)
    with pytest.raises(ValueError, match="the 2 raters asked about include one twice"):
        collect(trial(), raters=("a", "a"))


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"difference": -101}, "data row 2: difference -101"),
        ({"reference_score": 120, "test_score": 3}, "data row 2: reference_score 120"),
        ({"score": "good"}, "data row 2: score good"),
        ({"duration_ms": -5}, "data row 2: duration_ms -5"),
    ],
)
def test_a_number_that_cannot_be_is_refused_by_row(columns: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^{sentence}.* is not a number from"):
        collect(trial(kind="dummy"), trial(**columns))


def panel_with_a_careless_rater() -> Evidence:
    """Return the evidence of raters a, b and c; c fails a trap of two, hurries, and repeats badly."""
    trials = []
    for rater, error, ms in (("a", 2, 4000), ("b", 4, 6000), ("c", 30, 450)):
        trials += [
            trial(rater, position=1, difference=10, duration_ms=ms),
            trial(rater, "repeat", repeat_of=1, difference=10 + error),
            trial(rater, "trap", method="reference", difference=0),
            trial(rater, "trap", method="reference", difference=25 if rater == "c" else 5),
        ]
    return collect(*trials, raters=("a", "b", "c"))


def test_what_stands_out_is_remarked_on_and_nothing_else() -> None:
    careful, usual, careless = panel_with_a_careless_rater().remarks()
    assert careful == usual == []
    assert careless == [
        "1 of 2 traps failed",
        "repeat error 30 points, where the panel's median is 4",
        "100.0 % of the votes given within 500 ms",
        "100 % of the votes given in under 2000 ms, half of the panel's median",
    ]


def test_evidence_is_told_with_the_decision_and_rejects_nobody() -> None:
    scores = np.array([[10.0, 12, 5], [20, 25, 30], [30, 31, 30], [40, 44, 50]])
    evidence = panel_with_a_careless_rater()
    why = Override(keep=False, who="Ada", why="careless")
    result = screen(scores, rule="bt500", raters=("a", "b", "c"), evidence=evidence)
    assert not result.rejected.any()
    assert result.raters["reason"].iloc[0] == "Kept by BT.500: none of 4 votes beyond the bounds."
    assert (
        result.raters["reason"]
        .iloc[2]
        .startswith(
            "Kept by BT.500: none of 4 votes beyond the bounds; 1 of 2 traps failed; repeat error 30 points"
        )
    )
    told = screen(scores, rule="none", raters=("a", "b", "c"), evidence=evidence, overrides={"c": why})
    assert told.rejected.tolist() == [False, False, True]
    expected = (
        "Rejected by Ada (careless), over what the rule says: Kept, as no screening rule was asked for; 1 "
    )
    assert told.raters["reason"].iloc[2].startswith(expected)


def test_the_table_of_raters_carries_the_evidence() -> None:
    scores = np.array([[10.0, 12, 5], [20, 25, 30], [30, 31, 30]])
    evidence = panel_with_a_careless_rater()
    table = screen(scores, rule="none", raters=("a", "b", "c"), evidence=evidence).raters
    assert table["repeat_error"].tolist() == [2, 4, 30]
    assert table["traps_failed"].tolist() == [0, 0, 1]
    assert table["failed_reference"].tolist() == [0, 0, 1]
    assert (table["traps"].tolist(), table["repeats"].tolist()) == ([2, 2, 2], [1, 1, 1])
    assert table["median_ms"].tolist() == [4000, 6000, 450]
    assert table["hurried_share"].tolist() == [0, 0, 1]


def test_what_was_left_out_of_the_evidence_is_among_the_notes() -> None:
    evidence = collect(trial(kind="repeat", difference=1))
    notes = screen(np.ones((3, 2)), rule="none", raters=("a", "b"), evidence=evidence).notes
    assert notes == evidence.notes
    assert len(notes) == 1
