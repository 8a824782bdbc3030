"""Withdrawing, going on with another device and the ways back, in a real browser."""

import re

import pytest
from playwright.sync_api import Page, expect

from ratings.models import Rater, Rating, Study
from ratings.services import slots
from tests.browser.steps import agree, join, rate, see_pair, wait_until_stored
from tests.browser.test_accessibility import objections

pytestmark = pytest.mark.browser


def follow(page: Page, name: str) -> None:
    """Follow a link to the page of the same name."""
    with page.expect_navigation():
        page.get_by_role("link", name=name).click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()


def withdraw(page: Page) -> None:
    """Follow the link at the foot of the page, and confirm."""
    follow(page, "Withdraw from the study")
    page.get_by_role("button", name="Withdraw").click()
    expect(page.get_by_role("heading", name="You have withdrawn")).to_be_visible()


def rate_all(page: Page) -> None:
    """Rate the four pairs of the gallery."""
    for number in range(1, 5):
        see_pair(page, number)
        rate(page)
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()


def test_a_rater_withdraws_from_the_page_of_a_trial_and_is_unknown_afterwards(page, link, gallery):
    join(page, link)
    rate(page)
    see_pair(page, 2)
    wait_until_stored(page, 1)
    withdraw(page)
    assert not Rating.objects.exists()
    assert gallery.raters.get().withdrawn_at is not None
    page.goto(link)
    expect(page.get_by_role("button", name="Begin")).to_be_visible()


def test_going_back_from_the_withdrawal_goes_on_with_the_trial(page, link):
    join(page, link)
    page.get_by_role("link", name="Withdraw from the study").click()
    page.get_by_role("link", name="Go back").click()
    see_pair(page, 1)


def test_a_rater_goes_on_with_another_device(page, link, open_browser):
    agree(page, link)
    follow(page, "Go on with another device")
    personal = page.locator("#personal-link").text_content()
    page.goto(link)
    page.get_by_role("button", name="Show the first pair").click()
    see_pair(page, 1)
    rate(page)
    see_pair(page, 2)
    wait_until_stored(page, 1)

    other = open_browser().new_page()
    other.goto(personal)
    other.get_by_role("button", name="Go on").click()
    see_pair(other, 2)
    assert Rater.objects.count() == 1


def test_the_personal_link_is_told_to_no_page(page, link, open_browser):
    agree(page, link)
    follow(page, "Go on with another device")
    personal = page.locator("#personal-link").text_content()
    other = open_browser().new_page()
    requests = []
    other.on("request", lambda request: requests.append(request))
    other.goto(personal)
    other.get_by_role("button", name="Go on").click()
    expect(other.get_by_role("heading", name="What we ask of you")).to_be_visible()
    told = [request.all_headers().get("referer", "") for request in requests]
    assert len(told) > 2
    assert not [referrer for referrer in told if "go-on" in referrer]


def test_a_worker_of_mechanical_turk_hands_the_assignment_in(page, link, gallery):
    handed_in = []

    def mechanical_turk(route) -> None:
        handed_in.append(route.request)
        route.fulfill(content_type="text/html", body="<h1>Thank you, worker</h1>")

    page.route("https://workersandbox.mturk.com/**", mechanical_turk)
    query = "workerId=A1&assignmentId=3ABC&hitId=H&turkSubmitTo=https://workersandbox.mturk.com"
    join(page, f"{link}?{query}")
    rate_all(page)
    page.get_by_role("button", name="Hand in").click()
    expect(page.get_by_role("heading", name="Thank you, worker")).to_be_visible()
    code = gallery.raters.get().completion_code
    assert [request.url for request in handed_in] == ["https://workersandbox.mturk.com/mturk/externalSubmit"]
    assert handed_in[0].post_data == f"assignmentId=3ABC&completion_code={code}"


def test_a_rater_of_prolific_goes_back_with_the_code(page, link, gallery):
    back = "https://app.prolific.com/submissions/complete"
    Study.objects.filter(pk=gallery.pk).update(options={"return_url": back})
    page.route(f"{back}**", lambda route: route.fulfill(content_type="text/html", body="<h1>Done</h1>"))
    join(page, f"{link}?PROLIFIC_PID=60a1&STUDY_ID=61b2&SESSION_ID=62c3")
    rate_all(page)
    page.get_by_role("link", name="Go back and finish").click()
    expect(page.get_by_role("heading", name="Done")).to_be_visible()
    assert re.search(r"\?cc=([0-9A-F]{10})$", page.url)[1] == gallery.raters.get().completion_code


def test_the_pages_about_a_raters_person_have_no_violation(page, link, gallery):
    agree(page, link)
    follow(page, "Go on with another device")
    assert objections(page) == ""
    page.goto(page.locator("#personal-link").text_content())
    assert objections(page) == ""
    page.goto(link)
    follow(page, "Withdraw from the study")
    assert objections(page) == ""
    slots.drop_rater(gallery.raters.get())
    page.goto(link)
    expect(page.get_by_role("heading", name="Your place was given away")).to_be_visible()
    assert objections(page) == ""
    withdraw(page)
    assert objections(page) == ""


@pytest.mark.parametrize("width", [320, 1280])
def test_the_personal_link_fits_its_page_and_so_does_all_else(page, link, width):
    page.set_viewport_size({"width": width, "height": 800})
    agree(page, link)
    for name in ("Go on with another device", "Withdraw from the study"):
        follow(page, name)
        overflow = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert page.evaluate(overflow) == 0
