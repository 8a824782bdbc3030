"""Logistic mappings of a metric onto opinion scores, fitted by least squares from several starts."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import stats
from scipy.optimize import least_squares
from scipy.special import expit

from ratings.analysis.arrays import Floats
from ratings.analysis.options import require_available

MAPPINGS: Final = ("logistic4", "logistic5")
PARAMETERS: Final = {"logistic4": 4, "logistic5": 5}
MIN_POINTS: Final = 8

# Log of the transition's width over the metric's standard deviation, and how many widths the centre may lie
# outside the metric's range. Beyond these the curve is a step, a straight line or an exponential to within
# what data can show, and least squares would go on for ever.
NARROWEST: Final = -7.0
WIDEST: Final = 4.0
FARTHEST: Final = 8.0

GRID_CENTRES, GRID_WIDTHS, GRID_STARTS = 17, 8, 4
# The search from the published start is followed by one that need not creep along a valley.
MAX_EVALUATIONS, MAX_PUBLISHED = 500, 100
TOLERANCE: Final = 1e-10

_OfPlace = Callable[[Floats], Floats]


@dataclass(frozen=True, eq=False)
class LogisticFit:
    """A fitted mapping, called with metric values of any shape to give predicted opinion scores.

    `parameters` (4,) or (5,) are β1, β2, … as published, `rmse` is √(Σe² / (n − d)) over the `n` points.
    `converged` says whether the best search ended by itself, `monotonic` whether the curve has one direction
    over the range of the metric. `published_rmse` is the rmse reached from the published start alone; where
    it is larger, that start ends in a worse fit.
    """

    mapping: str
    parameters: Floats
    n: int
    rmse: float
    published_rmse: float
    converged: bool
    monotonic: bool

    def __call__(self, x: Floats) -> Floats:
        """Predict the opinion scores of metric values `x`; same shape, NaN stays NaN."""
        return evaluate(self.mapping, self.parameters, x)


def evaluate(mapping: str, parameters: Floats, x: Floats) -> Floats:
    """Return the curve at `x`, of the same shape, in the units of the opinion scores.

    logistic4: (β1 − β2) / (1 + exp(−(x − β3) / |β4|)) + β2, rising from β2 to β1.
    logistic5: β1 (1/2 − 1 / (1 + exp(β2 (x − β3)))) + β4 x + β5.
    Raises: ValueError for an unknown mapping.
    Sources: VQEG, final report on full-reference television, phase II, 2003; Sheikh, Sabir & Bovik, IEEE
    Transactions on Image Processing 15(11), 2006.

    >>> evaluate("logistic4", np.array([60.0, 0.0, 30.0, 2.0]), np.array([30.0, 1e9])).tolist()
    [30.0, 60.0]
    """
    require_available("mapping", mapping, MAPPINGS)
    if mapping == "logistic4":
        high, low, centre, width = parameters
        return np.asarray(low + (high - low) * expit((x - centre) / abs(width)))
    height, slope, centre, tilt, offset = parameters
    return np.asarray(height * (expit(slope * (x - centre)) - 0.5) + tilt * x + offset)


def fit_logistic(x: Floats, y: Floats, *, mapping: str) -> LogisticFit:
    """Fit a mapping of the metric `x` onto the opinion scores `y` by unweighted least squares.

    Shapes: `x` and `y` (points,), finite. Units: any; both are standardised for the search alone.
    Starts: the published one, β1 and β2 at the largest and smallest y (exchanged when Spearman's correlation
    is negative), β3 at the mean of x, β4 at a quarter of its sample standard deviation; for logistic5 the
    same curve, which has no tilt; and the best of a grid of centres and widths, whose linear parameters are
    solved for. The smallest sum of squares wins, whatever its shape; see `monotonic`.
    Raises: ValueError if shapes differ, a value is not finite, there are fewer than 8 points, `x` has fewer
    different values than the mapping has parameters, `y` does not vary, or the mapping is unknown.
    Sources: as `evaluate`.
    """
    require_available("mapping", mapping, MAPPINGS)
    _require_points(x, y, parameters=PARAMETERS[mapping])
    search = _Search(x, y, tilted=mapping == "logistic5")
    published = search.from_published_start()
    best = min(
        (search.from_place(place) for place in (published.place, *search.grid())),
        key=lambda found: found.squares,
    )
    parameters = search.as_published(best.place)
    scale = float(y.std(ddof=1)) / np.sqrt(x.size - parameters.size)
    return LogisticFit(
        mapping=mapping,
        parameters=parameters,
        n=x.size,
        rmse=float(scale * np.sqrt(best.squares)),
        published_rmse=float(scale * np.sqrt(published.squares)),
        converged=best.converged,
        monotonic=_is_monotonic(mapping, parameters, x),
    )


def _require_points(x: Floats, y: Floats, *, parameters: int) -> None:
    if x.ndim != 1 or x.shape != y.shape:
        raise ValueError(f"x of shape {x.shape} and y of shape {y.shape} are not both (points,)")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("x or y holds a value that is not finite; leave such points out and say how many")
    if x.size < MIN_POINTS:
        raise ValueError(f"{x.size} points are too few for a mapping; it needs {MIN_POINTS} or more")
    different = np.unique(x).size
    if different < parameters:
        raise ValueError(
            f"the metric has {different} different values; a mapping of {parameters} parameters needs as many"
        )
    if np.ptp(y) == 0:
        raise ValueError(f"the opinion scores are all {float(y[0])!r}; a mapping needs scores that differ")


@dataclass(frozen=True, eq=False)
class _Found:
    place: Floats
    squares: float
    converged: bool


class _Search:
    """Least squares in standardised units; a place is (centre, log width) of the transition.

    Both mappings are level + height·s, s = 1 / (1 + exp(−(z − centre) / width)), and logistic5 adds tilt·z.
    With a signed height and a positive width, neither direction of the curve is a special case.
    """

    def __init__(self, x: Floats, y: Floats, *, tilted: bool) -> None:
        self.x_mean, self.x_sd = float(x.mean()), float(x.std(ddof=1))
        self.y_mean, self.y_sd = float(y.mean()), float(y.std(ddof=1))
        self.z, self.y = (x - self.x_mean) / self.x_sd, (y - self.y_mean) / self.y_sd
        self.tilted = tilted
        self.straight = np.stack([np.ones_like(self.z), self.z][: 1 + tilted], axis=1)
        self.basis, _ = np.linalg.qr(self.straight)
        self.bent = self._across(self.y)
        self.ends = float(self.z.min()), float(self.z.max())

    def from_published_start(self) -> _Found:
        """Search over all parameters at once, as published."""
        falling = np.corrcoef(stats.rankdata(self.z), stats.rankdata(self.y))[0, 1] < 0
        low, high = self.y.min(), self.y.max()
        start = [0.0, math.log(0.25), low - high if falling else high - low, high if falling else low, 0.0]
        return _minimise(
            self._all_residuals,
            self._all_slopes,
            np.array(start[: 4 + self.tilted]),
            evaluations=MAX_PUBLISHED,
        )

    def from_place(self, place: Floats) -> _Found:
        """Search over centre and width alone, with the best linear parameters at every step."""
        found = _minimise(self._residuals, self._slopes, place, evaluations=MAX_EVALUATIONS)
        centre, width = self._within_reach(found.place)
        return _Found(np.array([centre, math.log(width)]), found.squares, found.converged)

    def grid(self) -> list[Floats]:
        """Return the best centre of each width, for the widths that leave the smallest sums of squares."""
        centres = np.linspace(self.z.min() - 1, self.z.max() + 1, GRID_CENTRES)
        log_widths = np.log(np.geomspace(1 / 32, 4, GRID_WIDTHS))
        curves = expit((self.z - centres[:, None]) / np.exp(log_widths)[:, None, None])
        across = self._across(curves)
        # A curve that is flat over the data explains nothing, and its own square would be divided by 0.
        explained = (across @ self.bent) ** 2 / np.maximum((across**2).sum(axis=2), 1e-12)
        best = explained.argmax(axis=1)
        widths = np.argsort(-explained.max(axis=1))[:GRID_STARTS]
        return [np.array([centres[best[width]], log_widths[width]]) for width in widths]

    def _across(self, curves: Floats) -> Floats:
        """Take the best constant, or straight line, out of curves (…, points)."""
        return np.asarray(curves - curves @ self.basis @ self.basis.T)

    def _within_reach(self, place: Floats) -> tuple[float, float]:
        """Return the centre and the width, no farther out than a curve can be told from its limit."""
        width = _width(place)
        low, high = self.ends
        return min(max(float(place[0]), low - FARTHEST * width), high + FARTHEST * width), width

    def _curve(self, s: Floats) -> tuple[Floats, float]:
        """Return a curve across the straight part, and the height that fits best."""
        across = self._across(s)
        power = float(across @ across)
        # What rounding leaves of a straight curve would fit noise.
        flat = power <= 1e-20 * float(s @ s)
        return across, 0.0 if flat else float(across @ self.bent) / power

    def _residuals(self, place: Floats) -> Floats:
        centre, width = self._within_reach(place)
        across, height = self._curve(expit((self.z - centre) / width))
        return np.asarray(height * across - self.bent)

    def _slopes(self, place: Floats) -> Floats:
        """Return the derivative of the residuals, less its small part along the curve (Kaufman, 1975)."""
        centre, width = self._within_reach(place)
        t = (self.z - centre) / width
        s = expit(t)
        across, height = self._curve(s)
        rise = height * s * expit(-t) / width
        # Beyond reach these should be 0; a step that then changes nothing ends the search just as well.
        moved = self._across(np.stack([-rise, -rise * (self.z - centre)]))
        power = max(float(across @ across), np.finfo(np.float64).tiny)
        return np.asarray((moved - (moved @ across / power)[:, None] * across).T)

    def _all_residuals(self, theta: Floats) -> Floats:
        s = expit((self.z - theta[0]) / _width(theta))
        return np.asarray(self.straight @ theta[3:] + theta[2] * s - self.y)

    def _all_slopes(self, theta: Floats) -> Floats:
        width = _width(theta)
        t = (self.z - theta[0]) / width
        s = expit(t)
        rise = theta[2] * s * expit(-t)
        return np.column_stack([-rise / width, -rise * t, s, self.straight])

    def as_published(self, place: Floats) -> Floats:
        """Return β1, β2, … in the units of the metric and of the opinion scores."""
        s = expit((self.z - place[0]) / _width(place))
        _, height = self._curve(s)
        level, *tilts = self.y_sd * np.linalg.lstsq(self.straight, self.y - height * s, rcond=None)[0]
        level, height = self.y_mean + level, self.y_sd * height
        centre, width = self.x_mean + self.x_sd * place[0], self.x_sd * _width(place)
        if not self.tilted:
            return np.array([level + height, level, centre, width])
        tilt = tilts[0] / self.x_sd
        return np.array([height, 1 / width, centre, tilt, level + height / 2 - tilt * self.x_mean])


def _width(theta: Floats) -> float:
    return math.exp(min(max(theta[1], NARROWEST), WIDEST))


def _minimise(residuals: _OfPlace, slopes: _OfPlace, start: Floats, *, evaluations: int) -> _Found:
    result = least_squares(
        residuals,
        start,
        slopes,
        method="lm",
        ftol=TOLERANCE,
        xtol=TOLERANCE,
        gtol=TOLERANCE,
        max_nfev=evaluations,
    )
    return _Found(result.x[:2], 2 * float(result.cost), bool(result.status > 0))


def _is_monotonic(mapping: str, parameters: Floats, x: Floats) -> bool:
    """Say whether the derivative keeps its sign between the smallest and the largest `x`."""
    if mapping == "logistic4":
        return True
    height, slope, centre, tilt, _ = parameters
    t = slope * (np.array([x.min(), x.max()]) - centre)
    # s(1 − s) is largest at the centre, or at the end nearest to it, and smallest at an end.
    t = np.append(t, np.clip(0.0, *t))
    derivative = tilt + height * slope * expit(t) * expit(-t)
    return bool((derivative >= 0).all() or (derivative <= 0).all())
