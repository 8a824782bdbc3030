"""Joining a study and the playlist that is stored with it."""

from itertools import pairwise

import pytest
from django.db import IntegrityError, connection, transaction

from ratings.models import Rater, Study, Trial
from ratings.services import sessions, studies
from srstudy.errors import Refused


def test_opening_the_link_stores_nobody(stranger, study, invite):
    response = stranger.get(invite)
    assert response.status_code == 200
    assert study.raters.count() == 0


def test_agreeing_without_the_tick_stores_nobody(stranger, study, invite):
    response = stranger.post(invite, {"consent_version": study.consent_version})
    assert response.status_code == 400
    assert study.raters.count() == 0


def test_agreeing_to_an_older_consent_text_is_refused(stranger, study, invite):
    response = stranger.post(invite, {"agree": "yes", "consent_version": "an older one"})
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
    again = studies.playlist_for(study, rater.number - 1)
    assert list(stored) == [(item.stimulus_id, item.reference_side) for item in again]


def test_raters_are_known_by_pseudonyms_in_order(join):
    assert [join().rater.pseudonym for _ in range(3)] == ["R0001", "R0002", "R0003"]


def test_the_token_of_a_rater_is_not_stored(join):
    joined = join()
    row = Rater.objects.filter(pk=joined.rater.pk).values().get()
    assert joined.token not in str(row)


def test_a_closed_study_takes_nobody(stranger, study, invite):
    studies.close_study(study)
    response = stranger.post(invite, {"agree": "yes", "consent_version": study.consent_version})
    assert response.status_code == 410
    assert study.raters.count() == 0


def test_a_draft_cannot_be_reached(stranger, make_outputs):
    from ratings import invites

    draft = studies.create_study(slug="draft", title="Draft", outputs=make_outputs(), seed=1)
    assert stranger.get(invites.invite_path(draft)).status_code == 404


def test_a_mistyped_invite_gets_a_plain_page(stranger, study, invite):
    response = stranger.get(invite[:-2] + "x/")
    assert response.status_code == 404
    assert b"does not lead to a study" in response.content


def test_a_number_taken_in_the_same_moment_is_tried_again(study, monkeypatch):
    real, calls = sessions.add_rater, []

    def once_too_late(study, **fields):
        calls.append(1)
        if len(calls) == 1:
            raise IntegrityError("somebody has this number")
        return real(study, **fields)

    monkeypatch.setattr(sessions, "add_rater", once_too_late)
    joined = sessions.join_study(study, consent_version=study.consent_version)
    assert joined.rater.pseudonym == "R0001"
    assert len(calls) == 2


@pytest.mark.django_db(transaction=True)
def test_raters_who_join_at_once_get_different_numbers(study):
    from concurrent.futures import ThreadPoolExecutor

    def join_once(_: int) -> str:
        try:
            return sessions.join_study(study, consent_version=study.consent_version).rater.pseudonym
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        names = list(pool.map(join_once, range(12)))
    assert sorted(names) == [f"R{number:04d}" for number in range(1, 13)]


def test_a_rater_in_the_browser_without_consent_is_refused_by_the_database(study):
    with pytest.raises(IntegrityError), transaction.atomic():
        Rater.objects.create(study=study, source="browser", number=9, pseudonym="R0009")


def test_an_unopened_study_lets_nobody_join(make_outputs):
    draft = studies.create_study(slug="draft", title="Draft", outputs=make_outputs(), seed=1)
    with pytest.raises(sessions.StudyNotOpen):
        sessions.join_study(draft, consent_version=draft.consent_version)
    assert Study.objects.get().raters.count() == 0


def test_the_number_of_tries_is_bounded(study, monkeypatch):
    def never(study, **fields):
        raise IntegrityError("always taken")

    monkeypatch.setattr(sessions, "add_rater", never)
    with pytest.raises(Refused, match="Too many people"):
        sessions.join_study(study, consent_version=study.consent_version)
