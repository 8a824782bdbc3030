"""Every page fits a desktop and a tablet; with SRSTUDY_SCREENSHOTS=1 their pictures go to docs/images/."""

import io
import os
from pathlib import Path

import pytest
from PIL import Image as Picture
from playwright.sync_api import Page, expect

from ratings.flow import STEPS
from ratings.invites import invite_path
from ratings.models import Trial
from ratings.services import sessions
from ratings.services.simulation import simulate_raters
from tests.browser.conftest import DESKTOP, sign_in
from tests.browser.gallery import make_gallery
from tests.browser.steps import agree, open_pair, rate, see_pair, set_both
from tests.browser.ways import EVERYTHING, open_trial
from tests.conftest import REPOSITORY

pytestmark = pytest.mark.browser

FOLDER = REPOSITORY / "docs" / "images"
DEVICES = {
    "desktop": {"viewport": DESKTOP},
    "tablet": {"viewport": {"width": 820, "height": 1180}, "device_scale_factor": 2, "has_touch": True},
}


class Fits:
    """Asks of one page after the other whether it fits the window, and keeps pictures if wanted."""

    def __init__(self, page: Page, device: str) -> None:
        self.page, self.device = page, device

    def check(self, name: str) -> None:
        widths = "() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
        needed, there = self.page.evaluate(widths)
        assert needed <= there, f"{name} needs {needed} pixels of {there}"
        if os.environ.get("SRSTUDY_SCREENSHOTS") == "1":
            suffix = "" if self.device == "desktop" else f"-{self.device}"
            keep(self.page.screenshot(), FOLDER / f"{name}{suffix}.png")


def keep(png: bytes, path: Path) -> None:
    """Write a screenshot in 256 colours, which makes it a quarter as large."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Picture.open(io.BytesIO(png)).convert("RGB").quantize(256).save(path, optimize=True)


@pytest.mark.parametrize("device", DEVICES)
def test_a_raters_pages_fit_the_window(open_browser, gallery, link, device):
    page = open_browser(**DEVICES[device]).new_page()
    fits = Fits(page, device)
    page.goto(link)
    fits.check("consent")
    agree(page, link)
    expect(page.get_by_role("heading", name="What we ask of you")).to_be_visible()
    fits.check("instructions")
    page.get_by_role("button", name="Show the first pair").click()
    for number in range(1, 5):
        see_pair(page, number)
        if number == 3:
            reference_is_left = Trial.objects.get(position=number).reference_side == Trial.Side.LEFT
            set_both(page, *((78, 46) if reference_is_left else (46, 78)))
            page.mouse.move(2, 2)
            fits.check("trial")
            page.reload()
            see_pair(page, number)
        rate(page)
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    fits.check("done")


# What is shown how, and after how much use of the page its picture is taken.
OTHERS = {
    "trial-in-place": ("dscqs", {"display": "in_place"}),
    "trial-sequential": ("dscqs", {"display": "sequential"}),
    "trial-dsis": ("dsis", {}),
    "trial-acr-hr": ("acr_hr", {}),
    "trial-pc": ("pc", {"ties": True}),
    "trial-korean": ("dsis", {"language": "ko"}),
}


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", OTHERS)
def test_a_trial_of_every_methodology_and_display_fits_the_window(open_browser, live_server, name, device):
    methodology, options = OTHERS[name]
    study = make_gallery(images=2, methodology=methodology, options=options)
    page = open_browser(**DEVICES[device]).new_page()
    open_trial(page, study)
    page.mouse.move(2, 2)
    Fits(page, device).check(name)


@pytest.mark.parametrize("device", DEVICES)
def test_every_step_fits_the_window(open_browser, live_server, device):
    study = make_gallery(images=2, options=EVERYTHING | {"break_every_trials": 1})
    page = open_browser(**DEVICES[device]).new_page()
    agree(page, invite_path(study))
    rater = study.raters.get()
    fits = Fits(page, device)
    for step in STEPS:
        page.goto(f"{invite_path(study)}steps/{step}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        fits.check(f"step-{step.replace('_', '-')}")
        found = {"px_per_mm": 4.0, "distance_mm": 600, "device_pixel_ratio": 1} if step == "ruler" else {}
        sessions.record_step(rater, step, found)
    page.goto(f"{invite_path(study)}instructions")
    fits.check("instructions-examples")
    page.locator("main form button").click()
    see_pair(page, 1)
    rate(page)
    expect(page.get_by_role("heading", name="Time for a break")).to_be_visible()
    fits.check("break")


@pytest.mark.parametrize("device", DEVICES)
def test_the_results_fit_the_window(open_browser, long_gallery, staff_client, device):
    context = open_browser(**DEVICES[device])
    sign_in(context, staff_client)
    page = context.new_page()
    simulate_raters(long_gallery, raters=24, seed=1)
    page.goto("/studies/gallery/")
    expect(page.get_by_role("img", name="Difference mean opinion score of each method")).to_have_js_property(
        "complete", True
    )
    Fits(page, device).check("results")


@pytest.mark.parametrize("device", DEVICES)
def test_every_word_under_a_slider_fits_between_its_two_marks(open_browser, link, device):
    page = open_browser(**DEVICES[device]).new_page()
    open_pair(page, link)
    for word in page.locator(".terms li").all():
        needed, there = word.evaluate(
            """(item) => {
              const text = document.createRange();
              text.selectNodeContents(item);
              return [text.getBoundingClientRect().width, item.clientWidth];
            }"""
        )
        assert needed + 4 <= there, f"{word.text_content()} takes {needed} pixels of {there}"
