"""A study and a link have as many people as they may have, however many come at once."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from ratings import invites
from ratings.models import Invite, Rater, Study, Trial
from ratings.services import sessions, slots, studies
from ratings.services.simulation import simulate_raters
from tests.conftest import agreement

AT_ONCE = 50


@pytest.fixture
def open_study(make_outputs):
    """Make and open a study of twelve stimuli with these options."""

    def make(**options: object) -> Study:
        made = studies.create_study(
            slug="quota", title="Quota", outputs=make_outputs(images=4), seed=3, options=options
        )
        studies.open_study(made)
        return made

    return make


def come_at_once(study: Study, people: int, links: list[Invite]) -> list[str]:
    """Let so many people join in the same moment, by these links in turn; answers what came of each."""
    wanted = [(links[number % len(links)], sessions.new_nonce()) for number in range(people)]

    def join_once(by: tuple[Invite, str]) -> str:
        invite, nonce = by
        try:
            joined = sessions.join_study(
                Study.objects.get(pk=study.pk),
                consent_version=study.consent_version,
                nonce=nonce,
                invite=invite,
            )
            return joined.rater.pseudonym
        except slots.NoPlaceLeft as refused:
            return type(refused).__name__
        finally:
            connection.close()

    with ThreadPoolExecutor(people) as pool:
        return list(pool.map(join_once, wanted))


@pytest.mark.django_db(transaction=True)
def test_fifty_who_join_at_once_get_fifty_slots_and_balanced_playlists(open_study):
    study = open_study(stimuli_per_rater=5)
    come_at_once(study, AT_ONCE, list(study.invites.all()))
    assert sorted(study.raters.values_list("slot", flat=True)) == list(range(AT_ONCE))
    shown = Trial.objects.filter(session__rater__study=study)
    # 50 raters see 5 of 12 stimuli each: 250 showings, 20 or 21 of each stimulus.
    assert set(Counter(shown.values_list("stimulus", flat=True)).values()) == {20, 21}
    for side in ("left", "right"):
        counts = Counter(shown.filter(reference_side=side).values_list("stimulus", flat=True))
        assert set(counts.values()) == {10, 11}


@pytest.mark.django_db(transaction=True)
def test_of_fifty_who_join_at_once_as_many_get_in_as_the_study_may_have(open_study):
    study = open_study(max_raters=30)
    came = come_at_once(study, AT_ONCE, list(study.invites.all()))
    assert Counter(came)["NoPlaceLeft"] == 20
    assert study.raters.count() == 30
    assert sorted(study.raters.values_list("slot", flat=True)) == list(range(30))


@pytest.mark.django_db(transaction=True)
def test_of_fifty_who_join_at_once_each_link_brings_as_many_as_it_may(open_study):
    study = open_study()
    links = [studies.make_invite(study, max_raters=10), studies.make_invite(study, max_raters=7)]
    came = come_at_once(study, AT_ONCE, links)
    assert Counter(came)["InviteUsedUp"] == 33
    assert [link.raters.count() for link in links] == [10, 7]


@pytest.mark.django_db(transaction=True)
def test_a_link_brings_nobody_more_into_a_study_that_is_full(open_study):
    study = open_study(max_raters=5)
    links = [studies.make_invite(study, max_raters=10), studies.make_invite(study)]
    come_at_once(study, 20, links)
    assert study.raters.count() == 5


def test_simulated_raters_take_no_place_and_no_slot_of_people(open_study):
    study = open_study(max_raters=1)
    simulate_raters(study, raters=3, seed=0)
    joined = sessions.join_study(
        study, consent_version=study.consent_version, nonce=sessions.new_nonce(), invite=study.invites.get()
    )
    assert joined.rater.slot == 0
    simulated = study.raters.filter(source=Rater.Source.SIMULATED)
    assert sorted(simulated.values_list("slot", flat=True)) == [0, 1, 2]


def test_a_researcher_who_tries_the_study_out_takes_no_place(open_study, staff_client, stranger):
    study = open_study(max_raters=1)
    link = invites.invite_path(study)
    staff_client.post(link, agreement(study))
    assert stranger.post(link, agreement(study)).status_code == 302
    assert sorted(study.raters.values_list("source", "slot")) == [("browser", 0), ("tryout", 0)]


def test_a_full_study_says_so_before_anybody_agrees(open_study, stranger, client):
    study = open_study(max_raters=1)
    link = invites.invite_path(study)
    client.post(link, agreement(study))
    response = stranger.get(link)
    assert response.status_code == 410
    assert b"This study is full" in response.content


def test_a_place_that_is_given_up_lets_one_more_in(open_study, stranger, client):
    study = open_study(max_raters=1)
    link = invites.invite_path(study)
    client.post(link, agreement(study))
    slots.drop_rater(study.raters.get())
    assert stranger.get(link).status_code == 200
    assert stranger.post(link, agreement(study)).status_code == 302
    assert list(study.raters.values_list("slot", flat=True)) == [0, 0]
