"""A person's decisions on raters, read from a file."""

import pytest

from ratings.overrides import read_overrides
from srstudy.errors import Refused

GOOD = "rater,decision,who,why\nann,reject,H. P.,fell asleep\nbob,keep,H. P.,checked by hand\n"


def written(tmp_path, text: str):
    path = tmp_path / "decisions.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_no_file_is_no_decision():
    assert read_overrides(None) == {}


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_each_decision_has_its_rater_its_author_and_its_reason(tmp_path, mark):
    found = read_overrides(written(tmp_path, mark + GOOD))
    assert {name: decision.keep for name, decision in found.items()} == {"ann": False, "bob": True}
    assert (found["ann"].who, found["ann"].why) == ("H. P.", "fell asleep")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("rater,decision,who\nann,keep,me\n", "decisions.csv has no column 'why'"),
        (GOOD.replace("keep", "maybe"), "line 3: the decision 'maybe' is neither keep nor reject"),
        (GOOD.replace("bob", "ann"), "line 3: the rater 'ann' was decided on before"),
        (GOOD.replace("fell asleep", ""), "line 2: an override of screening has an empty 'why'"),
        ("", "which is no CSV in UTF-8"),
        (
            GOOD.replace("hand", "hand,").replace("asleep", "asleep,"),
            "a row has more cells than the first line",
        ),
    ],
)
def test_a_decision_that_is_none_is_refused_with_its_line(tmp_path, text, sentence):
    with pytest.raises(Refused) as refused:
        read_overrides(written(tmp_path, text))
    assert sentence in str(refused.value)


def test_a_missing_file_is_refused_by_name(tmp_path):
    with pytest.raises(Refused, match=r"--overrides is .*nowhere\.csv', which cannot be read: No such file"):
        read_overrides(tmp_path / "nowhere.csv")
