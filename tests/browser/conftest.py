"""The cast of the browser tests: a real Chromium, and people who sit in front of it."""

import os
import shutil
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings as django_settings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from ratings import invites
from ratings.models import Study
from tests.browser.gallery import make_gallery

NAMES = ("chromium", "chromium-browser", "google-chrome")
PATIENCE_MS = 20_000  # for what takes a moment on a machine of one's own
# Chromium heeds only the last list of features to be off, so this one repeats that of Playwright 1.65. Its
# last line is ours: pages of suggestions below the address line, which every window loads and nobody sees.
FEATURES_OFF = [
    "AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable", "LensOverlay", "MediaRouter", "PaintHolding",
    "ThirdPartyStoragePartitioning", "AvoidCorsURLLoaderRestartOnRedirect", "TcpPortRandomizationWin",
    "OptimizationHints", "NetworkTimeServiceQuerying", "AimEnabled", "PreconnectToSearch",
    "WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "WebUIOmniboxFullPopup",
]  # fmt: skip
ARGUMENTS = [
    "--no-sandbox",
    "--disable-background-networking",
    f"--disable-features={','.join(FEATURES_OFF)}",
]
DESKTOP = {"width": 1280, "height": 800}


def chromium() -> str:
    """Where Chromium is; a test that needs it is skipped where there is none."""
    named = os.environ.get("CHROMIUM")
    if named:
        found = shutil.which(named)
        if found is None:
            pytest.fail(f"CHROMIUM is {named!r}, which is not a program that can be run.")
        return found
    for name in NAMES:
        found = shutil.which(name)
        if found is not None:
            return found
    pytest.skip(f"No Chromium is installed: none of {', '.join(NAMES)} is on PATH, and CHROMIUM is not set.")


# For this package and not for the session: while Playwright runs, the thread has an event loop, and
# Django refuses to touch the database from such a thread. Here that is safe, because no coroutine of
# ours runs in the loop; in all other tests Django's guard stays up.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests of this folder."""
    executable = chromium()
    expect.set_options(timeout=PATIENCE_MS)
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        launched = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture
def open_browser(browser: Browser, live_server) -> Iterator[Callable[..., BrowserContext]]:
    """Open a browser of somebody's own, with cookies and a cache that nobody else sees.

    It asks for `live_server` so that it closes before the tables are emptied.
    """
    contexts = []

    def make(**options: object) -> BrowserContext:
        context = browser.new_context(base_url=live_server.url, **({"viewport": DESKTOP} | options))
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def open_screen(browser: Browser, live_server) -> Iterator[Callable[[float], Page]]:
    """Open a page on a screen with so many device pixels to a CSS pixel.

    Playwright's own `device_scale_factor` is no such screen: it enlarges a page that was laid out in whole
    CSS pixels, where a real screen, or the page's zoom, has the layout made in device pixels.
    """
    launched = []

    def make(ratio: float) -> Page:
        arguments = [*ARGUMENTS, f"--force-device-scale-factor={ratio}"]
        launched.append(browser.browser_type.launch(executable_path=chromium(), args=arguments))
        return launched[-1].new_context(base_url=live_server.url, no_viewport=True).new_page()

    yield make
    for one in launched:
        one.close()


@pytest.fixture
def page(open_browser) -> Page:
    """The page of a person at a desktop, who has not been here."""
    return open_browser().new_page()


@pytest.fixture
def gallery(live_server) -> Study:
    """Four trials of photographs, open."""
    return make_gallery(images=2)


@pytest.fixture
def long_gallery(live_server) -> Study:
    """Ten trials of photographs, open."""
    return make_gallery(images=5)


@pytest.fixture
def link(gallery: Study) -> str:
    """The path of the gallery's invite link."""
    return invites.invite_path(gallery)


def sign_in(context: BrowserContext, client: Client) -> None:
    """Give a browser the session of somebody who has signed in."""
    name = django_settings.SESSION_COOKIE_NAME
    session = {"name": name, "value": client.cookies[name].value, "domain": "localhost", "path": "/"}
    context.add_cookies([session])


@pytest.fixture
def staff_page(open_browser, staff_client) -> Page:
    """The page of a researcher who has signed in."""
    context = open_browser()
    sign_in(context, staff_client)
    return context.new_page()
