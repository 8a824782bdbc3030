"""Pictures that are not the ones a study froze are shown to nobody, and the researcher is told once."""

from pathlib import Path

import pytest

from ratings.models import Problem, Rater, Rating, Trial
from tests.ratings.languages import LANGUAGES
from tests.ratings.test_rater_pages import image_addresses

DAMAGES = {
    "changed": lambda path: path.write_bytes(path.read_bytes() + b"x"),
    "empty": lambda path: path.write_bytes(b""),
    "missing": lambda path: path.unlink(),
}


def trial_at(rater: Rater, position: int) -> Trial:
    """The trial that comes at this position."""
    return rater.sessions.get().trials.select_related("stimulus").get(position=position)


@pytest.fixture(params=DAMAGES)
def damaged(request, rater, settings) -> Path:
    """The test image of the rater's first trial, no longer the one that was frozen."""
    path = settings.MEDIA_ROOT / trial_at(rater, 1).stimulus.test_file
    DAMAGES[request.param](path)
    return path


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_says_that_a_picture_is_missing(rater_client, damaged, invite, language):
    response = rater_client.get(f"{invite}trial", headers={"accept-language": language})
    assert (response.status_code, response["Content-Type"]) == (409, "text/html; charset=utf-8")
    assert f'<html lang="{language}"' in response.content.decode()
    assert (b"A picture is missing" in response.content) == (language == "en")


def test_the_page_names_no_file_and_no_method(rater_client, damaged, rater, invite):
    page = rater_client.get(f"{invite}trial").content.decode()
    stimulus = trial_at(rater, 1).stimulus
    assert not [secret for secret in (damaged.name, stimulus.image, stimulus.method) if secret in page]


def test_nothing_is_handed_out(rater_client, damaged, rater, invite):
    response = rater_client.get(f"{invite}upcoming")
    assert (response.status_code, response["Content-Type"]) == (409, "application/problem+json")
    assert not Trial.objects.filter(session__rater=rater, shown_at__isnull=False).exists()


def test_the_researcher_is_told_once(rater_client, damaged, study, invite):
    for _ in range(3):
        rater_client.get(f"{invite}trial")
        rater_client.get(f"{invite}upcoming")
    told = Problem.objects.get()
    assert told.study == study
    assert damaged.name in told.text


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_picture_that_changes_after_it_was_handed_out_is_not_found(
    rater_client, rater, invite, settings, damage
):
    first = trial_at(rater, 1)
    addresses = dict(zip(("left", "right"), image_addresses(rater_client, invite), strict=True))
    reference = addresses.pop(first.reference_side)
    DAMAGES[damage](settings.MEDIA_ROOT / first.stimulus.test_file)
    assert [rater_client.get(address).status_code for address in addresses.values()] == [404]
    assert rater_client.get(reference).status_code in (200, 404)
    assert Problem.objects.count() == 1


def test_only_the_trials_before_a_changed_file_are_handed_out(rater_client, rater, invite, settings):
    first, second = trial_at(rater, 1), trial_at(rater, 2)
    assert first.stimulus.reference_file != second.stimulus.reference_file
    (settings.MEDIA_ROOT / second.stimulus.reference_file).unlink()
    trials = rater_client.get(f"{invite}upcoming").json()["trials"]
    assert [trial["token"] for trial in trials] == [first.token]


def test_the_study_goes_on_once_the_file_is_back(rater_client, rater, invite, settings):
    path = settings.MEDIA_ROOT / trial_at(rater, 1).stimulus.test_file
    content = path.read_bytes()
    path.unlink()
    assert rater_client.get(f"{invite}trial").status_code == 409
    path.write_bytes(content)
    assert rater_client.get(f"{invite}trial").status_code == 200


def test_a_changed_file_loses_no_rating(rater_client, rater, invite, settings):
    token = rater_client.get(f"{invite}upcoming").json()["trials"][0]["token"]
    (settings.MEDIA_ROOT / trial_at(rater, 1).stimulus.test_file).unlink()
    answer = {"left_score": 60, "right_score": 50, "duration_ms": 900}
    sent = rater_client.post(f"{invite}trials/{token}/answer", answer, content_type="application/json")
    assert sent.status_code == 201
    assert Rating.objects.count() == 1


def test_the_admin_shows_what_is_wrong(staff_client, rater_client, damaged, invite):
    rater_client.get(f"{invite}trial")
    assert damaged.name in staff_client.get("/admin/ratings/problem/").content.decode()


def test_what_was_put_right_is_told_no_more(staff_client, rater_client, rater, invite, settings, study):
    path = settings.MEDIA_ROOT / trial_at(rater, 1).stimulus.test_file
    content = path.read_bytes()
    path.unlink()
    rater_client.get(f"{invite}trial")
    page = f"/studies/{study.slug}/"
    assert path.name in staff_client.get(page).content.decode()
    path.write_bytes(content)
    assert path.name not in staff_client.get(page).content.decode()
    assert not Problem.objects.exists()
