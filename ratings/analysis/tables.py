"""From votes and options to the tables a study is reported in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ratings.analysis.estimates import Estimated, estimate, notes_on_model
from ratings.analysis.evidence import TRAP_SHARE
from ratings.analysis.methodologies import higher_is
from ratings.analysis.options import AnalysisOptions
from ratings.analysis.prepared import Prepared, prepare
from ratings.analysis.recovery import Recovered, subject_model
from ratings.analysis.screening import Override
from ratings.analysis.votes import Votes

METRICS = ("psnr", "ssim")

DMOS_COLUMNS = (
    *("image", "method", "n", "dmos", "sd", "ci_low", "ci_high", "estimator", "scope", "screening", "ci"),
    *("higher_is", "psnr", "ssim", "level", "methodology", "scale_min", "scale_max"),
)
METHODS_COLUMNS = (
    *("method", "n_raters", "n_images", "dmos", "sd", "ci_low", "ci_high", "psnr", "ssim", "estimator"),
    *("scope", "screening", "ci", "level", "higher_is"),
)
RATERS_COLUMNS = (
    *("rater", "source", "n", "bias", "inconsistency", "r", "bt500_p", "bt500_q", "repeat_error"),
    *("traps_failed", "rejected", "reason"),
)


@dataclass(frozen=True, eq=False)
class Tables:
    """What an analysis answers: the frames behind dmos.csv, dmos_table.csv, methods.csv and raters.csv.

    `notes` are the sentences to print with them: what was left out, and what the numbers cannot say.
    `simulated` is True if any vote behind them was simulated. Missing numbers are NaN, the PSNR of a
    perfect image is inf; texts that do not apply (the scope of a mean) are empty.
    """

    dmos: pd.DataFrame
    dmos_table: pd.DataFrame
    methods: pd.DataFrame
    raters: pd.DataFrame
    notes: tuple[str, ...]
    simulated: bool


def analyse(
    votes: Votes,
    options: AnalysisOptions,
    *,
    metrics: pd.DataFrame | None = None,
    image_order: Sequence[str] = (),
    method_order: Sequence[str] = (),
    trials: pd.DataFrame | None = None,
    overrides: Mapping[str, Override] | None = None,
    trap_share: float = TRAP_SHARE,
    file: str = "",
) -> Tables:
    """Prepare votes and tabulate them: see `prepared.prepare` and `tabulate`."""
    prepared = prepare(votes, options, trials=trials, overrides=overrides, trap_share=trap_share, file=file)
    return tabulate(prepared, options, metrics=metrics, image_order=image_order, method_order=method_order)


def tabulate(
    prepared: Prepared,
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
    Raises: ValueError, one sentence, for metrics that lack a column or hold a stimulus twice, and where the
    estimator cannot work on these votes.
    """
    votes = prepared.votes
    found = estimate(prepared.table, options, votes.method_codes(), len(votes.methods()), raters=votes.raters)
    images = _ordered(votes.images(), image_order)
    methods = _ordered(votes.methods(), method_order)
    dmos = _dmos_frame(votes, options, found, known_metrics(metrics))
    place = dmos["image"].map(images.index) * len(methods) + dmos["method"].map(methods.index)
    dmos = dmos.loc[place.sort_values().index].reset_index(drop=True)
    raters, notes_on_raters = _raters_frame(prepared, found.recovered, options)
    return Tables(
        dmos=dmos,
        dmos_table=_image_by_image(dmos, images, methods),
        methods=_methods_frame(votes, options, found, dmos, methods),
        raters=raters,
        notes=(*prepared.notes, *_notes_on_stimuli(votes, found), *found.notes, *notes_on_raters),
        simulated=bool(votes.simulated.any()),
    )


def _notes_on_stimuli(votes: Votes, found: Estimated) -> list[str]:
    notes = []
    for n, what in (
        (0, "no vote left and therefore no dmos"),
        (1, "one vote and therefore no sd or interval"),
    ):
        places = np.flatnonzero(found.stimuli.n == n)
        if places.size:
            first = votes.stimuli[places[0]]
            notes.append(
                f"Stimuli with {what}: {places.size}, the first of them image {first.image!r} by method "
                f"{first.method!r}."
            )
    return notes


