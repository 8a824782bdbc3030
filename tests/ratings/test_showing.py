"""Which trials the page is given: in order, two ahead, as far as the next pause."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from ratings import invites
from ratings.models import Rating, Session, Study, Trial
from ratings.services import studies
from tests.conftest import agreement


@pytest.fixture
def visit(client, make_outputs):
    """Somebody ready to rate a study of six pairs with these options; answers what their page does."""

    class Visitor:
        def __init__(self, **options: object) -> None:
            made = studies.create_study(
                slug="flow", title="Flow", outputs=make_outputs(), seed=1, options=options
            )
            studies.open_study(made)
            self.study = made
            self.link = invites.invite_path(made)
            client.post(self.link, agreement(made))
            client.post(f"{self.link}instructions")

        def upcoming(self) -> dict:
            return client.get(f"{self.link}upcoming").json()

        def positions(self) -> list[int]:
            tokens = [trial["token"] for trial in self.upcoming()["trials"]]
            return [Trial.objects.get(token=token).position for token in tokens]

        def rate(self, count: int = 1) -> None:
            for _ in range(count):
                token = self.upcoming()["trials"][0]["token"]
                body = json.dumps({"left_score": 60, "right_score": 40, "duration_ms": 800})
                address = f"{self.link}trials/{token}/answer"
                assert client.post(address, body, content_type="application/json").status_code == 201

        def trial_page(self) -> str:
            """Where the page of trials sends its reader, or its heading."""
            response = client.get(f"{self.link}trial")
            return response.get("Location", "").removeprefix(self.link) or "trial"

        def get(self, page: str):
            return client.get(f"{self.link}{page}")

        def post(self, page: str):
            return client.post(f"{self.link}{page}")

    return Visitor


def ago(**span: float) -> None:
    """Let every rating so far have been given so long before it was."""
    for rating in Rating.objects.all():
        Rating.objects.filter(pk=rating.pk).update(rated_at=rating.rated_at - timedelta(**span))
    for session in Session.objects.exclude(break_ended_at=None):
        Session.objects.filter(pk=session.pk).update(
            break_ended_at=session.break_ended_at - timedelta(**span)
        )


def test_the_page_gets_the_trial_to_judge_and_two_ahead(visit):
    visitor = visit()
    assert visitor.positions() == [1, 2, 3]
    visitor.rate()
    assert visitor.positions() == [2, 3, 4]
    visitor.rate(4)
    assert visitor.positions() == [6]


def test_asking_again_gives_the_same_and_keeps_the_first_time(visit):
    visitor = visit()
    first = visitor.upcoming()
    shown_at = Trial.objects.get(position=1).shown_at
    assert visitor.upcoming() == first
    assert Trial.objects.get(position=1).shown_at == shown_at


def test_no_trial_beyond_is_marked_as_shown(visit):
    visit().upcoming()
    assert list(Trial.objects.filter(shown_at=None).values_list("position", flat=True)) == [4, 5, 6]


def leads_on(visitor) -> bool:
    """Whether no trial is handed out, and the page is sent to whatever comes next."""
    told = visitor.upcoming()
    return told["trials"] == [] and told["go"] == f"{visitor.link}start"


def test_after_the_last_the_page_is_sent_on(visit):
    visitor = visit()
    visitor.rate(6)
    assert leads_on(visitor)
    assert visitor.get("start")["Location"] == f"{visitor.link}done"


def test_training_is_counted_by_itself(visit):
    visitor = visit(training=2)
    assert [trial["label"] for trial in visitor.upcoming()["trials"]] == [
        "Practice pair 1 of 2", "Practice pair 2 of 2", "Pair 1 of 6",
    ]  # fmt: skip


def test_a_break_by_count_comes_before_the_trials_after_it_are_given_out(visit):
    visitor = visit(break_every_trials=2)
    assert visitor.positions() == [1, 2]
    visitor.rate(2)
    assert leads_on(visitor)
    assert visitor.trial_page() == "pause"
    assert b"Time for a break" in visitor.get("pause").content
    visitor.post("pause")
    assert visitor.positions() == [3, 4]
    visitor.rate(2)
    assert visitor.trial_page() == "pause"


def test_training_does_not_count_towards_a_break(visit):
    visitor = visit(training=3, break_every_trials=2)
    visitor.rate(5)
    assert visitor.trial_page() == "pause"


def test_there_is_no_break_after_the_last_trial(visit):
    visitor = visit(break_every_trials=3)
    visitor.rate(3)
    visitor.post("pause")
    visitor.rate(3)
    assert visitor.trial_page() == "done"


def test_a_break_by_time_counts_from_the_last_one(visit):
    visitor = visit(break_every_minutes=10)
    visitor.rate(1)
    ago(minutes=11)
    assert visitor.trial_page() == "pause"
    visitor.post("pause")
    assert visitor.trial_page() == "trial"
    visitor.rate(1)
    ago(minutes=11)
    assert visitor.trial_page() == "pause"


def test_who_was_away_for_long_has_had_a_break(visit):
    visitor = visit(break_every_minutes=10)
    visitor.rate(1)
    ago(minutes=31)
    assert visitor.trial_page() == "trial"


def test_the_rest_comes_another_day_when_enough_was_rated(visit):
    visitor = visit(sitting_trials=2, rest_hours=12)
    assert visitor.positions() == [1, 2]
    visitor.rate(2)
    assert visitor.trial_page() == "pause"
    page = visitor.get("pause").content
    assert b"Enough for today" in page
    assert b"<form" not in page
    visitor.post("pause")
    assert visitor.upcoming()["trials"] == []
    ago(hours=11)
    assert visitor.trial_page() == "pause"
    ago(hours=2)
    assert visitor.positions() == [3, 4]
    visitor.rate(2)
    assert list(Rating.objects.order_by("trial__position").values_list("sitting", flat=True)) == [1, 1, 2, 2]


def test_the_rest_comes_another_day_when_it_took_long_enough(visit):
    visitor = visit(sitting_minutes=20, rest_hours=12)
    visitor.rate(1)
    ago(minutes=21)
    visitor.rate(1)
    assert visitor.trial_page() == "pause"
    assert b"Enough for today" in visitor.get("pause").content


def test_a_pause_that_is_not_due_leads_on(visit):
    assert visit(break_every_trials=2).get("pause")["Location"].endswith("/trial")


def test_a_closed_study_gives_nothing_out(visit):
    visitor = visit()
    studies.close_study(Study.objects.get())
    response = visitor.get("upcoming")
    assert (response.status_code, response["Content-Type"]) == (410, "application/problem+json")


def test_a_stranger_is_given_nothing(visit, stranger):
    visitor = visit()
    assert stranger.get(f"{visitor.link}upcoming").status_code == 404
    assert stranger.get("/s/nowhere/upcoming").status_code == 404


def test_the_break_says_how_far_the_rater_is(visit):
    visitor = visit(break_every_trials=2)
    visitor.rate(2)
    assert b"You have done 2 of 6" in visitor.get("pause").content


def test_a_rating_stored_at_another_time_than_the_pages_clock_says_has_the_servers(visit):
    visitor = visit()
    before = timezone.now()
    visitor.rate()
    assert before <= Rating.objects.get().rated_at <= timezone.now()
