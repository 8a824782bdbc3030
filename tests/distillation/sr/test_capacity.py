"""What a stage needs of its machine: room on the disk, and memory."""

import shutil
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from distillation.sr import capacity, checkpoints
from distillation.sr.learner import Learner
from distillation.sr.methods import STAGES
from distillation.sr.training import TrainingFailed, train_stage

PIXEL = STAGES["student_pixel"]


def leave_free(monkeypatch, number_of_bytes):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=number_of_bytes))


def test_a_disk_without_room_for_two_checkpoints_is_refused(tmp_path, monkeypatch):
    # 2**20 floats of weights and two moments of each: 12 MB a checkpoint, two of them, and 16 MB to spare.
    tensors = {"w": torch.zeros(2**20)}
    leave_free(monkeypatch, 40 * 2**20)
    capacity.require_room(tmp_path, tensors, moments_of=2**20)
    leave_free(monkeypatch, 40 * 2**20 - 1)
    with pytest.raises(ValueError, match=r"need 40 MB in .*, where 40 MB are free: free some space"):
        capacity.require_room(tmp_path, tensors, moments_of=2**20)


def test_what_is_asked_for_is_what_checkpoints_take(trained, options, photos, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(
        capacity,
        "require_room",
        lambda folder, tensors, *, moments_of: asked.append(
            sum(t.numel() * t.element_size() for t in tensors.values()) + 8 * moments_of
        ),
    )
    (tmp_path / "teacher_pixel").symlink_to(trained / "teacher_pixel")
    train_stage(STAGES["teacher_adversarial"], options, folder=tmp_path, photos=photos)
    file = checkpoints.committed(tmp_path / "teacher_adversarial").file
    # Names and a step's number for each tensor come on top, and moments handed on are counted twice.
    assert asked[0] == pytest.approx(file.stat().st_size, rel=0.35)


def test_training_does_not_begin_on_a_disk_without_room(tmp_path, options, photos, monkeypatch):
    leave_free(monkeypatch, 2**20)
    monkeypatch.setattr(Learner, "step", lambda *a, **k: pytest.fail("began"))
    with pytest.raises(ValueError, match=r"The checkpoints of student_pixel need 16 MB in .*, where 1 MB"):
        train_stage(PIXEL, options, folder=tmp_path, photos=photos)


CUDA_SAYS = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")


def memory_for(monkeypatch, patches, error=CUDA_SAYS):
    step = Learner.step

    def limited(self, x, y, *, step: int, original=step):
        if len(x) > patches:
            raise error
        return original(self, x, y, step=step)

    monkeypatch.setattr(Learner, "step", limited)


@pytest.mark.parametrize(
    "error",
    [
        CUDA_SAYS,
        MemoryError(),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate"),
    ],
)
def test_exhausted_memory_names_the_batch_that_fits(tmp_path, options, photos, monkeypatch, error):
    memory_for(monkeypatch, 5, error)
    wide = replace(options, batch=16)
    with pytest.raises(
        TrainingFailed,
        match=r"^Memory does not suffice for student_pixel with a batch of 16: 4 fit, so use a batch of 4\.$",
    ):
        train_stage(PIXEL, wide, folder=tmp_path, photos=photos)


def test_exhausted_memory_that_no_batch_avoids_is_said(tmp_path, options, photos, monkeypatch):
    memory_for(monkeypatch, 1)
    with pytest.raises(TrainingFailed, match="with a batch of 4: use smaller networks or patches"):
        train_stage(PIXEL, options, folder=tmp_path, photos=photos)


def test_the_batch_that_fits_a_stage_with_parents_is_found_too(
    trained, tmp_path, options, photos, monkeypatch
):
    memory_for(monkeypatch, 2)
    (tmp_path / "teacher_adversarial").symlink_to(trained / "teacher_adversarial")
    with pytest.raises(TrainingFailed, match="with a batch of 4: 2 fit"):
        train_stage(STAGES["g2g_transfer"], options, folder=tmp_path, photos=photos)


def test_another_error_while_trying_is_not_hidden():
    def broken(batch):
        raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match="a bug"):
        capacity.largest_batch(8, broken)
