"""`upscale`: any pictures by a method or a model, with what can be wrong about them."""

import errno
import io

import numpy as np
import onnxruntime
import pytest
import torch
from django.core.management import CommandError, call_command
from PIL import Image as Picture

from distillation.models import TrainingRun
from distillation.pipeline import outputs, upscaling
from distillation.sr import images, pictures, upscale
from distillation.sr.config import GeneratorShape
from distillation.sr.networks import Generator, seeded
from distillation.sr.portable import onnx_files, weights
from tests.distillation.sr.portable.layouts import in_names_of

REFUSED, FAILED, INTERRUPTED = 2, 1, 130


def run(*given: object, **options: object) -> tuple[str, str]:
    """Run `upscale`, by bicubic unless a model is given; answers what it printed and what it announced."""
    out, err = io.StringIO(), io.StringIO()
    if "model" not in options:
        options.setdefault("method", "bicubic")
    call_command("upscale", *map(str, given), **options, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def refusal(*given: object, status: int = REFUSED, **options: object) -> str:
    with pytest.raises(CommandError) as caught:
        run(*given, **options)
    assert caught.value.returncode == status
    return str(caught.value)


def pixels(seed: int = 0, side: int = 12) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)


@pytest.fixture
def folder(tmp_path, db):
    """Two pictures, one of them in a subfolder, a text and a hidden file."""
    (tmp_path / "in" / "sub").mkdir(parents=True)
    Picture.fromarray(pixels(0)).save(tmp_path / "in" / "a.png")
    Picture.fromarray(pixels(1)).save(tmp_path / "in" / "sub" / "b.bmp")
    (tmp_path / "in" / "notes.txt").write_text("text")
    (tmp_path / "in" / ".hidden.png").write_text("text")
    return tmp_path / "in"


@pytest.fixture
def network():
    return seeded(Generator, GeneratorShape(blocks=1, channels=4, lite=True, global_skip=True), seed=1).eval()


@pytest.fixture
def model(tmp_path, network):
    weights.write_model(tmp_path / "m.safetensors", network, {"name": "Given"})
    return tmp_path / "m.safetensors"


def read(path) -> np.ndarray:
    with Picture.open(path) as image:
        return np.asarray(image)


def test_pictures_keep_their_places_below_the_folder(folder, tmp_path):
    printed, announced = run(folder, out=tmp_path / "out")
    np.testing.assert_array_equal(read(tmp_path / "out" / "a.png"), images.upscale_bicubic(pixels(0), 4))
    np.testing.assert_array_equal(
        read(tmp_path / "out" / "sub" / "b.png"), images.upscale_bicubic(pixels(1), 4)
    )
    assert printed.startswith("2 pictures in")
    assert f"Skipped in {folder}, as no images: notes.txt." in announced


def test_a_long_list_of_skipped_files_is_cut(folder, tmp_path):
    for number in range(7):
        (folder / f"n{number}.txt").write_text("text")
    assert "n4.txt and 3 more." in run(folder, out=tmp_path / "out")[1]


