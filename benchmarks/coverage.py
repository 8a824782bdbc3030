"""How often the intervals of opinion scores hold the truth, over simulated DSCQS and ACR-HR studies.

Run from the repository: `.venv/bin/python benchmarks/coverage.py [--studies N] [--drawn N] [--seed S]`. It
prints the tables of docs/coverage.md as Markdown. The truth is known because the votes are simulated; no
file and no database is touched, and the same seed prints the same figures.
"""

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from ratings.analysis.arrays import Floats
from ratings.analysis.bootstrap import Bootstrap, bootstrap_mean, bootstrap_recovered
from ratings.analysis.by_method import estimate_groups
from ratings.analysis.dmos import estimate_mean, hidden_reference_scores, live_scores
from ratings.analysis.recovery import Recovered, subject_model, zrec
from ratings.analysis.scores import ScoreTable
from ratings.analysis.simulated_panels import (
    DSCQS_RATERS,
    FIVE_POINT_RATERS,
    FIVE_POINTS,
    PanelModel,
    latent_panels,
)
from ratings.analysis.simulated_votes import partial_design, simulate_votes

LEVEL = 0.95
PANELS = (6, 15, 30)
QUALITY = np.linspace(0, 50, 40)
METHODS = 4
METHOD_OF = np.arange(QUALITY.size) % METHODS
STIMULI = slice(0, QUALITY.size)
GROUPS = slice(QUALITY.size, None)
SHOWN = 20
CROWD = 20_000
MODELS: dict[str, Callable[[ScoreTable], Recovered]] = {"subject_model": subject_model, "zrec": zrec}
FEWEST_FOR_MODELS = 8
OTHERS = {
    "all 40, a fifth of the raters three times as noisy": replace(
        DSCQS_RATERS, noisy_share=0.2, noisy_factor=3
    ),
    "all 40, raters with tastes for methods of 5 points": replace(DSCQS_RATERS, taste_sd=5),
}

Name = tuple[str, str]
TRUTHS = ("population", "panel")
ESTIMATORS = ("mean", "zscore", "subject_model", "zrec", "paired", "unpaired")
INTERVALS = ("t", "normal", "model", "model_stimulus", "bootstrap")


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A panel: how many raters of which population, and how many stimuli each is shown (None: all)."""

    raters: int
    shown: int | None = None
    population: PanelModel = DSCQS_RATERS


@dataclass(frozen=True, eq=False)
class Studies:
    """Studies of one setting, and what is true of each: (studies, stimuli and then methods)."""

    tables: tuple[ScoreTable, ...]
    population: Floats
    panel: Floats


class Bounds(NamedTuple):
    """Intervals of one kind, each (studies, stimuli and then methods); NaN where there is none."""

    low: Floats
    high: Floats
    value: Floats


@dataclass(frozen=True)
class Figures:
    """What is printed of an interval; a coverage comes with its standard error over studies."""

    studies: int
    population: tuple[float, float]
    panel: tuple[float, float]
    half_width: float
    error: float


def simulate(setting: Setting, *, studies: int, seed: int) -> Studies:
    """Draw studies, every one with raters of its own."""
    panels = latent_panels(
        QUALITY,
        raters=setting.raters,
        studies=studies,
        seed=seed,
        model=setting.population,
        method_of=METHOD_OF,
    )
    if setting.shown is not None:
        rng = np.random.default_rng([seed, 3])
        for votes in panels.votes:
            votes[~partial_design(QUALITY.size, setting.raters, setting.shown, rng)] = np.nan
    tables = tuple(ScoreTable.from_matrix(votes) for votes in panels.votes)
    return Studies(tables, with_methods(QUALITY[None, :]), with_methods(panels.panel_quality))


def with_methods(of_stimuli: Floats) -> Floats:
    """Append each method's mean over its stimuli to (…, stimuli)."""
    means = [of_stimuli[..., method == METHOD_OF].mean(axis=-1) for method in range(METHODS)]
    return np.concatenate([of_stimuli, np.stack(means, axis=-1)], axis=-1)


def normalised(table: ScoreTable) -> ScoreTable:
    """Return LIVE z-scores over each rater's votes."""
    one_method = np.zeros(table.n_stimuli, dtype=np.int64)
    return live_scores(table, table.rater_of, one_method, scope="study").scores


