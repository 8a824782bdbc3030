"""The questionnaire: coarse answers, each of which may be withheld, and a study's own questions."""

import pytest
from django.http import QueryDict

from ratings import invites
from ratings.flow import STEPS
from tests.ratings.flow.conftest import stored

ANSWERS = {"age_band": "25-34", "glasses": "glasses", "expertise": "none"}
QUESTIONS = [
    {"name": "age_band", "text": "Which screen?", "choices": ["A laptop's", "A monitor"]},
    {"name": "room", "text": "What is your room like?"},
]


def test_the_answers_are_stored(send, person):
    response = send("questionnaire", **ANSWERS)
    assert response.status_code == 302
    assert stored(person, "questionnaire") == ANSWERS | {"own": {}}


@pytest.mark.parametrize("name", ANSWERS)
def test_every_answer_may_be_withheld(send, person, name):
    send("questionnaire", **ANSWERS | {name: "not_said"})
    assert stored(person, "questionnaire") == ANSWERS | {name: "not_said", "own": {}}


@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.parametrize("answer", ["", "12", "Glasses"])
def test_an_answer_that_is_no_choice_is_refused(send, person, name, answer):
    response = send("questionnaire", **ANSWERS | {name: answer})
    assert response.status_code == 400
    assert "Please choose an answer to" in response.content.decode()
    assert stored(person, "questionnaire") is None


def test_a_refused_form_comes_back_as_it_was_filled_in(send):
    page = send("questionnaire", age_band="25-34", glasses="glasses").content.decode()
    assert 'name="age_band" value="25-34" required checked' in page
    assert page.count(" checked") == 2


def test_own_questions_are_answered_by_choice_or_in_words(client, make_careful):
    study = make_careful(questions=QUESTIONS)
    address = f"{invites.invite_path(study)}steps/questionnaire"
    client.post(address, ANSWERS | {"own_age_band": "1", "own_room": " dim\r\nand quiet "})
    # A question of the study's own may have the name of one of ours.
    own = {"age_band": "A monitor", "room": "dim\nand quiet"}
    assert stored(study.raters.get(), "questionnaire") == ANSWERS | {"own": own}


def test_own_questions_may_be_left_unanswered(client, make_careful):
    study = make_careful(questions=QUESTIONS)
    address = f"{invites.invite_path(study)}steps/questionnaire"
    client.post(address, ANSWERS | {"own_age_band": "not_said"})
    assert stored(study.raters.get(), "questionnaire") == ANSWERS | {"own": {"age_band": "", "room": ""}}


@pytest.mark.parametrize("answer", ["", "2", "-1", "A monitor"])
def test_a_choice_that_an_own_question_has_not_is_refused(client, make_careful, answer):
    study = make_careful(questions=QUESTIONS)
    address = f"{invites.invite_path(study)}steps/questionnaire"
    response = client.post(address, ANSWERS | {"own_age_band": answer})
    assert response.status_code == 400
    assert "Please choose an answer to “Which screen?”" in response.content.decode()


def test_500_characters_are_the_most(make_careful):
    study = make_careful(questions=QUESTIONS)
    rater, form = study.raters.get(), QueryDict(mutable=True)
    form.update(ANSWERS | {"own_age_band": "0", "own_room": "a\r\n" * 250})
    # 250 letters and, as a browser counts them, 249 ends of lines between them.
    assert len(STEPS["questionnaire"].read(form, rater)["own"]["room"]) == 499
    form["own_room"] = "a" * 501
    with pytest.raises(ValueError, match="A text has 501 characters; 500 are the most"):
        STEPS["questionnaire"].read(form, rater)
