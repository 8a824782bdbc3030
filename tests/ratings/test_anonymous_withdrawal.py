"""Ratings that stay when their rater withdraws lead to nobody: not by a row, an export, a list or a page."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from django.db.models import DateTimeField, Model, QuerySet

from ratings.models import Rater, Rating, Study, Trial
from ratings.queries import MEASURED_COLUMNS
from ratings.services import sessions, withdrawal
from ratings.services.withdrawal import withdraw_rater
from tests.ratings.test_rater_pages import answer_all_but
from tests.ratings.test_results import export, rate_all

PEOPLE = {"R0001": "p-one", "R0002": "p-two", "R0003": "p-three"}
LONG_AGO = datetime(2026, 3, 1, 13, 47, 11, 123456, tzinfo=UTC)
HOW_ANSWERED = {
    *("duration_ms", "first_interaction_ms", "toggles", "window_changes", "restarts"),
    *("hidden_count", "hidden_ms", "kept_ms"),
}


@pytest.fixture
def panel(study) -> Study:
    """Three people from Prolific who rated everything, each with scores and a screen of their own."""
    Study.objects.filter(pk=study.pk).update(options={"withdrawal": "anonymise"})
    for number, service_id in enumerate(PEOPLE.values()):
        person = {"language": "ko", "recruited": {"PROLIFIC_PID": service_id}}
        given = {"consent_version": study.consent_version, "nonce": sessions.new_nonce()}
        rater = sessions.join_study(study, **given, **person).rater
        sessions.record_step(rater, "questionnaire", {"age_band": f"band {number}"})
        rate_all(rater, lambda method, score=number: 40 + 10 * score)
        measured = dict.fromkeys(MEASURED_COLUMNS, 12 + number) | {"pointer": f"own {number}"}
        Rating.objects.filter(trial__session__rater=rater).update(**measured)
    _spread_times(study)
    return Study.objects.get(pk=study.pk)


def _spread_times(study: Study) -> None:
    """Set every time of every row to one of its own, on days of their own; nobody has left."""
    clock = itertools.count()
    for rater in study.raters.all():
        for model, path in _tables():
            for row in _rows(model, path, rater):
                times = {name: LONG_AGO + timedelta(hours=next(clock)) for name in _times_of(model)}
                if model is Rater:
                    times |= {"withdrawn_at": None, "dropped_at": None}
                model._default_manager.filter(pk=row.pk).update(**times)


def _tables(model: type[Model] = Rater, path: str = "pk") -> Iterator[tuple[type[Model], str]]:
    """Every table with rows of a rater, and by which way they lead there."""
    yield model, path
    for relation in model._meta.related_objects:
        way = relation.field.name if model is Rater else f"{relation.field.name}__{path}"
        yield from _tables(relation.related_model, way)


def _rows(model: type[Model], path: str, rater: Rater) -> QuerySet[Any]:
    return model._default_manager.filter(**{path: rater.pk})


def _times_of(model: type[Model]) -> list[str]:
    return [field.name for field in model._meta.concrete_fields if isinstance(field, DateTimeField)]


def withdraw(study: Study, name: str) -> Rater:
    """Let a rater withdraw; answers what is left of them."""
    before = set(study.raters.filter(withdrawn_at__isnull=False).values_list("pseudonym", flat=True))
    assert withdraw_rater(study.raters.select_related("study").get(pseudonym=name))
    return study.raters.filter(withdrawn_at__isnull=False).exclude(pseudonym__in=before).get()


# The rows


def test_the_tables_that_are_looked_at_are_those_of_a_rater():
    assert {model.__name__ for model, _ in _tables()} == {"Rater", "Session", "StepResult", "Trial", "Rating"}


def test_no_row_keeps_a_time_of_day(panel):
    left = withdraw(panel, "R0002")
    exact, seen = [], set()
    for model, path in _tables():
        for row, name in itertools.product(_rows(model, path, left), _times_of(model)):
            when = getattr(row, name)
            seen.add((model, name))
            if when is not None and (when.hour, when.minute, when.second, when.microsecond) != (0, 0, 0, 0):
                exact.append(f"{model.__name__}.{name}")
    assert exact == []
    assert {model for model, _ in seen} >= {Rater, Trial, Rating}


def test_who_was_dropped_before_keeps_no_time_of_day_of_it_and_no_slot(panel):
    Rater.objects.filter(pseudonym="R0002").update(dropped_at=LONG_AGO)
    left = withdraw(panel, "R0002")
    assert (left.dropped_at, left.slot) == (LONG_AGO.replace(hour=0, minute=0, second=0, microsecond=0), None)


def test_the_days_stay_those_that_they_were(panel):
    days = sorted(when.date() for when in _rated_at(panel, "R0002"))
    left = withdraw(panel, "R0002")
    assert sorted(when.date() for when in _rated_at(panel, left.pseudonym)) == days


def _rated_at(study: Study, name: str) -> list[datetime]:
    rated = Rating.objects.filter(trial__session__rater__study=study, trial__session__rater__pseudonym=name)
    return list(rated.values_list("rated_at", flat=True))


def test_the_times_of_others_stay_exact(panel):
    before = _rated_at(panel, "R0001")
    withdraw(panel, "R0002")
    assert _rated_at(panel, "R0001") == before


def test_no_row_keeps_its_key(panel):
    rater = panel.raters.get(pseudonym="R0002")
    before = {model: set(_rows(model, path, rater).values_list("pk", flat=True)) for model, path in _tables()}
    left = withdraw(panel, "R0002")
    for model, path in _tables():
        assert before[model].isdisjoint(_rows(model, path, left).values_list("pk", flat=True))
        assert not model._default_manager.filter(pk__in=before[model]).exists()


def test_no_trial_keeps_its_addresses(panel):
    def addresses() -> set[str]:
        names = ("token", "left_token", "right_token")
        return set(itertools.chain(*Trial.objects.values_list(*names)))

    before = addresses()
    withdraw(panel, "R0002")
    assert len(before - addresses()) == 3 * 6  # six trials a rater, with three addresses each


def test_nothing_measured_is_kept_but_how_the_answer_was_given(panel):
    left = withdraw(panel, "R0002")
    ratings = Rating.objects.filter(trial__session__rater=left).values(*MEASURED_COLUMNS)
    kept = {name for row in ratings for name, value in row.items() if value not in (None, "")}
    assert kept == HOW_ANSWERED
    others = Rating.objects.exclude(trial__session__rater=left).values_list(*MEASURED_COLUMNS)
    assert not any(value in (None, "") for row in others for value in row)


def test_the_answers_stay_as_they_were(panel):
    def answers(name: str) -> list[tuple[Any, ...]]:
        kept = (
            "trial__position",
            "trial__stimulus",
            "reference_score",
            "test_score",
            "duration_ms",
            "sitting",
        )
        ratings = Rating.objects.filter(trial__session__rater__pseudonym=name)
        return list(ratings.order_by("trial__position").values_list(*kept))

    before = answers("R0002")
    left = withdraw(panel, "R0002")
    assert answers(left.pseudonym) == before
    assert len(before) == 6


def test_which_of_the_missing_numbers_is_whose_is_left_to_chance(panel, monkeypatch):
    first = withdraw(panel, "R0001")
    monkeypatch.setattr(withdrawal.secrets, "choice", lambda keys: first.pk)
    second = withdraw(panel, "R0002")
    first.refresh_from_db()
    assert (first.number, second.number) == (2, 1)


def test_a_number_is_not_given_again_when_the_last_rater_withdraws(panel, join):
    withdraw(panel, "R0001")
    withdraw(panel, "R0003")
    assert join().rater.pseudonym == "R0004"


def test_half_a_playlist_is_made_nameless_as_well(panel, join):
    rater = join().rater
    answer_all_but(rater, 4)
    left = withdraw(panel, rater.pseudonym)
    assert left.slot is None
    assert Rating.objects.filter(trial__session__rater=left).count() == 2
    assert left.sessions.get().trials.count() == 6
    assert join().rater.slot == rater.slot


# The exports


@pytest.fixture
def exports(panel, tmp_path) -> tuple[Path, Path, str]:
    """An export from before the second rater's withdrawal, one from after it, and the name that is left."""
    before, after = tmp_path / "before", tmp_path / "after"
    export("two", before, "--no-figures", "--with-recruiting-ids")
    name = withdraw(panel, "R0002").pseudonym
    export("two", after, "--no-figures", "--with-recruiting-ids")
    return before, after, name


