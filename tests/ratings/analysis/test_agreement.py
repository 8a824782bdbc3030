"""Agreement between raters, against published worked examples and counting pairs one by one."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ratings.analysis import agreement as module
from ratings.analysis.agreement import AGREEMENT_COLUMNS, agreement
from ratings.analysis.arrays import Floats
from ratings.analysis.disagreement import (
    half_correlations,
    pair_disagreement,
    stepped_up,
    unit_disagreement,
)
from ratings.analysis.panel import Panel
from ratings.analysis.scores import ScoreTable
from ratings.analysis.votes import Votes

NAN = float("nan")

# Shrout & Fleiss, Psychological Bulletin 86(2), 1979, table 2: six targets, four judges.
SHROUT_FLEISS: Floats = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], dtype=np.float64
)
# Krippendorff, Computing Krippendorff's Alpha-Reliability, 2011, part C: four observers, twelve units.
KRIPPENDORFF: Floats = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, NAN, NAN, NAN],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NAN, 3],
        [NAN, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NAN],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NAN],
    ]
).T


def measured(scores: Floats | ScoreTable, **changed: object) -> pd.DataFrame:
    options = {"level": 0.95, "seed": 0, "replicates": 200, **changed}
    return agreement(scores, **options).set_index("measure", drop=False)  # type: ignore[arg-type]


def panel_of(scores: Floats) -> Panel:
    return Panel.of(ScoreTable.from_matrix(scores))


def once(panel: Panel) -> Floats:
    return np.ones((panel.raters.size, 1))


def partial(seed: int = 1, shape: tuple[int, int] = (7, 5)) -> Floats:
    rng = np.random.default_rng(seed)
    scores = rng.normal(0, 2, (shape[0], 1)) + rng.normal(0, 1, shape[1]) + rng.normal(0, 1, shape) + 50
    return np.where(rng.random(shape) < 0.3, NAN, scores)


def half_mean_square(scores: Floats, which: object) -> float:
    """Half the mean squared difference of the pairs of votes that `which` chooses, one pair at a time."""
    votes = [
        (j, i, scores[j, i]) for j, i in product(*map(range, scores.shape)) if not np.isnan(scores[j, i])
    ]
    pairs = [(u - v) ** 2 / 2 for (j, i, u), (k, h, v) in product(votes, votes) if which(j, i, k, h)]  # type: ignore[operator]
    return float(np.mean(pairs))


def test_intraclass_correlations_are_those_of_shrout_and_fleiss() -> None:
    # Their table 4: ICC(2,1) = .29, ICC(2,4) = .62; from the mean squares 11.24, 32.49 and 1.02 of table 3
    # (11.24 − 1.02) / (11.24 + 3 · 1.02 + 4 (32.49 − 1.02) / 6) = 0.2897.
    found = measured(SHROUT_FLEISS)
    assert found.loc["icc_2_1", "value"] == pytest.approx(0.2897, abs=2e-4)
    assert found.loc["icc_2_k", "value"] == pytest.approx(0.62, abs=5e-3)
    assert found.loc["icc_2_k", "note"].startswith("means of 4 raters")


def test_consistency_is_icc_3_1_of_shrout_and_fleiss() -> None:
    # Their table 4: ICC(3,1) = .71, and of the mean of four .91.
    panel = panel_of(SHROUT_FLEISS)
    consistency = pair_disagreement(panel, once(panel)).consistency()
    np.testing.assert_allclose(consistency, [0.71], atol=5e-3)
    np.testing.assert_allclose(stepped_up(consistency, 4), [0.91], atol=5e-3)


def test_alpha_is_that_of_krippendorffs_own_example() -> None:
    # Interval data: 0.849; unit 12 has one value, and eleven units enter.
    row = measured(KRIPPENDORFF).loc["krippendorff_alpha"]
    assert row["value"] == pytest.approx(0.849, abs=5e-4)
    assert (row["n_raters"], row["n_stimuli"]) == (4, 11)
    assert row["note"].startswith("interval data; stimuli of one vote left out: 1")


def test_a_partial_design_compares_every_pair_of_votes_once() -> None:
    scores = partial()
    panel = panel_of(scores)
    found = pair_disagreement(panel, once(panel))
    expected = [
        half_mean_square(scores, lambda j, i, k, h: j == k and i != h),
        half_mean_square(scores, lambda j, i, k, h: j != k and i == h),
        half_mean_square(scores, lambda j, i, k, h: j != k and i != h),
    ]
    np.testing.assert_allclose(
        [found.same_stimulus[0], found.same_rater[0], found.neither[0]], expected, rtol=1e-10
    )


def test_a_rater_drawn_twice_counts_twice_and_is_never_compared_with_themselves() -> None:
    scores = partial()
    panel = panel_of(scores)
    drawn = [0, 0, 0, 2, 3, 3]
    counts = np.bincount(drawn, minlength=5).astype(np.float64)[:, None]
    found = pair_disagreement(panel, counts)
    seats = scores[:, drawn]
    expected = [
        half_mean_square(seats, lambda j, i, k, h: j == k and drawn[i] != drawn[h]),
        half_mean_square(seats, lambda j, i, k, h: j != k and i == h),
        half_mean_square(seats, lambda j, i, k, h: j != k and drawn[i] != drawn[h]),
    ]
    np.testing.assert_allclose(
        [found.same_stimulus[0], found.same_rater[0], found.neither[0]], expected, rtol=1e-10
    )


def test_alpha_of_a_draw_leaves_out_the_pairs_of_one_rater_as_well() -> None:
    scores = partial()
    panel = panel_of(scores)
    drawn = [0, 0, 0, 2, 3, 3]
    counts = np.bincount(drawn, minlength=5).astype(np.float64)[:, None]
    observed, expected = unit_disagreement(panel, counts)
    seats = scores[:, drawn]
    votes = (~np.isnan(seats)).sum(axis=1)
    enough = [len({drawn[i] for i in np.flatnonzero(~np.isnan(row))}) > 1 for row in seats]
    within = [half_mean_square(row[None], lambda j, i, k, h: drawn[i] != drawn[h]) for row in seats[enough]]
    np.testing.assert_allclose(observed, np.average(within, weights=votes[enough]), rtol=1e-10)
    # Two votes of one seat are a pair, two seats of one rater are not.
    anyone = half_mean_square(seats, lambda j, i, k, h: (j != k and i == h) or drawn[i] != drawn[h])
    np.testing.assert_allclose(expected, anyone, rtol=1e-10)


def test_draws_of_raters_who_know_nothing_show_no_agreement() -> None:
    # Were raters compared with themselves, 1/15 of the pairs would agree perfectly.
    scores = np.random.default_rng(2).normal(0, 1, (60, 15))
    panel = panel_of(scores)
    counts = np.random.default_rng(3).multinomial(15, np.full(15, 1 / 15), size=400).T.astype(np.float64)
    drawn = pair_disagreement(panel, counts).agreement()
    assert abs(drawn.mean() - pair_disagreement(panel, once(panel)).agreement()[0]) < 0.01


def test_two_raters_are_each_others_half() -> None:
    # 1, 2, 3, 4 and 2, 1, 4, 3 correlate by 0.6; stepped up to two raters 2 · 0.6 / 1.6 = 0.75.
    row = measured(np.array([[1.0, 2.0], [2.0, 1.0], [3.0, 4.0], [4.0, 3.0]])).loc["split_half"]
    assert row["value"] == pytest.approx(0.75)
    assert row["note"].startswith("200 random halves, stepped up to 2 raters")


def test_halves_are_compared_on_the_stimuli_that_both_rated() -> None:
    # First half raters 0 and 1, second 2 and 3. Stimulus means 1, 3, 5, – and 2, 3, 7, 4: over the first
    # three the deviations −2, 0, 2 and −2, −1, 3 correlate by 10 / √(8 · 14) = 0.944911; halves have 2, 1, 2
    # and 2, 2, 2 votes, whose inverses average (0.5 + 1 + 0.5 + 0.5 + 0.5 + 0.5) / 6 = 0.583333.
    scores = np.array([[0.0, 2, 1, 3], [NAN, 3, 2, 4], [4, 6, 7, 7], [NAN, NAN, 4, 4]])
    first = np.array([[True], [True], [False], [False]])
    correlation, error = half_correlations(panel_of(scores), first)
    np.testing.assert_allclose(correlation, [0.944911], rtol=1e-6)
    np.testing.assert_allclose(error, [3.5 / 6])


def test_two_stimuli_correlate_in_no_way_that_means_anything() -> None:
    row = measured(np.array([[1.0, 2, 4], [5, 3, 9]])).loc["split_half"]
    assert np.isnan(row["value"])
    assert row["note"].startswith("not determined: ")


def test_raters_are_divided_at_random_into_equal_halves() -> None:
    halves = module._first_half(7, 500, np.random.default_rng(0))
    assert set(halves.sum(axis=0).tolist()) == {3}
    # Each rater is in the smaller half three times of seven.
    np.testing.assert_allclose(halves.mean(axis=1), 3 / 7, atol=0.08)


def test_split_halves_of_many_raters_come_to_the_consistency_of_their_mean(shared: Path) -> None:
    # Over all divisions the stepped-up halves average to ICC(3,k) (Cronbach, Psychometrika 16(3), 1951).
    frame = pd.read_csv(shared / "ratings" / "vqeg_frtv1_525_high.csv")
    table = Votes.from_frame(frame, methodology="dscqs", scale=(0, 100)).table()
    panel = Panel.of(table)
    consistency = stepped_up(pair_disagreement(panel, once(panel)).consistency(), 70)
    assert measured(table).loc["split_half", "value"] == pytest.approx(float(consistency[0]), abs=0.002)


def test_where_the_scale_begins_does_not_matter() -> None:
    near, far = measured(SHROUT_FLEISS), measured(SHROUT_FLEISS + 1e7)
    np.testing.assert_allclose(near["value"], far["value"], rtol=1e-6)


def test_k_is_the_harmonic_mean_of_the_votes_a_stimulus_has() -> None:
    # Krippendorff's units have 3, 4 (eight times), 3, 2 and 1 votes: 12 / (2/3 + 8/4 + 1/2 + 1) = 2.88.
    found = measured(KRIPPENDORFF)
    assert found.loc["icc_2_k", "note"].startswith("means of 2.88 raters")
    one = found.loc["icc_2_1", "value"]
    assert found.loc["icc_2_k", "value"] == pytest.approx(2.88 * one / (1 + 1.88 * one))


def test_intervals_cover_what_they_should() -> None:
    # Stimuli of variance 1.25 (0 and ±1.5 about evenly), bias 0.25 and error 1: ICC(2,1) = v / (v + 1.25).
    quality = np.tile([-1.5, 0.0, 1.5], 10)
    truth = quality.var(ddof=1) / (quality.var(ddof=1) + 1.25)
    rng = np.random.default_rng(4)
    hits = []
    for seed in range(100):
        votes = quality[:, None] + rng.normal(0, 0.5, 20) + rng.normal(0, 1, (30, 20))
        row = measured(votes, seed=seed, level=0.9).loc["icc_2_1"]
        hits.append(row["ci_low"] <= truth <= row["ci_high"])
    # 90 of 100 expected, give or take three standard errors of 3.
    assert 81 <= sum(hits) <= 99


def test_every_value_lies_within_its_interval_and_a_higher_level_is_wider() -> None:
    scores = partial(shape=(30, 12))
    narrow, wide = measured(scores, level=0.8), measured(scores, level=0.99)
    assert (narrow["ci_low"] < narrow["value"]).all()
    assert (narrow["value"] < narrow["ci_high"]).all()
    assert (wide["ci_low"] < narrow["ci_low"]).all()
    assert (narrow["ci_high"] < wide["ci_high"]).all()
    assert (wide["ci_high"] < 1).all()
    assert wide["level"].tolist() == [0.99] * 4


def test_the_interval_of_means_is_that_of_single_votes_stepped_up() -> None:
    found = measured(SHROUT_FLEISS)
    ends = found[["ci_low", "ci_high"]].to_numpy()
    np.testing.assert_allclose(ends[1], 4 * ends[0] / (1 + 3 * ends[0]))


def test_the_seed_decides_the_draws() -> None:
    scores = partial(shape=(20, 10))
    pd.testing.assert_frame_equal(measured(scores, seed=5), measured(scores, seed=5))
    differ = measured(scores, seed=5)["ci_low"] != measured(scores, seed=6)["ci_low"]
    assert differ.all()


def test_blocks_change_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    scores = partial(shape=(20, 10))
    at_once = measured(scores)
    monkeypatch.setattr(module, "BLOCK_ENTRIES", 400)
    pd.testing.assert_frame_equal(measured(scores), at_once)


def test_large_studies_draw_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    scores = partial(shape=(20, 10))
    votes = int((~np.isnan(scores)).sum())
    monkeypatch.setattr(module, "VISITS", votes * 50)
    found = measured(scores, replicates=2000)
    assert found.loc["split_half", "note"].startswith("50 random halves")
    assert found.loc["icc_2_1", "ci_low"] == measured(scores, replicates=200).loc["icc_2_1", "ci_low"]


def test_stimuli_and_raters_without_votes_do_not_count() -> None:
    scores = np.full((8, 6), NAN)
    scores[:6, 1:5] = SHROUT_FLEISS
    found = measured(scores)
    assert found[["n_raters", "n_stimuli"]].to_numpy().tolist() == [[4, 6]] * 4
    np.testing.assert_allclose(found["value"], measured(SHROUT_FLEISS)["value"])


def test_few_raters_are_said_to_be_few() -> None:
    assert measured(SHROUT_FLEISS)["note"].str.endswith("; 4 raters are few for an interval").all()
    assert measured(partial(shape=(20, 7)))["note"].str.contains("few").all()
    assert not measured(partial(shape=(20, 8)))["note"].str.contains("few").any()


def test_raters_who_agree_exactly_have_no_interval() -> None:
    found = measured(np.tile([[1.0], [2.0], [5.0], [9.0]], 10))
    np.testing.assert_allclose(found["value"], 1)
    assert found[["ci_low", "ci_high"]].isna().all(axis=None)
    assert found["note"].str.endswith("; no interval, for there is no disagreement").all()


def test_raters_in_perfect_proportion_have_no_interval_of_their_halves() -> None:
    # 1, 2, 3, 4 and 2, 4, 6, 8 correlate by 1 and disagree all the same.
    found = measured(np.array([[1.0, 2.0], [2.0, 4.0], [3.0, 6.0], [4.0, 8.0]]))
    assert found.loc["split_half", "value"] == pytest.approx(1)
    assert np.isnan(found.loc["split_half", "ci_low"])
    assert not np.isnan(found.loc["icc_2_1", "ci_low"])


@pytest.mark.parametrize(
    "scores",
    [
        np.full((3, 3), NAN),
        np.ones((4, 5)),
        np.array([[1.0], [2.0], [3.0], [4.0]]),
        np.where(np.eye(4) == 1, np.arange(4.0), NAN),
    ],
    ids=["no vote", "no variation", "one rater", "nothing in common"],
)
def test_what_the_votes_do_not_determine_is_missing_and_says_why(scores: Floats) -> None:
    found = measured(scores)
    assert found[["value", "ci_low", "ci_high"]].isna().all(axis=None)
    assert found["note"].str.startswith("not determined: ").all()


def test_columns_and_rows_stand_in_their_order() -> None:
    found = agreement(SHROUT_FLEISS, level=0.95, seed=0, replicates=100, halves=1)
    assert tuple(found) == AGREEMENT_COLUMNS
    assert found["measure"].tolist() == ["icc_2_1", "icc_2_k", "krippendorff_alpha", "split_half"]


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"level": 95}, "level 95 is not between 0 and 1"),
        ({"replicates": 99}, "99 replicates and 200 halves are too few"),
        ({"halves": 0}, "200 replicates and 0 halves are too few"),
        ({"seed": -1}, "seed -1 is not a whole number"),
    ],
)
def test_impossible_requests_are_refused(changed: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        measured(SHROUT_FLEISS, **changed)
