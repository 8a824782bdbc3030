"""A rater reads every page in one language: the study's, or else the one that their browser asks for."""

import json
import re
from typing import Any

import pytest
from django.db import OperationalError
from django.http import HttpResponse
from django.test import Client

from ratings import invites, queries
from ratings.flow import STEPS
from ratings.models import Rater, Study
from ratings.services import sessions, slots, studies
from ratings.texts import CONSENT
from tests.conftest import agreement
from tests.ratings.reading import HANGUL, Reading, english_in
from tests.ratings.test_rater_pages import first_upcoming

EVERYTHING: dict[str, Any] = {
    "training": 1,
    "dummies": 1,
    "repeats": 1,
    "degraded_traps": 1,
    "questionnaire": True,
    "questions": [{"name": "room", "text": "방이 어떻습니까?", "choices": ["밝음", "어두움"]}],
    "display_check": True,
    "ruler": True,
    "acuity": True,
    "colour_vision": True,
    "feedback": True,
    "examples": True,
    "break_every_trials": 2,
    "return_url": "https://example.org/done?code={code}",
}
METHODOLOGIES: dict[str, dict[str, Any]] = {
    "dscqs": {"display": "in_place", "reference_traps": 1},
    "dsis": {"display": "sequential", "sequence_seconds": 2, "withdrawal": "anonymise"},
    "acr_hr": {},
    "pc": {"display": "in_place", "ties": True, "reference_traps": 1},
}
ANSWERS = {
    "dscqs": {"left_score": 60, "right_score": 50},
    "dsis": {"score": 3},
    "acr_hr": {"score": 3},
    "pc": {"choice": "left"},
}
RULER = {"px_per_mm": 3.78, "distance_mm": 600.0}


@pytest.fixture
def korean() -> Client:
    """A browser that asks for Korean, as Chrome in Korea does."""
    return Client(headers={"accept-language": "ko-KR,ko;q=0.9,en-US;q=0.8,en;q=0.7"})


@pytest.fixture
def make_study(make_outputs):
    def make(methodology: str = "dscqs", **options: Any) -> Study:
        made = studies.create_study(
            slug="korean",
            title="화질 실험",
            outputs=make_outputs(),
            seed=7,
            methodology=methodology,
            options=options,
        )
        studies.open_study(made)
        return made

    return make


def join(client: Client, study: Study) -> Rater:
    client.post(invites.invite_path(study), agreement(study))
    return study.raters.get()


def walk(client: Client, study: Study) -> list[HttpResponse]:
    """Every page of a rater who sits through the study, each form sent empty before it is sent in full."""
    link = invites.invite_path(study)
    pages = [client.get(link), client.post(link, agreement(study) | {"agree": ""})]
    rater = join(client, study)
    for name in STEPS:
        pages += [client.get(f"{link}steps/{name}"), client.post(f"{link}steps/{name}")]
        sessions.record_step(rater, name, RULER if name == "ruler" else {})
    rater.steps.filter(step="feedback").delete()
    pages.append(client.get(f"{link}instructions"))
    client.post(f"{link}instructions")
    pages += rate_all(client, study)
    pages.append(client.get(f"{link}steps/feedback"))
    client.post(f"{link}steps/feedback", {"skip": "yes"})
    pages += [client.get(f"{link}{name}") for name in ("done", "elsewhere", "withdraw")]
    pages.append(client.get(pages[-2].context["link"]))
    pages.append(client.post(f"{link}withdraw"))
    return [page for page in pages if page.status_code != 302]


def rate_all(client: Client, study: Study) -> list[HttpResponse]:
    link = invites.invite_path(study)
    pages = []
    while (page := client.get(f"{link}start", follow=True)).resolver_match.view_name != "ratings:step":
        pages.append(page)
        if page.resolver_match.view_name == "ratings:pause":
            client.post(f"{link}pause")
            continue
        answer = json.dumps(ANSWERS[study.methodology] | {"duration_ms": 900})
        where = f"{link}trials/{page.context['upcoming']['trials'][0]['token']}/answer"
        assert client.post(where, answer, content_type="application/json").status_code == 201
    return pages


@pytest.mark.parametrize(
    "english",
    [
        "<p>Go on</p>",
        "<p>여기서 go 계속</p>",
        '<img alt="Picture">',
        '<script type="application/json">{"texts": [{"loading": "Loading"}]}</script>',
    ],
)
def test_english_between_the_korean_is_found(english):
    page = '<html lang="ko"><p id="first">첫 영상</p>{}<b>A</b> <i>12</i></html>'
    assert english_in(HttpResponse(page.format(""))) == []
    assert len(english_in(HttpResponse(page.format(english)))) == 1


@pytest.mark.parametrize("methodology", METHODOLOGIES)
def test_a_korean_reads_no_english_from_the_consent_to_the_withdrawal(korean, make_study, methodology):
    study = make_study(methodology, **EVERYTHING | METHODOLOGIES[methodology])
    pages = walk(korean, study)
    seen = {page.resolver_match.view_name.removeprefix("ratings:") for page in pages}
    assert seen == {
        *("consent", "step", "instructions", "trial", "pause", "done", "elsewhere", "withdraw", "go-on"),
    }
    for page in pages:
        rater, link = (page.context.get(name) for name in ("rater", "link"))
        code = rater.completion_code if rater else ""
        assert english_in(page, code, link or "") == [], page.request["PATH_INFO"]


