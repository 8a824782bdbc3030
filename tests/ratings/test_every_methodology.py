"""A study by each methodology: simulated, exported, analysed again, imported again, replayed and shown."""

import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from django.core.management import CommandError, call_command

from ratings import results
from ratings.analysis.simulation import simulate_dscqs
from ratings.methodologies import METHODOLOGIES
from ratings.models import Problem, Rating, Study, Trial
from ratings.playlist import Design, StimulusKey, make_playlist
from ratings.services import simulation, studies
from ratings.services.playlists import split_companions, spread_training
from ratings.services.simulation import simulate_raters
from ratings.study_options import StudyOptions

EVERY = ("dscqs", "dsis", "acr_hr", "pc")
SCORED = EVERY[:3]
KINDS = {"training", "dummy", "test", "repeat", "trap"}


def quiet(*command: str) -> str:
    """Run a command without a word; answers what it said on stderr."""
    said = io.StringIO()
    call_command(*command, stdout=io.StringIO(), stderr=said)
    return said.getvalue()


def export(slug: str, out: Path, *options: str) -> str:
    """Export without what takes seconds."""
    return quiet("export_dmos", slug, "--no-figures", "--no-mixed-model", "--out", str(out), *options)


def answers_file(methodology: str) -> str:
    return "comparisons.csv" if methodology == "pc" else "ratings.csv"


@pytest.fixture
def make_study(make_outputs):
    """An open study of four images by three methods with every kind of trial that the methodology knows."""
    outputs = make_outputs(images=4)

    def make(methodology: str, slug: str = "every", **options: object) -> Study:
        kinds: dict[str, object] = {"training": 2, "dummies": 1, "repeats": 2, "degraded_traps": 2}
        if methodology != "acr_hr":
            kinds["reference_traps"] = 1
        if methodology == "pc":
            kinds["ties"] = True
        made = studies.create_study(
            slug=slug,
            title="Every kind",
            outputs=outputs,
            seed=5,
            methodology=methodology,
            options=kinds | options,
        )
        studies.open_study(made)
        return made

    return make


@pytest.mark.parametrize("methodology", EVERY)
def test_simulated_raters_answer_every_kind_of_trial_and_the_same_for_the_same_seed(make_study, methodology):
    study = make_study(methodology)
    simulate_raters(study, raters=3, seed=4)
    answer = ["choice"] if methodology == "pc" else ["score", "difference"]
    columns = ["rater", "position", "kind", *answer, "duration_ms"]
    first = results.answers_frame(study)[columns]
    assert set(first["kind"]) == KINDS
    assert not Trial.objects.filter(rating__isnull=True).exists()
    Rating.objects.all().delete()
    study.raters.all().delete()
    simulate_raters(study, raters=3, seed=4)
    pd.testing.assert_frame_equal(results.answers_frame(study)[columns], first)
    simulate_raters(study, raters=3, seed=5)
    others = results.answers_frame(study)[columns].iloc[len(first) :].reset_index(drop=True)
    assert not others["duration_ms"].equals(first["duration_ms"])


def test_what_is_shown_beside_the_tests_changes_no_simulated_answer_to_a_test(make_study):
    bare = {"training": 0, "dummies": 0, "repeats": 0, "degraded_traps": 0, "reference_traps": 0}
    columns = ["rater", "image", "method", "difference", "duration_ms"]
    found = []
    for slug, options in (("every", {}), ("bare", bare)):
        study = make_study("dscqs", slug=slug, **options)
        simulate_raters(study, raters=2, seed=4)
        frame = results.ratings_frame(study).query("kind == 'test'")[columns]
        found.append(frame.sort_values(columns[:3], ignore_index=True))
    pd.testing.assert_frame_equal(*found)


def test_the_same_simulated_person_answers_the_tests_and_what_is_shown_beside_them(make_study, monkeypatch):
    real, given = simulation.SimulatedRater, []

    def noting(rng, traits=None):
        given.append(traits)
        return real(rng, traits)

    monkeypatch.setattr(simulation, "SimulatedRater", noting)
    simulate_raters(make_study("dscqs"), raters=2, seed=4)
    # Who somebody is depends on the seed and their number alone.
    assert given == list(simulate_dscqs(np.zeros(12), raters=2, seed=4).traits)