def told_again(exports: tuple[Path, Path, str], file: str) -> set[str]:
    """The columns in which a withdrawn rater's rows equal the earlier ones, and no other rater's."""
    before, after, name = exports
    old, new = (pd.read_csv(folder / file, dtype=str, keep_default_na=False) for folder in (before, after))
    mine = new[new["rater"] == name]
    same = set()
    for column in mine.columns.drop("rater"):
        cells = {who: rows[column].tolist() for who, rows in old.groupby("rater")}
        who_else = [who for who in cells if who != "R0002" and cells[who] == cells["R0002"]]
        if cells["R0002"] == mine[column].tolist() and not who_else:
            same.add(column)
    return same


def test_participants_before_and_after_share_nothing_of_who_withdrew(exports):
    assert told_again(exports, "participants.csv") == set()


def test_ratings_before_and_after_share_answers_order_and_ways_of_answering_alone(exports):
    order = {"image", "method", "reference_side", "psnr", "ssim"}
    assert told_again(exports, "ratings.csv") - order == {"test_score", "difference"} | HOW_ANSWERED


def test_a_withdrawn_rater_has_no_slot_in_the_export(exports):
    _, after, name = exports
    slots = pd.read_csv(after / "participants.csv").set_index("rater")["slot"]
    assert slots.isna().to_dict() == {"R0001": False, "R0003": False, name: True}


