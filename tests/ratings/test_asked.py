"""A trial that was handed out is remembered for its answer: nothing is read, and nothing more is believed."""

import json

import pytest
from django.core.cache import cache
from django.test import Client

from ratings import invites, queries
from ratings.models import Rating, Study
from ratings.services import slots, studies, withdrawal
from ratings.views.access import COOKIE
from tests.ratings.test_rater_pages import first_upcoming

ANSWER = {"left_score": 60, "right_score": 50}


@pytest.fixture
def token(rater_client, invite) -> str:
    """The rater's first trial, as its page was told of it."""
    return first_upcoming(rater_client, invite)["token"]


@pytest.fixture
def post(rater_client, invite, token):
    """Send an answer to the first trial; says the status."""
    return lambda client=rater_client, link=invite: send(client, link, token)


def send(client: Client, link: str, token: str) -> int:
    """Send an answer; says the status."""
    address = f"{link}trials/{token}/answer"
    return client.post(address, json.dumps(ANSWER), content_type="application/json").status_code


def test_an_answer_to_a_trial_handed_out_costs_one_statement(post, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert post() == 201


def test_an_answer_is_stored_the_same_when_the_trial_was_forgotten(post, django_assert_num_queries):
    cache.clear()
    with django_assert_num_queries(2):
        assert post() == 201
    cache.clear()
    assert post() == 200


def test_what_is_remembered_is_what_the_database_says(rater, rater_client, invite, token):
    asked = [invite.split("/")[2], rater_client.cookies[COOKIE].value, token]
    remembered = queries.asked_trial(*asked)
    cache.clear()
    assert remembered == queries.asked_trial(*asked)
    assert remembered is not None
    assert (remembered.rater_id, remembered.position, remembered.is_shown) == (rater.pk, 1, True)


def with_cookie(cookie: str) -> Client:
    """A browser that names this rater whatever the link."""
    client = Client()
    client.cookies[COOKIE] = cookie
    return client


def test_another_raters_cookie_does_not_answer_a_remembered_trial(post, join):
    assert post(with_cookie(join().token)) == 404
    assert post(with_cookie("")) == 404
    assert not Rating.objects.exists()


def test_another_link_of_the_study_answers_it_as_well(post, study, rater_client):
    other = invites.path_of(studies.make_invite(study))
    assert post(with_cookie(rater_client.cookies[COOKIE].value), other) == 201
    assert post() == 200


def test_a_link_of_nothing_answers_no_remembered_trial(post):
    assert post(link="/s/nowhere/") == 404


@pytest.mark.parametrize("option", ["delete", "anonymise"])
@pytest.mark.parametrize("rated", [True, False])
def test_who_has_withdrawn_stores_nothing_and_is_told_nothing(post, rater, study, option, rated):
    Study.objects.filter(pk=study.pk).update(options={"withdrawal": option})
    if rated:
        post()
    before = Rating.objects.count()
    rater.refresh_from_db()
    withdrawal.withdraw_rater(rater)
    assert post() == 404
    assert Rating.objects.count() == (before if option == "anonymise" else 0)


def test_who_was_dropped_may_repeat_an_answer_and_give_no_new_one(post, rater, rater_client, invite):
    post()
    later = first_upcoming(rater_client, invite)["token"]
    slots.drop_rater(rater)
    assert post() == 200
    assert send(rater_client, invite, later) == 410


def test_a_closed_study_takes_no_answer_to_a_remembered_trial(post, study):
    studies.close_study(study)
    assert post() == 410
    assert not Rating.objects.exists()


def test_the_last_answer_ends_the_session_of_a_remembered_trial(rater, rater_client, invite):
    while given := rater_client.get(f"{invite}upcoming").json()["trials"]:
        assert send(rater_client, invite, given[0]["token"]) == 201
    assert rater.sessions.get().finished_at is not None
