"""Answers kept in one browser, of two people, in two tabs or in two places, all reach the server."""

import json

import pytest
from playwright.sync_api import Page, Route, expect

from ratings.models import Rater, Rating
from tests.browser.steps import join, rate, scores_of, see_pair, wait_until_stored
from tests.browser.test_delivery import count_answers, no_connection
from tests.browser.test_offline import ANSWER, kept, lefts, rate_offline
from tests.browser.test_pictures import Held

pytestmark = pytest.mark.browser

A_MONTH_MS = 30 * 24 * 3600 * 1000
HOUR_MS = 3600 * 1000
FULL_ONCE = """
const real = Storage.prototype.setItem;
Storage.prototype.setItem = function () {
  Storage.prototype.setItem = real;
  throw new DOMException("", "QuotaExceededError");
};"""


def early(route: Route) -> None:
    """Answer as the server does where an answer before this one is missing."""
    body = {"status": 409, "title": "Not shown yet", "detail": "", "reason": "not-shown"}
    route.fulfill(status=409, content_type="application/problem+json", body=json.dumps(body))


def another_tab(page: Page) -> Page:
    """A second tab at the pair of the first."""
    tab = page.context.new_page()
    tab.goto(page.url)
    return tab


def wait_until_nothing_is_kept(page: Page) -> None:
    """Wait until the receipt of every answer has come."""
    for _ in range(400):
        if kept(page) == []:
            return
        page.wait_for_timeout(25)
    pytest.fail(f"{len(kept(page))} answers are still kept")


@pytest.fixture
def left_behind(page: Page, link: str) -> Page:
    """A new tab of a browser in which one person's answers to two pairs lie undelivered."""
    join(page, f"{link}?PROLIFIC_PID=one")
    page.wait_for_timeout(500)
    page.context.route(ANSWER, no_connection)
    rate_offline(page, [10, 30])
    expect(page.locator("#status")).to_contain_text("not stored yet")
    later = page.context.new_page()
    page.close()
    return later


def test_answers_of_one_person_reach_the_server_though_another_has_begun_in_the_browser(left_behind, link):
    left_behind.context.unroute(ANSWER)
    join(left_behind, f"{link}?PROLIFIC_PID=two")
    wait_until_stored(left_behind, 2)
    rate(left_behind, 80, 5)
    see_pair(left_behind, 2)
    wait_until_stored(left_behind, 3)
    by_person = {
        name: [scores_of(one)[0] for one in Rating.objects.filter(trial__session__rater=rater).order_by("pk")]
        for rater in Rater.objects.all()
        for name in [rater.recruited["PROLIFIC_PID"]]
    }
    assert by_person["one"] == pytest.approx([10, 30], abs=0.7)
    assert by_person["two"] == pytest.approx([80], abs=0.7)
    wait_until_nothing_is_kept(left_behind)


def test_answers_of_another_person_that_cannot_be_delivered_stay_and_hold_nobody_up(left_behind, link):
    join(left_behind, f"{link}?PROLIFIC_PID=two")
    first_persons = kept(left_behind)
    left_behind.wait_for_timeout(500)
    left_behind.context.unroute(ANSWER)
    own = (
        Rater.objects.get(recruited__PROLIFIC_PID="two").sessions.get().trials.values_list("token", flat=True)
    )

    def answers_of_one_fail(route: Route) -> None:
        is_own = any(token in route.request.url for token in own)
        route.continue_() if is_own else no_connection(route)

    left_behind.context.route(ANSWER, answers_of_one_fail)
    for number in range(1, 5):
        see_pair(left_behind, number)
        rate(left_behind)
    expect(left_behind.get_by_role("heading", name="Thank you")).to_be_visible()
    assert len(first_persons) == 2
    assert kept(left_behind) == first_persons


def test_what_the_server_says_against_another_persons_answer_is_not_told_to_this_one(left_behind, link):
    left_behind.context.unroute(ANSWER)
    body = json.dumps({"detail": "It is none of the answers that the page offers."})
    refuse = {"status": 400, "content_type": "application/problem+json", "body": body}
    left_behind.context.route(ANSWER, lambda route: route.fulfill(**refuse))
    join(left_behind, f"{link}?PROLIFIC_PID=two")
    left_behind.wait_for_timeout(500)
    expect(left_behind.locator("#status")).to_have_text("Set both sliders to go on.")


def test_another_persons_answer_that_has_not_gone_out_for_a_month_is_let_go(left_behind, link):
    left_behind.goto(f"{link}withdraw")  # which sends nothing
    left_behind.evaluate(
        """(age) => {
          const [oldest] = Object.keys(localStorage).sort();
          const entry = JSON.parse(localStorage.getItem(oldest));
          localStorage.setItem(oldest, JSON.stringify({ ...entry, given: entry.given - age }));
        }""",
        A_MONTH_MS + HOUR_MS,
    )
    before = kept(left_behind)
    join(left_behind, f"{link}?PROLIFIC_PID=two")
    left_behind.wait_for_timeout(500)
    assert len(before) == 2
    assert kept(left_behind) == before[1:]


