"""Simulated panels: latent votes are the quality, the bias, the taste and the noise that the model names."""

from __future__ import annotations

import numpy as np
import pytest

from ratings.analysis.simulated_panels import (
    DSCQS_RATERS,
    FIVE_POINTS,
    LatentPanels,
    PanelModel,
    Scale,
    latent_panels,
)

QUALITY = np.array([10.0, 30.0, 50.0])
BIAS_ALONE = PanelModel(bias_sd=5, inconsistency_median=0)


def draw(model: PanelModel, *, raters: int = 50, studies: int = 200, seed: int = 0) -> LatentPanels:
    return latent_panels(QUALITY, raters=raters, studies=studies, seed=seed, model=model)


def test_without_noise_a_vote_is_the_quality_and_the_raters_bias() -> None:
    panels = draw(BIAS_ALONE)
    np.testing.assert_allclose(panels.votes[3, :, 7], QUALITY + panels.bias[3, 7])


def test_biases_average_zero_over_the_population_and_have_the_spread_asked_for() -> None:
    # 10,000 raters: the standard errors of these are 0.05 and 0.035.
    panels = draw(BIAS_ALONE)
    assert panels.bias.mean() == pytest.approx(0, abs=0.2)
    assert panels.bias.std() == pytest.approx(5, abs=0.15)


def test_the_panels_quality_is_what_its_raters_answer_without_noise() -> None:
    panels = draw(BIAS_ALONE, raters=4, studies=3)
    np.testing.assert_allclose(panels.panel_quality, panels.votes.mean(axis=2))
    assert (np.abs(panels.panel_quality - QUALITY) > 0.01).all()


def test_noise_has_each_raters_own_spread_and_their_median_and_log_spread_are_as_asked_for() -> None:
    model = PanelModel(bias_sd=0, inconsistency_median=8, inconsistency_log_sd=0.3)
    one = latent_panels(np.zeros(20_000), raters=3, studies=1, seed=0, model=model)
    np.testing.assert_allclose(one.votes[0].std(axis=0), one.inconsistency[0], rtol=0.02)
    many = draw(model)
    assert np.median(many.inconsistency) == pytest.approx(8, rel=0.02)
    assert np.log(many.inconsistency).std() == pytest.approx(0.3, rel=0.03)


def test_noisy_raters_are_as_many_and_as_noisy_as_asked_for() -> None:
    model = PanelModel(bias_sd=0, inconsistency_median=2, noisy_share=0.2, noisy_factor=3)
    inconsistency = draw(model).inconsistency
    assert set(inconsistency.ravel().tolist()) == {2, 6}
    # 10,000 raters: the standard error of the share is 0.004.
    assert (inconsistency == 6).mean() == pytest.approx(0.2, abs=0.016)


def test_a_taste_is_shared_by_a_methods_stimuli_and_spares_those_without_a_method() -> None:
    model = PanelModel(bias_sd=0, inconsistency_median=0, taste_sd=3)
    panels = latent_panels(
        np.array([1.0, 2.0, 3.0, 4.0]),
        raters=100,
        studies=50,
        seed=0,
        model=model,
        method_of=np.array([0, 0, 1, -1]),
    )
    extra = panels.votes - panels.quality[:, None]
    np.testing.assert_allclose(extra[:, 0], extra[:, 1])
    assert not np.isclose(extra[:, 0], extra[:, 2]).any()
    np.testing.assert_allclose(extra[:, 3], 0)
    # 10,000 tastes: the standard error of their sd is 0.02.
    assert panels.taste.std() == pytest.approx(3, abs=0.09)
    np.testing.assert_allclose(panels.panel_quality, panels.votes.mean(axis=2))


