"""Invite links: made, listed and revoked; what somebody reads whose link leads nowhere any more."""

import io
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from ratings import invites
from ratings.management.commands.invite import moment
from ratings.models import Invite, Study
from ratings.services import studies
from srstudy.errors import Refused
from tests.conftest import agreement
from tests.ratings.languages import LANGUAGES
from tests.ratings.test_rater_pages import answer_all_but

NOW = datetime(2031, 5, 10, 12, 0, tzinfo=UTC)


def invite_command(*arguments: str) -> str:
    """Run `invite`; answers what it printed."""
    out = io.StringIO()
    call_command("invite", *arguments, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def refusal(*arguments: str) -> str:
    """Run `invite` with a wrong request; answers the sentence."""
    with pytest.raises(CommandError) as caught:
        invite_command(*arguments)
    assert caught.value.returncode == 2
    return str(caught.value)


@pytest.fixture
def further(study) -> Invite:
    """A link beside the study's first, for two raters."""
    return studies.make_invite(study, label="class A", max_raters=2)


def expire(invite: Invite) -> None:
    """Let a link expire now."""
    Invite.objects.filter(pk=invite.pk).update(expires_at=timezone.now())


def agree_by(invite: Invite) -> Client:
    """The browser of somebody who has joined by this link."""
    client = Client()
    client.post(invites.path_of(invite), agreement(invite.study))
    return client


# The command


def test_a_further_link_leads_to_the_consent(study, client):
    link = invite_command("two", "--label", "class A", "--raters", "2").strip()
    assert link != invites.invite_path(study)
    assert b"I agree to take part" in client.get(link).content


def test_a_draft_may_have_links_before_it_opens(make_outputs):
    studies.create_study(slug="draft", title="Draft", outputs=make_outputs(), seed=1)
    assert invite_command("draft").startswith("/s/")


def test_a_closed_study_gets_no_further_link(study):
    studies.close_study(study)
    assert "closed" in refusal("two")


def test_the_list_shows_every_link_with_its_state_and_its_raters(study, further):
    first, expired = study.invites.order_by("pk")[0], studies.make_invite(study, label="old")
    agree_by(further)
    agree_by(further)
    studies.revoke_invite(first)
    expire(expired)
    valid = studies.make_invite(study, label="new")
    lines = invite_command("two", "--list").splitlines()[2:]
    told = {line.split()[0]: line for line in lines}
    assert "revoked" in told[str(first.pk)]
    assert "used up     2/2" in told[str(further.pk)]
    assert "class A" in told[str(further.pk)]
    assert "expired" in told[str(expired.pk)]
    assert "valid" in told[str(valid.pk)]
    assert told[str(valid.pk)].endswith(invites.path_of(valid))


def test_the_list_is_shown_though_another_secret_key_made_the_links(further, settings):
    settings.SECRET_KEY = "another one, fifty characters long, for this test."
    assert "made with another SECRET_KEY" in invite_command("two", "--list")


@pytest.mark.parametrize("by", ["id", "label"])
def test_a_link_is_revoked_by_its_number_or_its_label(further, stranger, by):
    invite_command("two", "--revoke", str(further.pk) if by == "id" else "class A")
    assert stranger.get(invites.path_of(further)).status_code == 410


def test_revoking_again_is_refused_and_says_since_when(further):
    invite_command("two", "--revoke", "class A")
    assert "was revoked on" in refusal("two", "--revoke", "class A")


def test_a_label_of_two_links_revokes_neither(study, further):
    other = studies.make_invite(study, label="class A")
    assert f"{further.pk}, {other.pk}" in refusal("two", "--revoke", "class A")
    assert not study.invites.filter(revoked_at__isnull=False).exists()


def test_an_invite_of_another_study_is_not_revoked(study, further, make_outputs):
    outputs = [stimulus.output for stimulus in study.stimuli.all()]
    studies.create_study(slug="other", title="Other", outputs=outputs, seed=1)
    assert "no invite" in refusal("other", "--revoke", str(further.pk))


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--raters", "0"], "0 raters"),
        (["--expires", "soon"], "'soon'"),
        (["--expires", "2001-01-01"], "which has passed"),
        (["--label", "x" * 101], "101 characters"),
        (["--list", "--raters", "3"], "--raters"),
        (["--revoke", "1", "--label", "x"], "--label"),
        (["--revoke", ""], "no invite ''"),
    ],
)
def test_a_wrong_request_is_refused_by_name_and_makes_no_link(study, arguments, named):
    assert named in refusal("two", *arguments)
    assert study.invites.count() == 1


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("90m", NOW + timedelta(minutes=90)),
        ("12h", NOW + timedelta(hours=12)),
        ("7d", datetime(2031, 5, 17, 12, 0, tzinfo=UTC)),
        ("2w", datetime(2031, 5, 24, 12, 0, tzinfo=UTC)),
        ("2031-05-31", datetime(2031, 6, 1, 0, 0, tzinfo=UTC)),
        ("2031-05-31T18:00", datetime(2031, 5, 31, 18, 0, tzinfo=UTC)),
        ("2031-05-31T18:00+09:00", datetime(2031, 5, 31, 9, 0, tzinfo=UTC)),
    ],
)
def test_an_end_may_be_a_day_a_time_or_a_duration(text, meant):
    assert moment(text, now=NOW) == meant


