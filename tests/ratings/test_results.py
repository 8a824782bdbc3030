"""From stored ratings to the files of an export and the page of results."""

import csv
import errno
import hashlib
import io
import json
import os

import pandas as pd
import pytest
from django.core.management import CommandError, call_command

from ratings import exports, study_files
from ratings.asked import AskedTrial
from ratings.models import Trial
from ratings.services.ratings import Answer, Circumstances, record_rating
from ratings.services.showing import mark_shown

# Reference 80 always; what each of four raters gives the three methods, on both images alike.
TEST_SCORES = {"bicubic": [60, 75, 55, 60], "sharp": [80, 85, 70, 81], "soft": [30, 20, 45, 33]}

MEASURED = Circumstances(duration_ms=1200, device_pixel_ratio=1.5, window_width=1280, window_height=800)


def rate_all(rater, score_of) -> None:
    """Let a rater answer every trial: 80 for the reference, `score_of(method)` for the test."""
    for trial in rater.sessions.get().trials.order_by("position"):
        mark_shown([trial])
        trial.refresh_from_db()
        test = score_of(trial.stimulus.method)
        left, right = (80, test) if trial.reference_side == Trial.Side.LEFT else (test, 80)
        record_rating(
            trial=AskedTrial.of(trial), answer=Answer({"left_score": left, "right_score": right}, MEASURED)
        )


@pytest.fixture
def rated(study, join):
    """The study after four raters."""
    for number in range(4):
        rate_all(join().rater, lambda method, number=number: TEST_SCORES[method][number])
    return study


def export(slug: str, out, *options: str) -> None:
    """Write an export without a word."""
    silence = {"stdout": io.StringIO(), "stderr": io.StringIO()}
    call_command("export_dmos", slug, "--out", str(out), *options, **silence)


@pytest.fixture
def exported(rated, tmp_path):
    """The folder of its export."""
    export("two", tmp_path / "out", "--no-figures")
    return tmp_path / "out"


def test_dmos_and_its_interval_match_a_hand_calculation(exported):
    # bicubic: differences 20, 5, 25, 20: mean 17.5, sample sd 8.660254, t(0.975, 3) = 3.182446,
    # half width 3.182446 · 8.660254 / 2 = 13.780397.
    rows = pd.read_csv(exported / "dmos.csv").query("method == 'bicubic'")
    assert len(rows) == 2
    for row in rows.itertuples():
        assert (row.n, row.dmos, row.higher_is) == (4, 17.5, "worse")
        assert row.ci_low == pytest.approx(17.5 - 13.780397, abs=1e-5)
        assert row.ci_high == pytest.approx(17.5 + 13.780397, abs=1e-5)


def test_a_method_stands_beside_its_psnr_and_ssim(exported):
    # Both images have the same scores, so a rater's mean over images is their score.
    methods = pd.read_csv(exported / "methods.csv").set_index("method")
    assert methods.loc["soft", ["n_raters", "n_images", "dmos"]].tolist() == [4, 2, 48.0]
    assert methods.loc["soft", ["psnr", "ssim"]].tolist() == pytest.approx([28.0, 0.7])


def test_the_columns_are_those_of_the_contract(exported):
    def columns(name: str) -> str:
        return (exported / name).read_text().splitlines()[0]

    assert columns("dmos.csv") == (
        "image,method,n,dmos,sd,ci_low,ci_high,estimator,scope,screening,ci,higher_is,psnr,ssim,level,"
        "methodology,scale_min,scale_max,simulated"
    )
    assert columns("methods.csv") == (
        "method,n_raters,n_images,dmos,sd,ci_low,ci_high,psnr,ssim,estimator,scope,screening,ci,level,higher_is,"
        "simulated"
    )
    assert columns("ratings.csv").startswith(
        "rater,source,session,sitting,position,kind,repeat_of,image,method,reference_side,reference_score,"
        "test_score,difference,score,duration_ms,device_pixel_ratio,"
    )
    assert columns("ratings.csv").endswith(",rated_at,psnr,ssim")
    assert columns("dmos_table.csv") == "method,set/image0,set/image1,simulated"


def test_every_rating_is_a_row_by_pseudonym(exported):
    rows = list(csv.DictReader(io.StringIO((exported / "ratings.csv").read_text())))
    assert len(rows) == 24
    assert {row["rater"] for row in rows} == {"R0001", "R0002", "R0003", "R0004"}
    first = rows[0]
    assert float(first["difference"]) == float(first["reference_score"]) - float(first["test_score"])
    assert (first["source"], first["duration_ms"], first["window_width"]) == ("browser", "1200", "1280")


def test_the_manifest_has_the_sum_of_every_other_file(rated, tmp_path):
    out = tmp_path / "out"
    export("two", out, "--figures", "svg")
    lines = (out / "MANIFEST.sha256").read_text().splitlines()
    files = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert {line.split("  ")[1] for line in lines} == files - {"MANIFEST.sha256"}
    assert {"figures/methods.svg", "figures/images.svg", "figures/votes.svg"} <= files
    for line in lines:
        digest, name = line.split("  ")
        assert hashlib.sha256((out / name).read_bytes()).hexdigest() == digest


