"""Acuity: the chart follows the ruler, and the answers are judged on the server alone."""

import io

import pytest
from PIL import Image as Picture

from ratings import invites
from ratings.flow.base import seed_of
from ratings.services.sessions import record_step
from ratings.vision.acuity import Line, lines
from tests.ratings.flow.conftest import stored

# 10 pixels a mm at 600 mm: one minute of arc is 1.7453 pixels, so the gaps are 8, 5, 3, 2 and 1 pixels.
RULER = {"px_per_mm": 10.0, "distance_mm": 600.0}
GAPS_PX = [8, 5, 3, 2, 1]


@pytest.fixture
def chart(person) -> tuple[Line, ...]:
    record_step(person, "ruler", RULER)
    return lines(distance_mm=600, px_per_mm=10, seed=seed_of(person, "acuity"))


def all_right(chart: tuple[Line, ...]) -> dict[str, str]:
    gaps = [gap for line in chart for gap in line.orientations]
    return {f"ring_{number}": gap for number, gap in enumerate(gaps, start=1)}


def test_a_perfect_chart_is_the_smallest_line(send, person, chart):
    assert send("acuity", **all_right(chart)).status_code == 302
    found = stored(person, "acuity")
    assert [line["gap_px"] for line in found["lines"]] == GAPS_PX
    assert [line["right"] for line in found["lines"]] == [5] * 5
    assert [line["of"] for line in found["lines"]] == [5] * 5
    # log10(1 / 1.7453)
    assert found["logmar"] == -0.242
    assert found["limit"] is False
    assert found["normal"] is True
    assert found["screen_limit"] is None


def test_a_line_with_two_wrong_ends_the_chart(send, person, chart):
    answers = all_right(chart)
    for number in (12, 14):  # of the third line
        wrong = "up" if answers[f"ring_{number}"] != "up" else "down"
        answers[f"ring_{number}"] = wrong
    send("acuity", **answers)
    found = stored(person, "acuity")
    assert [line["right"] for line in found["lines"]] == [5, 5, 3, 5, 5]
    # log10(5 / 1.7453)
    assert found["logmar"] == 0.457
    assert found["normal"] is False


def test_rings_left_out_count_as_not_seen(send, person, chart):
    send("acuity")
    found = stored(person, "acuity")
    assert found["logmar"] is None
    assert [line["right"] for line in found["lines"]] == [0] * 5


def test_a_coarse_screen_says_that_it_set_the_limit(send, person):
    record_step(person, "ruler", {"px_per_mm": 3.78, "distance_mm": 600.0})
    chart = lines(distance_mm=600, px_per_mm=3.78, seed=seed_of(person, "acuity"))
    send("acuity", **all_right(chart))
    found = stored(person, "acuity")
    # log10(1 / 0.65973), above the 20/30 line: whether the rater reads that, nobody knows.
    assert found["logmar"] == found["screen_limit"] == 0.181
    assert found["limit"] is True
    assert found["normal"] is None


def test_a_direction_that_is_none_is_refused(send, person, chart):
    response = send("acuity", **all_right(chart) | {"ring_3": "upper left"})
    assert response.status_code == 400
    assert "none of the four directions" in response.content.decode()
    assert stored(person, "acuity") is None


def test_before_the_ruler_there_are_no_rings(client, careful, send, person):
    address = f"{invites.invite_path(careful)}steps/acuity"
    page = client.get(address).content.decode()
    assert f"{invites.invite_path(careful)}steps/ruler" in page
    assert 'name="ring_1"' not in page
    response = send("acuity")
    assert response.status_code == 400
    assert "Please set the size of the card first" in response.content.decode()
    assert stored(person, "acuity") is None


def test_every_ring_is_a_picture_of_seven_gaps(client, careful, chart):
    for number, gap_px in ((1, 8), (6, 5), (25, 1)):
        response = client.get(f"{invites.invite_path(careful)}checks/acuity/{number}.png")
        assert Picture.open(io.BytesIO(response.content)).size == (7 * gap_px, 7 * gap_px)


def test_the_page_tells_no_gap(client, careful, chart):
    page = client.get(f"{invites.invite_path(careful)}steps/acuity").content.decode()
    for side in ("up", "down", "left", "right"):
        assert page.count(f'value="{side}"') == 25
    # Chosen beforehand is nothing but “I cannot tell”.
    assert page.count(" checked") == page.count('value="" autocomplete="off" checked') == 25
