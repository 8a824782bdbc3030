"""The two models of a choice between two methods, and their fit to counts of choices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from scipy import sparse, stats
from scipy.sparse import csgraph
from scipy.special import expit, log_expit, log_ndtr

from ratings.analysis.arrays import Bools, Floats
from ratings.analysis.options import require_available

# Newton's method ends with a step that moves no score by more than this; the next would move it by about the
# square, and what is left of the slope is rounding.
SMALL_STEP = 1e-9
MAXIMUM_STEPS = 200
MAXIMUM_HALVINGS = 40

# Rounding alone may take this share off the log-likelihood at its maximum.
ROUNDING = 1e-12

NAMED = 5  # methods that a sentence names before it only counts them


@dataclass(frozen=True, kw_only=True)
class Model:
    """How likely one method is chosen over another whose score is lower by d; each value is one of d's entry.

    `log_chosen` is the logarithm of that probability, `slope` its derivative, `curvature` its second one with
    the sign changed, `information` Fisher's of one vote. `jod` is the distance at which three of four choose
    the better one (one just objectionable difference).
    """

    log_chosen: Callable[[Floats], Floats]
    slope: Callable[[Floats], Floats]
    curvature: Callable[[Floats], Floats]
    information: Callable[[Floats], Floats]
    jod: float


def _normal_slope(d: Floats) -> Floats:
    # Φ underflows to 0 far out; its logarithm does not.
    return np.asarray(np.exp(-(d**2) / 2 - np.log(2 * np.pi) / 2 - log_ndtr(d)))


def _normal_curvature(d: Floats) -> Floats:
    slope = _normal_slope(d)
    return slope * (d + slope)


def _logistic_information(d: Floats) -> Floats:
    return np.asarray(expit(d) * expit(-d))


MODELS: Final = {
    "bradley_terry": Model(
        log_chosen=log_expit,
        slope=lambda d: np.asarray(expit(-d)),
        curvature=_logistic_information,
        information=_logistic_information,
        jod=float(np.log(3)),
    ),
    "thurstone": Model(
        log_chosen=log_ndtr,
        slope=_normal_slope,
        curvature=_normal_curvature,
        information=lambda d: _normal_slope(d) * _normal_slope(-d),
        jod=float(stats.norm.ppf(0.75)),
    ),
}


@dataclass(frozen=True, eq=False)
class Scale:
    """Scores that sum to 0, (…, methods), and what bounds them, (…, methods, methods).

    `covariance` is the inverse of Fisher's information under that sum, `inverse_curvature` that of the
    log-likelihood's own curvature (alike for Bradley–Terry). Scores are NaN and the rest 0 for a method
    without a vote, and for all methods of counts that make no scale.
    """

    scores: Floats
    covariance: Floats
    inverse_curvature: Floats


def fit_scale(wins: Floats, *, model: str, methods: Sequence[str] = ()) -> Scale:
    """Put methods on a scale by maximum likelihood.

    Shapes: `wins` (methods, methods): how often the row's method was chosen over the column's; a tie is half
    for each. Units: P(i over j) = 1 / (1 + exp(s_j − s_i)) for "bradley_terry" (natural log odds) and
    Φ(s_i − s_j) for "thurstone". Only distances mean something: scores sum to 0.
    Raises: ValueError, naming the `methods` (or their numbers), if they fall into parts that were not
    compared, or between which every vote goes one way; or if the model, the shape or a count is impossible.
    Source: Bradley & Terry, Biometrika 39 (1952); Thurstone, Psychological Review 34 (1927), Case V; Ford,
    American Mathematical Monthly 64(8), 1957, for when the maximum exists.

    >>> found = fit_scale(np.array([[0.0, 30.0], [10.0, 0.0]]), model="bradley_terry")
    >>> found.scores.round(6).tolist()  # half of log(30 / 10) on either side
    [0.549306, -0.549306]
    """
    require_available("model", model, tuple(MODELS))
    if wins.ndim != 2 or wins.shape[0] != wins.shape[1]:
        raise ValueError(f"wins of shape {wins.shape} are not (methods, methods)")
    if not (np.isfinite(wins).all() and (wins >= 0).all()) or np.diagonal(wins).any():
        raise ValueError("wins hold a number that is no count, or a method compared with itself")
    refusal = why_no_scale(wins, methods or [str(number) for number in range(len(wins))])
    if refusal:
        raise ValueError(refusal)
    found = fit_scales(wins[None], MODELS[model])
    return Scale(found.scores[0], found.covariance[0], found.inverse_curvature[0])


def fit_scales(wins: Floats, model: Model) -> Scale:
    """Fit each of several counts, (scales, methods, methods), by itself; NaN where they make no scale."""
    votes = _both(wins)
    present = votes.any(axis=2) & _make_scales(wins)[:, None]
    counted = np.where(present[:, :, None], wins, 0.0)
    scores = _maximise(counted, present, model)
    distance = scores[:, :, None] - scores[:, None, :]
    expected = _both(counted) * model.information(distance)
    return Scale(
        scores=np.where(present, scores, np.nan),
        covariance=_inverse(expected, present),
        inverse_curvature=_inverse(_both(counted * model.curvature(distance)), present),
    )


def why_no_scale(wins: Floats, methods: Sequence[str]) -> str:
    """Say in one sentence why counts, (methods, methods), make no scale; nothing if they make one."""
    votes = wins + wins.T
    voted = np.flatnonzero(votes.any(axis=1))
    names = [methods[at] for at in voted.tolist()]
    if not names:
        return "there is no vote to make a scale of"
    graph: sparse.csr_array[np.int8] = sparse.csr_array((wins[np.ix_(voted, voted)] > 0).astype(np.int8))
    parts = _parts(graph, "weak", names)
    if parts:
        return (
            f"the methods fall into {len(parts)} parts that were never compared with each other: "
            f"{'; '.join(parts)}; their distance is not known until some votes compare across the parts"
        )
    parts = _parts(graph, "strong", names)
    if parts:
        return (
            f"the methods fall into {len(parts)} parts, and every vote between two of them chooses the one "
            f"listed first: {'; '.join(parts)}; such votes put no limit on the distance, so leave a part out "
            "or collect more votes"
        )
    return ""


def _parts(
    graph: sparse.csr_array[np.int8], connection: Literal["weak", "strong"], methods: Sequence[str]
) -> list[str]:
    """Name the parts of a graph of who won over whom, the winning ones first; nothing if it is whole."""
    n, part_of = csgraph.connected_components(graph, directed=True, connection=connection)
    if n == 1:
        return []
    # Whoever is above a part reaches all that it reaches, and more.
    reached = np.isfinite(csgraph.shortest_path(graph, unweighted=True)).sum(axis=1)
    order = sorted(range(n), key=lambda part: -int(reached[part_of == part][0]))
    return [_named([methods[at] for at in np.flatnonzero(part_of == part).tolist()]) for part in order]


def _named(methods: Sequence[str]) -> str:
    more = f" and {len(methods) - NAMED} more" if len(methods) > NAMED else ""
    return ", ".join(repr(method) for method in methods[:NAMED]) + more


def _make_scales(wins: Floats) -> Bools:
    """Say of each of several counts whether every method reaches every other by wins, (scales,)."""
    scales, methods, _ = wins.shape
    scale, winner, loser = np.nonzero(wins)
    # One graph of them all, each a block of its own.
    edges = scale * methods + winner, scale * methods + loser
    size = scales * methods
    graph = sparse.coo_array((np.ones(scale.size, dtype=np.int8), edges), shape=(size, size))
    _, labels = csgraph.connected_components(graph, directed=True, connection="strong")
    part_of = labels.reshape(scales, methods)
    voted = np.any(_both(wins) > 0, axis=2)
    first = np.take_along_axis(part_of, voted.argmax(axis=1)[:, None], axis=1)
    return np.asarray(voted.any(axis=1) & ((part_of == first) | ~voted).all(axis=1))


def _maximise(wins: Floats, present: Bools, model: Model) -> Floats:
    """Climb each likelihood by Newton's method, halving a step that goes down; NaN if it does not arrive."""
    scores = np.zeros(present.shape)
    for _ in range(MAXIMUM_STEPS):
        distance = scores[:, :, None] - scores[:, None, :]
        pull = wins * model.slope(distance)
        slope = pull.sum(axis=2) - pull.sum(axis=1)
        step = (_inverse(_both(wins * model.curvature(distance)), present) @ slope[:, :, None])[:, :, 0]
        scores = _uphill(wins, scores, step, model)
        climbing = np.abs(step).max(axis=1, initial=0.0) > SMALL_STEP
        if not climbing.any():
            return scores
    return np.where(climbing[:, None], np.nan, scores)


