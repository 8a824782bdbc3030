"""No length, header or delay of an image tells a program the reference, or a method, better than chance.

Nothing here needs a browser: a program asks for the images as a rater's page does.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

import numpy as np
import pytest
import skimage.data
from django.test import Client
from PIL import Image as Picture
from PIL import ImageFilter
from scipy.stats import binom

from ratings.invites import invite_path
from ratings.models import Study, Trial
from tests.browser import gallery
from tests.browser.gallery import make_gallery
from tests.conftest import agreement

RATERS = 5
SURE = 0.99999  # there are dozens of such questions, and none may be answered wrongly by chance
LARGE_PX = 1024


@dataclass(frozen=True)
class Side:
    """What a program sees of one image, its pixels apart."""

    length: int
    headers: str
    seconds: float
    work_s: float  # of the processor, which tells the same as the delay where nothing else runs


def get(client: Client, path: str) -> Side:
    began, began_work = time.perf_counter(), time.thread_time()
    response = client.get(path)
    seconds, work_s = time.perf_counter() - began, time.thread_time() - began_work
    assert response.status_code == 200
    return Side(len(response.content), repr(sorted(response.headers.items())), seconds, work_s)


def trials_of(study: Study, answer: dict[str, object]) -> Iterator[tuple[Trial, list[Side]]]:
    """Every trial of some raters with what is seen of its images, which are asked for in either order."""
    rng = np.random.default_rng(4)
    for _ in range(RATERS):
        client, link = Client(), invite_path(study)
        client.post(link, agreement(study))
        client.post(f"{link}instructions")
        for _ in count():
            told = client.get(f"{link}upcoming").json()["trials"]
            if not told:
                break
            token = told[0]["token"]
            paths = [picture["src"] for picture in told[0]["pictures"]]
            seen = {path: get(client, path) for path in rng.permutation(paths)}
            yield Trial.objects.select_related("stimulus").get(token=token), [seen[path] for path in paths]
            sent = {"duration_ms": 1000, **answer}
            given = client.post(f"{link}trials/{token}/answer", sent, content_type="application/json")
            assert given.status_code == 201


def guesses_by_the_nearest(features: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """For every row the label of the row most like it; of equally near ones the most frequent label.

    Shapes: features (rows, kinds), labels (rows,).
    """
    spread = features.std(axis=0)
    scaled = features / np.where(spread > 0, spread, 1)
    guesses = []
    for row in range(len(scaled)):
        distance = np.abs(scaled - scaled[row]).sum(axis=1)
        distance[row] = np.inf
        near = labels[distance <= distance.min() + 1e-12]
        names, counts = np.unique(near, return_counts=True)
        guesses.append(names[counts.argmax()])
    return np.array(guesses)


def guesses_by_the_half(features: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """For every row the most frequent label of the other rows on the same side of the median.

    Shapes: features (rows, 1), labels (rows,).
    """
    is_late = features[:, 0] > np.median(features[:, 0])
    guesses = []
    for row in range(len(labels)):
        alike = is_late == is_late[row]
        alike[row] = False
        names, counts = np.unique(labels[alike], return_counts=True)
        guesses.append(names[counts.argmax()] if len(names) else labels[row - 1])
    return np.array(guesses)


def is_better_than_chance(guesses: np.ndarray, labels: np.ndarray) -> bool:
    """Whether guesses meet labels more often than the most frequent label alone would, as a rule."""
    share = np.unique(labels, return_counts=True)[1].max() / len(labels)
    return int((guesses == labels).sum()) > binom.ppf(SURE, len(labels), share)


def leaks(features: dict[str, list[float]], labels: list[str]) -> set[str]:
    """The kinds of features, alone or all together, from which the labels can be guessed."""
    known = np.array(labels)
    columns = {name: np.array(values, dtype=float)[:, None] for name, values in features.items()}
    guesses = [(name, guesses_by_the_half(values, known)) for name, values in columns.items()]
    columns["all"] = np.hstack(list(columns.values()))
    guesses += [(name, guesses_by_the_nearest(values, known)) for name, values in columns.items()]
    return {name for name, guessed in guesses if is_better_than_chance(guessed, known)}


def test_a_length_that_tells_would_be_noticed():
    labels = ["left", "right"] * 25
    features = {"length": [900.0 if label == "left" else -900.0 for label in labels], "delay": [0.0] * 50}
    assert leaks(features, labels) == {"length", "all"}


def test_a_delay_that_tells_as_a_rule_would_be_noticed():
    labels = ["left", "right"] * 25
    late = np.random.default_rng(5).normal([1.0 if label == "left" else -1.0 for label in labels], 1.0)
    assert leaks({"delay": list(late)}, labels) == {"delay", "all"}


def test_neither_length_nor_header_nor_delay_tells_the_side_of_the_reference(db):
    study = make_gallery(images=5)
    features = {"length": [], "headers": [], "delay": []}
    labels = []
    for trial, (left, right) in trials_of(study, {"left_score": 70, "right_score": 40}):
        features["length"].append(left.length - right.length)
        features["headers"].append(left.headers != right.headers)
        features["delay"].append(left.seconds - right.seconds)
        labels.append(trial.reference_side)
    assert len(labels) == 50
    assert leaks(features, labels) == set()


@pytest.fixture
def large_pictures(monkeypatch):
    """Pictures of a million pixels, whose references are much the longer files; one for all images."""
    noise = np.random.default_rng(1).normal(0, 4, (LARGE_PX, LARGE_PX, 3))
    photograph = np.asarray(Picture.fromarray(skimage.data.astronaut()).resize((LARGE_PX, LARGE_PX)))
    reference = Picture.fromarray((photograph + noise).clip(0, 255).astype(np.uint8))
    made = {f"images/{gallery.DATASET}/NAME.png": reference}
    for method, radius_px in gallery.METHODS.items():
        blurred = reference.filter(ImageFilter.GaussianBlur(radius_px))
        made[f"outputs/{method}/{gallery.DATASET}/NAME.png"] = blurred
    files = {path: gallery._png(picture) for path, picture in made.items()}
    monkeypatch.setattr(gallery, "SIDE_PX", LARGE_PX)
    monkeypatch.setattr(
        gallery, "_pictures", lambda name: {path.replace("NAME", name): file for path, file in files.items()}
    )


@pytest.mark.parametrize(
    ("methodology", "answer", "label"),
    [
        ("dscqs", {"left_score": 70, "right_score": 40}, "reference_side"),
        ("acr_hr", {"score": 3}, "shown"),
        ("pc", {"choice": "left"}, "side_a"),
    ],
)
def test_the_delay_of_large_pictures_tells_neither_reference_nor_method(
    db, large_pictures, methodology, answer, label
):
    features, labels = {"delay": [], "work": []}, []
    for trial, (first, *other) in trials_of(make_gallery(images=5, methodology=methodology), answer):
        features["delay"].append(first.seconds - sum(side.seconds for side in other))
        features["work"].append(first.work_s - sum(side.work_s for side in other))
        labels.append(getattr(trial, label))
    assert len(set(labels)) == 2
    assert leaks(features, labels) == set()


@pytest.mark.parametrize(
    ("methodology", "answer"),
    [("dscqs", {"left_score": 70, "right_score": 40}), ("dsis", {"score": 3}), ("acr_hr", {"score": 3})],
)
def test_the_length_of_an_image_tells_no_method(db, methodology, answer):
    study = make_gallery(images=5, methodology=methodology)
    lengths: dict[str, set[int]] = {}
    for trial, sides in trials_of(study, answer):
        lengths.setdefault(trial.stimulus.image, set()).update(side.length for side in sides)
    assert len(lengths) == 5
    assert {image: len(found) for image, found in lengths.items()} == dict.fromkeys(lengths, 1)
