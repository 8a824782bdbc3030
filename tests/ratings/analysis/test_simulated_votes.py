"""Simulated votes: on the scale, with lapses, cheaters and gaps where and as often as asked for."""

from __future__ import annotations

import numpy as np
import pytest

from ratings.analysis.simulated_panels import FIVE_POINT_RATERS, FIVE_POINTS, PanelModel, Scale
from ratings.analysis.simulated_votes import (
    CHEATERS,
    SimulatedVotes,
    partial_design,
    simulate_acr_hr,
    simulate_votes,
)

QUALITY = np.linspace(1.2, 4.8, 40)
EXACT = PanelModel(bias_sd=0, inconsistency_median=0)
NO_STEPS = Scale(low=1, high=5)


def five_points(*, raters: int = 10, seed: int = 0, **options: object) -> SimulatedVotes:
    options = {"scale": FIVE_POINTS, "model": FIVE_POINT_RATERS} | options
    return simulate_votes(QUALITY, raters=raters, seed=seed, **options)


def test_exact_raters_answer_with_the_point_nearest_the_quality() -> None:
    panel = simulate_votes(np.array([1.2, 3.5, 4.4]), raters=2, seed=0, scale=FIVE_POINTS, model=EXACT)
    np.testing.assert_array_equal(panel.votes, [[1, 1], [4, 4], [4, 4]])


def test_votes_lie_on_the_scale_and_the_table_holds_them_all() -> None:
    panel = five_points(missing_rate=0.1)
    assert set(panel.table().value.tolist()) == {1, 2, 3, 4, 5}
    np.testing.assert_array_equal(panel.table().matrix(), panel.votes)


def test_the_same_seed_gives_the_same_votes_and_another_does_not() -> None:
    one, same, other = (five_points(seed=seed, scale=NO_STEPS) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.votes, same.votes)
    assert (one.votes == other.votes).mean() < 0.1


def test_another_seed_puts_lapses_gaps_and_designs_elsewhere() -> None:
    lapsing = PanelModel(bias_sd=0, inconsistency_median=0, lapse_rate=0.5)
    lapsed = [five_points(seed=seed, model=lapsing).lapsed for seed in (1, 2)]
    gaps = [np.isnan(five_points(seed=seed, missing_rate=0.5).votes) for seed in (1, 2)]
    shown = [np.isnan(five_points(seed=seed, votes_per_rater=20).votes) for seed in (1, 2)]
    for one, other in (lapsed, gaps, shown):
        # Of 400 coins half fall alike, with a standard error of 0.025.
        assert (one == other).mean() == pytest.approx(0.5, abs=0.1)


def test_each_cheater_answers_in_the_way_of_its_kind() -> None:
    votes = five_points(cheaters=CHEATERS, seed=3).votes
    honest = five_points(seed=3).votes
    assert len(set(votes[:, 6].tolist())) == 1
    assert set(votes[:, 7].tolist()) == {1, 2, 3, 4, 5}
    assert abs(np.corrcoef(votes[:, 7], QUALITY)[0, 1]) < 0.5
    assert set(votes[:, 8].tolist()) == {3}
    np.testing.assert_array_equal(votes[:, 9], 6 - honest[:, 9])


def test_cheaters_are_named_and_leave_the_honest_as_they_were() -> None:
    panel = five_points(cheaters=["inverted", "middle"])
    assert panel.conduct == ("honest",) * 8 + ("inverted", "middle")
    np.testing.assert_array_equal(panel.votes[:, :8], five_points().votes[:, :8])


def test_constant_cheaters_differ_in_the_point_they_chose() -> None:
    votes = five_points(raters=30, cheaters=["constant"] * 30).votes
    assert set(votes[0].tolist()) == {1, 2, 3, 4, 5}
    assert (votes == votes[0]).all()


def test_lapses_are_as_many_as_asked_for_marked_and_fall_anywhere() -> None:
    model = PanelModel(bias_sd=0, inconsistency_median=0, lapse_rate=0.1)
    panel = simulate_votes(np.full(1000, 5.0), raters=20, seed=0, scale=FIVE_POINTS, model=model)
    # 20,000 votes: the standard error of the share is 0.002; anywhere on 1..5 averages 3 (error 0.03).
    assert panel.lapsed.mean() == pytest.approx(0.1, abs=0.008)
    assert panel.votes[panel.lapsed].mean() == pytest.approx(3, abs=0.13)
    assert set(panel.votes[~panel.lapsed].tolist()) == {5}


def test_a_cheater_has_no_lapses() -> None:
    model = PanelModel(bias_sd=0, inconsistency_median=0, lapse_rate=1)
    panel = five_points(model=model, cheaters=["middle", "inverted"], seed=3)
    assert not panel.lapsed[:, 8:].any()
    assert panel.lapsed[:, :8].all()
    np.testing.assert_array_equal(panel.votes[:, 9], 6 - five_points(model=EXACT).votes[:, 9])


def test_missing_votes_are_as_many_as_asked_for_and_the_others_stay() -> None:
    votes = five_points(raters=500, missing_rate=0.2).votes
    # 20,000 votes: the standard error of the share is 0.003.
    assert np.isnan(votes).mean() == pytest.approx(0.2, abs=0.012)
    given = ~np.isnan(votes)
    np.testing.assert_array_equal(votes[given], five_points(raters=500).votes[given])


