"""The study-wide answer: methods as fixed effects, raters and images as crossed random effects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import sparse, stats

from ratings.analysis.arrays import Floats, Ints
from ratings.analysis.dmos import EQUAL_WITHIN
from ratings.analysis.groups import require_groups
from ratings.analysis.mixed_equations import Layout
from ratings.analysis.options import require_available, require_level
from ratings.analysis.paired_tests import holm
from ratings.analysis.reml import Reml, fit_reml
from ratings.analysis.scores import ScoreTable

# Beyond these a fit would take more than seconds; the second counts multiplications in one of some 200 steps.
MOST_CELLS = 5000
MOST_WORK = 100_000_000

CONTRAST_COLUMNS = (
    *("method", "reference", "difference", "se", "df", "ci_low", "ci_high", "t", "p", "p_holm", "better"),
    *("level", "higher_is"),
)
COMPONENT_COLUMNS = ("component", "variance", "sd", "share")


@dataclass(frozen=True, eq=False)
class MixedModel:
    """What the model says; both frames are empty, and `notes` says why, where it was left out.

    `contrasts` has `CONTRAST_COLUMNS`, a row for each method but the reference; NaN for a method without
    votes. `components` has `COMPONENT_COLUMNS`, a row a variance component and one for the residual:
    `variance` in squared points of the scale, `share` of their sum. `converged` is False where the fit is not
    to be used.
    """

    contrasts: pd.DataFrame
    components: pd.DataFrame
    converged: bool
    notes: tuple[str, ...]


def mixed_model(
    table: ScoreTable,
    method_of: Ints,
    image_of: Ints,
    *,
    methods: Sequence[str],
    level: float,
    higher_is: str,
    reference: str | None = None,
    interactions: bool = True,
) -> MixedModel:
    """Compare methods with one of them, as they would compare for other raters and on other images.

    Shapes: `method_of` and `image_of` (stimuli,) code each stimulus; `method_of` indexes `methods`.
    Units: points of the scale; `difference` is method − `reference` (the first method where None), and
    `higher_is` ("better" or "worse") says what that means, as in `comparisons.compare_methods`.
    Model: score = method + rater + image + their three interactions in pairs + residual, all but the method
    random, by restricted maximum likelihood. Without the interactions (`interactions` False) every vote
    counts as new evidence on the difference of two methods, although raters and images differ in how
    they take a method: standard errors are then too small. An interaction of which no two votes share an
    effect, or that its factors account for, cannot be told from them and is left out, which `notes` says.
    Interval and p: Wald, by Student's t with Satterthwaite's degrees of freedom; p_holm over the contrasts.
    Missing: any votes may be. Above `MOST_CELLS` votes, or with more random effects than `MOST_WORK` allows,
    with fewer than two raters, images or methods, or without variation, the model is left out; with
    interactions also where no methods share two images, for then it cannot speak of others.
    Raises: ValueError if codes do not fit, `level` is not in (0, 1), `higher_is` or `reference` is unknown.
    Source: Baayen, Davidson & Bates, Journal of Memory and Language 59(4), 2008, for crossed raters and
    items; Barr, Levy, Scheepers & Tily, ibid. 68(3), 2013, for the interactions.
    """
    require_level(level)
    require_available("higher_is", higher_is, ("better", "worse"))
    require_groups(table, method_of, len(methods))
    require_groups(table, image_of, int(image_of.max(initial=-1)) + 1)
    if reference is not None:
        require_available("reference", reference, tuple(methods))
    votes = _Cells.of(table, method_of, image_of)
    components, notes = votes.components(interactions=interactions)
    why_not = _why_not(votes, components, interactions=interactions)
    if why_not:
        empty = pd.DataFrame(columns=list(CONTRAST_COLUMNS)), pd.DataFrame(columns=list(COMPONENT_COLUMNS))
        return MixedModel(*empty, converged=False, notes=(f"The mixed model was left out: {why_not}.",))
    place = 0 if reference is None else list(methods).index(reference)
    if place not in votes.methods:
        notes.append(
            f"{methods[place]!r} has no votes; the mixed model compares with {methods[votes.methods[0]]!r}."
        )
        place = int(votes.methods[0])
    scale = float(votes.value.std())
    fit = fit_reml(
        (votes.value - votes.value.mean()) / scale,
        np.eye(votes.methods.size)[votes.method],
        list(components.values()),
    )
    if not fit.converged:
        notes.append("The mixed model did not converge; do not use its numbers.")
    contrasts = _contrasts(fit, scale, votes.methods, place, methods, level, higher_is)
    if contrasts["df"].isna().sum() > len(methods) - votes.methods.size:
        notes.append("The mixed model's likelihood is too flat to say how sure its differences are.")
    return MixedModel(
        contrasts=contrasts,
        components=_components(fit, scale, tuple(components)),
        converged=fit.converged,
        notes=tuple(notes),
    )


@dataclass(frozen=True, eq=False)
class _Cells:
    """Each vote's method, image and rater, numbered without gaps; `methods` are the codes of the first."""

    value: Floats
    method: Ints
    image: Ints
    rater: Ints
    methods: Ints

    @classmethod
    def of(cls, table: ScoreTable, method_of: Ints, image_of: Ints) -> _Cells:
        methods, method = np.unique(method_of[table.stimulus_of], return_inverse=True)
        image = pd.factorize(image_of[table.stimulus_of])[0]
        return cls(table.value, method, image, pd.factorize(table.rater_of)[0], methods)

    def components(self, *, interactions: bool) -> tuple[dict[str, Ints], list[str]]:
        """Return each vote's random effect (votes,) by component, and notes on components left out."""
        factors = {"rater": self.rater, "image": self.image, "method": self.method}
        found, notes = {name: factors[name] for name in ("rater", "image")}, []
        for a, b in combinations(factors, 2) if interactions else ():
            codes, effects = pd.factorize(factors[a] * (int(factors[b].max(initial=0)) + 1) + factors[b])
            if effects.size < self.value.size and self.crossed(a, b):
                found[f"{a}:{b}"] = codes
            else:
                notes.append(
                    f"The votes cannot tell {a}:{b} from {a}, {b} and residual, so the mixed model has no "
                    "such component."
                )
        return found, notes

    def crossed(self, a: str, b: str) -> bool:
        """Say whether two factors meet in more ways than their own effects can account for."""
        codes = getattr(self, a), getattr(self, b)
        cells = pd.DataFrame({a: codes[0], b: codes[1]}).drop_duplicates().to_numpy()
        sizes = cells.max(axis=0, initial=-1) + 1
        edges = sparse.coo_array((np.ones(len(cells)), (cells[:, 0], cells[:, 1])), shape=tuple(sizes))
        graph = sparse.block_array([[None, edges], [edges.T, None]])
        parts, _ = sparse.csgraph.connected_components(graph, directed=False)
        return bool(len(cells) > sizes.sum() - parts)


