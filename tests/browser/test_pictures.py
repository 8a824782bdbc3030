"""A trial's two pictures appear at the same moment, pixel for pixel as they are stored."""

import io
import re
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings as django_settings
from PIL import Image as Picture
from playwright.sync_api import Page, Route, expect

from ratings.invites import invite_path
from ratings.models import Study, Trial
from ratings.services import studies
from tests.browser.steps import (
    click_slider,
    next_button,
    open_pair,
    pictures,
    see_pair,
    set_both,
    sliders,
    stop_the_clock,
    wait_for_count,
    wait_for_frames,
)

pytestmark = pytest.mark.browser

IMAGES = "**/images/*"

# Notes at every frame which of the two pictures can be seen; a picture still loading cannot.
NOTE_FRAMES = """
window.frames_seen = new Set();
function note() {
  const seen = [...document.querySelectorAll(".picture")].map(
    (picture) => picture.complete && getComputedStyle(picture).visibility === "visible");
  window.frames_seen.add(JSON.stringify(seen));
  requestAnimationFrame(note);
}
requestAnimationFrame(note);
"""


class Held:
    """Keeps the answers to some requests back until they are let go."""

    def __init__(self) -> None:
        self.routes: list[Route] = []

    def __call__(self, route: Route) -> None:
        self.routes.append(route)

    def wait(self, page: Page, count: int = 1) -> None:
        """Wait until so many requests are held."""
        wait_for_count(page, count, lambda: len(self.routes), "requests came")

    def let_go(self) -> None:
        """Let all of them reach the server."""
        for route in self.routes:
            route.continue_()


def agree_and_stop_before_the_first_pair(page: Page, link: str) -> None:
    """Come as far as the instructions."""
    page.goto(link)
    page.get_by_role("checkbox").click()
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_role("button", name="Show the first pair")).to_be_visible()


@pytest.mark.parametrize("late", ["left", "right"])
def test_a_picture_that_is_there_first_waits_for_the_other(page, gallery, link, late):
    agree_and_stop_before_the_first_pair(page, link)
    tokens = Trial.objects.filter(position=1).values_list("left_token", "right_token").get()
    held = Held()
    page.route(f"**/images/{tokens[late == 'right']}", held)
    page.add_init_script(NOTE_FRAMES)
    page.get_by_role("button", name="Show the first pair").click()
    early = pictures(page)[late == "left"]
    held.wait(page)
    expect(early).to_have_js_property("complete", True)
    expect(early).to_have_js_property("naturalWidth", 256)
    page.wait_for_timeout(200)
    for picture in pictures(page):
        expect(picture).to_be_hidden()
    for seen in seen_pixels(page):
        assert len(np.unique(seen.reshape(-1, 3), axis=0)) == 1  # nothing but the grey of the page
    held.let_go()
    see_pair(page, 1)
    for picture in pictures(page):
        expect(picture).to_be_visible()
    states = set(page.evaluate("() => [...window.frames_seen]"))
    assert {"[false,false]", "[true,true]"} <= states <= {"[]", "[false,false]", "[true,true]"}


def test_no_answer_can_be_given_before_the_pictures_are_seen(page, gallery, link):
    agree_and_stop_before_the_first_pair(page, link)
    held = Held()
    page.route(IMAGES, held)
    page.get_by_role("button", name="Show the first pair").click()
    held.wait(page, 2)
    # The pictures are asked for before the script has arrived; it has when they have their size.
    expect(pictures(page)[0]).to_have_attribute("style", re.compile("width"))
    for slider in sliders(page):
        expect(slider).to_be_disabled()
        click_slider(slider, 60)
    expect(next_button(page)).to_be_disabled()
    held.let_go()
    see_pair(page, 1)
    expect(next_button(page)).to_be_disabled()  # what was clicked before was no answer
    set_both(page, 60, 40)
    expect(next_button(page)).to_be_enabled()


def test_a_picture_that_fails_to_load_is_fetched_again_without_the_raters_doing(page, gallery, link):
    agree_and_stop_before_the_first_pair(page, link)
    page.clock.install()
    stop_the_clock(page)
    page.route(IMAGES, lambda route: route.abort(), times=1)
    page.get_by_role("button", name="Show the first pair").click()
    expect(page.locator("#status")).to_have_text("A picture could not be loaded. Trying again …")
    for picture in pictures(page):
        expect(picture).to_be_hidden()
    page.clock.fast_forward(3000)
    page.clock.resume()
    see_pair(page, 1)


@pytest.mark.parametrize("first", [0, 1])
def test_next_waits_for_both_sliders(page, link, first):
    open_pair(page, link)
    expect(next_button(page)).to_be_disabled()
    click_slider(sliders(page)[first], 80)
    expect(next_button(page)).to_be_disabled()
    click_slider(sliders(page)[1 - first], 20)
    expect(next_button(page)).to_be_enabled()


@pytest.fixture
def noise(make_outputs, live_server) -> Study:
    """Two trials of pictures in which every pixel differs from its neighbours, so no blending goes unseen."""
    return make_noise(make_outputs)


def make_noise(make_outputs, *, side_px: int = 256, **options: object) -> Study:
    """An open study of noise."""
    outputs = make_outputs(images=2, methods=("dull",), side_px=side_px)
    study = studies.create_study(slug="noise", title="Noise", outputs=outputs, seed=3, options=options)
    studies.open_study(study)
    return study


