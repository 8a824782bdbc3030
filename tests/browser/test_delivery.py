"""An answer reaches the database once, whatever the rater's hand and the network do."""

import pytest
from playwright.sync_api import Page, Route, expect

from ratings.models import Rating
from tests.browser.steps import (
    next_button,
    open_pair,
    rate,
    scores_of,
    see_pair,
    set_both,
    stop_the_clock,
    wait_until_stored,
)
from tests.browser.test_pictures import Held

pytestmark = pytest.mark.browser

ANSWER = "**/answer"
NOT_STORED = "Your rating is not stored yet, because the server does not answer."


def rated_positions() -> list[int]:
    """The positions of the trials that have a rating."""
    return list(Rating.objects.order_by("trial__position").values_list("trial__position", flat=True))


def count_answers(page: Page) -> list[str]:
    """A list that grows by the body of every answer sent."""
    sent = []
    page.on("request", lambda request: sent.append(request.post_data) if "/answer" in request.url else None)
    return sent


def test_a_double_click_on_next_sends_one_answer_and_skips_no_pair(page, link):
    open_pair(page, link)
    sent = count_answers(page)
    set_both(page, 70, 40)
    next_button(page).dblclick()
    see_pair(page, 2)
    # A second answer to the first pair would be sent before that to the second.
    rate(page)
    see_pair(page, 3)
    wait_until_stored(page, 2)
    assert len(sent) == 2
    assert rated_positions() == [1, 2]


def test_an_answer_waits_until_the_one_before_it_is_stored(page, link):
    open_pair(page, link)
    held = Held()
    page.route(ANSWER, held)
    rate(page, 70, 40)
    see_pair(page, 2)
    rate(page, 60, 30)
    see_pair(page, 3)
    held.wait(page)
    page.wait_for_timeout(200)
    assert len(held.routes) == 1
    assert rated_positions() == []
    held.let_go()
    held.wait(page, 2)
    assert rated_positions() == [1]
    held.routes[1].continue_()
    wait_until_stored(page, 2)
    lefts = [scores_of(rating)[0] for rating in Rating.objects.order_by("trial__position")]
    assert lefts == pytest.approx([70, 60], abs=0.7)


def no_connection(route: Route) -> None:
    route.abort("connectionrefused")


def busy(route: Route) -> None:
    route.fulfill(status=503, content_type="application/problem+json", body="{}")


def broken(route: Route) -> None:
    route.fulfill(status=500, content_type="text/html", body="<h1>Server Error (500)</h1>")


@pytest.mark.parametrize("failure", [no_connection, busy, broken])
def test_an_answer_that_fails_is_kept_and_sent_again_without_the_raters_doing(page, link, failure):
    page.clock.install()
    open_pair(page, link)
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.route(ANSWER, failure, times=2)
    stop_the_clock(page)
    rate(page, 100, 0)
    status = page.locator("#status")
    expect(status).to_contain_text(f"{NOT_STORED} It is kept in this browser and sent again in 1 s.")
    page.clock.fast_forward(1000)
    expect(status).to_contain_text(f"{NOT_STORED} It is kept in this browser and sent again in 2 s.")
    assert rated_positions() == []
    page.clock.fast_forward(2000)
    page.clock.resume()
    see_pair(page, 2)
    wait_until_stored(page, 1)
    assert scores_of(Rating.objects.get()) == (100, 0)
    assert asked == []


def test_the_time_of_waiting_for_the_server_is_no_part_of_the_duration(page, link):
    page.clock.install()
    open_pair(page, link)
    page.route(ANSWER, busy, times=1)
    stop_the_clock(page)
    rate(page)
    expect(page.locator("#status")).to_contain_text(NOT_STORED)
    page.clock.fast_forward(600_000)
    page.clock.resume()
    see_pair(page, 2)
    wait_until_stored(page, 1)
    rating = Rating.objects.get()
    assert rating.duration_ms < 600_000
    assert rating.kept_ms >= 600_000


def test_an_answer_whose_receipt_is_lost_is_stored_once(page, link):
    def store_and_lose_the_receipt(route: Route) -> None:
        assert route.fetch().status == 201
        route.abort("connectionreset")

    page.clock.install()
    open_pair(page, link)
    page.route(ANSWER, store_and_lose_the_receipt, times=1)
    stop_the_clock(page)
    rate(page)
    expect(page.locator("#status")).to_contain_text(NOT_STORED)
    assert rated_positions() == [1]
    with page.expect_response(ANSWER) as again:
        page.clock.fast_forward(1000)
    assert again.value.status == 200
    page.clock.resume()
    see_pair(page, 2)
    assert rated_positions() == [1]


def test_closing_the_page_with_an_answer_not_yet_stored_asks_first(page, link):
    open_pair(page, link)
    page.route(ANSWER, no_connection)
    rate(page)
    expect(page.locator("#status")).to_contain_text(NOT_STORED)
    with page.expect_event("dialog") as asked:
        page.close(run_before_unload=True)
    assert asked.value.type == "beforeunload"
    asked.value.accept()


def test_closing_the_page_between_answers_asks_nothing(page, link):
    open_pair(page, link)
    set_both(page, 70, 40)
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    with page.expect_event("close"):
        page.close(run_before_unload=True)
    assert asked == []
