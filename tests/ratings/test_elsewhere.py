"""A rater's personal link goes on with them on another device."""

import re

import pytest
from django.test import Client

from ratings.invites import path_of
from ratings.models import Study
from ratings.services import slots, studies, withdrawal
from srstudy.logs import masked
from tests.ratings.languages import LANGUAGES
from tests.ratings.test_rater_pages import answer_all_but


@pytest.fixture
def link(rater_client, invite) -> str:
    """The path of the rater's personal link, as the page shows it."""
    page = rater_client.get(f"{invite}elsewhere").content.decode()
    return re.search(r'id="personal-link" dir="ltr">http://testserver(/s/[^<]+)<', page)[1]


def test_the_personal_link_is_of_128_bits_or_more(link):
    token = re.search(r"/go-on/([0-9a-f]+)$", link)[1]
    assert len(token) * 4 >= 128


def test_the_page_with_the_personal_link_stays_in_no_cache_and_in_no_referrer(rater_client, invite):
    response = rater_client.get(f"{invite}elsewhere")
    assert "no-store" in response["Cache-Control"]
    assert response["Referrer-Policy"] == "no-referrer"


def test_a_personal_link_is_in_no_log(link):
    assert masked(f"Gone: {link}") == "Gone: /s/…/go-on/…"


@pytest.mark.parametrize("page", ["instructions?again", "pause"])
def test_instructions_and_pause_lead_to_the_personal_link(rater_client, rater, study, invite, page):
    if page == "pause":
        Study.objects.filter(pk=study.pk).update(options={"break_every_trials": 1})
        answer_all_but(rater, 5)
    assert f'href="{invite}elsewhere"' in rater_client.get(f"{invite}{page}").content.decode()


def test_looking_at_a_personal_link_changes_nothing(link, stranger):
    response = stranger.get(link)
    assert response.status_code == 200
    assert "rater" not in response.cookies
    assert "no-store" in response["Cache-Control"]
    assert response["Referrer-Policy"] == "strict-origin"


def test_the_button_goes_on_where_the_rater_is(link, stranger, rater, invite):
    answer_all_but(rater, 4)
    response = stranger.post(link, follow=True)
    assert response.redirect_chain[-1][0] == f"{invite}trial"
    assert b"Pair 3 of 6" in response.content


def test_the_cookie_of_a_personal_link_is_the_one_of_joining(link, stranger, rater_client, invite):
    cookie = stranger.post(link).cookies["rater"]
    assert cookie.value == rater_client.cookies["rater"].value
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == (invite, True, "Lax")


def test_both_devices_go_on(link, stranger, rater_client, invite):
    stranger.post(link)
    trials = [client.get(f"{invite}upcoming").json()["trials"] for client in (stranger, rater_client)]
    assert trials[0] == trials[1] != []


def test_a_browser_without_cookies_is_told_so_after_the_button(link, stranger):
    onward = stranger.post(link)["Location"]
    stranger.cookies.clear()
    response = stranger.get(onward)
    assert response.status_code == 400
    assert b"This study needs cookies" in response.content


def test_another_site_cannot_make_a_browser_somebody_elses(link):
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(link).status_code == 403


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("token", ["0" * 64, "x", "%00", "é"])
def test_a_mistyped_personal_link_gets_a_plain_page(stranger, invite, token, method, language):
    address = f"{invite}go-on/{token}"
    response = getattr(stranger, method)(address, headers={"accept-language": language})
    assert (response.status_code, response["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert f'<html lang="{language}"' in response.content.decode()
    assert (b"This link does not lead to a rater" in response.content) == (language == "en")
    assert "rater" not in response.cookies


@pytest.mark.parametrize("path", ["images/%00", "trials/%00/answer"])
def test_an_address_with_a_byte_that_no_database_takes_is_not_found(rater_client, invite, path):
    method = rater_client.post if path.startswith("trials") else rater_client.get
    assert method(f"{invite}{path}").status_code == 404


def test_a_personal_link_leads_nowhere_in_another_study(link, study, stranger):
    outputs = [stimulus.output for stimulus in study.stimuli.all()]
    other = studies.create_study(slug="other", title="Other", outputs=outputs, seed=1)
    studies.open_study(other)
    there = studies.make_invite(other)
    token = link.rsplit("/", 1)[1]
    assert stranger.post(f"{path_of(there)}go-on/{token}").status_code == 404


def test_a_personal_link_leads_nowhere_after_the_withdrawal(link, rater, stranger):
    withdrawal.withdraw_rater(rater)
    assert stranger.post(link).status_code == 404


def test_a_dropped_rater_is_told_so_on_the_other_device_too(link, rater, stranger):
    slots.drop_rater(rater)
    response = stranger.post(link, follow=True)
    assert response.status_code == 410
    assert b"Your place was given away" in response.content


def test_a_stranger_gets_no_personal_link(stranger, invite):
    assert stranger.get(f"{invite}elsewhere").headers["Location"] == invite
