"""Writes the results of an analysis as files: tables, what they were made from, figures, and the sums."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from ratings.analysis.options import AnalysisOptions
from ratings.analysis.tables import Tables
from srstudy.errors import Refused
from srstudy.files import write_texts
from srstudy.version import code_version

MANIFEST = "MANIFEST.sha256"
SIMULATED = "These numbers contain simulated ratings and say nothing about the methods."
# What an export makes and a later one may take away.
MADE_TABLES = frozenset(
    {
        *("dmos.csv", "dmos_table.csv", "methods.csv", "raters.csv", "images.csv", "sensitivity.csv"),
        *("comparison.csv", "groups.csv", "mixed_model.csv", "variance_components.csv", "agreement.csv"),
        *("correlation.csv", "metric_comparison.csv", "scale.csv", "circular_triads.csv", "tables.tex"),
        *("participants.csv", "recruiting.csv"),  # who withdrew since must not stay in an older one
    }
)
RATINGS = ("ratings.csv", "comparisons.csv")
FIGURE = re.compile(r"figures/[A-Za-z0-9_.-]+\.(svg|pdf|png)")
# A spreadsheet runs a text cell that begins with one of these as a formula (OWASP, "CSV Injection").
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def csv_text(frame: pd.DataFrame) -> str:
    """A frame as CSV whose text no spreadsheet takes for a formula.

    Missing is empty, infinite `inf`, a truth value `true` or `false`.
    """
    safe = frame.copy()
    for name in safe.columns:
        if pd.api.types.is_bool_dtype(safe[name]):
            safe[name] = safe[name].map({True: "true", False: "false"})
        elif not pd.api.types.is_numeric_dtype(safe[name]):
            safe[name] = safe[name].map(_harmless)
    safe.columns = pd.Index([_harmless(name) for name in safe.columns])
    return safe.to_csv(index=False, lineterminator="\n")


def _harmless(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA_STARTS) else cell


def core_files(tables: Tables) -> dict[str, str]:
    """dmos.csv, dmos_table.csv, methods.csv and raters.csv, each row saying whether votes were simulated."""
    return {
        "dmos.csv": csv_text(marked(tables.dmos, simulated=tables.simulated)),
        "dmos_table.csv": csv_text(marked(tables.dmos_table, simulated=tables.simulated)),
        "methods.csv": csv_text(marked(tables.methods, simulated=tables.simulated)),
        "raters.csv": csv_text(tables.raters),  # whose column `source` says it of each
    }


def marked(frame: pd.DataFrame, *, simulated: bool) -> pd.DataFrame:
    """The table with a last column that says whether simulated ratings are among those behind it."""
    with_mark = frame.copy()
    mark = "true" if simulated else "false"
    with_mark.insert(len(with_mark.columns), "simulated", mark, allow_duplicates=True)
    return with_mark


def analysis_content(tables: Tables, options: AnalysisOptions) -> dict[str, Any]:
    """What study.json says of an analysis: its options, its notes and the code behind it."""
    return {
        "analysis": asdict(options) | {"scope": options.normalised_over, "ci": options.interval},
        "simulated": tables.simulated,
        "notes": list(tables.notes),
        "code_version": code_version(),
    }


def json_text(content: Mapping[str, Any]) -> str:
    """Indented JSON, ending in a newline."""
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def manifest(files: Mapping[str, str | bytes]) -> str:
    """A line of SHA-256 and name for each file, as `sha256sum --check` reads them."""
    return "".join(
        f"{hashlib.sha256(_bytes(content)).hexdigest()}  {name}\n" for name, content in files.items()
    )


def _bytes(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content


def refuse_wrong_folder(out: Path, *, study: str | None = None, file: Path | None = None) -> None:
    """Refuse, before the work, a folder where the results of this study, or of this file, cannot go.

    Whose results lie there is what study.json says. The ratings of an export may be analysed where they lie.
    Raises: Refused if the folder is a file, or holds the results of another study or file.
    """
    if out.exists() and not out.is_dir():
        raise Refused(f"--out is {str(out)!r}, which is a file and not a folder.")
    if file is not None and file.resolve() in [(out / name).resolve() for name in RATINGS]:
        return
    ours = f"study {study}" if file is None else f"the file {file.name}"
    theirs = _whose_results(out)
    if theirs not in ("", ours):
        raise Refused(f"--out is {str(out)!r}, which holds the results of {theirs}; name another folder.")


def _whose_results(folder: Path) -> str:
    """The study or file that a folder's study.json names; empty if there is none, or it is not ours."""
    try:
        told = json.loads((folder / "study.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    names = told if isinstance(told, dict) else {}
    if "study" in names:
        return f"study {names['study']}"
    return f"the file {names['file']}" if "file" in names else ""


def write_files(files: Mapping[str, str | bytes], folder: Path, *, inputs: Sequence[Path] = ()) -> None:
    """Write the files of an export, all or none, in their order; a name may lead into a folder below.

    What an earlier export left there and this one has not is taken away, if nobody has changed it: a table of
    other options beside these would be taken for theirs. Ratings are never taken away; that none of another
    study's stay here is seen to by `refuse_wrong_folder`.
    `inputs` are files that were read; they are neither overwritten nor removed.
    Raises: Refused if an input would be overwritten, OSError if a folder cannot be made or written.
    """
    read = {path.resolve() for path in inputs}
    for name in files:
        if (folder / name).resolve() in read:
            raise Refused(
                f"--out is {str(folder)!r}, where {name} would overwrite what was read; name another."
            )
    stale = {path for path in _left_by_an_earlier_export(folder, files) if path.resolve() not in read}
    paths = {folder / name: content for name, content in files.items()}
    made = [_make(parent) for parent in dict.fromkeys([folder, *(path.parent for path in paths)])]
    try:
        write_texts(paths)
    except BaseException:
        for parent in reversed(made):
            if parent is not None:
                with suppress(OSError):
                    parent.rmdir()
        raise
    for path in stale:
        path.unlink(missing_ok=True)


def _left_by_an_earlier_export(folder: Path, files: Mapping[str, str | bytes]) -> set[Path]:
    """Tables and figures that the folder's manifest names with the sums they have, and `files` does not."""
    found: set[Path] = set()
    try:
        lines = (folder / MANIFEST).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return found
    names = [line.partition("  ")[::2] for line in lines]
    if "study.json" not in {name for _, name in names}:  # somebody else's manifest
        return found
    for digest, name in names:
        path = folder / name
        if name in files or not (name in MADE_TABLES or FIGURE.fullmatch(name)):
            continue
        with suppress(OSError):
            if hashlib.sha256(path.read_bytes()).hexdigest() == digest:
                found.add(path)
    return found


def _make(folder: Path) -> Path | None:
    """The folder, if it was not there and has been made."""
    is_new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    return folder if is_new else None
