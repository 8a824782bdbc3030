"""Leads a browser to every page that a rater can meet, one after the other, each by its name."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import OperationalError
from django.utils import timezone
from playwright.sync_api import Page, expect

from ratings import queries
from ratings.flow import STEPS
from ratings.invites import invite_path, path_of
from ratings.models import Invite, Rater, Study
from ratings.services import sessions, slots, studies
from tests.browser.gallery import make_gallery
from tests.browser.steps import become_rater, see_trial
from tests.ratings.test_rater_pages import answer_all_but

EVERYTHING: dict[str, Any] = {
    "questionnaire": True,
    "questions": [
        {"name": "screen", "text": "Which screen do you use?", "choices": ["A laptop's", "A monitor"]},
        {"name": "room", "text": "What is your room like?"},
    ],
    "display_check": True,
    "ruler": True,
    "acuity": True,
    "colour_vision": True,
    "feedback": True,
    "examples": True,
}
RULER = {"px_per_mm": 3.78, "distance_mm": 600.0}
# Methodology and display.
TRIALS = [
    *[("dscqs", display) for display in ("side_by_side", "in_place", "sequential")],
    *[("dsis", display) for display in ("side_by_side", "in_place", "sequential")],
    *[("pc", display) for display in ("side_by_side", "in_place", "sequential")],
    ("acr_hr", "side_by_side"),
]
Way = Callable[[Page], Iterator[str]]


def set_options(study: Study, **options: object) -> None:
    """Give an open study other options, which nobody can from outside."""
    Study.objects.filter(pk=study.pk).update(options=options)


def send(page: Page) -> None:
    """Send the page's form as it is, whatever the browser thinks of it, and wait for what is answered."""
    page.evaluate(
        """() => { const form = document.querySelector("form");
                   form.noValidate = true;
                   form.querySelector("[type=submit]").disabled = false; }"""
    )
    with page.expect_navigation():
        page.locator("form [type=submit]").first.click()


def to_the_pictures(page: Page) -> Iterator[str]:
    """The consent, every step, each as it is found and as it is refused, and the instructions."""
    study = make_gallery(images=2, options=EVERYTHING)
    link = invite_path(study)
    page.goto(link)
    yield "consent"
    send(page)
    expect(page.get_by_role("alert")).to_be_visible()
    yield "consent without a tick"
    rater = become_rater(page, study)
    page.goto(f"{link}steps/acuity")
    yield "acuity before the ruler"
    for name in STEPS:
        page.goto(f"{link}steps/{name}")
        yield name
        if name in ("questionnaire", "display_check", "colour_vision"):
            send(page)
            expect(page.get_by_role("alert")).to_be_visible()
            yield f"{name} refused"
        sessions.record_step(rater, name, RULER if name == "ruler" else {})
    page.goto(f"{link}instructions")
    yield "instructions with examples"


def to_the_end(page: Page) -> Iterator[str]:
    """The pauses, the thanks with each way back, and the withdrawal."""
    study = make_gallery(images=2)
    link = invite_path(study)
    rater = become_rater(page, study)
    sessions.mark_instructed(rater)
    answer_all_but(rater, 3)
    set_options(study, break_every_trials=1)
    page.goto(f"{link}pause")
    yield "break"
    set_options(study, sitting_trials=1)
    page.goto(f"{link}pause")
    yield "rest"
    answer_all_but(rater, 0)
    page.goto(f"{link}done")
    yield "thanks"
    set_options(study, return_url="https://example.org/")
    page.goto(f"{link}done")
    yield "thanks with a way back"
    set_options(study)
    mturk = {"assignmentId": "3ABC", "turkSubmitTo": "https://workersandbox.mturk.com"}
    Rater.objects.filter(pk=rater.pk).update(recruited=mturk)
    page.goto(f"{link}done")
    yield "thanks with a form"
    page.goto(f"{link}elsewhere")
    yield "elsewhere"
    page.goto(page.locator("#personal-link").inner_text())
    yield "go on"
    for withdrawal in ("delete", "anonymise"):
        set_options(study, withdrawal=withdrawal)
        page.goto(f"{link}withdraw")
        yield f"withdraw, {withdrawal}"
        send(page)
        yield f"withdrawn, {withdrawal}"
        become_rater(page, study)


