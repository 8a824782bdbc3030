"""The examples below the instructions: one image as it is, and spoilt by no method and no trap."""

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
        ("dscqs", ["Excellent", "Fair", "Bad"]),
        ("acr_hr", ["Excellent", "Fair", "Bad"]),
        ("dsis", ["Imperceptible", "Slightly annoying", "Very annoying"]),
        ("pc", ["Better", "Worse"]),
    ],
)
def test_they_have_the_words_of_the_scale(client, make_careful, methodology, words):
    study = make_careful(methodology)
    assert [example.word for example in examples_of(study)] == words
    page = client.get(f"{invites.invite_path(study)}instructions").content.decode()
    assert all(f'alt="Example of “{word}”"' in page for word in words)


def test_they_are_a_reference_and_the_same_ever_more_blurred(client, careful, settings):
    link = invites.invite_path(careful)
    reference = careful.stimuli.order_by("image").first().reference_file
    there = pixels((Path(settings.MEDIA_ROOT) / reference).read_bytes())
    shown = [pixels(client.get(f"{link}examples/{number}.png").content) for number in (1, 2, 3)]
    assert np.array_equal(shown[0], there)
    # Of noise a blur takes contrast: the standard deviation falls.
    spread = [one.astype(float).std() for one in shown]
    assert spread[0] > spread[1] > spread[2]


def test_no_example_is_anything_that_a_rater_judges(client, careful, settings):
    link = invites.invite_path(careful)
    judged = [file for one in careful.stimuli.all() for file in (one.test_file, one.degraded_file) if file]
    for number in (2, 3):
        shown = pixels(client.get(f"{link}examples/{number}.png").content)
        assert not any(
            np.array_equal(shown, pixels((Path(settings.MEDIA_ROOT) / file).read_bytes())) for file in judged
        )


def test_their_files_are_equally_long_and_never_the_frozen_ones(client, careful, settings):
    link = invites.invite_path(careful)
    first, second, third = (client.get(f"{link}examples/{number}.png") for number in (1, 2, 3))
    assert len(first.content) == len(second.content) == len(third.content)
    for file in Path(settings.MEDIA_ROOT).rglob("*.png"):
        assert file.read_bytes() not in (first.content, second.content, third.content)
    assert first.headers["Content-Disposition"] == 'inline; filename="image.png"'
    assert "ETag" not in first.headers
    assert "Last-Modified" not in first.headers


def test_the_page_names_no_image_and_no_method(client, careful):
    page = client.get(f"{invites.invite_path(careful)}instructions").content.decode()
    examples = page.split('<div class="examples"')[1].split("</div>")[0]
    for stimulus in careful.stimuli.all():
        assert stimulus.method not in examples
        assert stimulus.image not in page


@pytest.mark.parametrize("number", [0, 4])
def test_there_are_three_of_them(client, careful, number):
    assert client.get(f"{invites.invite_path(careful)}examples/{number}.png").status_code == 404


def test_a_study_without_them_shows_none(client, make_careful):
    assert EVERYTHING["examples"] is True
    study = make_careful(examples=False)
    link = invites.invite_path(study)
    assert examples_of(study) == ()
    assert "spoilt on purpose" not in client.get(f"{link}instructions").content.decode()
    assert client.get(f"{link}examples/1.png").status_code == 404


def test_a_file_that_changed_is_not_shown_and_noted(client, careful, settings):
    first = careful.stimuli.order_by("image").first()
    (Path(settings.MEDIA_ROOT) / first.reference_file).write_bytes(b"other")
    link = invites.invite_path(careful)
    assert client.get(f"{link}examples/1.png").status_code == 404
    assert first.reference_file in careful.problems.get().text


def test_a_stranger_gets_none(stranger, careful):
    link = invites.invite_path(careful)
    assert stranger.get(f"{link}examples/1.png").status_code == 302