def test_the_same_seed_gives_the_same_panels_and_another_does_not() -> None:
    one, same, other = (draw(DSCQS_RATERS, studies=2, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.votes, same.votes)
    assert not np.isclose(one.votes, other.votes).any()


def test_studies_have_raters_of_their_own() -> None:
    panels = draw(DSCQS_RATERS, studies=2)
    assert not np.isclose(panels.bias[0], panels.bias[1]).any()
    assert not np.isclose(panels.votes[0], panels.votes[1]).any()


def test_adding_a_bias_leaves_the_noise_as_it_was() -> None:
    plain = draw(PanelModel(bias_sd=0, inconsistency_median=4), studies=1)
    biased = draw(PanelModel(bias_sd=5, inconsistency_median=4), studies=1)
    np.testing.assert_allclose(biased.votes - biased.bias[:, None, :], plain.votes)


def test_a_scale_answers_with_its_nearest_point_and_not_beyond_its_ends() -> None:
    latent = np.array([-3.0, 1.49, 1.5, 4.4, 5.7, np.nan])
    np.testing.assert_array_equal(FIVE_POINTS.report(latent), [1, 1, 2, 4, 5, np.nan])
    np.testing.assert_array_equal(Scale(low=1, high=5).report(latent), [1, 1.49, 1.5, 4.4, 5, np.nan])
    np.testing.assert_array_equal(
        Scale(low=1, high=5, step=1, clipped=False).report(latent), [-3, 1, 2, 4, 6, np.nan]
    )


def test_an_answer_from_anywhere_is_any_point_of_the_scale_as_often() -> None:
    rng = np.random.default_rng(0)
    points, times = np.unique(FIVE_POINTS.anywhere(rng, 50_000), return_counts=True)
    assert points.tolist() == [1, 2, 3, 4, 5]
    np.testing.assert_allclose(times, 10_000, rtol=0.05)
    # Uniform over −100..100: standard deviation 200 / √12 = 57.735.
    assert Scale(low=-100, high=100).anywhere(rng, 50_000).std() == pytest.approx(57.735, rel=0.02)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"bias_sd": -1.0}, "bias_sd -1.0 is not a finite number"),
        ({"inconsistency_median": float("nan")}, "inconsistency_median nan is not a finite number"),
        ({"noisy_share": 1.5}, "noisy_share 1.5 is not a share"),
        ({"lapse_rate": 2.0}, "lapse_rate 2.0 is not a share"),
    ],
)
def test_an_impossible_population_is_refused(wrong: dict[str, float], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        PanelModel(**({"bias_sd": 1.0, "inconsistency_median": 1.0} | wrong))


@pytest.mark.parametrize(
    ("ends", "says"),
    [
        ((5.0, 1.0, 0.0), "a scale from 5.0 to 1.0 does not lead upwards"),
        ((0.0, float("inf"), 0.0), "a scale from 0.0 to inf"),
        ((1.0, 5.0, 1.5), "step 1.5 does not divide the scale"),
        ((1.0, 5.0, -1.0), "step -1.0 does not divide the scale"),
    ],
)
def test_an_impossible_scale_is_refused(ends: tuple[float, float, float], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Scale(low=ends[0], high=ends[1], step=ends[2])


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"quality": np.zeros((2, 2))}, r"quality of shape \(2, 2\)"),
        ({"quality": np.array([1.0, np.nan, 2.0])}, "quality nan is not finite"),
        ({"raters": -1}, "raters -1 is not a whole number"),
        ({"studies": -1}, "studies -1 is not a whole number"),
        ({"seed": -1}, "seed -1 is not a whole number"),
        ({"model": PanelModel(bias_sd=0, inconsistency_median=0, taste_sd=1)}, "taste_sd 1 needs method_of"),
        ({"method_of": np.array([0, 1])}, r"method_of of shape \(2,\) is not that of quality, \(3,\)"),
        ({"method_of": np.array([0, 1, -2])}, "method_of -2 is not a code"),
    ],
)
def test_impossible_panels_are_refused(wrong: dict[str, object], says: str) -> None:
    asked = {"quality": QUALITY, "raters": 2, "studies": 1, "seed": 0, "model": DSCQS_RATERS} | wrong
    with pytest.raises(ValueError, match=says):
        latent_panels(asked.pop("quality"), **asked)
