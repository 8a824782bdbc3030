"""Processes that are killed, and several that train together."""

import random
import signal
import time

import pytest
import torch

from distillation.sr import checkpoints, distributed
from distillation.sr.config import Phase
from distillation.sr.methods import STAGES
from tests.distillation.sr.job import Job, together


def wait_for(job, line):
    """Wait until a process has printed the line."""
    until = time.monotonic() + 60
    while line not in job.said.splitlines():
        assert time.monotonic() < until, f"never said {line!r}: {job.said}"
        assert job.process.is_alive(), f"ended before {line!r}: {job.said}"
        time.sleep(0.01)


def assert_same(ours, theirs):
    ours, theirs = checkpoints.load(ours).tensors, checkpoints.load(theirs).tensors
    assert ours.keys() == theirs.keys()
    for key, tensor in ours.items():
        assert torch.equal(tensor, theirs[key]), key


def difference(ours, theirs, part):
    """Norm of the difference between two checkpoints' networks over the norm of the network."""
    ours, theirs = checkpoints.load(ours).tensors, checkpoints.load(theirs).tensors
    keys = [key for key in theirs if key.startswith(f"{part}.")]
    pairs = [(ours[key].double().flatten(), theirs[key].double().flatten()) for key in keys]
    a, b = (torch.cat(tensors) for tensors in zip(*pairs, strict=True))
    return ((a - b).norm() / b.norm()).item()


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    """24 steps of a stage, with a checkpoint after each, in one go."""
    folder = tmp_path_factory.mktemp("uninterrupted")
    job = Job(folder, "student_pixel", steps=24, checkpoint_seconds=0)
    assert (job.end(), job.said) == (0, "".join(f"step {step}\n" for step in range(1, 25)))
    return folder / "student_pixel"


def test_killed_at_every_moment_of_writing_a_checkpoint_and_resumed_equals_uninterrupted(
    uninterrupted, tmp_path
):
    # A checkpoint hands four things to the disk: tensors, folder, record, folder. The third checkpoint of
    # each process is cut short at one of them.
    for moment in (9, 10, 11, 12):
        job = Job(tmp_path, "student_pixel", steps=24, checkpoint_seconds=0, die_at_fsync=moment)
        assert job.end() == -signal.SIGKILL
    # Two checkpoints were whole each time, and three once the record lay there.
    assert checkpoints.load(tmp_path / "student_pixel").step == 2 + 2 + 2 + 3
    assert Job(tmp_path, "student_pixel", steps=24, checkpoint_seconds=0).end() == 0
    assert_same(tmp_path / "student_pixel", uninterrupted)
    assert not list((tmp_path / "student_pixel").glob(".*.tmp"))


def test_killed_at_random_moments_and_resumed_equals_uninterrupted(uninterrupted, tmp_path):
    seconds = random.Random(0)  # noqa: S311
    for after in (3, 9, 15, 20):
        job = Job(tmp_path, "student_pixel", steps=24, checkpoint_seconds=0)
        wait_for(job, f"step {after}")
        time.sleep(seconds.uniform(0, 0.03))
        job.kill()
    assert Job(tmp_path, "student_pixel", steps=24, checkpoint_seconds=0).end() == 0
    assert_same(tmp_path / "student_pixel", uninterrupted)


def test_two_processes_train_what_one_trains_with_the_same_global_batch(trained, tmp_path):
    first, second = together(2, tmp_path, *STAGES)
    assert (first.end(), second.end()) == (0, 0)
    # Sums in another order, and Adam divides small gradients by their small size: 7e-5 and 1.3e-4 were
    # seen. Statistics of one process's share alone move the generators by 4e-4 to 5e-3.
    for name, stage in STAGES.items():
        assert difference(tmp_path / name, trained / name, "generator") < 1.5e-4, name
        if stage.opponent != "none":
            assert difference(tmp_path / name, trained / name, "opponent") < 5e-4, name
    # The first reports, and nobody warns of anything.
    assert set(first.said.split()) == {"step", "2", "4", "8"}
    assert second.said == ""


