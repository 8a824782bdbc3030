"""Plates of dots: read by normal eyes, empty to the eyes they are made for, judged by counting."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.color import rgb2lab

from ratings.vision.dichromacy import confusion_direction, encode_srgb
from ratings.vision.plates import Dots, Plate, draw_plate, judge, lay_dots, make_series

# Another model than the one that the plates are computed with: Machado, Oliveira and Fernandes 2009,
# doi:10.1109/TVCG.2009.113, severity 1.0, for linear RGB.
MACHADO = {
    "protan": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deutan": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
}
# Viénot, Brettel and Mollon 1999, equations 4 to 6.
TO_CONES = np.array(
    [[17.8824, 43.5161, 4.11935], [3.45565, 27.1554, 3.86714], [0.0299566, 0.184309, 1.46709]]
)
WITHOUT_CONE = {
    "protan": np.array([[0, 2.02344, -2.52581], [0, 1, 0], [0, 0, 1]]),
    "deutan": np.array([[1, 0, 0], [0.494207, 0, 1.24827], [0, 0, 1]]),
}
SEEDS = range(8)
DEFICIENCIES = ["protan", "deutan"]


@cache
def plate(kind: str, seed: int) -> Dots:
    return lay_dots(kind, "26", seed=seed)  # type: ignore[arg-type]


def linear(colours: np.ndarray) -> np.ndarray:
    encoded = colours / 255
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


def lab(linear_rgb: np.ndarray) -> np.ndarray:
    within = np.clip(linear_rgb, 0, 1)
    encoded = np.where(within <= 0.0031308, 12.92 * within, 1.055 * within ** (1 / 2.4) - 0.055)
    return rgb2lab(encoded[np.newaxis])[0]


def matrix(eyes: str, model: str) -> np.ndarray:
    if eyes == "normal":
        return np.eye(3)
    if model == "machado":
        return np.array(MACHADO[eyes])
    return np.linalg.inv(TO_CONES) @ WITHOUT_CONE[eyes] @ TO_CONES


def seen_difference(kind: str, eyes: str, *, model: str = "vienot") -> float:
    """How far apart digit and ground are, CIE76 between their mean colours over several plates."""
    apart = []
    for seed in SEEDS:
        dots = plate(kind, seed)
        seen = lab(linear(dots.colours) @ matrix(eyes, model).T)
        # Which of the two is the redder is drawn for each plate; it is turned round where needed.
        redder = np.sign(dots.colours[dots.in_text, 0].mean() - dots.colours[~dots.in_text, 0].mean())
        apart.append(redder * (seen[dots.in_text].mean(axis=0) - seen[~dots.in_text].mean(axis=0)))
    return float(np.linalg.norm(np.mean(apart, axis=0)))


@pytest.mark.parametrize("kind", DEFICIENCIES)
@pytest.mark.parametrize("model", ["vienot", "machado"])
def test_the_number_is_gone_for_the_eyes_a_plate_is_made_for(kind: str, model: str):
    assert seen_difference(kind, kind, model=model) < 2


@pytest.mark.parametrize("kind", DEFICIENCIES)
def test_the_number_is_plain_to_normal_eyes(kind: str):
    assert seen_difference(kind, "normal") > 35


@pytest.mark.parametrize("eyes", ["normal", "protan", "deutan"])
def test_a_control_is_plain_to_all_eyes(eyes: str):
    assert seen_difference("control", eyes) > 40


def lightness(dots: Dots) -> np.ndarray:
    return lab(linear(dots.colours))[:, 0]


def test_a_control_is_told_by_lightness_alone():
    dots = lay_dots("control", "26", seed=1)
    assert lightness(dots)[dots.in_text].max() < lightness(dots)[~dots.in_text].min()


@pytest.mark.parametrize("kind", DEFICIENCIES)
def test_lightness_tells_next_to_nothing_of_the_number(kind: str):
    # The chance that a dot of the number is lighter than one of the ground: a half is nothing.
    for seed in SEEDS:
        dots = plate(kind, seed)
        light = lightness(dots)
        lighter = (light[dots.in_text][:, np.newaxis] > light[~dots.in_text]).mean()
        assert 0.25 < lighter < 0.75


@pytest.mark.parametrize("kind", DEFICIENCIES)
def test_either_side_can_be_the_redder(kind: str):
    redder = set()
    for seed in SEEDS:
        dots = plate(kind, seed)
        redder.add(bool(dots.colours[dots.in_text, 0].mean() > dots.colours[~dots.in_text, 0].mean()))
    assert redder == {True, False}


@pytest.mark.parametrize("kind", DEFICIENCIES)
def test_no_colour_is_clipped_to_the_edge_of_the_screen(kind: str):
    for seed in SEEDS:
        colours = plate(kind, seed).colours
        assert colours.min() > 0
        assert colours.max() < 255


def test_where_dots_lie_does_not_tell_the_number():
    first, second = lay_dots("protan", "26", seed=3), lay_dots("protan", "", seed=3)
    assert np.array_equal(first.centres_px, second.centres_px)
    assert np.array_equal(first.radii_px, second.radii_px)


def test_no_two_dots_touch_and_none_leaves_the_disc():
    dots = lay_dots("deutan", "5", seed=4, side_px=300)
    apart = np.linalg.norm(dots.centres_px[:, np.newaxis] - dots.centres_px, axis=-1)
    reach = dots.radii_px[:, np.newaxis] + dots.radii_px
    off_diagonal = ~np.eye(len(dots.radii_px), dtype=bool)
    assert (apart > reach)[off_diagonal].all()
    from_centre = np.linalg.norm(dots.centres_px - 150, axis=1)
    assert (from_centre + dots.radii_px <= 150).all()


def test_an_empty_plate_has_dots_of_one_side_alone():
    dots = lay_dots("protan", "", seed=5)
    assert len(dots.in_text) > 400
    assert not dots.in_text.any()


@pytest.mark.parametrize("digit", "0123456789")
def test_every_digit_takes_a_part_of_the_dots(digit: str):
    dots = lay_dots("control", digit, seed=6)
    assert 0.08 < dots.in_text.mean() < 0.35


def test_the_digits_stand_where_a_reader_looks_for_them():
    # In a 1 nothing is at the lower left; in a 7 the bar is on top; in a 4 the stem is at the right.
    def share(digit: str, where) -> float:
        dots = lay_dots("control", digit, seed=7)
        at = dots.centres_px / 360 - 0.5  # from the middle, in sides
        inside = where(at[:, 0], at[:, 1])
        return float(dots.in_text[inside].mean())

    assert share("1", lambda x, y: (x < -0.06) & (y > 0.05)) == 0
    assert share("7", lambda x, y: (abs(x) < 0.1) & (y < -0.23) & (y > -0.27)) > 0.8
    assert share("7", lambda x, y: (x < -0.12) & (y > -0.1) & (y < 0.25)) == 0
    assert share("4", lambda x, y: (abs(x - 0.09) < 0.04) & (abs(y) < 0.25)) > 0.8
    assert share("0", lambda x, y: np.hypot(x, y) < 0.08) == 0


def test_the_picture_shows_every_dot_in_its_colour():
    dots, picture = lay_dots("protan", "26", seed=8), draw_plate("protan", "26", seed=8)
    assert picture.shape == (360, 360, 3)
    assert picture.dtype == np.uint8
    columns, rows = np.floor(dots.centres_px).astype(int).T
    assert np.array_equal(picture[rows, columns], dots.colours)


def test_the_same_arguments_draw_the_same_plate_and_another_seed_another():
    first = draw_plate("deutan", "74", seed=9, side_px=240)
    assert np.array_equal(first, draw_plate("deutan", "74", seed=9, side_px=240))
    assert not np.array_equal(first, draw_plate("deutan", "74", seed=10, side_px=240))


@pytest.mark.parametrize(
    ("kind", "text", "side", "sentence"),
    [
        ("tritan", "5", 360, "control, protan or deutan, not “tritan”"),
        ("protan", "123", 360, "two digits, not for “123”"),
        ("protan", "A", 360, "shows digits, not “A”"),
        ("protan", "5", 100, "200 to 1200 pixels wide, not 100"),
        ("protan", "5", 5000, "200 to 1200 pixels wide, not 5000"),
    ],
)
def test_a_plate_that_cannot_be_drawn_is_refused(kind: str, text: str, side: int, sentence: str):
    with pytest.raises(ValueError, match=sentence):
        draw_plate(kind, text, seed=1, side_px=side)  # type: ignore[arg-type]


def test_a_confusion_line_leaves_two_kinds_of_cones_as_they_are():
    # By hand for protan: the middle-wave row on (1, a, b) and the short-wave row on it are both 0.
    change = TO_CONES @ confusion_direction("protan")
    assert abs(change[1]) < 1e-9
    assert abs(change[2]) < 1e-9
    assert change[0] > 1
    change = TO_CONES @ confusion_direction("deutan")
    assert abs(change[0]) < 1e-9
    assert abs(change[2]) < 1e-9


def test_a_deficiency_without_plates_is_refused():
    with pytest.raises(ValueError, match="protan or deutan, not “tritan”"):
        confusion_direction("tritan")  # type: ignore[arg-type]


def test_colours_are_encoded_as_srgb():
    # IEC 61966-2-1: half of the light is code value 188; a fifth 124; what is outside is clipped.
    assert encode_srgb(np.array([0.0, 0.002, 0.2, 0.5, 1.0, 1.3, -0.2])).tolist() == [
        0,
        7,
        124,
        188,
        255,
        255,
        0,
    ]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31))
def test_a_series_holds_two_of_each_kind_and_starts_with_a_control(seed: int):
    series = make_series(seed)
    assert series[0].kind == "control"
    assert sorted(plate.kind for plate in series) == ["control"] * 2 + ["deutan"] * 2 + ["protan"] * 2
    texts = [plate.text for plate in series]
    assert len(set(texts)) == 6
    assert all(len(text) == 2 and text.isdigit() and text[0] != text[1] for text in texts)
    assert series == make_series(seed)


def test_the_order_and_the_numbers_change_with_the_seed():
    assert len({tuple(plate.kind for plate in make_series(seed)) for seed in range(30)}) > 5
    assert len({make_series(seed)[0].text for seed in range(30)}) > 5


SERIES = tuple(
    Plate(kind, text, seed=1)
    for kind, text in [
        ("control", "24"),
        ("protan", "57"),
        ("deutan", "69"),
        ("protan", "42"),
        ("control", "73"),
        ("deutan", "95"),
    ]
)


def answers(*missed: int) -> list[str]:
    return ["" if place in missed else plate.text for place, plate in enumerate(SERIES)]


@pytest.mark.parametrize(
    ("missed", "suspected"),
    [
        ((), ""),
        ((1,), ""),
        ((5,), ""),
        ((1, 3), "red-green"),
        ((2, 5), "red-green"),
        ((1, 2, 3), "red-green"),
        ((1, 2, 3, 5), "red-green"),
        ((1, 2), "unclear"),
        ((0,), "unclear"),
        ((4, 1, 3), "unclear"),
        ((0, 1, 2, 3, 4, 5), "unclear"),
    ],
)
def test_missed_plates_are_judged(missed: tuple[int, ...], suspected: str):
    judged = judge(SERIES, answers(*missed))
    assert judged.suspected == suspected
    assert judged.read == 6 - len(missed)
    assert judged.of == 6


def test_another_number_is_as_good_as_none_and_blanks_do_not_matter():
    said = [" 24 ", "51", "69", "12", "73", "95"]
    assert judge(SERIES, said).suspected == "red-green"
    assert judge(SERIES, said).read == 4


@pytest.mark.parametrize("count", [0, 5, 7])
def test_answers_that_are_not_one_a_plate_are_refused(count: int):
    with pytest.raises(ValueError, match=f"6 plates and {count} answers"):
        judge(SERIES, ["24"] * count)


def test_an_empty_series_is_refused():
    with pytest.raises(ValueError, match="0 plates"):
        judge((), [])
