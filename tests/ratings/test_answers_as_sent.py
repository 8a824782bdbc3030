"""What arrives at the address of an answer and is none, whoever sent it."""

import json

import pytest
from django.core.cache import cache
from django.test import Client

from ratings.marks import mark_of
from ratings.models import Rating, Study, Trial

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


@pytest.mark.parametrize("name", ["left_score", "right_score"])
def test_true_and_false_are_no_scores(rater_client, address, name):
    for value in (True, False):
        text = json.dumps(ANSWER | {name: value})
        response = rater_client.post(address, text, content_type="application/json")
        assert (response.status_code, list(response.json()["errors"])) == (400, [name])
    assert not Rating.objects.exists()


def test_true_is_no_category(rater, rater_client, address):
    Study.objects.filter(pk=rater.study_id).update(methodology="dsis")
    cache.clear()  # the trial is remembered with the methodology that it was handed out with
    response = rater_client.post(address, '{"score": true}', content_type="application/json")
    assert (response.status_code, list(response.json()["errors"])) == (400, ["score"])


def test_true_is_no_ratio_of_pixels_and_is_left_out(rater_client, address):
    text = json.dumps(ANSWER | {"device_pixel_ratio": True})
    assert rater_client.post(address, text, content_type="application/json").status_code == 201
    assert Rating.objects.get().device_pixel_ratio is None


def sent_with(client: Client, address: str, mark: str) -> int:
    """The status that an answer gets which names its rater by a mark."""
    text = json.dumps(ANSWER)
    return client.post(address, text, content_type="application/json", headers={"X-Rater": mark}).status_code


def test_an_answer_with_its_raters_mark_is_stored_whoever_the_cookie_names(rater, join, stranger, address):
    stranger.cookies["rater"] = join().token
    assert sent_with(stranger, address, mark_of(rater)) == 201
    assert Rating.objects.get().trial.session.rater == rater


def test_an_answer_with_another_raters_mark_is_nobodys(rater, join, stranger, address):
    for mark in (mark_of(join().rater), "", "0" * 32, "é" * 32, mark_of(rater)[:-1]):
        assert sent_with(stranger, address, mark) == 404
    assert not Rating.objects.exists()


def test_a_mark_leads_to_the_trials_of_its_own_study_alone(rater, stranger, address, invite):
    assert sent_with(stranger, address.replace(invite, "/s/another/"), mark_of(rater)) == 404


def test_the_mark_tells_neither_the_cookie_nor_what_the_database_keeps_of_it(rater, rater_client):
    mark = mark_of(rater)
    assert mark not in rater.token_hash
    assert mark not in rater_client.cookies["rater"].value


def test_an_answer_that_comes_too_early_is_told_from_one_that_comes_twice(rater, rater_client, address):
    second = address.replace(
        Trial.objects.get(session__rater=rater, position=1).token,
        Trial.objects.get(session__rater=rater, position=2).token,
    )
    early = rater_client.post(second, json.dumps(ANSWER), content_type="application/json")
    rater_client.post(address, json.dumps(ANSWER), content_type="application/json")
    again = rater_client.post(
        address, json.dumps(ANSWER | {"left_score": 1}), content_type="application/json"
    )
    assert (early.status_code, early.json()["reason"]) == (409, "not-shown")
    assert (again.status_code, again.json()["reason"]) == (409, "rated-before")
