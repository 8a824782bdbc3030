"""One simulated rater's answers to the trials of a study, in the order of showing, by any methodology."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ratings.analysis.arrays import Bools, Floats, Ints
from ratings.analysis.simulation import RaterModel, Traits

# Points of 0..100. Nobody mistakes a grossly degraded image for its reference.
DEGRADED_DIFFERENCE = 75.0
# Two pictures that differ by less are called the same where that may be said.
TIE_WITHIN = 6.0
# What is left of a rater's noise where the two pictures are one: there is next to nothing to see.
NOISE_ON_THE_SAME = 0.2


@dataclass(frozen=True, eq=False)
class Seen:
    """What is shown in each trial, (trials,).

    `first` and `second` are how much worse than the reference the two pictures are expected to be seen, in
    points of 0..100: 0 for the reference itself. Of a methodology with references `first` is the reference;
    where one picture is shown it is `second`. `same` says that both are one picture.
    """

    first: Floats
    second: Floats
    same: Bools

    def __post_init__(self) -> None:
        shapes = self.first.shape, self.second.shape, self.same.shape
        if len(set(shapes)) > 1 or self.first.ndim != 1:
            raise ValueError(f"first, second and same of shapes {shapes} are not all (trials,)")
        for values in (self.first, self.second):
            off = ~(np.abs(values) <= 100)
            if off.any():
                raise ValueError(f"an expected difference is {values[off][0]}, not within −100 to 100")


class SimulatedRater:
    """Somebody with traits of their own, drawn from `rng` unless given, who answers from `rng`.

    The same generator in the same state gives the same rater, who gives the same answers to the same trials.
    """

    def __init__(
        self, rng: np.random.Generator, traits: Traits | None = None, model: RaterModel | None = None
    ) -> None:
        self._rng, self._model = rng, model or RaterModel()
        self._traits = traits or _draw(rng, self._model)

    def pairs(self, seen: Seen) -> tuple[Floats, Floats, Ints]:
        """Score both pictures of each trial: reference and test in 0..100, and the time in ms."""
        noise = self._noise(seen, halves=2)
        reference = self._traits.reference + noise[0]
        bias = np.where(seen.same, 0.0, self._traits.bias)
        test = self._traits.reference + seen.first - seen.second - bias + noise[1]
        lapse, times = self._lapses(seen)
        anywhere = self._rng.uniform(0, 100, size=(2, lapse.size))
        scores = np.clip(np.where(lapse, anywhere, np.stack([reference, test])), 0, 100)
        return scores[0], scores[1], times

    def impairments(self, seen: Seen, *, scale: tuple[float, float]) -> tuple[Floats, Ints]:
        """Give the second picture of each trial a category of the scale, its best where nothing is seen."""
        bias = np.where(seen.same, 0.0, self._traits.bias)
        return self._categories(100 - (seen.second - seen.first + bias + self._noise(seen)[0]), seen, scale)

    def qualities(self, seen: Seen, *, scale: tuple[float, float]) -> tuple[Floats, Ints]:
        """Give the picture of each trial a category of the scale; a reference, of 0, has one near its top."""
        bias = np.where(seen.second == 0, 0.0, self._traits.bias)
        points = self._traits.reference - seen.second - bias + self._noise(seen)[0]
        return self._categories(points, seen, scale)

    def choices(self, seen: Seen, *, ties: bool) -> tuple[list[str], Ints]:
        """Choose the better picture of each trial, "a" the first or "b", or call it a "tie" where allowed.

        Thurstone's way: the difference is seen with the rater's noise, and the better side of it is chosen.
        """
        found = seen.second - seen.first + self._noise(seen)[0]
        lapse, times = self._lapses(seen)
        found = np.where(lapse, self._rng.uniform(-100, 100, size=lapse.size), found)
        tied = (np.abs(found) < TIE_WITHIN) & ties & ~lapse
        return np.where(tied, "tie", np.where(found > 0, "a", "b")).tolist(), times

    def _noise(self, seen: Seen, halves: int = 1) -> Floats:
        spread = self._traits.inconsistency * np.where(seen.same, NOISE_ON_THE_SAME, 1.0)
        noise = self._rng.normal(0, 1, size=(halves, seen.same.size))
        return np.asarray(noise * spread / np.sqrt(halves))

    def _lapses(self, seen: Seen) -> tuple[Bools, Ints]:
        """Which trials are answered without looking, and how long each takes in ms, 1 at least."""
        model, size = self._model, seen.same.size
        lapse = self._rng.random(size) < model.lapse_rate
        median_ms = np.where(lapse, model.lapse_median_ms, model.response_median_ms)
        times = median_ms * np.exp(self._rng.normal(0, model.response_log_sd, size=size))
        return lapse, np.maximum(1, np.rint(times)).astype(np.int64)

    def _categories(self, points: Floats, seen: Seen, scale: tuple[float, float]) -> tuple[Floats, Ints]:
        """Round points of 0..100 to whole numbers of a scale."""
        lapse, times = self._lapses(seen)
        points = np.where(lapse, self._rng.uniform(0, 100, size=lapse.size), points)
        low, high = scale
        scores = np.clip(np.rint(low + (high - low) * points / 100), low, high)
        return scores, times


def _draw(rng: np.random.Generator, model: RaterModel) -> Traits:
    return Traits(
        bias=rng.normal(0, model.bias_sd),
        inconsistency=model.inconsistency_median * np.exp(rng.normal(0, model.inconsistency_log_sd)),
        reference=rng.normal(model.reference_mean, model.reference_sd),
    )
