"""Steps come in their order, each once and only where a study has it."""

from typing import Any

import pytest

from ratings import invites
from ratings.asked import AskedTrial
from ratings.flow import AFTER, BEFORE, STEPS
from ratings.flow.base import seed_of
from ratings.services import sessions, showing, studies
from ratings.services.ratings import Answer, Circumstances, record_rating
from ratings.services.sessions import record_step
from tests.conftest import agreement
from tests.ratings.flow.conftest import stored

ORDER = ["questionnaire", "display_check", "ruler", "acuity", "colour_vision"]
RULER = {"px_per_mm": 4.0, "distance_mm": 600.0}


def test_a_rater_is_sent_from_step_to_step_and_then_to_the_instructions(client, careful, person):
    link = invites.invite_path(careful)
    assert [step.name for step in BEFORE] == ORDER
    for name in ORDER:
        assert client.get(f"{link}start").headers["Location"] == f"{link}steps/{name}"
        record_step(person, name, RULER)
    assert client.get(f"{link}start").headers["Location"] == f"{link}instructions"


def test_feedback_comes_after_the_last_picture(client, careful, person):
    link = invites.invite_path(careful)
    for name in ORDER:
        record_step(person, name, RULER)
    sessions.mark_instructed(person)
    trials = list(person.sessions.get().trials.order_by("position"))
    showing.mark_shown(trials)
    for trial in trials:
        trial.refresh_from_db()
        answer = Answer({"left_score": 60, "right_score": 50}, Circumstances(duration_ms=900))
        record_rating(trial=AskedTrial.of(trial), answer=answer)
    assert [step.name for step in AFTER] == ["feedback"]
    assert client.get(f"{link}start").headers["Location"] == f"{link}steps/feedback"
    sent = client.post(f"{link}steps/feedback", {"text": "All was well."})
    assert sent.headers["Location"] == f"{link}done"


@pytest.mark.parametrize("name", STEPS)
def test_a_study_without_a_step_has_no_page_of_it(rater_client, invite, name):
    assert rater_client.get(f"{invite}steps/{name}").status_code == 404
    assert rater_client.post(f"{invite}steps/{name}").status_code == 404


@pytest.mark.parametrize("name", STEPS)
def test_every_step_has_a_page_before_and_after_the_ruler(client, careful, person, name):
    link = invites.invite_path(careful)
    assert client.get(f"{link}steps/{name}").status_code == 200
    if name != "ruler":
        record_step(person, "ruler", RULER)
    page = client.get(f"{link}steps/{name}")
    assert page.status_code == 200
    assert "no-store" in page.headers["Cache-Control"]


@pytest.mark.parametrize("name", STEPS)
def test_a_stranger_is_sent_from_a_step_to_the_door(stranger, careful, name):
    link = invites.invite_path(careful)
    assert stranger.get(f"{link}steps/{name}").headers["Location"] == link
    assert stranger.post(f"{link}steps/{name}").headers["Location"] == link


@pytest.mark.parametrize("name", ["display_check", "ruler", "acuity"])
def test_a_step_that_needs_scripts_says_so_to_browsers_without_them(client, careful, person, name):
    if name == "acuity":
        record_step(person, "ruler", RULER)
    page = client.get(f"{invites.invite_path(careful)}steps/{name}").content.decode()
    assert '<noscript><p class="problem">This page needs JavaScript' in page


def test_a_step_is_taken_once(send, person, careful, client):
    send("feedback", text="first")
    assert send("feedback", text="second").status_code == 302
    assert stored(person, "feedback") == {"text": "first"}
    assert client.get(f"{invites.invite_path(careful)}steps/feedback").status_code == 302


def test_a_closed_study_asks_nothing_more_of_who_has_not_begun(send, person, careful, client):
    studies.close_study(careful)
    response = send("questionnaire", age_band="25-34", glasses="none", expertise="none")
    assert response.status_code == 410
    assert stored(person, "questionnaire") is None
    assert client.get(f"{invites.invite_path(careful)}instructions").status_code == 410


@pytest.mark.parametrize(("step", "count"), [("display_check", 2), ("colour_vision", 6), ("acuity", 15)])
def test_a_step_has_so_many_pictures_and_no_more(client, careful, person, step, count):
    record_step(person, "ruler", RULER)
    link = invites.invite_path(careful)
    for number in range(1, count + 1):
        response = client.get(f"{link}checks/{step}/{number}.png")
        assert response.headers["Content-Type"] == "image/png"
        assert response.content.startswith(b"\x89PNG")
        # The next rater in the same browser finds another picture at the same address.
        assert response.headers["Cache-Control"] == "private, no-store"
    for number in (0, count + 1):
        assert client.get(f"{link}checks/{step}/{number}.png").status_code == 404


@pytest.mark.parametrize("address", ["checks/feedback/1.png", "checks/nothing/1.png", "checks/acuity/1.png"])
def test_there_is_no_picture_where_a_step_has_none(client, careful, address):
    assert client.get(f"{invites.invite_path(careful)}{address}").status_code == 404


def test_a_study_without_a_step_has_no_picture_of_it(rater_client, invite):
    assert rater_client.get(f"{invite}checks/colour_vision/1.png").status_code == 404


def test_pictures_are_drawn_for_each_rater_anew(client, careful, person):
    other = sessions.join_study(careful, **_joining(careful)).rater
    assert seed_of(person, "colour_vision") == seed_of(person, "colour_vision")
    assert seed_of(person, "colour_vision") != seed_of(other, "colour_vision")
    assert seed_of(person, "colour_vision") != seed_of(person, "acuity")


def _joining(study) -> dict[str, Any]:
    form = agreement(study)
    return {"consent_version": form["consent_version"], "nonce": form["nonce"]}


def test_the_consent_names_what_each_step_asks_for(careful, stranger):
    page = stranger.get(invites.invite_path(careful)).content.decode()
    for step in STEPS.values():
        assert str(step.asks) in page.replace("&#x27;", "'")


def test_the_consent_of_a_study_without_steps_names_none(stranger, invite):
    assert "On the way you are also asked" not in stranger.get(invite).content.decode()
