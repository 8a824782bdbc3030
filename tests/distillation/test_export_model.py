"""`export_model`: a trained or given generator as a checked file with its card, or one sentence."""

import errno
import io
import os
import shutil

import numpy as np
import pytest
import torch
from django.core.management import CommandError, call_command
from PIL import Image as Picture

from distillation import queries
from distillation.models import TrainingRun
from distillation.pipeline import data, exports, modelcards
from distillation.sr import photographs
from distillation.sr.config import GeneratorShape
from distillation.sr.networks import Generator, seeded
from distillation.sr.portable import onnx_files, weights
from distillation.sr.portable.loading import load_model
from distillation.sr.portable.pages import loss_in_words
from tests.distillation.conftest import write_images
from tests.distillation.sr.portable.layouts import in_names_of

REFUSED, FAILED = 2, 1


def export(**options: object) -> list[str]:
    """Run `export_model`; the lines that it printed."""
    out = io.StringIO()
    call_command("export_model", **options, stdout=out, stderr=io.StringIO())
    return out.getvalue().splitlines()


@pytest.fixture
def student(photos, db) -> TrainingRun:
    """A student of the smoke profile, trained for two steps and judged on the small set."""
    quiet = {"stdout": io.StringIO(), "stderr": io.StringIO()}
    call_command("distill", method="student", profile="smoke", data=photos, steps=2, **quiet)
    return TrainingRun.objects.get()


@pytest.fixture
def given(photos, db, tmp_path):
    """A lite network's weights, as somebody may have taken them away; the sets to judge and calibrate on."""
    network = seeded(Generator, GeneratorShape(blocks=1, channels=4, lite=True), seed=1).eval()
    weights.write_model(tmp_path / "given.safetensors", network, {"name": "Given"})
    return tmp_path / "given.safetensors"


def test_a_runs_generator_leaves_with_its_card(student, tmp_path):
    out = tmp_path / "away" / "s.safetensors"
    printed = export(method="student", format="safetensors", out=out)
    loaded = load_model(out)
    with torch.inference_mode():
        x = np.full((1, 3, 5, 6), 0.5, np.float32)
        expected = exports.load_network(student)(torch.from_numpy(x)).numpy()
    np.testing.assert_array_equal(loaded.run(x), expected)
    card = loaded.card
    assert (card["method"], card["profile"], card["seed"]) == ("student", "smoke", 0)
    assert card["data"] == {"name": "train", "sha256": student.data_digest}
    assert card["checkpoint_sha256"] == student.weights_sha256
    assert card["options_sha256"] == student.options_digest
    # Two steps of the teacher's eight are a quarter: of the student's 8 and 2, that is 2 and 1 at least.
    assert [(stage["name"], stage["steps"], stage["losses"]) for stage in card["stages"]] == [
        ("student_pixel", 2, ["pix"]),
        ("student_final", 1, ["pix", "adv"]),
    ]
    assert card["content_loss"] == "pix"
    scores = student.outputs.values_list("psnr_y", flat=True)
    [row] = card["metrics"]
    assert (row["dataset"], row["images"]) == ("small", 2)
    assert row["psnr_y"] == pytest.approx((scores[0] + scores[1]) / 2)
    assert row["protocol"] == queries.PROTOCOL
    assert printed[0] == f"{out}: {out.stat().st_size:,} bytes, {student.parameters:,} parameters."
    assert "differs by 0.0e+00" in printed[1]


def test_no_half_of_a_set_and_no_mixture_of_protocols_goes_on_the_card(student):
    assert len(modelcards.card_of(student)["metrics"]) == 1
    first = student.outputs.first()
    student.outputs.filter(pk=first.pk).update(protocol="older")
    assert modelcards.card_of(student)["metrics"] == []
    student.outputs.filter(pk=first.pk).delete()
    assert modelcards.card_of(student)["metrics"] == []


def test_the_card_for_people_says_what_the_run_was(student, tmp_path):
    export(method="student", run=student.pk, format="safetensors", half=True, out=tmp_path / "s.safetensors")
    page = (tmp_path / "s.safetensors.md").read_text()
    assert page.startswith("# s.safetensors\n")
    for part in (
        "Student: a network that enlarges photographs four times",
        "the lite form, blocks × channels 1 × 4, added to the bicubic image",
        "stored as float16",
        f"train, SHA-256 {student.data_digest}",
        "| student_final | 1 | pix, adv |",
        f"| small | 2 | {np.mean([output.psnr_y for output in student.outputs.all()]):.3f} |",
        "pixels, no VGG features",
        "tiles with 5 pixels around each",  # head 1, block 2, end 1, tail 1
        "The terms of the training data, train: as its owner says",
        'load_model(Path("s.safetensors"))',
    ):
        assert part in page
    assert "None" not in page


def test_a_card_tells_the_terms_of_a_public_set(student, tmp_path):
    student.data_name = "BSDS400"
    student.save()
    export(method="student", format="safetensors", out=tmp_path / "s.safetensors")
    assert "BSDS400: for non-commercial research and education" in (tmp_path / "s.safetensors.md").read_text()
    student.data_name = photographs.TRAINING_SET
    student.save()
    export(method="student", format="safetensors", out=tmp_path / "s.safetensors", force=True)
    assert "each one's terms in docs/datasets.md" in (tmp_path / "s.safetensors.md").read_text()


