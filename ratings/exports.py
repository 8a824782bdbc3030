"""Writes a study's results as files: the tables, the ratings behind them, what was frozen, and the sums."""

import hashlib
import json
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from ratings.analysis.options import AnalysisOptions
from ratings.models import Study
from ratings.results import Results
from srstudy.files import write_texts
from srstudy.version import code_version

TABLES = ("dmos.csv", "dmos_table.csv", "methods.csv", "ratings.csv", "study.json")
# A spreadsheet runs a text cell that begins with one of these as a formula (OWASP, "CSV Injection").
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def csv_text(frame: pd.DataFrame) -> str:
    """A frame as CSV whose text no spreadsheet takes for a formula; missing is empty, infinite `inf`."""
    safe = frame.copy()
    for name in safe.columns:
        if not pd.api.types.is_numeric_dtype(safe[name]):
            safe[name] = safe[name].map(_harmless)
    safe.columns = pd.Index([_harmless(name) for name in safe.columns])
    return safe.to_csv(index=False, lineterminator="\n")


def _harmless(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA_STARTS) else cell


def files_of(study: Study, results: Results, options: AnalysisOptions) -> dict[str, str]:
    """Every file of an export by its name; MANIFEST.sha256 has the sums of the others."""
    files = {
        "dmos.csv": csv_text(_marked(results.tables.dmos, results)),
        "dmos_table.csv": csv_text(_marked(results.tables.dmos_table, results)),
        "methods.csv": csv_text(_marked(results.tables.methods, results)),
        "ratings.csv": csv_text(results.ratings),
        "study.json": _study_json(study, results, options),
    }
    sums = [f"{hashlib.sha256(text.encode()).hexdigest()}  {name}\n" for name, text in files.items()]
    return files | {"MANIFEST.sha256": "".join(sums)}


def _marked(frame: pd.DataFrame, results: Results) -> pd.DataFrame:
    """The table with a last column that says whether simulated ratings are among those behind it."""
    marked = frame.copy()
    simulated = "true" if results.tables.simulated else "false"
    marked.insert(len(marked.columns), "simulated", simulated, allow_duplicates=True)
    return marked


def _study_json(study: Study, results: Results, options: AnalysisOptions) -> str:
    content = {
        "study": study.slug,
        "title": study.title,
        "status": study.status,
        "opened_at": study.opened_at.isoformat() if study.opened_at else None,
        "frozen": study.frozen,
        "analysis": asdict(options) | {"scope": options.normalised_over, "ci": options.interval},
        "simulated": results.tables.simulated,
        "notes": list(results.tables.notes),
        "code_version": code_version(),
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def write_files(files: dict[str, str], folder: Path) -> None:
    """Write the files of an export, all or none, the manifest last.

    Raises: OSError if the folder cannot be made or written.
    """
    is_new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        write_texts({folder / name: text for name, text in files.items()})
    except BaseException:
        if is_new:
            with suppress(OSError):
                folder.rmdir()
        raise
