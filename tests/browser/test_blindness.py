"""Over a whole session nothing that reaches the browser tells the reference from the method's picture."""

import json
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Response, Route, expect

from ratings.invites import invite_path
from ratings.models import Rating, Study, Trial
from tests.browser.gallery import CROPS, DATASET, METHODS, make_gallery
from tests.browser.steps import join, next_button, rate
from tests.browser.test_delivery import no_connection
from tests.browser.ways import open_trial

pytestmark = pytest.mark.browser

TRIALS = 10
PASSED_ON = re.compile("/answer$|/upcoming$|/static/")
GIVEN = re.compile(r'<script id="upcoming" type="application/json">(.*?)</script>', re.DOTALL)
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Received:
    """One response as the browser got it."""

    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def kind(self) -> str:
        return dict(self.headers).get("content-type", "").partition(";")[0]

    @property
    def everything(self) -> str:
        """Address, headers and body as one text."""
        lines = [self.url, *(f"{name}: {value}" for name, value in self.headers)]
        return "\n".join(lines) + "\n" + self.body.decode("latin-1")


@dataclass
class Session:
    """All that one rater's browser received, and what it complained of."""

    received: list[Received]
    complaints: list[str]

    def of_kind(self, kind: str) -> list[Received]:
        return [one for one in self.received if one.kind == kind]

    def trials(self) -> list[dict]:
        """What the page was told of every trial, each once, in the order in which it was told."""
        told = [found[1] for page in self.of_kind("text/html") if (found := GIVEN.search(page.body.decode()))]
        told += [
            one.body.decode() for one in self.of_kind("application/json") if one.url.endswith("/upcoming")
        ]
        return list({trial["token"]: trial for text in told for trial in json.loads(text)["trials"]}.values())

    def pairs(self) -> list[tuple[Received, ...]]:
        """The images of every trial, left and right; or the only one."""
        images = {urlsplit(one.url).path: one for one in self.of_kind("image/png")}
        return [tuple(images[picture["src"]] for picture in trial["pictures"]) for trial in self.trials()]


def lower(headers: list[dict[str, str]]) -> tuple[tuple[str, str], ...]:
    """Name and value of every header line, in their order."""
    return tuple((header["name"].lower(), header["value"]) for header in headers)


class Listener:
    """Writes down every response of a page."""

    def __init__(self, page: Page) -> None:
        self.session = Session([], [])
        self._waiting: list[Response] = []
        page.on("response", self._arrived)
        page.on("console", lambda message: self.session.complaints.append(message.text))
        page.on("pageerror", lambda error: self.session.complaints.append(str(error)))
        # A body is gone with the page that asked for it, and these may come as the page leaves.
        page.route(PASSED_ON, self._pass_on)

    def _arrived(self, response: Response) -> None:
        if not PASSED_ON.search(response.url):
            self._waiting.append(response)

    def _pass_on(self, route: Route) -> None:
        response = route.fetch()
        headers = lower(response.headers_array)
        self.session.received.append(Received(response.url, headers, response.body()))
        route.fulfill(response=response)

    def write_down(self) -> None:
        """Take the bodies, while the page that asked for them is still there."""
        for response in self._waiting:
            redirect = 300 <= response.status < 400
            body = b"" if redirect else response.body()
            received = Received(response.url, lower(response.headers_array()), body)
            self.session.received.append(received)
        self._waiting.clear()


def answer(page: Page) -> None:
    """Give any answer, whatever is asked, and go on."""
    if page.locator(".slider").count():
        rate(page)
    else:
        page.locator(".choice input").first.check()
        next_button(page).click()


def sit_through(page: Page, study: Study) -> Session:
    """Rate a whole study; answers all that the browser received."""
    listener = Listener(page)
    page.goto(invite_path(study))
    listener.write_down()
    page.get_by_role("checkbox").click()
    with page.expect_navigation():
        page.get_by_role("button", name="Begin").click()
    expect(page.get_by_role("heading", name="What we ask of you")).to_be_visible()
    listener.write_down()
    page.get_by_role("button", name="Show the first p").click()
    warm_up = Trial.objects.filter(kind=Trial.Kind.TRAINING).count()
    for position in range(1, Trial.objects.count() + 1):
        number = position if position <= warm_up else position - warm_up
        expect(page.locator("#place")).to_have_text(re.compile(rf"^(Practice p|P)(air|icture) {number} of "))
        expect(page.locator("#status")).to_have_text(re.compile("to go on.$"))
        listener.write_down()
        answer(page)
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    listener.write_down()
    page.unroute_all(behavior="wait")
    return listener.session


