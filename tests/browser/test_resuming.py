"""A rater who reloads, goes back, or comes another day goes on where they were."""

import time
from datetime import timedelta

import pytest
from django.db.models import F
from playwright.sync_api import Page, expect

from ratings.models import Rater, Rating, Trial
from tests.browser.steps import join, next_button, rate, see_pair, set_both, sliders, wait_until_stored

pytestmark = pytest.mark.browser

A_MONTH_S = 30 * 24 * 3600


@pytest.fixture
def after_two(page: Page, link: str) -> Page:
    """The page of a rater who has rated two pairs of four and looks at the third."""
    join(page, link)
    for number in (1, 2):
        rate(page, 60 + number, 30 + number)
        see_pair(page, number + 1)
    wait_until_stored(page, 2)
    return page


def ratings() -> list[tuple[int, float, float]]:
    """Position and scores of every rating."""
    rows = Rating.objects.order_by("trial__position")
    return list(rows.values_list("trial__position", "reference_score", "test_score"))


def see_the_third_pair(page: Page) -> None:
    """The pair shown is the third, and both its sliders are to be set anew."""
    see_pair(page, 3)
    third = Trial.objects.get(position=3)
    assert third.token in page.locator("#trial").get_attribute("data-answer")
    expect(next_button(page)).to_be_disabled()
    for slider in sliders(page):
        expect(slider).to_have_attribute("aria-valuetext", "not set yet")


def finish_from_the_third(page: Page, before: list[tuple[int, float, float]]) -> None:
    """Rate what is left; what was stored before is untouched and nothing is doubled or left out."""
    rate(page)
    see_pair(page, 4)
    rate(page)
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    after = ratings()
    assert after[:2] == before
    assert [position for position, _, _ in after] == [1, 2, 3, 4]


def test_a_reload_with_sliders_half_set_shows_the_same_pair_afresh(after_two):
    before = ratings()
    set_both(after_two, 80, 20)
    after_two.reload()
    see_the_third_pair(after_two)
    finish_from_the_third(after_two, before)


def test_a_new_tab_at_the_invite_link_goes_on_at_the_same_pair(after_two, link):
    before = ratings()
    other = after_two.context.new_page()
    after_two.close()
    other.goto(link)
    see_the_third_pair(other)
    finish_from_the_third(other, before)
    assert Rater.objects.count() == 1


def test_another_day_goes_on_at_the_same_pair_as_a_second_sitting(after_two, open_browser, link):
    # Only cookies that outlive the closing of a browser come along, and only those good for a month.
    kept = [c for c in after_two.context.cookies() if c["expires"] > time.time() + A_MONTH_S]
    after_two.context.close()
    Rating.objects.update(rated_at=F("rated_at") - timedelta(days=1))
    before = ratings()
    page = open_browser(storage_state={"cookies": kept, "origins": []}).new_page()
    page.goto(link)
    see_the_third_pair(page)
    finish_from_the_third(page, before)
    sittings = Rating.objects.order_by("trial__position").values_list("sitting", flat=True)
    assert list(sittings) == [1, 1, 2, 2]


def test_the_back_button_leads_to_no_pair_that_is_rated(after_two):
    before = ratings()
    after_two.go_back()
    see_the_third_pair(after_two)
    finish_from_the_third(after_two, before)


def test_a_rater_who_is_done_and_follows_the_link_again_sees_the_code_again(after_two, link):
    finish_from_the_third(after_two, ratings())
    after_two.goto(link)
    expect(after_two.locator("#completion-code")).to_have_text(Rater.objects.get().completion_code)


def test_of_two_tabs_at_one_pair_the_first_answer_stands_and_the_second_goes_on(after_two):
    late = after_two.context.new_page()
    late.goto(after_two.url)
    see_the_third_pair(late)
    rate(after_two, 100, 100)
    wait_until_stored(after_two, 3)
    with late.expect_response("**/answer") as refused:
        rate(late, 0, 0)
    assert refused.value.status == 409
    see_pair(late, 4)
    assert ratings()[2:] == [(3, 100.0, 100.0)]
    rate(late, 20, 20)
    expect(late.get_by_role("heading", name="Thank you")).to_be_visible()
    assert ratings()[3:] == [(4, 20.0, 20.0)]
