"""Methods on a scale, over all images and image by image, from votes between two of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Final

import numpy as np
import pandas as pd
from scipy import stats

from ratings.analysis.arrays import Floats, Ints
from ratings.analysis.choices import Choices, left_share
from ratings.analysis.options import require_available, require_level
from ratings.analysis.panel import VoteMatrix
from ratings.analysis.percentiles import bias_corrected
from ratings.analysis.preference import MODELS, Model, Scale, fit_scales, why_no_scale

INTERVALS: Final = ("bootstrap", "model")
CONTRACT: Final = ("image", "method", "wins", "n", "score", "ci_low", "ci_high", "model")
SCALE_COLUMNS: Final = (*CONTRACT, "n_raters", "ci", "level")

REPLICATES = 2000

# Images are fitted together up to so many pairs, and so many methods, of all of them.
PART_PAIRS = 2_000_000
PART_METHODS = 10_000

# Draws are multiplied in blocks of about this many numbers, to bound memory.
BLOCK_ENTRIES = 2_000_000

SENTENCES = 3  # images whose refusals are told in full


class NoScale(ValueError):
    """Votes that make no scale over all images: parts never compared, or between which all go one way."""


def scale_frame(
    frame: pd.DataFrame,
    *,
    model: str,
    level: float,
    seed: int,
    ci: str | None = None,
    include_simulated: bool = False,
    file: str = "",
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Read a table of choices (`Choices.from_frame`) and scale it (`scale_choices`), raising as they do."""
    choices = Choices.from_frame(frame, file=file).to_analyse(include_simulated=include_simulated)
    return scale_choices(choices, model=model, level=level, seed=seed, ci=ci)


