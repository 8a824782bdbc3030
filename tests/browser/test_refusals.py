"""No answer is lost without a word when the server refuses it, and only a meant press sets a slider."""

import json

import pytest
from playwright.sync_api import Page, Route, expect

from ratings.models import Rating
from tests.browser.steps import (
    next_button,
    open_pair,
    rate,
    scores_of,
    see_pair,
    sliders,
    stop_the_clock,
    wait_until_stored,
)
from tests.browser.test_pictures import Held

pytestmark = pytest.mark.browser

ANSWER = "**/answer"
NOT_STORED = "Your rating is not stored yet"
REFUSED = "Your rating is not stored, because the server did not accept it."


def answering(status: int, *, detail: str = "No.", **headers: str):
    """Answer in the server's place."""

    def fulfil(route: Route) -> None:
        body = json.dumps({"detail": detail})
        headers.setdefault("Content-Type", "application/problem+json")
        route.fulfill(status=status, headers=headers, body=body)

    return fulfil


@pytest.mark.parametrize("status", [400, 403, 405, 415])
def test_a_refused_answer_is_said_to_be_refused_and_can_be_given_again(page, link, status):
    open_pair(page, link)
    page.route(ANSWER, answering(status, detail="The clock is wrong."), times=1)
    rate(page, 70, 40)
    expect(page.locator("#status")).to_contain_text(REFUSED)
    expect(page.locator("#status")).to_contain_text("The clock is wrong.")
    expect(page.get_by_text("Pair 1 of 4")).to_be_visible()
    assert Rating.objects.count() == 0
    expect(page.locator("#status")).to_contain_text("Set both sliders")
    for slider in sliders(page):
        expect(slider).to_have_class("slider unset")
    rate(page, 60, 30)
    see_pair(page, 2)
    wait_until_stored(page, 1)
    left, right = scores_of(Rating.objects.get())
    assert (left, right) == pytest.approx((60, 30), abs=0.7)


def test_an_answer_given_after_a_refused_one_waits_for_it_and_is_stored_in_its_order(page, link):
    open_pair(page, link)
    held = Held()
    page.route(ANSWER, held, times=1)
    rate(page, 70, 40)
    see_pair(page, 2)
    rate(page, 20, 10)
    see_pair(page, 3)
    held.wait(page)
    held.routes[0].fulfill(status=400, content_type="application/problem+json", body="{}")
    expect(page.locator("#status")).to_contain_text(REFUSED)
    for number in (1, 3, 4):  # the second has its answer
        expect(page.get_by_text(f"Pair {number} of 4")).to_be_visible()
        expect(page.locator("#status")).to_contain_text("Set both sliders")
        rate(page, 50 + number, 5)
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    lefts = [scores_of(rating)[0] for rating in Rating.objects.order_by("rated_at")]
    assert lefts == pytest.approx([51, 20, 53, 54], abs=0.7)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 503])
def test_an_answer_that_comes_at_a_bad_moment_is_sent_again(page, link, status):
    page.clock.install()
    open_pair(page, link)
    page.route(ANSWER, answering(status), times=1)
    stop_the_clock(page)
    rate(page)
    expect(page.locator("#status")).to_contain_text(NOT_STORED)
    page.clock.fast_forward(1000)
    page.clock.resume()
    see_pair(page, 2)
    wait_until_stored(page, 1)


@pytest.mark.parametrize(
    ("asked", "waited"), [("7", "in 7 s"), ("0", "in 1 s"), ("3600", "in 60 s"), ("tomorrow", "in 1 s")]
)
def test_the_server_may_say_when_to_send_again(page, link, asked, waited):
    page.clock.install()
    open_pair(page, link)
    page.route(ANSWER, answering(503, **{"Retry-After": asked}), times=1)
    stop_the_clock(page)
    rate(page)
    expect(page.locator("#status")).to_contain_text(waited)


@pytest.mark.parametrize("status", [404, 409, 410])
def test_an_answer_no_longer_wanted_leads_to_the_servers_next_page(page, link, status):
    open_pair(page, link)
    page.route(ANSWER, answering(status), times=1)
    rate(page)
    see_pair(page, 1)
    expect(next_button(page)).to_be_disabled()


def test_a_page_left_open_for_days_still_stores_its_scores(page, link):
    page.clock.install()
    open_pair(page, link)
    page.clock.fast_forward(3 * 24 * 3600 * 1000)
    rate(page)
    wait_until_stored(page, 1)
    assert Rating.objects.get().duration_ms == 24 * 3600 * 1000


def test_a_double_click_on_begin_makes_one_rater_who_can_go_on(page, link, gallery):
    page.goto(link)
    page.get_by_role("checkbox").click()
    page.get_by_role("button", name="Begin").dblclick()
    page.get_by_role("button", name="Show the first pair").click()
    see_pair(page, 1)
    assert gallery.raters.count() == 1


def middle(page: Page, number: int) -> tuple[float, float]:
    box = sliders(page)[number].bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def is_unset(page: Page, number: int) -> None:
    expect(sliders(page)[number]).to_have_class("slider unset")


@pytest.mark.parametrize("button", ["right", "middle"])
def test_another_button_sets_no_slider(page, link, button):
    open_pair(page, link)
    page.mouse.click(*middle(page, 0), button=button)
    is_unset(page, 0)


def test_a_press_that_began_elsewhere_sets_no_slider(page, link):
    open_pair(page, link)
    box = page.locator(".picture").first.bounding_box()
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(*middle(page, 0), steps=4)
    page.mouse.up()
    is_unset(page, 0)


def test_a_press_on_one_slider_let_go_over_the_other_sets_the_first_alone(page, link):
    open_pair(page, link)
    page.mouse.move(*middle(page, 0))
    page.mouse.down()
    page.mouse.move(*middle(page, 1), steps=4)
    page.mouse.up()
    expect(sliders(page)[0]).to_have_class("slider")
    is_unset(page, 1)


def test_a_press_begun_and_ended_in_the_middle_sets_the_slider(page, link):
    open_pair(page, link)
    page.mouse.click(*middle(page, 0))
    expect(sliders(page)[0]).to_have_class("slider")
