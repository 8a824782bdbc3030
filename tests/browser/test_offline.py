"""Answers given without a connection are kept in the browser and reach the server in their order."""

import json

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from ratings.models import Rating
from tests.browser.conftest import PATIENCE_MS
from tests.browser.steps import (
    next_button,
    open_pair,
    rate,
    scores_of,
    see_pair,
    set_both,
    stop_the_clock,
    wait_for_count,
    wait_until_fetched,
    wait_until_stored,
)
from tests.browser.test_delivery import no_connection

pytestmark = pytest.mark.browser

ANSWER = "**/answer"
LEFTS = [10, 30, 55, 90]
THREE_PAIRS = 6  # pictures: of the pair that is shown and of the two after it
LONGEST_WAIT_MS = 8000  # until the page tries again
WAITING = "Waiting for the connection"
KEPT_UNTIL_BACK = (
    "Your rating is not stored yet, because there is no connection. "
    "It is kept in this browser and sent again when the connection is back."
)


def lefts() -> list[float]:
    """The scores of the left pictures, by position."""
    return [scores_of(rating)[0] for rating in Rating.objects.order_by("trial__position")]


def kept(page: Page) -> list[dict]:
    """What the browser's storage holds of answers, oldest first."""
    items = page.evaluate("() => Object.entries(localStorage).sort()")
    return [json.loads(value) for key, value in items if "shortcuts" not in key]


def rate_offline(page: Page, lefts: list[float], first: int = 1) -> None:
    """Rate pairs with their pictures already there."""
    for number, left in enumerate(lefts, start=first):
        expect(page.locator("#place")).to_have_text(f"Pair {number} of 4")
        expect(page.locator("#status")).to_contain_text("Set both sliders to go on.")
        rate(page, left, 5)


@pytest.fixture
def offline(page: Page, link: str) -> Page:
    """The first pair, whose two successors are loaded, and then no connection."""
    open_pair(page, link)
    wait_until_fetched(page, THREE_PAIRS)
    page.context.set_offline(True)
    return page


def test_all_pairs_that_are_there_can_be_rated_and_arrive_when_the_connection_is_back(offline):
    rate_offline(offline, LEFTS[:3])
    status = offline.locator("#status")
    expect(status).to_contain_text(KEPT_UNTIL_BACK)
    expect(status).to_contain_text(WAITING)
    expect(offline.locator(".picture")).to_have_count(0)
    expect(next_button(offline)).to_be_disabled()
    assert Rating.objects.count() == 0
    assert len(kept(offline)) == 3
    offline.context.set_offline(False)
    see_pair(offline, 4)
    rate(offline, LEFTS[3], 5)
    expect(offline.get_by_role("heading", name="Thank you")).to_be_visible()
    assert lefts() == pytest.approx(LEFTS, abs=0.7)
    assert kept(offline) == []
    assert min(Rating.objects.filter(trial__position__lte=3).values_list("kept_ms", flat=True)) > 0


def test_the_connection_that_comes_back_is_used_at_once_and_not_after_the_next_wait(page, link):
    page.clock.install()
    open_pair(page, link)
    stop_the_clock(page)
    page.context.set_offline(True)
    rate(page)
    expect(page.locator("#status")).to_contain_text(KEPT_UNTIL_BACK)
    page.context.set_offline(False)
    wait_until_stored(page, 1)


def test_answers_kept_in_the_browser_survive_a_reload_and_go_first(page, link):
    open_pair(page, link)
    wait_until_fetched(page, THREE_PAIRS)
    page.route(ANSWER, no_connection)
    rate_offline(page, LEFTS[:2])
    expect(page.locator("#status")).to_contain_text("not stored yet")
    page.reload()
    expect(page.locator("#status")).to_contain_text("not stored yet")
    assert Rating.objects.count() == 0
    expect(page.locator(".picture")).to_have_count(0)  # what comes next is not known yet
    page.unroute(ANSWER)
    expect(page.locator("#place")).to_have_text("Pair 3 of 4", timeout=LONGEST_WAIT_MS + PATIENCE_MS)
    rate_offline(page, LEFTS[2:], first=3)
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    assert lefts() == pytest.approx(LEFTS, abs=0.7)


