"""The loop: finishing, stopping, resuming and failing."""

import errno
import os
import signal
from dataclasses import replace

import numpy as np
import pytest
import torch

from distillation.sr import checkpoints, loop, losses, methods, runlog, training
from distillation.sr.checkpoints import CheckpointRefused
from distillation.sr.config import METHODS, profile
from distillation.sr.dataset import PhotoSet
from distillation.sr.interrupts import interrupts
from distillation.sr.learner import Learner
from distillation.sr.methods import STAGES
from distillation.sr.training import Stopped, TrainingFailed, train_stage

PIXEL = STAGES["student_pixel"]


def stop_after(steps):
    """A `should_stop` that says yes when asked for the `steps`-th time."""
    asked = iter(range(1, 10_000))
    return lambda: next(asked) >= steps


def copied(trained, tmp_path, *names):
    """A folder that holds the named trained stages."""
    for name in names:
        (tmp_path / name).symlink_to(trained / name)
    return tmp_path


def test_every_method_trains_to_its_final_stage(trained):
    for method in METHODS:
        saved = checkpoints.load(trained / methods.final_stage(method).name)
        assert saved.finished
        assert np.isfinite(list(saved.notes["losses"].values())).all()


def test_a_finished_stage_is_not_trained_again(trained, options, photos, monkeypatch):
    monkeypatch.setattr(Learner, "step", lambda *a, **k: pytest.fail("trained again"))
    result = train_stage(PIXEL, options, folder=trained, photos=photos)
    assert result.steps == options.student_transfer.steps
    assert result.sha256 == checkpoints.load(trained / "student_pixel").sha256


def test_a_shared_transfer_stage_is_trained_once(tmp_path, options, photos, monkeypatch):
    steps = []
    step = Learner.step
    monkeypatch.setattr(
        Learner, "step", lambda self, *a, **k: steps.append(self.stage.name) or step(self, *a, **k)
    )
    for method in ("gan2gan", "g2g_al"):
        for stage in methods.stages_for(method):
            train_stage(stage, options, folder=tmp_path, photos=photos)
    assert steps.count("g2g_transfer") == options.student_transfer.steps
    assert steps.count("teacher_pixel") == options.teacher_pixel.steps


def test_methods_see_the_same_patches_in_the_same_order(trained, tmp_path, options, photos, monkeypatch):
    seen = {}

    def remember(self, x, y, *, step):
        seen.setdefault(self.stage.name, []).append((x.sum().item(), y.sum().item()))
        return {"pix": torch.zeros(())}

    monkeypatch.setattr(Learner, "step", remember)
    folder = copied(trained, tmp_path, "teacher_adversarial")
    for name in ("student_pixel", "g2g_transfer", "gan2g_transfer"):
        train_stage(STAGES[name], options, folder=folder, photos=photos)
    assert len(set(seen["student_pixel"])) == options.student_transfer.steps
    assert seen["student_pixel"] == seen["g2g_transfer"] == seen["gan2g_transfer"]


@pytest.mark.parametrize("name", ["student_pixel", "teacher_adversarial", "gan2gan_final", "gan2g_al_final"])
@pytest.mark.parametrize("after", [1, 2])
def test_interrupted_and_resumed_equals_uninterrupted_bit_for_bit(
    trained, tmp_path, options, photos, name, after
):
    if options.student_final.steps <= after and STAGES[name].phase == "student_final":
        after = 1
    folder = copied(trained, tmp_path, *STAGES[name].needs)
    with pytest.raises(Stopped, match=f"step {after} of"):
        train_stage(STAGES[name], options, folder=folder, photos=photos, should_stop=stop_after(after))
    train_stage(STAGES[name], options, folder=folder, photos=photos)
    ours, theirs = checkpoints.load(folder / name).tensors, checkpoints.load(trained / name).tensors
    assert ours.keys() == theirs.keys()
    for key, tensor in ours.items():
        assert torch.equal(tensor, theirs[key]), key


def test_ctrl_c_finishes_the_step_and_writes_a_checkpoint(tmp_path, options, photos, monkeypatch):
    step = Learner.step

    def interrupted(self, x, y, *, step: int, original=step):
        if step == 2:
            os.kill(os.getpid(), signal.SIGINT)
        return original(self, x, y, step=step)

    monkeypatch.setattr(Learner, "step", interrupted)
    with pytest.raises(Stopped):
        train_stage(PIXEL, options, folder=tmp_path, photos=photos)
    assert checkpoints.load(tmp_path / "student_pixel").step == 3


