"""Rings with a gap: their size from distance and screen, their shape, and the last line read."""

import math

import numpy as np
import pytest

from ratings.vision.acuity import (
    ORIENTATIONS,
    Acuity,
    Line,
    draw_landolt,
    gap_px,
    judge,
    lines,
    logmar_of,
    screen_limit,
)

# 96 and 600 pixels an inch.
OFFICE, FINE = 96 / 25.4, 600 / 25.4


def test_a_minute_of_arc_at_60_cm_is_0_17453_mm():
    # 600 mm × tan(1/60 °) = 600 × 0.000290888 = 0.1745329 mm.
    assert gap_px(0.0, distance_mm=600, px_per_mm=10) == pytest.approx(1.745329, rel=1e-6)


def test_the_gap_is_ten_times_as_wide_at_logmar_1():
    assert gap_px(1.0, distance_mm=600, px_per_mm=10) == pytest.approx(17.45329, rel=1e-4)


def test_six_metres_and_the_standard_ring_agree():
    # The ring of visual acuity 1 at 5 m has a gap of 1.454 mm, as ISO 8596 tabulates it.
    assert gap_px(0.0, distance_mm=5000, px_per_mm=1) == pytest.approx(1.454, abs=5e-4)


@pytest.mark.parametrize("logmar", [-0.2, 0.0, 0.3, 1.0])
def test_the_acuity_of_a_gap_is_the_acuity_it_was_made_for(logmar: float):
    gap = gap_px(logmar, distance_mm=700, px_per_mm=7)
    assert logmar_of(gap, distance_mm=700, px_per_mm=7) == pytest.approx(logmar, abs=1e-12)


@pytest.mark.parametrize("distance", [0, 149, 6001, math.nan, math.inf])
def test_a_distance_that_nobody_sits_at_is_refused(distance: float):
    with pytest.raises(ValueError, match=f"150 to 6000 mm from the screen, not {distance:g} mm"):
        lines(distance_mm=distance, px_per_mm=4, seed=1)


@pytest.mark.parametrize("density", [0, -1, math.nan, math.inf])
def test_a_screen_without_pixels_is_refused(density: float):
    with pytest.raises(ValueError, match="a positive number of pixels a millimetre"):
        lines(distance_mm=600, px_per_mm=density, seed=1)


def test_a_usual_screen_at_60_cm_ends_at_one_pixel_and_says_so():
    # One minute of arc is 0.65964 pixels: 0.7 → 3.306, 0.5 → 2.086, 0.3 → 1.316, 0.2 and below → 1 or less.
    chart = lines(distance_mm=600, px_per_mm=OFFICE, seed=1)
    assert [line.gap_px for line in chart] == [3, 2, 1]
    # log10(1 / 0.65964) = 0.18069.
    assert chart[-1].logmar == pytest.approx(0.18069, abs=1e-5)
    assert screen_limit(chart) == chart[-1].logmar


def test_a_fine_screen_shows_all_six_lines():
    # One minute of arc is 4.1228 pixels: times 10^0.7, 10^0.5, ... and rounded down.
    chart = lines(distance_mm=600, px_per_mm=FINE, seed=1)
    assert [line.gap_px for line in chart] == [20, 13, 8, 6, 5, 4]
    assert screen_limit(chart) is None


def test_no_line_is_easier_than_its_name():
    chart = lines(distance_mm=600, px_per_mm=FINE, seed=1)
    for line, name in zip(chart, (0.7, 0.5, 0.3, 0.2, 0.1, 0.0), strict=True):
        assert name - 0.1 < line.logmar <= name


def test_a_screen_seen_from_too_near_still_has_a_line():
    chart = lines(distance_mm=150, px_per_mm=1.3, seed=1)
    assert [line.gap_px for line in chart] == [1]
    # A pixel of 0.76923 mm at 150 mm is 0.29382°, 17.629 minutes of arc; log10 of that is 1.2462.
    assert screen_limit(chart) == pytest.approx(1.2462, abs=1e-4)


def test_the_chart_is_the_same_from_the_same_seed_alone():
    def chart(seed: int) -> tuple[Line, ...]:
        return lines(distance_mm=600, px_per_mm=FINE, seed=seed)

    assert chart(4) == chart(4)
    assert chart(4) != chart(5)


def test_every_line_has_five_rings_and_all_positions_come():
    chart = lines(distance_mm=600, px_per_mm=FINE, seed=1)
    assert all(len(line.orientations) == 5 for line in chart)
    assert {gap for line in chart for gap in line.orientations} == set(ORIENTATIONS)


CHART = (
    Line(0.5, 5, ("right", "up", "left", "down", "up")),
    Line(0.2, 3, ("up", "up", "left", "right", "down")),
    Line(0.15, 1, ("down", "right", "left", "right", "up")),
)
FINE_CHART = (*CHART[:2], Line(0.0, 1, CHART[2].orientations))


