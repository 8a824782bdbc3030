"""Methods over raters and images, against published and other programs' fits and the analysis of variance."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ratings.analysis import mixed_model as module
from ratings.analysis.arrays import Floats, Ints
from ratings.analysis.mixed_model import COMPONENT_COLUMNS, CONTRAST_COLUMNS, MixedModel, mixed_model
from ratings.analysis.scores import ScoreTable
from tests.ratings.analysis.test_reml import SCORES as MACHINES

IMAGES, METHODS, RATERS = 5, 3, 9


def fitted(
    scores: Floats, *, n_methods: int = METHODS, image_of: Ints | None = None, **changed: object
) -> MixedModel:
    """Fit scores (stimuli, raters), whose stimuli are image by image, the methods a, b, … of each."""
    images, method_of = np.divmod(np.arange(len(scores)), n_methods)
    options = {"methods": list("abcdefgh"[:n_methods]), "level": 0.95, "higher_is": "worse", **changed}
    image_of = images if image_of is None else image_of
    return mixed_model(ScoreTable.from_matrix(scores), method_of, image_of, **options)  # type: ignore[arg-type]


def study(seed: int = 3, *, missing: float = 0.0) -> Floats:
    """Return scores (stimuli, raters) with every component that the model knows."""
    rng = np.random.default_rng(seed)
    image, method = np.divmod(np.arange(IMAGES * METHODS), METHODS)
    scores: Floats = (
        np.array([30.0, 24.0, 20.0])[method][:, None]
        + rng.normal(0, 6, IMAGES)[image][:, None]
        + rng.normal(0, 5, (IMAGES * METHODS))[:, None]
        + rng.normal(0, 4, RATERS)
        + rng.normal(0, 4, (IMAGES, RATERS))[image]
        + rng.normal(0, 3, (METHODS, RATERS))[method]
        + rng.normal(0, 7, (IMAGES * METHODS, RATERS))
    )
    return np.where(rng.random(scores.shape) < missing, np.nan, scores)


def by_statsmodels(scores: Floats, formula: dict[str, str]) -> tuple[Floats, Floats, Floats]:
    """Return differences from a, their standard errors, and variances with the residual's last."""
    import statsmodels.formula.api as smf

    stimulus, rater = np.nonzero(~np.isnan(scores))
    image, method = np.divmod(stimulus, METHODS)
    frame = pd.DataFrame({"y": scores[stimulus, rater], "rater": rater, "image": image, "method": method})
    model = smf.mixedlm("y ~ C(method)", frame, groups=np.ones(len(frame)), vc_formula=formula)
    fit = model.fit(reml=True, method=["bfgs"], gtol=1e-8)  # its default ends 0.2 % before the optimum
    variance = dict(zip(model.exog_vc.names, fit.vcomp, strict=True))
    ordered = [variance[name] for name in formula] + [fit.scale]
    return np.asarray(fit.fe_params[1:]), np.asarray(fit.bse_fe[1:]), np.array(ordered)


def test_the_machines_are_compared_as_published() -> None:
    # Workers for raters, times for images. Pinheiro & Bates, 2000, p. 27: differences 7.96667 and 13.91667,
    # standard errors 2.176974, ten degrees of freedom, t = 3.65951 and 6.39267, p = 0.0044 and 0.0001.
    scores = MACHINES.reshape(3, 6, 3).transpose(2, 0, 1).reshape(9, 6)
    found = fitted(scores, higher_is="better").contrasts
    assert found["method"].tolist() == ["b", "c"]
    np.testing.assert_allclose(found["difference"], [7.96667, 13.91667], atol=1e-5)
    np.testing.assert_allclose(found["se"], 2.176974, rtol=2e-6)
    np.testing.assert_allclose(found["df"], 10, rtol=1e-4)
    np.testing.assert_allclose(found["t"], [3.65951, 6.39267], rtol=2e-6)
    np.testing.assert_allclose(found["p"], [0.0044, 0.0001], atol=5e-5)
    assert found["better"].tolist() == ["b", "c"]
    assert found["p_holm"][1] == pytest.approx(2 * found["p"][1])


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_raters_and_images_alone_are_fitted_as_statsmodels_does(missing: float) -> None:
    scores = study(missing=missing)
    difference, se, variance = by_statsmodels(scores, {"rater": "0 + C(rater)", "image": "0 + C(image)"})
    found = fitted(scores, interactions=False)
    np.testing.assert_allclose(found.contrasts["difference"], difference, rtol=1e-4)
    # In a partial design statsmodels lets its errors also tell how unsure the variances are.
    np.testing.assert_allclose(found.contrasts["se"], se, rtol=5e-3 if missing else 1e-4)
    np.testing.assert_allclose(found.components["variance"], variance, rtol=2e-3)
    assert found.components["component"].tolist() == ["rater", "image", "residual"]