def test_onnx_and_its_int8_variant_are_checked_and_say_what_they_lose(
    given, tmp_path, monkeypatch, capfd, caplog, recwarn
):
    write_images(tmp_path / "data" / "calibration", side_px=4 * 48)
    monkeypatch.setattr(exports, "CALIBRATION_SET", "calibration")
    out = tmp_path / "x.onnx"
    printed = export(source=given, format="onnx", int8=True, out=out)
    model = load_model(out, threads=1)
    facts = model.card["int8"]
    assert model.kind == "onnx-int8"
    assert (model.card["name"], model.card["converted_from"]) == (
        "Given",
        {"file": "given.safetensors", "storage": "float32"},
    )
    assert not {"storage", "tensors_sha256"} & model.card.keys()  # they were of the file it came from
    assert (facts["dataset"], facts["images"], facts["calibrated_on"]) == ("small", 2, "calibration")
    assert facts["loss_db"] == pytest.approx(facts["psnr_y_float32"] - facts["psnr_y"], abs=2e-4)
    assert abs(facts["loss_db"]) < 0.5
    assert printed[0].startswith(f"{out}: {out.stat().st_size:,} bytes")
    assert "ONNX, opset 18, any height and width; 2 photographs differ from torch's by" in printed[1]
    words = loss_in_words(facts["loss_db"])
    assert f"float32 has {facts['psnr_y_float32']:.3f}, {words}; the first" in printed[2]
    assert "An image of 12 × 12 takes" in printed[3]
    page = (tmp_path / "x.onnx.md").read_text()
    assert f"float32 has {facts['psnr_y_float32']:.3f}: {words}." in page
    assert "added to the input enlarged by repeating its pixels (nearest neighbour);" in page
    assert "ONNX, opset 18" in page
    # The lite form's image is the nearest neighbour's plus a little, at an odd size too, and the program on
    # the page writes it.
    small = np.random.default_rng(0).integers(0, 256, (9, 7, 3), dtype=np.uint8)
    y = model.run(onnx_files.planes(small))[0].transpose(1, 2, 0)
    assert np.abs(y - small.repeat(4, axis=0).repeat(4, axis=1) / 255).max() < 0.2
    Picture.fromarray(small).save(tmp_path / "small.png")
    monkeypatch.chdir(tmp_path)
    exec(page.partition("```python")[2].partition("```")[0], {})  # noqa: S102
    assert np.array_equal(np.asarray(Picture.open("large.png")), np.round(y.clip(0, 1) * 255))
    written = capfd.readouterr()
    assert all(line.startswith("decoding ") for line in written.err.splitlines())
    assert (written.out, list(recwarn)) == ("", [])
    assert not [record.message for record in caplog.records if record.levelname == "WARNING"]


@pytest.fixture
def unlike_torch(monkeypatch, given):
    """An exporter that gives nothing of use, and an onnxruntime that is a millionth of a grey level off."""
    expected = load_model(given).run
    monkeypatch.setattr(onnx_files, "export", lambda network: None)
    monkeypatch.setattr(onnx_files, "to_bytes", lambda model, network, card: (b"x", {**card, "opset": 18}))

    def off_by(difference):
        monkeypatch.setattr(onnx_files, "run_of", lambda payload, threads: lambda x: expected(x) + difference)

    return off_by


def test_an_onnx_file_that_is_not_like_torch_is_not_written(given, tmp_path, unlike_torch):
    unlike_torch(np.float32(2e-4))
    with pytest.raises(CommandError, match=r"differ from torch's by 2\.0e-04 .*1e-04 is allowed") as error:
        export(source=given, format="onnx", out=tmp_path / "x.onnx")
    assert error.value.returncode == FAILED
    assert not list(tmp_path.glob("x.onnx*"))


