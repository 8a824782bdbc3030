"""A bank card against the screen: pixels a millimetre, and what no screen has."""

import math

import pytest

from ratings.vision.ruler import px_per_mm


def test_a_card_of_323_53_pixels_is_a_screen_of_96_an_inch():
    # 85.60 mm are 3.370079 inches; times 96 are 323.5276 pixels; 96 / 25.4 = 3.779528.
    assert px_per_mm(323.5276, device_pixel_ratio=1) == pytest.approx(3.779528, rel=1e-6)


def test_zoom_does_not_change_the_result():
    # At 200 % the card takes half as many CSS pixels, of two device pixels each.
    assert px_per_mm(161.7638, device_pixel_ratio=2) == pytest.approx(3.779528, rel=1e-6)


@pytest.mark.parametrize(("width", "ratio"), [(50, 1), (0, 1), (-300, 1), (3000, 1), (2000, 2)])
def test_a_card_that_no_screen_shows_is_refused(width: float, ratio: float):
    with pytest.raises(ValueError, match=f"A card {width} pixels wide would make"):
        px_per_mm(width, device_pixel_ratio=ratio)


@pytest.mark.parametrize("ratio", [0, -1, 0.2, 21, math.nan, math.inf])
def test_a_ratio_that_no_browser_has_is_refused(ratio: float):
    with pytest.raises(ValueError, match=f"A device pixel ratio is 0.25 to 20, not {ratio:g}"):
        px_per_mm(320, device_pixel_ratio=ratio)


@pytest.mark.parametrize("width", [math.nan, math.inf])
def test_a_width_that_is_no_number_is_refused(width: float):
    with pytest.raises(ValueError, match=f"A card is a number of pixels wide, not {width:g}"):
        px_per_mm(width, device_pixel_ratio=1)


@pytest.mark.parametrize(
    ("screen", "dots_an_inch"), [("television", 34), ("desktop", 96), ("notebook", 254), ("telephone", 640)]
)
def test_screens_that_exist_are_taken(screen: str, dots_an_inch: float):
    assert px_per_mm(dots_an_inch * 85.6 / 25.4, device_pixel_ratio=1) == pytest.approx(dots_an_inch / 25.4)
