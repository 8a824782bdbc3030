"""Each methodology from the invite to the code, with mouse, keyboard or finger, offline and back."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from ratings.invites import invite_path
from ratings.models import Rating, Session, Study
from tests.browser.gallery import make_gallery
from tests.browser.steps import wait_until_stored

pytestmark = pytest.mark.browser

# Images, and what they make: by two methods; with their references; their only two methods beside each other.
IMAGES = {"dscqs": 2, "dsis": 2, "acr_hr": 2, "pc": 3}
TRIALS = {"dscqs": 4, "dsis": 4, "acr_hr": 6, "pc": 3}
CONTROLS = {"dscqs": ".slider", "dsis": ".choice input", "acr_hr": ".choice input", "pc": ".choice input"}
TABLET = {"viewport": {"width": 820, "height": 1180}, "device_scale_factor": 2, "has_touch": True}


def click(control: Locator) -> None:
    control.click()


def tap(control: Locator) -> None:
    control.tap()


def focus_by_tab(control: Locator) -> None:
    """Press Tab until the control, or another of its group, has the focus."""
    for _ in range(15):
        there = control.evaluate(
            """(wanted) => {
              const now = document.activeElement;
              return now === wanted || (wanted.type === "radio" && now.name === wanted.name);
            }"""
        )
        if there:
            return
        control.page.keyboard.press("Tab")
    pytest.fail(f"Tab does not reach {control}")


def press(control: Locator) -> None:
    """Reach a control with Tab, and use it with the keys that it is used with."""
    focus_by_tab(control)
    kind = control.evaluate("(one) => one.type")
    control.page.keyboard.press(
        {"range": "ArrowRight", "radio": "Space", "checkbox": "Space"}.get(kind, "Enter")
    )


WAYS: dict[str, Callable[[Locator], None]] = {"mouse": click, "keyboard": press, "touch": tap}


def judge(page: Page, methodology: str, use: Callable[[Locator], None]) -> None:
    """Answer the trial on the page and go on."""
    controls = page.locator(CONTROLS[methodology])
    expect(controls.first).to_be_enabled()
    for control in controls.all() if methodology == "dscqs" else [controls.first]:
        use(control)
    expect(page.locator("#next")).to_be_enabled()
    use(page.locator("#next"))


def see(page: Page, number: int) -> None:
    """Wait until the trial of this number can be judged."""
    expect(page.locator("#place")).to_contain_text(f" {number} of ")
    expect(page.locator("#status")).to_contain_text("to go on.")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("methodology", TRIALS)
def test_a_study_is_rated_from_the_invite_to_the_code(open_browser, live_server, methodology, way):
    study = make_gallery(images=IMAGES[methodology], methodology=methodology)
    use, total = WAYS[way], TRIALS[methodology]
    context = open_browser(**(TABLET if way == "touch" else {}))
    page = context.new_page()
    page.goto(invite_path(study))
    use(page.get_by_role("checkbox"))
    use(page.get_by_role("button", name="Begin"))
    use(page.get_by_role("button", name="Show the first p"))
    for number in range(1, total + 1):
        see(page, number)
        if number == 2:
            wait_until_stored(page, 1)
            context.set_offline(True)
        judge(page, methodology, use)
        if number == 2:
            come_back(context, page)
    expect(page.locator("#completion-code")).to_have_text(study.raters.get().completion_code)
    everything_is_stored_once(study, total, way)


def come_back(context, page: Page) -> None:
    """Be told that the rating is kept here, and get the connection back."""
    expect(page.locator("#status")).to_contain_text("not stored yet")
    assert Rating.objects.count() == 1
    context.set_offline(False)
    expect(page.locator("#status")).not_to_contain_text("not stored yet")


def everything_is_stored_once(study: Study, total: int, way: str) -> None:
    positions = Rating.objects.order_by("rated_at").values_list("trial__position", flat=True)
    assert list(positions) == list(range(1, total + 1))
    assert set(Rating.objects.values_list("pointer", flat=True)) == {way}
    assert Session.objects.get(rater__study=study).finished_at is not None