def test_ctrl_c_in_a_stages_last_step_is_not_lost(tmp_path, options, photos, monkeypatch):
    step = Learner.step

    def interrupted(self, x, y, *, step: int, original=step):
        if step == options.student_transfer.steps - 1:
            os.kill(os.getpid(), signal.SIGINT)
        return original(self, x, y, step=step)

    monkeypatch.setattr(Learner, "step", interrupted)
    with pytest.raises(Stopped, match="Stopped after student_pixel, which is finished"):
        train_stage(PIXEL, options, folder=tmp_path, photos=photos)
    assert checkpoints.load(tmp_path / "student_pixel").finished


def test_a_second_ctrl_c_ends_it_at_once():
    # A shell starts what runs in the background with Ctrl-C ignored; these tests may run there.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with interrupts() as interrupted:
            os.kill(os.getpid(), signal.SIGINT)
            assert interrupted()
            with pytest.raises(KeyboardInterrupt):
                os.kill(os.getpid(), signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)


def test_signal_handlers_are_put_back(tmp_path, options, photos):
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    train_stage(PIXEL, options, folder=tmp_path, photos=photos)
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def poison(monkeypatch, *updates):
    """Make the pixel loss of the named updates, counted over the whole run, not a number."""
    step, made = Learner.step, iter(range(10_000))
    pixel = losses.pixel

    def poisoned(self, x, y, *, step: int, original=step):
        bad = next(made) in updates
        if bad:
            monkeypatch.setattr(losses, "pixel", lambda s, y, *, kind: pixel(s, y, kind=kind) * float("nan"))
        try:
            return original(self, x, y, step=step)
        finally:
            monkeypatch.setattr(losses, "pixel", pixel)

    monkeypatch.setattr(Learner, "step", poisoned)


def rates_of(monkeypatch):
    """The share of the learning rate, and the step, of every update that is made from now on."""
    seen, step = [], Learner.step

    def watched(self, x, y, *, step: int, original=step):
        seen.append((step, self.rate))
        return original(self, x, y, step=step)

    monkeypatch.setattr(Learner, "step", watched)
    return seen


def test_a_non_finite_step_goes_back_to_the_last_checkpoint_at_half_the_rate(
    tmp_path, options, photos, monkeypatch
):
    with pytest.raises(Stopped):
        train_stage(PIXEL, options, folder=tmp_path, photos=photos, should_stop=stop_after(2))
    seen = rates_of(monkeypatch)
    poison(monkeypatch, 3)  # the step after the fifth, for two were made before
    result = train_stage(PIXEL, options, folder=tmp_path, photos=photos)
    assert seen == [(2, 1.0), (3, 1.0), (4, 1.0), (5, 1.0), *((step, 0.5) for step in range(2, 8))]
    assert result.warnings == (
        "The loss or a gradient of student_pixel was not finite at step 6: training went back to step 2 "
        "and on at half the rate.",
    )


def test_without_a_checkpoint_a_non_finite_step_goes_back_to_the_start(
    tmp_path, options, photos, monkeypatch
):
    poison(monkeypatch, 2)
    train_stage(PIXEL, options, folder=tmp_path / "poisoned", photos=photos)
    monkeypatch.undo()

    def at_half(self, step, original=Learner._set_rates):
        self.rate = 0.5
        original(self, step)

    monkeypatch.setattr(Learner, "_set_rates", at_half)
    train_stage(PIXEL, options, folder=tmp_path / "half", photos=photos)
    ours, theirs = (checkpoints.load(tmp_path / name / "student_pixel") for name in ("poisoned", "half"))
    assert all(torch.equal(tensor, theirs.tensors[key]) for key, tensor in ours.tensors.items())


def test_the_rate_stays_lower_when_the_run_is_resumed(tmp_path, options, photos, monkeypatch):
    poison(monkeypatch, 2)
    with pytest.raises(Stopped):
        train_stage(PIXEL, options, folder=tmp_path, photos=photos, should_stop=stop_after(5))
    seen = rates_of(monkeypatch)
    train_stage(PIXEL, options, folder=tmp_path, photos=photos)
    assert seen
    assert {rate for _, rate in seen} == {0.5}


