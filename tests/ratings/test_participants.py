"""Who took part: participants.csv, recruiting.csv and the counts of the page."""

import io
import json

import pandas as pd
import pytest
from django.core.management import call_command
from django.utils import timezone

from ratings import queries
from ratings.models import Rater, StepResult
from ratings.participants import participants_frame, recruiting_frame
from ratings.services import sessions
from ratings.services.withdrawal import withdraw_rater
from tests.ratings.test_results import export, rate_all


def join_as(study, **given):
    """Let another person join, with what their link brought."""
    return sessions.join_study(
        study, consent_version=study.consent_version, nonce=sessions.new_nonce(), **given
    ).rater


def withdraw(rater, *, how: str) -> None:
    """Withdraw under one of the study's options, frozen though they are."""
    type(rater.study).objects.filter(pk=rater.study_id).update(options={"withdrawal": how})
    withdraw_rater(Rater.objects.select_related("study").get(pk=rater.pk))


def test_a_rater_is_a_row_with_how_far_they_came(study):
    done, begun = join_as(study, language="ko"), join_as(study)
    rate_all(done, lambda method: 50)
    frame = participants_frame(study)
    columns = ["rater", "source", "language", "slot", "trials", "rated"]
    assert frame[columns].to_numpy().tolist() == [
        ["R0001", "browser", "ko", 0, 6, 6],
        ["R0002", "browser", "", 1, 6, 0],
    ]
    finished = done.sessions.get().finished_at
    assert frame["finished_at"].fillna("").tolist() == [finished.isoformat(timespec="milliseconds"), ""]
    assert frame["joined_at"].tolist()[1] == begun.created_at.isoformat(timespec="milliseconds")
    assert frame["dropped_at"].isna().all()


def test_what_the_steps_found_out_follows_in_columns_of_their_own(study):
    first, second = join_as(study), join_as(study)
    sessions.record_step(first, "questionnaire", {"age_band": "25-34", "own": {"job": "painter"}})
    sessions.record_step(second, "acuity", {"logmar": -0.1, "passed": True, "tries": [1, 2]})
    frame = participants_frame(study)
    assert list(frame)[-5:] == [
        "questionnaire_age_band", "questionnaire_own_job", "acuity_logmar", "acuity_passed", "acuity_tries",
    ]  # fmt: skip
    told = frame.iloc[1]
    assert (told["acuity_logmar"], told["acuity_passed"], told["acuity_tries"]) == (-0.1, "true", "[1, 2]")
    assert frame["questionnaire_own_job"].tolist()[0] == "painter"
    assert frame["acuity_logmar"].isna().tolist() == [True, False]


def test_raters_come_by_name_and_not_as_they_joined(study):
    for name in ("zoe", "Adam", "Mia"):
        rater = join_as(study, recruited={"PROLIFIC_PID": name})
        rate_all(rater, lambda method: 50)
        Rater.objects.filter(pk=rater.pk).update(pseudonym=name)
    for frame in (participants_frame(study), recruiting_frame(study)):
        assert frame["rater"].tolist() == ["Adam", "Mia", "zoe"]
    assert list(dict.fromkeys(row[0] for row in queries.rating_rows(study))) == ["Adam", "Mia", "zoe"]


def test_an_answer_that_a_spreadsheet_would_run_is_made_harmless(study, tmp_path):
    rater = join_as(study)
    rate_all(rater, lambda method: 50)
    sessions.record_step(rater, "feedback", {"text": '=HYPERLINK("x")'})
    export("two", tmp_path, "--no-figures")
    told = pd.read_csv(tmp_path / "participants.csv")
    assert told["feedback_text"].tolist() == ['\'=HYPERLINK("x")']


def test_try_outs_and_raters_whose_ratings_went_are_no_participants(study):
    join_as(study, tryout=True)
    gone, kept, left = join_as(study), join_as(study), join_as(study)
    for rater in (gone, kept):
        rate_all(rater, lambda method: 50)
    withdraw(gone, how="delete")
    withdraw(kept, how="anonymise")
    withdraw(left, how="anonymise")  # before the first rating: nothing is left to keep
    frame = participants_frame(study)
    assert frame["rater"].str[0].tolist() == ["W"]  # another name than they had
    assert frame["rated"].tolist() == [6]
    assert frame["withdrawn_at"].notna().all()
    counts = queries.attendance(study)
    assert (counts.people, counts.people_finished, counts.withdrawn, counts.tryouts) == (1, 1, 3, 1)
    assert counts.ratings == 6


