"""`analyse`: a CSV in, the files of a study out, and no database."""

import csv
import hashlib
import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from django.core.management import CommandError, call_command

from ratings.services.simulation import simulate_raters

# No test here but those with the fixture `study` may touch the database: pytest-django refuses it.


def analyse(path: Path, out: Path, *options: str) -> tuple[str, str]:
    """Run the command without figures and mixed model; answers what it printed and what it said."""
    printed, said = io.StringIO(), io.StringIO()
    quick = ("--no-figures", "--no-mixed-model")
    call_command("analyse", str(path), "--out", str(out), *quick, *options, stdout=printed, stderr=said)
    return printed.getvalue(), said.getvalue()


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def dscqs(raters: int = 12) -> pd.DataFrame:
    """Differences of 10, 20 and 30 points on four images, give or take four, in tenths."""
    rng = np.random.default_rng(11)
    return pd.DataFrame(
        [
            {"rater": f"r{rater}", "image": f"set/i{image}", "method": method, "difference": value}
            for rater in range(raters)
            for image in range(4)
            for method, centre in (("good", 10), ("fair", 20), ("poor", 30))
            for value in [round(float(centre + rng.normal(0, 4)), 1)]
        ]
    )


@pytest.fixture
def votes(tmp_path) -> Path:
    path = tmp_path / "votes.csv"
    dscqs().to_csv(path, index=False)
    return path


def test_it_writes_the_files_of_the_contract_and_their_sums(votes, tmp_path):
    printed, _ = analyse(votes, tmp_path / "out")
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {
        "dmos.csv", "dmos_table.csv", "methods.csv", "raters.csv", "comparison.csv", "agreement.csv",
        "sensitivity.csv", "study.json", "methods.txt", "tables.tex", "MANIFEST.sha256",
    } <= names  # fmt: skip
    for line in (tmp_path / "out" / "MANIFEST.sha256").read_text().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((tmp_path / "out" / name).read_bytes()).hexdigest() == digest
    assert "dmos.csv, dmos_table.csv, methods.csv" in printed


def test_it_says_which_file_was_analysed(votes, tmp_path):
    analyse(votes, tmp_path / "out", "--screening", "bt500")
    content = json.loads((tmp_path / "out" / "study.json").read_text())
    assert content["file"] == "votes.csv"
    assert content["sha256"] == hashlib.sha256(votes.read_bytes()).hexdigest()
    assert content["analysis"]["screening"] == "bt500"
    assert (content["methodology"], content["scale"]) == ("dscqs", [0, 100])


def test_a_mean_is_that_of_a_hand_calculation(tmp_path):
    path = tmp_path / "v.csv"
    path.write_text("rater,image,method,reference_score,test_score\na,i,m,80,60\nb,i,m,75,70\nc,i,m,90,65\n")
    analyse(path, tmp_path / "out")
    (row,) = rows_of(tmp_path / "out" / "dmos.csv")
    # Differences 20, 5, 25: mean 50/3.
    assert float(row["dmos"]) == pytest.approx(50 / 3)
    assert (row["n"], row["higher_is"], row["methodology"], row["psnr"]) == ("3", "worse", "dscqs", "")


@pytest.mark.parametrize("estimator", ["mean", "zscore", "subject_model", "zrec"])
def test_every_estimator_puts_the_methods_in_order(votes, tmp_path, estimator):
    analyse(votes, tmp_path / "out", "--estimator", estimator)
    scores = {row["method"]: float(row["dmos"]) for row in rows_of(tmp_path / "out" / "methods.csv")}
    assert scores["good"] < scores["fair"] < scores["poor"]
    assert {row["estimator"] for row in rows_of(tmp_path / "out" / "dmos.csv")} == {estimator}


def test_methods_that_differ_are_told_apart(votes, tmp_path):
    analyse(votes, tmp_path / "out")
    overall = [row for row in rows_of(tmp_path / "out" / "comparison.csv") if not row["image"]]
    assert {(row["method_a"], row["method_b"], row["better"]) for row in overall} == {
        ("good", "fair", "good"), ("good", "poor", "good"), ("fair", "poor", "fair"),
    }  # fmt: skip


