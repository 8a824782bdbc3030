"""How an answer was given is measured, and stored beside it."""

import re

import pytest
from playwright.sync_api import Page, expect

from ratings.invites import invite_path
from ratings.models import Rating
from tests.browser.gallery import make_gallery
from tests.browser.steps import (
    click_slider,
    next_button,
    open_pair,
    rate,
    see_pair,
    set_both,
    sliders,
    stop_the_clock,
    wait_until_stored,
)

pytestmark = pytest.mark.browser

SETTLED_MS = 700  # longer than a window must keep still to be said to
MOVING_MS = 300  # shorter
CHANGED = "The size or the zoom of your window changed"
HIDE = """(is_hidden) => {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => is_hidden });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def stored(page: Page) -> Rating:
    """The rating of the first pair, given now."""
    rate(page)
    wait_until_stored(page, 1)
    return Rating.objects.get()


@pytest.fixture
def still(page: Page, link: str) -> Page:
    """The first pair, more than a minute after it was shown, on a page on which no time passes by itself."""
    page.clock.install()
    open_pair(page, link)
    stop_the_clock(page)
    return page


def tell(page: Page, source: str) -> None:
    """Prepare to wait until the window, or its visual viewport, has told the page of another size."""
    page.evaluate(
        f"""() => {{
          window.told = new Promise((done) => {{
            {source}.addEventListener("resize", done, {{ once: true }});
          }});
        }}"""
    )


def resize(page: Page, width: int, height: int) -> None:
    """Give the window another size, and wait until the page has been told."""
    tell(page, "window")
    page.set_viewport_size({"width": width, "height": height})
    page.evaluate("() => window.told")


def test_the_first_use_of_a_control_is_timed_from_the_pictures_on(page, link):
    open_pair(page, link)
    page.wait_for_timeout(500)
    click_slider(sliders(page)[0], 30)
    page.wait_for_timeout(600)
    rating = stored(page)
    assert 500 <= rating.first_interaction_ms <= rating.duration_ms - 600


def test_nothing_is_counted_where_nothing_happened(still):
    rating = stored(still)
    counts = (rating.toggles, rating.window_changes, rating.restarts, rating.hidden_count, rating.hidden_ms)
    assert counts == (0, 0, 0, 0, 0)
    assert rating.kept_ms == 0


def test_the_screen_and_the_window_are_stored(open_browser, link):
    screen = {"width": 1600, "height": 1000}
    page = open_browser(viewport={"width": 1100, "height": 700}, screen=screen).new_page()
    open_pair(page, link)
    rating = stored(page)
    assert (rating.screen_width, rating.screen_height) == (1600, 1000)
    assert (rating.window_width, rating.window_height) == (1100, 700)


def test_what_was_used_last_is_stored(open_browser, link):
    page = open_browser(has_touch=True).new_page()
    open_pair(page, link)
    used = []
    for number, pointer in enumerate(("mouse", "keyboard", "touch"), start=1):
        see_pair(page, number)
        if pointer == "touch":
            for slider in sliders(page):
                slider.tap()
            next_button(page).tap()
        else:
            set_both(page, 70, 40)
            if pointer == "keyboard":
                sliders(page)[1].press("Enter")
            else:
                next_button(page).click()
        wait_until_stored(page, number)
        used.append(Rating.objects.get(trial__position=number).pointer)
    assert used == ["mouse", "keyboard", "touch"]


def test_how_often_and_how_long_the_page_was_out_of_sight_is_stored(still):
    for _ in range(2):
        still.evaluate(HIDE, True)
        still.clock.run_for(300)
        still.evaluate(HIDE, False)
        still.clock.run_for(100)
    rating = stored(still)
    assert (rating.hidden_count, rating.hidden_ms) == (2, 600)


def test_changes_of_the_window_are_counted_and_a_drag_is_one(still):
    for width in (1200, 1190, 1180):
        resize(still, width, 800)
    still.clock.run_for(SETTLED_MS)
    resize(still, 1180, 700)
    still.clock.run_for(SETTLED_MS)
    rating = stored(still)
    assert (rating.window_changes, rating.restarts) == (2, 0)


def test_a_pinch_is_a_change_of_the_window(still):
    tell(still, "window.visualViewport")
    still.context.new_cdp_session(still).send("Emulation.setPageScaleFactor", {"pageScaleFactor": 1.5})
    still.evaluate("() => window.told")
    assert still.evaluate("() => window.visualViewport.scale") > 1.2
    still.clock.run_for(SETTLED_MS)
    for slider in sliders(still):
        slider.press("PageUp")
    sliders(still)[0].press("Enter")
    wait_until_stored(still, 1)
    assert Rating.objects.get().window_changes == 1


# Chromium's own emulation tells a page nothing of another pixel ratio, as a zoom or another screen does.
WATCHED_RATIO = """
window.matchMedia = (query) => {
  window.watched = Object.assign(new EventTarget(), { media: query });
  return window.watched;
};
"""
CHANGE_RATIO = """(ratio) => {
  Object.defineProperty(window, "devicePixelRatio", { configurable: true, value: ratio });
  window.watched.dispatchEvent(new Event("change"));
}"""


def test_every_change_of_the_pixel_ratio_fits_the_pictures_anew_and_is_counted(page, link):
    page.add_init_script(WATCHED_RATIO)
    page.clock.install()
    open_pair(page, link)
    stop_the_clock(page)
    for ratio, width in ((2, 128), (4, 64)):  # 256 pixels of the file
        page.evaluate(CHANGE_RATIO, ratio)
        assert page.locator(".picture").first.bounding_box()["width"] == width
        assert page.evaluate("() => window.watched.media") == f"(resolution: {ratio}dppx)"
        page.clock.run_for(SETTLED_MS)
    rating = stored(page)
    assert (rating.window_changes, rating.device_pixel_ratio) == (2, 4)


@pytest.fixture
def reshown(page: Page, live_server) -> Page:
    """The first pair of a study that shows a trial again when the window has changed; its clock stands."""
    options = {"reshow_after_change": True}
    page.clock.install()
    open_pair(page, invite_path(make_gallery(images=2, options=options)))
    stop_the_clock(page)
    return page


def see_it_anew(page: Page) -> None:
    """Let the time go on, and wait until the pair is shown again."""
    expect(page.locator("#status")).to_contain_text(CHANGED)
    page.clock.resume()
    expect(page.locator("#status")).to_have_text(re.compile(f"^{CHANGED}.* Set both sliders to go on.$"))


def test_a_trial_is_shown_anew_after_a_change_of_the_window(reshown):
    set_both(reshown, 70, 40)
    resize(reshown, 1200, 800)
    expect(reshown.locator("#status")).to_contain_text(CHANGED)
    for slider in sliders(reshown):
        expect(slider).to_have_class("slider unset")
    see_it_anew(reshown)
    for picture in reshown.locator(".picture").all():
        expect(picture).to_be_visible()
    again = stored(reshown)
    assert (again.window_changes, again.restarts) == (1, 1)
    assert again.duration_ms < 60_000
    see_pair(reshown, 2)  # nothing more is said of the window


def test_the_clock_begins_anew_when_a_trial_is_shown_again(reshown):
    began = reshown.evaluate("() => performance.now()")  # more than a minute after the pair was shown first
    resize(reshown, 1200, 800)
    see_it_anew(reshown)
    rate(reshown)
    took = reshown.evaluate("() => performance.now()") - began
    wait_until_stored(reshown, 1)
    assert Rating.objects.get().duration_ms <= took


def test_while_the_window_moves_the_pictures_are_unseen(reshown):
    pictures = reshown.locator(".picture")
    for width in (1200, 1150):
        resize(reshown, width, 800)
        for number in range(2):
            expect(pictures.nth(number)).to_be_hidden()
        reshown.clock.run_for(MOVING_MS)
    for number in range(2):
        expect(pictures.nth(number)).to_be_hidden()
    see_it_anew(reshown)
    for number in range(2):
        expect(pictures.nth(number)).to_be_visible()
