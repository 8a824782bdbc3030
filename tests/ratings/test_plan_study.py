"""`plan_study`: raters needed, from a pilot or from assumptions; no database."""

import io

import numpy as np
import pandas as pd
import pytest
from django.core.management import CommandError, call_command


def plan(*options: str) -> list[list[str]]:
    """The rows that the command prints."""
    printed = io.StringIO()
    call_command("plan_study", *options, stdout=printed, stderr=io.StringIO())
    lines = printed.getvalue().splitlines()
    start = next(at for at, line in enumerate(lines) if line.startswith("images"))
    return [line.split() for line in lines[start + 2 :] if line.strip()]


def test_the_raters_are_those_of_a_published_table():
    # One image, sd 1 and a difference of 0.5: 34 raters for power 0.8 (paired t, as G*Power prints).
    rows = plan("--difference", "0.5", "--rater-sd", "0", "--vote-sd", "1", "--images", "1", "4")
    assert rows[0][:2] == ["1", "34"]
    # Four images halve the sd: d = 1, for which the same table has 10 raters.
    assert rows[1][:3] == ["4", "10", "40"]


def test_more_methods_need_more_raters():
    assumed = ("--difference", "5", "--rater-sd", "4", "--vote-sd", "12", "--images", "10")
    two, seven = (int(plan(*assumed, "--methods", number)[0][1]) for number in ("2", "7"))
    assert seven > two


def test_one_comparison_is_said_as_one():
    printed = io.StringIO()
    assumed = ("--difference", "5", "--rater-sd", "4", "--vote-sd", "12")
    call_command("plan_study", *assumed, stdout=printed, stderr=io.StringIO())
    assert "with 1 comparison of 2 methods" in printed.getvalue()


def test_a_pilot_gives_the_spread(tmp_path):
    rng = np.random.default_rng(4)
    taste = rng.normal(0, 6, 40)
    rows = [
        {"rater": f"r{rater}", "image": f"i{image}", "method": method, "difference": value}
        for rater in range(40)
        for image in range(8)
        for method, more in (("x", 0.0), ("y", 10.0 + taste[rater]))
        for value in [float(np.clip(20 + more + rng.normal(0, 5), -100, 100))]
    ]
    path = tmp_path / "pilot.csv"
    pd.DataFrame(rows).to_csv(path, index=False)
    printed = io.StringIO()
    call_command(
        "plan_study", "--difference", "5", "--pilot", str(path), stdout=printed, stderr=io.StringIO()
    )
    assert "from a pilot (DSCQS, 40 raters, 8 images, 2 methods)" in printed.getvalue()
    # Drawn with 6 from rater to rater, and √2 · 5 = 7.07 between two votes on one image.
    said = printed.getvalue().split(": ", 1)[1].split()
    assert float(said[0]) == pytest.approx(6, abs=1.5)
    assert float(said[6]) == pytest.approx(7.07, abs=0.6)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--difference", "5"), "A plan needs --pilot FILE.csv, or both --rater-sd and --vote-sd."),
        (("--difference", "5", "--rater-sd", "4"), "or both --rater-sd and --vote-sd"),
        (("--difference", "5", "--pilot", "x.csv", "--vote-sd", "4"), "leave --rater-sd and --vote-sd out"),
        (
            ("--difference", "0", "--rater-sd", "4", "--vote-sd", "9"),
            "--difference is 0 and must be",
        ),
        (
            ("--difference", "5", "--rater-sd", "4", "--vote-sd", "9", "--power", "1"),
            "ower 1.0 is not between",
        ),
        (("--difference", "5", "--rater-sd", "4", "--vote-sd", "9", "--methods", "1"), "--methods is 1"),
        (
            ("--difference", "5", "--rater-sd", "4", "--vote-sd", "9", "--level", "2"),
            "evel 2.0 is not between",
        ),
        (("--difference", "5", "--pilot", "nowhere.csv"), "nowhere.csv"),
        (
            ("--difference", "5", "--rater-sd=-3", "--vote-sd", "9"),
            "--rater-sd is -3, which is not a standard deviation of 0 or more",
        ),
        (("--difference", "5", "--rater-sd", "4", "--vote-sd", "inf"), "--vote-sd is inf, which is not"),
        (("--difference", "5", "--rater-sd", "0", "--vote-sd", "0"), "--rater-sd and --vote-sd are both 0"),
    ],
)
def test_an_impossible_plan_is_one_sentence(options, sentence):
    with pytest.raises(CommandError) as refused:
        call_command("plan_study", *options, stdout=io.StringIO(), stderr=io.StringIO())
    assert sentence in str(refused.value)
    assert refused.value.returncode == 2