def chunk_types(png: bytes) -> list[str]:
    """The types of a PNG file's chunks, runs of IDAT as one. Source: PNG, third edition, 5.3."""
    assert png.startswith(PNG_SIGNATURE)
    types, at = [], len(PNG_SIGNATURE)
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        if types[-1:] != [kind.decode()]:
            types.append(kind.decode())
        at += length + 12
    return types


def secrets_of(study: Study) -> set[str]:
    """What would tell a rater which picture is which."""
    secrets = {DATASET, *METHODS, *CROPS}
    for name in ("reference_file", "test_file", "reference_sha256", "test_sha256"):
        secrets |= set(study.stimuli.values_list(name, flat=True))
    return secrets


def no_secret_arrives(session: Session, study: Study) -> None:
    found = {
        (secret, one.url) for one in session.received for secret in secrets_of(study)
        if secret in one.everything
    }  # fmt: skip
    assert found == set()


def no_word_names_a_side(session: Session, study: Study) -> None:
    words = ["references", "test", "tests", "original", "hidden_?ref", "bicubic", "psnr", "ssim", "dmos"]
    if study.methodology != "dsis":  # where it is the reference's name, and shown to everybody
        words.append("reference")
    word = re.compile(rf"\b({'|'.join(words)})\b", re.I)
    texts = [one for one in session.received if one.kind != "image/png"]
    assert {one.kind for one in texts} >= {"text/html", "text/css", "text/javascript", "application/json"}
    found = {(match[0], one.url) for one in texts for match in word.finditer(one.everything)}
    assert found == set()


def no_image_address_comes_twice(session: Session, study: Study) -> None:
    addresses = [one.url for one in session.of_kind("image/png")]
    assert len(addresses) == study.asks.pictures * Trial.objects.count()
    assert len(set(addresses)) == len(addresses)


def the_page_is_told_tokens_and_sizes_alone(session: Session, study: Study) -> None:
    for trial in session.trials():
        assert set(trial) == {"token", "label", "done", "total", "pictures"}
        assert {frozenset(picture) for picture in trial["pictures"]} == {
            frozenset({"src", "width", "height"})
        }
        sides = [{**picture, "src": picture["src"].rpartition("/")[0]} for picture in trial["pictures"]]
        assert sides == sides[:1] * len(sides)
        lengths = {len(picture["src"]) for picture in trial["pictures"]}
        assert len(lengths) == 1


def both_images_come_with_the_same_headers_and_length(session: Session, study: Study) -> None:
    for pictures in session.pairs():
        headers = [[h for h in one.headers if h[0] != "date"] for one in pictures]
        assert headers == headers[:1] * len(pictures)
        lengths = {str(len(one.body)) for one in pictures}
        assert lengths == {dict(headers[0])["content-length"]}


def no_image_can_be_recognised_later(session: Session, study: Study) -> None:
    for one in session.of_kind("image/png"):
        assert {"etag", "last-modified"} & {name for name, _ in one.headers} == set()
    bodies = [one.body for one in session.of_kind("image/png")]
    assert len(set(bodies)) == len(bodies)


def images_hold_pixels_and_padding_alone(session: Session, study: Study) -> None:
    kinds = {tuple(chunk_types(one.body)) for one in session.of_kind("image/png")}
    assert kinds == {("IHDR", "IDAT", "srPd", "IEND")}


def both_sides_are_written_alike(session: Session, study: Study) -> None:
    if study.methodology == "dsis":
        return  # its two pictures have names
    for page in session.of_kind("text/html"):
        sides = re.findall(r'<section class="side".*?</section>', page.body.decode(), re.DOTALL)
        plain = {re.sub(r"\b(left|right|[AB])\b", "", side) for side in sides}
        assert len(plain) == (1 if sides else 0)