def together(tables: tuple[ScoreTable, ...]) -> ScoreTable:
    """Put studies into one table, the stimuli and raters of each numbered after those before."""
    stimuli, raters = tables[0].n_stimuli, tables[0].n_raters
    return ScoreTable(
        np.concatenate([table.stimulus_of + study * stimuli for study, table in enumerate(tables)]),
        np.concatenate([table.rater_of + study * raters for study, table in enumerate(tables)]),
        np.concatenate([table.value for table in tables]),
        len(tables) * stimuli,
        len(tables) * raters,
    )


def closed_forms(studies: Studies) -> dict[Name, Bounds]:
    """Bound means and z-scores by Student's t and the normal quantile, all studies at once."""
    count = len(studies.tables)
    method_of = (np.arange(count)[:, None] * METHODS + METHOD_OF).ravel()
    votes = together(studies.tables)
    found = {}
    for estimator, table in (("mean", votes), ("zscore", normalised(votes))):
        for ci in ("t", "normal"):
            one = estimate_mean(table, level=LEVEL, ci=ci)
            many = estimate_groups(table, method_of, count * METHODS, level=LEVEL, ci=ci, seed=0)
            fields = ((one.ci_low, many.ci_low), (one.ci_high, many.ci_high), (one.dmos, many.dmos))
            found[estimator, ci] = Bounds(
                *(np.hstack([of.reshape(count, -1) for of in field]) for field in fields)
            )
    return found


def drawn(tables: tuple[ScoreTable, ...]) -> dict[Name, Bounds]:
    """Bound every estimator by its bootstrap, and models of raters by their published intervals too."""
    found: dict[Name, list[Bounds]] = {}
    for study, table in enumerate(tables):
        for estimator, scores in (("mean", table), ("zscore", normalised(table))):
            ends = bootstrap_mean(scores, METHOD_OF, METHODS, level=LEVEL, seed=study)
            bounds = _from_bootstrap(ends, scores.stimulus_means())
            found.setdefault((estimator, "bootstrap"), []).append(bounds)
        for estimator, recover in MODELS.items() if table.n_raters >= FEWEST_FOR_MODELS else ():
            model = recover(table)
            for ci in ("model", "model_stimulus") if estimator == "subject_model" else ("model",):
                found.setdefault((estimator, ci), []).append(_published(model, ci))
            ends = bootstrap_recovered(model, METHOD_OF, METHODS, level=LEVEL, seed=study)
            found.setdefault((estimator, "bootstrap"), []).append(_from_bootstrap(ends, model.quality))
    return {name: Bounds(*map(np.array, zip(*each, strict=True))) for name, each in found.items()}


def _from_bootstrap(ends: Bootstrap, value: Floats) -> Bounds:
    low = np.concatenate([ends.ci_low, ends.group_low])
    return Bounds(low, np.concatenate([ends.ci_high, ends.group_high]), with_methods(value))


def _published(model: Recovered, ci: str) -> Bounds:
    """Leave methods without an interval, for the models publish none."""
    half = np.append(model.half_width(level=LEVEL, ci=ci), np.full(METHODS, np.nan))
    value = with_methods(model.quality)
    return Bounds(value - half, value + half, value)


def measure(setting: Setting, *, studies: int, drawn_studies: int, seed: int) -> dict[Name, list[Figures]]:
    """Return the figures of every interval in a setting, over stimuli and over methods."""
    simulated = simulate(setting, studies=studies, seed=seed)
    crowd = simulate(replace(setting, raters=CROWD), studies=1, seed=seed + 1)
    expected = with_methods(normalised(crowd.tables[0]).stimulus_means()[None, :])
    found = closed_forms(simulated) | drawn(simulated.tables[:drawn_studies])
    figures = {}
    for name, bounds in found.items():
        truth, panel = simulated.population, simulated.panel[: len(bounds.value)]
        if name[0] == "zscore":
            truth, panel = expected, np.full_like(panel, np.nan)
        figures[name] = [_figures(bounds, truth, panel, part) for part in (STIMULI, GROUPS)]
    return figures


def _figures(bounds: Bounds, truth: Floats, panel: Floats, part: slice) -> Figures:
    low, high, value = (field[:, part] for field in bounds)
    error = float(np.sqrt(((value - truth[:, part]) ** 2).mean()))
    held = [_coverage(low, high, of[:, part]) for of in (truth, panel)]
    return Figures(len(low), *held, float((high - low).mean() / 2), error)


