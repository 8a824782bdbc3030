"""Votes of a simulated panel on stimuli of known quality: lapses, cheaters, gaps and hidden references."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ratings.analysis.arrays import Bools, Floats, Ints
from ratings.analysis.options import require_available
from ratings.analysis.scores import ScoreTable
from ratings.analysis.simulated_panels import PanelModel, Scale, latent_panels, require_counts

CHEATERS: Final = ("constant", "random", "middle", "inverted")
"""Ways not to judge: one answer for all, any answer, the middle of the scale, the honest answer mirrored."""


@dataclass(frozen=True, eq=False)
class SimulatedVotes:
    """One panel's answers, and what they were made from.

    Shapes: `votes` (stimuli, raters), NaN where a rater was not asked or did not answer; `quality`
    (stimuli,); `bias`, `inconsistency` (raters,); `conduct` one word a rater, "honest" or one of `CHEATERS`;
    `lapsed` (stimuli, raters), the votes an honest rater gave without looking.
    """

    votes: Floats
    quality: Floats
    bias: Floats
    inconsistency: Floats
    conduct: tuple[str, ...]
    lapsed: Bools

    def table(self) -> ScoreTable:
        """Return the votes as the table that estimators take."""
        return ScoreTable.from_matrix(self.votes)


@dataclass(frozen=True, eq=False)
class SimulatedAcrHr:
    """One panel's answers in a test with hidden references, and what they were made from.

    Shapes: `votes` (stimuli, raters); `reference` (images, raters), the same raters' votes on the
    references; `image_of` (stimuli,) indexes the images; `panel` has the truth, references first.
    """

    votes: Floats
    reference: Floats
    image_of: Ints
    panel: SimulatedVotes


def simulate_votes(
    quality: Floats,
    *,
    raters: int,
    seed: int,
    scale: Scale,
    model: PanelModel,
    method_of: Ints | None = None,
    cheaters: Sequence[str] = (),
    votes_per_rater: int | None = None,
    missing_rate: float = 0.0,
) -> SimulatedVotes:
    """Draw one panel's votes on a scale, one a stimulus and rater: ACR, DSIS, or differences of DSCQS.

    Shapes and units: `quality` (stimuli,), points of `scale`; `method_of` as in `latent_panels`. Both halves
    of a DSCQS trial, with response times, come from `simulate_dscqs`.
    The last raters of the panel are `cheaters`, one kind each. In a partial design each rater is shown
    `votes_per_rater` stimuli; of the answers, a share `missing_rate` is lost at random. Biases, noise,
    lapses, cheating and gaps are drawn apart: switching one on leaves the others as they were.
    Raises: ValueError as `latent_panels`, and for a kind of cheater, a share or a count that cannot be.

    >>> from ratings.analysis.simulated_panels import FIVE_POINT_RATERS, FIVE_POINTS
    >>> panel = simulate_votes(np.array([1.5, 3.0, 4.5]), raters=4, seed=1, scale=FIVE_POINTS,
    ...                        model=FIVE_POINT_RATERS, cheaters=["middle"])
    >>> panel.conduct, panel.votes[:, 3].tolist()
    (('honest', 'honest', 'honest', 'middle'), [3.0, 3.0, 3.0])
    """
    drawn = latent_panels(quality, raters=raters, studies=1, seed=seed, model=model, method_of=method_of)
    _require_conduct(cheaters, raters, missing_rate)
    for_lapses, for_cheating, for_design, for_gaps = np.random.default_rng([seed, 1]).spawn(4)
    votes = scale.report(drawn.votes[0])
    lapsed = for_lapses.random(votes.shape) < model.lapse_rate
    votes = np.where(lapsed, scale.anywhere(for_lapses, votes.shape), votes)
    for column, kind in enumerate(cheaters, start=raters - len(cheaters)):
        honest = scale.report(drawn.votes[0, :, column])
        votes[:, column] = _cheat(kind, honest, scale, for_cheating)
        lapsed[:, column] = False
    if votes_per_rater is not None:
        votes[~partial_design(quality.size, raters, votes_per_rater, for_design)] = np.nan
    votes[for_gaps.random(votes.shape) < missing_rate] = np.nan
    conduct = ("honest",) * (raters - len(cheaters)) + tuple(cheaters)
    return SimulatedVotes(votes, quality, drawn.bias[0], drawn.inconsistency[0], conduct, lapsed)


def simulate_acr_hr(
    quality: Floats,
    reference_quality: Floats,
    image_of: Ints,
    *,
    raters: int,
    seed: int,
    scale: Scale,
    model: PanelModel,
    method_of: Ints | None = None,
    cheaters: Sequence[str] = (),
    votes_per_rater: int | None = None,
    missing_rate: float = 0.0,
) -> SimulatedAcrHr:
    """Draw one panel's votes on stimuli and their hidden references, with the same bias on both.

    Shapes: `quality` (stimuli,), `reference_quality` (images,), `image_of` (stimuli,) the index of each
    stimulus's image; the rest as in `simulate_votes`. Tastes are for methods and leave references alone.
    In a partial design a rater is shown `votes_per_rater` stimuli and the references of their images.
    Raises: ValueError as `simulate_votes`, or if `image_of` does not fit.
    """
    images = reference_quality.size
    if image_of.shape != quality.shape or image_of.min(initial=0) < 0 or image_of.max(initial=-1) >= images:
        raise ValueError(
            f"image_of {image_of.tolist()} is not (stimuli,) with indices of {images} references"
        )
    everything = simulate_votes(
        np.concatenate([reference_quality, quality]),
        raters=raters,
        seed=seed,
        scale=scale,
        model=model,
        method_of=None if method_of is None else np.concatenate([np.full(images, -1), method_of]),
        cheaters=cheaters,
        missing_rate=missing_rate,
    )
    reference, votes = everything.votes[:images], everything.votes[images:]
    if votes_per_rater is not None:
        shown = partial_design(quality.size, raters, votes_per_rater, np.random.default_rng([seed, 2]))
        beside = np.zeros(reference.shape, dtype=np.bool_)
        np.logical_or.at(beside, image_of, shown)
        votes[~shown], reference[~beside] = np.nan, np.nan
    return SimulatedAcrHr(votes, reference, image_of, everything)


def partial_design(stimuli: int, raters: int, votes_per_rater: int, rng: np.random.Generator) -> Bools:
    """Choose which stimuli each rater is shown, (stimuli, raters), every stimulus as often within one.

    Each rater gets the stimuli shown least often so far, at random among equals.
    Raises: ValueError unless `votes_per_rater` is between 0 and `stimuli`.

    >>> partial_design(6, 4, 3, np.random.default_rng(0)).sum(axis=1).tolist()
    [2, 2, 2, 2, 2, 2]
    """
    if not 0 <= votes_per_rater <= stimuli:
        raise ValueError(f"votes_per_rater {votes_per_rater} is not between 0 and the {stimuli} stimuli")
    require_counts(raters=raters)
    shown = np.zeros((stimuli, raters), dtype=np.bool_)
    times = np.zeros(stimuli, dtype=np.int64)
    for column in range(raters):
        least_first = np.lexsort((rng.random(stimuli), times))[:votes_per_rater]
        shown[least_first, column] = True
        times[least_first] += 1
    return shown


def _cheat(kind: str, honest: Floats, scale: Scale, rng: np.random.Generator) -> Floats:
    """Return a cheater's answers in place of the honest ones, (stimuli,)."""
    if kind == "constant":
        return np.full(honest.size, scale.anywhere(rng, 1)[0])
    if kind == "random":
        return scale.anywhere(rng, honest.size)
    if kind == "middle":
        return np.full(honest.size, scale.report(np.array((scale.low + scale.high) / 2)))
    return scale.low + scale.high - honest


def _require_conduct(cheaters: Sequence[str], raters: int, missing_rate: float) -> None:
    for kind in cheaters:
        require_available("cheater", kind, CHEATERS)
    if len(cheaters) > raters:
        raise ValueError(f"cheaters name {len(cheaters)} raters, and the panel has {raters}")
    if not 0 <= missing_rate <= 1:
        raise ValueError(f"missing_rate {missing_rate!r} is not a share between 0 and 1")
