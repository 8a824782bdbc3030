"""Rows of patches near black and near white: what is drawn, and what a count of them means."""

import numpy as np
import pytest

from ratings.vision.greys import GreySteps, draw_steps, judge


def test_dark_patches_are_their_level_on_black():
    picture = draw_steps("dark", (16, 4), patch_px=8)
    # Half a patch of ground: rows 4..12; patches at columns 4..12 and 16..24.
    assert picture.shape == (16, 28)
    assert (picture[4:12, 4:12] == 16).all()
    assert (picture[4:12, 16:24] == 4).all()
    assert picture.sum() == 64 * 16 + 64 * 4


def test_light_patches_are_their_level_below_white():
    picture = draw_steps("light", (16, 4), patch_px=8)
    assert picture.dtype == np.uint8
    assert (picture[4:12, 4:12] == 239).all()
    assert (picture[4:12, 16:24] == 251).all()
    assert (picture == 255).sum() == 16 * 28 - 2 * 64


@pytest.mark.parametrize("levels", [(), (4, 4), (2, 4), (65, 4), (4, 0)])
def test_levels_that_do_not_fall_are_refused(levels: tuple[int, ...]):
    with pytest.raises(ValueError, match="The levels fall from 64 or less to 1 or more"):
        draw_steps("dark", levels)
    with pytest.raises(ValueError, match="The levels fall from 64 or less to 1 or more"):
        judge(levels, 0)


def test_a_side_that_is_neither_is_refused():
    with pytest.raises(ValueError, match="dark or light, not “grey”"):
        draw_steps("grey")  # type: ignore[arg-type]


def test_a_patch_too_small_to_see_is_refused():
    with pytest.raises(ValueError, match="8 pixels wide or more, not 7"):
        draw_steps("dark", patch_px=7)


@pytest.mark.parametrize(("seen", "smallest"), [(0, None), (1, 16), (2, 8), (3, 2)])
def test_the_patches_seen_are_the_plainest(seen: int, smallest: int | None):
    assert judge((16, 8, 2), seen) == GreySteps(seen=seen, of=3, smallest_step=smallest)


@pytest.mark.parametrize("seen", [-1, 4])
def test_more_patches_than_there_are_cannot_be_seen(seen: int):
    with pytest.raises(ValueError, match=f"3 patches; {seen} cannot have been seen"):
        judge((16, 8, 2), seen)
