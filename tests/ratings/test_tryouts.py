"""A researcher who tries a study out is shown what a rater is shown, and is never counted."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from ratings import queries
from ratings.models import Rater, Study
from ratings.results import ratings_frame
from tests.conftest import agreement
from tests.ratings.test_rater_pages import answer_all_but, sit_through

NOT_COUNTED = b"Try-out: not counted"


@pytest.fixture
def tryout(staff_client, study, invite) -> Rater:
    """A researcher who has joined."""
    staff_client.post(invite, agreement(study))
    return study.raters.get()


def test_a_signed_in_researcher_joins_as_a_try_out(tryout):
    assert (tryout.source, tryout.pseudonym) == ("tryout", "TRY0001")


def test_somebody_signed_in_who_is_no_researcher_is_a_person(client, study, invite):
    client.force_login(User.objects.create_user("guest"))
    client.post(invite, agreement(study))
    assert study.raters.get().source == "browser"


def test_a_try_out_takes_no_number_from_the_people(tryout, join):
    assert join().rater.pseudonym == "R0001"


def test_a_try_out_is_among_neither_people_nor_ratings(tryout, study, join):
    answer_all_but(tryout, 0)
    answer_all_but(join().rater, 2)
    counted = queries.attendance(study)
    assert (counted.people, counted.people_finished, counted.tryouts, counted.ratings) == (1, 0, 1, 4)


def test_no_rating_of_a_try_out_leaves_the_study(tryout, study, join):
    answer_all_but(tryout, 0)
    answer_all_but(join().rater, 4)
    ratings = ratings_frame(study)
    assert set(ratings["rater"]) == {"R0001"}
    assert set(ratings["source"]) == {"browser"}


def test_the_results_say_how_many_try_outs_there_were(tryout, staff_client, study):
    page = staff_client.get(f"/studies/{study.slug}/").content.decode()
    assert "0 people, 0 finished; 1 try-out of researchers, not counted" in page


def test_a_try_out_says_so_at_the_door_the_instructions_and_the_end_alone(staff_client, study, invite):
    saying = NOT_COUNTED in staff_client.get(invite).content
    assert saying
    staff_client.post(invite, agreement(study))
    responses = sit_through(staff_client, invite)
    assert [at for at, one in enumerate(responses) if NOT_COUNTED in one.content] == [0, len(responses) - 1]


def test_a_rater_reads_nothing_of_try_outs(stranger, study, invite):
    responses = [
        stranger.get(invite),
        stranger.post(invite, agreement(study)),
        *sit_through(stranger, invite),
    ]
    assert [one for one in responses if b"ry-out" in one.content] == []


def test_who_joined_before_signing_in_stays_a_person(
    rater_client: Client, rater: Rater, study: Study, invite
):
    rater_client.force_login(User.objects.create_superuser("researcher"))
    answer_all_but(rater, 0)
    assert NOT_COUNTED not in rater_client.get(f"{invite}done").content
    assert queries.attendance(study).people == 1


def test_the_admin_marks_the_ratings_of_a_try_out(tryout, staff_client):
    answer_all_but(tryout, 5)
    assert b"TRY0001 (try-out, not counted)" in staff_client.get("/admin/ratings/rating/").content