def test_weights_from_elsewhere_become_a_file_that_says_so(photos, db, tmp_path):
    torch.save({"state_dict": in_names_of("newer")}, tmp_path / "srgan.pth")
    export(source=tmp_path / "srgan.pth", format="safetensors", out=tmp_path / "x.safetensors")
    card = weights.read_card(tmp_path / "x.safetensors")
    assert card["converted_from"] == {"file": "srgan.pth", "storage": None}
    page = (tmp_path / "x.safetensors.md").read_text()
    assert "another program's weights" in page
    assert "does not say under which terms" in page


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"out": "x.onnx"}, "a file of --format safetensors ends in .safetensors"),
        ({"out": "x"}, "ends in .safetensors"),
        ({"format": "onnx", "out": "x.safetensors"}, "a file of --format onnx ends in .onnx"),
        ({"format": "onnx", "out": "x.onnx", "half": True}, "--half goes with --format safetensors"),
        ({"int8": True}, "--int8 goes with --format onnx"),
        ({"run": 1}, "--run goes with --method"),
        ({"out": "folder.safetensors"}, "is a folder and not a file"),
        ({"out": "given.safetensors/x.safetensors"}, "is a file and not a folder"),
        ({"out": "old.safetensors"}, r"old\.safetensors exists; give --force"),
        ({"out": "carded.safetensors"}, r"carded\.safetensors\.md exists; give --force"),
        ({"out": "given.safetensors", "force": True}, "--from and --out are both"),
        ({"source": "none.pth"}, "There is no model file"),
        ({"source": "bad.onnx"}, "is no whole ONNX file|has no model card"),
        ({"source": "bad.zip"}, "a model is .safetensors"),
    ],
)
def test_a_request_that_cannot_be_is_one_sentence_and_changes_nothing(given, tmp_path, options, sentence):
    (tmp_path / "folder.safetensors").mkdir()
    for name in ("carded.safetensors.md", "old.safetensors", "bad.onnx", "bad.zip"):
        (tmp_path / name).write_text("mine")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    asked = {"source": "given.safetensors", "format": "safetensors", "out": "new.safetensors"} | options
    asked |= {name: tmp_path / asked[name] for name in ("source", "out")}
    with pytest.raises(CommandError, match=sentence) as error:
        export(**asked)
    assert error.value.returncode == REFUSED
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_method_without_a_finished_run_is_refused(student, tmp_path):
    out = tmp_path / "x.safetensors"
    with pytest.raises(CommandError, match="has not been trained"):
        export(method="teacher", format="safetensors", out=out)
    student.status = TrainingRun.Status.STOPPED
    student.save()
    with pytest.raises(CommandError, match=f"Run {student.pk} of student is stopped, can be resumed, not"):
        export(method="student", run=student.pk, format="safetensors", out=out)
    assert not out.exists()


def test_a_run_whose_weights_are_gone_is_refused(student, tmp_path, settings):
    shutil.rmtree(settings.MEDIA_ROOT / student.folder)
    with pytest.raises(CommandError) as error:
        export(method="student", format="safetensors", out=tmp_path / "x.safetensors")
    assert error.value.returncode == REFUSED


def test_a_source_is_needed_and_one_is_enough(db, tmp_path):
    for sources in ((), ("--method=student", "--from=x.pth")):
        with pytest.raises(CommandError) as error:
            call_command("export_model", *sources, "--format=onnx", f"--out={tmp_path / 'x.onnx'}")
        assert error.value.returncode == REFUSED


def test_with_force_both_files_are_replaced(given, tmp_path):
    out, page = tmp_path / "x.safetensors", tmp_path / "x.safetensors.md"
    out.write_text("old")
    page.write_text("old")
    export(source=given, format="safetensors", out=out, force=True)
    assert weights.read_card(out)["name"] == "Given"
    assert page.read_text().startswith("# x.safetensors")


def test_weights_that_were_rounded_once_say_so_in_whatever_they_become(student, tmp_path):
    half, full, last = (tmp_path / f"{name}.safetensors" for name in ("half", "full", "last"))
    export(method="student", format="safetensors", half=True, out=half)
    export(source=half, format="safetensors", out=full)
    export(source=full, format="safetensors", out=last)
    assert weights.read_card(full)["converted_from"] == {"file": "half.safetensors", "storage": "float16"}
    assert weights.read_card(last)["converted_from"] == {"file": "full.safetensors", "storage": "float16"}
    for model in (half, full, last):
        page = model.with_name(f"{model.name}.md").read_text()
        assert "of the float32 network before its weights were rounded to float16;" in page
    assert "| converted from | `full.safetensors`, whose weights were rounded to float16 |" in page
    export(method="student", format="safetensors", out=full, force=True)
    export(source=full, format="safetensors", out=last, force=True)
    assert "rounded" not in last.with_name("last.safetensors.md").read_text()


@pytest.mark.parametrize(
    ("loss_db", "words"),
    [
        (0.0031, "0.003 dB lost"),
        (-0.0021, "0.002 dB gained"),
        (-0.0, "nothing lost"),
        (0.0004, "nothing lost"),
        (-0.0004, "nothing lost"),
    ],
)
def test_what_8_bits_cost_is_never_minus_nothing(loss_db, words):
    assert loss_in_words(loss_db) == words


def test_a_full_disk_leaves_neither_file(given, tmp_path, monkeypatch):
    data.data_folder("small")
    real, calls = os.fsync, []

    def full(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CommandError, match="disk is full: free some space; nothing was written") as error:
        export(source=given, format="safetensors", out=tmp_path / "x.safetensors")
    assert error.value.returncode == FAILED
    assert not list(tmp_path.glob("*x.safetensors*"))


def test_weights_beyond_float16_are_refused(photos, db, tmp_path):
    network = seeded(Generator, GeneratorShape(blocks=1, channels=4, lite=True), seed=1)
    network.tail[0].weight.data[0, 0, 0, 0] = 1e5
    weights.write_model(tmp_path / "a.safetensors", network, {"name": "Given"})
    with pytest.raises(CommandError, match=r"tail\.0\.weight does not fit float16; leave --half out"):
        export(
            source=tmp_path / "a.safetensors", format="safetensors", half=True, out=tmp_path / "b.safetensors"
        )
