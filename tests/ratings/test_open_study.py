"""From a draft to an open study: the command, and what the others say of a draft."""

import io

import pytest
from django.core.management import CommandError, call_command

from ratings import invites
from ratings.models import Study
from ratings.services import studies

COMMAND = "`python manage.py open_study draft`"


@pytest.fixture
def draft(make_outputs) -> Study:
    """A study that nobody has opened."""
    return studies.create_study(slug="draft", title="Draft", outputs=make_outputs(), seed=1)


def run(*arguments: str) -> tuple[str, str]:
    """What a command printed, and what it said beside that."""
    out, said = io.StringIO(), io.StringIO()
    call_command(*arguments, stdout=out, stderr=said)
    return out.getvalue(), said.getvalue()


def refusal(*arguments: str) -> str:
    """The sentence by which a command refused."""
    with pytest.raises(CommandError) as caught:
        run(*arguments)
    assert caught.value.returncode == 2
    return str(caught.value)


def test_the_command_opens_a_draft_and_prints_its_link(draft, client):
    link, _ = run("open_study", "draft")
    draft.refresh_from_db()
    assert (draft.status, draft.frozen["seed"]) == ("open", 1)
    assert link.strip() == invites.invite_path(draft)
    assert b"I agree to take part" in client.get(link.strip()).content


def test_an_open_study_is_not_opened_again(study):
    assert refusal("open_study", "two") == (
        "Study two is open already; `python manage.py invite two --list` shows its links."
    )


def test_the_command_opens_no_closed_study(study):
    studies.close_study(study)
    assert "Study two is closed" in refusal("open_study", "two")


def test_a_study_that_is_not_there_is_not_opened(study):
    assert refusal("open_study", "three") == "There is no study 'three' (known: two)."


@pytest.mark.parametrize(
    "arguments",
    [
        ("simulate_raters", "draft", "--raters", "3"),
        ("export_dmos", "draft", "--out", "nowhere"),
        ("import_ratings", "draft", "votes.csv"),
    ],
)
def test_who_needs_an_open_study_is_told_how_to_open_a_draft(draft, arguments):
    assert COMMAND in refusal(*arguments)


def test_a_closed_study_without_ratings_is_not_to_be_simulated(study, tmp_path):
    studies.close_study(study)
    said = refusal("export_dmos", "two", "--out", str(tmp_path / "out"))
    assert said == "Study two is closed and has no ratings."


@pytest.mark.parametrize("arguments", [("create_study", "new", "--dataset", "set"), ("invite", "draft")])
def test_the_link_of_a_draft_comes_with_the_command_that_opens_it(draft, arguments):
    _, said = run(*arguments)
    assert f"Raters cannot use the link before `python manage.py open_study {arguments[1]}`." in said


@pytest.mark.parametrize(
    "arguments", [("create_study", "new", "--dataset", "set", "--open"), ("open_study", "draft")]
)
def test_the_link_of_an_open_study_comes_without_it(draft, arguments):
    _, said = run(*arguments)
    assert "before" not in said


@pytest.mark.parametrize(
    "arguments",
    [("create_study", "new", "--dataset", "set"), ("open_study", "draft"), ("invite", "draft")],
)
def test_a_path_comes_with_the_word_that_an_address_goes_before_it(draft, arguments):
    printed, said = run(*arguments)
    assert printed.startswith("/s/")
    assert said.count("Put the address of your site in front of the link") == 1
