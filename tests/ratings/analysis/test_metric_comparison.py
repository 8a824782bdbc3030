"""Two metrics against each other: what a difference means, and when it is more than chance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from ratings.analysis.arrays import Floats
from ratings.analysis.metric_comparison import COMPARISON_COLUMNS, compare_metrics
from ratings.analysis.metric_fit import fit_metrics
from ratings.analysis.rated_metrics import RatedMetrics

IMAGES, METHODS = 12, 5
IMAGE_OF, METHOD_OF = np.repeat(np.arange(IMAGES), METHODS), np.tile(np.arange(METHODS), IMAGES)


def study(**metrics: Floats) -> RatedMetrics:
    rng = np.random.default_rng(8)
    dmos = 60 / (1 + np.exp(METHOD_OF - 2.0)) + rng.normal(0, 3, IMAGE_OF.size)
    return RatedMetrics(
        metrics=metrics,
        dmos=dmos,
        half_width=np.full(IMAGE_OF.size, 5.0),
        image_of=IMAGE_OF,
        method_of=METHOD_OF,
        images=[str(number) for number in range(IMAGES)],
        methods=list("abcde"),
    )


def metric(image_noise: float, seed: int) -> Floats:
    rng = np.random.default_rng(seed)
    moved = rng.normal(0, image_noise, IMAGES)[IMAGE_OF]
    return np.asarray(25 + 3 * METHOD_OF + moved + rng.normal(0, 0.5, IMAGE_OF.size))


GOOD, POOR = metric(0.5, 1), metric(5.0, 2)


def differences(rated: RatedMetrics, **asked: object) -> pd.DataFrame:
    options = {"level": 0.95, "seed": 0, "replicates": 1000} | asked
    return compare_metrics(rated, **options).set_index("measure")  # type: ignore[arg-type]


def test_the_columns_are_those_promised_and_every_pair_has_a_row_a_measure() -> None:
    frame = compare_metrics(study(a=GOOD, b=POOR, c=-POOR), level=0.95, seed=0, replicates=100)
    promised = [
        "metric_a",
        "metric_b",
        "measure",
        "difference",
        "ci_low",
        "ci_high",
        "p",
        "n_images",
        "replicates",
    ]
    assert list(frame.columns) == list(COMPARISON_COLUMNS) == promised
    pairs = list(zip(frame["metric_a"], frame["metric_b"], strict=True))
    assert pairs == [("a", "b")] * 3 + [("a", "c")] * 3 + [("b", "c")] * 3
    assert frame["measure"].tolist() == ["plcc", "srocc", "rmse"] * 3
    assert set(frame["n_images"]) == {12}
    assert set(frame["replicates"]) == {100}


def test_one_metric_has_no_pair() -> None:
    assert list(compare_metrics(study(a=GOOD), level=0.95, seed=0).columns) == list(COMPARISON_COLUMNS)


def test_a_better_metric_differs_by_what_the_rows_of_each_say() -> None:
    rated = study(good=GOOD, poor=POOR)
    alone = fit_metrics(rated, level=0.95).query("level == 'pooled'").set_index("metric")
    found = differences(rated)
    np.testing.assert_allclose(found.loc["plcc", "difference"], alone["plcc"]["good"] - alone["plcc"]["poor"])
    # Both fall with the score: |srocc| is −srocc.
    np.testing.assert_allclose(
        found.loc["srocc", "difference"], alone["srocc"]["poor"] - alone["srocc"]["good"]
    )
    np.testing.assert_allclose(found.loc["rmse", "difference"], alone["rmse"]["good"] - alone["rmse"]["poor"])
    assert (found.loc[["plcc", "srocc"], "ci_low"] > 0).all()
    assert found.loc["rmse", "ci_high"] < 0
    assert (found["p"] < 0.05).all()


def test_exchanging_two_metrics_exchanges_signs_and_ends() -> None:
    one, other = differences(study(a=GOOD, b=POOR)), differences(study(b=POOR, a=GOOD))
    np.testing.assert_allclose(one["difference"], -other["difference"])
    np.testing.assert_allclose(one["ci_low"], -other["ci_high"])
    np.testing.assert_allclose(one["p"], other["p"])


def test_a_metric_does_not_differ_from_itself_rescaled_or_reversed() -> None:
    found = differences(study(a=POOR, b=7 - POOR / 100))
    assert found["difference"].tolist() == [0, 0, 0]
    assert found[["ci_low", "ci_high"]].to_numpy().tolist() == [[0, 0]] * 3
    assert found["p"].tolist() == [1, 1, 1]


def test_p_is_where_the_interval_ends_at_0() -> None:
    rated = study(a=metric(2.0, 5), b=metric(3.0, 6))
    p = differences(rated).loc["plcc", "p"]
    assert 0.01 < p < 0.9
    at_p = differences(rated, level=1 - p).loc["plcc"]
    nearest = min(abs(at_p["ci_low"]), abs(at_p["ci_high"]))
    assert nearest < 0.01 * (at_p["ci_high"] - at_p["ci_low"])


def test_the_interval_of_two_images_spans_all_there_is_and_p_matches_a_hand_calculation() -> None:
    # Of two images a replicate holds one twice (1/4 each) or both (1/2). Expanded for two images, the
    # percentiles at 95 % are the smallest and the largest. On the first image a is perfect and b is not, on
    # the second the reverse, on both together a is the better one, so that a quarter of the replicates lie
    # below 0: Φ⁻¹(3/4) / √2 = 0.4769 in Student's t with 1 degree: p = 1 − 2 atan(0.4769) / π = 0.7166.
    step = np.arange(8.0)
    dmos = np.concatenate([step, step + 0.5])
    a = np.concatenate([step, step[[1, 0, 2, 3, 4, 5, 6, 7]] + 0.5])
    b = np.concatenate([step[[7, 1, 2, 3, 4, 5, 6, 0]], step + 0.5])
    rated = RatedMetrics(
        metrics={"a": a, "b": b},
        dmos=dmos,
        half_width=np.ones(16),
        image_of=np.repeat([0, 1], 8),
        method_of=np.tile(np.arange(8), 2),
        images=["cat", "cup"],
        methods=list("abcdefgh"),
    )
    found = differences(rated, replicates=20_000).loc["srocc"]
    # Spearman, 1 − 6 Σd² / (n (n² − 1)), within an image twice over: b lacks 6 · 98 / 504 on the first,
    # a lacks 6 · 2 / 504 on the second.
    np.testing.assert_allclose(found[["ci_low", "ci_high"]].tolist(), [-12 / 504, 588 / 504], rtol=1e-9)
    assert found["p"] == pytest.approx(0.7166, abs=0.02)


def test_metrics_are_compared_on_the_stimuli_that_have_both() -> None:
    holed = GOOD.copy()
    holed[:METHODS] = np.inf
    rated = study(a=holed, b=POOR)
    keep = IMAGE_OF > 0
    fewer = replace(
        rated,
        metrics={"a": GOOD[keep], "b": POOR[keep]},
        dmos=rated.dmos[keep],
        half_width=rated.half_width[keep],
        image_of=IMAGE_OF[keep],
        method_of=METHOD_OF[keep],
    )
    pd.testing.assert_frame_equal(differences(rated), differences(fewer))
    assert set(differences(rated)["n_images"]) == {11}


def test_without_a_mapping_the_rank_correlation_is_left() -> None:
    found = differences(study(a=GOOD, b=POOR), mapping="none")
    assert found.loc[["plcc", "rmse"], ["difference", "ci_low", "ci_high", "p"]].isna().all(axis=None)
    assert found.loc["srocc", "p"] < 0.05


def test_metrics_without_a_common_stimulus_are_not_compared() -> None:
    first = IMAGE_OF < 6
    found = differences(study(a=np.where(first, GOOD, np.nan), b=np.where(first, np.nan, POOR)))
    assert set(found["n_images"]) == {0}
    assert found[["difference", "ci_low", "ci_high", "p"]].isna().all(axis=None)


def test_one_image_bounds_nothing() -> None:
    rated = replace(study(a=GOOD, b=POOR), image_of=np.zeros(60, dtype=np.int64), images=["all"])
    found = differences(rated)
    assert found["difference"].notna().all()
    assert found[["ci_low", "ci_high", "p"]].isna().all(axis=None)


def test_the_same_seed_gives_the_same_intervals_and_another_others() -> None:
    rated = study(a=GOOD, b=POOR)
    pd.testing.assert_frame_equal(differences(rated, seed=3), differences(rated, seed=3))
    assert (
        differences(rated, seed=3).loc["rmse", "ci_low"] != differences(rated, seed=4).loc["rmse", "ci_low"]
    )


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"level": 0}, "level 0 is not between 0 and 1"),
        ({"mapping": "linear"}, "mapping 'linear' is not available"),
        ({"replicates": 0}, "0 replicates are too few"),
    ],
)
def test_what_is_not_available_is_refused(asked: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        differences(study(a=GOOD, b=POOR), **asked)
