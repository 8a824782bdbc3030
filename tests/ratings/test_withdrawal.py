"""A rater who withdraws takes along what they gave, or what says whose it is."""

import io
import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import Client

from ratings import queries
from ratings.asked import AskedTrial
from ratings.models import FreedSlot, Rater, Rating, Session, StepResult, Study, Trial
from ratings.services import ratings, sessions, showing, slots, studies, withdrawal
from srstudy.errors import Refused
from tests.conftest import agreement
from tests.ratings.languages import LANGUAGES
from tests.ratings.test_rater_pages import ANSWER, answer_all_but, first_upcoming

RECRUITED = {"PROLIFIC_PID": "5f0c1a", "workerId": "A1B2"}


@pytest.fixture
def deleting(study, rater) -> Rater:
    """A rater with two ratings, a step and everything that says who they are."""
    sessions.record_step(rater, "questionnaire", {"age_band": "30-39"})
    Rater.objects.filter(pk=rater.pk).update(recruited=RECRUITED, language="en")
    answer_all_but(rater, 4)
    rater.refresh_from_db()
    return rater


@pytest.fixture
def keeping(deleting, study) -> Rater:
    """The same in a study that keeps the ratings of those who withdraw."""
    Study.objects.filter(pk=study.pk).update(options={"withdrawal": "anonymise"})
    return Rater.objects.get(pk=deleting.pk)


def withdraw_command(*arguments: str) -> str:
    """Run `withdraw`; answers what it printed."""
    out = io.StringIO()
    call_command("withdraw", *arguments, stdout=out)
    return out.getvalue()


def refusal(*arguments: str) -> str:
    """Run `withdraw` with a wrong request; answers the sentence."""
    with pytest.raises(CommandError) as caught:
        withdraw_command(*arguments)
    assert caught.value.returncode == 2
    return str(caught.value)


def test_deleting_leaves_a_row_that_names_nobody(deleting, study):
    withdrawal.withdraw_rater(deleting)
    left = study.raters.values().get()
    assert left["withdrawn_at"] is not None
    assert (left["token_hash"], left["recruited"], left["completion_code"], left["language"]) == (
        None,
        {},
        "",
        "",
    )
    for model in (Session, Trial, Rating, StepResult):
        assert not model.objects.exists()


def test_deleting_takes_nothing_of_others(deleting, join):
    other = join().rater
    answer_all_but(other, 3)
    sessions.record_step(other, "questionnaire", {})
    withdrawal.withdraw_rater(deleting)
    assert Rating.objects.filter(trial__session__rater=other).count() == 3
    assert other.steps.count() == 1


def test_keeping_leaves_the_ratings_and_nothing_that_says_whose_they_are(keeping, study):
    withdrawal.withdraw_rater(keeping)
    left = study.raters.values().get()
    assert (left["token_hash"], left["recruited"], left["completion_code"]) == (None, {}, "")
    assert Rating.objects.count() == 2
    assert not StepResult.objects.exists()


@pytest.mark.parametrize("rated", ["some", "all"])
def test_the_place_of_who_deletes_goes_to_the_next(deleting, join, rated):
    answer_rest(deleting) if rated == "all" else None
    withdrawal.withdraw_rater(deleting)
    assert join().rater.slot == deleting.slot


def answer_rest(rater: Rater) -> None:
    """Rate what a rater has left."""
    for trial in rater.sessions.get().trials.filter(rating__isnull=True).order_by("position"):
        showing.mark_shown([trial])
        ratings.record_rating(trial=AskedTrial.of(Trial.objects.get(pk=trial.pk)), answer=ANSWER)


def test_the_place_of_who_leaves_half_of_the_ratings_goes_to_the_next(keeping, join):
    withdrawal.withdraw_rater(keeping)
    assert join().rater.slot == keeping.slot


def test_the_place_of_who_leaves_all_ratings_stays_taken(keeping, join):
    answer_rest(keeping)
    withdrawal.withdraw_rater(keeping)
    assert join().rater.slot == keeping.slot + 1


