"""Quality recovered from raters: against another program, hand calculations, and what the models promise."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ratings.analysis.arrays import Floats
from ratings.analysis.recovery import remove_bias, subject_model, zrec
from ratings.analysis.scores import ScoreTable

NAN = float("nan")
SETS = [("nflx_public", "score"), ("vqeg_frtv1_525_high", "difference")]
Z = 1.959963984540054


def votes(*, stimuli: int = 30, raters: int = 12, seed: int = 0, missing: float = 0.0) -> Floats:
    """Draw votes of raters with a bias and an inconsistency each, NaN where one is missing."""
    rng = np.random.default_rng(seed)
    quality, bias = rng.uniform(0, 60, stimuli), rng.normal(0, 6, raters)
    noise = rng.normal(size=(stimuli, raters)) * 12 * np.exp(rng.normal(0, 0.3, raters))
    drawn = quality[:, None] + bias + noise
    drawn[rng.random(drawn.shape) < missing] = np.nan
    return drawn


def outside(shared: Path, name: str, value: str) -> tuple[ScoreTable, Any]:
    """Return a study's votes, stimuli in order of first appearance, and the golden numbers."""
    frame = pd.read_csv(shared / "ratings" / f"{name}.csv")
    stimulus_of, stimuli = pd.factorize(frame["image"] + "/" + frame["method"])
    rater_of, raters = pd.factorize(frame["rater"])
    table = ScoreTable(stimulus_of, rater_of, frame[value].to_numpy(float), len(stimuli), len(raters))
    return table, json.loads((shared / "reference" / "golden" / f"{name}.json").read_text())


@pytest.mark.parametrize("compat", ["", "sureal"])
@pytest.mark.parametrize(("name", "value"), SETS)
def test_the_subject_model_agrees_with_another_program(
    shared: Path, name: str, value: str, compat: str
) -> None:
    table, golden = outside(shared, name, value)
    found, expected = subject_model(table, compat=compat), golden["ap"]
    close = {"rtol": 1e-9, "atol": 1e-9}
    np.testing.assert_allclose(found.quality, expected["mos"], **close)
    np.testing.assert_allclose(found.bias, expected["bias"], **close)
    np.testing.assert_allclose(found.inconsistency, expected["inconsistency"], **close)
    # The golden intervals were made with the quantile 1.95996.
    quantile = 1.95996 if compat else Z
    for ci, block in (("model", "ci_cramer_rao"), ("model_stimulus", "ci_sos")):
        half = found.half_width(level=0.95, ci=ci) * 1.95996 / quantile
        np.testing.assert_allclose(half, expected[block], **close)
    assert (found.iterations, found.converged) == (expected["iterations"], True)
    assert (found.left_out.tolist(), found.floored) == ([], 0)


@pytest.mark.parametrize(("name", "value"), SETS)
def test_zrec_and_bias_removal_agree_with_another_program(shared: Path, name: str, value: str) -> None:
    table, golden = outside(shared, name, value)
    found, expected = zrec(table), golden["zrec"]
    close = {"rtol": 1e-9, "atol": 1e-9}
    np.testing.assert_allclose(found.quality, expected["mos"], **close)
    np.testing.assert_allclose(found.bias, expected["bias_z"], **close)
    np.testing.assert_allclose(found.inconsistency, expected["inconsistency"], **close)
    # The golden intervals were made with 1.96.
    half = found.half_width(level=0.95, ci="model") * 1.96 / Z
    np.testing.assert_allclose(half, expected["ci"], **close)
    np.testing.assert_allclose(remove_bias(table).bias, golden["p913_bias"], **close)


def test_bias_removal_matches_a_hand_calculation_where_votes_are_missing() -> None:
    # Stimulus means 2, 5 and 8. Rater 0: −1, −2 and no vote: bias −1.5; rater 1: 1, 2, 0: bias 1.
    found = remove_bias(np.array([[1.0, 3.0], [3.0, 7.0], [NAN, 8.0]]))
    np.testing.assert_allclose(found.bias, [-1.5, 1])
    np.testing.assert_allclose(found.scores.matrix(), [[2.5, 2], [4.5, 6], [NAN, 7]])


