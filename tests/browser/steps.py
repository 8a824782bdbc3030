"""What a person does on the rater's pages, with the mouse."""

import re
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from ratings.invites import path_of
from ratings.models import Rater, Rating, Study
from ratings.services import sessions
from tests.browser.conftest import PATIENCE_MS

THUMB_PX = 14  # wide, as static/css/srstudy.css draws it


def agree(page: Page, link: str) -> None:
    """Follow the invite link and agree; the rater is stored then."""
    page.goto(link)
    page.get_by_role("checkbox").click()
    with page.expect_navigation():
        page.get_by_role("button", name="Begin").click()


def join(page: Page, link: str) -> None:
    """Agree, read the instructions and see the first pair."""
    begin(page, link)
    see_pair(page, 1)


def begin(page: Page, link: str) -> None:
    """Agree and read the instructions."""
    agree(page, link)
    with page.expect_navigation():
        page.get_by_role("button", name="Show the first p").click()


def become_rater(page: Page, study: Study) -> Rater:
    """Let the browser be a new rater's, who has agreed."""
    invite = study.invites.order_by("pk").first()
    joined = sessions.join_study(
        study, consent_version=study.consent_version, nonce=sessions.new_nonce(), invite=invite
    )
    cookie = {"name": "rater", "value": joined.token, "domain": "localhost", "path": path_of(invite)}
    page.context.add_cookies([cookie])
    return joined.rater


def open_pair(page: Page, link: str) -> None:
    """See the first pair of the only study, where nothing is asked of the pages before it."""
    sessions.mark_instructed(become_rater(page, Study.objects.get()))
    page.goto(f"{link}trial")
    see_pair(page, 1)


def see_pair(page: Page, number: int) -> None:
    """Wait until the pair of this number is shown and can be judged."""
    expect(page.get_by_text(re.compile(rf"^Pair {number} of "))).to_be_visible()
    expect(page.locator("#status")).to_have_text("Set both sliders to go on.")


def see_trial(page: Page) -> None:
    """Wait until a trial of any kind and language is painted, and the page says what to do."""
    expect(page.locator("body.revealed")).to_be_visible()
    page.wait_for_function(
        """() => {
          const texts = JSON.parse(document.getElementById("texts").textContent);
          return !["", texts.loading].includes(document.getElementById("status").textContent);
        }"""
    )


def wait_for_count(page: Page, wanted: int, count: Callable[[], int], what: str) -> None:
    """Wait until there are so many of something that is counted outside the page."""
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while count() < wanted:
        if time.monotonic() > deadline:
            pytest.fail(f"{count()} {what} where {wanted} were expected")
        page.wait_for_timeout(25)  # meanwhile the browser's events are heard


def wait_until_stored(page: Page, count: int) -> None:
    """Wait until the database has so many ratings: the page sends them while it goes on."""
    wait_for_count(page, count, Rating.objects.count, "ratings are stored")


def wait_until_fetched(page: Page, count: int) -> None:
    """Wait until so many pictures have come since the page was opened; some are for later trials."""
    page.wait_for_function(
        """(count) => performance.getEntriesByType("resource").filter(
          (one) => one.name.includes("/images/")).length >= count""",
        arg=count,
    )


def stop_the_clock(page: Page) -> None:
    """Let no time pass on a page whose clock is installed, so that a wait of a second can be looked at.

    The clock stands a minute ahead, for it cannot be stopped at a moment that has passed meanwhile.
    """
    page.clock.pause_at(page.evaluate("() => Date.now()") / 1000 + 60)


def wait_for_frames(page: Page) -> None:
    """Wait until the browser has painted what was changed."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def scores_of(rating: Rating) -> tuple[float, float]:
    """The scores of the left and of the right picture, as they were given."""
    pair = (rating.reference_score, rating.test_score)
    return pair if rating.trial.reference_side == "left" else pair[::-1]


def sliders(page: Page) -> tuple[Locator, Locator]:
    """The left and the right slider."""
    return page.get_by_label("Quality of picture A"), page.get_by_label("Quality of picture B")


def pictures(page: Page) -> tuple[Locator, Locator]:
    """The left and the right picture."""
    return page.get_by_alt_text("Picture A"), page.get_by_alt_text("Picture B")


def next_button(page: Page) -> Locator:
    """The button that sends an answer."""
    return page.get_by_role("button", name="Next", exact=True)


def click_slider(slider: Locator, score: float) -> None:
    """Click where a score lies: the middle of the thumb runs from half its width to half before the end."""
    box = slider.bounding_box()
    x = THUMB_PX / 2 + (box["width"] - THUMB_PX) * score / 100
    slider.page.mouse.click(box["x"] + x, box["y"] + box["height"] / 2)


def set_both(page: Page, left: float, right: float) -> None:
    """Set both sliders with the mouse."""
    for slider, score in zip(sliders(page), (left, right), strict=True):
        click_slider(slider, score)


def rate(page: Page, left: float = 70, right: float = 40) -> None:
    """Set both sliders and go on."""
    set_both(page, left, right)
    next_button(page).click()
