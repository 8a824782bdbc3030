"""In every methodology and display one pixel of the file is one pixel of the screen."""

import io
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings as django_settings
from PIL import Image as Picture
from playwright.sync_api import Page, expect

from ratings.models import Trial
from ratings.services import studies
from tests.browser.test_pictures import set_window
from tests.browser.ways import TRIALS, open_trial

pytestmark = pytest.mark.browser


def stored_pixels(number: int) -> np.ndarray:
    """(rows, columns, RGB) of the file that the first trial shows as its first or second picture."""
    trial = Trial.objects.select_related("stimulus", "other", "session__rater__study").get(position=1)
    picture = trial.session.rater.study.asks.shown_pictures(trial)[number]
    with Picture.open(Path(django_settings.MEDIA_ROOT) / picture.file) as stored:
        return np.asarray(stored.convert("RGB"))


def seen_pixels(page: Page, number: int) -> np.ndarray:
    """(rows, columns, RGB) of the screen where that picture is."""
    ratio = page.evaluate("() => window.devicePixelRatio")
    picture = page.locator(".picture").nth(number)
    picture.scroll_into_view_if_needed()
    box = {name: value * ratio for name, value in picture.bounding_box().items()}
    screen = np.asarray(Picture.open(io.BytesIO(page.screenshot())).convert("RGB"))
    rows, columns = (
        slice(round(box[start]), round(box[start] + box[length]))
        for start, length in (("y", "height"), ("x", "width"))
    )
    return screen[rows, columns]


def show(page: Page, display: str, number: int) -> None:
    """Bring the second picture on, where it comes in the place of the first or after it."""
    if number and display == "in_place":
        page.locator(".show button").nth(1).click()
    if number and display == "sequential":
        page.locator("#advance").click()
    expect(page.locator(".picture").nth(number)).to_be_visible()


@pytest.mark.parametrize("ratio", [1.25, 3])
@pytest.mark.parametrize(("methodology", "display"), TRIALS)
def test_every_pixel_of_every_picture_is_one_of_the_screen(
    open_screen, make_outputs, live_server, methodology, display, ratio
):
    study = studies.create_study(
        slug="noise",
        title="Noise",
        outputs=make_outputs(images=2, methods=("dull", "bright"), side_px=192),
        seed=3,
        methodology=methodology,
        options={"display": display},
    )
    studies.open_study(study)
    page = open_screen(ratio)
    open_trial(page, study)
    set_window(page, 1003, 801)
    for number in range(study.asks.pictures):
        show(page, display, number)
        np.testing.assert_array_equal(seen_pixels(page, number), stored_pixels(number))
