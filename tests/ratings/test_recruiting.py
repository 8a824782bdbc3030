"""Raters whom Prolific or Mechanical Turk sent are kept with their ids, and find the way back."""

import html
import re
from urllib.parse import urlencode

import pytest
from django.test import Client

from ratings.models import Rater, Study
from ratings.recruiting import recruited_from, way_back
from ratings.services import sessions, withdrawal
from tests.conftest import agreement
from tests.ratings.test_rater_pages import answer_all_but

# As https://researcher-help.prolific.com and the developer guide of MTurk name them.
PROLIFIC = {"PROLIFIC_PID": "60a1f00c9e", "STUDY_ID": "61b2", "SESSION_ID": "62c3"}
MTURK = {
    "workerId": "A1B2C3",
    "assignmentId": "3ABC+/=",
    "hitId": "3HIT",
    "turkSubmitTo": "https://workersandbox.mturk.com",
}


def hidden_fields(page: str) -> dict[str, str]:
    """The hidden fields of a page's form."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page)
    return {name: html.unescape(value) for name, value in found}


def come(client: Client, invite: str, study: Study, recruited: dict[str, str]) -> Rater:
    """Follow the link as the service made it, agree on the page as it came, and rate all."""
    address = f"{invite}?{urlencode(recruited)}"
    form = hidden_fields(client.get(address).content.decode())
    client.post(address, form | agreement(study))
    client.post(f"{invite}instructions")
    rater = study.raters.get()
    answer_all_but(rater, 0)
    return rater


def done_page(client: Client, invite: str) -> str:
    """The page of thanks."""
    return client.get(f"{invite}done").content.decode()


def set_return(study: Study, url: str) -> None:
    """Let the study send its raters back there."""
    Study.objects.filter(pk=study.pk).update(options={"return_url": url})


@pytest.mark.parametrize("recruited", [PROLIFIC, MTURK])
def test_what_a_service_put_into_the_link_is_kept_with_the_rater(client, study, invite, recruited):
    assert come(client, invite, study, recruited).recruited == recruited


def test_what_a_service_put_into_the_link_survives_a_box_left_unticked(client, study, invite):
    address = f"{invite}?{urlencode(PROLIFIC)}"
    page = client.post(address, agreement(study) | {"agree": ""}).content.decode()
    assert hidden_fields(page).items() >= PROLIFIC.items()


def test_other_parameters_of_a_link_are_not_kept(client, study, invite):
    assert come(client, invite, study, {"utm_source": "mail", "email": "a@b.org"}).recruited == {}


def test_a_parameter_is_cut_and_an_empty_one_left_out():
    assert recruited_from({"PROLIFIC_PID": "x" * 201, "STUDY_ID": ""}) == {"PROLIFIC_PID": "x" * 200}


def test_a_parameter_with_a_byte_that_no_database_takes_keeps_nobody_out(client, study, invite):
    assert come(client, invite, study, {"PROLIFIC_PID": "60\0a1", "STUDY_ID": "\0"}).recruited == {
        "PROLIFIC_PID": "60a1"
    }


def test_a_parameter_cannot_break_out_of_the_page(client, study, invite):
    attack = {"PROLIFIC_PID": '"><script>alert(1)</script>'}
    page = client.get(f"{invite}?{urlencode(attack)}").content.decode()
    assert "<script>" not in page
    assert hidden_fields(page)["PROLIFIC_PID"] == attack["PROLIFIC_PID"]


def test_a_rater_who_was_sent_by_nobody_gets_the_code_alone(client, study, invite):
    rater = come(client, invite, study, {})
    page = done_page(client, invite)
    assert rater.completion_code in page
    assert 'id="return"' not in page
    assert 'id="hand-in"' not in page


# The way back by the study's own address


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://example.org/end", "https://example.org/end"),
        ("https://example.org/end?code={code}", "https://example.org/end?code=AB12CD34"),
        (
            "https://example.org/{STUDY_ID}?who={PROLIFIC_PID}&session={SESSION_ID}",
            "https://example.org/61b2?who=60a1f00c9e&session=62c3",
        ),
        ("https://example.org/?worker={workerId}", "https://example.org/?worker="),
        (
            "https://app.prolific.com/submissions/complete",
            "https://app.prolific.com/submissions/complete?cc=AB12CD34",
        ),
        (
            "https://app.prolific.com/submissions/complete?cc=",
            "https://app.prolific.com/submissions/complete?cc=AB12CD34",
        ),
        (
            "https://app.prolific.com/submissions/complete?cc=C1FIXED",
            "https://app.prolific.com/submissions/complete?cc=C1FIXED",
        ),
        ("https://example.org/submissions/complete", "https://example.org/submissions/complete"),
    ],
)
def test_the_address_of_the_way_back_is_filled_in(url, address):
    back = way_back(url, code="AB12CD34", recruited=PROLIFIC)
    assert back is not None
    assert (back.address, back.fields) == (address, {})


def test_what_is_filled_in_is_quoted():
    back = way_back("https://example.org/?who={workerId}", code="", recruited={"workerId": "a&b=c/{code} é"})
    assert back is not None
    # By RFC 3986: & 26, = 3D, / 2F, { 7B, } 7D, space 20, é C3 A9 in UTF-8.
    assert back.address == "https://example.org/?who=a%26b%3Dc%2F%7Bcode%7D%20%C3%A9"


def test_the_thanks_lead_back_with_the_code(client, study, invite):
    set_return(study, "https://app.prolific.com/submissions/complete")
    rater = come(client, invite, study, PROLIFIC)
    page = done_page(client, invite)
    assert f'href="https://app.prolific.com/submissions/complete?cc={rater.completion_code}"' in page
    assert 'id="completion-code"' in page


def test_the_way_back_is_on_no_page_before_the_end(client, study, invite):
    set_return(study, "https://example.org/end")
    client.post(invite, agreement(study))
    client.post(f"{invite}instructions")
    page = client.get(f"{invite}done", follow=True).content.decode()
    assert "https://example.org" not in page


def test_a_link_with_another_persons_id_is_for_another_rater_in_this_browser_too(client, study, invite):
    first = come(client, invite, study, {"PROLIFIC_PID": "one"})
    assert client.get(f"{invite}?PROLIFIC_PID=one").status_code == 302
    page = client.get(f"{invite}?PROLIFIC_PID=two")
    assert b"I agree to take part" in page.content
    client.post(invite, agreement(study) | {"PROLIFIC_PID": "two"})
    second = study.raters.exclude(pk=first.pk).get()
    assert second.recruited == {"PROLIFIC_PID": "two"}
    assert client.get(f"{invite}instructions?again").status_code == 200


def test_another_person_begins_where_the_first_is_done_and_not_before(rater_client, rater, invite):
    assert rater_client.post(f"{invite}another")["Location"] == f"{invite}start"
    answer_all_but(rater, 0)
    assert rater_client.post(f"{invite}another")["Location"] == invite
    assert b"I agree to take part" in rater_client.get(invite).content


# The way back to Mechanical Turk


@pytest.mark.parametrize("host", ["https://www.mturk.com", "https://workersandbox.mturk.com"])
@pytest.mark.parametrize("slash", ["", "/"])
def test_a_worker_hands_the_assignment_in_with_the_code(client, study, invite, host, slash):
    rater = come(client, invite, study, MTURK | {"turkSubmitTo": host + slash})
    page = done_page(client, invite).split('class="aside"')[0]
    assert f'<form method="post" action="{host}/mturk/externalSubmit" id="hand-in">' in page
    assert hidden_fields(page) == {
        "assignmentId": MTURK["assignmentId"],
        "completion_code": rater.completion_code,
    }
    assert rater.completion_code in page.split("hand-in")[0]


@pytest.mark.parametrize(
    "change",
    [
        {"turkSubmitTo": "https://evil.example"},
        {"turkSubmitTo": "http://www.mturk.com"},
        {"turkSubmitTo": "https://www.mturk.com.evil.example"},
        {"turkSubmitTo": "https://www.mturk.com@evil.example"},
        {"turkSubmitTo": "https://www.mturk.com/elsewhere"},
        {"turkSubmitTo": "javascript:alert(1)//www.mturk.com"},
        {"turkSubmitTo": ""},
        {"assignmentId": ""},
        {"assignmentId": "ASSIGNMENT_ID_NOT_AVAILABLE"},
    ],
)
def test_nothing_is_handed_in_but_an_assignment_to_mechanical_turk(client, study, invite, change):
    rater = come(client, invite, study, MTURK | change)
    page = done_page(client, invite)
    assert 'id="hand-in"' not in page
    assert rater.completion_code in page


def test_the_studys_own_way_back_comes_before_mechanical_turks(client, study, invite):
    set_return(study, "https://example.org/end")
    come(client, invite, study, MTURK)
    page = done_page(client, invite)
    assert 'href="https://example.org/end"' in page
    assert 'id="hand-in"' not in page


def form_targets(client: Client, address: str) -> str:
    """Where the policy of a page lets its forms go."""
    policy = client.get(address)["Content-Security-Policy"]
    return next(part.strip() for part in policy.split(";") if part.strip().startswith("form-action"))


def test_the_policy_lets_forms_go_to_mechanical_turk_on_the_page_that_hands_in_alone(client, study, invite):
    come(client, invite, study, MTURK)
    assert form_targets(client, f"{invite}done") == (
        "form-action 'self' https://www.mturk.com https://workersandbox.mturk.com https://worker.mturk.com"
    )
    for page in ("withdraw", "elsewhere"):
        assert form_targets(client, f"{invite}{page}") == "form-action 'self'"


def test_the_policy_of_other_raters_thanks_lets_forms_go_nowhere_else(client, study, invite):
    set_return(study, "https://app.prolific.com/submissions/complete")
    come(client, invite, study, PROLIFIC)
    assert form_targets(client, f"{invite}done") == "form-action 'self'"


def test_a_second_agreement_with_the_same_form_keeps_the_first_ids(study):
    nonce = sessions.new_nonce()
    for recruited in (PROLIFIC, MTURK):
        sessions.join_study(study, consent_version=study.consent_version, nonce=nonce, recruited=recruited)
    assert study.raters.get().recruited == PROLIFIC


# A person takes part once


@pytest.mark.parametrize("recruited", [PROLIFIC, MTURK])
def test_a_person_who_comes_again_in_another_browser_is_told_where_to_go_on(client, study, invite, recruited):
    come(client, invite, study, recruited)
    again = Client().post(invite, agreement(study) | recruited)
    assert (again.status_code, study.raters.count()) == (409, 1)
    assert "You have begun already" in again.content.decode()


def test_another_person_of_the_same_service_takes_part_as_well(client, study, invite):
    come(client, invite, study, PROLIFIC)
    other = Client().post(invite, agreement(study) | PROLIFIC | {"PROLIFIC_PID": "60a1f00c9f"})
    assert (other.status_code, study.raters.count()) == (302, 2)


def test_a_researcher_tries_a_recruited_link_as_often_as_they_like(admin_client, client, study, invite):
    come(client, invite, study, PROLIFIC)
    assert admin_client.post(invite, agreement(study) | PROLIFIC).status_code == 302


def test_who_has_withdrawn_may_come_again(client, study, invite):
    withdrawal.withdraw_rater(come(client, invite, study, PROLIFIC))
    assert Client().post(invite, agreement(study) | PROLIFIC).status_code == 302
