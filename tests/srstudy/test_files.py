"""Text files appear whole or not at all."""

import errno
import os
from pathlib import Path

import pytest

from srstudy.errors import Refused
from srstudy.files import refuse_equal_files, refuse_unusable_file, write_texts


def test_what_was_there_is_replaced(tmp_path):
    (tmp_path / "a").write_text("old")
    write_texts({tmp_path / "a": "näw\n", tmp_path / "b": "x\r\n"})
    assert (tmp_path / "a").read_bytes() == "näw\n".encode()
    assert (tmp_path / "b").read_bytes() == b"x\r\n"
    assert {path.name for path in tmp_path.iterdir()} == {"a", "b"}


def test_a_disk_that_fills_up_at_the_second_file_leaves_the_first_as_it_was(tmp_path, monkeypatch):
    real, calls = os.fsync, []

    def full(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    (tmp_path / "a").write_text("old")
    with pytest.raises(OSError, match="No space left"):
        write_texts({tmp_path / "a": "new", tmp_path / "b": "new"})
    assert (tmp_path / "a").read_text() == "old"
    assert {path.name for path in tmp_path.iterdir()} == {"a"}


def test_a_folder_in_the_place_of_a_file_leaves_the_others_unwritten(tmp_path):
    (tmp_path / "b").mkdir()
    with pytest.raises(IsADirectoryError):
        write_texts({tmp_path / "a": "new", tmp_path / "b": "new"})
    assert {path.name for path in tmp_path.iterdir()} == {"b"}


def test_a_file_for_its_owner_alone_is_never_open_to_others(tmp_path):
    write_texts({tmp_path / "a": "secret"}, mode=0o600)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o600


def test_a_path_that_can_hold_no_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(Refused, match="is a folder and not a file"):
        refuse_unusable_file("--csv", tmp_path)
    with pytest.raises(Refused, match="is a file and not a folder"):
        refuse_unusable_file("--csv", tmp_path / "file" / "deep" / "x.csv")
    refuse_unusable_file("--csv", tmp_path / "new" / "x.csv")
    refuse_unusable_file("--csv", tmp_path / "file")
    assert {path.name for path in tmp_path.iterdir()} == {"file"}


def test_a_folder_that_takes_no_files_is_found_beforehand():
    if not Path("/proc/self").is_dir():
        pytest.skip("has no /proc")
    # Where even root, to whom every folder looks writable, can make nothing.
    with pytest.raises(Refused, match=r"--csv is '/proc/q/x\.csv', and '/proc' takes no new file"):
        refuse_unusable_file("--csv", Path("/proc/q/x.csv"))


def test_one_file_under_two_options_is_refused_however_it_is_spelt(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link").symlink_to(tmp_path)
    for other in ("a", "./a", "new/../a", str(tmp_path / "a"), "link/a"):
        with pytest.raises(Refused, match=r"--csv and --per-image are both .* give each a file of its own"):
            refuse_equal_files(csv=Path("a"), latex=None, per_image=Path(other))
    refuse_equal_files(csv=Path("a"), latex=Path("b"), per_image=None)
    refuse_equal_files(csv=None, latex=None)