def test_scores_with_hidden_references_are_acr_hr(tmp_path):
    path = tmp_path / "v.csv"
    path.write_text("rater,image,method,score\na,i,reference,5\na,i,m,3\nb,i,reference,4\nb,i,m,4\n")
    analyse(path, tmp_path / "out")
    (row,) = rows_of(tmp_path / "out" / "dmos.csv")
    # 3 − 5 + 5 and 4 − 4 + 5: mean 4.
    assert (float(row["dmos"]), row["methodology"], row["higher_is"]) == (4, "acr_hr", "better")


def test_another_scale_is_taken(tmp_path):
    path = tmp_path / "v.csv"
    path.write_text("rater,image,method,score\na,i,m,9\nb,i,m,7\n")
    analyse(path, tmp_path / "out", "--methodology", "acr", "--scale", "0", "10")
    (row,) = rows_of(tmp_path / "out" / "dmos.csv")
    assert (float(row["dmos"]), row["scale_min"], row["scale_max"]) == (8, "0.0", "10.0")


def test_semicolons_and_decimal_commas_give_the_same_numbers(votes, tmp_path):
    other = tmp_path / "semicolons.csv"
    dscqs().to_csv(other, index=False, sep=";", decimal=",", encoding="utf-8-sig")
    analyse(votes, tmp_path / "a")
    analyse(other, tmp_path / "b")
    assert (tmp_path / "a" / "dmos.csv").read_bytes() == (tmp_path / "b" / "dmos.csv").read_bytes()


def test_metrics_stand_beside_the_scores(votes, tmp_path):
    metrics = tmp_path / "evaluation.csv"
    lines = ["dataset,image,method,psnr_y,ssim_y,gmsd"]
    lines += [
        f"set,i{image},{method},{psnr + image},{0.9 - image / 50},{0.1 * (1 + image)}"
        for image in range(4)
        for method, psnr in (("good", 33), ("fair", 30), ("poor", 27))
    ]
    metrics.write_text("\n".join(lines) + "\n")
    analyse(votes, tmp_path / "out", "--metrics", str(metrics))
    first = rows_of(tmp_path / "out" / "dmos.csv")[0]
    assert (first["image"], first["method"], first["psnr"]) == ("set/i0", "good", "33.0")
    correlated = {row["metric"] for row in rows_of(tmp_path / "out" / "correlation.csv")}
    assert correlated == {"psnr", "ssim", "gmsd"}


def test_psnr_and_ssim_may_stand_beside_each_vote(tmp_path):
    path = tmp_path / "v.csv"
    dscqs(8).assign(psnr=30.0, ssim=0.9).to_csv(path, index=False)
    analyse(path, tmp_path / "out")
    assert {row["psnr"] for row in rows_of(tmp_path / "out" / "dmos.csv")} == {"30.0"}


def test_a_person_can_overrule_screening(votes, tmp_path):
    decisions = tmp_path / "decisions.csv"
    decisions.write_text("rater,decision,who,why\nr3,reject,H. P.,fell asleep\n")
    analyse(votes, tmp_path / "out", "--overrides", str(decisions))
    rejected = {row["rater"]: row for row in rows_of(tmp_path / "out" / "raters.csv")}["r3"]
    assert rejected["rejected"] == "true"
    assert "Rejected by H. P. (fell asleep)" in rejected["reason"]
    assert {row["n"] for row in rows_of(tmp_path / "out" / "dmos.csv")} == {"11"}
    assert "By a person's decision 1 was left out (r3)." in (tmp_path / "out" / "methods.txt").read_text()


def test_labels_that_a_spreadsheet_would_run_are_neutralised_and_read_back(tmp_path):
    path = tmp_path / "v.csv"
    dscqs(8).replace({"method": {"good": "=cmd()"}}).to_csv(path, index=False)
    analyse(path, tmp_path / "out")
    methods = {row["method"] for row in rows_of(tmp_path / "out" / "dmos.csv")}
    assert methods == {"'=cmd()", "fair", "poor"}
    again = tmp_path / "again.csv"
    dscqs(8).replace({"method": {"good": "'=cmd()"}}).to_csv(again, index=False)
    analyse(again, tmp_path / "twice")
    assert (tmp_path / "out" / "dmos.csv").read_bytes() == (tmp_path / "twice" / "dmos.csv").read_bytes()


