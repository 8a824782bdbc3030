"""`reproduce`: the paper's Table 3 beside a study's own, and what the numbers say."""

import csv
import io
from dataclasses import replace

import pytest
from django.core.management import CommandError, call_command

from ratings import paper
from ratings.models import Rater, Study
from ratings.opinion_table import OpinionTable, find_study, paper_table, study_tables, what_it_shows
from ratings.services.simulation import simulate_raters


def table(*rows: tuple[float, ...], digits: int | None = None) -> OpinionTable:
    """A table of methods m0, m1, …, a score an image."""
    images = tuple(f"i{number}" for number in range(len(rows[0])))
    return OpinionTable("T", "T", images, {f"m{at}": row for at, row in enumerate(rows)}, digits)


@pytest.fixture
def rated(study: Study) -> Study:
    """The two-image study with six simulated raters."""
    simulate_raters(study, raters=6, seed=1)
    return study


def test_the_table_is_the_papers():
    # Table 3: first and last cells of the first and last rows, and one from the middle.
    assert (paper.TABLE_3["gan2gan"][0], paper.TABLE_3["gan2gan"][9]) == (46.784, 63.573)
    assert (paper.TABLE_3["g2g_al"][0], paper.TABLE_3["g2g_al"][9]) == (44.319, 61.975)
    assert paper.TABLE_3["gan2g_al"][3] == 72.144
    assert {len(row) for row in paper.TABLE_3.values()} == {10}


def test_every_row_of_the_papers_table_averages_fifty():
    # By hand: the row of GAN2GAN adds up to 499.998, so 49.9998 on average, 50.000 as printed.
    assert paper_table().means()["gan2gan"] == pytest.approx(49.9998)
    assert [f"{mean:.3f}" for mean in paper_table().means().values()] == ["50.000"] * 4


def test_the_papers_numbers_say_that_its_rows_cannot_rank_methods():
    said = what_it_shows(paper_table())
    assert "averages 50.000 over its 10 images" in said
    assert "its rows cannot rank methods" in said


def test_one_changed_number_changes_the_sentence():
    rows = dict(paper.TABLE_3)
    rows["g2g_al"] = (44.4, *rows["g2g_al"][1:])  # 0.081 more on one of ten images: 0.008 on average
    changed = OpinionTable("T", "T", paper_table().images, rows, paper.TABLE_3_DIGITS)
    said = what_it_shows(changed)
    assert "they differ, so methods can be compared" in said
    assert "G2G+AL 50.008" in said


def test_rows_that_differ_by_rounding_alone_average_the_same():
    assert table((50.0, 50.001), (50.0, 50.0), digits=3).rows_are_normalised()
    assert not table((50.0, 50.004), (50.0, 50.0), digits=3).rows_are_normalised()


def test_a_table_with_a_gap_is_not_judged():
    said = what_it_shows(table((1.0, float("nan")), (1.0, 3.0)))
    assert said == "Not every row of T is complete; the means of those that are: m1 2.000."


def test_ours_over_the_study_can_rank_methods_and_within_methods_cannot(rated: Study):
    over_study, within_methods = study_tables(rated)
    assert not over_study.rows_are_normalised()
    assert within_methods.rows_are_normalised()
    assert within_methods.means()["sharp"] == pytest.approx(50)
    assert over_study.images == ("set/image0", "set/image1")


def test_a_study_that_people_rated_comes_before_a_newer_simulated_one(rated: Study):
    assert find_study(None) == rated
    rated.raters.update(source=Rater.Source.IMPORT)
    newer = Study.objects.create(slug="newer", title="n", seed=1, consent_text="", instructions="")
    assert find_study(None) == rated
    assert find_study("newer") == newer


def test_the_command_prints_both_and_says_that_simulated_ratings_say_nothing(rated: Study, tmp_path):
    out = io.StringIO()
    call_command(
        "reproduce",
        opinion_csv=tmp_path / "t3.csv",
        opinion_latex=tmp_path / "t3.tex",
        stdout=out,
        stderr=io.StringIO(),
    )
    printed = out.getvalue()
    assert "Ours are simulated ratings, and say nothing about the methods." in printed
    assert "Ours, over the study" in printed
    assert "Ours, within methods" in printed
    assert "Img 1 is set/image0" in printed
    rows = list(csv.DictReader((tmp_path / "t3.csv").read_text().splitlines()))
    assert rows[0] == {"table": "Paper, Table 3", "method": "gan2gan", "image": "Img 1", "score": "46.784"}
    assert {row["table"] for row in rows} == {
        "Paper, Table 3",
        "Ours, over the study",
        "Ours, within methods",
    }
    tex = (tmp_path / "t3.tex").read_text()
    assert tex.count(r"\begin{table*}") == 3
    assert "Simulated ratings: no evidence of what people see." in tex


def test_an_unknown_study_is_refused(study: Study):
    with pytest.raises(CommandError, match="There is no study 'three'") as caught:
        call_command("reproduce", study="three")
    assert caught.value.returncode == 2


def test_scores_known_to_be_within_methods_cannot_rank_whatever_their_rows_average():
    # As where raters left gaps: rows of such a table no longer average the same.
    known = replace(table((50.0, 51.0), (50.0, 50.2)), scope="method")
    assert known.rows_are_normalised()
    assert "cannot rank methods" in what_it_shows(known)
    over_study = replace(known, scope="study")
    assert "they differ, so methods can be compared" in what_it_shows(over_study)


def test_a_try_out_does_not_make_a_study_rated_by_people(rated: Study, join, study):
    join()  # somebody who has agreed and rated nothing
    assert find_study(None) == rated
    empty = Study.objects.create(slug="empty", title="e", seed=1, instructions="")
    assert find_study(None) != empty
