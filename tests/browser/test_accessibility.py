"""axe-core finds nothing to object to on the pages that a rater or a researcher works with.

It looks at all pages of a rater in `test_everyone`, which leads there for other looks as well.
"""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from ratings.methodologies import METHODOLOGIES
from ratings.services.simulation import simulate_raters
from tests.browser.gallery import make_gallery
from tests.browser.steps import open_pair, rate
from tests.browser.ways import at_a_trial

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


@pytest.mark.parametrize("methodology", METHODOLOGIES)
def test_a_korean_trial_has_no_violation(open_browser, live_server, methodology):
    page = open_browser(locale="ko-KR").new_page()
    found = {name: objections(page) for name in at_a_trial(page, methodology, "side_by_side")}
    assert {name: said for name, said in found.items() if said} == {}


def test_a_trial_that_waits_for_the_server_has_no_violation(page, link):
    open_pair(page, link)
    page.route("**/answer", lambda route: route.abort())
    rate(page)
    expect(page.locator("#status")).to_contain_text("not stored yet")
    assert objections(page) == ""


def test_a_trial_in_a_window_too_narrow_has_no_violation(page, link):
    open_pair(page, link)
    page.set_viewport_size({"width": 400, "height": 800})
    expect(page.locator("#narrow")).to_be_visible()
    assert objections(page) == ""


@pytest.mark.parametrize("methodology", METHODOLOGIES)
def test_the_results_of_no_methodology_have_a_violation(staff_page, live_server, methodology):
    simulate_raters(make_gallery(images=2, methodology=methodology), raters=4, seed=1)
    staff_page.goto("/studies/gallery/")
    folded = staff_page.locator("details > summary").all()
    for summary in folded:
        summary.click()
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
