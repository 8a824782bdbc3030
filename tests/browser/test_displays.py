"""Pictures by turns in one place, and one after the other: what is seen when, and what Next waits for."""

import io

import numpy as np
import pytest
from PIL import Image as Picture
from playwright.sync_api import Locator, Page, expect

from ratings.models import Rating
from tests.browser.gallery import make_gallery
from tests.browser.steps import next_button, set_both, wait_for_frames, wait_until_stored
from tests.browser.test_accessibility import objections
from tests.browser.test_pictures import make_noise, stored_pixels
from tests.browser.ways import open_trial

pytestmark = pytest.mark.browser

SEE_BOTH = "Look at both pictures to go on."
SET_BOTH = "Set both sliders to go on."
LOOK = "Look at the pictures; the question comes after them."

# Sums up every layout shift since it was asked last, also those that follow at once on a key or a click.
NOTE_SHIFTS = """
let shifts = 0;
const add = (entries) => entries.forEach((entry) => { shifts += entry.value; });
const observer = new PerformanceObserver((list) => add(list.getEntries()));
observer.observe({ type: "layout-shift", buffered: true });
window.takeShifts = () => {
  add(observer.takeRecords());
  const taken = shifts;
  shifts = 0;
  return taken;
};
"""

# Notes at every frame which picture can be seen: one letter each, "" for grey.
NOTE_FRAMES = """
window.frames_seen = [];
function note() {
  const seen = [...document.querySelectorAll(".picture")].map(
    (picture, number) => getComputedStyle(picture).visibility === "visible" ? "AB"[number] : "").join("");
  if (window.frames_seen.at(-1) !== seen) { window.frames_seen.push(seen); }
  requestAnimationFrame(note);
}
requestAnimationFrame(note);
"""

# Notes when the picture that can be seen, the sliders or the line below become others.
NOTE_STATES = """
window.states = [];
function note() {
  const seen = [...document.querySelectorAll(".picture")].map(
    (picture, number) => getComputedStyle(picture).visibility === "visible" ? "AB"[number] : "").join("");
  const isAsking = [...document.querySelectorAll(".slider")].some(
    (slider) => getComputedStyle(slider).visibility === "visible");
  const state = [seen, isAsking, document.getElementById("status")?.textContent];
  if (JSON.stringify(window.states.at(-1)?.state) !== JSON.stringify(state)) {
    window.states.push({ state, at: performance.now() });
  }
  requestAnimationFrame(note);
}
requestAnimationFrame(note);
"""


EVERY_BOX = """() => [...document.querySelectorAll("main *")].map(
  (element) => JSON.stringify(element.getBoundingClientRect()))"""


def open_gallery(page: Page, methodology: str = "dscqs", **options: object) -> None:
    open_trial(page, make_gallery(images=2, methodology=methodology, options=options))


def both(page: Page) -> tuple[Locator, Locator]:
    """The two pictures, seen or not."""
    return page.locator(".picture").nth(0), page.locator(".picture").nth(1)


def status(page: Page) -> Locator:
    return page.locator("#status")


@pytest.fixture
def in_place(page: Page, live_server) -> Page:
    """The first trial of a study that shows both pictures in one place."""
    page.add_init_script(NOTE_SHIFTS)
    page.add_init_script(NOTE_FRAMES)
    open_gallery(page, display="in_place")
    expect(status(page)).to_have_text(SEE_BOTH)
    return page


def shows(page: Page, name: str) -> None:
    """Only the picture of this name, and its letter, can be seen."""
    for picture, letter in zip(both(page), "AB", strict=True):
        (expect(picture).to_be_visible if letter == name else expect(picture).to_be_hidden)()
        heading = page.locator(".side h2").nth("AB".index(letter))
        (expect(heading).to_be_visible if letter == name else expect(heading).to_be_hidden)()
        button = page.get_by_role("button", name=f"Show {letter}")
        expect(button).to_have_attribute("aria-pressed", str(letter == name).lower())


def test_buttons_and_the_key_swap_the_pictures_and_next_waits_until_both_were_seen(in_place):
    shows(in_place, "A")
    set_both(in_place, 70, 40)
    expect(status(in_place)).to_have_text(SEE_BOTH)
    expect(next_button(in_place)).to_be_disabled()
    in_place.get_by_role("button", name="Show B").click()
    shows(in_place, "B")
    expect(next_button(in_place)).to_be_enabled()
    in_place.keyboard.press("x")
    shows(in_place, "A")
    next_button(in_place).click()
    expect(in_place.locator("#place")).to_have_text("Pair 2 of 4")
    expect(status(in_place)).to_have_text(SEE_BOTH)  # of the next pair too
    shows(in_place, "A")
    wait_until_stored(in_place, 1)
    assert Rating.objects.get().toggles == 2


def test_a_picture_pressed_and_held_gives_way_to_the_other_while_it_is_held(in_place):
    box = both(in_place)[0].bounding_box()
    in_place.mouse.move(box["x"] + 50, box["y"] + 50)
    in_place.mouse.down()
    shows(in_place, "B")
    in_place.mouse.move(5, 5)
    shows(in_place, "B")
    in_place.mouse.up()
    shows(in_place, "A")
    expect(status(in_place)).to_have_text(SET_BOTH)


