"""Reads a page as a person does, and finds what somebody who knows only Korean could not read."""

import json
import re
from html.parser import HTMLParser

from django.http import HttpResponse

HANGUL = re.compile(r"[가-힣]")
LATIN = re.compile(r"[A-Za-z]+")
# Names of keys, units and sides, which Korean writes in Latin letters, too.
NO_ENGLISH = {"A", "B", "S", "X", "Tab", "Enter", "Backspace", "cm", "UTC", "room"}
SPOKEN = ("alt", "aria-label", "aria-valuetext", "data-alt", "placeholder", "title")


class Reading(HTMLParser):
    """Everything on a page that a person reads or hears, a piece of text each."""

    def __init__(self) -> None:
        super().__init__()
        self.language, self.pieces, self.inside = "", list[str](), ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.inside = tag
        self.language = given["lang"] or "" if tag == "html" else self.language
        self.pieces += [given[name] or "" for name in SPOKEN if given.get(name)]

    def handle_data(self, data: str) -> None:
        if self.inside == "script":
            self.pieces += sentences(json.loads(data)) if data.strip() else []
        elif data.strip():
            self.pieces.append(data.strip())

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""


def sentences(told: object, name: str = "") -> list[str]:
    """The texts and labels among what the page's script is told."""
    if isinstance(told, dict):
        return [one for key, value in told.items() for one in sentences(value, key)]
    if isinstance(told, list):
        return [one for value in told for one in sentences(value, name)]
    return [str(told)] if isinstance(told, str) and name not in ("token", "src", "go") else []


def english_in(response: HttpResponse, *given: str) -> list[str]:
    """What a Korean cannot read; `given` is code or address, and the same in every language."""
    page = Reading()
    page.feed(response.content.decode())
    assert page.language == "ko"
    assert any(HANGUL.search(piece) for piece in page.pieces)
    wrong = []
    for piece in page.pieces:
        words = set(LATIN.findall(re.sub(r"\{\w+\}", "", piece))) - NO_ENGLISH
        is_spoken = HANGUL.search(piece) or not LATIN.search(piece) or piece in NO_ENGLISH
        if piece not in given and (words or not is_spoken):
            wrong.append(piece)
    return wrong