def test_two_processes_close_the_gate_together(tmp_path):
    # A bound this high closes the gate once the discriminator has learnt in eight measured steps. If one
    # process closed it alone, the other would wait for its gradients for ever.
    adversarial = Phase(steps=24, lr_start=1e-3, lr_end=1e-3)
    changes = {"balance": 0.999, "discriminator_lr": 1e-2, "teacher_adversarial": adversarial}
    jobs = together(2, tmp_path, "teacher_pixel", "teacher_adversarial", changes=changes)
    assert [job.end() for job in jobs] == [0, 0]
    tensors = checkpoints.load(tmp_path / "teacher_adversarial").tensors
    updates = tensors["opponent_optimiser.opponent.dense.1.weight.step"].item()
    assert 8 <= updates < 24


def test_a_stop_asked_of_one_process_stops_all_at_the_same_step(tmp_path):
    jobs = together(2, tmp_path, "student_pixel", steps=64, second={"terminate_at": 23})
    assert [job.end() for job in jobs] == [1, 1]
    # They look at each other's interrupts every ten steps.
    assert {job.said.splitlines()[-1] for job in jobs} == {"Stopped at step 30 of 64 of student_pixel."}
    assert checkpoints.load(tmp_path / "student_pixel").step == 30


def test_a_bad_step_of_one_process_sends_all_of_them_back(tmp_path):
    jobs = together(2, tmp_path, "student_pixel", steps=16, second={"poison_at": 5})
    assert [job.end() for job in jobs] == [0, 0]
    saved = checkpoints.load(tmp_path / "student_pixel")
    assert saved.notes["setbacks"] == 1
    assert saved.notes["warnings"] == [
        "The loss or a gradient of student_pixel was not finite at step 6: training went back to step 0 "
        "and on at half the rate."
    ]
    assert all(torch.isfinite(tensor).all() for tensor in saved.tensors.values())


def test_processes_with_different_options_refuse_to_train(tmp_path):
    jobs = together(2, tmp_path, "student_pixel", second={"changes": {"seed": 7}})
    assert [job.end() for job in jobs] == [1, 1]
    sentence = "The processes of this job do not have the same checkpoints, options and images"
    assert all(sentence in job.said for job in jobs)


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"WORLD_SIZE": "many"}, "WORLD_SIZE is 'many' and should be a number"),
        ({"WORLD_SIZE": "2"}, "WORLD_SIZE is set and RANK is not: start several processes with torchrun"),
    ],
)
def test_variables_that_are_not_torchruns_are_refused(monkeypatch, variables, words):
    for name in ("RANK", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ValueError, match=words), distributed.joined("cpu"):
        pass


def test_more_processes_than_gpus_are_refused(monkeypatch):
    for name, value in {"WORLD_SIZE": "4", "RANK": "3", "LOCAL_RANK": "3"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("MASTER_ADDR", "127.0.0.1")
    monkeypatch.setenv("MASTER_PORT", "1")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    words = "This is process 4 of its machine, which has 2 GPUs: one each"
    with pytest.raises(ValueError, match=words), distributed.joined("cuda"):
        pass


def test_a_dead_process_ends_the_job_with_a_sentence(tmp_path):
    first, second = together(2, tmp_path, "student_pixel", steps=100_000)
    wait_for(first, "step 3")
    second.kill()
    assert first.end() == 1
    assert first.said.splitlines()[-1] == (
        "Another process of this job ended while student_pixel was trained; the last checkpoint is kept."
    )


def test_alone_everything_is_as_if_there_were_no_others():
    values = torch.tensor([1.0, 3.0])
    assert (distributed.size(), distributed.rank()) == (1, 0)
    assert distributed.mean(values) is values
    assert distributed.variance(values).item() == 1.0
    assert distributed.any_says(True, False) == (True, False)
    assert distributed.tell("x") == "x"
    assert not distributed.lost_another(RuntimeError("gloo"))
