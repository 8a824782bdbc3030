"""What is around the pictures is a neutral grey, and times are those of the rater's own clock."""

import io

import pytest
from PIL import Image
from playwright.sync_api import expect

from ratings.invites import invite_path
from tests.browser.gallery import make_gallery
from tests.browser.ways import TRIALS, become_rater, open_trial, set_options
from tests.ratings.test_rater_pages import answer_all_but

pytestmark = pytest.mark.browser

NARROW = {"width": 480, "height": 800}
# Colour of the ground that a picture stands on: its own, or that of the nearest around it which has one.
GROUNDS = """() => {
  const ground = (element) => {
    const colour = getComputedStyle(element).backgroundColor;
    const isClear = /, 0\\)$/.test(colour);
    return isClear && element.parentElement ? ground(element.parentElement) : colour;
  };
  return [...document.querySelectorAll(".frame, body, html")].map(ground);
}"""


@pytest.mark.parametrize(("methodology", "display"), TRIALS)
def test_pictures_stand_on_a_neutral_grey(page, methodology, display):
    open_trial(page, make_gallery(images=2, methodology=methodology, options={"display": display}))
    assert set(page.evaluate(GROUNDS)) == {"rgb(108, 108, 108)"}


def test_the_ground_is_grey_beyond_a_window_too_narrow_for_both_pictures(open_browser, gallery):
    page = open_browser(viewport=NARROW).new_page()
    open_trial(page, gallery)
    page.evaluate("window.scrollTo(10000, 0)")
    assert page.evaluate("window.scrollX") > 0
    shot = page.screenshot(clip={"x": NARROW["width"] - 4, "y": 4, "width": 2, "height": 2})
    assert colours(shot) == {(108, 108, 108)}


def colours(png: bytes) -> set[tuple[int, ...]]:
    """The colours in a picture."""
    with Image.open(io.BytesIO(png)) as picture:
        return {colour for _count, colour in picture.convert("RGB").getcolors()}


@pytest.mark.parametrize("language", ["en-GB", "ko-KR"])
def test_a_rest_ends_by_the_clock_of_the_rater(open_browser, live_server, language):
    page = open_browser(locale=language, timezone_id="Asia/Seoul").new_page()
    study = make_gallery(images=2)
    rater = become_rater(page, study)
    answer_all_but(rater, 2)
    set_options(study, sitting_trials=1)
    page.goto(f"{invite_path(study)}pause")
    expect(page.locator("#local")).to_be_visible()
    moment = page.locator("#local time").get_attribute("datetime")
    said = page.evaluate(
        "([moment, language]) => new Intl.DateTimeFormat(language, { dateStyle: 'full', timeStyle: 'short', "
        "timeZone: 'Asia/Seoul' }).format(new Date(moment))",
        [moment, page.evaluate("document.documentElement.lang")],
    )
    expect(page.locator("#local time")).to_have_text(said)


def test_who_cannot_pass_a_check_on_this_device_is_offered_another_one(open_browser, live_server):
    study = make_gallery(images=2, options={"display_check": True, "touch": False})
    page = open_browser(has_touch=True, is_mobile=True).new_page()
    become_rater(page, study)
    page.goto(f"{invite_path(study)}steps/display_check")
    page.get_by_role("link", name="Go on with another device").click()
    expect(page.locator("#personal-link")).to_contain_text("/go-on/")


def test_a_title_of_ours_is_in_the_raters_language(open_browser, live_server):
    study = make_gallery(images=2)
    type(study).objects.filter(pk=study.pk).update(title="Picture quality study")
    page = open_browser(locale="ko-KR").new_page()
    page.goto(invite_path(study))
    expect(page.get_by_role("heading", level=1)).to_have_text("화질 평가 실험")
