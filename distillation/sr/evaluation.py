"""One image's share of an evaluation, as a worker does it: read, make, score, save.

Nothing here imports torch, which a worker would take seconds and hundreds of megabytes to load.
"""

import hashlib
import time
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import numpy as np

from distillation.sr import images, scoring
from distillation.sr.folders import Pair, read_pair
from distillation.sr.images import Pixels
from distillation.sr.metrics import SSIM_WINDOW_PX

SCALE = scoring.PROTOCOL_SCALE
# The border that is not scored is one scale wide.
MINIMUM_PX = SSIM_WINDOW_PX + 2 * SCALE


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedFile:
    """A PNG on disk: its place, SHA-256 and size in pixels."""

    path: Path
    sha256: str
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredOutput:
    """An output made before: its file, the sum it should have, and the protocol of its scores."""

    path: Path
    sha256: str
    protocol: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One method's output of an image: where a new file goes, and what there is already."""

    stem: Path
    is_bicubic: bool
    stored: StoredOutput | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One image, where its reference goes, and the methods asked for; `skip_bad` leaves out a bad image."""

    pair: Pair
    reference_stem: Path
    requests: tuple[Request, ...]
    skip_bad: bool = False


class State(Enum):
    """What became of a request."""

    KEPT = "file and scores are as they were"
    RESCORED = "the file is as it was, its scores are new"
    MADE = "file and scores are new"
    MISSING = "a network has to make it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One output's state, and what is new of it; `seconds` is what making the image took."""

    state: State
    scores: scoring.Measured | None = None
    file: SavedFile | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated:
    """One image evaluated: its reference, an answer for each request, and its input where one is missing."""

    reference: SavedFile
    answers: tuple[Answer, ...]
    lr: Pixels | None


@dataclass(frozen=True, slots=True)
class Unusable:
    """An image that was left out, and why in a sentence."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOutput:
    """What a network made of an image, to be scored against the reference and saved."""

    pixels: Pixels
    lr: Pixels
    reference: Path
    stem: Path
    seconds: float


def evaluate_pair(task: Task) -> Evaluated | Unusable:
    """Do all of a task that needs no network.

    Raises: ValueError for an image that cannot be used, unless it is left out; OSError if the disk refuses.
    """
    try:
        hr, lr = _read(task.pair)
    except ValueError as error:
        if not task.skip_bad:
            raise
        return Unusable(str(error))
    reference = save(task.reference_stem, hr)
    answers = tuple(_answer(request, hr, lr) for request in task.requests)
    missing = any(answer.state is State.MISSING for answer in answers)
    return Evaluated(reference=reference, answers=answers, lr=lr if missing else None)


def _read(pair: Pair) -> tuple[Pixels, Pixels]:
    try:
        hr, lr = read_pair(pair, scale=SCALE)
        if min(hr.shape[:2]) < MINIMUM_PX:
            raise ValueError(
                f"{pair.hr.name} has {hr.shape[1]} x {hr.shape[0]} px; scores need {MINIMUM_PX} px a side."
            )
    except ValueError as error:
        raise ValueError(f"{pair.hr.parent}: {error}") from error
    return hr, lr


def _answer(request: Request, hr: Pixels, lr: Pixels) -> Answer:
    stored = request.stored
    if stored is not None and sha256_of(stored.path) == stored.sha256:
        if stored.protocol == scoring.PROTOCOL:
            return Answer(state=State.KEPT)
        scores = scoring.measure(hr, images.load_rgb(stored.path), lr, scale=SCALE)
        return Answer(state=State.RESCORED, scores=scores)
    if not request.is_bicubic:
        return Answer(state=State.MISSING)
    started = time.perf_counter()
    pixels = images.upscale_bicubic(lr, SCALE)
    seconds = time.perf_counter() - started
    return _made(request.stem, pixels, hr, lr, seconds)


def score_new(new: NewOutput) -> Answer:
    """Score and save what a network made.

    Raises: ValueError if it does not fit its reference; OSError if the disk refuses.
    """
    return _made(new.stem, new.pixels, images.load_rgb(new.reference), new.lr, new.seconds)


def _made(stem: Path, pixels: Pixels, hr: Pixels, lr: Pixels, seconds: float) -> Answer:
    scores = scoring.measure(hr, pixels, lr, scale=SCALE)
    return Answer(state=State.MADE, scores=scores, file=save(stem, pixels), seconds=seconds)


def save(stem: Path, pixels: Pixels) -> SavedFile:
    """Save a PNG beside `stem` under a name that holds the pixels' hash; a file that is there stays.

    A study may be showing it, and another version of the encoder would write other bytes.
    """
    path = stem.with_name(f"{stem.name}-{hashlib.sha256(pixels.tobytes()).hexdigest()[:16]}.png")
    if not _holds(path, pixels):
        path.parent.mkdir(parents=True, exist_ok=True)
        images.save_png(path, pixels)
    height, width = pixels.shape[:2]
    return SavedFile(path=path, sha256=sha256_of(path) or "", width=width, height=height)


def _holds(path: Path, pixels: Pixels) -> bool:
    try:
        return path.is_file() and np.array_equal(images.load_rgb(path), pixels)
    except ValueError:
        return False


def sha256_of(path: Path) -> str | None:
    """The sum of a file; None where there is none."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None