def test_what_is_there_stays_unless_forced(folder, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.png").write_text("mine")
    _, announced = run(folder, out=tmp_path / "out")
    assert "1 of 2 outputs are there already and stay; --force makes them anew." in announced
    assert (tmp_path / "out" / "a.png").read_text() == "mine"
    assert (tmp_path / "out" / "sub" / "b.png").exists()
    run(folder, out=tmp_path / "out", force=True)
    assert read(tmp_path / "out" / "a.png").shape == (48, 48, 3)


def test_outputs_inside_the_folder_are_no_inputs_the_next_time(folder):
    run(folder, out=folder / "out")
    run(folder, out=folder / "out", force=True)
    assert not (folder / "out" / "out").exists()


def test_a_bad_picture_is_named_and_the_rest_is_done(folder, tmp_path, model):
    (folder / "bad.jpg").write_text("no image")
    Picture.fromarray(pixels(side=1)).save(folder / "dot.png")
    err = io.StringIO()
    with pytest.raises(CommandError, match="2 of 4 pictures could not be enlarged") as caught:
        call_command("upscale", str(folder), model=model, out=tmp_path / "out", stderr=err)
    assert caught.value.returncode == FAILED
    assert f"In {folder}: bad.jpg is no PNG" in err.getvalue()
    assert (
        f"{folder / 'dot.png'}: 1 × 1 px are too few: a network takes 2 px a side or more." in err.getvalue()
    )
    assert {path.name for path in (tmp_path / "out").rglob("*.png")} == {"a.png", "b.png"}


def test_what_was_dropped_is_said(folder, tmp_path):
    frames = [Picture.new("L", (8, 8), level) for level in (9, 99)]
    frames[0].save(folder / "moving.gif", save_all=True, append_images=frames[1:])
    assert "moving.gif: dropped all but the first of 2 frames." in run(folder, out=tmp_path / "out")[1]


def test_a_model_from_a_file_makes_what_its_network_makes(folder, tmp_path, model, network):
    run(folder / "a.png", model=model, out=tmp_path / "out", tile=5)
    expected = upscale.upscale(network, pixels(0)).astype(int)
    assert np.abs(read(tmp_path / "out" / "a.png") - expected).max() <= 1


@pytest.fixture(scope="module")
def onnx_file(tmp_path_factory):
    """A tiny network as export_model writes it, and the network."""
    network = seeded(Generator, GeneratorShape(blocks=1, channels=4, lite=True), seed=1).eval()
    payload, _ = onnx_files.to_bytes(onnx_files.export(network), network, {"name": "Given"})
    file = tmp_path_factory.mktemp("onnx") / "m.onnx"
    file.write_bytes(payload)
    return file, network


def test_an_onnx_model_makes_what_its_network_makes(folder, tmp_path, onnx_file):
    file, network = onnx_file
    _, announced = run(folder / "a.png", model=file, out=tmp_path / "out", tile=5)
    assert "m.onnx: onnx, 1 block of 4 channels" in announced
    expected = upscale.upscale(network, pixels(0)).astype(int)
    assert np.abs(read(tmp_path / "out" / "a.png") - expected).max() <= 1
    sentence = refusal(folder / "a.png", model=file, out=tmp_path / "o", precision="bf16")
    assert "m.onnx is computed by onnxruntime" in sentence


def test_memory_that_runs_out_in_onnxruntime_is_a_sentence_too(folder, tmp_path, onnx_file, monkeypatch):
    def exhausted(*_):
        # As it is worded by onnxruntime 1.30, whose own exceptions cannot be made from Python.
        raise Exception(
            "[ONNXRuntimeError] : 1 : FAIL : Failed to allocate memory for requested buffer of size 9"
        )

    monkeypatch.setattr(onnxruntime.InferenceSession, "run", exhausted)
    err = io.StringIO()
    with pytest.raises(CommandError, match="1 of 1 picture could"):
        call_command("upscale", str(folder / "a.png"), model=onnx_file[0], out=tmp_path / "out", stderr=err)
    assert "a.png: there is not enough memory; a smaller --tile needs less." in err.getvalue()


def test_another_programs_weights_enlarge_as_they_should(folder, tmp_path):
    torch.save({"state_dict": in_names_of("newer")}, tmp_path / "srgan.pth")
    run(folder / "a.png", model=tmp_path / "srgan.pth", out=tmp_path / "out")
    # Its weights repeat every pixel 4 x 4.
    expected = pixels(0).repeat(4, axis=0).repeat(4, axis=1)
    np.testing.assert_array_equal(read(tmp_path / "out" / "a.png"), expected)


def test_a_trained_method_is_named_with_its_run(photos, folder, tmp_path):
    quiet = {"stdout": io.StringIO(), "stderr": io.StringIO()}
    call_command("distill", method="student", profile="smoke", data=photos, steps=2, **quiet)
    trained = TrainingRun.objects.get()
    _, announced = run(folder / "a.png", method="student", run=trained.pk, out=tmp_path / "out")
    assert f"student is run {trained.pk}: Student, smoke" in announced
    expected = upscale.upscale(outputs.load_network(trained), pixels(0)).astype(int)
    assert np.abs(read(tmp_path / "out" / "a.png") - expected).max() <= 1


def test_bf16_is_used_where_it_is_asked_for(folder, tmp_path, model, monkeypatch):
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True)
    used = []
    prepare = upscaling.fast.prepare
    monkeypatch.setattr(
        upscaling.fast,
        "prepare",
        lambda g, precision: used.append(precision) or prepare(g, precision=precision),
    )
    run(folder / "a.png", model=model, out=tmp_path / "out", precision="bf16")
    assert used == ["bf16"]
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    sentence = refusal(folder / "a.png", model=model, out=tmp_path / "o2", precision="bf16")
    assert sentence == "This processor does not compute in bf16; leave --precision bf16 out."


