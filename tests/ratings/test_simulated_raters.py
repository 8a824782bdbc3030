"""Simulated raters: marked wherever they appear, repeatable, stored one by one and never in the future."""

import io
import json
from datetime import timedelta

import pandas as pd
import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from ratings import study_files
from ratings.models import Rating, Session
from ratings.services import simulation, studies
from tests.ratings.test_results import rate_all


def simulated_marks(folder) -> set[str]:
    """What the last column of the three tables says."""
    tables = [pd.read_csv(folder / name, dtype=str) for name in study_files.TABLES[:3]]
    return {mark for table in tables for mark in table["simulated"]}


def test_simulated_raters_are_marked_and_left_out_once_people_have_rated(study, join, tmp_path):
    call_command("simulate_raters", "two", "--raters", "5", stdout=io.StringIO())
    call_command("export_dmos", "two", "--no-figures", "--out", str(tmp_path / "a"), stdout=io.StringIO())
    assert json.loads((tmp_path / "a" / "study.json").read_text())["simulated"] is True
    assert simulated_marks(tmp_path / "a") == {"true"}
    assert set(pd.read_csv(tmp_path / "a" / "ratings.csv")["source"]) == {"simulated"}
    rate_all(join().rater, lambda method: 50)
    rate_all(join().rater, lambda method: 60)
    call_command("export_dmos", "two", "--no-figures", "--out", str(tmp_path / "b"), stdout=io.StringIO())
    assert set(pd.read_csv(tmp_path / "b" / "dmos.csv")["dmos"]) == {25.0}
    assert simulated_marks(tmp_path / "b") == {"false"}
    call_command(
        "export_dmos", "two", "--out", str(tmp_path / "c"), "--include-simulated", stdout=io.StringIO()
    )
    assert set(pd.read_csv(tmp_path / "c" / "dmos.csv")["n"]) == {7}
    assert simulated_marks(tmp_path / "c") == {"true"}


def test_simulated_raters_answer_the_same_for_the_same_seed(study):
    call_command("simulate_raters", "two", "--raters", "2", "--seed", "3", stdout=io.StringIO())
    values = ["trial__stimulus", "reference_score", "test_score"]
    first = list(Rating.objects.order_by("pk").values_list(*values))
    Rating.objects.all().delete()
    study.raters.all().delete()
    call_command("simulate_raters", "two", "--raters", "2", "--seed", "3", stdout=io.StringIO())
    assert list(Rating.objects.order_by("pk").values_list(*values)) == first


def test_simulated_raters_have_finished_by_now_and_not_later(study):
    call_command("simulate_raters", "two", "--raters", "2", stdout=io.StringIO())
    now = timezone.now()
    for session in Session.objects.filter(rater__study=study):
        times = list(session.trials.order_by("position").values_list("rating__rated_at", flat=True))
        assert session.rater.created_at <= session.started_at < times[0]
        assert times == sorted(times)
        assert times[-1] == session.finished_at <= now
        # The clock of a session runs as long as its answers took.
        took_ms = sum(session.trials.values_list("rating__duration_ms", flat=True))
        assert (session.finished_at - session.started_at) == timedelta(milliseconds=took_ms)


def test_a_rater_is_stored_whole_and_those_before_them_stay(study, monkeypatch):
    real, planned = simulation.plan_session, []

    def failing(rater):
        planned.append(rater)
        if len(planned) == 3:
            raise KeyboardInterrupt
        return real(rater)

    monkeypatch.setattr(simulation, "plan_session", failing)
    with pytest.raises(CommandError, match="what was finished is kept"):
        call_command("simulate_raters", "two", "--raters", "5", stdout=io.StringIO())
    assert list(study.raters.values_list("pseudonym", flat=True)) == ["SIM0001", "SIM0002"]
    assert Rating.objects.count() == 2 * 6


def test_a_study_that_closes_meanwhile_takes_no_more_simulated_raters(study, monkeypatch):
    real = simulation.plan_session

    def closing(rater):
        if rater.number == 2:
            studies.close_study(study)
        return real(rater)

    monkeypatch.setattr(simulation, "plan_session", closing)
    with pytest.raises(CommandError, match="only an open one") as caught:
        call_command("simulate_raters", "two", "--raters", "5", stdout=io.StringIO())
    assert caught.value.returncode == 2
    assert study.raters.count() == 2


def test_a_huge_seed_is_taken(study, tmp_path):
    seed = str(10**20)
    call_command("simulate_raters", "two", "--raters", "2", "--seed", seed, stdout=io.StringIO())
    call_command(
        "export_dmos",
        "two",
        "--no-figures",
        "--seed",
        seed,
        "--out",
        str(tmp_path / "o"),
        stdout=io.StringIO(),
    )
    assert json.loads((tmp_path / "o" / "study.json").read_text())["analysis"]["seed"] == 10**20


@pytest.mark.parametrize("raters", ["0", "-3", "10001"])
def test_an_impossible_number_of_simulated_raters_is_refused(study, raters):
    with pytest.raises(CommandError, match="not between") as caught:
        call_command("simulate_raters", "two", "--raters", raters)
    assert caught.value.returncode == 2
