"""What a person does on the rater's pages, with the mouse."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from ratings.models import Rating

THUMB_PX = 14  # wide, as static/css/srstudy.css draws it


def agree(page: Page, link: str) -> None:
    """Follow the invite link and agree."""
    page.goto(link)
    page.get_by_role("checkbox").click()
    page.get_by_role("button", name="Begin").click()


def join(page: Page, link: str) -> None:
    """Agree, read the instructions and see the first pair."""
    begin(page, link)
    see_pair(page, 1)


def begin(page: Page, link: str) -> None:
    """Agree and read the instructions."""
    agree(page, link)
    page.get_by_role("button", name="Show the first p").click()


def see_pair(page: Page, number: int) -> None:
    """Wait until the pair of this number is shown and can be judged."""
    expect(page.get_by_text(re.compile(rf"^Pair {number} of "))).to_be_visible()
    expect(page.locator("#status")).to_have_text("Set both sliders to go on.")


def wait_until_stored(page: Page, count: int) -> None:
    """Wait until the database has so many ratings: the page sends them while it goes on."""
    for _ in range(400):
        if Rating.objects.count() >= count:
            return
        page.wait_for_timeout(25)
    pytest.fail(f"{Rating.objects.count()} ratings are stored where {count} were expected")


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