def test_answers_kept_in_the_browser_survive_a_closed_window(page, link):
    open_pair(page, link)
    page.route(ANSWER, no_connection)
    rate(page, 80, 20)
    expect(page.locator("#status")).to_contain_text("not stored yet")
    context: BrowserContext = page.context
    page.close()
    later = context.new_page()
    later.goto(link)
    see_pair(later, 2)
    assert lefts() == pytest.approx([80], abs=0.7)


@pytest.mark.parametrize("fault", ["blocked", "full"])
def test_a_browser_that_stores_nothing_keeps_the_answer_on_the_page_and_says_so(page, link, fault):
    page.add_init_script(
        {
            "blocked": """Object.defineProperty(window, "localStorage", {
                get() { throw new Error("blocked"); } });""",
            "full": """Storage.prototype.setItem = () => {
                throw new DOMException("", "QuotaExceededError"); };""",
        }[fault]
    )
    page.clock.install()
    open_pair(page, link)
    page.route(ANSWER, no_connection, times=1)
    stop_the_clock(page)
    rate(page, 80, 20)
    expect(page.locator("#status")).to_contain_text("It is kept here and sent again in 1 s; please leave")
    page.clock.resume()
    wait_until_stored(page, 1)
    see_pair(page, 2)
    assert lefts() == pytest.approx([80], abs=0.7)


def test_what_the_storage_holds_of_another_making_is_passed_over(page, link):
    open_pair(page, link)
    page.evaluate(
        """(base) => {
          localStorage.setItem(`srstudy ${base} 0`, "not JSON");
          const foreign = JSON.stringify({ path: "/elsewhere", body: {}, given: 1 });
          localStorage.setItem(`srstudy ${base} 1`, foreign);
        }""",
        link,
    )
    rate(page, 80, 20)
    see_pair(page, 2)
    wait_until_stored(page, 1)


def test_two_tabs_without_a_connection_lose_nothing_that_was_not_answered_twice(page, link):
    open_pair(page, link)
    other = page.context.new_page()
    other.goto(page.url)
    see_pair(other, 1)
    for tab in (page, other):
        wait_until_fetched(tab, THREE_PAIRS)
    page.context.set_offline(True)
    rate_offline(page, [10, 30])
    rate_offline(other, [80])
    assert len(kept(page)) == 3
    page.context.set_offline(False)
    wait_until_stored(page, 2)
    # The first answer to the first pair stands; the answer to the second is in its place.
    see_pair(page, 3)
    assert lefts() == pytest.approx([10, 30], abs=0.7)
    for tab in (other, page):
        tab.bring_to_front()
        tab.reload()
        see_pair(tab, 3)
    assert kept(page) == []


def test_a_page_of_somebody_elses_server_does_not_count_as_a_receipt(page, link):
    page.clock.install()
    open_pair(page, link)
    page.route(
        ANSWER, lambda route: route.fulfill(status=200, content_type="text/html", body="Sign in"), times=1
    )
    stop_the_clock(page)
    rate(page, 80, 20)
    expect(page.locator("#status")).to_contain_text("not stored yet")
    page.clock.resume()
    wait_until_stored(page, 1)


def test_the_next_trials_are_asked_for_again_until_the_server_answers(page, link):
    fetched = []
    page.on("requestfinished", lambda one: fetched.append(one.url) if "/images/" in one.url else None)
    page.clock.install()
    open_pair(page, link)
    wait_for_count(page, THREE_PAIRS, lambda: len(fetched), "pictures were fetched")
    page.route("**/upcoming", no_connection)
    rate_offline(page, LEFTS[:3])
    expect(page.locator("#status")).to_contain_text("the next pictures are asked for again in")
    wait_until_stored(page, 3)
    page.unroute("**/upcoming")
    page.clock.fast_forward(LONGEST_WAIT_MS)
    see_pair(page, 4)


def test_a_study_closed_meanwhile_leads_to_the_page_that_says_so(page, link, gallery):
    from ratings.services import studies

    open_pair(page, link)
    studies.close_study(gallery)
    set_both(page, 70, 40)
    next_button(page).click()
    expect(page.get_by_role("heading", name="This study is closed")).to_be_visible()
    assert Rating.objects.count() == 0
