"""In a page written from right to left pictures, scales and directions stay where they are."""

import pytest
from playwright.sync_api import Page, Route, expect

from ratings.invites import invite_path
from ratings.models import Rating
from ratings.services.sessions import record_step
from tests.browser.gallery import make_gallery
from tests.browser.looks import faults
from tests.browser.steps import (
    become_rater,
    click_slider,
    next_button,
    scores_of,
    sliders,
    wait_until_stored,
)
from tests.browser.ways import EVERYTHING, RULER, TRIALS, WAYS, at_a_trial, open_trial

pytestmark = pytest.mark.browser


def from_right_to_left(route: Route) -> None:
    """Give a page as it would be in Hebrew or Arabic, from its first byte on."""
    if route.request.resource_type != "document":
        route.continue_()
        return
    response = route.fetch(max_redirects=0)
    body = response.text().replace(' dir="ltr">', ' dir="rtl">', 1)
    route.fulfill(response=response, body=body)


@pytest.fixture
def page(page: Page) -> Page:
    page.route("**/s/**", from_right_to_left)
    return page


def x_of(page: Page, selector: str) -> list[float]:
    """Where the elements begin, from left to right or not, in the order of the page."""
    return [box["x"] for box in (one.bounding_box() for one in page.locator(selector).all())]


def is_left_to_right(places: list[float]) -> bool:
    return len(places) > 1 and places == sorted(places) and places[0] < places[-1]


@pytest.mark.parametrize("way", WAYS)
def test_nothing_is_lost_on_any_page(page, live_server, way):
    found = {}
    for name in WAYS[way](page):
        assert page.evaluate("() => getComputedStyle(document.body).direction") == "rtl"
        found[name] = faults(page)
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize(("methodology", "display"), TRIALS)
def test_nothing_of_a_trial_is_lost(page, live_server, methodology, display):
    found = {name: faults(page) for name in at_a_trial(page, methodology, display)}
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


def test_each_slider_is_below_its_picture_and_its_low_end_is_left(page, live_server):
    open_trial(page, make_gallery(images=2))
    assert is_left_to_right(x_of(page, ".picture"))
    assert [name.inner_text() for name in page.locator(".side h2").all()] == ["A", "B"]
    words = page.locator(".scale").first.locator(".terms li")
    assert words.all_text_contents() == ["Bad", "Poor", "Fair", "Good", "Excellent"]
    assert is_left_to_right([word.bounding_box()["x"] for word in words.all()])
    left, right = sliders(page)
    click_slider(left, 10)
    click_slider(right, 90)
    right.press("ArrowRight")
    next_button(page).click()
    wait_until_stored(page, 1)
    assert scores_of(Rating.objects.get()) == pytest.approx((10, 91), abs=1)


@pytest.mark.parametrize("display", ["side_by_side", "in_place"])
def test_a_choice_of_the_left_picture_is_the_method_that_stood_left(page, live_server, display):
    open_trial(page, make_gallery(images=2, methodology="pc", options={"display": display, "ties": True}))
    assert is_left_to_right(x_of(page, ".choice"))
    if display == "side_by_side":
        assert is_left_to_right(x_of(page, ".picture"))
    else:
        assert is_left_to_right(x_of(page, ".show button"))
        page.get_by_role("button", name="Show B").click()
    page.get_by_role("radio", name="A", exact=True).check()
    next_button(page).click()
    wait_until_stored(page, 1)
    rating = Rating.objects.select_related("trial").get()
    assert rating.choice == ("a" if rating.trial.side_a == "left" else "b")


def test_the_reference_stays_left_and_the_categories_keep_their_order(page, live_server):
    open_trial(page, make_gallery(images=2, methodology="dsis"))
    assert is_left_to_right(x_of(page, ".picture"))
    assert page.locator(".side h2").all_text_contents() == ["Reference", "Picture"]
    assert is_left_to_right(x_of(page, ".choice"))
    page.get_by_label("2 Annoying").check()
    next_button(page).click()
    wait_until_stored(page, 1)
    assert Rating.objects.get().score == 2


def test_a_window_too_narrow_is_told_and_both_pictures_can_be_scrolled_to(page, live_server):
    page.set_viewport_size({"width": 400, "height": 800})
    open_trial(page, make_gallery(images=2))
    # Two pictures of 256, 12 between and 6 on either side of them.
    expect(page.locator("#narrow")).to_contain_text("136 pixels too narrow")
    for picture in page.locator(".picture").all():
        picture.scroll_into_view_if_needed()
        box = picture.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 400


def test_the_left_side_of_a_ring_is_left(page, live_server):
    study = make_gallery(images=2, options=EVERYTHING)
    rater = become_rater(page, study)
    record_step(rater, "ruler", RULER)
    page.goto(f"{invite_path(study)}steps/acuity")
    ring = page.locator(".ring").first
    assert is_left_to_right([ring.locator(f"label.{side}").bounding_box()["x"] for side in ("left", "right")])
    ring.get_by_role("radio", checked=True).press("ArrowLeft")
    expect(ring.get_by_label("left")).to_be_checked()


def test_the_rulers_slider_makes_the_frame_wider_to_the_right(page, live_server):
    study = make_gallery(images=2, options=EVERYTHING)
    become_rater(page, study)
    page.goto(f"{invite_path(study)}steps/ruler")
    card, slider = page.locator("#card"), page.get_by_label("Width of the frame")
    before = card.bounding_box()
    slider.press("ArrowRight")
    after = card.bounding_box()
    assert after["x"] == before["x"]
    assert after["width"] == pytest.approx(before["width"] + 0.5, abs=0.01)
