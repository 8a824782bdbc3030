"""What a stage needs of its machine: room on the disk, and memory."""

import shutil
import weakref
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from distillation.sr import capacity, checkpoints
from distillation.sr.config import profile
from distillation.sr.learner import Learner
from distillation.sr.methods import STAGES
from distillation.sr.training import TrainingFailed, train_stage

PIXEL = STAGES["student_pixel"]


def leave_free(monkeypatch, number_of_bytes):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=number_of_bytes))


def test_a_checkpoint_is_about_as_large_as_foretold(trained, options):
    for name, stage in STAGES.items():
        # A megabyte is for names and running averages, which smoke's little networks do not fill.
        foretold = capacity.checkpoint_bytes(stage, options) - 2**20
        made = checkpoints.committed(trained / name).file.stat().st_size
        assert foretold <= made <= foretold + 2**17, name


def test_the_papers_largest_checkpoint_is_foretold_without_making_its_networks():
    # Student 247,342 and adaptors 3 (33 x 64) = 6,336 values, and the teacher's discriminator's
    # 23,563,649: three of each (weights, two moments), the student's average, and a megabyte.
    options = profile("paper")
    values = 3 * (247_342 + 6_336 + 23_563_649) + 247_342
    assert capacity.checkpoint_bytes(STAGES["gan2g_al_final"], options) == 4 * values + 2**20


def test_a_disk_without_room_for_every_stage_is_refused(tmp_path, options, monkeypatch):
    monkeypatch.setattr(capacity, "checkpoint_bytes", lambda stage, options: 10 * 2**20)
    quiet = replace(options, validate_every=0)
    two = [STAGES["teacher_pixel"], STAGES["student_pixel"]]
    # Two checkpoints, a third while one is replaced, and 16 MB to spare.
    leave_free(monkeypatch, 46 * 2**20)
    capacity.require_room(tmp_path, two, quiet)
    leave_free(monkeypatch, 46 * 2**20 - 1)
    with pytest.raises(ValueError, match=r"of 2 stages need 46 MB in .*, where 46 MB are free: free some"):
        capacity.require_room(tmp_path, two, quiet)


def test_validation_images_count_too(tmp_path, options, monkeypatch):
    monkeypatch.setattr(capacity, "checkpoint_bytes", lambda stage, options: 10 * 2**20)
    # Eight steps with an image after each second, and one more: 5 of 2 MB; 20 MB of checkpoints, 16 spare.
    leave_free(monkeypatch, 46 * 2**20 - 1)
    with pytest.raises(ValueError, match="of student_pixel need 46 MB"):
        capacity.require_room(tmp_path, [PIXEL], replace(options, validate_every=2))


def test_where_nothing_is_left_to_train_no_room_is_needed(tmp_path, options, monkeypatch):
    leave_free(monkeypatch, 0)
    capacity.require_room(tmp_path, [], options)


def test_training_does_not_begin_on_a_disk_without_room(tmp_path, options, photos, monkeypatch):
    leave_free(monkeypatch, 2**20)
    monkeypatch.setattr(Learner, "step", lambda *a, **k: pytest.fail("began"))
    with pytest.raises(ValueError, match=r"images of student_pixel need 24 MB in .*, where 1 MB"):
        train_stage(PIXEL, options, folder=tmp_path, photos=photos)


def test_what_did_not_fit_is_let_go_before_a_smaller_batch_is_tried(tmp_path, options, photos, monkeypatch):
    alive, steps = [], Learner.step

    def limited(self, x, y, *, step: int, original=steps):
        if len(x) == options.batch:
            alive.append(weakref.ref(self))
            raise MemoryError
        assert alive[0]() is None
        return original(self, x, y, step=step)

    monkeypatch.setattr(Learner, "step", limited)
    with pytest.raises(TrainingFailed, match="2 fit"):
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