def test_a_study_exported_and_analysed_again_has_the_same_scores(study, tmp_path):
    simulate_raters(study, raters=9, seed=2)
    silence = {"stdout": io.StringIO(), "stderr": io.StringIO()}
    call_command("export_dmos", "two", "--no-figures", "--out", str(tmp_path / "a"), **silence)
    analyse(tmp_path / "a" / "ratings.csv", tmp_path / "b")
    order = ["image", "method"]
    numbers = ["n", "dmos", "sd", "ci_low", "ci_high"]
    first, second = (
        pd.read_csv(tmp_path / name / "dmos.csv").sort_values(order, ignore_index=True) for name in "ab"
    )
    pd.testing.assert_frame_equal(first[order + numbers], second[order + numbers], check_exact=True)
    assert set(second["simulated"]) == {True}


CHOICES = "rater,image,method_a,method_b,side_a,choice\n" + "".join(
    f"r{rater},i{image},{a},{b},{'left' if rater % 2 else 'right'},{choice}\n"
    for rater in range(4)
    for image in range(3)
    for a, b, choice in (
        ("x", "y", "a" if rater else "b"),
        ("y", "z", "a" if rater != 1 else "b"),
        ("x", "z", "a" if rater != 2 else "tie"),
    )
)


@pytest.mark.parametrize("model", ["bradley_terry", "thurstone"])
def test_paired_comparisons_are_scaled(tmp_path, model):
    path = tmp_path / "choices.csv"
    path.write_text(CHOICES)
    analyse(path, tmp_path / "out", "--model", model)
    overall = {row["method"]: row for row in rows_of(tmp_path / "out" / "scale.csv") if not row["image"]}
    assert float(overall["x"]["score"]) > float(overall["y"]["score"]) > float(overall["z"]["score"])
    assert overall["x"]["model"] == model
    # x against z: three images by three wins and a tie; against y, three wins and a loss each.
    assert float(overall["x"]["wins"]) == 3 * 3 + 3 * 3.5
    assert "a tie counts as half a win" in (tmp_path / "out" / "methods.txt").read_text()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--estimator", "zscore"), "--estimator goes with scores, and not with paired comparisons"),
        (("--screening", "bt500"), "--screening goes with scores"),
        (("--scale", "0", "10"), "--scale goes with scores"),
        (("--ci", "t"), "--ci t is not one of paired comparisons, which have: bootstrap, model"),
    ],
)
def test_an_option_that_would_do_nothing_to_paired_comparisons_is_refused(tmp_path, options, sentence):
    path = tmp_path / "choices.csv"
    path.write_text(CHOICES)
    with pytest.raises(CommandError, match=sentence):
        analyse(path, tmp_path / "out", *options)


def test_a_model_of_choices_is_refused_for_scores(votes, tmp_path):
    with pytest.raises(CommandError, match="--model thurstone goes with paired comparisons alone"):
        analyse(votes, tmp_path / "out", "--model", "thurstone")


@pytest.mark.parametrize(
    ("text", "options", "sentence"),
    [
        ("rater,image,method\na,i,m\n", (), "votes.csv, line 1: there is no column of scores"),
        ("rater,image,difference\na,i,3\n", (), "'method'"),
        (
            "rater,image,method,difference\na,i,m,300\n",
            (),
            "votes.csv, line 2: difference 300 is off the scale",
        ),
        ("rater,image,method,difference\na,i,m,1\na,i,m,2\n", (), "line 3: rater 'a' votes a second time"),
        ("rater,image,method,difference\na,i,m,nan\n", (), "votes.csv, line 2"),
        ("rater,image,method,difference\na,i,m,inf\n", (), "votes.csv, line 2"),
        ("rater,image,method,score\na,i,m,3\n", (), "name the methodology: dsis, acr or acr_hr"),
        ("rater,image,method,score\na,i,m,3\n", ("--methodology", "dscqs"), "'dscqs' needs the columns"),
        ("rater,image,method,difference\na,i,m,3\n", ("--scale", "5", "1"), "5.0 to 1.0 is not a range"),
        (
            "rater,image,method,difference\na,i,m,3\n",
            ("--scope", "study"),
            "goes with estimator 'zscore' alone",
        ),
        ("rater,image,method,difference\na,i,m,3\n", ("--level", "95"), "evel 95.0 is not between 0 and 1"),
        ("rater,image,method,difference\na,i,m,3\n", ("--estimator", "zrec"), "needs 8 of them"),
        ("rater,image,method_a,method_b,choice\na,i,x,y,a\n", (), "'x'"),
        ("", (), "votes.csv"),
    ],
)
def test_a_file_or_an_option_that_is_wrong_is_one_sentence_and_nothing_is_written(
    tmp_path, text, options, sentence
):
    path = tmp_path / "votes.csv"
    path.write_text(text)
    with pytest.raises(CommandError) as refused:
        analyse(path, tmp_path / "out", *options)
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)
    assert refused.value.returncode == 2
    assert not (tmp_path / "out").exists()


