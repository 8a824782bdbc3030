"""`manage.py fetch_dataset` as it is typed: what it prints, its exit statuses, and the table behind it."""

import io
import os
import zipfile

import pytest
from django.core.management import CommandError, call_command

from distillation.fetching import answers, downloading, sources, unpacking
from distillation.sr.dataset import IMAGE_SUFFIXES
from tests.distillation.download_site import serving


@pytest.fixture
def site(monkeypatch):
    """A site on this machine; no proxy of the surroundings comes between."""
    monkeypatch.setenv("NO_PROXY", "*")
    with serving() as here:
        yield here


def general100() -> bytes:
    """A zip of a hundred files that begin like images, most of it not to be pressed together."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(1, 101):
            archive.writestr(f"General-100/im_{number}.bmp", b"BM" + os.urandom(100))
    return buffer.getvalue()


def run(*arguments: str, **options: object) -> tuple[str, str]:
    """The command's two streams."""
    out, err = io.StringIO(), io.StringIO()
    call_command("fetch_dataset", *arguments, **options, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_the_command_fetches_to_the_data_folder(site, settings):
    site.files["/g.zip"] = general100()
    out, err = run("general100", url=[f"{site.root}/g.zip"])
    assert out == f"General100 is in {settings.DATA_ROOT / 'General100'}: 100 images.\n"
    assert "no licence is named" in err
    assert "kept" in run("General100", url=[f"{site.root}/g.zip"])[1]
    assert [path.name for path in settings.DATA_ROOT.iterdir()] == ["General100"]


@pytest.mark.parametrize(
    ("arguments", "urls", "sentence"),
    [
        ("Set6", [], "no public data set 'Set6' to fetch: choose one of Set5, Set14"),
        (
            "General100",
            [],
            "http://mmlab.ie.cuhk.edu.hk/projects/FSRCNN.html; give the address of an archive",
        ),
        ("Set5", ["file:///etc/passwd"], "'file:///etc/passwd' is no address to fetch from"),
        ("DIV2K", ["http://a.example/hr"], "give --url 2 times, in this order, and not 1 times"),
    ],
)
def test_the_command_refuses_wrong_requests_and_writes_nothing(settings, arguments, urls, sentence):
    with pytest.raises(CommandError, match=sentence) as refusal:
        run(arguments, url=urls)
    assert refusal.value.returncode == 2
    assert not settings.DATA_ROOT.exists()


def test_the_command_fails_on_a_copy_that_is_none(site, monkeypatch):
    site.files["/f"] = b"<html>"
    with pytest.raises(CommandError, match="6 bytes long and not 250112000") as failure:
        run("Set5", url=[f"{site.root}/f"])
    assert failure.value.returncode == 1


def test_the_command_stopped_by_hand_goes_on_from_there(site, settings, monkeypatch):
    def stopped(self, most_bytes):
        if self._response.length < len(data):
            raise KeyboardInterrupt
        return self._response.read1(1000)

    data = general100()
    site.files["/g"] = data
    with monkeypatch.context() as patch:
        patch.setattr(answers.Answer, "read", stopped)
        with pytest.raises(CommandError, match="Stopped; what arrived is kept") as stop:
            run("General100", url=[f"{site.root}/g"])
    assert stop.value.returncode == 130
    assert run("General100", url=[f"{site.root}/g"])[0]
    assert site.asked[-1] == ("bytes=1000-", '"1"')


def test_what_is_fetched_is_what_the_workshop_reads():
    assert set(unpacking.IMAGE_BEGINNINGS) <= IMAGE_SUFFIXES


def test_the_table_of_sources_is_sound():
    for known in sources.SETS:
        assert known.name.replace("-", "").isalnum()
        for archive in known.archives:
            assert archive.hr or archive.lr
            assert archive.url is None or archive.url.startswith("https://")
            assert archive.url is None or len(bytes.fromhex(archive.sha256)) == 32
    assert downloading.human_bytes(3_530_603_713) == "3.53 GB"