def test_a_tab_in_which_another_person_has_begun_meanwhile_becomes_their_page(page, link):
    join(page, f"{link}?PROLIFIC_PID=one")
    page.wait_for_timeout(500)
    other = page.context.new_page()
    join(other, f"{link}?PROLIFIC_PID=two")
    rate(other, 20, 5)
    see_pair(other, 2)
    wait_until_stored(other, 1)
    rate(page, 90, 5)  # of one, whom the cookie does not name any more
    wait_until_stored(page, 2)
    see_pair(page, 2)
    mark = other.locator("#trial").get_attribute("data-rater")
    expect(page.locator("#trial")).to_have_attribute("data-rater", mark)
    see_pair(page, 2)
    rate(page, 60, 5)
    wait_until_stored(page, 3)
    two = Rating.objects.filter(trial__session__rater__recruited__PROLIFIC_PID="two").order_by("pk")
    assert [scores_of(one)[0] for one in two] == pytest.approx([20, 60], abs=0.7)


def test_a_tab_whose_answers_another_tab_has_delivered_goes_on_at_once(page, link):
    join(page, link)
    page.wait_for_timeout(500)
    page.evaluate("() => { window.setTimeout = () => 0; }")  # none of this tab's waits ends
    page.route(ANSWER, no_connection)
    rate_offline(page, [10, 30, 55])
    expect(page.locator("#status")).to_contain_text("Waiting for the connection")
    other = another_tab(page)
    see_pair(other, 4)
    page.bring_to_front()
    see_pair(page, 4)
    assert lefts() == pytest.approx([10, 30, 55], abs=0.7)


def test_a_reloaded_tab_whose_answers_another_tab_is_delivering_goes_on(page, link):
    join(page, link)
    held = Held()
    page.route(ANSWER, held)
    rate(page)
    held.wait(page)
    other = another_tab(page)  # which waits until the first tab is done
    other.wait_for_timeout(500)
    held.let_go()
    see_pair(other, 2)
    assert Rating.objects.count() == 1


def test_two_tabs_do_not_send_the_same_answer_at_the_same_time(page, link):
    join(page, link)
    other = another_tab(page)
    see_pair(other, 1)
    page.context.set_offline(True)
    rate(page)
    expect(page.locator("#status")).to_contain_text("not stored yet")
    other.evaluate("() => window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    held = Held()
    page.context.route(ANSWER, held)
    page.context.set_offline(False)
    held.wait(page)
    page.wait_for_timeout(1000)
    assert len(held.routes) == 1
    held.let_go()
    for tab in (page, other):
        tab.bring_to_front()
        see_pair(tab, 2)
    assert len(held.routes) == 1


def test_after_an_answer_that_the_storage_did_not_take_the_next_stays_beside_it(page, link):
    page.add_init_script(FULL_ONCE)
    join(page, link)
    page.wait_for_timeout(500)
    page.route(ANSWER, no_connection)
    rate_offline(page, [10, 30])
    assert kept(page) == []
    other = another_tab(page)
    see_pair(other, 1)
    page.unroute(ANSWER)
    wait_until_stored(page, 2)
    assert lefts() == pytest.approx([10, 30], abs=0.7)


@pytest.fixture
def without_the_first(page: Page, link: str) -> Page:
    """A page whose browser holds the answer to the second pair, and not the one to the first."""
    join(page, link)
    page.wait_for_timeout(500)
    page.route(ANSWER, no_connection)
    rate_offline(page, [10, 30])
    page.close(run_before_unload=False)
    later = page.context.new_page()
    later.goto(f"{link}withdraw")  # which sends nothing
    later.evaluate("() => localStorage.removeItem(Object.keys(localStorage).sort()[0])")
    assert len(kept(later)) == 1
    return later


def test_an_answer_refused_for_want_of_an_earlier_one_is_kept_until_that_is_given(without_the_first, link):
    without_the_first.goto(link)
    see_pair(without_the_first, 1)
    assert len(kept(without_the_first)) == 1
    without_the_first.evaluate("() => { window.setTimeout = () => 0; }")  # no wait ends
    rate(without_the_first, 70, 5)
    see_pair(without_the_first, 3)  # the second has its answer
    wait_until_stored(without_the_first, 2)
    assert lefts() == pytest.approx([70, 30], abs=0.7)
    wait_until_nothing_is_kept(without_the_first)


def test_an_answer_that_comes_too_early_is_sent_again_at_growing_distances(without_the_first, link):
    sent = count_answers(without_the_first)
    without_the_first.goto(link)
    see_pair(without_the_first, 1)
    without_the_first.wait_for_timeout(5000)
    assert len(sent) == 3  # at once, after 1 s and after 2 s more; the next after 4 s
    expect(without_the_first.locator("#status")).to_have_text("Set both sliders to go on.")


def test_an_answer_that_is_always_too_early_holds_up_neither_the_next_nor_the_closing(page, link):
    join(page, link)
    page.wait_for_timeout(500)
    page.route(ANSWER, early, times=1)
    rate(page, 10, 5)
    see_pair(page, 2)
    page.wait_for_timeout(300)
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.route(ANSWER, early)
    sent = count_answers(page)
    rate(page, 30, 5)
    see_pair(page, 3)
    page.wait_for_timeout(300)
    assert 1 <= len(sent) <= 3
    with page.expect_event("close"):
        page.close(run_before_unload=True)
    assert asked == []
