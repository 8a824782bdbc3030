"""Feedback: words, or none."""

import pytest

from tests.ratings.flow.conftest import stored


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        ({"text": " It went well. "}, "It went well."),
        ({"text": ""}, ""),
        ({}, ""),
        ({"text": "half a wo", "skip": "yes"}, ""),
        # PostgreSQL stores no NUL, and the rater sees none.
        ({"text": "a\x00b"}, "ab"),
        ({"text": "x" * 2000}, "x" * 2000),
    ],
)
def test_what_was_said_is_stored(send, person, sent, text):
    assert send("feedback", **sent).status_code == 302
    assert stored(person, "feedback") == {"text": text}


def test_2000_characters_are_the_most_and_nothing_typed_is_lost(send, person):
    response = send("feedback", text="y" * 2001)
    assert response.status_code == 400
    page = response.content.decode()
    assert "A text has 2001 characters; 2000 are the most." in page
    assert "y" * 2001 in page
    assert stored(person, "feedback") is None


def test_what_was_said_is_shown_again_as_text_alone(send):
    page = send("feedback", text="<script>" + "y" * 2001).content.decode()
    assert "<script>y" not in page
    assert "&lt;script&gt;y" in page
