"""The ruler: device pixels a millimetre and the distance, from what the page sends."""

import pytest

from tests.ratings.flow.conftest import stored

GOOD = {"card_css_px": "323.5", "device_pixel_ratio": "2", "distance_cm": "57.5"}


def test_density_and_distance_are_stored(send, person):
    assert send("ruler", **GOOD).status_code == 302
    # 323.5 × 2 / 85.60
    assert stored(person, "ruler") == {
        "px_per_mm": 7.5584,
        "card_css_px": 323.5,
        "device_pixel_ratio": 2.0,
        "distance_mm": 575.0,
    }


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("device_pixel_ratio", "", "Your screen could not be measured"),
        ("device_pixel_ratio", "nan", "Your screen could not be measured"),
        ("device_pixel_ratio", "500", "Your screen could not be measured"),
        ("card_css_px", "", "No screen shows a card in this size"),
        ("card_css_px", "20", "No screen shows a card in this size"),
        ("card_css_px", "5000", "No screen shows a card in this size"),
        ("card_css_px", "inf", "No screen shows a card in this size"),
        ("distance_cm", "", "from 15 to 600"),
        ("distance_cm", "14", "from 15 to 600"),
        ("distance_cm", "601", "from 15 to 600"),
        ("distance_cm", "an arm", "from 15 to 600"),
    ],
)
def test_what_no_screen_and_no_rater_has_is_refused(send, person, name, value, sentence):
    response = send("ruler", **GOOD | {name: value})
    assert response.status_code == 400
    assert sentence in response.content.decode()
    assert stored(person, "ruler") is None


def test_a_refused_form_keeps_the_size_and_the_distance(send):
    page = send("ruler", **GOOD | {"device_pixel_ratio": ""}).content.decode()
    assert 'value="323.5"' in page
    assert 'value="57.5"' in page
