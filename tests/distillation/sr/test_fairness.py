"""Students are compared on equal terms, in training too: the same patches in the same order."""

import shutil

import pytest

from distillation.sr import fairness, methods, training
from distillation.sr.config import METHODS, PROFILES, profile
from distillation.sr.dataset import PatchSampler

STUDENTS = [method for method in METHODS if method != "teacher"]


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_gives_all_students_the_same_number_of_updates(name):
    options = profile(name)
    expected = options.student_transfer.steps + options.student_final.steps
    assert {fairness.generator_updates(method, options) for method in STUDENTS} == {expected}


def test_all_students_see_the_same_patches_in_the_same_order(trained, photos, options, tmp_path, monkeypatch):
    batch_at, seen = PatchSampler.batch_at, []

    def watched(self, step):
        x, y = batch_at(self, step)
        seen.append((step, float(x.double().sum()), float(y.double().sum())))
        return x, y

    monkeypatch.setattr(PatchSampler, "batch_at", watched)
    shutil.copytree(trained / "teacher_adversarial", tmp_path / "teacher_adversarial")
    of_stage = {}
    for method in STUDENTS:
        for stage in methods.stages_for(method):
            if stage.learner == "student" and stage.name not in of_stage:
                training.train_stage(stage, options, folder=tmp_path, photos=photos)
                of_stage[stage.name], seen[:] = tuple(seen), []
    transfers = {of_stage[name] for name in of_stage if name.endswith(("pixel", "transfer"))}
    finals = {of_stage[name] for name in of_stage if name.endswith("final")}
    assert (len(of_stage), len(transfers), len(finals)) == (8, 1, 1)
    # 8 and 2 updates of the smoke profile, each another batch.
    assert len(set(transfers.pop())) == 8
    assert len(set(finals.pop())) == 2
