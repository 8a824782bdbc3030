"""A rater gets from the invite link to the thanks, with the mouse alone and with the keyboard alone."""

import time

import pytest
from playwright.sync_api import Page, expect

from ratings.invites import invite_path
from ratings.models import Rater, Rating, Trial
from tests.browser.steps import (
    click_slider,
    join,
    rate,
    scores_of,
    see_pair,
    set_both,
    sliders,
    wait_until_stored,
)

pytestmark = pytest.mark.browser

# One score a side and trial, no two alike; a click reaches one to within a pixel, 0.3 points.
MOUSE_SCORES = [(3.0 + 9 * trial, 98.0 - 8 * trial) for trial in range(10)]
WITHIN_A_PIXEL = 0.7

# From 50 an arrow moves by 1 and a page key by 10.
KEYS = [
    (["ArrowRight"], ["ArrowLeft"], (51, 49)),
    (["ArrowUp", "ArrowUp"], ["ArrowDown", "ArrowDown"], (52, 48)),
    (["PageUp"], ["PageDown"], (60, 40)),
    (["Home"], ["End"], (0, 100)),
    (["End", "PageDown"], ["Home", "PageUp"], (90, 10)),
    (["Home", "ArrowLeft"], ["End", "ArrowRight"], (0, 100)),
    (["PageUp", "PageUp", "ArrowLeft"], ["Space"], (69, 50)),
    (["Space"], ["PageDown", "ArrowUp"], (50, 41)),
    (["End", "ArrowDown"], ["Home", "ArrowUp"], (99, 1)),
    (["PageDown"] * 3, ["PageUp"] * 3, (20, 80)),
]

FOCUS = """() => {
  const shown = (element) => {
    const colour = getComputedStyle(element).backgroundColor;
    return colour === "rgba(0, 0, 0, 0)" && element.parentElement ? shown(element.parentElement) : colour;
  };
  const focused = document.activeElement;
  const style = getComputedStyle(focused);
  return {
    name: focused.id || focused.name || focused.className || focused.textContent.trim(),
    ring: style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth),
    colour: style.outlineColor,
    ground: shown(focused.parentElement),
  };
}"""


def scores_by_side() -> list[tuple[float, float]]:
    """What the database says of every trial, turned back into left and right."""
    return [scores_of(rating) for rating in Rating.objects.order_by("trial__position")]


def test_ten_pairs_rated_with_the_mouse_are_stored_once_each_and_lead_to_the_code(page, long_gallery):
    join(page, invite_path(long_gallery))
    for number, (left, right) in enumerate(MOUSE_SCORES, start=1):
        see_pair(page, number)
        rate(page, left, right)
    expect(page.locator("#completion-code")).to_have_text(long_gallery.raters.get().completion_code)
    stored = scores_by_side()
    assert len(stored) == len(MOUSE_SCORES)
    for pair, wanted in zip(stored, MOUSE_SCORES, strict=True):
        assert pair == pytest.approx(wanted, abs=WITHIN_A_PIXEL)
    sides = set(Trial.objects.values_list("reference_side", flat=True))
    assert sides == {"left", "right"}  # else exchanged sides would not be noticed


def test_the_size_and_pixel_ratio_of_the_window_are_stored_with_the_scores(open_browser, gallery, link):
    page = open_browser(device_scale_factor=1.5, viewport={"width": 1203, "height": 777}).new_page()
    join(page, link)
    rate(page)
    wait_until_stored(page, 1)
    rating = Rating.objects.get()
    assert (rating.device_pixel_ratio, rating.window_width, rating.window_height) == (1.5, 1203, 777)


def test_the_duration_runs_from_both_pictures_shown_to_the_answer(page, link):
    began = time.monotonic()
    join(page, link)
    page.wait_for_timeout(700)
    rate(page)
    onlooker_ms = (time.monotonic() - began) * 1000
    wait_until_stored(page, 1)
    assert 700 <= Rating.objects.get().duration_ms <= onlooker_ms


