"""A researcher signs in and reads results that say what they are."""

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import ConsoleMessage, Page, expect

from ratings.services.simulation import simulate_raters

pytestmark = pytest.mark.browser


def complaints_of(page: Page) -> list[str]:
    """A list that grows by whatever the page's console says."""
    said = []

    def note(message: ConsoleMessage) -> None:
        # The admin names no icon, so the browser asks for one where there is none.
        if not message.location["url"].endswith("/favicon.ico"):
            said.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: said.append(str(error)))
    return said


def test_simulated_results_show_the_figure_and_say_that_they_are_simulated(staff_page, gallery):
    simulate_raters(gallery, raters=4, seed=1)
    complaints = complaints_of(staff_page)
    staff_page.goto("/studies/gallery/")
    expect(staff_page.get_by_text("Simulated ratings", exact=False).first).to_be_visible()
    figure = staff_page.get_by_role("img", name="Difference mean opinion score of each method")
    expect(figure).to_be_visible()
    expect(figure).to_have_js_property("complete", True)
    assert figure.evaluate("(image) => image.naturalWidth") > 300
    assert complaints == []


def test_a_visitor_is_asked_to_sign_in_and_then_sees_the_results(page, gallery):
    User.objects.create_superuser("researcher", password="a long enough one")
    complaints = complaints_of(page)
    page.goto("/studies/gallery/")
    page.get_by_label("Username").fill("researcher")
    page.get_by_label("Password").fill("a long enough one")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Sharpness of photographs")).to_be_visible()
    assert complaints == []


def test_the_admin_works_under_the_policy(staff_page, gallery):
    complaints = complaints_of(staff_page)
    staff_page.goto("/admin/")
    staff_page.get_by_role("link", name="Studies", exact=True).click()
    staff_page.get_by_role("link", name="gallery").click()
    expect(staff_page.get_by_role("heading", name="Sharpness of photographs")).to_be_visible()
    assert complaints == []


def test_every_file_of_the_results_downloads(staff_page, gallery):
    simulate_raters(gallery, raters=4, seed=1)
    staff_page.goto("/studies/gallery/")
    links = staff_page.locator(".downloads a").all()
    assert len(links) > 3
    answers = {link.text_content(): staff_page.request.get(link.get_attribute("href")) for link in links}
    assert {name: answer.status for name, answer in answers.items() if not answer.ok} == {}
    assert all(answer.body() for answer in answers.values())


def test_the_invite_link_on_the_results_page_leads_a_stranger_to_the_consent(staff_page, gallery, page):
    staff_page.goto("/studies/gallery/")
    address = staff_page.get_by_role("link", name="/s/").get_attribute("href")
    page.goto(address)
    expect(page.get_by_role("button", name="Begin")).to_be_visible()
