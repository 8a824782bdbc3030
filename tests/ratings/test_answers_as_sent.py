"""What arrives at the address of an answer and is none, whoever sent it."""

import json

import pytest

from ratings.models import Rating, Trial

ANSWER = {"left_score": 71.5, "right_score": 40, "duration_ms": 2500}


@pytest.fixture
def address(rater, rater_client, invite) -> str:
    """Where the rater's first trial, handed out, is answered."""
    rater_client.get(f"{invite}upcoming")
    return f"{invite}trials/{Trial.objects.get(session__rater=rater, position=1).token}/answer"


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, '{"left_score": NaN}', b"\xff"], ids=range(5))
def test_what_is_no_json_is_refused_in_a_sentence(rater_client, address, text):
    response = rater_client.post(address, text, content_type="application/json")
    assert (response.status_code, response["Content-Type"]) == (400, "application/problem+json")
    assert isinstance(response.json()["detail"], str)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded"])
def test_what_a_form_of_another_page_can_send_is_refused(rater_client, address, kind):
    assert rater_client.post(address, json.dumps(ANSWER), content_type=kind).status_code == 400
    assert not Rating.objects.exists()


def test_an_answer_is_only_posted(rater_client, address):
    assert rater_client.get(address).status_code == 405


def test_an_answer_needs_no_token_of_a_form(rater, rater_client, address):
    rater_client.handler.enforce_csrf_checks = True
    response = rater_client.post(address, json.dumps(ANSWER), content_type="application/json; charset=utf-8")
    assert response.status_code == 201
