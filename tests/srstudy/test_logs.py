"""The log has each line once, and no token that would let its reader rate."""

import logging

import pytest
from django.conf import settings

from srstudy.logs import MaskTokens, masked

INVITE, TRIAL = "abcdefgh23456789abcdefgh23456789", "Zt-_0123456789abcdefgh"


@pytest.fixture
def console(monkeypatch) -> list[str]:
    """What the configured handler writes."""
    handler = next(one for one in logging.getLogger().handlers if any(map(_masks, one.filters)))
    written: list[str] = []
    monkeypatch.setattr(handler, "emit", lambda record: written.append(handler.format(record)))
    return written


def _masks(one: object) -> bool:
    return isinstance(one, MaskTokens)


def test_an_address_is_masked_wherever_it_stands():
    path = f"/s/{INVITE}/trials/{TRIAL}/answer"
    assert masked(f'Not Found: {path} "GET /s/{INVITE}?x=1"') == (
        'Not Found: /s/…/trials/…/answer "GET /s/…?x=1"'
    )
    assert masked(f"/s/{INVITE}/images/{TRIAL}") == "/s/…/images/…"


def test_other_addresses_stay_as_they_are():
    assert masked("Not Found: /studies/demo/ and 50 % of /static/x.css") == (
        "Not Found: /studies/demo/ and 50 % of /static/x.css"
    )


def test_a_visitor_with_a_wrong_link_leaves_no_token_in_the_log(client, db, console):
    client.get(f"/s/{INVITE}/trials/{TRIAL}/answer/%25d")
    client.get(f"/s/{INVITE}/")
    assert len(console) == 2  # each once
    assert not [line for line in console if INVITE in line or TRIAL in line]


def test_django_has_no_handler_of_its_own_beside_ours():
    assert logging.getLogger("django").handlers == []
    assert logging.getLogger("django.server").handlers == []
    assert settings.LOGGING["root"]["handlers"] == ["console"]
