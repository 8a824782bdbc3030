"""The examples below the instructions: one image at its best and at its worst."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture

from ratings import invites
from ratings.flow.examples import examples_of
from tests.ratings.flow.conftest import EVERYTHING


def pixels(content: bytes) -> np.ndarray:
    return np.asarray(Picture.open(io.BytesIO(content)).convert("RGB"))


@pytest.mark.parametrize(
    ("methodology", "words"),
    [
        ("dscqs", ["Excellent", "Bad"]),
        ("acr_hr", ["Excellent", "Bad"]),
        ("dsis", ["Imperceptible", "Very annoying"]),
        ("pc", ["Better", "Worse"]),
    ],
)
def test_best_and_worst_have_the_words_of_the_scale(client, make_careful, methodology, words):
    study = make_careful(methodology)
    assert [example.word for example in examples_of(study)] == words
    page = client.get(f"{invites.invite_path(study)}instructions").content.decode()
    assert all(f'alt="Example of “{word}”"' in page for word in words)


def test_they_are_a_reference_and_the_method_with_the_lowest_psnr(client, careful, settings):
    link = invites.invite_path(careful)
    worst = careful.stimuli.order_by("psnr", "image").first()
    assert worst.method == "soft"
    for number, file in ((1, worst.reference_file), (2, worst.test_file)):
        shown = client.get(f"{link}examples/{number}.png")
        there = pixels((Path(settings.MEDIA_ROOT) / file).read_bytes())
        assert np.array_equal(pixels(shown.content), there)


def test_their_files_are_equally_long_and_never_the_frozen_ones(client, careful, settings):
    link = invites.invite_path(careful)
    first, second = (client.get(f"{link}examples/{number}.png") for number in (1, 2))
    assert len(first.content) == len(second.content)
    for file in Path(settings.MEDIA_ROOT).rglob("*.png"):
        assert file.read_bytes() not in (first.content, second.content)
    assert first.headers["Content-Disposition"] == 'inline; filename="image.png"'
    assert "ETag" not in first.headers
    assert "Last-Modified" not in first.headers


def test_the_page_names_no_image_and_no_method(client, careful):
    page = client.get(f"{invites.invite_path(careful)}instructions").content.decode()
    examples = page.split('<div class="examples"')[1].split("</div>")[0]
    for stimulus in careful.stimuli.all():
        assert stimulus.method not in examples
        assert stimulus.image not in page


@pytest.mark.parametrize("number", [0, 3])
def test_there_are_two_of_them(client, careful, number):
    assert client.get(f"{invites.invite_path(careful)}examples/{number}.png").status_code == 404


def test_a_study_without_them_shows_none(client, make_careful):
    assert EVERYTHING["examples"] is True
    study = make_careful(examples=False)
    link = invites.invite_path(study)
    assert examples_of(study) == ()
    assert "Two examples" not in client.get(f"{link}instructions").content.decode()
    assert client.get(f"{link}examples/1.png").status_code == 404


def test_a_file_that_changed_is_not_shown_and_noted(client, careful, settings):
    worst = careful.stimuli.order_by("psnr", "image").first()
    (Path(settings.MEDIA_ROOT) / worst.test_file).write_bytes(b"other")
    link = invites.invite_path(careful)
    assert client.get(f"{link}examples/1.png").status_code == 404
    assert worst.test_file in careful.problems.get().text


def test_a_stranger_gets_none(stranger, careful):
    link = invites.invite_path(careful)
    assert stranger.get(f"{link}examples/1.png").status_code == 302