def test_the_place_of_who_was_dropped_before_is_not_given_up_twice(deleting, join):
    slots.drop_rater(deleting)
    assert join().rater.slot == deleting.slot
    withdrawal.withdraw_rater(deleting)
    assert not FreedSlot.objects.exists()
    assert join().rater.slot == deleting.slot + 1


def test_withdrawing_again_does_nothing(deleting):
    assert [withdrawal.withdraw_rater(deleting) for _ in range(2)] == [True, False]


def test_a_withdrawal_that_fails_half_way_changes_nothing(deleting, monkeypatch):
    def fails(rater):
        raise RuntimeError("the power went")

    monkeypatch.setattr(withdrawal, "drop_rater", fails)
    with pytest.raises(RuntimeError):
        withdrawal.withdraw_rater(deleting)
    deleting.refresh_from_db()
    assert deleting.withdrawn_at is None
    assert deleting.token_hash
    assert StepResult.objects.exists()


def test_a_number_is_not_given_again_after_a_withdrawal(deleting, join):
    withdrawal.withdraw_rater(deleting)
    assert join().rater.pseudonym == "R0002"


# The page


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("page", ["instructions?again", "trial", "elsewhere", "done"])
def test_every_page_of_a_rater_leads_to_the_withdrawal(rater_client, rater, invite, page, language):
    if page == "done":
        answer_all_but(rater, 0)
    response = rater_client.get(f"{invite}{page}", headers={"accept-language": language})
    assert response.status_code == 200
    assert f'<footer class="foot"><a href="{invite}withdraw">' in response.content.decode()


def test_the_link_to_the_withdrawal_stands_on_the_page_of_a_closed_study_and_of_a_dropped_rater(
    rater_client, rater, study, invite
):
    studies.close_study(study)
    assert f"{invite}withdraw" in rater_client.get(f"{invite}trial").content.decode()
    slots.drop_rater(rater)
    assert f"{invite}withdraw" in rater_client.get(f"{invite}trial").content.decode()


def test_who_has_not_agreed_reads_of_no_withdrawal_link(stranger, invite):
    assert f"{invite}withdraw" not in stranger.get(invite).content.decode()


@pytest.mark.parametrize("choice", ["delete", "anonymise"])
def test_the_page_says_what_will_happen_and_changes_nothing(rater_client, rater, study, invite, choice):
    Study.objects.filter(pk=study.pk).update(options={"withdrawal": choice})
    page = rater_client.get(f"{invite}withdraw").content
    assert (b"Everything that you gave will be deleted" in page) == (choice == "delete")
    assert (b"Your ratings will be kept without anything" in page) == (choice == "anonymise")
    rater.refresh_from_db()
    assert rater.withdrawn_at is None


def test_confirming_withdraws_and_forgets_the_rater(rater_client, deleting, invite):
    response = rater_client.post(f"{invite}withdraw")
    assert response.status_code == 200
    assert b"You have withdrawn" in response.content
    cookie = response.cookies["rater"]
    assert (cookie.value, cookie["path"], cookie["max-age"]) == ("", invite, 0)
    deleting.refresh_from_db()
    assert deleting.withdrawn_at is not None
    assert rater_client.get(f"{invite}trial").headers["Location"] == invite


@pytest.mark.parametrize("state", ["closed", "dropped", "done", "revoked"])
def test_withdrawing_is_possible_whatever_became_of_the_study(rater_client, deleting, study, invite, state):
    if state == "closed":
        studies.close_study(study)
    if state == "dropped":
        slots.drop_rater(deleting)
    if state == "done":
        answer_rest(deleting)
    if state == "revoked":
        studies.revoke_invite(study.invites.get())
    assert rater_client.post(f"{invite}withdraw").status_code == 200
    assert not Rating.objects.exists()