def test_the_ids_of_who_withdrew_are_in_no_file(exports):
    before, after, _ = exports
    assert PEOPLE["R0002"] in (before / "recruiting.csv").read_text()
    for path in after.iterdir():
        assert PEOPLE["R0002"] not in path.read_text()
        assert "R0002" not in path.read_text()


@pytest.mark.parametrize("who", list(PEOPLE))
def test_rows_stand_in_the_order_of_names_whoever_withdrew(panel, tmp_path, who):
    name = withdraw(panel, who).pseudonym
    export("two", tmp_path, "--no-figures")
    names = [*(one for one in PEOPLE if one != who), name]
    for file in ("participants.csv", "ratings.csv", "raters.csv"):
        assert list(dict.fromkeys(pd.read_csv(tmp_path / file)["rater"])) == names


def test_names_are_ordered_alike_on_every_database(panel, tmp_path):
    # An order by language would put "alpha" before "Beta", and PostgreSQL may.
    for pseudonym, name in zip(PEOPLE, ("alpha", "Beta", "R-1"), strict=True):
        Rater.objects.filter(pseudonym=pseudonym).update(pseudonym=name)
    export("two", tmp_path, "--no-figures")
    for file in ("participants.csv", "ratings.csv"):
        assert list(dict.fromkeys(pd.read_csv(tmp_path / file)["rater"])) == ["Beta", "R-1", "alpha"]


def test_scores_are_what_they_were(exports):
    before, after, _ = exports
    assert (
        pd.read_csv(before / "dmos.csv")["dmos"].tolist() == pd.read_csv(after / "dmos.csv")["dmos"].tolist()
    )


# What the researcher sees


def test_the_admin_lists_raters_by_name_and_no_slot_of_who_withdrew(panel, staff_client):
    name = withdraw(panel, "R0001").pseudonym
    listed = staff_client.get("/admin/ratings/rater/").context["cl"]
    assert [rater.pseudonym for rater in listed.queryset] == ["R0002", "R0003", name]
    assert [listed.model_admin.playlist(rater) for rater in listed.queryset] == [1, 2, None]


@pytest.mark.parametrize("field", ["number", "slot"])
def test_the_admin_does_not_show_what_counts_raters(panel, staff_client, field):
    left = withdraw(panel, "R0001")
    page = staff_client.get(f"/admin/ratings/rater/{left.pk}/change/")
    assert page.status_code == 200
    assert f"field-{field}" not in page.content.decode()


def test_the_page_of_results_lists_raters_by_name(panel, staff_client):
    name = withdraw(panel, "R0001").pseudonym
    page = staff_client.get("/studies/two/")
    assert [row["rater"] for row in page.context["raters"]] == ["R0002", "R0003", name]
