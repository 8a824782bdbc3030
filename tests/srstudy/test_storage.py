"""What a server hands out of `static/` cannot be mixed with what it handed out before an update."""

import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.test import override_settings

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "srstudy.storage.StaticFiles"},
}


@pytest.fixture
def collected(tmp_path):
    """The folder that `collectstatic` has filled."""
    with override_settings(STORAGES=STORAGES, STATIC_ROOT=tmp_path):
        call_command("collectstatic", "--noinput", verbosity=0)
    return tmp_path


def test_the_script_of_the_trials_imports_modules_by_names_that_hold_their_hash(collected):
    (script,) = (
        path for path in collected.glob("js/trial.*.js") if re.search(r"\.[0-9a-f]{12}\.js$", path.name)
    )
    imported = re.findall(r'from "\./([^"]+)"', script.read_text())
    original = Path(finders.find("js/trial.js")).read_text()
    assert len(imported) == len(re.findall(r'from "\./([^"]+)"', original)) > 3
    for name in imported:
        assert re.search(r"\.[0-9a-f]{12}\.js$", name)
        assert (collected / "js" / name).is_file()
