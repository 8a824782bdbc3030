"""The cast of the steps' tests: a study that asks and checks everything, and somebody who has joined it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from ratings import invites
from ratings.models import Rater, Study
from ratings.services import studies
from tests.conftest import agreement

EVERYTHING: dict[str, Any] = {
    "questionnaire": True,
    "display_check": True,
    "ruler": True,
    "acuity": True,
    "colour_vision": True,
    "feedback": True,
    "examples": True,
}


@pytest.fixture
def make_careful(make_outputs, client) -> Callable[..., Study]:
    """Open a study with these options beside `EVERYTHING`, and join it with `client`."""

    def make(methodology: str = "dscqs", **options: Any) -> Study:
        study = studies.create_study(
            slug="careful",
            title="Careful",
            outputs=make_outputs(),
            seed=7,
            methodology=methodology,
            options=EVERYTHING | options,
        )
        studies.open_study(study)
        client.post(invites.invite_path(study), agreement(study))
        return study

    return make


@pytest.fixture
def careful(make_careful) -> Study:
    """A study that asks and checks everything, joined by `client`."""
    return make_careful()


@pytest.fixture
def person(careful) -> Rater:
    """Whoever sits at `client`."""
    return careful.raters.get()


@pytest.fixture
def send(client: Client, careful: Study) -> Callable[..., HttpResponse]:
    """Send a step's form."""

    def post(step: str, **answers: Any) -> HttpResponse:
        return client.post(f"{invites.invite_path(careful)}steps/{step}", answers)

    return post


def stored(rater: Rater, step: str) -> dict[str, Any] | None:
    """What is stored of a step, None if nothing is."""
    found = rater.steps.filter(step=step).first()
    return None if found is None else found.content