def test_a_missing_file_and_a_file_for_a_folder_are_refused(votes, tmp_path):
    with pytest.raises(CommandError, match="nowhere") as refused:
        analyse(tmp_path / "nowhere.csv", tmp_path / "out")
    assert refused.value.returncode == 2
    with pytest.raises(CommandError, match="which is a file and not a folder"):
        analyse(votes, votes)


def test_metrics_of_other_images_are_refused(votes, tmp_path):
    metrics = tmp_path / "m.csv"
    metrics.write_text("image,method,psnr\nother,good,30\n")
    with pytest.raises(CommandError, match="etrics are of none of the stimuli rated"):
        analyse(votes, tmp_path / "out", "--metrics", str(metrics))


def test_a_metric_that_contradicts_itself_is_refused_with_its_line(tmp_path):
    path = tmp_path / "v.csv"
    path.write_text("rater,image,method,difference,psnr\na,i,m,3,30\nb,i,m,4,31\n")
    with pytest.raises(
        CommandError, match=r"v\.csv, line 3: psnr 31 of image 'i' by method 'm' was 30 before"
    ):
        analyse(path, tmp_path / "out")


def test_tables_of_an_earlier_analysis_do_not_stay_beside_others(votes, tmp_path):
    out = tmp_path / "out"
    analyse(votes, out)
    (out / "mine.txt").write_text("my own")
    (out / "groups.csv").write_text("edited by hand")
    analyse(votes, out, "--estimator", "zscore", "--scope", "method")
    names = {path.name for path in out.iterdir()}
    assert "comparison.csv" not in names
    assert {"mine.txt", "groups.csv", "dmos.csv"} <= names


def test_an_empty_folder_name_is_refused(votes):
    with pytest.raises(CommandError, match="an empty name is no folder"):
        call_command("analyse", str(votes), "--out", "")


def test_methods_of_one_image_each_have_no_mixed_model(tmp_path):
    path = tmp_path / "v.csv"
    frame = dscqs().query("image in ['set/i0', 'set/i1']")
    own = {"set/i0": "good", "set/i1": "fair"}
    frame[frame["method"] == frame["image"].map(own)].to_csv(path, index=False)
    said = io.StringIO()
    silence = {"stdout": io.StringIO(), "stderr": said}
    call_command("analyse", str(path), "--out", str(tmp_path / "out"), "--no-figures", **silence)
    assert "The mixed model was left out: no methods share two images" in said.getvalue()
    assert not (tmp_path / "out" / "mixed_model.csv").exists()


def test_a_rule_and_a_persons_decision_are_told_apart_in_the_paragraph(tmp_path):
    path, decisions = tmp_path / "v.csv", tmp_path / "d.csv"
    frame = dscqs()
    contrary = frame["rater"] == "r0"
    frame.loc[contrary, "difference"] = 40 - frame.loc[contrary, "difference"]
    frame.to_csv(path, index=False)
    decisions.write_text("rater,decision,who,why\nr0,keep,H. P.,known\nr5,reject,H. P.,slept\n")
    analyse(path, tmp_path / "out", "--screening", "correlation", "--overrides", str(decisions))
    text = (tmp_path / "out" / "methods.txt").read_text()
    assert "it rejects 1 of 12 (r0). By a person's decision 1 was left out (r5)." in text
    assert "By a person's decision 1 was kept (r0)." in text


def test_the_file_read_is_neither_overwritten_nor_taken_away(study, tmp_path):
    simulate_raters(study, raters=9, seed=2)
    silence = {"stdout": io.StringIO(), "stderr": io.StringIO()}
    call_command("export_dmos", "two", "--no-figures", "--out", str(tmp_path / "a"), **silence)
    ratings = (tmp_path / "a" / "ratings.csv").read_bytes()
    analyse(tmp_path / "a" / "ratings.csv", tmp_path / "a")
    assert (tmp_path / "a" / "ratings.csv").read_bytes() == ratings
    votes = tmp_path / "b" / "dmos.csv"
    votes.parent.mkdir()
    dscqs().to_csv(votes, index=False)
    with pytest.raises(CommandError, match=r"dmos\.csv would overwrite what was read"):
        analyse(votes, votes.parent)


