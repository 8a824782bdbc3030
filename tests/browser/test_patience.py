"""What is never answered stops no page: it asks again after a while, and at once with the connection."""

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.steps import agree, join, rate, see_pair, wait_until_stored
from tests.browser.test_offline import ANSWER, rate_offline
from tests.browser.test_pictures import IMAGES, Held

pytestmark = pytest.mark.browser

UPCOMING = "**/upcoming"
PATIENCE_MS = 30_000


def let_time_pass(page: Page) -> None:
    """Bring the page to the end of its patience, and of the wait before it asks again."""
    page.clock.fast_forward(PATIENCE_MS + 1000)
    page.wait_for_timeout(200)
    page.clock.fast_forward(5000)


def hold_first(page: Page, pattern: str, count: int) -> Held:
    """Let the first requests of this kind wait for ever, and let the others through."""
    held = Held()

    def handle(route: Route) -> None:
        if len(held.routes) < count:
            held(route)
        else:
            route.continue_()

    page.route(pattern, handle)
    return held


@pytest.fixture
def patient(page: Page, link: str) -> Page:
    """The first pair, on a page whose clock can be put forward."""
    page.clock.install()
    join(page, link)
    page.wait_for_timeout(500)
    return page


def test_an_answer_whose_receipt_never_comes_is_sent_again(patient):
    held = hold_first(patient, ANSWER, 1)
    rate(patient)
    held.wait(patient)
    let_time_pass(patient)
    wait_until_stored(patient, 1)
    expect(patient.locator("#status")).not_to_contain_text("not stored")


def test_the_next_trials_are_asked_for_again_where_the_server_never_answers(patient):
    held = hold_first(patient, UPCOMING, 2)  # the second is asked at once, for answers were stored meanwhile
    rate_offline(patient, [10, 30, 55])
    held.wait(patient)
    wait_until_stored(patient, 3)
    for _ in range(2):
        let_time_pass(patient)
    see_pair(patient, 4)


def test_the_next_trials_are_asked_for_again_where_only_half_of_the_answer_comes(patient):
    half = {"status": 200, "content_type": "application/json", "body": '{"trials": ['}
    patient.route(UPCOMING, lambda route: route.fulfill(**half))
    rate_offline(patient, [10, 30, 55])
    expect(patient.locator("#status")).to_contain_text("the next pictures are asked for again in")
    patient.unroute(UPCOMING)
    let_time_pass(patient)
    see_pair(patient, 4)


def test_with_the_connection_the_next_trials_are_asked_for_at_once(patient):
    held = hold_first(patient, UPCOMING, 1)
    rate_offline(patient, [10, 30, 55])
    held.wait(patient)
    wait_until_stored(patient, 3)
    patient.wait_for_timeout(300)
    patient.evaluate("() => window.dispatchEvent(new Event('online'))")
    see_pair(patient, 4)


def begin_without_pictures(page: Page, link: str) -> None:
    """Come to the first trial, whose pictures are not there, so that the page is not loaded in full."""
    agree(page, link)
    page.get_by_role("button", name="Show the first pair").click()


def test_pictures_that_never_come_are_fetched_again(page, link):
    page.clock.install()
    held = hold_first(page, IMAGES, 2)
    begin_without_pictures(page, link)
    held.wait(page, 2)
    page.wait_for_timeout(300)
    page.clock.fast_forward(PATIENCE_MS + 1000)
    expect(page.locator("#status")).to_contain_text("A picture could not be loaded. Trying again")
    page.clock.fast_forward(5000)
    see_pair(page, 1)


def test_with_the_connection_pictures_that_have_not_come_are_fetched_again_at_once(page, link):
    held = hold_first(page, IMAGES, 2)
    begin_without_pictures(page, link)
    held.wait(page, 2)
    page.wait_for_timeout(300)
    page.evaluate("() => window.dispatchEvent(new Event('online'))")
    see_pair(page, 1)


def test_with_the_connection_a_pair_that_is_looked_at_stays_as_it_is(patient):
    patient.get_by_label("Quality of picture A").press("ArrowRight")
    before = patient.get_by_label("Quality of picture A").get_attribute("aria-valuetext")
    patient.evaluate("() => window.dispatchEvent(new Event('online'))")
    patient.wait_for_timeout(300)
    expect(patient.get_by_label("Quality of picture A")).to_have_attribute("aria-valuetext", before)
    assert before != "not set yet"


def test_what_was_answered_while_the_next_trials_were_on_their_way_is_asked_for_again(page, link):
    join(page, link)
    page.wait_for_timeout(500)
    late = []
    for number in (1, 2):
        rate(page)
        see_pair(page, number + 1)
        wait_until_stored(page, number)
    page.wait_for_timeout(300)

    def answer_late(route: Route) -> None:
        late.append((route, route.fetch()))  # as things stand now

    rate(page)
    see_pair(page, 4)
    wait_until_stored(page, 3)
    page.wait_for_timeout(300)
    page.route(UPCOMING, answer_late, times=1)
    page.evaluate("() => window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    page.wait_for_timeout(300)
    rate(page)
    wait_until_stored(page, 4)
    page.wait_for_timeout(300)
    route, response = late[0]
    route.fulfill(response=response)
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
