"""Joining a study and the playlist that is stored with it."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from django.db import IntegrityError, connection, transaction

from distillation.models import Output
from ratings.models import Rater, Study, Trial
from ratings.services import playlists, sessions, studies
from srstudy.errors import Refused
from tests.conftest import agreement


def test_opening_the_link_stores_nobody(stranger, study, invite):
    response = stranger.get(invite)
    assert response.status_code == 200
    assert study.raters.count() == 0


def test_agreeing_without_the_tick_stores_nobody(stranger, study, invite):
    response = stranger.post(invite, agreement(study) | {"agree": ""})
    assert response.status_code == 400
    assert study.raters.count() == 0


def test_agreeing_to_an_older_consent_text_is_refused(stranger, study, invite):
    response = stranger.post(invite, agreement(study) | {"consent_version": "an older one"})
    assert response.status_code == 409
    assert study.raters.count() == 0


def test_joining_stores_consent_and_every_stimulus_once(rater, study):
    assert rater.consent_version == study.consent_version
    assert rater.consented_at is not None
    shown = Trial.objects.filter(session__rater=rater).values_list("stimulus_id", flat=True)
    assert sorted(shown) == sorted(study.stimuli.values_list("pk", flat=True))


def test_no_image_comes_twice_in_a_row(join, study):
    for _ in range(6):
        trials = join().rater.sessions.get().trials.order_by("position")
        images = [trial.stimulus.image for trial in trials]
        assert all(first != second for first, second in pairwise(images))


def test_two_raters_see_different_orders(join):
    orders = {
        tuple(join().rater.sessions.get().trials.order_by("position").values_list("stimulus_id", flat=True))
        for _ in range(6)
    }
    assert len(orders) > 1


def test_the_reference_is_left_as_often_as_right_for_each_rater_and_each_stimulus(join, study):
    for _ in range(4):
        trials = join().rater.sessions.get().trials
        assert trials.filter(reference_side="left").count() == trials.filter(reference_side="right").count()
    for stimulus in study.stimuli.all():
        assert stimulus.trials.filter(reference_side="left").count() == 2


def test_a_playlist_can_be_made_again_from_what_is_stored(rater, study):
    stored = rater.sessions.get().trials.order_by("position").values_list("stimulus_id", "reference_side")
    again = playlists.playlist_for(study, rater.slot)
    assert list(stored) == [(entry.stimulus_id, item.reference_side) for entry, item in again.trials]


def test_raters_are_known_by_pseudonyms_in_order(join):
    assert [join().rater.pseudonym for _ in range(3)] == ["R0001", "R0002", "R0003"]


def test_the_token_of_a_rater_is_not_stored(join):
    joined = join()
    row = Rater.objects.filter(pk=joined.rater.pk).values().get()
    assert joined.token not in str(row)


def test_a_closed_study_takes_nobody(stranger, study, invite):
    studies.close_study(study)
    response = stranger.post(invite, agreement(study))
    assert response.status_code == 410
    assert study.raters.count() == 0


def test_a_draft_cannot_be_reached(stranger, make_outputs):
    from ratings import invites

    draft = studies.create_study(slug="draft", title="Draft", outputs=make_outputs(), seed=1)
    assert stranger.get(invites.invite_path(draft)).status_code == 404


def test_a_mistyped_invite_gets_a_plain_page(stranger, study, invite):
    response = stranger.get(invite[:-2] + ("y/" if invite[-2] == "x" else "x/"))
    assert response.status_code == 404
    assert b"does not lead to a study" in response.content


def test_a_number_taken_in_the_same_moment_is_tried_again(join, monkeypatch):
    real, calls = sessions.add_rater, []

    def once_too_late(study, **fields):
        calls.append(1)
        if len(calls) == 1:
            raise IntegrityError("somebody has this number")
        return real(study, **fields)

    monkeypatch.setattr(sessions, "add_rater", once_too_late)
    joined = join()
    assert joined.rater.pseudonym == "R0001"
    assert len(calls) == 2


@pytest.mark.django_db(transaction=True)
def test_raters_who_join_at_once_get_different_numbers(join):
    def join_once(_: int) -> str:
        try:
            return join().rater.pseudonym
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        names = list(pool.map(join_once, range(12)))
    assert sorted(names) == [f"R{number:04d}" for number in range(1, 13)]


@pytest.mark.parametrize("source", ["browser", "tryout"])
def test_a_person_without_consent_is_refused_by_the_database(study, source):
    with pytest.raises(IntegrityError), transaction.atomic():
        Rater.objects.create(study=study, source=source, number=9, pseudonym="X0009")


def test_an_unopened_study_lets_nobody_join(make_outputs):
    draft = studies.create_study(slug="draft", title="Draft", outputs=make_outputs(), seed=1)
    with pytest.raises(sessions.StudyNotOpen):
        sessions.join_study(draft, consent_version=draft.consent_version, nonce=sessions.new_nonce())
    assert Study.objects.get().raters.count() == 0


def test_the_number_of_tries_is_bounded(join, monkeypatch):
    def never(study, **fields):
        raise IntegrityError("always taken")

    monkeypatch.setattr(sessions, "add_rater", never)
    with pytest.raises(Refused, match="Too many people"):
        join()


def test_a_double_click_on_begin_makes_one_rater(stranger, study, invite):
    form = agreement(study)
    first = stranger.post(invite, form)
    stranger.cookies.clear()  # the browser sent the second click before it had the first answer
    second = stranger.post(invite, form)
    assert study.raters.count() == 1
    assert second.status_code == 302
    assert second.cookies["rater"].value == first.cookies["rater"].value


@pytest.mark.django_db(transaction=True)
def test_the_same_form_six_times_at_once_makes_one_rater(study):
    nonce = sessions.new_nonce()

    def join_once(_: int) -> tuple[str, str]:
        try:
            joined = sessions.join_study(study, consent_version=study.consent_version, nonce=nonce)
            return joined.rater.pseudonym, joined.token
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(join_once, range(6)))) == 1
    assert study.raters.count() == 1


def test_every_loading_of_the_form_is_another_persons(stranger, study, invite):
    forms = [re.search(r'name="nonce" value="([^"]+)"', stranger.get(invite).content.decode()) for _ in "ab"]
    nonces = {form[1] for form in forms}
    for nonce in nonces:
        stranger.post(invite, agreement(study) | {"nonce": nonce})
        stranger.cookies.clear()
    assert study.raters.count() == 2


def test_the_form_of_another_study_gives_another_token(study):
    other = studies.create_study(slug="other", title="Other", outputs=study_outputs(study), seed=1)
    studies.open_study(other)
    nonce = sessions.new_nonce()
    tokens = {
        sessions.join_study(one, consent_version=one.consent_version, nonce=nonce).token
        for one in (study, other)
    }
    assert len(tokens) == 2


def study_outputs(study: Study) -> list[Output]:
    """The outputs that a study's stimuli were made of."""
    return list(Output.objects.filter(stimuli__study=study))


