"""From votes to the scores analysed: references taken off, z-scores, screening, what is said of it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ratings.analysis.methodologies import higher_is
from ratings.analysis.options import AnalysisOptions
from ratings.analysis.prepared import prepare
from ratings.analysis.screening import Override
from ratings.analysis.tables import analyse
from ratings.analysis.votes import Votes

# Rater by rater: the reference of image a, then its two versions.
SCORES = {"ann": {"reference": 5, "m": 3, "k": 4}, "bob": {"reference": 4, "m": 4, "k": 1}}


def hidden(scores: dict[str, dict[str, float]] = SCORES) -> Votes:
    """Votes with hidden references on image a."""
    rows = [
        {"rater": rater, "image": "a", "method": method, "score": score}
        for rater, of_rater in scores.items()
        for method, score in of_rater.items()
    ]
    return Votes.from_frame(pd.DataFrame(rows), methodology=None)


def test_each_raters_own_reference_is_taken_off() -> None:
    # ann: 3 − 5 + 5 and 4 − 5 + 5; bob: 4 − 4 + 5 and 1 − 4 + 5.
    prepared = prepare(hidden(), AnalysisOptions())
    assert [stimulus.method for stimulus in prepared.votes.stimuli] == ["m", "k"]
    np.testing.assert_array_equal(prepared.table.matrix(), [[3, 5], [4, 2]])
    assert prepared.notes == ()


def test_votes_without_a_rated_reference_are_left_out_and_counted() -> None:
    scores = SCORES | {"cat": {"m": 2.0}}
    prepared = prepare(hidden(scores), AnalysisOptions())
    assert prepared.votes.raters == ("ann", "bob")
    assert prepared.notes == (
        "1 votes were left out, because their raters did not rate the reference of the image.",
    )


def test_an_image_without_any_reference_is_named() -> None:
    votes = hidden()
    rows = pd.DataFrame(
        [
            *({"rater": r, "image": "a", "method": m, "score": 4} for r in "xy" for m in ("reference", "m")),
            {"rater": "x", "image": "b", "method": "m", "score": 4},
        ]
    )
    votes = Votes.from_frame(rows, methodology=None)
    (note,) = prepare(votes, AnalysisOptions()).notes
    assert note.endswith("among them all on image 'b', whose reference nobody rated.")


def test_no_rated_pair_at_all_is_refused() -> None:
    apart = {"ann": {"reference": 5.0}, "bob": {"m": 4.0}}
    with pytest.raises(ValueError, match="no rater rated both an image and its reference"):
        prepare(hidden(apart), AnalysisOptions())


def test_zscores_of_hidden_references_go_the_way_of_differences() -> None:
    # ann's differences reference − test are 2 and 1, so m is the worse of the two and has the higher z.
    prepared = prepare(hidden(), AnalysisOptions(estimator="zscore"))
    scores = prepared.table.matrix()
    assert scores[0, 0] > scores[1, 0]
    assert scores[0, 1] < scores[1, 1]
    assert higher_is("acr_hr", "zscore") == "worse"
    assert higher_is("acr_hr", "mean") == "better"


def test_crushing_bounds_a_version_rated_above_its_reference() -> None:
    # bob: 5 − 1 + 5 = 9, crushed to 7 · 9 / (2 + 9) = 5.7273.
    votes = hidden({"ann": {"reference": 5, "m": 3}, "bob": {"reference": 1, "m": 5}})
    crushed = prepare(votes, AnalysisOptions(crush=True)).table.matrix()
    np.testing.assert_allclose(crushed, [[3, 63 / 11]])


def test_crushing_is_refused_where_there_is_no_hidden_reference(make_votes) -> None:
    with pytest.raises(ValueError, match="crush goes with methodology 'acr_hr' alone, not with 'dscqs'"):
        prepare(make_votes({("a", "m"): [1, 2]}), AnalysisOptions(crush=True))


def panel() -> pd.DataFrame:
    """Ten raters who agree on twelve stimuli to within a point or two, and one who answers the other way."""
    rng = np.random.default_rng(3)
    quality = np.linspace(5, 60, 12)
    columns = {f"r{number}": quality + rng.normal(0, 2, 12) for number in range(10)}
    columns["contrary"] = quality[::-1].copy()
    return pd.DataFrame(
        [
            {"rater": rater, "image": f"i{place}", "method": "m", "difference": value}
            for rater, values in columns.items()
            for place, value in enumerate(values)
        ]
    )


def test_a_rejected_rater_has_a_row_with_the_reason_and_no_vote_in_a_score() -> None:
    votes = Votes.from_frame(panel(), methodology="dscqs")
    tables = analyse(votes, AnalysisOptions(screening="correlation"))
    row = tables.raters.set_index("rater").loc["contrary"]
    assert row["rejected"]
    assert row["reason"].startswith("Rejected by BT.500's correlation rule: r = -1.00")
    assert set(tables.dmos["n"]) == {10}
    assert set(tables.dmos["screening"]) == {"correlation"}


def test_a_person_can_overrule_the_rule() -> None:
    votes = Votes.from_frame(panel(), methodology="dscqs")
    spared = {"contrary": Override(keep=True, who="H. P.", why="left-handed mouse")}
    tables = analyse(votes, AnalysisOptions(screening="correlation"), overrides=spared)
    assert set(tables.dmos["n"]) == {11}
    assert "Kept by H. P. (left-handed mouse)" in tables.raters.set_index("rater").loc["contrary", "reason"]


def test_bias_and_inconsistency_stand_there_whatever_the_estimator() -> None:
    frame = panel()
    frame.loc[frame["rater"] == "r0", "difference"] += 15
    for estimator in ("mean", "zscore", "zrec"):
        votes = Votes.from_frame(frame, methodology="dscqs")
        raters = analyse(votes, AnalysisOptions(estimator=estimator)).raters.set_index("rater")
        # 15 points above the others, whose own mean moves by 15/11.
        assert raters.loc["r0", "bias"] == pytest.approx(15 * 10 / 11, abs=1.5)
        assert raters["inconsistency"].idxmax() == "contrary"


def test_repeats_and_traps_are_evidence_and_enter_no_score() -> None:
    frame = panel().assign(kind="test")
    extra = [
        {"rater": "r1", "image": "i0", "method": "m", "difference": 99.0, "kind": "repeat"},
        {"rater": "r1", "image": "i0", "method": "reference", "difference": 30.0, "kind": "trap"},
    ]
    frame = pd.concat([frame, pd.DataFrame(extra)], ignore_index=True)
    votes = Votes.from_frame(frame, methodology="dscqs")
    tables = analyse(votes, AnalysisOptions(), trials=frame)
    raters = tables.raters.set_index("rater")
    first = frame.loc[(frame["rater"] == "r1") & (frame["image"] == "i0"), "difference"].iloc[0]
    assert raters.loc["r1", "repeat_error"] == pytest.approx(99.0 - first)
    assert raters.loc["r1", "traps_failed"] == 1
    assert "1 of 1 traps failed" in raters.loc["r1", "reason"]
    assert set(tables.dmos["n"]) == {11}


def test_the_source_of_each_rater_is_said() -> None:
    frame = panel().assign(source="import")
    votes = Votes.from_frame(frame, methodology="dscqs")
    assert set(analyse(votes, AnalysisOptions()).raters["source"]) == {"import"}