def test_a_first_click_beside_the_middle_is_taken_where_it_falls(page, link):
    # 14 pixels around 50 belong to the thumb, which nobody sees before the first click.
    join(page, link)
    taken = []
    for score in (47.5, 49, 50, 51, 52.5):
        left, _ = sliders(page)
        click_slider(left, score)
        expect(left).to_have_class("slider")
        taken.append(float(left.input_value()))
        page.reload()
        see_pair(page, 1)
    assert taken == pytest.approx([47.5, 49, 50, 51, 52.5], abs=WITHIN_A_PIXEL)


def tab_to(page: Page, name: str) -> list[dict]:
    """Press Tab until the element of that id or name has the focus; every stop must show the focus."""
    stops = []
    for _ in range(6):
        page.keyboard.press("Tab")
        focus = page.evaluate(FOCUS)
        assert focus["ring"] >= 2, f"nothing shows that {focus['name']} has the focus"
        stops.append(focus)
        if focus["name"] == name:
            return stops
    pytest.fail(f"Tab does not reach {name}; it stops at {[stop['name'] for stop in stops]}")


def press(page: Page, keys: list[str]) -> None:
    for key in keys:
        page.keyboard.press(key)


def begin_with_the_keyboard(page: Page, link: str) -> None:
    """Agree and read the instructions without a mouse."""
    page.goto(link)
    tab_to(page, "agree")
    page.keyboard.press("Space")
    tab_to(page, "Begin")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="What we ask of you")).to_be_visible()
    tab_to(page, "Show the first pair")
    with page.expect_navigation():
        page.keyboard.press("Enter")


def test_ten_pairs_rated_with_the_keyboard_are_stored_once_each_and_lead_to_the_thanks(page, long_gallery):
    begin_with_the_keyboard(page, invite_path(long_gallery))
    for number, (left, right, _) in enumerate(KEYS, start=1):
        see_pair(page, number)
        tab_to(page, "left")
        press(page, left)
        tab_to(page, "right")
        press(page, right)
        if number % 2:  # Enter confirms on a slider as well as on the button
            tab_to(page, "next")
        page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    assert scores_by_side() == [scores for _, _, scores in KEYS]


def luminance(colour: str) -> float:
    """The relative luminance of `rgb(r, g, b)`. Source: WCAG 2.2, definition of relative luminance."""
    channels = [int(part) / 255 for part in colour.removeprefix("rgb(").removesuffix(")").split(",")]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """From 1 to 21."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_the_focus_ring_stands_out_from_what_is_around_it(page, link):
    # WCAG 2.2, 1.4.11: at least 3 to 1.
    page.goto(link)
    stops = tab_to(page, "Begin")
    join(page, link)
    set_both(page, 60, 40)
    page.locator(".skip").focus()
    stops += tab_to(page, "next")
    assert [stop["name"] for stop in stops] == ["skip", "agree", "Begin", "left", "right", "next"]
    weak = {stop["name"]: contrast(stop["colour"], stop["ground"]) for stop in stops}
    assert {name: ratio for name, ratio in weak.items() if ratio < 3} == {}


def test_no_arrow_key_moves_a_slider_past_its_end(page, link):
    begin_with_the_keyboard(page, link)
    see_pair(page, 1)
    tab_to(page, "left")
    press(page, ["End", "ArrowRight", "PageUp"])
    assert sliders(page)[0].input_value() == "100"
    press(page, ["Home", "ArrowLeft", "PageDown"])
    assert sliders(page)[0].input_value() == "0"


def test_a_person_who_does_not_agree_is_not_let_in(page, link):
    page.goto(link)
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_role("checkbox")).to_be_focused()  # the browser points at what is missing
    assert Rater.objects.count() == 0


def test_a_screen_reader_is_told_the_score_and_its_word(page, link):
    join(page, link)
    left, right = sliders(page)
    expect(left).to_have_attribute("aria-valuetext", "not set yet")
    rate_keys = [("Home", "0, Bad"), ("End", "100, Excellent"), ("Space", "100, Excellent")]
    for key, said in rate_keys:
        left.press(key)
        expect(left).to_have_attribute("aria-valuetext", said)
    expect(right).to_have_attribute("aria-valuetext", "not set yet")
