"""The secrets of a copy are made once, readable by their owner alone."""

import stat

from srstudy.secrets_file import write_missing_secrets


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


def test_git_ignores_the_file():
    from tests.conftest import REPOSITORY

    assert "/.env" in (REPOSITORY / ".gitignore").read_text().splitlines()
