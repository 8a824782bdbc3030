"""The secrets of a copy are made once, readable by their owner alone."""

import stat
import subprocess

import pytest

from srstudy.secrets_file import main, write_missing_secrets


def values(path) -> dict[str, str]:
    """The file's names and values."""
    return dict(line.split("=", 1) for line in path.read_text().splitlines())


def test_a_key_and_a_password_are_written_for_the_owner_alone(tmp_path):
    path = tmp_path / ".env"
    assert write_missing_secrets(path) == ["SECRET_KEY", "ADMIN_PASSWORD"]
    assert len(values(path)["SECRET_KEY"]) >= 50
    assert len(values(path)["ADMIN_PASSWORD"]) >= 16
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_two_copies_have_different_secrets(tmp_path):
    write_missing_secrets(tmp_path / "a")
    write_missing_secrets(tmp_path / "b")
    assert values(tmp_path / "a") != values(tmp_path / "b")


def test_what_is_there_is_kept(tmp_path):
    path = tmp_path / ".env"
    path.write_text("SECRET_KEY=mine\nPORT=1")
    assert write_missing_secrets(path) == ["ADMIN_PASSWORD"]
    assert path.read_text().startswith("SECRET_KEY=mine\nPORT=1\nADMIN_PASSWORD=")
    before = path.read_text()
    assert write_missing_secrets(path) == []
    assert path.read_text() == before


@pytest.mark.parametrize("blank", ["SECRET_KEY=", "SECRET_KEY=''", "export SECRET_KEY= # x", "SECRET_KEY"])
def test_a_blank_line_is_replaced(tmp_path, blank):
    path = tmp_path / ".env"
    path.write_text(f"{blank}\nADMIN_PASSWORD=mine\n")
    assert write_missing_secrets(path) == ["SECRET_KEY"]
    lines = path.read_text().splitlines()
    assert lines[0] == "ADMIN_PASSWORD=mine"
    assert [line.partition("=")[0] for line in lines] == ["ADMIN_PASSWORD", "SECRET_KEY"]
    assert len(values(path)["SECRET_KEY"]) >= 50


@pytest.mark.parametrize("name", [".env", "test-db.sqlite3", "test-db.sqlite3-wal", "media/x"])
def test_git_ignores_what_a_copy_makes_for_itself(name):
    from tests.conftest import REPOSITORY

    asked = subprocess.run(["git", "-C", str(REPOSITORY), "check-ignore", "-q", name], check=False)
    assert asked.returncode == 0


def test_a_file_that_cannot_be_used_is_named_in_a_sentence(tmp_path):
    (tmp_path / "latin").write_bytes(b"SECRET_KEY=caf\xe9\n")
    with pytest.raises(SystemExit, match="latin of this copy's secrets cannot be used: it is not UTF-8 text"):
        main(tmp_path / "latin")
    with pytest.raises(SystemExit, match=r"cannot be used: Is a directory\."):
        main(tmp_path)
