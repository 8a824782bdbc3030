"""One reader for every setting: a checked value, or a sentence that names the variable."""

from pathlib import Path

import pytest

from srstudy.env import Environment, SettingRefused

LONG_SECRET = "k" * 50


def test_a_missing_value_falls_back_to_the_default():
    empty = Environment({})
    assert empty.flag("DEBUG", default=True) is True
    assert empty.integer("N", 3, minimum=1, maximum=9) == 3
    assert empty.text("NAME", "x") == "x"
    assert empty.hosts("HOSTS", ("localhost",)) == ["localhost"]


@pytest.mark.parametrize(("text", "value"), [("1", True), ("Yes", True), ("off", False), ("FALSE", False)])
def test_a_flag_is_read(text, value):
    assert Environment({"DEBUG": text}).flag("DEBUG", default=not value) is value


def test_words_are_split_at_commas():
    assert Environment({"W": " a, b ,,c"}).words("W") == ["a", "b", "c"]


def test_a_folder_is_made_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert Environment({"ROOT": "here"}).folder("ROOT", Path("/else")) == tmp_path / "here"


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("sqlite:////var/db.sqlite3", "/var/db.sqlite3"),
        ("postgresql://me@127.0.0.1:5432/study", "study"),
        ("postgres://me:pw@host/study", "study"),
    ],
)
def test_a_database_address_is_read(address, name):
    assert Environment({"DATABASE_URL": address}).database("DATABASE_URL", "")["NAME"] == name


@pytest.mark.parametrize(
    ("read", "value"),
    [
        (lambda env: env.flag("V", default=True), "perhaps"),
        (lambda env: env.integer("V", 1, minimum=1, maximum=9), "many"),
        (lambda env: env.integer("V", 1, minimum=1, maximum=9), "10"),
        (lambda env: env.hosts("V", ()), "https://example.org"),
        (lambda env: env.origins("V"), "example.org"),
        (lambda env: env.folder("V", Path("/")), __file__),
        (lambda env: env.database("V", ""), "mysql://me@host/name"),
        (lambda env: env.database("V", ""), "db.sqlite3"),
        (lambda env: env.database("V", ""), "postgresql://host:port/name"),
        (lambda env: env.database("V", ""), "postgresql://host/"),
        (lambda env: env.secret("V", minimum_length=50, placeholder=None), "short"),
        (lambda env: env.text("V"), ""),
        (lambda env: env.hosts("V", ()), "example.org:8000"),
        (lambda env: env.hosts("V", ()), "[::1]:8000"),
        (lambda env: env.hosts("V", ()), "::1"),
        (lambda env: env.folder("V", Path("/")), "~nosuch/x"),
        (lambda env: env.folder("V", Path("/")), "x" * 5000),
        (lambda env: env.time_zone("V", "UTC"), "Mars/Base"),
        (lambda env: env.time_zone("V", "UTC"), "../UTC"),
        (lambda env: env.time_zone("V", "UTC"), "America"),
        (lambda env: env.choice("V", "en", ("en", "de")), "@@"),
        (lambda env: env.database("V", ""), "postgresql://[::1/name"),
    ],
)
def test_nonsense_is_refused_in_a_sentence_that_names_the_variable(read, value):
    with pytest.raises(SettingRefused) as caught:
        read(Environment({"V": value}))
    sentence = str(caught.value)
    assert sentence.startswith("V ")
    assert sentence.endswith(".")
    assert not sentence.endswith("..")


def test_hosts_are_taken_without_their_ports():
    hosts = ["example.org", ".example.org", "[::1]", "*"]
    assert Environment({"H": ",".join(hosts)}).hosts("H", ()) == hosts


def test_a_time_zone_is_read():
    assert Environment({"Z": "Asia/Seoul"}).time_zone("Z", "UTC") == "Asia/Seoul"


def test_a_choice_is_read_whatever_its_case_and_names_the_others_when_refused():
    assert Environment({"L": "debug"}).choice("L", "WARNING", ("DEBUG", "WARNING")) == "DEBUG"
    with pytest.raises(SettingRefused, match=r"^L is 'loud', and there is DEBUG, WARNING\.$"):
        Environment({"L": "loud"}).choice("L", "WARNING", ("DEBUG", "WARNING"))


def test_a_short_secret_is_refused_without_being_printed():
    with pytest.raises(SettingRefused) as caught:
        Environment({"K": "hunter2"}).secret("K", minimum_length=50, placeholder=None)
    assert "hunter2" not in str(caught.value)


def test_a_long_secret_is_taken():
    assert Environment({"K": LONG_SECRET}).secret("K", minimum_length=50, placeholder=None) == LONG_SECRET