def test_three_setbacks_are_survived_and_a_fourth_is_not(tmp_path, options, photos, monkeypatch):
    seen = rates_of(monkeypatch)
    poison(monkeypatch, 1, 3, 5)
    assert train_stage(PIXEL, options, folder=tmp_path / "three", photos=photos).steps == 8
    assert seen[-1] == (7, 0.125)
    poison(monkeypatch, 1, 3, 5, 7)
    with pytest.raises(
        TrainingFailed,
        match=r"^The loss .*student_pixel was not finite at step 2, although the rate was halved 3 times; "
        r"none was saved yet: a lower lr_start of student_transfer, or --precision fp32, .*\.$",
    ):
        train_stage(PIXEL, options, folder=tmp_path / "four", photos=photos)


def test_no_checkpoint_is_made_of_a_state_after_a_bad_step(tmp_path, options, photos, monkeypatch):
    saved = []
    save = checkpoints.save
    monkeypatch.setattr(checkpoints, "save", lambda folder, c: saved.append(c) or save(folder, c))
    poison(monkeypatch, 2)
    each = replace(options, checkpoint_seconds=0.0)
    train_stage(PIXEL, each, folder=tmp_path, photos=photos)
    assert [(c.step, c.notes.get("setbacks", 0)) for c in saved[:3]] == [(1, 0), (2, 0), (3, 1)]


def test_a_step_that_only_the_discriminator_finds_bad_counts_too(
    trained, tmp_path, options, photos, monkeypatch
):
    folder = copied(trained, tmp_path, "teacher_pixel")
    discriminator, calls = losses.discriminator, iter(range(10_000))

    def poisoned(real, fake):
        return discriminator(real, fake) * (float("nan") if next(calls) == 1 else 1.0)

    monkeypatch.setattr(losses, "discriminator", poisoned)
    result = train_stage(STAGES["teacher_adversarial"], options, folder=folder, photos=photos)
    assert "was not finite at step 2: training went back to step 0" in result.warnings[0]


def test_where_steps_are_not_looked_at_one_by_one_a_checkpoint_is(tmp_path, options, photos, monkeypatch):
    # As on a GPU, where a look after each step would wait for it.
    poison(monkeypatch, 1)
    looked, look = [], loop.Run._went_back
    monkeypatch.setattr(loop.Run, "_looks_after_each_step", lambda self: False)
    monkeypatch.setattr(loop.Run, "_went_back", lambda self: looked.append(self.step) or look(self))
    with pytest.raises(Stopped, match="at step 0 of 8"):
        train_stage(PIXEL, options, folder=tmp_path, photos=photos, should_stop=stop_after(3))
    assert looked == [3]
    saved = checkpoints.load(tmp_path / "student_pixel")
    assert (saved.step, saved.notes["setbacks"]) == (0, 1)


def test_a_non_finite_loss_keeps_the_last_checkpoint(tmp_path, options, photos, monkeypatch):
    with pytest.raises(Stopped):
        train_stage(PIXEL, options, folder=tmp_path, photos=photos, should_stop=stop_after(2))
    before = checkpoints.load(tmp_path / "student_pixel").sha256
    monkeypatch.setattr(losses, "pixel", lambda s, y, *, kind: (s - y).sum() * float("inf"))
    with pytest.raises(TrainingFailed, match=r"at step 3, .*; the checkpoint of step 2 is kept"):
        train_stage(PIXEL, options, folder=tmp_path, photos=photos)
    assert checkpoints.load(tmp_path / "student_pixel").sha256 == before


def test_a_full_disk_is_one_sentence_and_keeps_the_last_checkpoint(tmp_path, options, photos, monkeypatch):
    with pytest.raises(Stopped):
        train_stage(PIXEL, options, folder=tmp_path, photos=photos, should_stop=stop_after(2))
    before = checkpoints.load(tmp_path / "student_pixel").sha256

    def full(number):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("distillation.sr.checkpoints.os.fsync", full)
    with pytest.raises(TrainingFailed, match=r"^The disk .* is full; the last checkpoint is kept\.$"):
        train_stage(PIXEL, options, folder=tmp_path, photos=photos)
    assert checkpoints.load(tmp_path / "student_pixel").sha256 == before
    assert not list((tmp_path / "student_pixel").glob("*.tmp"))


def test_another_error_of_the_disk_is_not_taken_for_a_full_one(tmp_path, options, photos, monkeypatch):
    def broken(*arguments):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(checkpoints, "save", broken)
    with pytest.raises(OSError, match="Input/output"):
        train_stage(PIXEL, options, folder=tmp_path, photos=photos)


