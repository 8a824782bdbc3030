"""From votes and options to the tables a study is reported in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ratings.analysis.arrays import Floats
from ratings.analysis.by_method import REPLICATES, estimate_method, is_complete
from ratings.analysis.dmos import Estimates, LiveScores, estimate_mean, live_scores
from ratings.analysis.options import AnalysisOptions
from ratings.analysis.votes import Votes

# Per methodology; the z-score of a difference keeps the direction of the difference.
HIGHER_IS = {"dscqs": "worse"}

METRICS = ("psnr", "ssim")

DMOS_COLUMNS = (
    *("image", "method", "n", "dmos", "sd", "ci_low", "ci_high", "estimator", "scope", "screening", "ci"),
    *("higher_is", "psnr", "ssim", "level", "methodology", "scale_min", "scale_max"),
)
METHODS_COLUMNS = (
    *("method", "n_raters", "n_images", "dmos", "sd", "ci_low", "ci_high", "psnr", "ssim", "estimator"),
    *("scope", "screening", "ci", "level", "higher_is"),
)


@dataclass(frozen=True, eq=False)
class Tables:
    """What an analysis answers: the frames behind dmos.csv, dmos_table.csv and methods.csv.

    `notes` are the sentences to print with them: what was left out, and what the numbers cannot say.
    `simulated` is True if any vote behind them was simulated. Missing numbers are NaN, the PSNR of a
    perfect image is inf; texts that do not apply (the scope of a mean) are empty.
    """

    dmos: pd.DataFrame
    dmos_table: pd.DataFrame
    methods: pd.DataFrame
    notes: tuple[str, ...]
    simulated: bool


def analyse(
    votes: Votes,
    options: AnalysisOptions,
    *,
    metrics: pd.DataFrame | None = None,
    image_order: Sequence[str] = (),
    method_order: Sequence[str] = (),
) -> Tables:
    """Estimate every stimulus and every method, and lay the numbers beside PSNR and SSIM.

    `metrics` has the columns image, method, psnr (dB), ssim, one row a stimulus; stimuli it does not
    hold get NaN. `image_order` and `method_order` order rows and columns; what they do not name
    follows in order of first appearance.
    Direction: the column `higher_is` says what a larger dmos means; nothing is turned round.
    Raises: ValueError, one sentence, if `metrics` lacks a column or has a stimulus twice, or no
    z-score can be taken.
    """
    votes = votes.to_analyse(include_simulated=options.include_simulated)
    notes = list(votes.notes)
    scores = _scores_to_average(votes, options, notes)
    estimates = estimate_mean(scores, level=options.level, ci=options.interval)
    notes += _notes_on_stimuli(votes, estimates)
    images = _ordered(votes.images(), image_order)
    methods = _ordered(votes.methods(), method_order)
    dmos = _dmos_frame(votes, options, estimates, _known_metrics(metrics))
    place = dmos["image"].map(images.index) * len(methods) + dmos["method"].map(methods.index)
    dmos = dmos.loc[place.sort_values().index].reset_index(drop=True)
    return Tables(
        dmos=dmos,
        dmos_table=_image_by_image(dmos, images, methods),
        methods=_methods_frame(votes, options, scores, dmos, methods, notes),
        notes=tuple(notes),
        simulated=bool(votes.simulated.any()),
    )


def _scores_to_average(votes: Votes, options: AnalysisOptions, notes: list[str]) -> Floats:
    """Return what the estimator averages, (stimuli, raters)."""
    if options.estimator == "mean":
        return votes.scores()
    method_codes = {name: code for code, name in enumerate(votes.methods())}
    methods = np.array([method_codes[stimulus.method] for stimulus in votes.stimuli], dtype=np.int64)
    live = live_scores(votes.scores(), votes.session_codes(), methods, scope=options.normalised_over)
    notes += _notes_on_dropped(votes, live)
    if options.normalised_over == "method":
        notes.append(
            "The z-scores were taken within each method, which puts every method's mean at 50: these rows "
            "cannot be used to rank or compare methods; scope 'study' can."
        )
    return live.scores


def _notes_on_dropped(votes: Votes, live: LiveScores) -> list[str]:
    notes = []
    dropped = zip(live.dropped_session, live.dropped_method, live.votes_dropped, strict=True)
    for session_code, method_code, n in dropped:
        rater, session = votes.sessions[session_code]
        where = "" if session == rater else f" in session {session!r}"
        where += "" if method_code < 0 else f" on method {votes.methods()[method_code]!r}"
        why = "one vote has no spread" if n == 1 else f"all {n} differences are equal"
        notes.append(f"Rater {rater!r} was dropped from the z-scores{where}: {why}.")
    return notes


def _notes_on_stimuli(votes: Votes, estimates: Estimates) -> list[str]:
    notes = []
    for n, what in (
        (0, "no vote left and therefore no dmos"),
        (1, "one vote and therefore no sd or interval"),
    ):
        found = np.flatnonzero(estimates.n == n)
        if found.size:
            first = votes.stimuli[found[0]]
            notes.append(
                f"Stimuli with {what}: {found.size}, the first of them image {first.image!r} by method "
                f"{first.method!r}."
            )
    return notes


def _known_metrics(metrics: pd.DataFrame | None) -> pd.DataFrame:
    needed = ["image", "method", *METRICS]
    if metrics is None:
        return pd.DataFrame(columns=needed[2:], index=pd.MultiIndex.from_arrays([[], []]), dtype=np.float64)
    missing = [name for name in needed if name not in metrics]
    if missing:
        raise ValueError(f"the metrics have no column {missing[0]!r}; needed: {', '.join(needed)}")
    known = metrics[needed].set_index(["image", "method"])
    if known.index.has_duplicates:
        image, method = known.index[known.index.duplicated()][0]
        raise ValueError(f"the metrics hold image {image!r} by method {method!r} twice")
    return known.astype(np.float64)


def _dmos_frame(
    votes: Votes, options: AnalysisOptions, estimates: Estimates, metrics: pd.DataFrame
) -> pd.DataFrame:
    stimuli = pd.MultiIndex.from_tuples(votes.stimuli)
    known = metrics.reindex(stimuli)
    frame = pd.DataFrame(
        {
            "image": stimuli.get_level_values(0),
            "method": stimuli.get_level_values(1),
            "n": estimates.n,
            "dmos": estimates.dmos,
            "sd": estimates.sd,
            "ci_low": estimates.ci_low,
            "ci_high": estimates.ci_high,
            "ci": options.interval,
            "psnr": known["psnr"].to_numpy(),
            "ssim": known["ssim"].to_numpy(),
            "scale_min": votes.scale_min,
            "scale_max": votes.scale_max,
            **_said_of_every_row(votes, options),
            "methodology": votes.methodology,
        }
    )
    return frame[list(DMOS_COLUMNS)]


def _said_of_every_row(votes: Votes, options: AnalysisOptions) -> dict[str, str | float]:
    return {
        "estimator": options.estimator,
        "scope": options.normalised_over,
        "screening": options.screening,
        "higher_is": HIGHER_IS[votes.methodology],
        "level": options.level,
    }


def _image_by_image(dmos: pd.DataFrame, images: list[str], methods: list[str]) -> pd.DataFrame:
    """Lay dmos out with one row a method and one column an image, NaN where there is no stimulus."""
    table = dmos.pivot(index="method", columns="image", values="dmos").reindex(index=methods, columns=images)
    table.columns.name = None
    # An image may be called "method"; the first column is then still the methods.
    table.insert(0, "method", table.index, allow_duplicates=True)
    return table.reset_index(drop=True)


def _methods_frame(
    votes: Votes,
    options: AnalysisOptions,
    scores: Floats,
    dmos: pd.DataFrame,
    methods: list[str],
    notes: list[str],
) -> pd.DataFrame:
    """Average each method over its images, bounded as the design of the whole study allows."""
    method_of = np.array([stimulus.method for stimulus in votes.stimuli], dtype=object)
    blocks = {name: scores[method_of == name] for name in methods}
    interval, note = _interval_over_raters(options, complete=all(map(is_complete, blocks.values())))
    notes += note
    rows = []
    for name in methods:
        over_images = estimate_method(
            blocks[name],
            level=options.level,
            ci="t" if interval == "none" else interval,
            seed=options.seed,
        )
        bounded = interval != "none"
        rated = dmos[(dmos["method"] == name) & (dmos["n"] > 0)]
        rows.append(
            {
                "method": name,
                "n_raters": over_images.n_raters,
                "n_images": over_images.n_images,
                "dmos": over_images.dmos,
                "sd": over_images.sd if bounded else np.nan,
                "ci_low": over_images.ci_low if bounded else np.nan,
                "ci_high": over_images.ci_high if bounded else np.nan,
                # skipna would compare methods over different images.
                **{metric: rated[metric].mean(skipna=False) for metric in METRICS},
                "ci": interval,
                **_said_of_every_row(votes, options),
            }
        )
    return pd.DataFrame(rows)[list(METHODS_COLUMNS)]


def _interval_over_raters(options: AnalysisOptions, *, complete: bool) -> tuple[str, list[str]]:
    """Name the interval of the methods' rows, with the note it needs."""
    if options.normalised_over == "method":
        # Every rater's mean is 50 here; an interval of width 0 would look like certainty.
        return "none", []
    if complete:
        return options.interval, []
    return "bootstrap", [
        "Not every rater rated every image of a method, so the methods' intervals are bias-corrected "
        f"percentiles of {REPLICATES} resamplings of the raters (seed {options.seed}), whatever interval the "
        "stimuli have."
    ]


def _ordered(found: Sequence[str], wanted: Sequence[str]) -> list[str]:
    return [name for name in dict.fromkeys((*wanted, *found)) if name in set(found)]
