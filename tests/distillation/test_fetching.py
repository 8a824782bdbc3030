"""Downloading a file from a server of our own that breaks off, lies, changes its mind and falls silent."""

import hashlib
import io
import json
import re
import shutil
import subprocess
import sys
import threading
import time
from collections import namedtuple

import pytest

from distillation.fetching import answers, downloading
from distillation.fetching.downloading import Patience
from srstudy.errors import Failed, Refused
from tests.distillation.download_site import serving

QUICK = Patience(timeout_s=1.0, tries=3, pause_s=0.0)
DATA = bytes(range(256)) * 1200  # 307,200 bytes: more than one piece


@pytest.fixture
def site(monkeypatch):
    """A site on this machine; no proxy of the surroundings comes between."""
    monkeypatch.setenv("NO_PROXY", "*")
    with serving() as here:
        yield here


@pytest.fixture
def said():
    """What the download said."""
    return []


@pytest.fixture
def get(site, tmp_path, said):
    """Download /f; answers what then lies there."""
    site.files["/f"] = DATA

    def run(data: bytes | None = DATA, path: str = "/f", size: int | None = None, cap: int = 10**6) -> bytes:
        target = tmp_path / "f"
        sha256 = None if data is None else hashlib.sha256(data).hexdigest()
        downloading.download(
            site.root + path,
            target,
            sha256=sha256,
            size_bytes=size,
            cap_bytes=size or cap,
            progress=downloading.Progress("f", io.StringIO()),
            say=said.append,
            patience=QUICK,
        )
        assert [file.name for file in tmp_path.iterdir()] == ["f"]
        return target.read_bytes()

    return run


def partial(tmp_path) -> bytes:
    return (tmp_path / "f.partial").read_bytes()


def leave_partial(tmp_path, site, *, data: bytes, validator: str | None = '"1"', url: str = "/f") -> None:
    (tmp_path / "f.partial").write_bytes(data)
    note = {"url": site.root + url, "validator": validator}
    (tmp_path / "f.partial.json").write_text(json.dumps(note))


def test_a_broken_connection_is_gone_on_from(get, site):
    site.breaks = [100_000, 50_000]
    assert get(size=len(DATA)) == DATA
    assert site.asked == [(None, None), ("bytes=100000-", '"1"'), ("bytes=150000-", '"1"')]


def test_a_break_shows_without_a_length_where_the_size_is_known(get, site):
    site.length, site.breaks = False, [100_000]
    assert get(size=len(DATA)) == DATA


def test_what_is_waited_for_is_said(get, site, said):
    site.statuses = [503]
    get()
    assert said == ["127.0.0.1 answers 503 (Service Unavailable); trying again in 0 s."]


def test_a_server_without_ranges_sends_it_all_again(get, site):
    site.ranges, site.breaks = False, [100_000]
    assert get() == DATA


def test_a_file_that_changed_meanwhile_is_fetched_anew(get, site, tmp_path):
    leave_partial(tmp_path, site, data=b"old" * 1000, validator='"0"')
    assert get(None) == DATA
    assert site.asked == [("bytes=3000-", '"0"')]


@pytest.mark.parametrize(("validator", "url"), [(None, "/f"), ('"1"', "/elsewhere")])
def test_without_a_mark_of_this_address_or_a_sum_nothing_is_gone_on_from(get, site, tmp_path, validator, url):
    leave_partial(tmp_path, site, data=b"old" * 1000, validator=validator, url=url)
    assert get(None) == DATA
    assert site.asked == [(None, None)]


def test_a_weak_mark_is_none(get, site):
    site.etag, site.breaks = 'W/"1"', [1000]
    assert get(None) == DATA
    assert site.asked == [(None, None), (None, None)]


def test_a_part_that_begins_elsewhere_is_not_taken(get, site):
    site.off_by, site.breaks = 5, [1000]
    assert get(None) == DATA
    assert site.asked == [(None, None), ("bytes=1000-", '"1"'), (None, None)]


def test_with_a_sum_another_copy_is_gone_on_from(get, site, tmp_path):
    site.etag = ""
    leave_partial(tmp_path, site, data=DATA[:1000], url="/elsewhere")
    assert get() == DATA
    assert site.asked == [("bytes=1000-", None)]


def test_a_partial_file_that_is_too_long_is_fetched_anew(get, site, tmp_path):
    leave_partial(tmp_path, site, data=DATA + DATA)
    assert get() == DATA  # 416 first, then all of it
    leave_partial(tmp_path, site, data=DATA + DATA)
    assert get(size=len(DATA)) == DATA
    assert len(site.asked) == 3  # the last without a Range


def test_a_partial_file_that_is_whole_needs_no_server(get, site, tmp_path):
    leave_partial(tmp_path, site, data=DATA)
    assert get(size=len(DATA)) == DATA
    assert not site.asked


