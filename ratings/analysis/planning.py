"""Planning a study: raters and images for a difference to be found, and intervals to expect."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse, special, stats
from scipy.sparse import csgraph
from scipy.sparse import linalg as sparse_linalg

from ratings.analysis.arrays import Floats, Ints
from ratings.analysis.groups import sums_by
from ratings.analysis.options import require_level
from ratings.analysis.scores import ScoreTable, as_table

MAXIMUM_RATERS = 1_000_000

# In standard deviations; a larger effect counts as this one, for the distribution has no numbers far beyond.
LARGEST_EFFECT = 1e4


@dataclass(frozen=True, kw_only=True)
class Spread:
    """How one number, such as the difference between two methods, varies when it is measured by raters.

    `rater_sd` is the standard deviation from rater to rater of what each would say on average over very many
    images; more images do not lessen it. `vote_sd` is that of one vote (or of the difference of two votes on
    one image) around it, image by image. Units: points of the scale.
    Raises: ValueError if one is negative or not finite, or both are 0.
    """

    rater_sd: float
    vote_sd: float

    def __post_init__(self) -> None:
        for name, sd in (("rater_sd", self.rater_sd), ("vote_sd", self.vote_sd)):
            if not 0 <= sd < math.inf:
                raise ValueError(f"{name} {sd!r} is not a standard deviation of 0 or more")
        if self.rater_sd == self.vote_sd == 0:
            raise ValueError("rater_sd and vote_sd are both 0; without any spread there is nothing to plan")

    def over(self, images: int) -> float:
        """Return the standard deviation over raters of their means over so many images: √(r² + v² / images).

        Raises: ValueError if `images` is below 1.
        """
        if images < 1:
            raise ValueError(f"{images} images make no study; 1 or more do")
        return math.sqrt(self.rater_sd**2 + self.vote_sd**2 / images)


@dataclass(frozen=True, kw_only=True)
class Pilot:
    """The spreads that a pilot shows: of one method's score, and of the difference between two methods.

    Both are root mean squares over methods and over pairs of methods. `raters`, `images` and `methods` count
    those with votes.
    """

    score: Spread
    difference: Spread
    raters: int
    images: int
    methods: int


def power_of(raters: int, *, difference: float, sd: float, level: float, comparisons: int) -> float:
    """Return the probability that a two-sided paired t-test over raters finds the difference.

    Units: `difference` and `sd` (over raters of their own mean difference, see `Spread.over`) in points.
    `level` is 1 − the probability of any false finding among so many `comparisons`: each test is made at
    (1 − level) / comparisons, as Bonferroni does, and Holm at the first step; Holm's later steps find more.
    Raises: ValueError if a number is impossible, or the difference is 0.
    Source: noncentral t with raters − 1 degrees of freedom; Cohen, Statistical Power Analysis, 1988.

    >>> round(power_of(34, difference=0.5, sd=1, level=0.95, comparisons=1), 4)
    0.8078
    """
    _require_test(difference, sd, level, comparisons)
    if raters < 2:
        raise ValueError(f"{raters} raters cannot be tested; 2 or more can")
    error = (1 - level) / comparisons
    degrees = raters - 1
    critical = stats.t.isf(error / 2, degrees)
    # The square of a noncentral t is a noncentral F, which has both tails in one and stays finite far out.
    effect = min(abs(difference / sd), LARGEST_EFFECT)
    return float(stats.ncf.sf(critical**2, 1, degrees, raters * effect**2))


def raters_needed(*, difference: float, sd: float, power: float, level: float, comparisons: int) -> int:
    """Return the smallest number of raters with whom `power_of` reaches `power`; otherwise as there.

    Raises: ValueError also if `power` is not between 1 − level and 1, or a million raters would be too few.

    >>> raters_needed(difference=0.5, sd=1, power=0.8, level=0.95, comparisons=1)
    34
    """
    _require_test(difference, sd, level, comparisons)
    _require_power(power, level)

    def enough(raters: int) -> bool:
        found = power_of(raters, difference=difference, sd=sd, level=level, comparisons=comparisons)
        return found >= power

    return _smallest(enough, f"a difference of {difference:g} with a standard deviation of {sd:g}")


def detectable(raters: int, *, sd: float, power: float, level: float, comparisons: int) -> float:
    """Return the smallest difference, in the units of `sd`, that so many raters find with `power`.

    Raises: ValueError as `power_of` and `raters_needed`.
    """
    _require_test(sd, sd, level, comparisons)
    _require_power(power, level)

    def found(effect: float) -> float:
        return power_of(raters, difference=effect, sd=1, level=level, comparisons=comparisons)

    low, high = 0.0, 1.0
    while found(high) < power:
        if high > LARGEST_EFFECT:
            raise ValueError(f"{raters} raters find no difference with power {power:g}; ask for more raters")
        low, high = high, 2 * high
    while high - low > 1e-12 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if found(middle) < power else (low, middle)
    return high * sd


def expected_half_width(raters: int, *, sd: float, level: float) -> float:
    """Return the mean half width of the t interval of a mean over raters, in the units of `sd`.

    The interval's own sd varies from study to study; this is the expectation, t c4 sd / √raters, where
    c4 = √(2 / (n − 1)) Γ(n / 2) / Γ((n − 1) / 2) is what a sample sd falls short of `sd` on average.
    Raises: ValueError if `raters` is below 2, `sd` is not positive or `level` is not in (0, 1).

    >>> round(expected_half_width(15, sd=10, level=0.95), 3)  # t = 2.144787, c4 = 0.982316
    5.44
    """
    require_level(level)
    _require_sd(sd)
    if raters < 2:
        raise ValueError(f"{raters} raters have no interval; 2 or more do")
    log_c4 = special.gammaln(raters / 2) - special.gammaln((raters - 1) / 2)
    c4 = math.sqrt(2 / (raters - 1)) * math.exp(log_c4)
    return float(stats.t.ppf((1 + level) / 2, raters - 1)) * c4 * sd / math.sqrt(raters)


def raters_for_half_width(half_width: float, *, sd: float, level: float) -> int:
    """Return the smallest number of raters whose `expected_half_width` is no more than `half_width`.

    Raises: ValueError as there, or if `half_width` is not positive or a million raters would be too few.
    """
    if not 0 < half_width < math.inf:
        raise ValueError(f"half_width {half_width!r} is not a number above 0")
    return _smallest(
        lambda raters: expected_half_width(raters, sd=sd, level=level) <= half_width,
        f"a half width of {half_width:g} with a standard deviation of {sd:g}",
    )


def trade_off(
    spread: Spread, *, images: Sequence[int], difference: float, power: float, level: float, comparisons: int
) -> pd.DataFrame:
    """Say how many raters each number of images asks for; every rater is to rate all of them.

    `spread` is of the difference between two methods. Columns: images, sd (over raters of their mean
    difference), raters, votes (raters × images, on each method), power (reached), half_width (expected of the
    difference, at `level` for this pair alone).
    Raises: ValueError as `raters_needed` and `Spread.over`.
    """
    rows = []
    for count in images:
        sd = spread.over(count)
        raters = raters_needed(
            difference=difference, sd=sd, power=power, level=level, comparisons=comparisons
        )
        reached = power_of(raters, difference=difference, sd=sd, level=level, comparisons=comparisons)
        half = expected_half_width(raters, sd=sd, level=level)
        rows.append((count, sd, raters, raters * count, reached, half))
    return pd.DataFrame(rows, columns=["images", "sd", "raters", "votes", "power", "half_width"])


def pilot_spread(scores: ScoreTable | Floats, image_of: Ints, method_of: Ints) -> Pilot:
    """Estimate the spreads of scores and of differences between methods from a pilot's votes.

    Shapes: `scores` (stimuli, raters), as a table or a matrix with NaN for a vote not given; `image_of` and
    `method_of` (stimuli,) number each stimulus's image and method from 0. Units: those of the scores.
    Model: a rater's number on an image is the image's mean, plus the rater's own deviation (rater_sd), plus a
    rest (vote_sd). Images are fixed: what an image does to all raters is no spread. Missing votes may be
    anywhere; a difference needs both votes by one rater on one image. An estimate of rater_sd² below 0 is 0.
    Raises: ValueError if shapes disagree, a number is below 0, a stimulus stands there twice, or no two
    raters rated the same two images by the same two methods.
    Source: Henderson, Biometrics 9 (1953), method 3; in a complete design the analysis of variance.
    """
    table = as_table(scores)
    if image_of.shape != (table.n_stimuli,) or method_of.shape != image_of.shape:
        shapes = f"image_of {image_of.shape} and method_of {method_of.shape}"
        raise ValueError(f"{shapes} are not (stimuli,) {(table.n_stimuli,)}")
    if min(image_of.min(initial=0), method_of.min(initial=0)) < 0:
        raise ValueError("image_of or method_of holds a number below 0")
    n_methods = int(method_of.max(initial=-1)) + 1
    if np.unique(image_of * n_methods + method_of).size < image_of.size:
        raise ValueError("an image by a method stands there as two stimuli; one may have its votes")
    cell_of, cells = pd.factorize(image_of[table.stimulus_of] * table.n_raters + table.rater_of)
    of_method = np.full((n_methods, cells.size), np.nan)
    of_method[method_of[table.stimulus_of], cell_of] = table.value
    image, rater = np.divmod(cells, max(table.n_raters, 1))
    voted = np.flatnonzero(~np.isnan(of_method).all(axis=1))
    single = [_squares(of_method[method], rater, image) for method in voted]
    paired = [
        _squares(of_method[first] - of_method[second], rater, image)
        for place, first in enumerate(voted)
        for second in voted[place + 1 :]
    ]
    return Pilot(
        score=_spread(single, "a method's score"),
        difference=_spread(paired, "the difference between two methods"),
        raters=int((table.votes_per_rater > 0).sum()),
        images=int(np.unique(image).size),
        methods=int(voted.size),
    )


def _squares(value: Floats, rater: Ints, image: Ints) -> Floats:
    """Return the sum of squares around images, its degrees of freedom, and both around raters as well."""
    given = ~np.isnan(value)
    if not given.any():
        return np.zeros(4)
    rater_of, raters = pd.factorize(rater[given])
    image_of, images = pd.factorize(image[given])
    n = rater_of.size
    means = sums_by(image_of, value[given], images.size) / np.bincount(image_of)
    residual = value[given] - means[image_of]
    size = raters.size + images.size
    rows = np.tile(np.arange(n), 2)
    columns = np.concatenate([rater_of, raters.size + image_of])
    design = sparse.csr_array((np.ones(2 * n), (rows, columns)), shape=(n, size))
    effects = sparse_linalg.lsmr(design, residual, atol=1e-13, btol=1e-13, conlim=0, maxiter=10 * size)[0]
    within = residual - design @ effects
    parts, _ = csgraph.connected_components(design.T @ design, directed=False)
    return np.array([residual @ residual, n - images.size, within @ within, n - size + parts])


def _spread(squares: list[Floats], what: str) -> Spread:
    total, total_degrees, within, degrees = np.sum([np.zeros(4), *squares], axis=0)
    if degrees < 1:
        raise ValueError(
            f"the pilot cannot tell how {what} varies from rater to rater and how from image to image; let "
            "two raters or more rate the same two images or more by the same methods"
        )
    vote = within / degrees
    return Spread(rater_sd=math.sqrt(max(total / total_degrees - vote, 0.0)), vote_sd=math.sqrt(vote))


def _smallest(enough: Callable[[int], bool], what: str) -> int:
    """Return the smallest number of raters, from 2, that is enough; more than enough is enough, too."""
    low, high = 1, 2
    while not enough(high):
        if high >= MAXIMUM_RATERS:
            raise ValueError(f"{what} asks for more than {MAXIMUM_RATERS:,} raters; ask for less")
        low, high = high, min(2 * high, MAXIMUM_RATERS)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _require_test(difference: float, sd: float, level: float, comparisons: int) -> None:
    require_level(level)
    _require_sd(sd)
    if difference == 0 or not math.isfinite(difference):
        raise ValueError(f"difference {difference!r} cannot be found by any number of raters; name another")
    if comparisons < 1:
        raise ValueError(f"{comparisons} comparisons are none; four methods, for one, make 6 pairs")


def _require_sd(sd: float) -> None:
    if not 0 < sd < math.inf:
        raise ValueError(f"sd {sd!r} is not a standard deviation above 0")


def _require_power(power: float, level: float) -> None:
    if not 1 - level < power < 1:
        raise ValueError(
            f"power {power!r} is not between {1 - level:g}, which chance alone gives, and 1; 0.8 is usual"
        )
