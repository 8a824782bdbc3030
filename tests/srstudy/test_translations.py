"""Every sentence that a rater reads is there in Korean, with its gaps, and compiled."""

import gettext
import os
import re
import shutil
import subprocess
import sys

import pytest
from babel.messages import Catalog
from babel.messages.pofile import read_po

from tests.conftest import REPOSITORY

FOLDER = REPOSITORY / "locale" / "ko" / "LC_MESSAGES"
# %(name)s of templates, {name} of Python and of the page's script.
GAP = re.compile(r"%\(\w+\)s|\{\w+\}")


def catalogue() -> Catalog:
    """The Korean catalogue as its source has it."""
    with (FOLDER / "django.po").open("rb") as file:
        return read_po(file, locale="ko")


def sentences() -> list[tuple[str, str]]:
    """English and Korean of everything; of plurals each form by itself."""
    found = []
    for message in catalogue():
        if not message.id:
            continue
        english = message.id if isinstance(message.id, str) else message.id[-1]
        korean = [message.string] if isinstance(message.string, str) else list(message.string)
        found += [(english, one) for one in korean]
    return found


def test_every_sentence_is_translated_and_none_is_a_guess():
    assert len(sentences()) > 50
    assert [english for english, korean in sentences() if not korean] == []
    assert [message.id for message in catalogue() if message.id and message.fuzzy] == []


def test_nothing_is_translated_that_no_page_says_any_more():
    assert not catalogue().obsolete


def test_every_translation_has_the_gaps_of_its_sentence():
    wrong = [
        english for english, korean in sentences() if set(GAP.findall(english)) != set(GAP.findall(korean))
    ]
    assert wrong == []


def test_what_is_compiled_is_what_is_written():
    with (FOLDER / "django.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    differing = [
        message.id
        for message in catalogue()
        if message.id and isinstance(message.id, str)
        and compiled.pgettext(message.context, message.id) != message.string
        and compiled.gettext(message.id) != message.string
    ]  # fmt: skip
    assert differing == []


@pytest.mark.skipif(shutil.which("xgettext") is None, reason="GNU gettext is not installed")
def test_the_catalogue_holds_what_the_pages_say_and_nothing_else(tmp_path):
    for name in ("ratings", "templates", "srstudy", "locale"):
        shutil.copytree(REPOSITORY / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "-m", "django", "makemessages", "--locale", "ko", "--no-location"]
    # Settings and catalogue are those of the copy; what is not copied is imported from here.
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY), "DJANGO_SETTINGS_MODULE": "srstudy.settings"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with (tmp_path / "locale" / "ko" / "LC_MESSAGES" / "django.po").open("rb") as file:
        fresh = {(message.context, message.id) for message in read_po(file, locale="ko") if message.id}
    assert fresh == {(message.context, message.id) for message in catalogue() if message.id}
