"""A linear mixed model with crossed random intercepts, fitted by restricted maximum likelihood."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize

from ratings.analysis.arrays import Bools, Floats, Ints
from ratings.analysis.mixed_equations import Problem

# A component whose sd is below this share of the residual's is taken for 0: the likelihood is flat there.
NOTHING = 1e-3

# Beyond this the residual is nothing beside a component, and the search would go on for ever.
LARGEST = 1e3

# Steps of the logarithm of an sd when curvature is measured.
STEP = 0.003


@dataclass(frozen=True, eq=False)
class Reml:
    """A fit of y = X·fixed + Σ random intercepts + error.

    `fixed` (p,) and its `covariance` (p, p); `variances` (components,) and `residual`, the error's, in the
    square of y's unit; `criterion` is −2 log of the restricted likelihood. `converged` is False where the
    search did not come to rest or found no residual.
    """

    fixed: Floats
    covariance: Floats
    variances: Floats
    residual: float
    criterion: float
    converged: bool
    problem: Problem

    def degrees_of_freedom(self, contrasts: Floats) -> Floats:
        """Return Satterthwaite's degrees of freedom of contrasts (contrasts, p) of the fixed effects.

        Components estimated as 0 are taken for known. NaN where the likelihood is not curved as at its top.
        Source: Giesbrecht & Burns, Biometrics 41(2), 1985; Fai & Cornelius, Journal of Statistical
        Computation and Simulation 54(4), 1996.
        """
        ratio_sd = np.sqrt(self.variances / self.residual)
        active = ratio_sd > 0
        curvature, slopes = _curvature(self.problem, ratio_sd, active, self.residual, contrasts)
        variance = np.einsum("ij,jk,ik->i", contrasts, self.covariance, contrasts)
        if np.linalg.eigvalsh(curvature)[0] <= 0:
            return np.full(len(contrasts), np.nan)
        uncertainty = np.einsum("ji,ji->i", slopes, 2 * np.linalg.solve(curvature, slopes))
        return np.asarray(2 * variance**2 / uncertainty, dtype=np.float64)


def fit_reml(y: Floats, x: Floats, levels: Sequence[Ints]) -> Reml:
    """Fit y = X·fixed + Σ random intercepts + error by restricted maximum likelihood.

    Shapes: `y` (n,); `x` (n, p), of full column rank; each of `levels` (n,) numbers an observation's effect
    of one component, 0..its number of effects − 1. Units: `y`'s. For the work see `Layout.work`.
    Source: as `Problem.solve`.
    """
    problem = Problem.of(y, x, levels)

    def criterion(ratio_sd: Floats) -> float:
        return problem.solve(ratio_sd).criterion

    found = optimize.minimize(
        criterion,
        np.ones(len(levels)),
        method="COBYQA",
        bounds=optimize.Bounds(0.0, LARGEST),
        options={"final_tr_radius": 1e-5, "maxfev": 500},
    )
    ratio_sd = _without_nothings(np.asarray(found.x, dtype=np.float64), criterion)
    best = problem.solve(ratio_sd)
    residual = best.squares / best.degrees
    return Reml(
        fixed=best.fixed(),
        covariance=residual * best.relative_covariance(),
        variances=ratio_sd**2 * residual,
        residual=residual,
        criterion=best.criterion,
        converged=bool(found.success) and bool((ratio_sd < LARGEST / 2).all()),
        problem=problem,
    )


def _without_nothings(ratio_sd: Floats, criterion: Callable[[Floats], float]) -> Floats:
    """Put to 0 what the search left a hair above it, where that makes the fit no worse."""
    bare = np.where(ratio_sd < NOTHING, 0.0, ratio_sd)
    return bare if criterion(bare) <= criterion(ratio_sd) + 1e-6 else ratio_sd


def _curvature(
    problem: Problem, ratio_sd: Floats, active: Bools, residual: float, contrasts: Floats
) -> tuple[Floats, Floats]:
    """Return second derivatives of −2 log likelihood, and slopes of the contrasts' variances.

    Shapes: (k, k) and (k, contrasts); the k parameters are the logarithms of the active components' ratios
    to the residual's sd, then that of the residual variance. Derivatives are central differences.
    """
    places = np.flatnonzero(active)
    size = places.size

    def at(*steps: tuple[int, int]) -> tuple[float, float, Floats]:
        moved = ratio_sd.copy()
        for place, step in steps:
            moved[places[place]] *= np.exp(step * STEP)
        found = problem.solve(moved)
        variance = np.einsum("ij,jk,ik->i", contrasts, found.relative_covariance(), contrasts)
        return found.log_determinant + found.squares / residual, found.squares, residual * variance

    middle, _, variance = at()
    curvature = np.zeros((size + 1, size + 1))
    slopes = np.zeros((size + 1, len(contrasts)))
    degrees = problem.n - problem.n_fixed
    curvature[size, size], slopes[size] = degrees, variance
    ends = [[at((place, step)) for step in (-1, 1)] for place in range(size)]
    for i, (low, high) in enumerate(ends):
        slopes[i] = (high[2] - low[2]) / (2 * STEP)
        curvature[i, i] = (high[0] + low[0] - 2 * middle) / STEP**2
        curvature[i, size] = curvature[size, i] = -(high[1] - low[1]) / (2 * STEP * residual)
        for j in range(i):
            both = at((i, 1), (j, 1))[0] + at((i, -1), (j, -1))[0]
            apart = at((i, 1), (j, -1))[0] + at((i, -1), (j, 1))[0]
            curvature[i, j] = curvature[j, i] = (both - apart) / (4 * STEP**2)
    return curvature, slopes
