"""One image's share of an evaluation: what is kept, scored again, made, or left to a network."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from distillation.sr import evaluation, images, scoring
from distillation.sr.evaluation import NewOutput, Request, State, StoredOutput, Task
from distillation.sr.folders import Pair
from tests.distillation.sr.conftest import smooth_photo


@pytest.fixture
def task(tmp_path) -> Task:
    """A photograph of 48 x 64 px, asked for in bicubic."""
    images.save_png(tmp_path / "a.png", smooth_photo(0, 48, 64))
    request = Request(stem=tmp_path / "out" / "a", is_bicubic=True, stored=None)
    return Task(
        pair=Pair(tmp_path / "a.png", None), reference_stem=tmp_path / "ref" / "a", requests=(request,)
    )


def asking_again(task: Task, **changes: object) -> Task:
    """The same task once its output is stored, under today's protocol unless changed."""
    (answer,) = evaluation.evaluate_pair(task).answers
    stored = StoredOutput(path=answer.file.path, sha256=answer.file.sha256, protocol=scoring.PROTOCOL)
    request = replace(task.requests[0], stored=replace(stored, **changes))
    return replace(task, requests=(request,))


def test_bicubic_is_made_scored_and_saved_beside_its_reference(task):
    evaluated = evaluation.evaluate_pair(task)
    (answer,) = evaluated.answers
    assert (answer.state, evaluated.lr) == (State.MADE, None)
    photo = images.load_rgb(task.pair.hr)
    lr = images.downscale(photo, 4)
    np.testing.assert_array_equal(images.load_rgb(evaluated.reference.path), photo)
    made = images.load_rgb(answer.file.path)
    np.testing.assert_array_equal(made, images.upscale_bicubic(lr, 4))
    assert answer.scores == scoring.measure(photo, made, lr, scale=4)
    assert (answer.file.width, answer.file.height) == (64, 48)


def test_a_stored_output_of_this_protocol_is_neither_made_nor_scored(task, monkeypatch):
    again = asking_again(task)
    monkeypatch.setattr(images, "upscale_bicubic", None)
    monkeypatch.setattr(scoring, "measure", None)
    assert [answer.state for answer in evaluation.evaluate_pair(again).answers] == [State.KEPT]


def test_a_stored_output_of_another_protocol_is_scored_and_not_made(task, monkeypatch):
    (first,) = evaluation.evaluate_pair(task).answers
    again = asking_again(task, protocol="")
    monkeypatch.setattr(images, "upscale_bicubic", None)
    (answer,) = evaluation.evaluate_pair(again).answers
    assert (answer.state, answer.scores, answer.file) == (State.RESCORED, first.scores, None)


def test_a_file_that_changed_is_made_again(task):
    again = asking_again(task)
    again.requests[0].stored.path.write_bytes(b"something else")
    (answer,) = evaluation.evaluate_pair(again).answers
    assert answer.state is State.MADE
    assert images.load_rgb(answer.file.path).shape == (48, 64, 3)


def test_what_only_a_network_can_make_is_said_to_be_missing_with_its_input(task):
    request = replace(task.requests[0], is_bicubic=False)
    evaluated = evaluation.evaluate_pair(replace(task, requests=(request,)))
    assert [answer.state for answer in evaluated.answers] == [State.MISSING]
    np.testing.assert_array_equal(evaluated.lr, images.downscale(images.load_rgb(task.pair.hr), 4))


def test_what_a_network_made_is_scored_like_anything_else(task, tmp_path):
    evaluated = evaluation.evaluate_pair(task)
    lr = images.downscale(images.load_rgb(task.pair.hr), 4)
    new = NewOutput(
        pixels=images.upscale_bicubic(lr, 4),
        lr=lr,
        reference=evaluated.reference.path,
        stem=tmp_path / "net" / "a",
        seconds=2.5,
    )
    answer = evaluation.score_new(new)
    assert (answer.scores, answer.seconds) == (evaluated.answers[0].scores, 2.5)
    assert answer.file.sha256 == evaluated.answers[0].file.sha256


def test_an_image_too_small_to_score_is_refused_with_its_folder(task, tmp_path):
    images.save_png(tmp_path / "a.png", smooth_photo(0, 48, 64)[:16])
    with pytest.raises(ValueError, match=rf"^{tmp_path}: a.png has 64 x 16 px; scores need 19 px a side"):
        evaluation.evaluate_pair(task)


def test_a_worker_does_not_load_torch():
    code = "import sys; import distillation.sr.evaluation; sys.exit('torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=evaluation.__file__.rsplit("/", 3)[0], check=False
    )
    assert done.returncode == 0
