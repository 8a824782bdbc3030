"""A rater's pages for everyone: with text twice as large, zoomed in, with a finger, with a keyboard."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.gallery import make_gallery
from tests.browser.looks import faults, misplaced, rings, small_targets
from tests.browser.test_accessibility import objections
from tests.browser.ways import TRIALS, WAYS, at_a_trial, open_trial

pytestmark = pytest.mark.browser

# Source: WCAG 2.2, 1.4.11 Non-text Contrast.
LEAST_CONTRAST = 3
# 1280 × 800 device pixels at a zoom of 200 %.
ZOOMED = {"viewport": {"width": 640, "height": 400}, "device_scale_factor": 2}


def set_text_size(page: Page, percent: int) -> None:
    """What a browser's own setting of the text's size does."""
    page.evaluate("(size) => { document.documentElement.style.fontSize = size; }", f"{percent}%")


def found_on(pages: Iterator[str], look: Callable[[], list[Any]]) -> dict[str, list[Any]]:
    """What a look at each page finds, without the pages where that is nothing."""
    found = {name: look() for name in pages}
    assert len(found) > 1
    return {name: wrong for name, wrong in found.items() if wrong}


def without_ring(page: Page) -> list[dict[str, Any]]:
    """What Tab leads to without a ring that can be seen."""
    found = rings(page)
    assert found
    return [ring for ring in found if ring["width"] < 2 or ring["contrast"] < LEAST_CONTRAST]


def enlarged_faults(page: Page) -> list[str]:
    """What is wrong with a page whose text is twice as large."""
    set_text_size(page, 200)
    found = faults(page)
    set_text_size(page, 100)
    return found


LOOKS: dict[str, Callable[[Page], Any]] = {
    "axe-core objects to nothing": objections,
    "every target is large enough for a finger": small_targets,
    "the focus can be seen wherever it is": without_ring,
}


def look_at_all(
    page: Page, pages: Iterator[str], looks: Mapping[str, Callable[[Page], Any]], subtests
) -> None:
    """Look at each page in every way; to lead there takes longer than a look."""
    found: dict[str, dict[str, Any]] = {what: {} for what in looks}
    for name in pages:
        for what, look in looks.items():
            found[what][name] = look(page)
    for what, on_pages in found.items():
        with subtests.test(what):
            assert len(on_pages) > 1
            assert {name: wrong for name, wrong in on_pages.items() if wrong} == {}


@pytest.mark.parametrize("language", ["en-GB", "ko-KR"])
@pytest.mark.parametrize("way", WAYS)
def test_every_page_is_for_everyone(open_browser, live_server, subtests, way, language):
    page = open_browser(has_touch=True, locale=language).new_page()
    looks = LOOKS | {"nothing is lost with text twice as large": enlarged_faults}
    look_at_all(page, WAYS[way](page), looks, subtests)


@pytest.mark.parametrize(("methodology", "display"), TRIALS)
def test_every_trial_is_for_everyone(open_browser, live_server, subtests, methodology, display):
    page = open_browser(has_touch=True).new_page()
    look_at_all(page, at_a_trial(page, methodology, display), LOOKS, subtests)


@pytest.mark.parametrize("language", ["en-GB", "ko-KR"])
@pytest.mark.parametrize("way", WAYS)
def test_nothing_is_lost_on_a_page_zoomed_to_twice_its_size(open_browser, live_server, way, language):
    page = open_browser(**ZOOMED, locale=language).new_page()
    assert found_on(WAYS[way](page), lambda: faults(page)) == {}


@pytest.mark.parametrize("language", ["en-GB", "ko-KR"])
@pytest.mark.parametrize(("methodology", "display"), TRIALS)
def test_nothing_of_a_trial_is_lost_zoomed_with_text_of_either_size(
    open_browser, live_server, methodology, display, language
):
    page = open_browser(**ZOOMED, locale=language).new_page()

    def in_both_sizes() -> list[str]:
        found = faults(page)
        set_text_size(page, 200)
        found += faults(page)
        set_text_size(page, 100)
        return found

    assert found_on(at_a_trial(page, methodology, display), in_both_sizes) == {}


@pytest.mark.parametrize(
    ("selector", "style", "fault"),
    [
        ("h1", "margin-left: -600px", "off: <h1"),
        ("h1", "width: 40px; overflow: hidden", "cut: <h1"),
        ("[type=submit]", "position: relative; top: -60px", '<label class="tick"'),
        ("form", "width: 2000px", "of 1280"),
    ],
)
def test_what_is_misplaced_is_found(page, link, selector, style, fault):
    page.goto(link)
    assert misplaced(page) == []
    page.locator(selector).evaluate("(one, style) => { one.style.cssText = style; }", style)
    assert any(fault in found for found in misplaced(page))


def test_a_control_that_something_lies_on_is_found(page, link):
    page.goto(link)
    assert faults(page) == []
    page.evaluate(
        """() => {
          const cover = document.createElement("div");
          cover.style.cssText = "position: fixed; inset: 0";
          document.body.append(cover);
        }"""
    )
    assert any(found.startswith("out of reach: <button") for found in faults(page))


@pytest.mark.parametrize(
    ("rule", "look"),
    [
        ("button { min-height: 0; padding: 0; }", small_targets),
        (".tick { min-height: 0; margin: 0; }", small_targets),
        (":focus-visible { outline: none !important; }", without_ring),
        (".sheet :focus-visible { outline-color: #fff !important; }", without_ring),
    ],
)
def test_what_is_too_small_or_without_a_ring_is_found(page, link, rule, look):
    page.goto(link)
    assert look(page) == []
    page.evaluate("(rule) => { document.styleSheets[0].insertRule(rule, 60); }", rule)
    assert look(page) != []


def test_a_sequence_in_a_set_time_has_no_button_to_go_on_with(page, live_server):
    options = {"display": "sequential", "sequence_seconds": 60}
    open_trial(page, make_gallery(images=2, options=options))
    expect(page.locator(".side").first.locator(".picture")).to_be_visible()
    expect(page.locator("#advance")).to_be_hidden()
