"""A page for which the database has no time speaks the study's language, once the study is known."""

import pytest
from django.db import OperationalError
from django.test import Client

from ratings import invites, queries
from ratings.models import Study
from ratings.services import sessions
from tests.conftest import agreement
from tests.ratings.reading import english_in


@pytest.fixture
def link(study) -> str:
    """The link of a study in Korean."""
    Study.objects.filter(pk=study.pk).update(options={"language": "ko"})
    return invites.invite_path(study)


def locked(*_: object, **__: object) -> None:
    """What a database does that is locked."""
    raise OperationalError("database is locked")


def test_a_rater_who_cannot_be_looked_up_is_told_in_the_studys_language(link, monkeypatch):
    monkeypatch.setattr(queries, "rater_by_token", locked)
    response = Client(headers={"accept-language": "en"}).get(link)
    assert response.status_code == 503
    assert int(response["Retry-After"]) > 0
    assert english_in(response) == []


def test_a_consent_that_cannot_be_stored_is_told_in_the_studys_language(link, study, monkeypatch):
    monkeypatch.setattr(sessions, "add_rater", locked)
    response = Client(headers={"accept-language": "en"}).post(link, agreement(study))
    assert response.status_code == 503
    assert english_in(response) == []
