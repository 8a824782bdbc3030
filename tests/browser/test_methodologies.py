"""Each methodology asks its own question, and what is chosen is what is stored."""

import pytest
from playwright.sync_api import Page, expect

from ratings.models import Rating, Trial
from tests.browser.gallery import make_gallery
from tests.browser.steps import next_button, wait_until_stored
from tests.browser.test_accessibility import objections
from tests.browser.ways import open_trial

pytestmark = pytest.mark.browser

CHOOSE = "Choose an answer to go on."
# ITU-R BT.500, five-grade impairment scale; ITU-T P.910, absolute category rating.
IMPAIRMENT = [
    "5 Imperceptible", "4 Perceptible, but not annoying", "3 Slightly annoying", "2 Annoying",
    "1 Very annoying",
]  # fmt: skip
QUALITY = ["5 Excellent", "4 Good", "3 Fair", "2 Poor", "1 Bad"]
LEAST_TARGET_PX = 44


def see(page: Page, number: int, what: str = "Pair") -> None:
    """Wait until the trial of this number is shown and can be judged."""
    expect(page.locator("#place")).to_have_text(f"{what} {number} of 4")
    expect(page.locator("#status")).to_have_text(CHOOSE)


def open_study(page: Page, methodology: str, **options: object) -> None:
    open_trial(page, make_gallery(images=2, methodology=methodology, options=options))


def radios(page: Page) -> list[str]:
    """The labels of the choices, in their order."""
    return [text.strip() for text in page.locator(".choice").all_text_contents()]


def test_dsis_names_the_reference_first_and_stores_the_category_chosen(page, live_server):
    open_study(page, "dsis")
    for number, label in enumerate(IMPAIRMENT[:4], start=1):
        see(page, number)
        assert page.get_by_role("heading", level=2).all_text_contents() == ["Reference", "Picture"]
        assert radios(page) == IMPAIRMENT
        expect(next_button(page)).to_be_disabled()
        page.get_by_label(label).check()
        next_button(page).click()
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    stored = Rating.objects.order_by("trial__position").values_list("score", flat=True)
    assert list(stored) == [5, 4, 3, 2]
    assert set(Trial.objects.values_list("reference_side", flat=True)) == {"left"}


def test_acr_hr_shows_one_picture_and_stores_the_category_chosen(page, live_server):
    # Two images by two methods and their two references are six pictures.
    open_study(page, "acr_hr")
    for number, label in enumerate([*QUALITY, QUALITY[0]], start=1):
        expect(page.locator("#place")).to_have_text(f"Picture {number} of 6")
        expect(page.locator("#status")).to_have_text(CHOOSE)
        assert page.locator(".picture").count() == 1
        assert radios(page) == QUALITY
        page.get_by_label(label).check()
        next_button(page).click()
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    stored = Rating.objects.order_by("trial__position").values_list("score", flat=True)
    assert list(stored) == [5, 4, 3, 2, 1, 5]


@pytest.mark.parametrize("ties", [False, True])
def test_paired_comparison_stores_the_method_on_the_side_chosen(page, live_server, ties):
    # One pair of methods for each of five images, so it cannot but come several times in a row.
    options = {"ties": ties}
    open_trial(page, make_gallery(images=5, methodology="pc", options=options))
    wanted = ["A", "B", "A", "B", "Both the same" if ties else "A"]
    for number, label in enumerate(wanted, start=1):
        expect(page.locator("#place")).to_have_text(f"Pair {number} of 5")
        expect(page.locator("#status")).to_have_text(CHOOSE)
        assert radios(page) == (["A", "Both the same", "B"] if ties else ["A", "B"])
        page.get_by_role("radio", name=label, exact=True).check()
        next_button(page).click()
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    for rating, label in zip(Rating.objects.order_by("trial__position"), wanted, strict=True):
        method_a_stands = {"left": "A", "right": "B"}[rating.trial.side_a]
        expected = "tie" if label == "Both the same" else ("a" if label == method_a_stands else "b")
        assert rating.choice == expected