def every_page_has_a_strict_policy(session: Session, study: Study) -> None:
    for one in session.of_kind("text/html"):
        policy = dict(one.headers)["content-security-policy"]
        directives = {part.split()[0]: part.split()[1:] for part in policy.split(";")}
        assert directives["default-src"] == ["'none'"]
        assert directives["script-src"] == ["'self'"]
        assert directives["style-src"] == ["'self'"]
        assert "unsafe" not in policy


def the_browser_complains_of_nothing(session: Session, study: Study) -> None:
    assert session.complaints == []


CHECKS = [
    no_secret_arrives,
    no_word_names_a_side,
    no_image_address_comes_twice,
    the_page_is_told_tokens_and_sizes_alone,
    both_images_come_with_the_same_headers_and_length,
    no_image_can_be_recognised_later,
    images_hold_pixels_and_padding_alone,
    both_sides_are_written_alike,
    every_page_has_a_strict_policy,
    the_browser_complains_of_nothing,
]


MORE = {"training": 1, "dummies": 1, "repeats": 1, "degraded_traps": 1}


@pytest.mark.parametrize(
    ("methodology", "options"),
    [
        *[(one, {}) for one in ("dscqs", "dsis", "acr_hr", "pc")],
        ("dscqs", MORE | {"reference_traps": 1}),
        ("dsis", MORE | {"reference_traps": 1}),
        ("acr_hr", MORE),
        ("pc", MORE | {"reference_traps": 1, "ties": True}),
    ],
)
def test_a_whole_session_tells_nothing_of_what_is_compared(page, live_server, subtests, methodology, options):
    study = make_gallery(images=5, methodology=methodology, options=options)
    session = sit_through(page, study)
    # Five images by two methods; and their references beside them, or each image's only two methods.
    trials = {"dscqs": TRIALS, "dsis": TRIALS, "acr_hr": 15, "pc": 5}[methodology]
    trials += sum(number for number in options.values() if type(number) is int)
    assert len(session.pairs()) == trials == Rating.objects.count()
    check: Callable[[Session, Study], None]
    for check in CHECKS:
        with subtests.test(check.__name__):
            check(session, study)
    with subtests.test("nothing is asked of another server"):
        assert {one.url.startswith(live_server.url) for one in session.received} == {True}


def test_a_violation_of_the_policy_would_be_heard(page, link):
    listener = Listener(page)
    page.goto(link)
    with page.expect_console_message():
        page.evaluate("() => { document.body.innerHTML += '<p style=\"color: red\">'; }")
    page.unroute_all(behavior="wait")
    assert "Content Security Policy" in "".join(listener.session.complaints)


def test_a_trials_page_keeps_nothing_in_the_browser_but_the_raters_cookie(page, link):
    join(page, link)
    names = {cookie["name"] for cookie in page.context.cookies()}
    assert names <= {"rater", "csrftoken"}
    stored = page.evaluate("() => [localStorage.length, sessionStorage.length]")
    assert stored == [0, 0]


ANSWERED = {
    "dscqs": {"left_score", "right_score"}, "dsis": {"score"}, "acr_hr": {"score"}, "pc": {"choice"},
}  # fmt: skip
MEASURED = {
    "duration_ms", "first_interaction_ms", "toggles", "window_changes", "restarts", "hidden_count",
    "hidden_ms", "device_pixel_ratio", "window_width", "window_height", "screen_width", "screen_height",
    "pointer",
}  # fmt: skip


@pytest.mark.parametrize("methodology", list(ANSWERED))
def test_an_answer_kept_in_the_browser_tells_nothing_but_itself(page, live_server, methodology):
    study = make_gallery(images=2, methodology=methodology)
    open_trial(page, study)
    page.route("**/answer", no_connection)
    answer(page)
    expect(page.locator("#status")).to_contain_text("not stored yet")
    ((key, value),) = page.evaluate("() => Object.entries(localStorage)")
    assert page.evaluate("() => sessionStorage.length") == 0
    entry = json.loads(value)
    assert set(entry) == {"path", "body", "given"}
    assert set(entry["body"]) == ANSWERED[methodology] | MEASURED
    assert entry["path"] == f"{invite_path(study)}trials/{Trial.objects.get(position=1).token}/answer"
    assert [secret for secret in secrets_of(study) if secret in key + value] == []