def said(*wrong_a_line: int, chart: tuple[Line, ...] = CHART) -> list[list[str]]:
    return [
        ["" if place < wrong else gap for place, gap in enumerate(line.orientations)]
        for line, wrong in zip(chart, wrong_a_line, strict=False)
    ]


@pytest.mark.parametrize(
    ("wrong", "acuity"),
    [
        ((0, 0, 5), Acuity(0.2, limit=False)),
        ((1, 1, 2), Acuity(0.2, limit=False)),
        ((1, 2, 0), Acuity(0.5, limit=False)),
        ((2, 0, 0), Acuity(None, limit=False)),
        ((0, 0, 0), Acuity(0.15, limit=True)),
        ((0, 0, 1), Acuity(0.15, limit=True)),
    ],
)
def test_the_last_line_read_before_a_failed_one_counts(wrong: tuple[int, ...], acuity: Acuity):
    assert judge(CHART, said(*wrong)) == acuity


def test_lines_after_a_failed_one_may_be_left_out():
    assert judge(CHART, said(0, 5)) == Acuity(0.5, limit=False)
    assert judge(CHART, []) == Acuity(None, limit=False)


def test_the_limit_is_the_eyes_where_the_screen_shows_logmar_0():
    assert judge(FINE_CHART, said(0, 0, 0, chart=FINE_CHART)) == Acuity(0.0, limit=False)


@pytest.mark.parametrize(
    ("acuity", "normal"),
    [
        # log10(1.5) = 0.17609.
        (Acuity(0.17, limit=False), True),
        (Acuity(0.17, limit=True), True),
        (Acuity(0.18, limit=False), False),
        (Acuity(0.18, limit=True), None),
        (Acuity(None, limit=False), False),
    ],
)
def test_normal_is_the_20_30_line_unless_the_screen_cannot_show_it(acuity: Acuity, normal: bool | None):
    assert acuity.normal is normal


def test_more_lines_of_answers_than_lines_are_refused():
    with pytest.raises(ValueError, match="3 lines, and 4 were answered"):
        judge(CHART, [*said(0, 0, 0), ["up"] * 5])


def test_a_line_half_answered_is_refused():
    with pytest.raises(ValueError, match="5 rings, and 4 were answered"):
        judge(CHART, [["up"] * 4])


@pytest.mark.parametrize("gap", [1, 2, 7])
def test_the_gap_is_white_and_exactly_as_wide_as_named(gap: int):
    picture = draw_landolt(gap, "right")
    assert picture.shape == (7 * gap, 7 * gap)
    # The line of the ring at the right takes columns 5 to 6 gaps from the left, 1 of white before it.
    strip = picture[:, 5 * gap : 6 * gap]
    assert (strip[3 * gap : 4 * gap] == 255).all()
    # Beside it is ink, lighter only where the outer curve leaves a pixel.
    assert (strip[3 * gap - 1, : (gap + 1) // 2] < 140).all()
    assert (strip[4 * gap, : (gap + 1) // 2] < 140).all()


def test_the_ring_is_black_opposite_the_gap():
    picture = draw_landolt(8, "right")
    assert (picture[3 * 8 : 4 * 8, 9:15] == 0).all()


def test_ink_covers_the_area_of_a_ring_less_its_gap():
    # In gaps: π (2.5² − 1.5²) = 12.566, less the gap. Between radii 1.5 and 2.5 the strip |y| < 0.5 on
    # one side has ∫ √(6.25 − y²) − √(2.25 − y²) dy = 2.48319 − 1.47146 = 1.01173 → 11.5546.
    from_srgb = draw_landolt(20, "up") / 255
    light = np.where(from_srgb <= 0.04045, from_srgb / 12.92, ((from_srgb + 0.055) / 1.055) ** 2.4)
    assert (1 - light).sum() / 20**2 == pytest.approx(11.5546, rel=2e-3)


@pytest.mark.parametrize(
    ("orientation", "row", "column"), [("right", 31, 49), ("left", 31, 13), ("up", 13, 31), ("down", 49, 31)]
)
def test_only_the_named_side_is_open(orientation: str, row: int, column: int):
    picture = draw_landolt(9, orientation)  # type: ignore[arg-type]
    assert picture[row, column] == 255
    others = {(31, 49), (31, 13), (13, 31), (49, 31)} - {(row, column)}
    assert all(picture[place] == 0 for place in others)


@pytest.mark.parametrize("gap", [0, -1, 401, 1.5])
def test_a_gap_of_no_whole_pixels_is_refused(gap: float):
    with pytest.raises(ValueError, match=f"1 to 400 whole pixels wide, not {gap}"):
        draw_landolt(gap, "up")  # type: ignore[arg-type]


def test_a_gap_on_a_diagonal_is_refused():
    with pytest.raises(ValueError, match="right, down, left or up, not “upper left”"):
        draw_landolt(3, "upper left")  # type: ignore[arg-type]