@pytest.mark.parametrize("methodology", ["dsis", "acr_hr"])
def test_simulated_scores_are_categories_and_worse_where_the_picture_is(make_study, methodology):
    study = make_study(methodology)
    simulate_raters(study, raters=30, seed=1)
    frame = results.ratings_frame(study)
    assert set(frame["score"]) <= {1.0, 2.0, 3.0, 4.0, 5.0}
    mean = frame.groupby("method")["score"].mean()
    assert mean["degraded"] < 2.5 < mean["soft"] < mean["bicubic"] < mean["reference"]


def test_simulated_choices_prefer_the_higher_psnr_and_tie_only_where_ties_are_on(make_study):
    study = make_study("pc")
    simulate_raters(study, raters=30, seed=1)
    votes = results.choices_frame(study).query("kind == 'test' and method_a == 'bicubic'")
    assert "tie" in set(votes["choice"])
    assert (votes["choice"] == "a").sum() > (votes["choice"] == "b").sum()
    strict = make_study("pc", slug="strict", ties=False, reference_traps=0)
    simulate_raters(strict, raters=30, seed=1)
    assert set(results.choices_frame(strict)["choice"]) == {"a", "b"}


@pytest.mark.parametrize("methodology", EVERY)
def test_careful_simulated_raters_pass_most_traps(make_study, tmp_path, methodology):
    simulate_raters(make_study(methodology), raters=30, seed=1)
    export("every", tmp_path)
    raters = pd.read_csv(tmp_path / "raters.csv")
    traps = 2 if methodology == "acr_hr" else 3
    assert set(raters["traps"]) == {traps}
    assert raters["traps_failed"].sum() < 0.1 * traps * 30


@pytest.mark.parametrize("methodology", EVERY)
def test_an_export_analysed_again_has_the_same_numbers(make_study, tmp_path, methodology):
    # A share of the scale that is not the usual one, so that it has to be asked for.
    options = ["--no-figures", "--no-mixed-model", "--methodology", methodology]
    given = {"trap_share": 0.01} if methodology in ("dscqs", "dsis") else {}
    simulate_raters(make_study(methodology, **given), raters=9, seed=2)
    export("every", tmp_path / "a")
    options += [] if methodology == "pc" else ["--trap-share", "0.01"]
    quiet("analyse", str(tmp_path / "a" / answers_file(methodology)), "--out", str(tmp_path / "b"), *options)
    tables = {"raters.csv": ["rater"]}
    if methodology == "pc":
        tables |= {"scale.csv": ["image", "method"], "circular_triads.csv": ["rater"]}
    else:
        tables |= {"dmos.csv": ["image", "method"], "methods.csv": ["method"]}
    for name, key in tables.items():
        first, second = (
            pd.read_csv(tmp_path / folder / name).sort_values(key, ignore_index=True) for folder in "ab"
        )
        pd.testing.assert_frame_equal(first, second, check_exact=True)


@pytest.mark.parametrize("methodology", EVERY)
def test_an_export_of_one_study_imported_by_another_has_the_same_rows(make_study, tmp_path, methodology):
    study, other = make_study(methodology), make_study(methodology, slug="other")
    simulate_raters(study, raters=3, seed=1)
    export("every", tmp_path)
    quiet("import_ratings", "other", str(tmp_path / answers_file(methodology)))
    first, second = results.answers_frame(study), results.answers_frame(other)
    assert set(first["kind"]) == KINDS
    pd.testing.assert_frame_equal(first, second)