def test_passing_statuses_are_tried_again(get, site):
    site.statuses = [500, 503]
    assert get() == DATA


def test_patience_ends_with_what_arrived_kept(get, site, tmp_path):
    site.breaks = [1000, 1000, 1000]
    with pytest.raises(Failed, match=r"broke off after 3000 of 307200 bytes; what arrived is kept"):
        get()
    assert partial(tmp_path) == DATA[:3000]


def test_steps_forward_renew_patience(get, site, monkeypatch):
    monkeypatch.setattr(downloading, "A_STEP_FORWARD_BYTES", 1000)
    site.breaks = [1000] * 8
    assert get() == DATA


def test_a_silent_server_is_given_up(get, site, tmp_path, monkeypatch):
    site.stall, site.length = threading.Event(), False
    site.statuses = [200]
    monkeypatch.setattr(sys.modules[__name__], "QUICK", Patience(timeout_s=0.1, tries=1))
    with pytest.raises(Failed, match="the server fell silent"):
        get()
    site.stall.set()
    assert partial(tmp_path) == DATA


def test_nobody_at_home_is_one_sentence(get, site):
    site.root = "http://127.0.0.1:1"
    with pytest.raises(Failed, match="could not be fetched: Connection refused; nothing arrived"):
        get()


def test_a_body_without_a_length_is_bounded(get, site, tmp_path):
    site.length = False
    assert get(None) == DATA
    with pytest.raises(Failed, match="goes on after the 1000 bytes"):
        get(None, cap=1000)


def test_a_declared_length_beyond_the_cap_is_not_read(get, tmp_path):
    with pytest.raises(Failed, match=r"307.2 kB long; at most 1.0 kB are fetched"):
        get(None, cap=1000)
    assert not (tmp_path / "f.partial").exists()


def test_another_length_is_another_file(get, site):
    with pytest.raises(Failed, match="307200 bytes long and not 307201: it is another file"):
        get(size=len(DATA) + 1)


def test_a_missing_file_is_not_asked_for_twice(get, site):
    with pytest.raises(Failed, match=r"answers 404 \(Not Found\).*--url"):
        get(path="/gone")
    assert len(site.asked) == 1


def test_a_wrong_sum_names_both_and_leaves_nothing(get, site, tmp_path):
    right, found = hashlib.sha256(b"else").hexdigest(), hashlib.sha256(DATA).hexdigest()
    with pytest.raises(Failed, match=f"SHA-256 {found} and not {right}"):
        get(b"else")
    assert not (tmp_path / "f.partial").exists()


def test_a_disk_without_room_is_noticed_before(get, monkeypatch):
    usage = namedtuple("usage", "total used free")(1, 1, 1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    with pytest.raises(Failed, match=r"has 1.0 kB free and f needs 307.2 kB"):
        get()


def test_redirects_are_followed(get, site):
    site.redirects = {"/a": "b", "/b": site.root + "/f"}
    assert get(path="/a") == DATA


@pytest.mark.parametrize(
    ("location", "sentence"),
    [
        ("/a", "given up after 5 redirects"),
        ("file:///etc/passwd", "'file:///etc/passwd', which is not followed: it begins with http"),
        ("ftp://127.0.0.1/f", "which is not followed"),
        ("http://[", "which is no address"),
        ("", "leads on without saying where"),
    ],
)
def test_redirects_that_lead_nowhere_are_refused(get, site, location, sentence):
    site.redirects = {"/a": location}
    with pytest.raises(Failed, match=re.escape(sentence)):
        get(path="/a")
    assert len(site.asked) <= 6


def test_redirects_do_not_leave_encryption():
    with pytest.raises(Failed, match="not encrypted"):
        answers._next_address("https://a.example/f", "https://a.example/f", "http://a.example/f")


def test_a_killed_download_is_gone_on_from(get, site, tmp_path):
    site.breaks, site.stall = [200_000], threading.Event()
    code = (
        "import sys, pathlib; from distillation.fetching import downloading as d; d.download(sys.argv[1], "
        "pathlib.Path(sys.argv[2]), sha256=None, size_bytes=None, cap_bytes=10**6, progress=d.Progress('f'))"
    )
    command = [sys.executable, "-c", code, f"{site.root}/f", str(tmp_path / "f")]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline and not downloading.partial_of(tmp_path / "f").exists():
            time.sleep(0.01)
        while time.monotonic() < deadline and len(partial(tmp_path)) < 150_000:
            time.sleep(0.01)
        process.kill()
    site.stall.set()
    kept = len(partial(tmp_path))
    assert kept >= 150_000
    assert get(None) == DATA
    assert site.asked[-1] == (f"bytes={kept}-", '"1"')


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "ftp://a.example/f", "a.example/f", "http://", "http://a:b/f", "http://a/ f"],
)
def test_an_address_that_is_none_is_refused(url):
    with pytest.raises(Refused, match="is no address to fetch from"):
        answers.refuse_bad_address(url)
