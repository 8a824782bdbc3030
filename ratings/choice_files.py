"""Paired comparisons, scaled, and the files of it: the scale of the methods in place of opinion scores."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ratings.analysis.choice_evidence import choice_raters
from ratings.analysis.choices import Choices, SideShare, circular_triads, left_share
from ratings.analysis.options import require_available, require_level
from ratings.analysis.preference import MODELS
from ratings.analysis.scaling import INTERVALS, NoScale, scale_choices
from ratings.exports import MANIFEST, csv_text, json_text, manifest, marked
from srstudy.errors import Refused
from srstudy.version import code_version
from srstudy.words import counted

PAIRED_MODELS = tuple(MODELS)
_BOUNDED = {
    "bootstrap": "a bias-corrected bootstrap over raters (seed {seed})",
    "model": "Fisher's information, as if all votes were independent",
}
_MODELS = {"bradley_terry": "the Bradley-Terry model", "thurstone": "Thurstone's Case V"}


@dataclass(frozen=True, kw_only=True)
class PairedOptions:
    """How paired comparisons are scaled; `ci` None takes the bootstrap where there are several raters.

    Raises: ValueError, one sentence, for a value that is not available.
    """

    model: str = PAIRED_MODELS[0]
    ci: str | None = None
    level: float = 0.95
    seed: int = 0
    include_simulated: bool = False

    def __post_init__(self) -> None:
        require_available("model", self.model, PAIRED_MODELS)
        if self.ci is not None:
            require_available("ci", self.ci, INTERVALS)
        require_level(self.level)
        if self.seed < 0:
            raise ValueError(f"seed {self.seed} is not a whole number of 0 or more")


@dataclass(frozen=True, eq=False)
class Scaled:
    """Everything found in one table of choices; `scale` is None where the votes make none, as a note says."""

    choices: Choices
    scale: pd.DataFrame | None
    triads: pd.DataFrame
    raters: pd.DataFrame
    sides: SideShare
    notes: tuple[str, ...]
    options: PairedOptions

    @property
    def simulated(self) -> bool:
        """Whether any vote behind the scale was simulated."""
        return bool(self.choices.simulated.any())

    @property
    def ci(self) -> str:
        """The interval that the scale has."""
        return str(self.scale["ci"].iloc[0]) if self.scale is not None else (self.options.ci or INTERVALS[0])


def run_scaling(
    frame: pd.DataFrame, options: PairedOptions, *, file: str = "", without_scale: bool = False
) -> Scaled:
    """Scale a long table of choices.

    `file` is named in errors; `without_scale` lets votes pass that make no scale, with a note that says why.
    Raises: Refused, one sentence, for a table that is none of choices, or that makes no scale.
    """
    try:
        choices = Choices.from_frame(frame, file=file)
        choices = choices.to_analyse(include_simulated=options.include_simulated)
        scale, notes = _scale(choices, options, without_scale=without_scale)
        return Scaled(
            choices=choices,
            scale=scale,
            triads=circular_triads(choices),
            raters=choice_raters(frame, choices),
            sides=left_share(choices, level=options.level),
            notes=notes,
            options=options,
        )
    except ValueError as error:
        raise Refused(str(error)) from error


def _scale(
    choices: Choices, options: PairedOptions, *, without_scale: bool
) -> tuple[pd.DataFrame | None, tuple[str, ...]]:
    try:
        return scale_choices(
            choices, model=options.model, level=options.level, seed=options.seed, ci=options.ci
        )
    except NoScale as why:
        if not without_scale:
            raise
        return None, (*choices.notes, f"There is no scale: {why}.")


def scaled_files(
    scaled: Scaled,
    *,
    about: Mapping[str, Any],
    formats: Sequence[str],
    said_before: Sequence[str] = (),
    others: Mapping[str, str] | None = None,
    showing: str = "",
) -> dict[str, str | bytes]:
    """Every file of a scale by its name, MANIFEST.sha256 with the sums of the others last.

    `about` is what study.json says before the analysis itself, `said_before` are notes of the reading,
    `others` are files to go with it, `showing` are sentences for the paper on how pictures were shown.
    """
    simulated, scale = scaled.simulated, scaled.scale
    files: dict[str, str | bytes] = {}
    if scale is not None:
        files["scale.csv"] = csv_text(marked(scale, simulated=simulated))
    files |= {
        "circular_triads.csv": csv_text(marked(scaled.triads, simulated=simulated)),
        "raters.csv": csv_text(scaled.raters),  # whose column `source` says it of each
        **(others or {}),
        "methods.txt": _paragraph(scaled, showing),
        "study.json": json_text({**about, **scaling_content(scaled, said_before)}),
    }
    if scale is not None and formats:
        from ratings.analysis.figures.scale import scale_figure

        for file_format in formats:
            drawn = scale_figure(
                scale, level=scaled.options.level, simulated=simulated, file_format=file_format
            )
            files[f"figures/scale.{file_format}"] = drawn
    return files | {MANIFEST: manifest(files)}


def scaling_content(scaled: Scaled, said_before: Sequence[str] = ()) -> dict[str, Any]:
    """What study.json says of a scale: its options, its notes and the code behind it."""
    options, sides = scaled.options, scaled.sides
    said = {"left_share": sides.share, "left_ci": [sides.ci_low, sides.ci_high], "left_n": sides.n}
    return {
        "analysis": {
            "methodology": "pc",
            "model": options.model,
            "ci": scaled.ci,
            "level": options.level,
            "seed": options.seed,
            **{key: _known(value) for key, value in said.items()},
        },
        "simulated": scaled.simulated,
        "notes": [*said_before, *scaled.notes],
        "code_version": code_version(),
    }


def _known(value: object) -> object:
    """A number for JSON, which has no NaN."""
    if isinstance(value, list):
        return [_known(one) for one in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def _paragraph(scaled: Scaled, showing: str) -> str:
    choices, options = scaled.choices, scaled.options
    bounds = _BOUNDED[scaled.ci].format(seed=options.seed)
    scaling = [
        f"Methods were scaled by {_MODELS[options.model]}, by maximum likelihood; a tie counts as half a win "
        "for each.",
        f"Intervals cover {100 * options.level:g} % by {bounds}. Higher was preferred.",
    ]
    sentences = [
        "SIMULATED RATINGS: these numbers are no evidence of what people see." if scaled.simulated else "",
        f"{counted(len(choices.raters), 'rater')} chose between two methods "
        f"{counted(choices.share.size, 'time')}, on {counted(len(choices.images), 'image')} by "
        f"{counted(len(choices.methods), 'method')}.",
        showing,
        *(["The votes make no scale."] if scaled.scale is None else scaling),
        f"Computed with SRStudy {code_version()}.",
    ]
    return "\n".join(filter(None, sentences)) + "\n"