def _why_not(votes: _Cells, components: dict[str, Ints], *, interactions: bool) -> str:
    """Say why no model can be fitted; empty if one can."""
    n = votes.value.size
    if n > MOST_CELLS:
        return f"there are {n:,} votes, and it takes at most {MOST_CELLS:,}"
    for what, codes in (("method", votes.method), ("rater", votes.rater), ("image", votes.image)):
        number = int(codes.max(initial=-1)) + 1
        if number < 2:
            return (
                f"there is {number} {what} with votes, and it takes two" if number else "there are no votes"
            )
    if Layout.of(list(components.values()), votes.methods.size).work > MOST_WORK:
        effects = sum(int(codes.max()) + 1 for codes in components.values())
        return f"it would take long to solve for {effects:,} random effects"
    if interactions and not votes.crossed("image", "method"):
        return "no methods share two images, so it cannot speak of other images"
    if n - votes.methods.size <= len(components):
        return f"{n} votes are too few for {votes.methods.size} methods"
    group_of = votes.method
    means = np.bincount(group_of, votes.value) / np.bincount(group_of)
    if np.abs(votes.value - means[group_of]).max() <= EQUAL_WITHIN:
        return "votes on a method do not vary"
    return ""


def _contrasts(
    fit: Reml,
    scale: float,
    with_votes: Ints,
    place: int,
    methods: Sequence[str],
    level: float,
    higher_is: str,
) -> pd.DataFrame:
    """Lay out method − reference for every method but the reference, in the order of `methods`."""
    others = [code for code in range(len(methods)) if code != place]
    column = {int(code): at for at, code in enumerate(with_votes)}
    known = np.array([code in column for code in others])
    weights = np.zeros((int(known.sum()), with_votes.size))
    weights[:, column[place]] = -1
    weights[np.arange(len(weights)), [column[code] for code in others if code in column]] = 1
    found: dict[str, Floats] = {name: np.full(len(others), np.nan) for name in ("difference", "se", "df")}
    found["difference"][known] = scale * (weights @ fit.fixed)
    found["se"][known] = scale * np.sqrt(np.einsum("ij,jk,ik->i", weights, fit.covariance, weights))
    # No mean square has fewer, and a likelihood that is all but flat would give next to none.
    found["df"][known] = np.maximum(fit.degrees_of_freedom(weights), 1.0)
    t = found["difference"] / found["se"]
    p = np.asarray(2 * stats.t.sf(np.abs(t), found["df"]), dtype=np.float64)
    half = stats.t.ppf((1 + level) / 2, found["df"]) * found["se"]
    p_holm = holm(p)
    names = np.array([methods[code] for code in others], dtype=object)
    wins = (found["difference"] > 0) == (higher_is == "better")
    frame = pd.DataFrame(
        {
            **found,
            "method": names,
            "reference": methods[place],
            "ci_low": found["difference"] - half,
            "ci_high": found["difference"] + half,
            "t": t,
            "p": p,
            "p_holm": p_holm,
            "better": np.where(p_holm < round(1 - level, 12), np.where(wins, names, methods[place]), ""),
            "level": level,
            "higher_is": higher_is,
        }
    )
    return frame[list(CONTRAST_COLUMNS)]


def _components(fit: Reml, scale: float, names: Sequence[str]) -> pd.DataFrame:
    variance = scale**2 * np.append(fit.variances, fit.residual)
    frame = pd.DataFrame({"component": [*names, "residual"], "variance": variance, "sd": np.sqrt(variance)})
    return frame.assign(share=variance / variance.sum())[list(COMPONENT_COLUMNS)]