def test_the_key_that_swaps_can_be_switched_off(in_place):
    in_place.get_by_label("Single keys").uncheck()
    in_place.keyboard.press("x")
    shows(in_place, "A")


def test_swapping_moves_nothing_and_leaves_no_frame_without_a_picture(in_place):
    boxes = [picture.bounding_box() for picture in both(in_place)]
    assert boxes[0] == boxes[1]
    in_place.get_by_role("button", name="Show B").click()  # the hint below changes once
    wait_for_frames(in_place)
    before = in_place.evaluate(EVERY_BOX)
    in_place.evaluate("() => { window.takeShifts(); window.frames_seen = []; }")
    wait_for_frames(in_place)
    for _ in range(10):
        in_place.keyboard.press("x")
        wait_for_frames(in_place)
    assert in_place.evaluate(EVERY_BOX) == before
    assert in_place.evaluate("() => window.takeShifts()") == 0
    assert in_place.evaluate("() => window.frames_seen") == [*(["B", "A"] * 5), "B"]


def test_a_layout_shift_would_be_noticed(in_place):
    wait_for_frames(in_place)
    in_place.evaluate("() => { window.takeShifts(); document.querySelector('#narrow').hidden = false; }")
    in_place.evaluate("() => { document.querySelector('#narrow').textContent = 'One line more'; }")
    wait_for_frames(in_place)
    assert in_place.evaluate("() => window.takeShifts()") > 0


@pytest.mark.parametrize("ratio", [1, 1.5])
def test_in_one_place_both_pictures_come_pixel_by_pixel(open_screen, make_outputs, live_server, ratio):
    page = open_screen(ratio)
    open_trial(page, make_noise(make_outputs, display="in_place"))
    expect(status(page)).to_have_text(SEE_BOTH)
    for picture, stored in zip(both(page), stored_pixels(1), strict=True):
        box = {name: value * ratio for name, value in picture.bounding_box().items()}
        screen = np.asarray(Picture.open(io.BytesIO(page.screenshot())).convert("RGB"))
        x, y = round(box["x"]), round(box["y"])
        np.testing.assert_array_equal(screen[y : y + 256, x : x + 256], stored)
        page.get_by_role("button", name="Show B").click()


def test_axe_finds_nothing_on_a_trial_in_one_place(in_place):
    assert objections(in_place) == ""
    in_place.get_by_role("button", name="Show B").click()
    assert objections(in_place) == ""


def test_each_picture_is_shown_for_its_time_and_then_the_question_comes(page, live_server):
    page.add_init_script(NOTE_STATES)
    open_gallery(page, display="sequential", sequence_seconds=1)
    expect(status(page)).to_have_text(SET_BOTH)
    for picture in both(page):
        expect(picture).to_be_hidden()
    noted = page.evaluate("() => window.states")
    first = next(number for number, one in enumerate(noted) if one["state"][0] == "A")
    states = [one["state"] for one in noted[first:] if one["state"][2] != "Loading …"]
    assert states == [["A", False, LOOK], ["", False, LOOK], ["B", False, LOOK], ["", True, SET_BOTH]]
    # A second each and half a second of grey, as the page's own frames tell: whoever looks on may be late.
    since = [one["at"] - noted[first]["at"] for one in noted[-3:]]
    assert all(at >= least for at, least in zip(since, (1000, 1500, 2500), strict=True)), since
    set_both(page, 70, 40)
    next_button(page).click()
    expect(page.locator("#place")).to_have_text("Pair 2 of 4")
    expect(both(page)[0]).to_be_visible()
    wait_until_stored(page, 1)
    assert Rating.objects.get().duration_ms >= 2500


def test_without_a_time_the_rater_goes_on_to_the_second_picture_and_to_the_question(page, live_server):
    page.clock.install()
    open_gallery(page, "dsis", display="sequential")
    expect(page.get_by_role("heading", name="Reference", exact=True)).to_be_visible()
    expect(status(page)).to_have_text(LOOK)
    assert objections(page) == ""
    page.clock.fast_forward(60_000)
    expect(both(page)[0]).to_be_visible()
    page.keyboard.press("3")  # not yet
    page.get_by_role("button", name="Next picture").click()
    expect(both(page)[1]).to_be_visible()
    expect(both(page)[0]).to_be_hidden()
    page.get_by_role("button", name="Give your answer").press("Enter")
    for picture in both(page):
        expect(picture).to_be_hidden()
    expect(page.locator(".choice input").first).to_be_focused()  # not lost with the button that went
    assert page.locator(".choice :checked").count() == 0
    assert objections(page) == ""
    page.keyboard.press("3")
    next_button(page).click()
    wait_until_stored(page, 1)
    assert Rating.objects.get().score == 3


def test_a_single_picture_is_shown_as_it_is(page, live_server):
    open_gallery(page, "acr_hr")
    expect(status(page)).to_have_text("Choose an answer to go on.")
    expect(page.locator(".picture")).to_be_visible()
    expect(page.locator(".show")).to_have_count(0)


@pytest.mark.parametrize("display", ["in_place", "sequential"])
def test_each_slider_says_whose_it_is_where_the_pictures_share_one_spot(page, live_server, display):
    open_gallery(page, display=display)
    expect(page.locator(".whose")).to_have_text(["A", "B"])