def scale_choices(
    choices: Choices, *, model: str, level: float, seed: int, ci: str | None = None
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Scale the methods over all images (first, under an empty image) and on each; return a table and notes.

    Columns: `SCALE_COLUMNS`; wins count a tie as a half, n and n_raters are the votes on the method and the
    raters of the image. Units of score: see `preference.fit_scale`; they sum to 0 on every image.
    Interval: `ci` "bootstrap" draws raters again, with all their votes, from `seed`: a replicate moves the
    scores, to first order, by the influences of the raters drawn; percentiles are corrected for bias and
    widened for few raters. "model" is the normal one of Fisher's information, as if all votes were
    independent. None takes the bootstrap where there are two raters or more.
    NaN: the score of an image whose votes make no scale, which a note says; the ends of an image with one
    rater where raters are drawn.
    Raises: NoScale, one sentence, where the votes over all images make none (`preference.fit_scale`),
    ValueError where an option is impossible.
    """
    require_available("model", model, tuple(MODELS))
    require_level(level)
    if seed < 0:
        raise ValueError(f"seed {seed} is not a whole number of 0 or more")
    bounds = _Bounds(_interval(ci, len(choices.raters)), level, seed)
    everything = _Part.pooled(choices)
    refusal = why_no_scale(everything.wins()[0], choices.methods)
    if refusal:
        raise NoScale(refusal)
    parts = [everything, *_Part.of_images(choices)]
    frames, notes = zip(*(_scale(part, MODELS[model], bounds) for part in parts), strict=True)
    frame = pd.concat(frames, ignore_index=True).assign(model=model, ci=bounds.ci, level=level)
    told = [*choices.notes, *_notes_on_votes(choices, bounds), *_notes_on_images([*chain(*notes)])]
    if (frame["n_raters"] < 2).any() and bounds.ci == "bootstrap":
        told.append("Images with votes by one rater have no interval, for that takes several raters.")
    return frame[list(SCALE_COLUMNS)], tuple(told)


def to_jod(score: Floats, *, model: str) -> Floats:
    """Express scores or distances in just objectionable differences: at 1 JOD, 75 % choose the better one.

    Raises: ValueError for an unknown model.

    >>> to_jod(np.array([0.6745, 1.349]), model="thurstone").round(3).tolist()
    [1.0, 2.0]
    """
    require_available("model", model, tuple(MODELS))
    return score / MODELS[model].jod


def _interval(ci: str | None, raters: int) -> str:
    if ci is None:
        return "bootstrap" if raters > 1 else "model"
    require_available("ci", ci, INTERVALS)
    if ci == "bootstrap" and raters < 2:
        raise ValueError("ci 'bootstrap' draws raters, and all votes are by one; ci 'model' bounds those")
    return ci


@dataclass(frozen=True)
class _Bounds:
    """How scores are bounded."""

    ci: str
    level: float
    seed: int


@dataclass(frozen=True, eq=False)
class _Part:
    """Votes that make some scales: `scale_of` (votes,) numbers the scale, named after `images`, of each."""

    images: tuple[str, ...]
    choices: Choices
    scale_of: Ints
    rater_of: Ints
    a_of: Ints
    b_of: Ints
    share: Floats

    @classmethod
    def pooled(cls, choices: Choices) -> _Part:
        """Take all votes for one scale."""
        zero = np.zeros_like(choices.image_of)
        return cls(("",), choices, zero, choices.rater_of, choices.a_of, choices.b_of, choices.share)

    @classmethod
    def of_images(cls, choices: Choices) -> Iterator[_Part]:
        """Take the images, some at a time."""
        methods = len(choices.methods)
        size = max(1, min(PART_PAIRS // methods**2, PART_METHODS // methods))
        for start in range(0, len(choices.images), size):
            inside = (choices.image_of >= start) & (choices.image_of < start + size)
            yield cls(
                images=choices.images[start : start + size],
                choices=choices,
                scale_of=choices.image_of[inside] - start,
                rater_of=choices.rater_of[inside],
                a_of=choices.a_of[inside],
                b_of=choices.b_of[inside],
                share=choices.share[inside],
            )

    @property
    def shape(self) -> tuple[int, int]:
        """Scales and methods."""
        return len(self.images), len(self.choices.methods)

    def wins(self) -> Floats:
        """Count how often each method was chosen over each other, (scales, methods, methods)."""
        scales, methods = self.shape
        size = scales * methods**2
        a, b = self.scale_of * methods + self.a_of, self.scale_of * methods + self.b_of
        wins = np.bincount(a * methods + self.b_of, weights=self.share, minlength=size)
        wins += np.bincount(b * methods + self.a_of, weights=1 - self.share, minlength=size)
        return np.asarray(wins.reshape(scales, methods, methods), dtype=np.float64)

    def raters(self) -> Ints:
        """Count the raters of each scale, (scales,)."""
        size = len(self.choices.raters)
        return np.bincount(pd.unique(self.scale_of * size + self.rater_of) // size, minlength=self.shape[0])


def _scale(part: _Part, model: Model, bounds: _Bounds) -> tuple[pd.DataFrame, list[str]]:
    """Return the rows of some scales, and a sentence for each that could not be made."""
    wins = part.wins()
    votes = wins + np.swapaxes(wins, 1, 2)
    found = fit_scales(wins, model)
    low, high = (
        _by_raters(part, found, model, bounds) if bounds.ci == "bootstrap" else _by_model(found, bounds)
    )
    scale, method = np.nonzero(votes.any(axis=2))
    at = scale, method
    frame = pd.DataFrame(
        {
            "image": np.array(part.images, dtype=object)[scale],
            "method": np.array(part.choices.methods, dtype=object)[method],
            "wins": wins.sum(axis=2)[at],
            "n": votes.sum(axis=2)[at].round().astype(np.int64),
            "score": found.scores[at],
            "ci_low": low[at],
            "ci_high": high[at],
            "n_raters": part.raters()[scale],
        }
    )
    without = np.flatnonzero(np.isnan(found.scores).all(axis=1))
    return frame, [_refusal(part, int(scale), wins) for scale in without]


def _refusal(part: _Part, scale: int, wins: Floats) -> str:
    why = why_no_scale(wins[scale], part.choices.methods) or "its likelihood has no maximum within reach"
    return f"Image {part.images[scale]!r} has no scale: {why}."


def _by_model(found: Scale, bounds: _Bounds) -> tuple[Floats, Floats]:
    error = np.sqrt(np.diagonal(found.covariance, axis1=1, axis2=2))
    half = float(stats.norm.ppf((1 + bounds.level) / 2)) * error
    return found.scores - half, found.scores + half


def _by_raters(part: _Part, found: Scale, model: Model, bounds: _Bounds) -> tuple[Floats, Floats]:
    """Bound scores by drawing raters again.

    To first order, because a replicate solved anew often has votes that all go one way: whether such ones
    are left out or propped up by invented votes, intervals then cover far less than they say.
    """
    scales, methods = part.shape
    raters = len(part.choices.raters)
    scores = np.nan_to_num(found.scores)
    distance = scores[part.scale_of, part.a_of] - scores[part.scale_of, part.b_of]
    pull = part.share * model.slope(distance) - (1 - part.share) * model.slope(-distance)
    rows = np.concatenate([part.scale_of * methods + part.a_of, part.scale_of * methods + part.b_of])
    pulls = VoteMatrix(
        rows, np.tile(part.rater_of, 2), np.concatenate([pull, -pull]), (scales * methods, raters)
    )
    rng = np.random.default_rng(bounds.seed)
    drawn = np.empty((scales * methods, REPLICATES), dtype=np.float32)
    block = max(1, BLOCK_ENTRIES // max(scales * methods, raters))
    for start in range(0, REPLICATES, block):
        width = min(block, REPLICATES - start)
        counts = rng.multinomial(raters, np.full(raters, 1 / raters), size=width).T.astype(np.float64)
        moved = found.inverse_curvature @ pulls.by_stimulus(counts).reshape(scales, methods, width)
        drawn[:, start : start + width] = moved.reshape(scales * methods, width)
    ends = bias_corrected(drawn, np.repeat(part.raters(), methods), level=bounds.level)
    low, high = (found.scores + end.reshape(scales, methods) for end in ends)
    return low, high


def _notes_on_votes(choices: Choices, bounds: _Bounds) -> list[str]:
    n, ties = choices.share.size, int((choices.share == 0.5).sum())
    notes = []
    if ties:
        notes.append(f"{ties} of {n} votes are ties; each counts as half a win for either method.")
    side = left_share(choices, level=bounds.level)
    if side.n:
        lean = "" if side.ci_low <= 0.5 <= side.ci_high else ", so raters lean to one side"
        notes.append(
            f"The left image was chosen in {100 * side.share:.1f} % of {side.n} votes without a tie "
            f"({100 * bounds.level:g} % interval {100 * side.ci_low:.1f} to {100 * side.ci_high:.1f} %)"
            f"{lean}."
        )
    if bounds.ci == "model" and n > len(choices.raters):
        notes.append(
            "The model's intervals take every vote for independent; raters gave several each, so these "
            "intervals are too narrow to say what other raters would prefer."
        )
    return notes


def _notes_on_images(refusals: list[str]) -> list[str]:
    if len(refusals) <= SENTENCES:
        return refusals
    return [*refusals[:SENTENCES], f"{len(refusals) - SENTENCES} more images have no scale for such reasons."]