def _invite_pages(page: Page, study: Study) -> Iterator[str]:
    link = invite_path(study)
    revoked = studies.make_invite(study)
    studies.revoke_invite(revoked)
    page.goto(path_of(revoked))
    yield "revoked"
    expired = studies.make_invite(study)
    Invite.objects.filter(pk=expired.pk).update(expires_at=timezone.now() - timedelta(hours=1))
    page.goto(path_of(expired))
    yield "expired"
    used_up = studies.make_invite(study, max_raters=1)
    sessions.join_study(
        study, consent_version=study.consent_version, nonce=sessions.new_nonce(), invite=used_up
    )
    page.goto(path_of(used_up))
    yield "used up"
    set_options(study, max_raters=1)
    page.goto(link)
    yield "full"
    set_options(study)


def past_closed_doors(page: Page) -> Iterator[str]:
    """Every page that says why there is nothing to do."""
    study = make_gallery(images=2)
    link = invite_path(study)
    yield from _invite_pages(page, study)
    for name, path in (
        ("mistyped", "/s/nowhere/"),
        ("no such page", f"{link}and/further"),
        ("mistyped personal link", f"{link}go-on/nowhere"),
        ("nothing to withdraw", f"{link}withdraw"),
        ("cookie not kept", f"{link}start?joined=1"),
    ):
        page.goto(path)
        yield name
    page.goto(link)
    page.context.clear_cookies()
    page.get_by_role("checkbox").check()
    send(page)
    yield "form without its cookie"
    rater = become_rater(page, study)
    sessions.mark_instructed(rater)
    first = rater.sessions.get().trials.get(position=1).stimulus
    file = Path(django_settings.MEDIA_ROOT) / first.test_file
    kept = file.read_bytes()
    file.write_bytes(b"damaged")
    page.goto(f"{link}trial")
    yield "picture missing"
    file.write_bytes(kept)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(queries, "invite_by_token", _locked)
        page.goto(link)
        yield "busy"
    slots.drop_rater(rater)
    page.goto(f"{link}trial")
    yield "place given away"
    studies.close_study(study)
    page.context.clear_cookies()
    page.goto(link)
    yield "closed"


def _locked(token: str) -> None:
    raise OperationalError("database is locked")


def open_trial(page: Page, study: Study) -> None:
    """Let the browser be a new rater's, at their first trial."""
    sessions.mark_instructed(become_rater(page, study))
    page.goto(f"{invite_path(study)}trial")
    see_trial(page)


def at_a_trial(page: Page, methodology: str, display: str) -> Iterator[str]:
    """A trial as it is shown, its second picture where that comes later, and with the answer given."""
    ties = {"ties": True} if methodology == "pc" else {}
    open_trial(page, make_gallery(images=2, methodology=methodology, options={"display": display} | ties))
    yield "shown"
    if display == "in_place":
        page.locator(".show button").nth(1).click()
        yield "second picture"
    if display == "sequential":
        page.locator("#advance").click()
        expect(page.locator(".side").nth(1).locator(".picture")).to_be_visible()
        yield "second picture"
        page.locator("#advance").click()
    give_answer(page)
    yield "answered"


def give_answer(page: Page) -> None:
    """Set both sliders, or take the first choice, with the keyboard alone."""
    for slider in page.locator(".slider").all():
        slider.press("ArrowRight")
    if page.locator(".choice").count():
        page.locator(".choice input").first.press(" ")
    expect(page.locator("#next")).to_be_enabled()


WAYS: dict[str, Way] = {
    one.__name__.replace("_", " "): one for one in (to_the_pictures, to_the_end, past_closed_doors)
}