def test_study_json_says_what_was_frozen_and_how_it_was_analysed(exported):
    content = json.loads((exported / "study.json").read_text())
    assert content["frozen"]["seed"] == 7
    assert content["analysis"]["estimator"] == "mean"
    assert content["analysis"]["ci"] == "t"
    assert content["simulated"] is False


def test_zscores_within_each_method_are_warned_of(study, tmp_path, capsys):
    call_command("simulate_raters", "two", "--raters", "6", stdout=io.StringIO())
    call_command(
        "export_dmos",
        "two",
        "--no-figures",
        "--out",
        str(tmp_path / "z"),
        "--estimator=zscore",
        "--scope=method",
    )
    assert "cannot be used to rank" in capsys.readouterr().err
    # Normalised within each method, every method averages 50 over its images.
    assert pd.read_csv(tmp_path / "z" / "methods.csv")["dmos"].tolist() == pytest.approx([50, 50, 50])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nowhere"], "There is no study 'nowhere' (known: two)."),
        (["two", "--scope", "method"], "zscore"),
        (["two", "--level", "1.5"], "1.5"),
        (["two", "--seed", "-1"], "-1"),
    ],
)
def test_a_wrong_request_is_refused_in_a_sentence(rated, tmp_path, arguments, sentence):
    with pytest.raises(CommandError) as caught:
        call_command("export_dmos", *arguments, "--out", str(tmp_path / "out"))
    assert sentence in str(caught.value)
    assert caught.value.returncode == 2
    assert not (tmp_path / "out").exists()


def test_a_study_without_ratings_says_how_to_get_some(study, tmp_path):
    with pytest.raises(CommandError, match="simulate_raters two"):
        call_command("export_dmos", "two", "--out", str(tmp_path / "out"))


def test_an_export_into_a_file_is_refused(rated, tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(CommandError, match="which is a file"):
        call_command("export_dmos", "two", "--out", str(tmp_path / "out"))
    assert (tmp_path / "out").read_text() == "mine"


@pytest.mark.parametrize("writes_before", [0, 3])
def test_a_disk_that_fills_up_leaves_nothing_new(rated, tmp_path, monkeypatch, writes_before):
    calls = []

    def full(_: int) -> None:
        calls.append(1)
        if len(calls) > writes_before:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CommandError, match="disk is full") as caught:
        call_command("export_dmos", "two", "--out", str(tmp_path / "out"))
    assert caught.value.returncode == 1
    assert not (tmp_path / "out").exists()


def test_cells_that_a_spreadsheet_would_run_are_made_harmless():
    frame = pd.DataFrame({"image": ["=1+1", "@cmd", "+a", "-b", "plain"], "dmos": [-1.5, 2, 3, 4, 5]})
    rows = list(csv.DictReader(io.StringIO(exports.csv_text(frame))))
    assert [row["image"] for row in rows] == ["'=1+1", "'@cmd", "'+a", "'-b", "plain"]
    assert rows[0]["dmos"] == "-1.5"


def test_the_page_shows_what_the_export_has(rated, staff_client):
    page = staff_client.get("/studies/two/").content.decode()
    assert "Simulated ratings" not in page
    assert ">17.50<" in page
    assert ">48.00<" in page
    assert "4 people, 4 finished" in page


def test_the_page_marks_simulated_ratings(study, staff_client):
    call_command("simulate_raters", "two", "--raters", "3", stdout=io.StringIO())
    assert "Simulated ratings" in staff_client.get("/studies/two/").content.decode()
    assert b"imulated" in staff_client.get("/studies/two/methods.svg").content


def test_the_page_of_a_study_without_ratings_says_so(study, staff_client):
    assert "has no ratings yet" in staff_client.get("/studies/two/").content.decode()


def test_the_figure_is_an_svg(rated, staff_client):
    response = staff_client.get("/studies/two/methods.svg")
    assert response["Content-Type"] == "image/svg+xml"
    assert b"<svg" in response.content


@pytest.mark.parametrize("name", study_files.TABLES)
def test_every_file_of_the_export_can_be_loaded_from_the_page(rated, staff_client, exported, name):
    response = staff_client.get(f"/studies/two/files/{name}")
    if name.endswith(".csv"):
        assert response.content.decode() == (exported / name).read_text()
    assert f'filename="two-{name}"' in response["Content-Disposition"]


@pytest.mark.parametrize(
    "path", ["/", "/studies/two/", "/studies/two/methods.svg", "/studies/two/files/dmos.csv"]
)
def test_results_are_for_staff_alone(rated, stranger, path):
    response = stranger.get(path)
    assert response.status_code == 302
    assert "/admin/login/" in response["Location"]