def test_digits_choose_a_category_until_they_are_switched_off_and_that_is_remembered(page, live_server):
    open_study(page, "dsis")
    see(page, 1)
    page.keyboard.press("4")
    expect(page.get_by_label(IMPAIRMENT[1])).to_be_checked()
    page.keyboard.press("Enter")
    see(page, 2)
    page.get_by_label("Single keys").uncheck()
    page.keyboard.press("3")
    expect(page.get_by_label(IMPAIRMENT[2])).not_to_be_checked()
    wait_until_stored(page, 1)
    page.reload()
    see(page, 2)
    expect(page.get_by_label("Single keys")).not_to_be_checked()
    page.keyboard.press("3")
    expect(page.get_by_label(IMPAIRMENT[2])).not_to_be_checked()
    rating = Rating.objects.get()
    assert (rating.score, rating.pointer) == (4, "keyboard")


def test_letters_choose_in_paired_comparison_and_a_key_with_control_does_not(page, live_server):
    open_study(page, "pc", ties=True)
    expect(page.locator("#status")).to_have_text(CHOOSE)
    page.keyboard.press("Control+b")
    assert page.locator(".choice :checked").count() == 0
    for key, label in (("b", "B"), ("s", "Both the same"), ("A", "A")):
        page.keyboard.press(key)
        expect(page.get_by_role("radio", name=label, exact=True)).to_be_checked()


def test_a_study_without_shortcuts_has_neither_keys_nor_the_box_for_them(page, live_server):
    open_study(page, "dsis", shortcuts=False)
    see(page, 1)
    page.keyboard.press("4")
    assert page.locator(".choice :checked").count() == 0
    expect(page.get_by_label("Single keys")).to_have_count(0)


@pytest.mark.parametrize("methodology", ["dsis", "acr_hr", "pc"])
def test_the_arrow_keys_and_enter_are_enough(page, live_server, methodology):
    open_study(page, methodology, shortcuts=False)
    expect(page.locator("#status")).to_have_text(CHOOSE)
    for _ in range(6):
        page.keyboard.press("Tab")
        if page.evaluate("() => document.activeElement.type") == "radio":
            break
    page.keyboard.press("ArrowDown")
    expect(next_button(page)).to_be_enabled()
    page.keyboard.press("Enter")
    wait_until_stored(page, 1)


@pytest.mark.parametrize("methodology", ["dsis", "acr_hr", "pc"])
def test_axe_finds_nothing_before_and_after_a_choice(page, live_server, methodology):
    open_study(page, methodology)
    expect(page.locator("#status")).to_have_text(CHOOSE)
    assert objections(page) == ""
    page.locator(".choice input").first.check()
    assert objections(page) == ""


TABLET = {"viewport": {"width": 820, "height": 1180}, "has_touch": True}


@pytest.mark.parametrize("methodology", ["dscqs", "dsis", "acr_hr", "pc"])
def test_a_tablet_at_twice_the_size_of_text_needs_no_scrolling_to_the_side(
    open_browser, live_server, methodology
):
    page = open_browser(**TABLET).new_page()
    open_study(page, methodology)
    expect(page.locator("#status")).to_contain_text("to go on.")
    page.evaluate("() => { document.documentElement.style.fontSize = '200%'; }")
    needed, there = page.evaluate(
        "() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    )
    assert needed <= there
    for target in page.locator("button:visible, .choice:visible, .slider:visible").all():
        box = target.bounding_box()
        assert min(box["width"], box["height"]) >= LEAST_TARGET_PX


@pytest.mark.parametrize("methodology", ["dscqs", "dsis", "pc"])
def test_in_a_page_written_from_right_to_left_the_first_picture_stays_left(page, live_server, methodology):
    open_study(page, methodology)
    expect(page.locator("#status")).to_contain_text("to go on.")
    page.evaluate("() => { document.documentElement.dir = 'rtl'; }")
    first, second = (frame.bounding_box()["x"] for frame in page.locator(".frame").all())
    assert first < second
    controls = page.locator(".slider, .choice").all()
    columns = [control.bounding_box() for control in controls]
    rows = {round(box["y"]) for box in columns}
    for row in rows:
        along = [box["x"] for box in columns if round(box["y"]) == row]
        assert along == sorted(along)
