"""Crops: written, cut, and proposed where an image has the most detail."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage import data

from ratings.crops import Crop, cut, propose_crop


def black(rows: int, columns: int) -> np.ndarray:
    return np.zeros((rows, columns, 3), dtype=np.uint8)


def energy(pixels: np.ndarray) -> int:
    """The definition, written out slowly: squared differences of luma between neighbours."""
    whole = pixels.astype(int)
    luma = (299 * whole[..., 0] + 587 * whole[..., 1] + 114 * whole[..., 2] + 500) // 1000
    total = 0
    for row in range(luma.shape[0]):
        for column in range(luma.shape[1]):
            if column + 1 < luma.shape[1]:
                total += int(luma[row, column + 1] - luma[row, column]) ** 2
            if row + 1 < luma.shape[0]:
                total += int(luma[row + 1, column] - luma[row, column]) ** 2
    return total


def test_a_crop_is_read_from_the_text_it_is_written_as():
    assert Crop.read("40,7,320,240") == Crop(x_px=40, y_px=7, width_px=320, height_px=240)
    assert Crop.read(" 40, 7 ,320, 240 ") == Crop(40, 7, 320, 240)
    assert str(Crop(40, 7, 320, 240)) == "40,7,320,240"


@pytest.mark.parametrize(
    "text", ["", "1,2,3", "1,2,3,4,5", "-1,0,8,8", "1.5,0,8,8", "a,b,c,d", "1,2,3,4px", "٣,0,8,8"]
)
def test_a_text_that_is_no_crop_is_refused_by_name(text: str):
    with pytest.raises(ValueError, match="A crop is X,Y,WIDTH,HEIGHT in pixels"):
        Crop.read(text)


@pytest.mark.parametrize(("width", "height"), [(0, 8), (8, 0), (-3, 8)])
def test_a_crop_of_no_size_is_refused(width: int, height: int):
    with pytest.raises(ValueError, match=rf"at least 1×1 pixel, not {width}×{height}"):
        Crop(0, 0, width, height)


def test_a_crop_that_starts_outside_is_refused():
    with pytest.raises(ValueError, match="not at 0,-1"):
        Crop(0, -1, 8, 8)


def test_cutting_takes_the_named_rows_and_columns():
    pixels = np.arange(4 * 5 * 3, dtype=np.uint8).reshape(4, 5, 3)
    part = cut(pixels, Crop(x_px=1, y_px=2, width_px=3, height_px=2))
    assert part.shape == (2, 3, 3)
    # Row 2, column 1 starts at 2 * 15 + 1 * 3.
    assert part[0, 0].tolist() == [33, 34, 35]
    assert part[1, 2].tolist() == [54, 55, 56]


def test_a_cut_is_a_copy():
    pixels = black(4, 4)
    cut(pixels, Crop(0, 0, 2, 2))[:] = 9
    assert not pixels.any()


@pytest.mark.parametrize("crop", [Crop(1, 0, 5, 4), Crop(0, 1, 5, 4), Crop(9, 9, 1, 1)])
def test_cutting_outside_the_image_is_refused(crop: Crop):
    with pytest.raises(ValueError, match=rf"The crop {crop} reaches outside an image of 5×4 pixels"):
        cut(black(4, 5), crop)


def test_the_crop_goes_to_the_only_detail():
    pixels = black(40, 60)
    pixels[25:29:2, 41:45:2] = 255
    crop = propose_crop(pixels, width_px=10, height_px=8)
    assert crop.width_px == 10
    assert crop.height_px == 8
    # Every spot is inside with its four edges.
    assert crop.x_px <= 40
    assert crop.x_px + 10 >= 45
    assert crop.y_px <= 24
    assert crop.y_px + 8 >= 29


def test_the_worked_example_of_a_white_column_holds():
    pixels = black(4, 12)
    pixels[:, 7] = 255
    assert propose_crop(pixels, width_px=2, height_px=4) == Crop(6, 0, 2, 4)


def test_the_first_of_equal_places_wins():
    assert propose_crop(np.full((20, 30, 3), 77, dtype=np.uint8), width_px=9, height_px=9) == Crop(0, 0, 9, 9)


def test_green_counts_for_more_than_blue():
    # BT.601: a step of 255 in blue is 29 of luma, one in green 150.
    pixels = black(6, 40)
    pixels[:, 5, 2] = 255
    pixels[:, 30, 1] = 255
    assert propose_crop(pixels, width_px=3, height_px=6).x_px == 29


@given(
    seed=st.integers(0, 2**32 - 1),
    rows=st.integers(1, 9),
    columns=st.integers(1, 9),
    data=st.data(),
)
def test_no_other_place_has_more_detail_and_none_before_it_as_much(seed: int, rows: int, columns: int, data):
    height, width = data.draw(st.integers(1, rows)), data.draw(st.integers(1, columns))
    pixels = np.random.default_rng(seed).choice(np.array([0, 90, 255], np.uint8), (rows, columns, 3))
    chosen = propose_crop(pixels, width_px=width, height_px=height)
    places = [Crop(x, y, width, height) for y in range(rows - height + 1) for x in range(columns - width + 1)]
    # max takes the first of equals, and the places are in reading order.
    assert chosen == max(places, key=lambda place: energy(cut(pixels, place)))


def test_the_whole_image_may_be_the_crop():
    image = data.chelsea()
    assert propose_crop(image, width_px=451, height_px=300) == Crop(0, 0, 451, 300)


def test_an_image_smaller_than_the_crop_is_refused():
    with pytest.raises(ValueError, match="An image of 5×4 pixels has no room for a crop of 6×4"):
        propose_crop(black(4, 5), width_px=6, height_px=4)


def test_a_crop_of_no_width_cannot_be_proposed():
    with pytest.raises(ValueError, match="not 0×4"):
        propose_crop(black(4, 5), width_px=0, height_px=4)


@pytest.mark.parametrize(
    "image", [np.zeros((8, 8), np.uint8), np.zeros((8, 8, 4), np.uint8), np.zeros((8, 8, 3))]
)
def test_anything_but_8_bit_rgb_is_refused(image: np.ndarray):
    with pytest.raises(ValueError, match="A reference is 8-bit RGB"):
        propose_crop(image, width_px=4, height_px=4)