def test_another_site_cannot_withdraw_a_rater(rater, rater_client, invite):
    strict = Client(enforce_csrf_checks=True)
    strict.cookies["rater"] = rater_client.cookies["rater"].value
    assert strict.post(f"{invite}withdraw").status_code == 403
    rater.refresh_from_db()
    assert rater.withdrawn_at is None


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("method", ["get", "post"])
def test_who_is_no_rater_here_is_told_that_there_is_nothing_to_withdraw(stranger, invite, method, language):
    response = getattr(stranger, method)(f"{invite}withdraw", headers={"accept-language": language})
    assert (response.status_code, response["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert f'<html lang="{language}"' in response.content.decode()
    assert (b"Nothing to withdraw here" in response.content) == (language == "en")


def test_a_try_out_withdraws_like_anybody(staff_client, study, invite):
    staff_client.post(invite, agreement(study))
    assert staff_client.post(f"{invite}withdraw").status_code == 200
    assert study.raters.get().withdrawn_at is not None


# What arrives afterwards


@pytest.mark.parametrize("choice", ["delete", "anonymise"])
def test_an_answer_that_waited_in_the_browser_is_not_found_and_not_stored(
    rater_client, rater, study, invite, choice
):
    Study.objects.filter(pk=study.pk).update(options={"withdrawal": choice})
    address = f"{invite}trials/{first_upcoming(rater_client, invite)['token']}/answer"
    token = rater_client.cookies["rater"].value
    rater_client.post(f"{invite}withdraw")
    rater_client.cookies["rater"] = token  # sent before the browser had forgotten it
    body = json.dumps({"left_score": 60, "right_score": 50, "duration_ms": 900})
    late = rater_client.post(address, body, content_type="application/json")
    assert (late.status_code, late["Content-Type"]) == (404, "application/problem+json")
    assert not Rating.objects.exists()
    assert rater_client.get(f"{invite}upcoming").status_code == 404
    assert rater_client.get(f"{invite}trial").headers["Location"] == invite


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("option", ["delete", "anonymise"])
def test_an_answer_on_its_way_when_its_rater_withdraws_is_refused(study, join, option):
    Study.objects.filter(pk=study.pk).update(options={"withdrawal": option})
    rater = Rater.objects.get(pk=join().rater.pk)
    showing.mark_shown(list(rater.sessions.get().trials.all()))
    first = AskedTrial.of(
        Trial.objects.select_related("session__rater__study").get(session__rater=rater, position=1)
    )

    def answer() -> str:
        try:
            ratings.record_rating(trial=first, answer=ANSWER)
        except ratings.TrialGone:
            return "gone"
        finally:
            connection.close()
        return "stored"

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            withdrawal.withdraw_rater(rater)
            answering = pool.submit(answer)
            time.sleep(0.3)  # time to get past a check that does not wait
        assert answering.result() == "gone"
    assert not Rating.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("option", ["delete", "anonymise"])
def test_withdrawing_waits_for_an_answer_that_is_being_stored(study, join, option):
    Study.objects.filter(pk=study.pk).update(options={"withdrawal": option})
    rater = Rater.objects.get(pk=join().rater.pk)
    showing.mark_shown(list(rater.sessions.get().trials.all()))
    first = AskedTrial.of(
        Trial.objects.select_related("session__rater__study").get(session__rater=rater, position=1)
    )

    def withdraw() -> bool:
        try:
            return withdrawal.withdraw_rater(rater)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            ratings.record_rating(trial=first, answer=ANSWER)
            withdrawing = pool.submit(withdraw)
            time.sleep(0.3)  # time to get past a check that does not wait
        assert withdrawing.result()
    names = Rating.objects.values_list("trial__session__rater__pseudonym", flat=True)
    assert [name[0] for name in names] == ([] if option == "delete" else ["W"])
    assert Trial.objects.exists() == (option == "anonymise")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("option", ["delete", "anonymise"])
def test_a_rater_who_withdraws_twice_at_once_is_withdrawn_once(study, join, option):
    Study.objects.filter(pk=study.pk).update(options={"withdrawal": option})
    rater = Rater.objects.select_related("study").get(pk=join().rater.pk)

    def withdraw(_: int) -> bool:
        try:
            return withdrawal.withdraw_rater(rater)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(withdraw, range(6))) == [False] * 5 + [True]
    assert FreedSlot.objects.count() == 1


# Numbers


def test_the_ratings_of_who_deleted_are_in_no_row(deleting, join, study):
    answer_all_but(join().rater, 3)
    withdrawal.withdraw_rater(deleting)
    assert {row[0] for row in queries.rating_rows(study)} == {"R0002"}


def test_the_ratings_of_who_left_them_are_counted(keeping, study):
    withdrawal.withdraw_rater(keeping)
    (name,) = {row[0] for row in queries.rating_rows(study)}
    assert name == study.raters.get().pseudonym != "R0001"
    assert queries.attendance(study).ratings == 2


# The command, for requests by mail


@pytest.mark.parametrize("name", ["R0001", "5f0c1a", "A1B2", "code"])
def test_the_command_finds_a_rater_by_what_they_know_of_themselves(deleting, name):
    known = deleting.completion_code if name == "code" else name
    assert "R0001 has withdrawn from two: everything they gave is deleted" in withdraw_command("two", known)
    assert not Rating.objects.exists()


def test_the_command_says_that_ratings_are_kept_where_they_are(keeping):
    assert "their ratings are kept" in withdraw_command("two", "R0001")


@pytest.mark.parametrize("name", ["R0009", "", " ", "SIM0001"])
def test_the_command_refuses_whom_it_does_not_find(deleting, study, join, name):
    Rater.objects.filter(pk=join().rater.pk).update(source="simulated", pseudonym="SIM0001")
    assert "has no rater" in refusal("two", name)
    assert not study.raters.filter(withdrawn_at__isnull=False).exists()


def test_the_command_refuses_an_id_that_two_raters_have(deleting, join):
    Rater.objects.filter(pk=join().rater.pk).update(recruited=RECRUITED)
    assert "R0001, R0002" in refusal("two", "5f0c1a")


def test_the_command_finds_nobody_who_has_withdrawn(deleting):
    withdraw_command("two", "R0001")
    assert "has no rater 'R0001'" in refusal("two", "R0001")


def test_a_step_on_its_way_is_not_stored_after_the_withdrawal(rater):
    withdrawal.withdraw_rater(rater)
    with pytest.raises(sessions.RaterGone):
        sessions.record_step(rater, "questionnaire", {"age_band": "25-34"})
    assert not StepResult.objects.exists()


def test_an_answer_on_its_way_is_not_stored_after_an_anonymous_withdrawal(rater, study):
    Study.objects.filter(pk=study.pk).update(options={"withdrawal": "anonymise"})
    trial = rater.sessions.get().trials.select_related("session__rater__study").get(position=1)
    showing.mark_shown([trial])
    trial.refresh_from_db()
    asked = AskedTrial.of(trial)
    withdrawal.withdraw_rater(Rater.objects.get(pk=rater.pk))
    answer = ratings.Answer({"left_score": 1, "right_score": 2})
    with pytest.raises(ratings.TrialGone):
        ratings.record_rating(trial=asked, answer=answer)
    assert not Rating.objects.exists()


@pytest.mark.parametrize("option", ["delete", "anonymise"])
def test_nothing_that_others_knew_leads_to_who_withdrew(rater, study, option):
    Study.objects.filter(pk=study.pk).update(options={"withdrawal": option})
    known = rater.pseudonym, rater.completion_code
    withdrawal.withdraw_rater(Rater.objects.get(pk=rater.pk))
    left = study.raters.get()
    assert left.pseudonym not in known
    assert (left.invite, left.language, left.recruited, left.completion_code) == (None, "", {}, "")
    assert (left.created_at.hour, left.created_at.minute, left.created_at.second) == (0, 0, 0)
    for name in known:
        with pytest.raises(Refused, match="has no rater"):
            withdrawal.find_rater(study, name)
