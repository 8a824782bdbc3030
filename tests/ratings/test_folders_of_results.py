"""Whose results a folder holds: those of another study or file are neither mixed with new ones nor lost."""

import io
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from ratings import exports
from srstudy.errors import Refused


@pytest.fixture
def holding(tmp_path):
    """A folder whose study.json says so."""

    def make(told: str) -> Path:
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "study.json").write_text(told)
        return tmp_path / "out"

    return make


def test_an_export_goes_into_no_folder_of_another_study(study, holding):
    out = holding(json.dumps({"study": "one"}))
    call_command("simulate_raters", "two", "--raters", "2", stdout=io.StringIO())
    with pytest.raises(CommandError, match="holds the results of study one; name another folder") as caught:
        call_command("export_dmos", "two", "--out", str(out))
    assert caught.value.returncode == 2
    assert [path.name for path in out.iterdir()] == ["study.json"]


def test_an_analysis_goes_into_no_folder_of_another_file(tmp_path, holding):
    out = holding(json.dumps({"file": "one.csv"}))
    votes = tmp_path / "two.csv"
    votes.write_text("rater,image,method,difference\na,i,x,3\nb,i,x,4\n")
    with pytest.raises(CommandError, match=r"holds the results of the file one\.csv") as caught:
        call_command("analyse", str(votes), "--out", str(out))
    assert caught.value.returncode == 2
    assert [path.name for path in out.iterdir()] == ["study.json"]


def test_what_is_written_says_whose_it_is(tmp_path):
    votes, out = tmp_path / "one.csv", tmp_path / "out"
    votes.write_text("rater,image,method,difference\na,i,x,3\nb,i,x,4\n")
    call_command("analyse", str(votes), "--out", str(out), "--no-figures", stdout=io.StringIO())
    exports.refuse_wrong_folder(out, file=votes)
    with pytest.raises(Refused, match=r"the results of the file one\.csv"):
        exports.refuse_wrong_folder(out, study="two")


@pytest.mark.parametrize("name", ["ratings.csv", "comparisons.csv"])
def test_ratings_of_an_export_may_be_analysed_where_they_lie(holding, name):
    out = holding(json.dumps({"study": "one"}))
    exports.refuse_wrong_folder(out, file=out / name)
    with pytest.raises(Refused, match="study one"):
        exports.refuse_wrong_folder(out, file=out.parent / name)


@pytest.mark.parametrize("told", ["", "[1]", '{"mine": 1}', '{"study": "two"}'])
def test_a_folder_that_names_no_other_study_is_taken(holding, told):
    exports.refuse_wrong_folder(holding(told), study="two")
