"""The steps before and after the pictures, taken by a person: with a mouse, with keys, on a tablet."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from ratings import invites
from ratings.flow import STEPS
from ratings.flow.base import seed_of
from ratings.models import Rater, StepResult, Study
from ratings.services.sessions import record_step
from ratings.vision.acuity import lines
from ratings.vision.plates import make_series
from tests.browser.gallery import SIDE_PX, make_gallery
from tests.browser.steps import agree, become_rater
from tests.browser.test_accessibility import objections
from tests.browser.test_layout import DEVICES, Fits
from tests.browser.ways import EVERYTHING, RULER

pytestmark = pytest.mark.browser

HEADINGS = {
    "questionnaire": "A few questions about you",
    "display_check": "Your window and your screen",
    "ruler": "How large is your screen?",
    "acuity": "Where is the gap?",
    "colour_vision": "Which number do you see?",
    "feedback": "Is there anything you want to tell us?",
}


@pytest.fixture
def careful(live_server) -> Study:
    """A study that asks and checks everything."""
    return make_gallery(images=2, options=EVERYTHING)


@pytest.fixture
def go_to(careful: Study) -> Callable[[Page, str], Rater]:
    """As somebody who has agreed, open a step whatever comes before it."""

    def go(page: Page, name: str) -> Rater:
        link = invites.invite_path(careful)
        rater = careful.raters.first() or become_rater(page, careful)
        if name == "acuity":
            record_step(rater, "ruler", RULER)
        page.goto(f"{link}steps/{name}")
        expect(page.get_by_role("heading", level=1)).to_have_text(HEADINGS[name])
        return rater

    return go


def go_on(page: Page) -> None:
    with page.expect_navigation():
        page.get_by_role("button", name="Go on").click()


def stored(rater: Rater, name: str) -> dict[str, Any]:
    return StepResult.objects.get(rater=rater, step=name).content


def answer_questions(page: Page) -> None:
    page.get_by_label("35 to 44").check()
    page.get_by_label("Contact lenses", exact=True).check()
    page.get_by_label("I prefer not to say").nth(2).check()
    page.get_by_label("A monitor").check()
    page.get_by_label("What is your room like?").fill("dim")


def count_squares(page: Page, dark: int, light: int) -> None:
    page.get_by_label("black strip").select_option(str(dark))
    page.get_by_label("white strip").select_option(str(light))


def test_a_rater_is_led_through_every_step_in_its_order(page, careful):
    agree(page, invites.invite_path(careful))
    rater = careful.raters.get()
    expect(page.get_by_role("heading", level=1)).to_have_text(HEADINGS["questionnaire"])
    answer_questions(page)
    go_on(page)
    expect(page.get_by_role("heading", level=1)).to_have_text(HEADINGS["display_check"])
    count_squares(page, 4, 5)
    go_on(page)
    expect(page.get_by_role("heading", level=1)).to_have_text(HEADINGS["ruler"])
    go_on(page)
    expect(page.get_by_role("heading", level=1)).to_have_text(HEADINGS["acuity"])
    go_on(page)
    expect(page.get_by_role("heading", level=1)).to_have_text(HEADINGS["colour_vision"])
    for box in page.get_by_role("checkbox").all():
        box.check()
    go_on(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("What we ask of you")
    assert set(rater.steps.values_list("step", flat=True)) == set(STEPS) - {"feedback"}
    assert stored(rater, "questionnaire") == {
        "age_band": "35-44",
        "glasses": "contact_lenses",
        "expertise": "not_said",
        "own": {"screen": "A monitor", "room": "dim"},
    }


def test_a_refused_step_has_no_violation_and_keeps_what_was_given(page, go_to):
    go_to(page, "colour_vision")
    page.get_by_label("The number").first.fill("24")
    go_on(page)
    expect(page.get_by_role("alert")).to_contain_text("plate 2")
    expect(page.get_by_label("The number").first).to_have_value("24")
    assert objections(page) == ""


def test_every_step_fits_a_small_window_with_letters_twice_as_large(open_browser, go_to):
    page = open_browser(viewport={"width": 640, "height": 900}).new_page()
    for name in HEADINGS:
        go_to(page, name)
        page.evaluate("() => { document.documentElement.style.fontSize = '200%'; }")
        Fits(page, "large letters").check(name)


def test_every_control_of_a_step_is_large_enough_for_a_finger(open_browser, go_to):
    page = open_browser(**DEVICES["tablet"]).new_page()
    selector = (
        "main button, main label:has(input), main select, main textarea, main input.number, main .range"
    )
    for name in HEADINGS:
        go_to(page, name)
        for control in page.locator(selector).all():
            box = control.bounding_box()
            assert min(box["width"], box["height"]) >= 44, control.evaluate("(one) => one.outerHTML")


def test_the_window_is_measured_and_told_in_numbers(page, go_to):
    rater = go_to(page, "display_check")
    # Two pictures of 256, 40 between and 16 on either side of them.
    expect(page.locator("#room")).to_contain_text("The pictures need 584 × 256. That is enough.")
    count_squares(page, 3, 6)
    go_on(page)
    expect(page.get_by_role("heading", level=1)).not_to_have_text(HEADINGS["display_check"])
    found = stored(rater, "display_check")
    assert found["page_width"] == 1280 - page.evaluate(
        "() => innerWidth - document.documentElement.clientWidth"
    )
    assert found["page_height"] == 800
    assert found["device_pixel_ratio"] == 1
    assert found["needed_width"] == 584
    assert found["needed_height"] == 256
    assert found["dark_seen"] == 3
    assert found["dark_smallest_step"] == 8
    assert found["light_seen"] == 6
    assert found["fine"] is True


def test_a_window_too_small_holds_the_rater_until_it_is_made_larger(page, go_to):
    go_to(page, "display_check")
    page.set_viewport_size({"width": 580, "height": 800})
    expect(page.locator("#room")).to_contain_text("make the window larger")
    expect(page.get_by_role("button", name="Go on")).to_be_disabled()
    page.set_viewport_size({"width": 620, "height": 800})
    expect(page.locator("#room")).to_contain_text("That is enough")
    expect(page.get_by_role("button", name="Go on")).to_be_enabled()


def test_a_fine_screen_needs_no_more_image_pixels(open_browser, go_to):
    page = open_browser(viewport={"width": 400, "height": 700}, device_scale_factor=2).new_page()
    go_to(page, "display_check")
    # 512 of the pictures and 72 of the page around them, two device pixels each.
    expect(page.locator("#room")).to_contain_text("Your window shows 800 × 1400")
    expect(page.locator("#room")).to_contain_text("need 656 × 256. That is enough.")


@pytest.mark.parametrize("width", [583, 584])
def test_what_the_check_lets_through_the_trial_has_room_for(open_browser, live_server, width):
    study = make_gallery(images=2, options={"display_check": True})
    link = invites.invite_path(study)
    page = open_browser(viewport={"width": width, "height": 800}).new_page()
    agree(page, link)
    expect(page.locator("#room")).to_contain_text(
        "That is enough" if width == 584 else "make the window larger"
    )
    if width == 584:
        count_squares(page, 0, 0)
        go_on(page)
        page.get_by_role("button", name="Show the first pair").click()
        expect(page.locator("#status")).to_have_text("Set both sliders to go on.")
        expect(page.locator("#narrow")).to_be_hidden()


def test_a_study_without_fingers_turns_a_tablet_away(open_browser, live_server):
    study = make_gallery(images=2, options={"display_check": True, "touch": False})
    options = DEVICES["tablet"] | {"is_mobile": True}
    page = open_browser(**options).new_page()
    agree(page, invites.invite_path(study))
    expect(page.locator("#room")).to_contain_text("needs a mouse or a touchpad")
    expect(page.get_by_role("button", name="Go on")).to_be_disabled()


def frame_width(page: Page) -> float:
    return page.locator("#card").bounding_box()["width"]


def test_the_frame_is_as_wide_as_what_is_stored_however_it_is_set(page, go_to):
    rater = go_to(page, "ruler")
    slider = page.get_by_label("Width of the frame")
    slider.fill("400")
    assert frame_width(page) == pytest.approx(400, abs=0.1)
    slider.press("ArrowLeft")
    assert frame_width(page) == pytest.approx(399.5, abs=0.1)
    page.get_by_role("button", name="Wider").click()
    assert frame_width(page) == pytest.approx(400.5, abs=0.1)
    corner = page.locator("#corner").bounding_box()
    x, y = corner["x"] + corner["width"] / 2, corner["y"] + corner["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 50, y + 5, steps=4)
    page.mouse.up()
    page.mouse.move(x + 90, y)
    assert frame_width(page) == pytest.approx(350.5, abs=0.1)
    box = page.locator("#card").bounding_box()
    assert box["width"] / box["height"] == pytest.approx(85.60 / 53.98, rel=1e-2)
    page.get_by_label("How far are your eyes").fill("55")
    go_on(page)
    expect(page.get_by_role("heading", level=1)).not_to_have_text(HEADINGS["ruler"])
    found = stored(rater, "ruler")
    assert found["card_css_px"] == 350.5
    # 350.5 / 85.60
    assert found["px_per_mm"] == pytest.approx(4.0946, abs=1e-4)
    assert found["distance_mm"] == 550


def gaps_of(rater: Rater) -> list[str]:
    chart = lines(distance_mm=600, px_per_mm=3.78, seed=seed_of(rater, "acuity"))
    return [gap for line in chart for gap in line.orientations]


def test_rings_are_answered_with_the_arrow_keys(page, go_to):
    rater = go_to(page, "acuity")
    keys = {"up": "ArrowUp", "down": "ArrowDown", "left": "ArrowLeft", "right": "ArrowRight"}
    gaps = gaps_of(rater)
    rings = page.locator(".ring")
    assert rings.count() == len(gaps) == 15
    rings.first.get_by_role("radio", checked=True).focus()
    for place, gap in enumerate(gaps[:12]):
        if place:
            page.keyboard.press("Tab")
        page.keyboard.press(keys[gap])
    page.keyboard.press("Backspace")
    go_on(page)
    expect(page.get_by_role("heading", level=1)).not_to_have_text(HEADINGS["acuity"])
    found = stored(rater, "acuity")
    assert [line["right"] for line in found["lines"]] == [5, 5, 1]
    assert [line["gap_px"] for line in found["lines"]] == [3, 2, 1]
    # log10 of 2 pixels over 0.65973, which one minute of arc is.
    assert found["logmar"] == pytest.approx(0.482, abs=1e-3)
    assert found["limit"] is False


def test_rings_are_answered_with_the_mouse(page, go_to):
    rater = go_to(page, "acuity")
    for place, gap in enumerate(gaps_of(rater)):
        page.locator(".ring").nth(place).locator(f"label.{gap}").click()
    go_on(page)
    expect(page.get_by_role("heading", level=1)).not_to_have_text(HEADINGS["acuity"])
    found = stored(rater, "acuity")
    assert found["limit"] is True
    assert found["logmar"] == found["screen_limit"] == pytest.approx(0.181, abs=1e-3)


def test_a_ring_is_shown_pixel_by_pixel_on_a_fine_screen(open_screen, go_to):
    page = open_screen(2)
    go_to(page, "acuity")
    # A gap of 3 pixels makes a picture of 21, and that takes 10.5 CSS pixels.
    ring = page.locator(".ring img").first
    expect(ring).to_have_js_property("complete", True)
    box = ring.bounding_box()
    assert box["width"] == pytest.approx(10.5, abs=0.01)
    assert (box["x"] * 2) % 1 == pytest.approx(0, abs=0.02)


def test_plates_are_read(page, go_to):
    rater = go_to(page, "colour_vision")
    series = make_series(seed_of(rater, "colour_vision"))
    for place, plate in enumerate(series):
        expect(page.locator(".plate img").nth(place)).to_have_js_property("naturalWidth", 360)
        page.get_by_label("The number").nth(place).fill(plate.text)
    go_on(page)
    expect(page.get_by_role("heading", level=1)).not_to_have_text(HEADINGS["colour_vision"])
    found = stored(rater, "colour_vision")
    assert (found["read"], found["of"], found["suspected"]) == (6, 6, "")


def test_the_examples_are_shown_pixel_by_pixel_with_their_words(open_browser, careful):
    page = open_browser(device_scale_factor=2).new_page()
    link = invites.invite_path(careful)
    agree(page, link)
    page.goto(f"{link}instructions")
    for word in ("Excellent", "Bad"):
        example = page.get_by_role("figure").filter(has_text=word).get_by_role("img")
        expect(example).to_have_js_property("naturalWidth", SIDE_PX)
        assert example.bounding_box()["width"] == SIDE_PX / 2
    assert objections(page) == ""


def test_feedback_can_be_left_out(page, go_to):
    rater = go_to(page, "feedback")
    page.get_by_role("button", name="Leave it out").click()
    expect(page.get_by_role("heading", level=1)).not_to_have_text(HEADINGS["feedback"])
    assert stored(rater, "feedback") == {"text": ""}