def test_in_a_partial_design_each_rater_votes_on_as_many_stimuli_as_asked_for() -> None:
    votes = five_points(votes_per_rater=15).votes
    assert (~np.isnan(votes)).sum(axis=0).tolist() == [15] * 10


def test_a_partial_design_shows_every_stimulus_as_often_within_one_and_pairs_them_at_random() -> None:
    shown = partial_design(40, 11, 15, np.random.default_rng(0))
    assert set(shown.sum(axis=1).tolist()) == {4, 5}
    other = partial_design(40, 11, 15, np.random.default_rng(1))
    assert (shown != other).any(axis=0).all()


def test_references_and_stimuli_share_a_raters_bias() -> None:
    model = PanelModel(bias_sd=0.5, inconsistency_median=0)
    open_ended = Scale(low=1, high=5, clipped=False)
    study = simulate_acr_hr(
        np.array([2.0, 3.0, 4.0]),
        np.array([4.5, 4.9]),
        np.array([0, 1, 1]),
        raters=6,
        seed=0,
        scale=open_ended,
        model=model,
    )
    np.testing.assert_allclose(study.reference[0] - study.votes[0], 4.5 - 2.0)
    np.testing.assert_allclose(study.reference[1] - study.votes[1:], [[1.9] * 6, [0.9] * 6])
    np.testing.assert_allclose(study.votes[0] - 2.0, study.panel.bias)
    assert study.panel.bias.std() > 0.1


def test_cheaters_and_gaps_touch_references_as_they_touch_stimuli() -> None:
    options = {"raters": 200, "seed": 0, "scale": FIVE_POINTS, "model": EXACT}
    image_of = np.repeat(np.arange(10), 4)
    study = simulate_acr_hr(
        QUALITY, np.full(10, 5.0), image_of, cheaters=["inverted"] * 100, missing_rate=0.3, **options
    )
    for votes in (study.reference, study.votes):
        # 2,000 votes or more: the standard error of the share is at most 0.01.
        assert np.isnan(votes).mean() == pytest.approx(0.3, abs=0.04)
    assert np.nanmax(study.reference[:, 100:]) == 1
    assert np.nanmin(study.reference[:, :100]) == 5


def test_another_seed_shows_a_rater_of_a_partial_acr_hr_test_other_stimuli() -> None:
    options = {"raters": 10, "scale": FIVE_POINTS, "model": EXACT, "votes_per_rater": 20}
    image_of = np.repeat(np.arange(10), 4)
    one, other = (
        np.isnan(simulate_acr_hr(QUALITY, np.full(10, 5.0), image_of, seed=seed, **options).votes)
        for seed in (1, 2)
    )
    assert (one == other).mean() == pytest.approx(0.5, abs=0.1)


def test_a_taste_leaves_the_references_alone() -> None:
    model = PanelModel(bias_sd=0, inconsistency_median=0, taste_sd=0.3)
    quality, image_of, method_of = np.full(4, 3.0), np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    options = {"raters": 5, "seed": 0, "scale": NO_STEPS, "model": model, "method_of": method_of}
    study = simulate_acr_hr(quality, np.array([4.5, 4.5]), image_of, **options)
    np.testing.assert_allclose(study.reference, 4.5)
    np.testing.assert_allclose(study.votes[:2], study.votes[2:])
    assert np.abs(study.votes - 3).min() > 0


def test_a_partial_design_shows_the_references_of_its_stimuli_and_no_others() -> None:
    image_of = np.repeat(np.arange(10), 3)
    options = {"raters": 8, "seed": 0, "scale": FIVE_POINTS, "model": FIVE_POINT_RATERS}
    study = simulate_acr_hr(np.full(30, 3.0), np.full(10, 4.5), image_of, votes_per_rater=6, **options)
    shown = ~np.isnan(study.votes)
    assert shown.sum(axis=0).tolist() == [6] * 8
    of_image = shown.reshape(10, 3, 8).any(axis=1)
    np.testing.assert_array_equal(~np.isnan(study.reference), of_image)
    np.testing.assert_array_equal(study.panel.votes, np.concatenate([study.reference, study.votes]))


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"cheaters": ["lazy"]}, "cheater 'lazy' is not available; available: constant"),
        ({"cheaters": ["middle"] * 11}, "cheaters name 11 raters, and the panel has 10"),
        ({"missing_rate": 1.5}, "missing_rate 1.5 is not a share"),
        ({"votes_per_rater": 41}, "votes_per_rater 41 is not between 0 and the 40 stimuli"),
        ({"raters": -1}, "raters -1 is not a whole number"),
    ],
)
def test_impossible_votes_are_refused(wrong: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        five_points(**wrong)


@pytest.mark.parametrize("image_of", [[0, 2], [0, -1], [0]])
def test_an_image_without_a_reference_is_refused(image_of: list[int]) -> None:
    with pytest.raises(ValueError, match=r"is not \(stimuli,\) with indices of 2 references"):
        simulate_acr_hr(
            np.zeros(2), np.ones(2), np.array(image_of), raters=2, seed=0, scale=NO_STEPS, model=EXACT
        )