def known_metrics(metrics: pd.DataFrame | None) -> pd.DataFrame:
    """Index psnr and ssim, and whatever metrics come with them, by image and method.

    Raises: ValueError for a missing column or a stimulus that stands there twice.
    """
    needed = ["image", "method", *METRICS]
    if metrics is None:
        return pd.DataFrame(columns=needed[2:], index=pd.MultiIndex.from_arrays([[], []]), dtype=np.float64)
    missing = [name for name in needed if name not in metrics]
    if missing:
        raise ValueError(f"the metrics have no column {missing[0]!r}; needed: {', '.join(needed)}")
    known = metrics.set_index(["image", "method"])
    if known.index.has_duplicates:
        image, method = known.index[known.index.duplicated()][0]
        raise ValueError(f"the metrics hold image {image!r} by method {method!r} twice")
    return known.astype(np.float64)


def _dmos_frame(
    votes: Votes, options: AnalysisOptions, found: Estimated, metrics: pd.DataFrame
) -> pd.DataFrame:
    stimuli = pd.MultiIndex.from_tuples(votes.stimuli)
    known = metrics.reindex(stimuli)
    of_stimuli = found.stimuli
    frame = pd.DataFrame(
        {
            "image": stimuli.get_level_values(0),
            "method": stimuli.get_level_values(1),
            "n": of_stimuli.n,
            "dmos": of_stimuli.dmos,
            "sd": of_stimuli.sd,
            "ci_low": of_stimuli.ci_low,
            "ci_high": of_stimuli.ci_high,
            "ci": options.interval,
            "psnr": known["psnr"].to_numpy(),
            "ssim": known["ssim"].to_numpy(),
            "scale_min": votes.scale_min,
            "scale_max": votes.scale_max,
            **said_of_every_row(votes, options),
            "methodology": votes.methodology,
        }
    )
    return frame[list(DMOS_COLUMNS)]


def said_of_every_row(votes: Votes, options: AnalysisOptions) -> dict[str, str | float]:
    """Return the columns that say how a number was made, alike in every row of a table."""
    return {
        "estimator": options.estimator,
        "scope": options.normalised_over,
        "screening": options.screening,
        "higher_is": higher_is(votes.methodology, options.estimator),
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
    votes: Votes, options: AnalysisOptions, found: Estimated, dmos: pd.DataFrame, methods: list[str]
) -> pd.DataFrame:
    """Lay out each method's average over its images."""
    groups = found.groups
    rated = dmos[dmos["n"] > 0].groupby("method")[list(METRICS)]
    beside = rated.apply(_plain_means).reindex(votes.methods())
    frame = pd.DataFrame(
        {
            "method": votes.methods(),
            "n_raters": groups.n_raters,
            "n_images": groups.n_stimuli,
            "dmos": groups.dmos,
            "sd": groups.sd,
            "ci_low": groups.ci_low,
            "ci_high": groups.ci_high,
            "ci": found.group_ci,
            **{name: beside[name].to_numpy(dtype=np.float64) for name in METRICS},
            **said_of_every_row(votes, options),
        }
    )
    return frame.set_index("method", drop=False).loc[methods].reset_index(drop=True)[list(METHODS_COLUMNS)]


def _plain_means(rows: pd.DataFrame) -> pd.Series[float]:
    # skipna would compare methods over different images.
    return rows.mean(skipna=False)


def _raters_frame(
    prepared: Prepared, found: Recovered | None, options: AnalysisOptions
) -> tuple[pd.DataFrame, list[str]]:
    """Lay the screening beside the subject model's bias and inconsistency, whichever estimator is used."""
    votes, screened = prepared.votes, prepared.screening.raters
    notes = []
    is_theirs = found is not None and found.estimator == "subject_model" and not screened["rejected"].any()
    try:
        model = (
            found if is_theirs else subject_model(votes.table(), compat=options.compat, raters=votes.raters)
        )
    except ValueError as error:
        model = None
        notes.append(f"The raters' bias and inconsistency are not known: {error}.")
    if found is not None:
        notes += notes_on_model(found, prepared.table, votes.raters)
    unknown = np.full(len(votes.raters), np.nan)
    frame = screened.assign(
        source=votes.sources,
        bias=unknown if model is None else model.bias,
        inconsistency=unknown if model is None else model.inconsistency,
    )
    more = [name for name in screened if name not in RATERS_COLUMNS]
    return frame[[*RATERS_COLUMNS, *more]], notes


def _ordered(found: Sequence[str], wanted: Sequence[str]) -> list[str]:
    known = set(found)
    return [name for name in dict.fromkeys((*wanted, *found)) if name in known]
