"""Checkpoints: whole or not at all, and refused when they are not what was saved."""

import json
import multiprocessing
import shutil
from dataclasses import replace

import pytest
import torch

from distillation.sr import checkpoints
from distillation.sr.checkpoints import Checkpoint, CheckpointRefused, Locked
from distillation.sr.config import GeneratorShape


@pytest.fixture
def checkpoint():
    return Checkpoint(
        stage="s",
        step=1,
        finished=False,
        options_digest="o",
        data_digest="d",
        tensors={"a.w": torch.arange(4.0)},
        notes={"seconds": 1.5},
    )


def tensor_files(folder):
    return sorted(file.name for file in folder.glob("*.safetensors"))


def test_a_checkpoint_comes_back_as_it_was(tmp_path, checkpoint):
    sha256 = checkpoints.save(tmp_path, checkpoint)
    loaded = checkpoints.load(tmp_path)
    assert torch.equal(loaded.tensors["a.w"], torch.arange(4.0))
    assert replace(loaded, tensors=checkpoint.tensors) == replace(checkpoint, sha256=sha256)


def test_a_folder_without_one_gives_none(tmp_path):
    assert checkpoints.load(tmp_path) is None


def test_only_the_newest_tensors_are_kept(tmp_path, checkpoint):
    for step in (1, 2):
        checkpoints.save(tmp_path, replace(checkpoint, step=step))
    assert tensor_files(tmp_path) == ["s-0000002.safetensors"]


def test_a_half_written_checkpoint_is_not_seen(tmp_path, checkpoint):
    checkpoints.save(tmp_path, checkpoint)
    # Killed after some of the next tensors, before the commit.
    whole = (tmp_path / "s-0000001.safetensors").read_bytes()
    (tmp_path / ".s-0000002.safetensors.tmp").write_bytes(whole[:40])
    (tmp_path / "s-0000002.safetensors").write_bytes(whole)
    assert checkpoints.load(tmp_path).step == 1


def test_a_commit_that_fails_leaves_the_last_checkpoint(tmp_path, checkpoint, monkeypatch):
    checkpoints.save(tmp_path, checkpoint)
    replace_file = checkpoints._replace

    def killed(path, payload):
        if path.name == checkpoints.COMMIT:
            raise OSError("killed")
        replace_file(path, payload)

    monkeypatch.setattr(checkpoints, "_replace", killed)
    with pytest.raises(OSError, match="killed"):
        checkpoints.save(tmp_path, replace(checkpoint, step=2))
    assert checkpoints.load(tmp_path).step == 1


def test_tampered_tensors_are_refused(tmp_path, checkpoint):
    checkpoints.save(tmp_path, checkpoint)
    file = tmp_path / "s-0000001.safetensors"
    payload = bytearray(file.read_bytes())
    payload[-1] ^= 1
    file.write_bytes(payload)
    with pytest.raises(CheckpointRefused, match=r"s-0000001\.safetensors is not the file that was saved"):
        checkpoints.load(tmp_path)


def test_missing_tensors_are_refused(tmp_path, checkpoint):
    checkpoints.save(tmp_path, checkpoint)
    (tmp_path / "s-0000001.safetensors").unlink()
    with pytest.raises(CheckpointRefused, match="is missing"):
        checkpoints.load(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 1}'])
def test_a_damaged_commit_is_refused(tmp_path, checkpoint, text):
    checkpoints.save(tmp_path, checkpoint)
    (tmp_path / checkpoints.COMMIT).write_text(text)
    with pytest.raises(CheckpointRefused, match="is damaged"):
        checkpoints.load(tmp_path)


def test_a_later_format_is_refused(tmp_path, checkpoint):
    checkpoints.save(tmp_path, checkpoint)
    commit = tmp_path / checkpoints.COMMIT
    commit.write_text(json.dumps(json.loads(commit.read_text()) | {"format": 3}))
    with pytest.raises(CheckpointRefused, match="format 3"):
        checkpoints.load(tmp_path)


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        ({"stage": "t"}, "of stage s, not of t"),
        ({"options_digest": "x"}, "options"),
        ({"data_digest": "x"}, "images"),
    ],
)
def test_another_runs_checkpoint_is_refused(checkpoint, wanted, reason):
    asked = {"stage": "s", "options_digest": "o", "data_digest": "d"} | wanted
    with pytest.raises(CheckpointRefused, match=reason):
        checkpoints.require(checkpoint, **asked)


def test_the_generator_of_a_stage_is_its_average_in_eval_mode(trained, options):
    generator = checkpoints.load_generator(trained / "student_final", options.student)
    saved = checkpoints.load(trained / "student_final").tensors
    assert not generator.training
    for name, tensor in generator.state_dict().items():
        assert torch.equal(tensor, saved[f"ema.{name}"]), name
    assert not torch.equal(saved["ema.head.0.weight"], saved["generator.head.0.weight"])


def test_a_generator_of_another_shape_is_refused(trained):
    with pytest.raises(CheckpointRefused, match="does not fit this network"):
        checkpoints.load_generator(trained / "student_final", GeneratorShape(blocks=1, channels=8, lite=True))


def test_an_unfinished_stage_gives_no_generator(tmp_path, checkpoint, options):
    checkpoints.save(tmp_path, checkpoint)
    with pytest.raises(CheckpointRefused, match="no finished stage"):
        checkpoints.load_generator(tmp_path, options.student)


def test_a_copied_stage_folder_still_loads(trained, tmp_path, options):
    shutil.copytree(trained / "student_final", tmp_path / "taken")
    assert checkpoints.load_generator(tmp_path / "taken", options.student) is not None


def _hold(folder, held, release):
    with checkpoints.lock(folder):
        held.set()
        release.wait(30)


def test_a_second_process_is_locked_out(tmp_path):
    context = multiprocessing.get_context("spawn")
    held, release = context.Event(), context.Event()
    process = context.Process(target=_hold, args=(tmp_path, held, release))
    process.start()
    assert held.wait(60)
    with pytest.raises(Locked, match="Another process is training"), checkpoints.lock(tmp_path):
        pass
    release.set()
    process.join(30)
    with checkpoints.lock(tmp_path):
        assert process.exitcode == 0


@pytest.mark.parametrize(
    "change", [{"step": 0}, {"finished": True}, {"notes": {}}, {"options_digest": "x"}, {"step": "1"}]
)
def test_a_record_that_was_changed_is_refused(tmp_path, checkpoint, change):
    checkpoints.save(tmp_path, checkpoint)
    commit = tmp_path / checkpoints.COMMIT
    commit.write_text(json.dumps(json.loads(commit.read_text()) | change))
    with pytest.raises(CheckpointRefused, match="was changed after it was written: remove its folder"):
        checkpoints.load(tmp_path)


def test_a_checkpoint_from_before_records_were_sealed_is_read(tmp_path, checkpoint):
    checkpoints.save(tmp_path, checkpoint)
    commit = tmp_path / checkpoints.COMMIT
    record = json.loads(commit.read_text()) | {"format": 1}
    del record["seal"]
    commit.write_text(json.dumps(record))
    assert checkpoints.load(tmp_path).step == 1