def test_one_step_of_the_subject_model_matches_a_hand_calculation(monkeypatch: pytest.MonkeyPatch) -> None:
    # Votes 3, 4, 1 / 2, 1, 3 / 4, 1, 3. Means 8/3, 2, 8/3; biases 5/9, −4/9, −1/9. Residuals of rater 0:
    # −2/9, −5/9, 7/9, mean square 26/81; of rater 1: 16/9, −5/9, −11/9, 134/81; of rater 2: −14/9, 10/9,
    # 4/9, 104/81. Weights 81/26, 81/134, 81/104, and votes less bias 22/9, 40/9, 10/9 / 13/9, 13/9, 28/9 /
    # 31/9, 13/9, 28/9: qualities 2.4823428, 1.7329888, 3.1180017 before the mean bias is moved into them.
    monkeypatch.setattr("ratings.analysis.recovery.MAXIMUM_ITERATIONS", 1)
    found = subject_model(np.array([[3.0, 4, 1], [2, 1, 3], [4, 1, 3]]), compat="sureal")
    np.testing.assert_allclose(found.quality - found.bias_moved, [2.4823428, 1.7329888, 3.1180017], atol=1e-7)
    np.testing.assert_allclose(found.inconsistency**2, [26 / 81, 134 / 81, 104 / 81])
    # Mean squares over the raters: (4 + 256 + 196)/243, (25 + 25 + 100)/243, (49 + 121 + 16)/243.
    np.testing.assert_allclose(found.sd**2, [456 / 243, 150 / 243, 186 / 243])
    assert (found.iterations, found.converged) == (1, False)


def test_a_rater_of_nine_votes_is_left_out_and_reported() -> None:
    scores = votes(raters=9)
    scores[9:, 4] = np.nan
    for model in (subject_model, zrec):
        found = model(scores)
        assert found.left_out.tolist() == [4]
        assert np.isnan([found.bias[4], found.inconsistency[4]]).all()
        assert found.n.tolist() == [8] * 30
        without = model(np.delete(scores, 4, axis=1))
        np.testing.assert_allclose(found.quality, without.quality, rtol=1e-12)
        scores[9, 4] = 50
        assert model(scores).left_out.size == 0
        scores[9, 4] = np.nan


@pytest.mark.parametrize("model", [subject_model, zrec])
def test_fewer_than_eight_raters_of_ten_votes_are_refused(model: Any) -> None:
    scores = votes(raters=8)
    scores[9:, 0] = np.nan
    with pytest.raises(ValueError, match=r"^7 raters gave 10 votes or more; a model of raters needs 8"):
        model(scores)
    assert model(scores, compat="sureal").left_out.size == 0


def test_a_study_without_votes_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no vote"):
        subject_model(np.full((3, 9), NAN), compat="sureal")


def test_raters_who_share_no_stimulus_are_refused_by_name() -> None:
    scores = votes(stimuli=40, raters=10)
    scores[:20, [1, 7]] = np.nan
    scores[20:, [0, 2, 3, 4, 5, 6, 8, 9]] = np.nan
    parts = r"2 parts .* raters 0, 2, 3, 4, 5 and 3 more; raters 1, 7;"
    with pytest.raises(ValueError, match=parts):
        subject_model(scores)
    scores[:15, 1] = votes(stimuli=40, raters=10)[:15, 1]
    assert subject_model(scores).converged


def test_raters_linked_by_one_careless_rater_are_reported_as_not_settled() -> None:
    # Rater 1, who answers 30 to everything in the first half, is all that links rater 7 to the others.
    scores = votes(stimuli=40, raters=10)
    scores[:20, 7] = np.nan
    scores[20:, [0, 2, 3, 4, 5, 6, 8, 9]] = np.nan
    scores[:15, 1], scores[15:20, 1] = 30, np.nan
    found = subject_model(scores)
    assert (found.iterations, found.converged) == (1000, False)


def test_a_rater_who_would_be_taken_for_the_truth_is_floored() -> None:
    # Rater 0 votes each stimulus's expected value: without a floor the model would follow that rater alone.
    scores = votes(raters=9, seed=3)
    scores[:, 0] = np.linspace(0, 60, 30)
    scores[:, 1:] = scores[:, [0]] + np.random.default_rng(1).normal(0, 12, (30, 8))
    found = subject_model(scores)
    assert found.floored == 1
    assert found.inconsistency[0] == pytest.approx(np.median(found.inconsistency) / 10)
    literal = subject_model(scores, compat="sureal")
    assert literal.floored == 0
    assert literal.inconsistency[0] < 1e-3