@pytest.mark.parametrize("nonce", ["", "short", "x" * 33, "é" * 32, "x" * 31 + " "])
def test_a_form_without_its_nonce_stores_nobody_and_asks_to_reload(stranger, study, invite, nonce):
    response = stranger.post(invite, agreement(study) | {"nonce": nonce})
    assert response.status_code == 400
    assert b"Please reload" in response.content
    assert study.raters.count() == 0


def test_a_browser_without_cookies_is_told_so_and_not_sent_in_circles(stranger, study, invite):
    joined = stranger.post(invite, agreement(study))
    stranger.cookies.clear()
    response = stranger.get(joined["Location"])
    assert response.status_code == 400
    assert b"This study needs cookies" in response.content


def test_a_browser_with_cookies_goes_from_the_form_to_the_instructions(stranger, study, invite):
    response = stranger.post(invite, agreement(study), follow=True)
    assert response.status_code == 200
    assert b"What we ask of you" in response.content


@pytest.mark.django_db(transaction=True)
def test_nobody_joins_after_the_study_has_closed(study, join):
    behind = join_while_closing(study, join)
    assert (study.raters.count(), behind) == (0, "StudyNotOpen")


def join_while_closing(study: Study, join) -> str:
    """Begin to join while the study is being closed; answers what came of it."""

    def try_to_join() -> str:
        try:
            return join().rater.pseudonym
        except sessions.StudyNotOpen as refused:
            return type(refused).__name__
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            studies.close_study(study)
            joining = pool.submit(try_to_join)
            time.sleep(0.3)  # time to get past a check that does not wait
        return joining.result()