def test_checkpoints_come_by_the_clock(tmp_path, options, photos, monkeypatch):
    saves = []
    save = checkpoints.save
    monkeypatch.setattr(checkpoints, "save", lambda folder, c: saves.append(c.step) or save(folder, c))
    train_stage(PIXEL, replace(options, checkpoint_seconds=0.0), folder=tmp_path, photos=photos)
    assert saves == [*range(1, options.student_transfer.steps + 1)]


def test_reports_tell_step_losses_and_time_left(tmp_path, options, photos):
    reports = []
    train_stage(PIXEL, options, folder=tmp_path, photos=photos, on_report=reports.append)
    assert [(report.step, report.steps) for report in reports] == [(4, 8), (8, 8)]
    assert reports[0].losses["pix"] > 0
    assert reports[0].seconds_left > 0 == reports[1].seconds_left
    assert reports[0].images_per_second > 0


def test_the_log_holds_gradient_norms_and_every_report(trained):
    log = runlog.read(trained / "gan2g_transfer" / training.LOG)
    assert set(log[0]["gradient_norms"]) == set(STAGES["gan2g_transfer"].terms)
    assert [record["step"] for record in log if "losses" in record] == [4, 8]


def test_a_stage_refuses_to_start_before_its_teacher(tmp_path, options, photos):
    with pytest.raises(ValueError, match="g2g_transfer needs teacher_adversarial"):
        train_stage(STAGES["g2g_transfer"], options, folder=tmp_path, photos=photos)


def test_a_checkpoint_of_other_options_is_refused(trained, options, photos):
    with pytest.raises(CheckpointRefused, match="other options"):
        train_stage(PIXEL, replace(options, seed=9), folder=trained, photos=photos)


def test_a_checkpoint_of_other_photographs_is_refused(trained, options, photos):
    fewer = PhotoSet(names=photos.names[:1], hr=photos.hr[:1], lr=photos.lr[:1])
    with pytest.raises(CheckpointRefused, match="other images"):
        train_stage(PIXEL, options, folder=trained, photos=fewer)


def test_two_seeds_differ_and_one_seed_repeats(tmp_path, options, photos):
    hashes = [
        train_stage(PIXEL, replace(options, seed=seed), folder=tmp_path / str(run), photos=photos).sha256
        for run, seed in enumerate((3, 3, 4))
    ]
    assert hashes[0] == hashes[1] != hashes[2]


def test_a_teacher_that_lost_quality_is_warned_of(trained, tmp_path, options, photos, monkeypatch):
    qualities = iter((28.0, 27.0))
    monkeypatch.setattr(loop.Run, "_quality", lambda self: next(qualities))
    folder = copied(trained, tmp_path, "teacher_pixel")
    result = train_stage(STAGES["teacher_adversarial"], options, folder=folder, photos=photos)
    assert result.warnings == (
        "teacher_adversarial lost quality: its PSNR on training photographs fell from 28.00 to 27.00 dB.",
    )


def test_a_discriminator_that_has_won_is_warned_of_once(trained, tmp_path, options, photos, monkeypatch):
    monkeypatch.setattr(losses, "discriminator", lambda real, fake: 0 * (real.mean() + fake.mean()) + 0.01)
    folder = copied(trained, tmp_path, "teacher_pixel")
    each = replace(options, report_every=1)
    reports = []
    # Reports are not part of what the checkpoint depends on, so the teacher's own still fits.
    train_stage(STAGES["teacher_adversarial"], each, folder=folder, photos=photos, on_report=reports.append)
    assert reports[-1].warnings == ("The discriminator of teacher_adversarial has won: its loss is 0.010.",)


def test_training_reads_no_global_randomness(tmp_path, options, photos):
    hashes = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        folder = tmp_path / str(seed)
        hashes.append(train_stage(PIXEL, options, folder=folder, photos=photos).sha256)
    assert hashes[0] == hashes[1]


def test_a_stage_computes_on_the_threads_it_was_given_and_gives_them_back(tmp_path, photos, monkeypatch):
    counts = []
    monkeypatch.setattr(torch, "set_num_threads", counts.append)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 7)
    train_stage(PIXEL, profile("smoke", threads=3), folder=tmp_path, photos=photos)
    assert counts == [3, 7]
