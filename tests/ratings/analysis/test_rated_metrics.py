"""Which stimuli, methods and images become points, and what is said of those left out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ratings.analysis.rated_metrics import Points, RatedMetrics, all_points, pooled_points

NAN, INF = float("nan"), float("inf")


def rated() -> RatedMetrics:
    """Two images by three methods; one has infinite PSNR and no score, one infinite PSNR, one no SSIM."""
    return RatedMetrics(
        metrics={
            "psnr": np.array([30.0, 25.0, INF, 34.0, 27.0, INF]),
            "ssim": np.array([0.9, NAN, 0.99, 0.95, 0.85, 0.97]),
        },
        dmos=np.array([20.0, 40.0, 1.0, 10.0, 30.0, NAN]),
        half_width=np.array([2.0, 3.0, 1.0, 4.0, NAN, NAN]),
        image_of=np.array([0, 0, 0, 1, 1, 1]),
        method_of=np.array([0, 1, 2, 0, 1, 2]),
        images=["cat", "cup"],
        methods=["teacher", "student", "reference"],
        method_half_width=np.array([5.0, 6.0, 7.0]),
    )


def points(metric: str, level: str, image: str = "") -> Points:
    found = [one for one in all_points(rated(), metric) if (one.level, one.image) == (level, image)]
    assert len(found) == 1
    return found[0]


def test_the_rows_are_pooled_then_methods_then_images() -> None:
    assert [(one.level, one.image) for one in all_points(rated(), "psnr")] == [
        *(("pooled", ""), ("method", ""), ("image", "cat"), ("image", "cup"))
    ]


def test_pooled_points_are_the_stimuli_with_a_score_and_a_finite_metric() -> None:
    pooled = points("psnr", "pooled")
    assert pooled.x.tolist() == [30, 25, 34, 27]
    assert pooled.y.tolist() == [20, 40, 10, 30]
    np.testing.assert_array_equal(pooled.half_width, [2, 3, 4, NAN])
    assert (pooled.image_of.tolist(), pooled.method_of.tolist()) == ([0, 0, 1, 1], [0, 1, 0, 1])
    assert pooled.left_out == 2
    assert pooled.note == "left out: 1 of infinite value, 1 without a score"


def test_points_of_an_image_are_its_own() -> None:
    cat, cup = points("ssim", "image", "cat"), points("ssim", "image", "cup")
    assert (cat.x.tolist(), cat.left_out, cat.note) == ([0.9, 0.99], 1, "left out: 1 without a value")
    assert (cup.x.tolist(), cup.left_out, cup.note) == ([0.95, 0.85], 1, "left out: 1 without a score")


def test_a_methods_point_is_the_mean_over_its_rated_images() -> None:
    # Teacher (30 + 34) / 2 and (20 + 10) / 2; student (25 + 27) / 2 and (40 + 30) / 2. The one rated
    # image of the reference is infinite.
    means = points("psnr", "method")
    assert (means.x.tolist(), means.y.tolist()) == ([32, 26], [15, 35])
    assert (means.method_of.tolist(), means.half_width.tolist()) == ([0, 1], [5, 6])
    assert (means.left_out, means.note) == (1, "left out: 1 of infinite value")


def test_a_method_is_not_averaged_over_the_images_that_happen_to_have_a_value() -> None:
    # The student lacks the SSIM of one rated image; the reference's other image was not rated.
    means = points("ssim", "method")
    assert (means.method_of.tolist(), means.half_width.tolist()) == ([0, 2], [5, 7])
    np.testing.assert_allclose(means.x, [0.925, 0.99])
    assert means.note == "left out: 1 without a value"


def test_a_method_nobody_rated_has_no_point() -> None:
    unrated = replace(rated(), methods=["teacher", "student", "reference", "new"], method_half_width=None)
    means = all_points(unrated, "psnr")[1]
    assert means.method_of.tolist() == [0, 1]
    assert np.isnan(means.half_width).all()
    assert means.note == "left out: 1 of infinite value, 1 without a score"


def test_an_image_without_stimuli_has_no_row() -> None:
    assert len(all_points(replace(rated(), images=["cat", "cup", "dog"]), "psnr")) == 4


def test_points_can_be_limited_to_stimuli_that_are_wanted() -> None:
    wanted = np.array([True, False, True, True, False, True])
    assert pooled_points(rated(), "psnr", wanted).x.tolist() == [30, 34]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"metrics": {}}, "metrics holds no metric"),
        ({"dmos": np.ones(5)}, r"psnr has the shape \(6,\); dmos has \(5,\)"),
        ({"half_width": np.ones((6, 1))}, r"half_width has the shape \(6, 1\)"),
        ({"image_of": np.array([0, 0, 0, 1, 1, 2])}, r"image_of holds a code outside 0\.\.1"),
        ({"method_of": np.array([0, 1, 2, 0, 1, -1])}, r"method_of holds a code outside 0\.\.2"),
        ({"method_half_width": np.ones(2)}, r"method_half_width has the shape \(2,\) and not \(3,\)"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(rated(), **change)  # type: ignore[arg-type]
