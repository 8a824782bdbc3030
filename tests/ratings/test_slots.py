"""Playlists of people who drop out go to the next who join."""

import io
import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from ratings.models import Rater, Rating, Study, Trial
from ratings.services import slots, withdrawal
from tests.conftest import agreement
from tests.ratings.languages import LANGUAGES
from tests.ratings.test_rater_pages import answer_all_but, first_upcoming

WAIT_HOURS = 2


@pytest.fixture
def waiting_study(study) -> Study:
    """The study, which gives a place away after two hours."""
    Study.objects.filter(pk=study.pk).update(options={"drop_after_hours": WAIT_HOURS})
    study.refresh_from_db()
    return study


def age(rater: Rater, hours: float) -> None:
    """Let it be so long ago that a rater joined and rated."""
    moment = timezone.now() - timedelta(hours=hours)
    Rater.objects.filter(pk=rater.pk).update(created_at=moment)
    Rating.objects.filter(trial__session__rater=rater).update(rated_at=moment)


def order_of(rater: Rater) -> list[tuple[int, str]]:
    """Which stimuli a rater sees in which order, and on which side the reference stands."""
    trials = Trial.objects.filter(session__rater=rater).order_by("position")
    return list(trials.values_list("stimulus", "reference_side"))


def drop_command(*arguments: str) -> list[str]:
    """Run `drop_raters`; answers whom it dropped."""
    out = io.StringIO()
    call_command("drop_raters", *arguments, stdout=out, stderr=io.StringIO())
    return out.getvalue().split()


def refusal(*arguments: str) -> str:
    """Run `drop_raters` with a wrong request; answers the sentence."""
    with pytest.raises(CommandError) as caught:
        drop_command(*arguments)
    assert caught.value.returncode == 2
    return str(caught.value)


def test_the_next_who_joins_gets_the_playlist_of_who_dropped_out(join):
    first, second = join().rater, join().rater
    slots.drop_rater(first)
    third, fourth = join().rater, join().rater
    assert [second.slot, third.slot, fourth.slot] == [1, 0, 2]
    assert order_of(third) == order_of(first)


def test_the_lowest_of_several_playlists_given_up_goes_first(join):
    people = [join().rater for _ in range(4)]
    for rater in (people[2], people[0], people[3]):
        slots.drop_rater(rater)
    assert [join().rater.slot for _ in range(4)] == [0, 2, 3, 4]


def test_a_playlist_given_up_twice_is_given_out_once_each_time(join):
    slots.drop_rater(join().rater)
    second = join().rater
    slots.drop_rater(second)
    assert [join().rater.slot for _ in range(2)] == [0, 1]


def test_dropping_again_does_nothing(join):
    rater = join().rater
    assert [slots.drop_rater(rater), slots.drop_rater(rater)] == [True, False]
    assert [join().rater.slot for _ in range(2)] == [0, 1]


def test_what_a_dropped_rater_rated_stays(join):
    rater = join().rater
    answer_all_but(rater, 4)
    slots.drop_rater(rater)
    assert Rating.objects.filter(trial__session__rater=rater).count() == 2


def test_joining_drops_who_has_not_rated_for_as_long_as_the_study_waits(waiting_study, join):
    late = join().rater
    answer_all_but(late, 4)
    age(late, WAIT_HOURS + 0.1)
    assert join().rater.slot == late.slot
    late.refresh_from_db()
    assert late.dropped_at is not None


@pytest.mark.parametrize("reason", ["joined late", "rated late", "done", "simulated", "no limit"])
def test_joining_drops_nobody_who_is_not_due(waiting_study, join, reason):
    rater = join().rater
    if reason != "joined late":
        answer_all_but(rater, 0 if reason == "done" else 4)
        age(rater, WAIT_HOURS + 1)
    if reason == "rated late":
        Rating.objects.filter(trial__session__rater=rater).update(rated_at=timezone.now())
    if reason == "simulated":
        Rater.objects.filter(pk=rater.pk).update(source=Rater.Source.SIMULATED)
    if reason == "no limit":
        Study.objects.filter(pk=waiting_study.pk).update(options={})
        waiting_study.refresh_from_db()
    join()
    rater.refresh_from_db()
    assert rater.dropped_at is None


def test_a_full_study_whose_rater_is_due_lets_the_next_one_in(waiting_study, join, stranger, invite):
    late = join().rater
    Study.objects.filter(pk=waiting_study.pk).update(
        options={"drop_after_hours": WAIT_HOURS, "max_raters": 1}
    )
    assert stranger.get(invite).status_code == 410
    age(late, WAIT_HOURS + 1)
    assert stranger.get(invite).status_code == 200
    late.refresh_from_db()
    assert late.dropped_at is None  # opening the link changes nothing
    assert stranger.post(invite, agreement(waiting_study)).status_code == 302