def test_interactions_are_fitted_as_statsmodels_does() -> None:
    scores = study(missing=0.2)
    formula = {
        "rater": "0 + C(rater)",
        "image": "0 + C(image)",
        "rater:image": "0 + C(rater):C(image)",
        "rater:method": "0 + C(rater):C(method)",
        "image:method": "0 + C(image):C(method)",
    }
    difference, se, variance = by_statsmodels(scores, formula)
    found = fitted(scores)
    np.testing.assert_allclose(found.contrasts["difference"], difference, rtol=1e-3)
    np.testing.assert_allclose(found.contrasts["se"], se, rtol=5e-3)
    np.testing.assert_allclose(found.components["variance"], variance, rtol=5e-3, atol=0.01)
    assert found.components["component"].tolist() == [*formula, "residual"]


def test_a_complete_design_has_the_errors_of_the_analysis_of_variance() -> None:
    # A difference of two means has the variance 2 (MS_rm + MS_im − MS_rim) / (raters · images), and by
    # Satterthwaite its square over the sum of each mean square's, squared, over its own degrees of freedom:
    # the quasi-F of Clark, Journal of Verbal Learning and Verbal Behavior 12(4), 1973.
    scores = study()
    y = scores.reshape(IMAGES, METHODS, RATERS)
    mean = y.mean()
    image, method, rater = y.mean((1, 2)), y.mean((0, 2)), y.mean((0, 1))
    of_rater = y.mean(0) - method[:, None] - rater + mean
    of_image = y.mean(2) - method - image[:, None] + mean
    of_both = y.mean(1) - image[:, None] - rater + mean
    residual = y - y.mean(0) - y.mean(2)[..., None] + method[:, None] - of_both[:, None, :]
    df = np.array(
        [
            (RATERS - 1) * (METHODS - 1),
            (IMAGES - 1) * (METHODS - 1),
            (RATERS - 1) * (IMAGES - 1) * (METHODS - 1),
        ]
    )
    squares = [IMAGES * (of_rater**2).sum(), RATERS * (of_image**2).sum(), (residual**2).sum()]
    terms = np.array([1, 1, -1]) * squares / df
    found = fitted(scores).contrasts
    np.testing.assert_allclose(found["se"], np.sqrt(2 * terms.sum() / (RATERS * IMAGES)), rtol=1e-4)
    np.testing.assert_allclose(found["df"], terms.sum() ** 2 / (terms**2 / df).sum(), rtol=1e-3)
    np.testing.assert_allclose(found["difference"], method[1:] - method[0])


def test_interval_and_p_are_those_of_students_t() -> None:
    found = fitted(study(), level=0.9).contrasts
    half = stats.t.ppf(0.95, found["df"]) * found["se"]
    np.testing.assert_allclose(found["ci_high"] - found["difference"], half)
    np.testing.assert_allclose(found["difference"] - found["ci_low"], half)
    np.testing.assert_allclose(found["p"], 2 * stats.t.cdf(-np.abs(found["t"]), found["df"]))
    assert found["level"].tolist() == [0.9, 0.9]


def test_without_interactions_differences_look_more_certain_than_they_are() -> None:
    scores = study()
    assert (fitted(scores, interactions=False).contrasts["se"] < 0.6 * fitted(scores).contrasts["se"]).all()


def test_votes_on_another_scale_give_the_same_answer_on_it() -> None:
    one, other = fitted(study()), fitted(1e4 * study() - 1e12)
    np.testing.assert_allclose(other.contrasts["difference"], 1e4 * one.contrasts["difference"], rtol=1e-6)
    np.testing.assert_allclose(other.contrasts["se"], 1e4 * one.contrasts["se"], rtol=1e-4)
    np.testing.assert_allclose(other.components["variance"], 1e8 * one.components["variance"], rtol=1e-3)
    np.testing.assert_allclose(one.components["share"].sum(), 1)
    np.testing.assert_allclose(one.components["sd"] ** 2, one.components["variance"])


def test_the_direction_of_the_scale_says_who_is_better() -> None:
    # c lies far below a; where higher is worse c is better, where higher is better a is.
    scores = study() - 40 * (np.arange(IMAGES * METHODS) % METHODS == 2)[:, None]
    for higher_is, winner in (("worse", "c"), ("better", "a")):
        found = fitted(scores, higher_is=higher_is).contrasts
        assert found["better"].tolist() == ["", winner]
        assert found["higher_is"].tolist() == [higher_is, higher_is]


def test_any_method_may_be_the_reference() -> None:
    from_a, from_c = fitted(study()).contrasts, fitted(study(), reference="c").contrasts
    assert from_c["method"].tolist() == ["a", "b"]
    assert from_c["reference"].tolist() == ["c", "c"]
    assert from_c["difference"][0] == pytest.approx(-from_a["difference"][1])


def test_a_method_without_votes_has_a_row_without_numbers() -> None:
    scores = study()
    scores[1::METHODS] = np.nan
    found = fitted(scores)
    assert found.contrasts["method"].tolist() == ["b", "c"]
    assert np.isnan(found.contrasts["difference"][0])
    assert not np.isnan(found.contrasts["p_holm"][1])
    assert found.notes == ()


def test_a_reference_without_votes_gives_way_to_the_first_method_with_some() -> None:
    scores = study()
    scores[0::METHODS] = np.nan
    found = fitted(scores)
    assert found.contrasts["reference"].tolist() == ["b", "b"]
    assert found.notes == ("'a' has no votes; the mixed model compares with 'b'.",)