@pytest.mark.parametrize(
    "text", ["", "7", "7y", "-7d", "2031-02-30", "2031-05-31T25:00", "9999-12-31", "999999w"]
)
def test_an_end_that_is_none_is_refused(text):
    with pytest.raises(Refused, match="--expires"):
        moment(text, now=NOW)


def test_the_link_that_is_printed_again_is_one_that_is_valid(study, further):
    first = study.invites.order_by("pk")[0]
    assert invites.invite_path(study) == invites.path_of(first)
    expire(first)
    assert invites.invite_path(study) == invites.path_of(further)
    studies.revoke_invite(further)
    with pytest.raises(Refused, match="revoked or has expired"):
        invites.invite_path(study)


# The admin


def revoke_in_the_admin(client: Client, invite: Invite) -> None:
    """Choose the action for one invite."""
    chosen = {"action": "revoke_selected", "_selected_action": [str(invite.pk)]}
    client.post("/admin/ratings/invite/", chosen, follow=True)
    invite.refresh_from_db()


def test_the_admin_revokes_a_link(staff_client, further):
    revoke_in_the_admin(staff_client, further)
    assert further.revoked_at is not None


def test_who_may_only_look_revokes_nothing_in_the_admin(client, further):
    looking = User.objects.create_user("looking", is_staff=True)
    looking.user_permissions.add(Permission.objects.get(codename="view_invite"))
    client.force_login(looking)
    revoke_in_the_admin(client, further)
    assert further.revoked_at is None


def test_the_admin_shows_state_and_raters_and_not_the_token(staff_client, further):
    agree_by(further)
    page = staff_client.get("/admin/ratings/invite/").content.decode()
    assert '<td class="field-raters_in">1/2</td>' in page
    assert '<td class="field-state">valid</td>' in page
    one = staff_client.get(f"/admin/ratings/invite/{further.pk}/change/").content.decode()
    assert further.nonce not in one
    assert further.token_hash not in one


# What somebody reads whose link leads nowhere any more


def use_up(invite: Invite) -> None:
    """Let as many people join as the link is for."""
    for _ in range(invite.max_raters or 0):
        agree_by(invite)


def mistype(invite: Invite) -> None:
    """Give the link another token, which is as good as mistyping it."""
    Invite.objects.filter(pk=invite.pk).update(token_hash="0" * 64)


def close(invite: Invite) -> None:
    """Close the invite's study."""
    studies.close_study(Study.objects.get(pk=invite.study_id))


def fill_up(invite: Invite) -> None:
    """Let the study have no place left."""
    Study.objects.filter(pk=invite.study_id).update(options={"max_raters": 1})
    agree_by(studies.make_invite(invite.study))


ENDS = [
    (expire, 410, "This invitation has expired"),
    (studies.revoke_invite, 410, "This invitation was taken back"),
    (use_up, 410, "has brought as many people as it was meant for"),
    (mistype, 404, "This link does not lead to a study"),
    (close, 410, "This study is closed"),
    (fill_up, 410, "All places are taken"),
]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize(("end", "status", "sentence"), ENDS)
def test_a_link_that_lets_nobody_in_says_why(further, stranger, end, status, sentence, method, language):
    link = invites.path_of(further)
    end(further)
    before = further.study.raters.count()
    sent = {} if method == "get" else {"data": agreement(further.study)}
    response = getattr(stranger, method)(link, headers={"accept-language": language}, **sent)
    page = response.content.decode()
    assert (response.status_code, response["Content-Type"]) == (status, "text/html; charset=utf-8")
    assert f'<html lang="{language}"' in page
    assert (sentence in page) == (language == "en")
    assert "rater" not in response.cookies
    assert further.study.raters.count() == before


@pytest.mark.parametrize("end", [expire, studies.revoke_invite, use_up, fill_up])
def test_who_came_by_the_link_before_goes_on(further, end):
    client, link = agree_by(further), invites.path_of(further)
    end(further)
    assert b"What we ask of you" in client.get(link, follow=True).content
    client.post(f"{link}instructions")
    assert client.get(f"{link}upcoming").status_code == 200


def test_a_double_click_on_the_last_place_of_a_link_makes_one_rater(study, stranger):
    last = studies.make_invite(study, max_raters=1)
    link, form = invites.path_of(last), agreement(study)
    first = stranger.post(link, form)
    stranger.cookies.clear()
    second = stranger.post(link, form)
    assert study.raters.count() == 1
    assert second.status_code == 302
    assert second.cookies["rater"].value == first.cookies["rater"].value


def test_a_researcher_tries_a_full_study_out(further, staff_client):
    fill_up(further)
    link = invites.path_of(further)
    assert staff_client.get(link).status_code == 200
    assert staff_client.post(link, agreement(further.study)).status_code == 302


def test_who_is_done_gets_their_code_after_the_link_was_revoked(further, study):
    client = agree_by(further)
    rater = study.raters.get()
    client.post(f"{invites.path_of(further)}instructions")
    answer_all_but(rater, 0)
    studies.revoke_invite(further)
    assert rater.completion_code.encode() in client.get(invites.path_of(further), follow=True).content