def _uphill(wins: Floats, scores: Floats, step: Floats, model: Model) -> Floats:
    before = _log_likelihood(wins, scores, model)
    for _ in range(MAXIMUM_HALVINGS):
        after = _log_likelihood(wins, scores + step, model)
        down = after < before - ROUNDING * np.abs(before)
        if not down.any():
            break
        step = np.where(down[:, None], step / 2, step)
    return scores + step


def _log_likelihood(wins: Floats, scores: Floats, model: Model) -> Floats:
    logs = wins * model.log_chosen(scores[:, :, None] - scores[:, None, :])
    return np.asarray(logs.sum(axis=(1, 2)))


def _both(of_wins: Floats) -> Floats:
    return of_wins + np.swapaxes(of_wins, 1, 2)


def _inverse(weights: Floats, present: Bools) -> Floats:
    """Invert each information on scores that sum to 0; 0 for methods that are not present.

    `weights` (scales, methods, methods) is the information of each pair, symmetric, 0 on the diagonal.
    """
    at = np.arange(present.shape[1])
    information = -weights
    information[:, at, at] = weights.sum(axis=2)
    # What the votes leave open, the sum and absent methods, is fixed, at a size like theirs, and taken off.
    sums = present / np.sqrt(np.maximum(present.sum(axis=1, keepdims=True), 1))
    fixed = sums[:, :, None] * sums[:, None, :]
    fixed[:, at, at] += ~present
    size = weights.sum(axis=2).max(axis=1, initial=0.0)[:, None, None]
    size = np.where(size > 0, size, 1.0)
    return np.asarray(np.linalg.inv(information + size * fixed) - fixed / size)
