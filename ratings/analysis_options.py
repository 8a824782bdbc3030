"""The options that `export_dmos` and `analyse` share, on the command line."""

from argparse import ArgumentParser, ArgumentTypeError, BooleanOptionalAction
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from ratings.analysis.evidence import TRAP_SHARE
from ratings.analysis.options import (
    COMPATIBILITIES,
    ESTIMATORS,
    INTERVALS,
    SCOPES,
    SCREENINGS,
    AnalysisOptions,
)
from ratings.analysis.scaling import INTERVALS as PAIRED_INTERVALS
from ratings.choice_files import PAIRED_MODELS, PairedOptions
from srstudy.errors import Refused

FIGURE_FORMATS = ("svg", "pdf", "png")
# Options that say nothing of choices, each with its value where it was not given.
OPTIONS_OF_SCORES = {
    "estimator": "mean", "screening": "none", "compat": "", "crush": False, "scope": None, "scale": None,
    "metrics": None, "overrides": None, "trap_share": TRAP_SHARE,
}  # fmt: skip


def add_analysis_arguments(parser: ArgumentParser) -> None:
    """Declare the options of an analysis, defaults first as documented."""
    parser.add_argument("--estimator", default="mean", choices=ESTIMATORS)
    parser.add_argument("--scope", choices=SCOPES, help="what Z-scores are taken over; with zscore only")
    parser.add_argument(
        "--screening", default="none", choices=SCREENINGS, help="the rule that rejects raters; default: none"
    )
    parser.add_argument(
        "--ci",
        choices=INTERVALS,
        help="interval; default: t (Student's) for mean and zscore, bootstrap over raters for the others",
    )
    parser.add_argument("--level", type=float, default=0.95, help="of the intervals, between 0 and 1")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the bootstrap")
    parser.add_argument(
        "--include-simulated", action="store_true", help="count simulated raters beside people"
    )
    parser.add_argument(
        "--crush", action="store_true", help="ACR-HR on 1..5: bound differences above 5 as P.910 allows"
    )
    parser.add_argument(
        "--compat",
        default="",
        choices=COMPATIBILITIES[1:],
        help="compute subject model, ZREC and BT.500 as that program does where it differs",
    )
    parser.add_argument(
        "--model", choices=PAIRED_MODELS, help=f"of paired comparisons; default: {PAIRED_MODELS[0]}"
    )


def add_output_arguments(parser: ArgumentParser) -> None:
    """Declare what the files are to be."""
    parser.add_argument("--out", type=_folder, required=True, metavar="DIR", help="the folder of the files")
    figures = parser.add_mutually_exclusive_group()
    figures.add_argument(
        "--figures",
        nargs="+",
        choices=FIGURE_FORMATS,
        default=list(FIGURE_FORMATS),
        help="formats of the figures; default: all",
    )
    figures.add_argument("--no-figures", dest="figures", action="store_const", const=[], help="draw none")
    parser.add_argument(
        "--mixed-model",
        action=BooleanOptionalAction,
        default=True,
        help="fit the mixed model over raters and images (some seconds); default: yes",
    )


def paired_options(options: Mapping[str, Any]) -> PairedOptions:
    """Turn parsed arguments into how paired comparisons are scaled.

    Raises: Refused naming an option that means nothing where methods are compared in pairs.
    """
    for name, nothing in OPTIONS_OF_SCORES.items():
        if options.get(name, nothing) != nothing:
            raise Refused(f"--{name.replace('_', '-')} goes with scores, and not with paired comparisons.")
    if options["ci"] not in (None, *PAIRED_INTERVALS):
        raise Refused(
            f"--ci {options['ci']} is not one of paired comparisons, which have: "
            f"{', '.join(PAIRED_INTERVALS)}."
        )
    given = {name: options[name] for name in ("ci", "level", "seed", "include_simulated")}
    try:
        return PairedOptions(model=options["model"] or PAIRED_MODELS[0], **given)
    except ValueError as error:
        raise Refused(str(error)) from error


def _folder(text: str) -> Path:
    if not text:  # an unset variable in a script, which Path would take for the current folder
        raise ArgumentTypeError("an empty name is no folder")
    return Path(text)


def analysis_options(options: dict[str, Any]) -> AnalysisOptions:
    """Turn parsed arguments into an analysis's options.

    Raises: Refused if they contradict each other, or name a model of choices.
    """
    if options.get("model") is not None:
        raise Refused(f"--model {options['model']} goes with paired comparisons alone.")
    names = [field.name for field in fields(AnalysisOptions)]
    try:
        return AnalysisOptions(**{name: options[name] for name in names})
    except ValueError as error:
        raise Refused(str(error)) from error
