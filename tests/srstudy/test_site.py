"""Health, the admin behind its lock, and what an unknown visitor gets."""

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection

from ratings.models import Study


def test_a_watcher_learns_that_the_server_is_alive_and_ready(client, db):
    assert client.get("/health/live").content == b"ok\n"
    assert client.get("/health/ready").content == b"ok\n"


def test_a_database_that_does_not_answer_is_not_ready(client, db, monkeypatch):
    def broken(*_: object) -> None:
        raise OperationalError("gone")

    with monkeypatch.context() as patch:
        patch.setattr(connection, "cursor", broken)
        assert client.get("/health/ready").status_code == 503


def test_the_home_page_is_for_staff(client, db):
    assert client.get("/")["Location"].startswith("/admin/login/")


def test_the_studies_are_listed_with_their_raters(staff_client, rater):
    page = staff_client.get("/").content.decode()
    assert "Two images" in page


@pytest.mark.parametrize(
    "path",
    [
        "distillation/image",
        "distillation/trainingrun",
        "distillation/output",
        "ratings/study",
        "ratings/stimulus",
        "ratings/rater",
        "ratings/session",
        "ratings/trial",
        "ratings/rating",
    ],
)
def test_every_kind_of_row_can_be_read_and_searched_in_the_admin(staff_client, rater, path):
    assert staff_client.get(f"/admin/{path}/?q=two").status_code == 200


@pytest.mark.parametrize(
    "path", ["distillation/output", "ratings/stimulus", "ratings/rater", "ratings/trial"]
)
def test_what_happened_cannot_be_written_in_the_admin(staff_client, rater, path):
    from django.apps import apps

    row = apps.get_model(*path.split("/")).objects.first()
    assert staff_client.get(f"/admin/{path}/{row.pk}/change/").status_code == 200
    assert staff_client.post(f"/admin/{path}/{row.pk}/change/", {"method": "x"}).status_code == 403
    assert staff_client.get(f"/admin/{path}/add/").status_code == 403
    assert staff_client.post(f"/admin/{path}/{row.pk}/delete/", {"post": "yes"}).status_code == 403


def test_the_admin_does_not_change_what_an_open_study_froze(staff_client, study):
    staff_client.post(
        f"/admin/ratings/study/{study.pk}/change/",
        {"title": "New title", "instructions": "New", "consent_text": "New", "seed": "99"},
    )
    changed = Study.objects.get()
    assert changed.title == "New title"
    assert (changed.instructions, changed.seed) == (study.instructions, 7)


def test_the_admin_never_shows_the_tokens_of_raters_and_trials(staff_client, rater):
    trial = rater.sessions.get().trials.first()
    page = staff_client.get(f"/admin/ratings/trial/{trial.pk}/change/").content.decode()
    assert trial.token not in page
    assert trial.left_token not in page


def test_the_admin_opens_and_closes_studies(staff_client, make_outputs):
    from ratings.services import studies

    draft = studies.create_study(slug="draft", title="Draft", outputs=make_outputs(), seed=1)
    for action, status in (("open_selected", "open"), ("close_selected", "closed")):
        staff_client.post("/admin/ratings/study/", {"action": action, "_selected_action": draft.pk})
        draft.refresh_from_db()
        assert draft.status == status


def test_guessing_a_password_is_locked_out(client, db, settings):
    User.objects.create_superuser("researcher", password="a long enough one")
    wrong = {"username": "researcher", "password": "a guess"}
    for _ in range(settings.AXES_FAILURE_LIMIT):
        client.post("/admin/login/", wrong)
    right = {"username": "researcher", "password": "a long enough one"}
    assert client.post("/admin/login/", right).status_code == 429


def test_a_page_that_names_no_icon_gets_one(client):
    assert client.get("/favicon.ico")["Location"].endswith("icon.svg")
