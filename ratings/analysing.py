"""One analysis from votes to the files that report it: what `export_dmos` and `analyse` have in common."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ratings import drawings, latex
from ratings.analysis.evidence import TRAP_SHARE
from ratings.analysis.options import AnalysisOptions
from ratings.analysis.prepared import Prepared, prepare
from ratings.analysis.report import Report, make_report
from ratings.analysis.screening import Override
from ratings.analysis.tables import Tables, tabulate
from ratings.analysis.votes import Votes
from ratings.analysis.words import methods_paragraph
from ratings.exports import MANIFEST, analysis_content, core_files, csv_text, json_text, manifest, marked
from srstudy.errors import Refused
from srstudy.version import code_version

# Where ratings come from that were given here, each rater taking their own time.
SELF_PACED = frozenset({"browser", "simulated"})


@dataclass(frozen=True, eq=False)
class Analysis:
    """Everything found in one set of votes."""

    prepared: Prepared
    tables: Tables
    report: Report
    options: AnalysisOptions

    @property
    def notes(self) -> tuple[str, ...]:
        """Every sentence to print beside the numbers."""
        return (*self.tables.notes, *self.report.notes)


def run_analysis(
    votes: Votes,
    options: AnalysisOptions,
    *,
    trials: pd.DataFrame,
    metrics: pd.DataFrame | None,
    image_order: Sequence[str] = (),
    method_order: Sequence[str] = (),
    overrides: Mapping[str, Override] | None = None,
    mixed_model: bool = True,
    trap_share: float = TRAP_SHARE,
    file: str = "",
) -> Analysis:
    """Analyse votes in full.

    `trials` is the long table behind them, `metrics` image, method, psnr, ssim and what other metrics there
    are; `trap_share` of the scale is the distance beyond which a trap is failed; `file` is named in errors,
    and the tables' indices then hold its line numbers.
    Raises: Refused, one sentence, for what the votes or the options do not allow.
    """
    try:
        prepared = prepare(
            votes, options, trials=trials, overrides=overrides, trap_share=trap_share, file=file
        )
        tables = tabulate(
            prepared, options, metrics=metrics, image_order=image_order, method_order=method_order
        )
        report = make_report(prepared, tables, options, metrics=metrics, mixed_model=mixed_model)
    except ValueError as error:
        raise Refused(str(error)) from error
    return Analysis(prepared, tables, report, options)


def analysis_files(
    analysis: Analysis,
    *,
    about: Mapping[str, Any],
    formats: Sequence[str],
    said_before: Sequence[str] = (),
    others: Mapping[str, str] | None = None,
    showing: str = "",
    label: Callable[[str], str] = str,
) -> dict[str, str | bytes]:
    """Every file of an analysis by its name, MANIFEST.sha256 with the sums of the others last.

    `about` is what study.json says before the analysis itself, `said_before` are notes of the reading,
    `others` are files to go with it, `showing` are sentences for the paper on how pictures were shown.
    """
    pairs = analysis.report.frames.get("comparison.csv")
    files: dict[str, str | bytes] = {
        **core_files(analysis.tables),
        **{
            name: csv_text(marked(frame, simulated=analysis.tables.simulated))
            for name, frame in analysis.report.frames.items()
        },
        **(others or {}),
        "tables.tex": latex.tables(analysis.tables, analysis.report, label=label),
        "methods.txt": methods_paragraph(
            analysis.prepared,
            analysis.tables,
            analysis.options,
            showing=showing,
            self_paced=not SELF_PACED.isdisjoint(analysis.prepared.votes.sources),
            comparisons=0 if pairs is None else int(pairs.loc[pairs["image"] == "", "p_t"].notna().sum()),
            code_version=code_version(),
        ),
        "study.json": json_text(
            {
                **about,
                **analysis_content(analysis.tables, analysis.options),
                "notes": [*said_before, *analysis.notes],
            }
        ),
        **drawings.figure_files(
            analysis.prepared,
            analysis.tables,
            analysis.report,
            analysis.options,
            formats=formats,
            label=label,
        ),
    }
    return files | {MANIFEST: manifest(files)}