def test_files_of_somebody_elses_manifest_stay(votes, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "groups.csv").write_text("not ours")
    digest = hashlib.sha256(b"not ours").hexdigest()
    (out / "MANIFEST.sha256").write_text(f"{digest}  groups.csv\n{digest}  ../outside.csv\n")
    (tmp_path / "outside.csv").write_text("not ours")
    analyse(votes, out, "--estimator", "zscore", "--scope", "method")
    assert (out / "groups.csv").read_text() == "not ours"
    assert (tmp_path / "outside.csv").exists()


def test_a_metric_may_have_any_name_and_no_finite_value(votes, tmp_path):
    metrics = tmp_path / "m.csv"
    lines = ["image,method,../../escaped,psnr"]
    lines += [
        f"set/i{image},{method},{0.1 * image + place},inf"
        for image in range(4)
        for place, method in enumerate(("good", "fair", "poor"))
    ]
    metrics.write_text("\n".join(lines) + "\n")
    silence = {"stdout": io.StringIO(), "stderr": io.StringIO()}
    out = tmp_path / "deep" / "out"
    call_command(
        "analyse", str(votes), "--out", str(out), "--metrics", str(metrics), "--figures", "png", **silence
    )
    drawn = {path.name for path in (out / "figures").iterdir()}
    assert "metric_escaped.png" in drawn
    assert "metric_psnr.png" not in drawn
    assert not list(tmp_path.glob("*.png"))


@pytest.mark.parametrize("column", [{"source": "simulated"}, {"simulated": "true"}])
def test_simulated_votes_are_marked_however_the_file_says_it(tmp_path, column):
    path = tmp_path / "v.csv"
    dscqs(8).assign(**column).to_csv(path, index=False)
    analyse(path, tmp_path / "out")
    assert {row["simulated"] for row in rows_of(tmp_path / "out" / "dmos.csv")} == {"true"}
    assert (tmp_path / "out" / "methods.txt").read_text().startswith("SIMULATED RATINGS")


@pytest.mark.parametrize(
    ("column", "sentence"),
    [
        ({"source": "Simulated"}, "source 'Simulated' is not one of browser, import, simulated"),
        ({"source": "tryout"}, "a try-out is never counted"),
        ({"simulated": "perhaps"}, "simulated 'perhaps' is neither 'true' nor 'false'"),
        ({"kind": "tset"}, "the kind 'tset' is not one of training"),
    ],
)
def test_a_source_or_kind_misspelt_is_refused(tmp_path, column, sentence):
    path = tmp_path / "v.csv"
    dscqs(8).assign(**column).to_csv(path, index=False)
    with pytest.raises(CommandError, match=sentence):
        analyse(path, tmp_path / "out")


def test_study_json_holds_the_decisions_and_what_reading_noted(votes, tmp_path):
    decisions, open_trial = tmp_path / "d.csv", tmp_path / "v.csv"
    decisions.write_text("rater,decision,who,why\nr3,reject,H. P.,fell asleep\n")
    open_trial.write_text(votes.read_text() + "r0,set/i9,good,\n")
    analyse(open_trial, tmp_path / "out", "--overrides", str(decisions))
    content = json.loads((tmp_path / "out" / "study.json").read_text())
    assert content["overrides"] == {"r3": {"decision": "reject", "who": "H. P.", "why": "fell asleep"}}
    assert any("Rows without a score were left out: 1" in note for note in content["notes"])


def test_raters_who_share_no_stimulus_are_named(tmp_path):
    path = tmp_path / "v.csv"
    rows = [
        f"{'left' if rater < 6 else 'right'}{rater},{'a' if rater < 6 else 'b'}{image},m,{image + rater}"
        for rater in range(12)
        for image in range(12)
    ]
    path.write_text("rater,image,method,difference\n" + "\n".join(rows) + "\n")
    with pytest.raises(CommandError, match=r"2 parts .*'left0', 'left1'.*; raters 'right6'"):
        analyse(path, tmp_path / "out", "--estimator", "subject_model")
