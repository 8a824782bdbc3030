"""The files of a study in this database: what `export_dmos` writes of it and its page offers."""

from collections.abc import Iterable
from typing import Any

from ratings.analysis.options import AnalysisOptions
from ratings.choice_files import PairedOptions, scaled_files
from ratings.exports import MANIFEST, analysis_content, core_files, csv_text, json_text, manifest
from ratings.models import Rater, Study
from ratings.participants import participants_frame
from ratings.results import (
    answers_frame,
    compares,
    metrics_frame,
    results_of,
    scale_of,
    with_metrics,
)
from ratings.services.showing import standing_problems

TABLES = (
    *("dmos.csv", "dmos_table.csv", "methods.csv", "raters.csv", "ratings.csv", "participants.csv"),
    "study.json",
)
SCALE_TABLES = (
    *("scale.csv", "circular_triads.csv", "raters.csv", "comparisons.csv", "participants.csv", "study.json"),
)


def study_about(study: Study) -> dict[str, Any]:
    """What study.json says of a study before its analysis: what was frozen."""
    return {
        "study": study.slug,
        "title": study.title,
        "status": study.status,
        "opened_at": study.opened_at.isoformat() if study.opened_at else None,
        "frozen": study.frozen,
        "problems": [problem.text for problem in standing_problems(study)],
    }


def how_it_was_shown(study: Study, sources: Iterable[str]) -> str:
    """Sentences for a paper on how raters saw the pictures, empty where all ratings came from elsewhere."""
    if set(sources) <= {Rater.Source.IMPORT}:
        return ""
    setup = study.setup
    shown = {
        "side_by_side": "two of them side by side",
        "in_place": "two of them in one place, swapped by the rater at will",
        "sequential": "two of them one after the other, "
        + (f"{setup.sequence_seconds:g} s each" if setup.sequence_seconds else "as long as the rater liked"),
    }[setup.display]
    pairs = f", {shown}" if study.asks.pictures > 1 else ""
    besides = {
        "training trials": setup.training,
        "dummies": setup.dummies,
        "repeats": setup.repeats,
        "traps of the reference against itself": setup.reference_traps,
        "traps of a degraded image": setup.degraded_traps,
    }
    listed = ", ".join(f"{name} ({count})" for name, count in besides.items() if count)
    told = f" Each session also held, not counted: {listed}." if listed else ""
    return f"Pictures were shown in a browser, one pixel of theirs on one of the screen{pairs}.{told}"


def raw_files(study: Study, answers: Any = None) -> dict[str, str]:
    """ratings.csv or comparisons.csv, and participants.csv; `answers` are the former's rows."""
    rows = answers_frame(study) if answers is None else answers
    if compares(study):
        files = {"comparisons.csv": csv_text(rows)}
    else:
        files = {"ratings.csv": csv_text(with_metrics(rows, metrics_frame(study)))}
    return files | {"participants.csv": csv_text(participants_frame(study))}


def page_files(study: Study, options: AnalysisOptions | PairedOptions) -> dict[str, str | bytes]:
    """The tables of a study's page by their names; MANIFEST.sha256 has the sums of the others.

    Raises: Refused if there are no ratings, or none that these options let in.
    """
    if isinstance(options, PairedOptions):
        found = scale_of(study, options)
        return scaled_files(
            found.scaled, about=study_about(study), formats=(), others=raw_files(study, found.choices)
        )
    results = results_of(study, options)
    files: dict[str, str | bytes] = {
        **core_files(results.tables),
        **raw_files(study, results.ratings),
        "study.json": json_text(study_about(study) | analysis_content(results.tables, options)),
    }
    return files | {MANIFEST: manifest(files)}