def test_the_walk_meets_both_a_practice_and_a_test(korean, make_study):
    pages = walk(korean, make_study(**EVERYTHING))
    labels = [page.context["upcoming"]["trials"][0]["label"] for page in pages if "upcoming" in page.context]
    # Six pairs after one of practice, beside them a dummy, a repeat and a trap.
    assert labels[:2] == ["연습 1 / 1", "영상 쌍 1 / 9"]
    assert labels[-1] == "영상 쌍 9 / 9"


def test_a_rest_tells_its_time_as_koreans_write_it(korean, make_study):
    study = make_study(sitting_trials=1)
    rater = join(korean, study)
    sessions.mark_instructed(rater)
    link = invites.invite_path(study)
    trial = first_upcoming(korean, link)
    answer = json.dumps(ANSWERS["dscqs"] | {"duration_ms": 900})
    korean.post(f"{link}trials/{trial['token']}/answer", answer, content_type="application/json")
    page = korean.get(f"{link}pause")
    assert english_in(page) == []
    assert re.search(r"20\d\d-\d+-\d+ \d\d:\d\d\(UTC\)", page.content.decode())


def test_a_page_that_is_busy_is_in_korean(korean, study, invite, monkeypatch):
    def locked(token: str) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr(queries, "invite_by_token", locked)
    response = korean.get(invite)
    assert response.status_code == 503
    assert english_in(response) == []


@pytest.mark.parametrize("path", ["/s/nowhere/", "/s/nowhere/and/further", "{}go-on/x"])
def test_an_address_that_leads_nowhere_is_answered_in_korean(korean, invite, path):
    response = korean.get(path.format(invite))
    assert response.status_code == 404
    assert english_in(response) == []


def test_a_place_given_away_is_told_in_korean(korean, study, invite):
    slots.drop_rater(join(korean, study))
    assert english_in(korean.get(f"{invite}trial")) == []


@pytest.mark.parametrize("language", ["", "ko"])
def test_a_form_without_its_cookie_is_refused_in_the_language_of_the_form(make_study, language):
    study = make_study(language=language)
    browser = {} if language else {"accept-language": "ko"}
    strict = Client(enforce_csrf_checks=True, headers=browser)
    response = strict.post(invites.invite_path(study), agreement(study))
    assert response.status_code == 403
    assert english_in(response) == []


def language_at(client: Client, study: Study) -> str:
    """The language of the study's door."""
    page = Reading()
    page.feed(client.get(invites.invite_path(study)).content.decode())
    return page.language


@pytest.mark.parametrize(
    ("asked", "language"),
    [
        ("ko", "ko"),
        ("ko-KR", "ko"),
        ("en-GB,ko;q=0.5", "en"),
        ("fr", "en"),
        ("fr,ko;q=0.3", "ko"),
        ("", "en"),
    ],
)
def test_the_browser_is_answered_in_the_first_of_its_languages_that_there_is(study, asked, language):
    client = Client(headers={"accept-language": asked})
    assert language_at(client, study) == language
    assert join(client, study).language == language


@pytest.mark.parametrize(("option", "asked"), [("ko", "en"), ("en", "ko")])
def test_the_studys_language_wins_over_the_browsers_and_is_stored(make_study, option, asked):
    study = make_study(language=option)
    client = Client(headers={"accept-language": asked})
    assert language_at(client, study) == option
    assert join(client, study).language == option


def test_a_researchers_page_stays_english(staff_client, study):
    page = Reading()
    page.feed(staff_client.get("/", headers={"accept-language": "ko"}).content.decode())
    assert page.language == "en"
    assert not [piece for piece in page.pieces if HANGUL.search(piece)]


def test_a_consent_of_the_studys_own_is_shown_as_it_was_written(korean, study, invite):
    Study.objects.filter(pk=study.pk).update(consent_text="Judge these pictures, please.")
    assert b"Judge these pictures, please." in korean.get(invite).content


@pytest.mark.parametrize("new_line", ["\n", "\r\n"])
def test_our_own_consent_is_translated_also_after_it_went_through_a_form(korean, study, invite, new_line):
    Study.objects.filter(pk=study.pk).update(consent_text=CONSENT.replace("\n", new_line))
    assert english_in(korean.get(invite), study.title) == []


def refused(client: Client, where: str, **answer: Any) -> HttpResponse:
    sent = json.dumps({"duration_ms": 900} | answer)
    return client.post(where, sent, content_type="application/json")


def test_every_refusal_of_an_answer_is_in_korean(korean, study, invite):
    rater = join(korean, study)
    sessions.mark_instructed(rater)
    tokens = list(rater.sessions.get().trials.order_by("position").values_list("token", flat=True))
    first, second, last = (f"{invite}trials/{tokens[place]}/answer" for place in (0, 1, -1))
    good = ANSWERS["dscqs"]
    problems = [
        refused(korean, f"{invite}trials/nothing/answer", **good),
        refused(korean, last, **good),
        refused(korean, first, left_score=50),
        refused(korean, first, left_score=101, right_score="good"),
    ]
    korean.get(f"{invite}trial")
    assert refused(korean, first, **good).status_code == 201
    problems.append(refused(korean, first, left_score=1, right_score=2))
    studies.close_study(study)
    problems += [refused(korean, second, **good), korean.get(f"{invite}upcoming")]
    assert [problem.status_code for problem in problems] == [404, 409, 400, 400, 409, 410, 410]
    for problem in problems:
        told = problem.json()
        assert HANGUL.search(told["title"]), told
        assert HANGUL.search(told["detail"]), told