def _coverage(low: Floats, high: Floats, truth: Floats) -> tuple[float, float]:
    if np.isnan(low + truth).any():
        return np.nan, np.nan
    held = ((low <= truth) & (truth <= high)).mean(axis=1)
    return float(held.mean()), float(held.std(ddof=1) / np.sqrt(held.size))


def hidden_reference(*, studies: int, raters: int, seed: int) -> dict[Name, Figures]:
    """Measure ACR-HR on five points: 10 references, 40 stimuli; the truth is the mean of all raters."""
    of_image = np.arange(40) % 10
    quality = np.concatenate([np.full(10, 4.6), np.linspace(1.5, 4.4, 40)])
    crowd = simulate_votes(
        quality, raters=studies * raters, seed=seed, scale=FIVE_POINTS, model=FIVE_POINT_RATERS
    ).votes
    truth = (crowd.mean(axis=1)[10:] - crowd.mean(axis=1)[of_image] + 5)[None, :]
    votes = crowd.reshape(-1, studies, raters).transpose(1, 0, 2)
    reference_of = np.concatenate([np.arange(10), of_image])
    of_all = (np.arange(studies)[:, None] * 50 + reference_of).ravel()
    table = ScoreTable.from_matrix(votes.reshape(-1, raters))
    scored = hidden_reference_scores(table, of_all, scale_min=1, scale_max=5).scores
    found = {}
    for ci in ("t", "normal"):
        for kind, scores in (("paired", scored), ("unpaired", table)):
            one = estimate_mean(scores, level=LEVEL, ci=ci)
            low, high, value = (of.reshape(studies, 50)[:, 10:] for of in (one.ci_low, one.ci_high, one.dmos))
            shift = 0 if kind == "paired" else 5 - votes.mean(axis=2)[:, of_image]
            bounds = Bounds(low + shift, high + shift, value + shift)
            found[kind, ci] = _figures(bounds, truth, np.full_like(value, np.nan), slice(None))
    return found


def show(title: str, columns: dict[int, dict[Name, Figures]]) -> None:
    """Print a table: coverage in per cent for each number of raters, width and error for 15."""
    print(f"\n### {title}\n")
    heads = [f"{truth} {raters}" for truth in ("population", "panel") for raters in columns]
    print("| estimator | interval | studies |", " | ".join(heads), "| half-width | RMSE |")
    print("|---|---|" + "--:|" * (len(heads) + 3))
    errors = []
    for name in sorted(columns[15], key=lambda name: (ESTIMATORS.index(name[0]), INTERVALS.index(name[1]))):
        figures = [column.get(name) for column in columns.values()]
        of_15 = columns[15][name]
        if np.isnan(of_15.half_width):
            continue
        held = [getattr(of, truth) if of else (np.nan, np.nan) for truth in TRUTHS for of in figures]
        errors += [error for _, error in held]
        cells = ["–" if np.isnan(share) else f"{100 * share:.1f}" for share, _ in held]
        numbers = [f"{of_15.half_width:.2f}", f"{of_15.error:.2f}"]
        print("|", " | ".join([*name, str(of_15.studies), *cells, *numbers]), "|")
    print(f"\nStandard errors of the percentages: at most {100 * np.nanmax(errors):.1f}.")


def main() -> None:
    """Print every table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=2000, metavar="N", help="for t and normal intervals")
    parser.add_argument("--drawn", type=int, default=1000, metavar="N", help="for bootstraps and models")
    parser.add_argument("--seed", type=int, default=0, metavar="S")
    options = parser.parse_args()
    counts = {"studies": options.studies, "drawn_studies": options.drawn, "seed": options.seed}
    for design, shown in (("every rater sees all 40", None), (f"every rater sees {SHOWN} of 40", SHOWN)):
        of = {raters: measure(Setting(raters=raters, shown=shown), **counts) for raters in PANELS}
        _show_both(design, of)
    for title, population in OTHERS.items():
        _show_both(title, {15: measure(Setting(raters=15, population=population), **counts)})
    found = hidden_reference(studies=options.studies, raters=15, seed=options.seed)
    show("ACR-HR, 40 stimuli on five points", {15: found})
    print(f"\nThis took {time.process_time():.0f} s of one core.")


def _show_both(title: str, measured: dict[int, dict[Name, list[Figures]]]) -> None:
    for part, what in enumerate(("Stimuli", "Methods, means of ten stimuli")):
        columns = {raters: {name: both[part] for name, both in of.items()} for raters, of in measured.items()}
        show(f"{what}: {title}", columns)


if __name__ == "__main__":
    main()