@pytest.mark.parametrize("methodology", EVERY)
def test_a_playlist_can_be_drawn_again_from_the_exported_files_alone(make_study, tmp_path, methodology):
    simulate_raters(make_study(methodology, stimuli_per_rater=8), raters=3, seed=1)
    export("every", tmp_path)
    frozen = json.loads((tmp_path / "study.json").read_text())["frozen"]
    setup = StudyOptions.read(frozen["options"])
    stimuli = [StimulusKey(at, one["image"], one["method"]) for at, one in enumerate(frozen["stimuli"])]
    entries = METHODOLOGIES[frozen["methodology"]].entries(stimuli)
    psnr = {at: float(one["psnr"]) for at, one in enumerate(frozen["stimuli"])}
    design = Design(
        per_rater=setup.stimuli_per_rater,
        dummies=setup.dummies,
        repeats=setup.repeats,
        reference_traps=setup.reference_traps,
        degraded_traps=setup.degraded_traps,
    )
    answers = pd.read_csv(tmp_path / answers_file(methodology))
    for rater in pd.read_csv(tmp_path / "participants.csv").itertuples():
        keys, companions = split_companions(entries)
        items = make_playlist(
            keys,
            companions=companions,
            seed=frozen["seed"],
            rater_index=rater.slot,
            design=design,
            training=spread_training(entries, psnr=psnr, wanted=setup.training),
        )
        rows = answers[answers["rater"] == rater.rater].sort_values("position")
        assert len(rows) == len(items)
        for row, item in zip(rows.itertuples(), items, strict=True):
            entry = entries[item.stimulus_id]
            shown = item.shown if item.shown != "test" else entry.method
            if methodology == "pc":
                told = f"{row.method_a}|{row.method_b}"
                shown = shown if item.shown == "test" else f"reference|{item.shown}"
            else:
                told = row.method
            assert (row.kind, row.image, told) == (item.kind, entry.image, shown)
            side = {"dscqs": "reference_side", "pc": "side_a"}.get(methodology)
            assert side is None or getattr(row, side) == item.reference_side
            assert pd.isna(row.repeat_of) if item.repeat_of is None else row.repeat_of == item.repeat_of + 1


@pytest.mark.parametrize(
    ("methodology", "sentences"),
    [
        ("dscqs", ["DSCQS: two blind continuous scales", "Difference mean opinion score", "higher is worse"]),
        ("dsis", ["DSIS: the reference named", "Mean impairment score (DMOS)", "higher is better"]),
        (
            "acr_hr",
            ["ACR-HR: one picture", "DMOS against the hidden reference", "higher is better"],
        ),
        ("pc", ["Paired comparison: two methods", "higher was preferred", "comparisons.csv"]),
    ],
)
def test_the_page_says_what_was_asked_and_what_the_numbers_are(
    make_study, staff_client, methodology, sentences
):
    simulate_raters(make_study(methodology), raters=9, seed=1)
    page = staff_client.get("/studies/every/").content.decode()
    for sentence in sentences:
        assert sentence in page
    figure = staff_client.get("/studies/every/methods.svg")
    assert b"<svg" in figure.content


@pytest.mark.parametrize("methodology", ["dscqs", "pc"])
def test_every_file_of_the_page_is_that_of_the_export(make_study, staff_client, tmp_path, methodology):
    # Under so small a share raters fail traps that they would pass otherwise.
    given = {"trap_share": 0.001} if methodology == "dscqs" else {}
    simulate_raters(make_study(methodology, **given), raters=9, seed=1)
    export("every", tmp_path)
    page = staff_client.get("/studies/every/")
    assert len(page.context["files"]) > 5
    for name in page.context["files"]:
        response = staff_client.get(f"/studies/every/files/{name}")
        assert f'filename="every-{name}"' in response["Content-Disposition"]
        if name.endswith(".csv"):
            assert response.content.decode() == (tmp_path / name).read_text()


def test_the_page_of_a_paired_comparison_has_the_scale_of_the_model_chosen(
    make_study, staff_client, tmp_path
):
    simulate_raters(make_study("pc"), raters=9, seed=1)
    export("every", tmp_path, "--model", "thurstone")
    table = pd.read_csv(tmp_path / "scale.csv", keep_default_na=False)
    page = staff_client.get("/studies/every/?estimator=thurstone").content.decode()
    first = table.query("image == '' and method == 'bicubic'").iloc[0]
    assert f"<td>{float(first['score']):.2f}</td>" in page
    # Methods and images stand in the order of the study.
    assert table["method"].tolist()[:3] == ["bicubic", "sharp", "soft"]
    assert list(dict.fromkeys(table["image"])) == ["", *(f"set/image{number}" for number in range(4))]


