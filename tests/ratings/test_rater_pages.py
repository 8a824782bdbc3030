"""The rater's pages lead through a study and tell nothing of what is compared."""

import json
import re
import struct
from typing import Any

import pytest
from django.db import OperationalError
from django.db.models import F, QuerySet
from django.http import HttpResponse
from django.test import Client

from ratings import queries
from ratings.asked import AskedTrial
from ratings.models import Rater, Stimulus, Trial
from ratings.services import sessions, showing, studies
from ratings.services.ratings import Answer, Circumstances, record_rating
from tests.conftest import agreement

ANSWER = Answer({"left_score": 60, "right_score": 50}, Circumstances(duration_ms=900))


def answer_all_but(rater: Rater, left: int) -> None:
    """Rate every trial but the last `left`."""
    trials = list(rater.sessions.get().trials.order_by("position"))
    showing.mark_shown(trials)
    for trial in trials[: len(trials) - left]:
        trial.refresh_from_db()
        record_rating(trial=AskedTrial.of(trial), answer=ANSWER)


def first_upcoming(client: Client, invite: str) -> dict[str, Any]:
    """The trial that is to be judged now, as the page is told of it."""
    return client.get(f"{invite}upcoming").json()["trials"][0]


def image_addresses(client: Client, invite: str) -> list[str]:
    """Where the pictures of the trial to be judged now lie."""
    return [picture["src"] for picture in first_upcoming(client, invite)["pictures"]]


def test_a_known_rater_is_taken_from_the_link_to_their_trial(rater_client, invite):
    response = rater_client.get(invite, follow=True)
    assert response.redirect_chain[-1][0] == f"{invite}trial"
    assert b"Pair 1 of 6" in response.content


def test_a_stranger_is_taken_from_a_trial_to_the_consent(stranger, invite):
    response = stranger.get(f"{invite}trial", follow=True)
    assert b"I agree to take part" in response.content


def test_the_instructions_come_before_the_first_pair(stranger, study, invite):
    stranger.post(invite, agreement(study))
    assert stranger.get(f"{invite}trial").headers["Location"] == f"{invite}instructions"


def test_another_day_resumes_at_the_first_pair_without_an_answer(rater_client, rater, invite):
    answer_all_but(rater, 4)
    assert b"Pair 3 of 6" in rater_client.get(invite, follow=True).content


def test_the_code_is_shown_after_the_last_pair_and_not_before(rater_client, rater, invite):
    answer_all_but(rater, 1)
    early = rater_client.get(f"{invite}done", follow=True)
    assert rater.completion_code.encode() not in early.content
    answer_all_but(rater, 0)
    assert rater.completion_code.encode() in rater_client.get(f"{invite}trial", follow=True).content


def test_a_rater_of_a_closed_study_is_told_so(rater_client, study, invite):
    studies.close_study(study)
    response = rater_client.get(f"{invite}trial")
    assert response.status_code == 410
    assert b"This study is closed" in response.content


