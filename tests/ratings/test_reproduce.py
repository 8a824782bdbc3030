"""`reproduce`: the paper's Table 2 beside what is stored."""

import csv
import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from distillation.models import TRAINED_METHODS, Image, Output, TrainingRun
from distillation.queries import PROTOCOL


def reproduce(**options: object) -> tuple[str, str]:
    """Run `reproduce`; answers what it printed and what it said on the side."""
    out, err = io.StringIO(), io.StringIO()
    call_command("reproduce", **options, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def a_run(method: str, profile: str = "demo") -> TrainingRun:
    """A finished run of a method."""
    return TrainingRun.objects.create(
        method=method, profile=profile, seed=0, status="finished", folder=f"{method}-{profile}", options={},
        options_digest="", data_name="", data_digest="", weights_file="w", weights_sha256="abcdef0123456789",
        code_version="test", finished_at=timezone.now(),
    )  # fmt: skip


def image(dataset: str, name: str) -> Image:
    """A source image; no file is needed."""
    return Image.objects.create(dataset=dataset, name=name, file="f", sha256="s", width=48, height=48)


def score(reference: Image, method: str, run: TrainingRun | None, psnr_y: float, **changes: object) -> Output:
    """An output with a PSNR, and a GMSD that orders methods the other way round."""
    fields = {
        "psnr_y": psnr_y, "ssim_y": 0.5, "psnr_rgb": psnr_y - 1, "ssim_rgb": 0.4, "gmsd": psnr_y / 1000,
        "psnr_wrapped": 28.0, "lr_psnr": 40.0, "high_frequency": 0.5, "protocol": PROTOCOL,
    }  # fmt: skip
    return Output.objects.create(
        image=reference, method=method, run=run, file="f", sha256="s", width=48, height=48, seconds=0,
        code_version="test", **fields | changes,
    )  # fmt: skip


@pytest.fixture
def set5(db) -> list[Image]:
    """Two images of Set5 by bicubic, the teacher and every student, each a little better than the last."""
    pictures = [image("Set5", "a"), image("Set5", "b")]
    for rank, method in enumerate(("bicubic", *TRAINED_METHODS)):
        run = a_run(method) if method in TRAINED_METHODS else None
        for picture, offset in zip(pictures, (-1, 1), strict=True):
            score(picture, method, run, 25 + rank + offset)
    return pictures


def lines_with(printed: str, start: str) -> list[list[str]]:
    """The cells of each line that begins with a word."""
    return [line.split() for line in printed.splitlines() if line.startswith(start)]


def test_our_means_stand_beside_the_papers(set5):
    printed, _ = reproduce()
    # Paper: Table 2. Ours: the mean of 30 and 32, and of 0.030 and 0.032.
    assert lines_with(printed, "G2G+AL")[0] == [
        "G2G+AL", "29.6308", "0.6892", "31.000", "0.5000", "0.0310", "28.000"
    ]  # fmt: skip
    assert lines_with(printed, "Bicubic")[0][1:4] == ["-", "-", "25.000"]


def test_the_wrapped_column_is_explained_and_nothing_is_claimed_of_the_papers_code(set5):
    printed, _ = reproduce()
    assert "Wrapped PSNR is no PSNR" in printed
    assert "consistent with that formula" in printed


def test_methods_are_ordered_under_each_measure(set5):
    printed, _ = reproduce()
    after = printed.split("PSNR-Y, highest first\n")[1].splitlines()[0]
    assert after == "  Set5: G2G+AL > GAN2G+AL > GAN2G > GAN2GAN > Student > Teacher > Bicubic"
    after = printed.split("GMSD, lowest first\n")[1].splitlines()[0]
    assert after == "  Set5: Bicubic > Teacher > Student > GAN2GAN > GAN2G > GAN2G+AL > G2G+AL"
    after = printed.split("SSIM-Y, highest first\n")[1].splitlines()[0]
    assert after.count("=") == 6


def test_the_order_of_the_wrapped_column_is_said_to_rank_nothing(set5):
    printed, _ = reproduce()
    assert "wrapped PSNR, highest first (ranks nothing by quality: comparable with the paper's own" in printed
    assert printed.count("(ranks nothing") == 1


def test_it_is_said_for_each_measure_whether_the_claim_holds(set5):
    printed, _ = reproduce()
    assert "  PSNR-Y: holds on 1 of 1 set.\n" in printed
    assert (
        "  GMSD: holds on 0 of 1 set; on Set5 Student leads, and GAN2GAN, GAN2G, GAN2G+AL and G2G+AL"
        in printed
    )
    assert "  The paper's own PSNR: holds on 4 of 4 sets.\n" in printed


def test_the_runs_behind_the_numbers_are_named(set5):
    printed, _ = reproduce()
    run = TrainingRun.objects.get(method="g2g_al")
    assert f"{run}, weights abcdef012345\n" in printed


def test_sets_and_methods_that_are_missing_come_with_the_command_that_makes_them(set5):
    Output.objects.filter(method="gan2g", image=set5[1]).delete()
    printed, said = reproduce()
    assert "Set5 lacks GAN2G: `python manage.py evaluate --dataset Set5 --method gan2g`" in said
    assert "Set14 has not been evaluated: `python manage.py evaluate --dataset Set14 --method bicubic" in said
    assert "`fetch_dataset Urban100` brings it" in said
    assert "PSNR-Y: nothing can be said without GAN2G." in printed
    assert lines_with(printed, "GAN2G ")[0][3:] == ["-", "-", "-", "-"]


def test_other_sets_and_other_peoples_methods_have_no_part_in_it(set5):
    score(image("holiday", "a"), "bicubic", None, 88.25)
    for picture in set5:
        score(picture, "esrgan", None, 88.25)
    printed, _ = reproduce()
    assert "88.25" not in printed
    assert "esrgan" not in printed


def test_scores_of_an_older_protocol_are_shown_as_they_are_and_said_to_be_old(set5):
    for output in Output.objects.filter(method="student"):
        Output.objects.filter(pk=output.pk).update(
            protocol="", gmsd=None, psnr_wrapped=None, lr_psnr=None, high_frequency=None
        )
    printed, said = reproduce()
    command = "`python manage.py evaluate --dataset Set5 --method student`"
    assert f"Set5 was scored under an older protocol: {command} computes its scores again" in said
    assert lines_with(printed, "Student")[0][3:] == ["27.000", "0.5000", "-", "-"]
    assert "GMSD: nothing can be said without Student." in printed


def test_one_older_protocol_with_a_name_for_all_is_old_too(set5):
    assert "older protocol" not in reproduce()[1]
    Output.objects.update(protocol="y-before")
    methods = " ".join(("bicubic", *TRAINED_METHODS))
    command = f"`python manage.py evaluate --dataset Set5 --method {methods}`"
    assert f"Set5 was scored under an older protocol: {command} computes" in reproduce()[1]


def test_what_a_profile_lacks_is_named_with_commands_for_that_profile(set5):
    quick = a_run("teacher", "smoke")
    said = reproduce(profile="smoke")[1]
    # By itself `evaluate` takes the run of the higher profile.
    assert (
        f"Set5 lacks Teacher: `python manage.py evaluate --dataset Set5 --method teacher --run {quick.pk}`."
        in said
    )
    assert "Not trained under the profile smoke: Student, GAN2GAN, " in said
    assert "; `python manage.py distill --method student --profile smoke` and `python" in said
    assert "Not trained" not in reproduce(profile="demo")[1]


def test_where_nothing_is_trained_one_command_trains_all(set5):
    said = reproduce(profile="paper")[1]
    assert "G2G+AL; `python manage.py distill --method all --profile paper` and then `evaluate`" in said
    assert "Set14 has not been evaluated: `python manage.py evaluate --dataset Set14 --method bic" in said
    assert "G2G+AL; `python manage.py use_shipped_weights` and then" in reproduce(profile="shipped")[1]


def test_runs_of_one_profile_can_be_asked_for(set5):
    quick = a_run("teacher", "smoke")
    for picture in set5:
        score(picture, "teacher", quick, 11)
    assert lines_with(reproduce()[0], "Teacher")[0][3] == "26.000"
    assert lines_with(reproduce(profile="smoke")[0], "Teacher")[0][3] == "11.000"


def test_with_nothing_to_compare_the_first_command_is_named(db, tmp_path):
    _, said = reproduce()
    assert "None of the paper's sets can be compared with its Table 2 yet." in said
    assert "Set5 has not been evaluated: `python manage.py evaluate --dataset Set5 --method bicubic" in said
    assert "No study has ratings yet" in said
    with pytest.raises(CommandError, match=r"None of the paper's sets.*evaluate --dataset Set5") as caught:
        reproduce(csv=tmp_path / "table2.csv")
    assert caught.value.returncode == 2


def test_the_table_is_written_as_csv_and_latex(set5, tmp_path):
    reproduce(csv=tmp_path / "new" / "r.csv", latex=tmp_path / "r.tex")
    rows = list(csv.DictReader((tmp_path / "new" / "r.csv").read_text().splitlines()))
    assert [row["method"] for row in rows] == ["bicubic", *TRAINED_METHODS]
    assert (rows[0]["paper_psnr"], rows[0]["run"], rows[0]["psnr_y"]) == ("", "", "25.0")
    teacher = TrainingRun.objects.get(method="teacher")
    assert (rows[1]["paper_psnr"], rows[1]["run"], rows[1]["images"]) == ("29.0393", str(teacher.pk), "2")
    tex = (tmp_path / "r.tex").read_text()
    assert r"\multicolumn{2}{c}{Paper} & \multicolumn{4}{c}{Ours}" in tex
    assert r"G2G+AL & \textbf{29.6308} & 0.6892 & \textbf{31.000} & \textbf{0.5000} & 0.0310 & 28.000" in tex


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"csv": "r", "latex": "r"}, "give each a file of its own"),
        ({"latex": "."}, "which is a folder and not a file"),
    ],
)
def test_files_that_cannot_be_written_are_refused(set5, tmp_path, monkeypatch, options, words):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CommandError, match=words) as caught:
        reproduce(**{name: Path(value) for name, value in options.items()})
    assert caught.value.returncode == 2