def test_an_interaction_that_nothing_tells_from_the_residual_is_left_out() -> None:
    # Each rater has one vote a method and one an image: rater r sees method m on image (r + m) mod 3.
    rng = np.random.default_rng(0)
    scores = np.full((9, 12), np.nan)
    for rater in range(12):
        for method in range(3):
            scores[3 * ((rater + method) % 3) + method, rater] = rng.normal(10 * method, 5)
    found = fitted(scores)
    assert found.components["component"].tolist() == ["rater", "image", "image:method", "residual"]
    assert found.notes == (
        "The votes cannot tell rater:image from rater, image and residual, so the mixed model has no such "
        "component.",
        "The votes cannot tell rater:method from rater, method and residual, so the mixed model has no such "
        "component.",
    )


def test_an_interaction_that_its_factors_account_for_is_left_out() -> None:
    # Every rater sees one image alone, so that rater and image together are the rater.
    scores = np.array(study())
    scores[(np.arange(len(scores)) // METHODS)[:, None] != np.arange(RATERS) % IMAGES] = np.nan
    found = fitted(scores)
    assert found.notes[0].startswith("The votes cannot tell rater:image from rater, image and residual, so")
    assert "image:method" in found.components["component"].tolist()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda y: y[:, :1], "there is 1 rater with votes, and it takes two"),
        (lambda y: y[:3], "there is 1 image with votes, and it takes two"),
        (lambda y: np.full_like(y, np.nan), "there are no votes"),
        (lambda y: y * 0 + np.arange(len(y))[:, None] % METHODS, "votes on a method do not vary"),
        (
            lambda y: np.where(np.isin(y, y[[0, 4], 0]), np.nan, y)[:5, :2],
            "8 votes are too few for 3 methods",
        ),
    ],
)
def test_votes_that_no_model_fits_are_left_out_with_a_sentence(change: object, reason: str) -> None:
    found = fitted(change(study()))  # type: ignore[operator]
    assert found.contrasts.empty
    assert found.components.empty
    assert (list(found.contrasts), list(found.components)) == ([*CONTRAST_COLUMNS], [*COMPONENT_COLUMNS])
    assert not found.converged
    assert found.notes == (f"The mixed model was left out: {reason}.",)


def test_methods_of_one_image_each_say_nothing_of_other_images() -> None:
    # Six stimuli of six methods on three images, two a piece: every difference may be the image's.
    scores = np.random.default_rng(0).normal(50, 5, (6, 8))
    image_of = np.array([0, 0, 1, 1, 2, 2])
    found = fitted(scores, n_methods=6, image_of=image_of)
    assert found.notes == (
        "The mixed model was left out: no methods share two images, so it cannot speak of other images.",
    )
    assert fitted(scores, n_methods=6, image_of=image_of, interactions=False).converged


def test_a_single_method_is_compared_with_nothing() -> None:
    found = fitted(study(), n_methods=1)
    assert found.notes == ("The mixed model was left out: there is 1 method with votes, and it takes two.",)


def test_large_studies_are_left_out_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_WORK", 1000)
    # 9 raters, 5 images, 45 raters by images, 27 raters by methods, 15 images by methods.
    assert fitted(study()).notes == (
        "The mixed model was left out: it would take long to solve for 101 random effects.",
    )
    monkeypatch.undo()
    monkeypatch.setattr(module, "MOST_CELLS", 135)
    assert fitted(study()).converged
    monkeypatch.setattr(module, "MOST_CELLS", 134)
    assert fitted(study()).notes == (
        "The mixed model was left out: there are 135 votes, and it takes at most 134.",
    )


def test_a_likelihood_too_flat_to_bound_a_difference_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.Reml, "degrees_of_freedom", lambda _, weights: np.full(len(weights), np.nan))
    found = fitted(study())
    assert found.contrasts[["ci_low", "p"]].isna().all(axis=None)
    assert found.notes == ("The mixed model's likelihood is too flat to say how sure its differences are.",)


def test_degrees_of_freedom_are_not_below_1(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.Reml, "degrees_of_freedom", lambda _, weights: np.full(len(weights), 1e-4))
    assert fitted(study()).contrasts["df"].tolist() == [1, 1]


def test_a_fit_that_does_not_converge_says_so() -> None:
    # Nothing but the raters' own level: a residual of 0 has no likelihood.
    found = fitted(np.tile(np.arange(RATERS) ** 2.0, (IMAGES * METHODS, 1)))
    assert not found.converged
    assert found.notes[0] == "The mixed model did not converge; do not use its numbers."


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"higher_is": "up"}, "higher_is 'up' is not available"),
        ({"level": 0}, "level 0 is not between 0 and 1"),
        ({"reference": "q"}, "reference 'q' is not available; available: a, b, c"),
        ({"methods": ["a"]}, "holds a number outside 0..0"),
    ],
)
def test_impossible_requests_are_refused(changed: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        fitted(study(), **changed)  # type: ignore[arg-type]
