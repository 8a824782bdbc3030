"""The figure of quality against cost."""

import xml.etree.ElementTree as ET

import pytest
from matplotlib.figure import Figure

from distillation.sr.cost_figure import Point, cost_figure, draw, label_places

BICUBIC = Point(name="Bicubic", gmacs=0.014, psnr_y=28.43)
TEACHER = Point(name="Teacher", gmacs=127.8, psnr_y=29.6)
STUDENTS = [Point(name=f"S{number}$", gmacs=27.3, psnr_y=28.5 + number / 100) for number in range(5)]


@pytest.mark.parametrize(("file_format", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_the_same_points_give_the_same_bytes(file_format, start):
    drawn = [
        cost_figure([BICUBIC, TEACHER, *STUDENTS], dataset="Set_5$", file_format=file_format)
        for _ in range(2)
    ]
    assert drawn[0].startswith(start)
    assert drawn[0] == drawn[1]


def test_methods_on_the_front_are_full_dots_and_the_others_hollow():
    drawn = cost_figure([BICUBIC, TEACHER, *STUDENTS], dataset="Set5", file_format="svg")
    dots = [dot.get("style", "") for dot in ET.fromstring(drawn).iter("{http://www.w3.org/2000/svg}use")]  # noqa: S314
    # Bicubic, the teacher and the best of the students, whose costs are equal; and one each in the legend.
    assert sum("fill: #0072b2" in style for style in dots) == 3 + 1
    assert sum("fill: #ffffff" in style for style in dots) == 4 + 1


def legend_of(*points: Point) -> list[tuple[str, str, str]]:
    """The text, the line and the dot's fill of each entry."""
    axes = Figure().add_subplot()
    draw(axes, points, "Set5")
    handles, texts = axes.get_legend_handles_labels()
    return [
        (text, str(handle.get_linestyle()), str(handle.get_markerfacecolor()))
        for text, handle in zip(texts, handles, strict=True)
    ]


def test_the_legend_says_what_full_and_hollow_dots_are():
    assert legend_of(BICUBIC, TEACHER, *STUDENTS) == [
        ("Pareto front", "-", "#0072b2"),
        ("another is as cheap and as good, and better in one", "None", "white"),
    ]
    assert [text for text, _, _ in legend_of(BICUBIC, TEACHER)] == ["Pareto front"]


def test_a_front_of_one_point_has_no_line_in_the_legend_either():
    assert legend_of(TEACHER) == [("Pareto front", "None", "#0072b2")]


def test_labels_of_near_points_are_a_line_apart_around_them_right_of_the_last():
    # Three points 3 pt apart: the lines, 12 pt each, stay around the middle one.
    places = label_places([(100, 50), (100, 53), (110, 56)], width_pt=90)
    assert places == [(110, 41), (110, 53), (110, 65)]


def test_a_block_of_labels_takes_in_the_neighbour_it_grows_into():
    # 50 and 52 alone would lie at 45 and 57; 60 is nearer than a line to that, so all three share 54.
    assert label_places([(0, 50), (0, 52), (0, 60)], width_pt=90) == [(0, 42), (0, 54), (0, 66)]


def test_labels_with_room_stay_where_their_points_are():
    places = [(100, 50), (300, 51), (100, 90)]
    assert label_places(places, width_pt=90) == places
    assert label_places(places, width_pt=250) != places


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(ValueError, match="not 'gif'"):
        cost_figure([BICUBIC], dataset="Set5", file_format="gif")
    with pytest.raises(ValueError, match="no method has been evaluated on Set5"):
        cost_figure([], dataset="Set5", file_format="png")
    with pytest.raises(ValueError, match="Free costs 0"):
        cost_figure([Point(name="Free", gmacs=0, psnr_y=30)], dataset="Set5", file_format="png")
