"""What is said of a metric beside opinion scores, on points whose best curve is known by construction."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from ratings.analysis import metric_fit
from ratings.analysis.correlation import Replicates
from ratings.analysis.metric_fit import CORRELATION_COLUMNS, fit_metrics, fitted_curve
from ratings.analysis.rated_metrics import RatedMetrics

PSNR = np.array([22.0, 25.0, 28.0, 31.0, 34.0, 37.0])
# 60 / (1 + exp((PSNR − 28) / 2)): the scores fall.
CURVE = 60 / (1 + np.exp((PSNR - 28) / 2))
ERROR = np.array([1.0, 2, 3, 1, 2, 3])


def rated() -> RatedMetrics:
    """Six methods on two images of equal PSNR, scored as far above the curve on one as below on the other.

    The mean of the two scores lies on the curve at every PSNR, so no curve has smaller squares than it.
    """
    return RatedMetrics(
        metrics={"psnr": np.tile(PSNR, 2)},
        dmos=np.concatenate([CURVE + ERROR, CURVE - ERROR]),
        half_width=np.full(12, 1.5),
        image_of=np.repeat([0, 1], 6),
        method_of=np.tile(np.arange(6), 2),
        images=["cat", "cup"],
        methods=list("abcdef"),
    )


def many() -> RatedMetrics:
    """Twelve images by five methods; the images differ in how their PSNR relates to the scores."""
    rng = np.random.default_rng(4)
    image_of, method_of = np.repeat(np.arange(12), 5), np.tile(np.arange(5), 12)
    psnr = 24 + 3 * method_of + rng.normal(0, 2, 12)[image_of]
    dmos = 60 / (1 + np.exp((24 + 3 * method_of - 29) / 3)) + rng.normal(0, 3, 60)
    return RatedMetrics(
        metrics={"psnr": psnr, "ssim": psnr / 50},
        dmos=dmos,
        half_width=np.full(60, 5.0),
        image_of=image_of,
        method_of=method_of,
        images=[str(number) for number in range(12)],
        methods=list("abcde"),
    )


def row(frame: pd.DataFrame, level: str = "pooled", image: str = "") -> pd.Series:
    found = frame[(frame["level"] == level) & (frame["image"] == image)]
    assert len(found) == 1
    return found.iloc[0]


def test_the_columns_begin_as_promised_and_none_is_missing() -> None:
    frame = fit_metrics(rated(), level=0.95)
    promised = ["metric", "level", "n", "plcc", "srocc", "krocc", "rmse", "outlier_ratio"]
    assert list(frame.columns[:8]) == promised
    assert list(frame.columns) == list(CORRELATION_COLUMNS)
    assert frame["metric"].tolist() == ["psnr"] * 4


@pytest.mark.parametrize(("mapping", "parameters"), [("logistic4", 4), ("logistic5", 5)])
def test_the_errors_of_the_mapping_match_a_hand_calculation(mapping: str, parameters: int) -> None:
    # Σe² = 2 (1 + 4 + 9 + 1 + 4 + 9) = 56. Beyond 1.5: four errors by 0.5, four by 1.5, of twelve:
    # Σe*² = 4 · 0.25 + 4 · 2.25 = 10.
    pooled = row(fit_metrics(rated(), level=0.95, mapping=mapping))
    np.testing.assert_allclose(pooled["rmse"], np.sqrt(56 / (12 - parameters)), rtol=1e-8)
    np.testing.assert_allclose(pooled["rmse_star"], np.sqrt(10 / (12 - parameters)), rtol=1e-6)
    np.testing.assert_allclose(pooled["outlier_ratio"], 8 / 12)
    assert (pooled["n"], pooled["mapping"], pooled["converged"], pooled["note"]) == (12, mapping, True, "")


def test_plcc_is_positive_after_mapping_and_the_others_keep_their_sign() -> None:
    # R² = 1 − 56 / Σ(y − ȳ)². The scores on the curve are 57.154, 49.054, 30, 10.946, 2.846, 0.659, with
    # mean 25.110 and squares of 2 · 2918.27 about it; errors of both signs add 56. √(1 − 56 / 5892.55).
    pooled = row(fit_metrics(rated(), level=0.95))
    np.testing.assert_allclose(pooled["plcc"], 0.995237, atol=1e-6)
    assert pooled["plcc_unmapped"] < -0.9
    assert pooled["srocc"] < -0.9
    assert pooled["krocc"] < -0.8
    assert pooled["monotonic"]


def test_over_methods_and_images_too_few_points_leave_the_rank_correlations() -> None:
    frame = fit_metrics(rated(), level=0.95)
    for level, image in (("method", ""), ("image", "cat"), ("image", "cup")):
        few = row(frame, level, image)
        assert few["n"] == 6
        assert few[["srocc", "krocc"]].tolist() == [-1, -1]
        assert few[["plcc", "rmse", "outlier_ratio", "rmse_star"]].isna().all()
        assert few["plcc_unmapped"] < -0.9
        assert (few["mapping"], few["converged"], few["monotonic"]) == ("none", None, None)
        assert few["note"] == "not mapped: 6 points are too few for a mapping; it needs 8 or more"


def test_no_mapping_can_be_asked_for() -> None:
    pooled = row(fit_metrics(rated(), level=0.95, mapping="none"))
    assert (pooled["mapping"], pooled["note"]) == ("none", "")
    assert np.isnan(pooled["plcc"])


def test_perfect_images_are_left_out_and_counted() -> None:
    study = rated()
    psnr = np.append(study.metrics["psnr"], [np.inf, np.inf])
    wider = replace(
        study,
        metrics={"psnr": psnr},
        dmos=np.append(study.dmos, [0.0, 0.0]),
        half_width=np.append(study.half_width, [1.0, 1.0]),
        image_of=np.append(study.image_of, [0, 1]),
        method_of=np.append(study.method_of, [6, 6]),
        methods=list("abcdefg"),
    )
    frame = fit_metrics(wider, level=0.95)
    pooled = row(frame)
    assert (pooled["n"], pooled["left_out"], pooled["note"]) == (12, 2, "left out: 2 of infinite value")
    np.testing.assert_allclose(pooled["rmse"], np.sqrt(56 / 8), rtol=1e-8)
    assert row(frame, "method")["note"].startswith("left out: 1 of infinite value; not mapped: 6 points")


def test_a_point_without_an_interval_counts_in_neither_outlier_ratio_nor_rmse_star() -> None:
    # Left: the first image, |e| = 1, 2, 3, 1, 2, 3 against 1.5; Σe*² = 5, and 6 − 4 degrees of freedom.
    half_width = np.repeat([1.5, np.nan], 6)
    pooled = row(fit_metrics(replace(rated(), half_width=half_width), level=0.95))
    np.testing.assert_allclose(pooled["outlier_ratio"], 4 / 6)
    np.testing.assert_allclose(pooled["rmse_star"], np.sqrt(5 / 2), rtol=1e-6)
    np.testing.assert_allclose(pooled["rmse"], np.sqrt(56 / 8), rtol=1e-8)


def test_without_intervals_there_is_no_outlier_ratio() -> None:
    pooled = row(fit_metrics(replace(rated(), half_width=np.full(12, np.nan)), level=0.95))
    assert pooled[["outlier_ratio", "rmse_star"]].isna().all()


def test_the_intervals_by_formula_match_a_hand_calculation() -> None:
    # n = 12 at 90 %: 1.644854 / 3 = 0.548285 about atanh the plcc; χ²(8) is 15.507 at 0.95 and
    # 2.733 at 0.05: √(56 / 15.507) and √(56 / 2.733).
    pooled = row(fit_metrics(rated(), level=0.9))
    assert (pooled["ci"], pooled["confidence"]) == ("fisher", 0.9)
    np.testing.assert_allclose(pooled[["rmse_ci_low", "rmse_ci_high"]].tolist(), [1.9003, 4.5267], atol=1e-3)
    widths = np.arctanh([pooled["plcc_ci_low"], pooled["plcc_ci_high"]]) - np.arctanh(pooled["plcc"])
    np.testing.assert_allclose(widths, [-0.548285, 0.548285], atol=1e-5)
    assert pooled["srocc_ci_low"] < pooled["srocc"] < pooled["srocc_ci_high"] < 0
    assert pooled["krocc_ci_low"] < pooled["krocc"] < pooled["krocc_ci_high"] < 0


def test_the_bootstrap_over_images_is_wider_than_fisher_where_images_shift_the_metric() -> None:
    # PSNR moves by 2 dB from image to image and hardly within one: 12 images say less than 60 stimuli.
    by_formula = row(fit_metrics(many(), level=0.95).query("metric == 'psnr'"))
    resampled = row(fit_metrics(many(), level=0.95, ci="bootstrap", seed=1).query("metric == 'psnr'"))
    for name in ("plcc", "srocc", "krocc", "rmse"):
        low, value, high = (resampled[name + end] for end in ("_ci_low", "", "_ci_high"))
        assert low < value < high
        assert value == by_formula[name]
    assert (by_formula["ci"], resampled["ci"]) == ("fisher", "bootstrap")
    assert resampled["rmse_ci_high"] > by_formula["rmse_ci_high"]


def test_the_bootstrap_is_corrected_for_bias_and_expanded_for_the_number_of_images(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The hand calculation for ten images at 90 % and 600 of 1001 replicates below 0.6 in test_correlation.
    replicates = Replicates(*[np.linspace(0, 1, 1001)] * 4)
    monkeypatch.setattr(metric_fit, "resample_points", lambda *_, **__: replicates)
    monkeypatch.setattr(metric_fit, "measure", lambda *_: dict.fromkeys(metric_fit.MEASURES, 0.6))
    study = replace(many(), image_of=many().image_of % 10)
    pooled = row(fit_metrics(study, level=0.9, ci="bootstrap").query("metric == 'psnr'"))
    for name in metric_fit.MEASURES:
        ends = pooled[[f"{name}_ci_low", f"{name}_ci_high"]].tolist()
        np.testing.assert_allclose(ends, [0.076847, 0.992614], atol=2e-6)


def test_the_bootstrap_depends_on_its_seed_alone() -> None:
    first, again, other = (
        fit_metrics(many(), level=0.95, ci="bootstrap", seed=seed, replicates=200) for seed in (1, 1, 2)
    )
    pd.testing.assert_frame_equal(first, again)
    assert (
        row(first.query("metric == 'psnr'"))["plcc_ci_low"]
        != row(other.query("metric == 'psnr'"))["plcc_ci_low"]
    )


def test_the_bootstrap_serves_the_pooled_rows_alone() -> None:
    frame = fit_metrics(many(), level=0.95, ci="bootstrap", replicates=100)
    assert set(frame[frame["level"] == "pooled"]["ci"]) == {"bootstrap"}
    assert set(frame[frame["level"] != "pooled"]["ci"]) == {"fisher"}


def test_one_image_cannot_be_resampled() -> None:
    study = many()
    one = replace(study, image_of=np.zeros(60, dtype=np.int64), images=["all"])
    pooled = row(fit_metrics(one, level=0.95, ci="bootstrap", replicates=100).query("metric == 'psnr'"))
    assert pooled[["plcc_ci_low", "plcc_ci_high", "srocc_ci_low", "rmse_ci_high"]].isna().all()
    assert pooled["plcc"] > 0.5


def test_a_metric_without_any_value_has_rows_that_say_so() -> None:
    study = replace(rated(), metrics={"psnr": np.full(12, np.nan)})
    frame = fit_metrics(study, level=0.95, ci="bootstrap", replicates=100)
    assert frame["n"].tolist() == [0, 0, 0, 0]
    assert row(frame)["note"].startswith("left out: 12 without a value; not mapped: 0 points are too few")
    assert frame[["plcc", "srocc", "plcc_ci_low", "rmse_ci_high"]].isna().all(axis=None)


def test_a_mapping_that_turns_or_that_the_published_start_misses_is_noted() -> None:
    # A tilt of the other sign than the step, and a step far from the mean of the metric.
    psnr = np.arange(22.0, 38.0, 0.5)
    study = replace(
        many(),
        metrics={"psnr": psnr},
        dmos=np.where(psnr < 23.7, 60.0, 0.0) + psnr / 10,
        half_width=np.ones(32),
        image_of=np.zeros(32, dtype=np.int64),
        method_of=np.zeros(32, dtype=np.int64),
    )
    pooled = row(fit_metrics(study, level=0.95, mapping="logistic5"))
    assert not pooled["monotonic"]
    assert "the curve turns within the metric's range" in pooled["note"]
    assert "the published start alone ends in a worse fit, rmse" in pooled["note"]


def test_a_search_cut_short_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ratings.analysis.logistic.MAX_EVALUATIONS", 2)
    monkeypatch.setattr("ratings.analysis.logistic.MAX_PUBLISHED", 2)
    pooled = row(fit_metrics(many(), level=0.95).query("metric == 'psnr'"))
    assert not pooled["converged"]
    assert "was cut short" in pooled["note"]


def test_the_curve_for_a_figure_spans_the_points_and_lies_on_the_mapping() -> None:
    curve = fitted_curve(rated(), "psnr", mapping="logistic4", grid=31)
    np.testing.assert_allclose(curve.x, np.linspace(22, 37, 31))
    np.testing.assert_allclose(curve.y[::6], CURVE, atol=1e-4)
    assert curve.points.y.tolist() == rated().dmos.tolist()
    assert curve.points.half_width.tolist() == [1.5] * 12
    assert curve.fit.mapping == "logistic4"


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"level": 95}, "level 95 is not between 0 and 1"),
        ({"level": 0.95, "mapping": "logistic3"}, "mapping 'logistic3' is not available"),
        ({"level": 0.95, "ci": "t"}, "ci 't' is not available; available: fisher, bootstrap"),
        ({"level": 0.95, "replicates": 0}, "0 replicates are too few for a bootstrap; 2000 are usual"),
    ],
)
def test_what_is_not_available_is_refused(asked: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fit_metrics(rated(), **asked)  # type: ignore[arg-type]


def test_a_figure_of_an_unknown_metric_is_refused() -> None:
    with pytest.raises(ValueError, match="metric 'lpips' is not available; available: psnr"):
        fitted_curve(rated(), "lpips", mapping="logistic4")