def test_choices_that_make_no_scale_can_be_exported_all_the_same(make_study, staff_client, tmp_path):
    study = make_study("pc")
    simulate_raters(study, raters=2, seed=1)
    Rating.objects.update(choice="a")  # the first in the alphabet wins every vote
    said = export("every", tmp_path)
    assert "There is no scale: the methods fall into 3 parts" in said
    assert not (tmp_path / "scale.csv").exists()
    assert len(pd.read_csv(tmp_path / "comparisons.csv")) == Rating.objects.count()
    assert "The votes make no scale." in (tmp_path / "methods.txt").read_text()
    page = staff_client.get("/studies/every/").content.decode()
    assert "There is no scale: the methods fall into 3 parts" in page
    assert "comparisons.csv" in page
    assert "scale.csv" not in page
    assert staff_client.get("/studies/every/methods.svg").status_code == 404


@pytest.mark.parametrize(
    ("methodology", "options", "sentence"),
    [
        ("pc", ["--estimator", "zscore"], "--estimator goes with scores, and not with paired comparisons."),
        ("pc", ["--screening", "bt500"], "--screening goes with scores"),
        ("pc", ["--ci", "t"], "--ci t is not one of paired comparisons, which have: bootstrap, model."),
        ("pc", ["--level", "2"], "Level 2.0 is not between 0 and 1"),
        ("dsis", ["--model", "thurstone"], "--model thurstone goes with paired comparisons alone."),
    ],
)
def test_an_option_of_another_methodology_is_refused(make_study, tmp_path, methodology, options, sentence):
    simulate_raters(make_study(methodology), raters=3, seed=1)
    with pytest.raises(CommandError) as refused:
        export("every", tmp_path / "out", *options)
    assert sentence in str(refused.value)
    assert refused.value.returncode == 2
    assert not (tmp_path / "out").exists()


def test_the_paragraph_for_the_paper_says_how_pictures_were_shown(make_study, tmp_path):
    simulate_raters(make_study("dsis", display="in_place"), raters=3, seed=1)
    export("every", tmp_path)
    text = (tmp_path / "methods.txt").read_text()
    assert "two of them in one place, swapped by the rater at will." in text
    assert "DSIS of Rec. ITU-R BT.500, self-paced" in text
    assert (
        "Each session also held, not counted: training trials (2), dummies (1), repeats (2), traps of the "
        "reference against itself (1), traps of a degraded image (2)."
    ) in text


def test_nothing_is_said_of_the_showing_of_ratings_from_elsewhere(make_study, tmp_path):
    study, other = make_study("dsis"), make_study("dsis", slug="other")
    simulate_raters(study, raters=3, seed=1)
    export("every", tmp_path / "a")
    votes = pd.read_csv(tmp_path / "a" / "ratings.csv").drop(columns=["source"])
    votes.to_csv(tmp_path / "votes.csv", index=False)
    quiet("import_ratings", other.slug, str(tmp_path / "votes.csv"))
    export("other", tmp_path / "b")
    assert "shown in a browser" in (tmp_path / "a" / "methods.txt").read_text()
    assert "shown in a browser" not in (tmp_path / "b" / "methods.txt").read_text()


def test_a_trap_has_no_psnr_even_where_a_method_has_its_name():
    rows = pd.DataFrame(
        {"image": ["i", "i"], "method": ["degraded", "degraded"], "kind": ["test", "trap"], "score": [4, 1]}
    )
    metrics = pd.DataFrame({"image": ["i"], "method": ["degraded"], "psnr": [30.0], "ssim": [0.9]})
    merged = results.with_metrics(rows, metrics)
    assert merged["psnr"].fillna(0).tolist() == [30, 0]
    assert merged["ssim"].fillna(0).tolist() == [0.9, 0]


def test_what_is_wrong_with_a_study_is_told_on_its_page_and_on_the_list(make_study, staff_client, tmp_path):
    study = make_study("dsis")
    assert "Something is wrong" not in staff_client.get("/studies/every/").content.decode()
    Problem.objects.create(study=study, text="outputs/x.png is not the file that was frozen.")
    page = staff_client.get("/studies/every/").content.decode()
    assert "Something is wrong with this study" in page
    assert "outputs/x.png is not the file that was frozen." in page
    assert '<a href="/studies/every/#problems">1</a>' in staff_client.get("/").content.decode()
    simulate_raters(study, raters=3, seed=1)
    export("every", tmp_path)
    told = json.loads((tmp_path / "study.json").read_text())["problems"]
    assert told == ["outputs/x.png is not the file that was frozen."]