def stored_pixels(position: int) -> tuple[np.ndarray, np.ndarray]:
    """(rows, columns, RGB) of the two files of a trial, left and right, read from disk."""
    trial = Trial.objects.select_related("stimulus").get(position=position)
    files = [trial.stimulus.reference_file, trial.stimulus.test_file]
    if trial.reference_side == Trial.Side.RIGHT:
        files.reverse()
    left, right = (np.asarray(Picture.open(Path(django_settings.MEDIA_ROOT) / file)) for file in files)
    return left, right


def seen_pixels(page: Page) -> list[np.ndarray]:
    """(rows, columns, RGB) of the two pictures on the screen; what lies outside the window is left out."""
    screen = np.asarray(Picture.open(io.BytesIO(page.screenshot())).convert("RGB"))
    ratio = page.evaluate("() => window.devicePixelRatio")
    seen = []
    for picture in pictures(page):
        box = {name: value * ratio for name, value in picture.bounding_box().items()}
        rows, columns = (
            slice(max(0, round(box[start])), round(box[start] + box[length]))
            for start, length in (("y", "height"), ("x", "width"))
        )
        seen.append(screen[rows, columns])
    return seen


def differing(page: Page) -> list[tuple[str, object]]:
    """The sides whose pixels are not those of their file, and how."""
    found = []
    for name, seen, stored in zip("AB", seen_pixels(page), stored_pixels(1), strict=True):
        if seen.shape != stored.shape:
            found.append((name, seen.shape))
        elif (seen != stored).any():
            found.append((name, int((seen != stored).any(axis=2).sum())))
    return found


def set_window(page: Page, width: int, height: int) -> None:
    """Make the browser's window about so large, and wait until the page has followed."""
    devtools = page.context.new_cdp_session(page)
    window = devtools.send("Browser.getWindowForTarget")["windowId"]
    bounds = {"width": width, "height": height}
    devtools.send("Browser.setWindowBounds", {"windowId": window, "bounds": bounds})
    page.wait_for_function(
        """([width, height]) => Math.abs(innerWidth - width) < 5 && Math.abs(outerHeight - height) < 5""",
        arg=[width, height],
    )
    wait_for_frames(page)


@pytest.mark.parametrize("ratio", [1, 1.25, 1.5, 2, 3])
def test_every_pixel_of_the_file_is_one_pixel_of_the_screen(open_screen, noise, ratio):
    page = open_screen(ratio)
    open_pair(page, invite_path(noise))
    assert page.evaluate("() => window.devicePixelRatio") == ratio
    # Odd sizes put the middle of the page between two device pixels.
    for width, height in ((1003, 701), (878, 602)):
        set_window(page, width, height)
        assert differing(page) == [], f"in a window of {width} × {height}"


def test_a_scrolled_page_still_shows_the_pixels_of_the_file(open_screen, noise):
    page = open_screen(1.5)
    open_pair(page, invite_path(noise))
    set_window(page, 1001, 401)
    page.mouse.wheel(0, 83)
    page.wait_for_function(
        """() => {
          const { scrollY, before, since } = window;
          window.since = scrollY === before ? since + 1 : 0; // frames without a move
          window.before = scrollY;
          return scrollY > 80 && window.since > 3;
        }"""
    )
    for seen, stored in zip(seen_pixels(page), stored_pixels(1), strict=True):
        assert 100 < len(seen) < 256  # some rows have left the window
        np.testing.assert_array_equal(seen, stored[-len(seen) :])


def test_a_window_too_narrow_says_so_and_blurs_nothing(open_screen, make_outputs):
    noise = make_noise(make_outputs, side_px=400)
    page = open_screen(1.25)
    open_pair(page, invite_path(noise))
    warning = page.locator("#narrow")
    set_window(page, 1280, 800)
    expect(warning).to_be_hidden()
    set_window(page, 501, 801)
    expect(warning).to_contain_text("too narrow to show both pictures at once")
    left, right = zip(seen_pixels(page), stored_pixels(1), strict=True)
    np.testing.assert_array_equal(*left)
    seen, stored = right
    assert 50 < seen.shape[1] < 400  # some columns lie outside the window
    np.testing.assert_array_equal(seen, stored[:, : seen.shape[1]])


def test_a_window_widened_by_as_much_as_the_page_asks_for_is_wide_enough(page, link):
    open_pair(page, link)
    page.set_viewport_size({"width": 401, "height": 800})
    warning = page.locator("#narrow")
    expect(warning).to_contain_text("pixels too narrow")
    missing = int(re.search(r"(\d+) pixels", warning.text_content())[1])
    page.set_viewport_size({"width": 401 + missing - 1, "height": 800})
    expect(warning).to_contain_text("1 pixels too narrow")
    page.set_viewport_size({"width": 401 + missing, "height": 800})
    expect(warning).to_be_hidden()


def test_the_corners_of_the_pictures_lie_on_the_grid_of_device_pixels(open_screen, noise):
    # Off the grid it is left to the browser which way it rounds, and whether one row is lost.
    page = open_screen(1.5)
    open_pair(page, invite_path(noise))
    for width in (1003, 501, 1003):  # the warning comes and goes above the pictures
        set_window(page, width, 801)
        for picture in pictures(page):
            box = picture.bounding_box()
            corner = np.array([box["x"], box["y"]]) * 1.5
            np.testing.assert_allclose(corner, np.round(corner), atol=1 / 32)  # Chromium counts in 64ths
