"""Practice is counted apart: a page says of how many pairs, and how many come before for practice."""

import pytest
from django.test import Client

from ratings.invites import invite_path
from ratings.models import Study
from ratings.services import studies
from tests.conftest import agreement
from tests.ratings.test_rater_pages import answer_all_but


@pytest.fixture
def practised(make_outputs) -> Study:
    """An open study with two trials for practice, and a break after the first of those that count."""
    options = {"training": 2, "break_every_trials": 1}
    study = studies.create_study(
        slug="practised", title="Practised", outputs=make_outputs(), seed=7, options=options
    )
    studies.open_study(study)
    return study


@pytest.fixture
def link(practised) -> str:
    """The study's link."""
    return invite_path(practised)


def text_of(client: Client, path: str) -> str:
    """A page, whatever stands before it."""
    return client.get(path, follow=True).content.decode()


def test_every_page_counts_the_same_pairs(client, practised, link):
    client.post(link, agreement(practised))
    rater = practised.raters.get()
    total = rater.sessions.get().length - 2
    instructions = text_of(client, f"{link}instructions")
    assert f"There are {total} pairs." in instructions
    assert "Before them come 2 for practice." in instructions
    client.post(f"{link}instructions")
    assert "Practice pair 1 of 2" in text_of(client, f"{link}trial")
    answer_all_but(rater, total - 1)
    assert f"You have done 1 of {total}," in text_of(client, f"{link}pause")
    answer_all_but(rater, 0)
    assert f"You have rated all {total} pairs," in text_of(client, f"{link}done")


def test_without_practice_nothing_is_said_of_it(client, study, invite):
    client.post(invite, agreement(study))
    assert "for practice" not in text_of(client, f"{invite}instructions")


def test_who_reads_the_instructions_again_after_practice_goes_on_and_does_not_begin(client, practised, link):
    client.post(link, agreement(practised))
    rater = practised.raters.get()
    assert "Show the first pair" in text_of(client, f"{link}instructions")
    client.post(f"{link}instructions")
    answer_all_but(rater, rater.sessions.get().length - 1)
    assert "Show the first pair" not in text_of(client, f"{link}instructions?again=1")
