"""The files of a study by paired comparison: the scale of its methods in place of opinion scores."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from ratings.analysis.choices import Choices, circular_triads, left_share
from ratings.analysis.preference import MODELS
from ratings.analysis.scaling import scale_choices
from ratings.exports import MANIFEST, csv_text, json_text, manifest, marked
from srstudy.errors import Refused
from srstudy.version import code_version

PAIRED_MODELS = tuple(MODELS)


def scale_files(
    frame: pd.DataFrame,
    *,
    file: str,
    model: str,
    ci: str | None,
    level: float,
    seed: int,
    include_simulated: bool,
    formats: Sequence[str],
    about: Mapping[str, Any],
) -> tuple[dict[str, str | bytes], tuple[str, ...], bool]:
    """Scale a long table of choices; answers the files, sentences to print, and whether votes were simulated.

    Raises: Refused, one sentence, for a table that is none of choices, or that makes no scale.
    """
    try:
        choices = Choices.from_frame(frame, file=file).to_analyse(include_simulated=include_simulated)
        scale, notes = scale_choices(choices, model=model, level=level, seed=seed, ci=ci)
        sides = left_share(choices, level=level)
    except ValueError as error:
        raise Refused(str(error)) from error
    simulated = bool(choices.simulated.any())
    bounded = str(scale["ci"].iloc[0]) if "ci" in scale else (ci or "bootstrap")
    analysis = {"methodology": "pc", "model": model, "ci": bounded, "level": level, "seed": seed}
    said = {"left_share": sides.share, "left_ci": [sides.ci_low, sides.ci_high], "left_n": sides.n}
    files: dict[str, str | bytes] = {
        "scale.csv": csv_text(marked(scale, simulated=simulated)),
        "circular_triads.csv": csv_text(marked(circular_triads(choices), simulated=simulated)),
        "methods.txt": _paragraph(choices, model, bounded, level, seed, simulated=simulated),
        "study.json": json_text(
            {
                **about,
                "analysis": analysis | {key: _known(value) for key, value in said.items()},
                "simulated": simulated,
                "notes": list(notes),
                "code_version": code_version(),
            }
        ),
    }
    if formats:
        from ratings.analysis.figures.scale import scale_figure

        for file_format in formats:
            drawn = scale_figure(scale, level=level, simulated=simulated, file_format=file_format)
            files[f"figures/scale.{file_format}"] = drawn
    return files | {MANIFEST: manifest(files)}, notes, simulated


def _known(value: object) -> object:
    """A number for JSON, which has no NaN."""
    if isinstance(value, list):
        return [_known(one) for one in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def _paragraph(choices: Choices, model: str, ci: str, level: float, seed: int, *, simulated: bool) -> str:
    bounds = {
        "bootstrap": f"a bias-corrected bootstrap over raters (seed {seed})",
        "model": "Fisher's information, as if all votes were independent",
    }
    names = {"bradley_terry": "the Bradley-Terry model", "thurstone": "Thurstone's Case V"}
    sentences = [
        "SIMULATED RATINGS: these numbers are no evidence of what people see." if simulated else "",
        f"{len(choices.raters):,} raters chose between two methods {choices.share.size:,} times, on "
        f"{len(choices.images):,} images by {len(choices.methods):,} methods.",
        f"Methods were scaled by {names.get(model, model)}, by maximum likelihood; a tie counts as half a "
        "win for each.",
        f"Intervals cover {100 * level:g} % by {bounds.get(ci, ci)}. Higher was preferred.",
        f"Computed with SRStudy {code_version()}.",
    ]
    return "\n".join(filter(None, sentences)) + "\n"