def test_stimuli_nobody_rated_have_no_quality_and_unanimous_ones_their_votes() -> None:
    scores = votes()
    scores[3], scores[5] = np.nan, 40
    for model in (subject_model, zrec):
        found = model(scores)
        empty = [found.quality[3], found.sd[3], found.half_width(level=0.9, ci="model")[3]]
        assert np.isnan(empty).all()
        assert found.n[3] == 0
    assert zrec(scores).quality[5] == 40
    assert zrec(scores).sd[5] == 0


def test_a_rater_who_saw_unanimous_stimuli_alone_tells_zrec_nothing() -> None:
    scores = votes(stimuli=40)
    scores[:10] = 25
    scores[10:, 2] = np.nan
    found = zrec(scores)
    assert found.left_out.tolist() == [2]
    assert np.isnan(found.inconsistency[2])
    assert found.n[:11].tolist() == [11] * 11


def test_votes_that_never_differ_are_refused_by_zrec() -> None:
    with pytest.raises(ValueError, match="no two votes on any stimulus differ"):
        zrec(np.repeat(np.linspace(0.1, 90, 20)[:, None], 9, axis=1))


def test_an_interval_that_is_not_the_models_is_refused() -> None:
    with pytest.raises(ValueError, match="ci 'model_stimulus' is not available; available: model"):
        zrec(votes()).half_width(level=0.95, ci="model_stimulus")
    with pytest.raises(ValueError, match="compat 'other' is not available"):
        subject_model(votes(), compat="other")


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), missing=st.sampled_from([0.0, 0.3]))
def test_neither_the_order_of_raters_nor_that_of_stimuli_matters(seed: int, missing: float) -> None:
    scores, rng = votes(seed=seed, missing=missing), np.random.default_rng(seed)
    rows, columns = rng.permutation(scores.shape[0]), rng.permutation(scores.shape[1])
    for model in (subject_model, zrec):
        found, other = model(scores), model(scores[rows][:, columns])
        np.testing.assert_allclose(other.quality, found.quality[rows], atol=1e-6)
        np.testing.assert_allclose(other.bias, found.bias[columns], atol=1e-6)
        np.testing.assert_allclose(other.sd, found.sd[rows], atol=1e-6)


@settings(max_examples=20, deadline=None)
@given(shift=st.floats(-40, 40), rater=st.integers(0, 11), missing=st.sampled_from([0.0, 0.3]))
def test_a_rater_who_votes_higher_throughout_has_a_higher_bias_and_nothing_else_changes(
    shift: float, rater: int, missing: float
) -> None:
    scores = votes(missing=missing)
    moved = scores.copy()
    moved[:, rater] += shift
    found, other = subject_model(scores), subject_model(moved)
    # Biases average 0, so everyone's falls by a twelfth of the shift, and quality rises by it.
    np.testing.assert_allclose(other.quality - shift / 12, found.quality, atol=1e-6)
    expected = found.bias - shift / 12 + np.where(np.arange(12) == rater, shift, 0)
    np.testing.assert_allclose(other.bias, expected, atol=1e-6)
    np.testing.assert_allclose(other.inconsistency, found.inconsistency, atol=1e-6)


def test_the_models_come_closer_to_the_truth_than_the_mean_where_raters_differ() -> None:
    # 20 panels of 20 raters, a quarter of whom are five times as inconsistent as the others.
    closer = []
    for seed in range(20):
        rng = np.random.default_rng([4, seed])
        truth, noise = rng.uniform(0, 60, 40), np.where(np.arange(20) < 5, 40, 8)
        scores = truth[:, None] + rng.normal(0, 6, 20) + noise * rng.normal(size=(40, 20))
        errors = [
            np.std(value - truth)
            for value in (scores.mean(axis=1), subject_model(scores).quality, zrec(scores).quality)
        ]
        closer.append(errors)
    mean, model, weighted = np.mean(closer, axis=0)
    assert model < 0.6 * mean
    assert weighted < 0.8 * mean