def test_a_rater_who_dropped_out_counts_with_what_they_rated(study, staff_client):
    rater = join_as(study)
    rate_all(rater, lambda method: 50)
    Rater.objects.filter(pk=rater.pk).update(dropped_at=timezone.now())
    assert queries.attendance(study).dropped == 1
    assert participants_frame(study)["dropped_at"].notna().tolist() == [True]
    assert len(list(queries.rating_rows(study))) == 6
    page = staff_client.get("/studies/two/").content.decode()
    assert "1 dropped out, and what they rated counts" in page


@pytest.fixture
def recruited(study):
    """A study with a rater whom a service sent, who rated everything."""
    rater = join_as(study, recruited={"PROLIFIC_PID": "5f3c0ffee", "STUDY_ID": "s1"})
    rate_all(rater, lambda method: 50)
    return rater


def test_ids_of_recruiting_services_leave_only_when_asked_for(study, recruited, tmp_path):
    export("two", tmp_path / "plain", "--no-figures")
    written = "".join(path.read_text() for path in (tmp_path / "plain").iterdir())
    assert "5f3c0ffee" not in written
    assert recruited.completion_code not in written
    export("two", tmp_path / "ids", "--no-figures", "--with-recruiting-ids")
    (row,) = pd.read_csv(tmp_path / "ids" / "recruiting.csv", dtype=str).to_dict("records")
    assert (row["rater"], row["PROLIFIC_PID"], row["STUDY_ID"]) == ("R0001", "5f3c0ffee", "s1")
    assert row["completion_code"] == recruited.completion_code
    assert row["purpose"].startswith("to confirm and pay work at the recruiting service")
    assert row["finished_at"]


def test_an_export_without_ids_takes_those_of_an_earlier_one_away(study, recruited, tmp_path):
    export("two", tmp_path, "--no-figures", "--with-recruiting-ids")
    assert (tmp_path / "recruiting.csv").exists()
    export("two", tmp_path, "--no-figures")
    assert not (tmp_path / "recruiting.csv").exists()


def test_a_study_that_no_service_recruited_for_has_an_empty_table_of_ids(study):
    join_as(study)
    frame = recruiting_frame(study)
    assert (list(frame), len(frame)) == (["rater", "finished_at", "completion_code", "purpose"], 0)


def test_the_measured_columns_of_a_rating_are_exported(study, tmp_path):
    rater = join_as(study, language="ko")
    rate_all(rater, lambda method: 50)
    measured = {"screen_width": 1920, "toggles": 3, "hidden_ms": 250, "kept_ms": 17, "pointer": "touch"}
    rating = rater.sessions.get().trials.get(position=1).rating
    type(rating).objects.filter(pk=rating.pk).update(**measured)
    export("two", tmp_path, "--no-figures")
    first = pd.read_csv(tmp_path / "ratings.csv").iloc[0]
    assert {name: first[name] for name in measured} == measured
    assert first["language"] == "ko"


def test_study_json_says_what_was_frozen_and_no_step_is_left_without_a_rater(study, recruited, tmp_path):
    StepResult.objects.create(rater=recruited, step="ruler", content={})
    export("two", tmp_path, "--no-figures")
    assert "ruler" not in (tmp_path / "participants.csv").read_text().splitlines()[0]
    assert json.loads((tmp_path / "study.json").read_text())["problems"] == []


def test_an_export_goes_on_when_nobody_took_a_step(study, tmp_path):
    call_command("simulate_raters", "two", "--raters", "2", stdout=io.StringIO())
    export("two", tmp_path, "--no-figures")
    heading = (tmp_path / "participants.csv").read_text().splitlines()[0]
    assert heading == (
        "rater,source,language,slot,joined_at,finished_at,dropped_at,withdrawn_at,"
        "playlist_version,relaxed,trials,rated"
    )