def test_looking_for_who_is_due_takes_one_query_however_many_are_there(waiting_study, join):
    counts = []
    for _ in range(2):
        for _ in range(3):
            answer_all_but(join().rater, 4)
        with CaptureQueriesContext(
            connection,
        ) as made:
            assert slots.release_inactive(waiting_study) == []
        counts.append(len(made))
    assert counts == [1, 1]


def test_looking_for_who_is_due_begins_with_those_who_are_neither_done_nor_dropped(waiting_study, join):
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL reads a table of a few rows as a whole.")
    join()
    with CaptureQueriesContext(connection) as made:
        slots.release_inactive(waiting_study)
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN QUERY PLAN " + made[0]["sql"])
        plan = " ".join(str(row) for row in cursor.fetchall())
    assert "rater_waited_for" in plan


def test_who_has_just_finished_is_not_dropped(waiting_study, join):
    rater = join().rater
    as_read_before = Rater.objects.get(pk=rater.pk)
    answer_all_but(rater, 0)
    assert not slots.drop_rater(as_read_before, among=slots.unfinished())
    assert Rater.objects.get(pk=rater.pk).dropped_at is None


# Coming back


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("page", ["", "start", "instructions", "trial", "pause", "done", "elsewhere"])
def test_a_dropped_rater_who_comes_back_is_told_so(rater_client, rater, invite, page, language):
    slots.drop_rater(rater)
    response = rater_client.get(f"{invite}{page}", follow=True, headers={"accept-language": language})
    assert (response.status_code, response["Content-Type"]) == (410, "text/html; charset=utf-8")
    assert f'<html lang="{language}"' in response.content.decode()
    assert (b"Your place was given away" in response.content) == (language == "en")


def answer_to_first(client: Client, invite: str) -> tuple[str, str]:
    """Address and body of an answer to the trial that comes now."""
    answer = {"left_score": 60, "right_score": 50, "duration_ms": 900}
    return f"{invite}trials/{first_upcoming(client, invite)['token']}/answer", json.dumps(answer)


def test_a_dropped_raters_page_gets_no_trials_and_stores_no_answer(rater_client, rater, invite):
    address, body = answer_to_first(rater_client, invite)
    slots.drop_rater(rater)
    refused = [
        rater_client.get(f"{invite}upcoming"),
        rater_client.post(address, body, content_type="application/json"),
    ]
    assert [response.status_code for response in refused] == [410, 410]
    assert {response["Content-Type"] for response in refused} == {"application/problem+json"}
    assert not Rating.objects.exists()


# The command


def test_the_command_drops_the_raters_it_is_given(join):
    for _ in range(3):
        join()
    assert drop_command("two", "R0003", "R0001") == ["R0001", "R0003"]
    assert list(Rater.objects.filter(dropped_at__isnull=False).values_list("number", flat=True)) == [1, 3]


def test_the_command_drops_who_was_away_for_so_many_hours(join):
    age(join().rater, 5)
    age(join().rater, 3)
    assert drop_command("two", "--inactive-hours", "4") == ["R0001"]


def test_without_hours_the_command_takes_the_studys(waiting_study, join):
    first, second = join().rater, join().rater
    age(first, WAIT_HOURS + 1)
    age(second, WAIT_HOURS - 1)
    assert drop_command("two") == ["R0001"]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ([], "--inactive-hours"),
        (["R0009"], "'R0009'"),
        (["R0001", "--inactive-hours", "3"], "give it, or name raters"),
        (["--inactive-hours", "-1"], "-1"),
        (["--inactive-hours", "nan"], "nan"),
        (["R0002"], "R0002 has rated everything"),
        (["R0003"], "R0003 was dropped on"),
        (["R0001", "R0009"], "'R0009'"),
    ],
)
def test_a_wrong_request_is_refused_and_drops_nobody(study, join, arguments, named):
    join()
    answer_all_but(join().rater, 0)
    slots.drop_rater(join().rater)
    assert named in refusal("two", *arguments)
    assert study.raters.filter(dropped_at__isnull=False).count() == 1


def test_the_command_drops_nobody_who_has_withdrawn(join, study):
    withdrawal.withdraw_rater(join().rater)
    name = study.raters.get().pseudonym
    assert f"{name} has withdrawn" in refusal("two", name)
