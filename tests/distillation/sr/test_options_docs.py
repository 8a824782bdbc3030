"""docs/options.md says of every option what is true, and its example can be trained with."""

import re
from pathlib import Path

import pytest

from distillation.sr import config, optionfile

DOCS = Path(__file__).resolve().parents[3] / "docs"
VALUES = {name: dict(optionfile.flattened(config.to_dict(config.profile(name)))) for name in config.PROFILES}


def rows() -> dict[str, list[str]]:
    """The cells of every line of a table that begins with an option."""
    found = {}
    for line in (DOCS / "options.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("| ").split(" |")]
        name = re.fullmatch(r"`([\w.]+)`", cells[0])
        if line.startswith("| `") and name:
            found[name[1]] = cells[1:]
    return found


def test_every_option_is_described_and_no_other():
    assert set(rows()) == set(VALUES["demo"])


@pytest.mark.parametrize("place", range(len(config.PROFILES)))
def test_the_defaults_are_those_of_the_profile(place):
    profile = list(config.PROFILES)[place]
    for name, cells in rows().items():
        if len(cells) == 2:  # the options of the VGG file, empty in every profile
            assert (cells[1], VALUES[profile][name]) == ("none", ""), name
            continue
        value, told = VALUES[profile][name], cells[1 + place]
        said = float(told) if isinstance(value, float) else type(value)(told) if type(value) is int else told
        assert said == (str(value).lower() if isinstance(value, bool) else value), (profile, name)


def test_the_first_option_of_a_table_of_options_says_what_it_means():
    described = rows()
    assert all(described[name][0] for name in described if not re.match(r"student|.*\.lr_", name))


def test_the_example_is_the_cpu_profile_with_a_lite_student():
    options = optionfile.resolve(file=DOCS / "examples" / "small-student.toml")
    cpu = config.profile("cpu")
    assert options.student.lite
    assert options.student_transfer.lr_start == cpu.student_transfer.lr_start
    assert options.teacher == cpu.teacher