def test_a_file_named_twice_is_enlarged_once(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(folder)
    printed, _ = run(folder / "a.png", "a.png", folder, folder / "a.png", out=tmp_path / "out")
    assert printed.startswith("2 pictures in")
    assert run("a.png", "./a.png", out=tmp_path / "out", force=True)[0].startswith("1 picture in")


def test_two_inputs_of_one_output_are_refused_before_the_work(folder, tmp_path):
    Picture.fromarray(pixels(2)).save(folder / "a.bmp")
    assert "would both become" in refusal(folder, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_output_never_takes_the_place_of_an_input(folder):
    assert "would take the place of an input" in refusal(folder, out=folder, force=True)
    np.testing.assert_array_equal(read(folder / "a.png"), pixels(0))


def test_requests_that_cannot_be_met_are_refused(folder, tmp_path, model):
    out = tmp_path / "out"
    (tmp_path / "file").write_text("")
    (tmp_path / "empty").mkdir()
    (tmp_path / "o2" / "a.png").mkdir(parents=True)
    cases = {
        "no file or folder": ([folder / "none.png"], {}),
        "holds no image": ([tmp_path / "empty"], {}),
        "is a file and not a folder": ([folder], {"out": tmp_path / "file" / "out"}),
        "is a folder, and the output": ([folder / "a.png"], {"out": tmp_path / "o2"}),
        "--run goes with a trained --method": ([folder], {"run": 1}),
        "--run goes with a trained": ([folder], {"run": 1, "model": model}),
        "1 px a side or more, not 0": ([folder], {"tile": 0, "model": model}),
        "--tile goes with a network": ([folder], {"tile": 9}),
        "--precision goes with a network": ([folder], {"precision": "bf16"}),
        "is a folder and not a model file": ([folder], {"model": tmp_path / "empty"}),
        "no model file": ([folder], {"model": tmp_path / "none.safetensors"}),
        "has not been trained": ([folder], {"method": "teacher"}),
    }
    for sentence, (given, options) in cases.items():
        assert sentence in refusal(*given, **{"out": out, **options})
    assert not out.exists()


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 9 bytes."),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes."),
        MemoryError(),
    ],
    ids=["Windows", "Linux", "NumPy"],
)
def test_memory_that_runs_out_is_a_sentence_about_tiles(folder, tmp_path, model, monkeypatch, error):
    def exhausted(*_, **__):
        raise error

    monkeypatch.setattr(upscale, "_piece", exhausted)
    err = io.StringIO()
    with pytest.raises(CommandError, match="1 of 1 picture could"):
        call_command("upscale", str(folder / "a.png"), model=model, out=tmp_path / "out", stderr=err)
    assert "a.png: there is not enough memory; a smaller --tile needs less." in err.getvalue()


def test_a_bug_is_no_bad_picture(folder, tmp_path, model, monkeypatch):
    def bug(*_, **__):
        raise RuntimeError("a bug")

    monkeypatch.setattr(upscale, "_piece", bug)
    with pytest.raises(RuntimeError, match="a bug"):
        run(folder / "a.png", model=model, out=tmp_path / "out")


def test_a_full_disk_and_an_interruption_keep_what_is_finished(folder, tmp_path, monkeypatch):
    save, written = pictures.save_png, []

    def once(path, picture):
        if written:
            raise trouble
        written.append(path)
        save(path, picture)

    monkeypatch.setattr(pictures, "save_png", once)
    trouble: BaseException = OSError(errno.ENOSPC, "No space left on device")
    assert "The disk is full" in refusal(folder, out=tmp_path / "out", status=FAILED)
    written.clear()
    trouble = KeyboardInterrupt()
    sentence = refusal(folder, out=tmp_path / "out2", status=INTERRUPTED)
    assert "the same command goes on with the others" in sentence
    assert read(tmp_path / "out2" / "a.png").shape == (48, 48, 3)