def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(stranger, study, invite):
    response = stranger.post(invite, agreement(study))
    cookie = response.cookies["rater"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie["path"] == invite


FAR_AWAY = 7_000_000  # so that a primary key is not by chance some other number


def test_no_byte_that_a_rater_gets_names_a_method_a_file_a_side_or_a_row(stranger, study, invite):
    QuerySet(Stimulus).update(id=F("id") + FAR_AWAY)  # past the manager, which guards an open study
    received = [stranger.get(invite), stranger.post(invite, agreement(study))]
    Trial.objects.update(id=F("id") + FAR_AWAY)
    received += sit_through(stranger, invite)
    # Two of the door, two of the instructions, the page, what it is told and two images and an answer a
    # pair, two of the end.
    assert [response.status_code for response in received] == [
        *(200, 302, 200, 302, 200), *(200, 200, 200, 201) * 6, *(302, 200),
    ]  # fmt: skip

    words = {"reference", "psnr", "ssim", "dmos", *study.stimuli.values_list("method", flat=True)}
    words -= {"sharp"}  # a method of this study, and a word of its instructions
    names = {str(row.pk) for row in (*Stimulus.objects.all(), *Trial.objects.all())}
    for name in ("reference_file", "test_file", "reference_sha256", "test_sha256", "image"):
        names |= set(study.stimuli.values_list(name, flat=True))
    texts = [f"{response.headers} {response.cookies} {body_of(response)}".lower() for response in received]
    assert {name for name in names for text in texts if name in text} == set()
    # As words: among so many random letters of tokens four in a row may spell one.
    assert {word for word in words for text in texts if re.search(rf"\b{word}\b", text)} == set()
    pixels = [response.content for response in received if is_image(response)]
    assert {name for name in names for picture in pixels if name.encode() in picture} == set()


def sit_through(client: Client, invite: str) -> list[HttpResponse]:
    """Read the instructions and rate all pairs as the page does; answers every response."""
    received = [client.get(f"{invite}instructions"), client.post(f"{invite}instructions")]
    received.append(client.get(f"{invite}trial"))
    for _ in range(6):
        told = client.get(f"{invite}upcoming")
        trial = told.json()["trials"][0]
        images = [client.get(picture["src"]) for picture in trial["pictures"]]
        answer = {"left_score": 60, "right_score": 50, "duration_ms": 900}
        where = f"{invite}trials/{trial['token']}/answer"
        stored = client.post(where, json.dumps(answer), content_type="application/json")
        received += [told, *images, stored]
    return [*received, client.get(f"{invite}trial"), client.get(f"{invite}done")]


def is_image(response: HttpResponse) -> bool:
    """Whether the body is pixels, in which a short word turns up by chance."""
    return response["Content-Type"] == "image/png"


def body_of(response: HttpResponse) -> str:
    """What can be read in a response."""
    return "" if is_image(response) else response.content.decode()


def answer_next(rater: Rater) -> None:
    """Rate the first trial that has no rating."""
    trial = rater.sessions.get().trials.filter(rating__isnull=True).order_by("position")[0]
    record_rating(trial=AskedTrial.of(trial), answer=ANSWER)


def test_both_images_of_a_pair_come_with_equal_headers_and_length(rater_client, rater, invite):
    for _ in range(6):
        first, second = (rater_client.get(address) for address in image_addresses(rater_client, invite))
        assert dict(first.headers) == dict(second.headers)
        assert {"Vary", "Set-Cookie"} & set(first.headers) == set()
        assert not first.cookies
        assert not second.cookies
        assert len(first.content) == len(second.content)
        answer_next(rater)


def test_an_image_has_no_validator_no_name_and_may_be_kept_for_minutes_only(rater_client, invite):
    address = image_addresses(rater_client, invite)[0]
    response = rater_client.get(address)
    assert "ETag" not in response.headers
    assert "Last-Modified" not in response.headers
    assert response["Content-Disposition"] == 'inline; filename="image.png"'
    assert response["Cache-Control"] == "private, max-age=600"


def test_the_reference_has_another_address_in_every_trial(rater_client, rater, invite):
    addresses = []
    for _ in range(6):
        addresses += image_addresses(rater_client, invite)
        answer_next(rater)
    assert len(set(addresses)) == 12


def test_each_side_shows_its_own_file(rater_client, rater, invite, settings):
    addresses = image_addresses(rater_client, invite)
    trial = Trial.objects.get(session__rater=rater, position=1)
    stored = {
        "reference": (settings.MEDIA_ROOT / trial.stimulus.reference_file).read_bytes(),
        "test": (settings.MEDIA_ROOT / trial.stimulus.test_file).read_bytes(),
    }
    sides = ("reference", "test") if trial.reference_side == "left" else ("test", "reference")
    for address, side in zip(addresses, sides, strict=True):
        assert image_data(rater_client.get(address).content) == image_data(stored[side])


def image_data(png: bytes) -> bytes:
    """The compressed pixels of a PNG file."""
    found, at = b"", 8
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        if kind == b"IDAT":
            found += png[at + 8 : at + 8 + length]
        at += length + 12
    return found


def test_the_images_of_a_trial_not_yet_shown_cannot_be_fetched(rater_client, rater, invite):
    assert image_addresses(rater_client, invite)
    later = Trial.objects.get(session__rater=rater, position=2 + showing.AHEAD)
    assert rater_client.get(f"{invite}images/{later.left_token}").status_code == 404


def test_another_raters_images_cannot_be_fetched(rater_client, join, invite):
    theirs = join().rater.sessions.get().trials.first()
    showing.mark_shown([theirs])
    assert rater_client.get(f"{invite}images/{theirs.left_token}").status_code == 404


def test_pages_carry_a_policy_without_inline_scripts(rater_client, invite):
    policy = rater_client.get(f"{invite}trial")["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy


def test_stimuli_are_not_among_the_static_files(rater_client, study):
    stimulus = Stimulus.objects.first()
    for address in (f"/media/{stimulus.test_file}", f"/static/{stimulus.test_file}"):
        assert rater_client.get(address).status_code == 404


@pytest.mark.parametrize("page", ["", "instructions", "trial", "done"])
def test_no_page_of_a_rater_may_be_cached(rater_client, invite, page):
    assert "no-store" in rater_client.get(f"{invite}{page}")["Cache-Control"]


@pytest.mark.parametrize("page", ["", "instructions", "trial", "done", "images/x"])
def test_a_locked_database_makes_a_page_that_asks_to_come_again(rater_client, invite, monkeypatch, page):
    def locked(*_):
        raise OperationalError("database is locked")

    monkeypatch.setattr(queries, "rater_by_token", locked)
    response = rater_client.get(f"{invite}{page}")
    assert response.status_code == 503
    assert int(response["Retry-After"]) > 0
    assert b"Please reload in a few seconds" in response.content


def test_a_full_database_makes_agreeing_a_page_that_asks_to_come_again(stranger, study, invite, monkeypatch):
    def full(*_, **__):
        raise OperationalError("database or disk is full")

    monkeypatch.setattr(sessions, "add_rater", full)
    assert stranger.post(invite, agreement(study)).status_code == 503


def test_a_browser_without_cookies_is_told_what_is_needed(study, invite):
    from django.test import Client

    strict = Client(enforce_csrf_checks=True)
    response = strict.post(invite, {"agree": "yes", "consent_version": study.consent_version})
    assert response.status_code == 403
    assert b"This study needs cookies" in response.content
