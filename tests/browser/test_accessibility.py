"""axe-core finds nothing to object to on any page that a rater or a researcher works with."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from ratings.services.simulation import simulate_raters
from tests.browser.steps import agree, join, rate, see_pair, set_both

pytestmark = pytest.mark.browser


def objections(page: Page) -> str:
    """What axe-core reports of a page, one line an element; empty when there is nothing."""
    violations = Axe().run(page).response["violations"]
    lines = [f"{v['id']}: {v['help']}: {node['target']}" for v in violations for node in v["nodes"]]
    return "\n".join(lines)


def test_axe_reports_a_page_that_has_a_fault(page, link):
    page.goto(link)
    page.evaluate("() => { document.querySelector('label').replaceWith(document.querySelector('input')); }")
    page.evaluate("() => { document.documentElement.lang = ''; }")
    assert "html-has-lang" in objections(page)


def test_the_consent_page_has_no_violation(page, link):
    page.goto(link)
    assert objections(page) == ""


def test_the_consent_page_with_its_box_unticked_has_no_violation(page, link):
    page.goto(link)
    page.evaluate("() => { document.querySelector('form').noValidate = true; }")
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert objections(page) == ""


def test_the_instructions_have_no_violation(page, link):
    agree(page, link)
    expect(page.get_by_role("heading", name="What we ask of you")).to_be_visible()
    assert objections(page) == ""


def test_a_trial_has_no_violation_before_and_after_the_sliders_are_set(page, link):
    join(page, link)
    assert objections(page) == ""
    set_both(page, 70, 40)
    assert objections(page) == ""


def test_a_trial_that_waits_for_the_server_has_no_violation(page, link):
    join(page, link)
    page.route("**/answer", lambda route: route.abort())
    rate(page)
    expect(page.locator("#status")).to_contain_text("not stored yet")
    assert objections(page) == ""


def test_a_trial_in_a_window_too_narrow_has_no_violation(page, link):
    join(page, link)
    page.set_viewport_size({"width": 400, "height": 800})
    expect(page.locator("#narrow")).to_be_visible()
    assert objections(page) == ""


def test_the_thanks_have_no_violation(page, link):
    join(page, link)
    for number in range(1, 5):
        see_pair(page, number)
        rate(page)
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    assert objections(page) == ""


def test_a_link_that_leads_nowhere_has_no_violation(page):
    page.goto("/s/nowhere/")
    assert objections(page) == ""


def test_the_results_have_no_violation(staff_page, gallery):
    simulate_raters(gallery, raters=4, seed=1)
    staff_page.goto("/studies/gallery/")
    staff_page.get_by_text("Every image by every method").click()
    assert objections(staff_page) == ""


def test_the_results_in_a_window_narrower_than_their_tables_have_no_violation(staff_page, long_gallery):
    simulate_raters(long_gallery, raters=4, seed=1)
    staff_page.set_viewport_size({"width": 600, "height": 900})
    staff_page.goto("/studies/gallery/")
    tables = staff_page.locator(".scroll").all()
    assert any(table.evaluate("(box) => box.scrollWidth > box.clientWidth") for table in tables)
    assert objections(staff_page) == ""


def test_results_without_a_rating_have_no_violation(staff_page, gallery):
    staff_page.goto("/studies/gallery/")
    assert objections(staff_page) == ""


def test_the_list_of_studies_has_no_violation(staff_page, gallery):
    staff_page.goto("/")
    assert objections(staff_page) == ""
