"""The display check: room for the largest pictures, the kind of pointer, and what greys are seen."""

import pytest

from ratings import invites
from ratings.models import Stimulus
from tests.ratings.flow.conftest import stored

# The pictures are 48 × 48; two need 96 of their own and 72 around and between them.
GOOD = {
    "page_width": "168",
    "page_height": "48",
    "screen_width": "1920",
    "screen_height": "1080",
    "device_pixel_ratio": "1",
    "pinch": "1",
    "zoom_hint": "1.0004",
    "touch_points": "0",
    "coarse": "no",
    "fine": "yes",
    "dark_seen": "4",
    "light_seen": "0",
}
UNMEASURED = "Your window could not be measured"
UNCOUNTED = "Please say how many squares you see"


def test_what_was_measured_and_seen_is_stored(send, person):
    assert send("display_check", **GOOD).status_code == 302
    assert stored(person, "display_check") == {
        "page_width": 168,
        "page_height": 48,
        "screen_width": 1920,
        "screen_height": 1080,
        "device_pixel_ratio": 1.0,
        "pinch": 1.0,
        "zoom_hint": 1.0,
        "touch_points": 0,
        "coarse": False,
        "fine": True,
        "needed_width": 168,
        "needed_height": 48,
        "dark_seen": 4,
        "dark_of": 6,
        "dark_smallest_step": 6,
        "light_seen": 0,
        "light_of": 6,
        "light_smallest_step": None,
    }


@pytest.mark.parametrize("name", [name for name in GOOD if not name.endswith("_seen")])
@pytest.mark.parametrize("value", ["", "nan", "-1", "many"])
def test_a_window_that_was_not_measured_is_refused(send, person, name, value):
    response = send("display_check", **GOOD | {name: value})
    assert response.status_code == 400
    assert UNMEASURED in response.content.decode()
    assert stored(person, "display_check") is None


@pytest.mark.parametrize("name", ["dark_seen", "light_seen"])
@pytest.mark.parametrize("value", ["", "7", "-1", "1.5", "all"])
def test_squares_that_were_not_counted_are_refused(send, person, name, value):
    response = send("display_check", **GOOD | {name: value})
    assert response.status_code == 400
    assert UNCOUNTED in response.content.decode()
    assert stored(person, "display_check") is None


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"page_width": "167"}, "shows 167 × 48 pixels of the screen. The pictures need 168 × 48. Please"),
        ({"page_height": "47"}, "shows 168 × 47 pixels of the screen. The pictures need 168 × 48. Please"),
        # Zoomed out to a half, the page's own space takes half as many pixels: 96 + 36.
        (
            {"page_width": "262", "device_pixel_ratio": "0.5", "page_height": "500"},
            "The pictures need 132 × 48",
        ),
        ({"pinch": "1.5"}, "The page is enlarged"),
    ],
)
def test_a_window_without_room_is_refused_in_numbers(send, person, changed, sentence):
    response = send("display_check", **GOOD | changed)
    assert response.status_code == 400
    assert sentence in response.content.decode()
    assert stored(person, "display_check") is None


def test_the_largest_stimulus_decides(send, careful):
    # Not of the same stimulus. The model's own queryset would refuse to change an open study's.
    tall, wide = careful.stimuli.all()[:2]
    Stimulus._base_manager.filter(pk=tall.pk).update(height=90)
    Stimulus._base_manager.filter(pk=wide.pk).update(width=60)
    page = send("display_check", **GOOD).content.decode()
    assert "The pictures need 192 × 90" in page


def test_a_finer_screen_needs_fewer_css_pixels(send, person):
    # At ratio 2 the two pictures take 48 CSS pixels, and the page's own space 72 as ever.
    assert send("display_check", **GOOD | {"device_pixel_ratio": "2", "page_width": "119"}).status_code == 400
    assert send("display_check", **GOOD | {"device_pixel_ratio": "2", "page_width": "120"}).status_code == 302


@pytest.mark.parametrize(
    ("methodology", "options"),
    [("dscqs", {"display": "in_place"}), ("dscqs", {"display": "sequential"}), ("acr_hr", {})],
)
def test_one_picture_at_a_time_needs_room_for_one(client, make_careful, methodology, options):
    study = make_careful(methodology, **options)
    address = f"{invites.invite_path(study)}steps/display_check"
    # 48 and 16 on either side.
    assert client.post(address, GOOD | {"page_width": "79"}).status_code == 400
    assert client.post(address, GOOD | {"page_width": "80"}).status_code == 302


@pytest.mark.parametrize(
    ("touch", "coarse", "fine", "status"),
    [
        (True, "yes", "no", 302),
        (False, "yes", "no", 400),
        (False, "yes", "yes", 302),  # a tablet with a mouse
        (False, "no", "yes", 302),
        (False, "no", "no", 302),  # keys alone
    ],
)
def test_fingers_alone_are_refused_where_the_study_does_without(
    client, make_careful, touch, coarse, fine, status
):
    study = make_careful(touch=touch)
    address = f"{invites.invite_path(study)}steps/display_check"
    response = client.post(address, GOOD | {"coarse": coarse, "fine": fine, "touch_points": "5"})
    assert response.status_code == status
    assert ("needs a mouse or a touchpad" in response.content.decode()) == (status == 400)


def test_a_window_that_did_not_pass_is_kept_too(send, person):
    send("display_check", **GOOD | {"page_width": "167"})
    send("display_check", **GOOD | {"page_width": "160"})
    assert stored(person, "display_check_not_passed")["page_width"] == 160
    assert send("display_check", **GOOD).status_code == 302
    assert stored(person, "display_check_not_passed")["page_width"] == 160


def test_another_device_is_checked_again_and_the_first_is_kept(send, person, client, careful, stranger):
    link = invites.invite_path(careful)
    answers = {"age_band": "25-34", "glasses": "none", "expertise": "none"}
    client.post(f"{link}steps/questionnaire", answers)
    send("display_check", **GOOD)
    token = client.cookies["rater"].value
    stranger.post(f"{link}go-on/{token}")
    assert stranger.get(f"{link}start")["Location"].endswith("steps/display_check")
    assert stored(person, "display_check") is None
    assert stored(person, "display_check_device1")["page_width"] == 168
    assert stored(person, "questionnaire") is not None


def test_the_same_browser_is_not_checked_again(send, person, client, careful):
    send("display_check", **GOOD)
    client.post(f"{invites.invite_path(careful)}go-on/{client.cookies['rater'].value}")
    assert stored(person, "display_check") is not None
