"""`manage.py analyse`: the tables, figures and texts of a study from a CSV alone; no database is touched."""

import hashlib
from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ratings.analysing import analysis_files, run_analysis
from ratings.analysis.evidence import TRAP_SHARE
from ratings.analysis.methodologies import METHODOLOGIES
from ratings.analysis.options import AnalysisOptions
from ratings.analysis.votes import Votes
from ratings.analysis_options import (
    add_analysis_arguments,
    add_output_arguments,
    analysis_options,
    paired_options,
)
from ratings.choice_files import PairedOptions, run_scaling, scaled_files
from ratings.exports import SIMULATED, refuse_wrong_folder, write_files
from ratings.longfiles import (
    holds_choices,
    read_metric_values,
    read_paired_choices,
    read_ratings,
)
from ratings.metric_columns import metrics_of
from ratings.overrides import add_override_argument, overrides_said, read_overrides
from srstudy.commands import SentenceCommand
from srstudy.errors import Refused

PAIRED = "pc"


class Command(SentenceCommand):
    """Reads a long CSV and writes what `export_dmos` writes of a study, all or none."""

    help = (
        "Analyse a long CSV of ratings: rater,image,method and reference_score,test_score or difference "
        "(DSCQS), or score (DSIS, ACR, ACR-HR); or of paired comparisons: rater,image,method_a,method_b,"
        "choice."
    )
    needs_database = False
    kept = "nothing was written"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE.csv")
        add_output_arguments(parser)
        add_analysis_arguments(parser)
        parser.add_argument(
            "--methodology",
            choices=[*METHODOLOGIES, PAIRED],
            help="what was asked; default: what the columns allow no doubt of",
        )
        parser.add_argument(
            "--scale",
            nargs=2,
            type=float,
            metavar=("MIN", "MAX"),
            help="ends of the rating scale; default: 0 100 for DSCQS, 1 5 for the others",
        )
        parser.add_argument(
            "--metrics", type=Path, metavar="FILE.csv", help="evaluation.csv, or image,method and metrics"
        )
        parser.add_argument(
            "--trap-share",
            type=float,
            default=TRAP_SHARE,
            metavar="SHARE",
            help="of the scale, beyond which the reference told apart from itself is a trap failed; "
            f"default: {TRAP_SHARE:g}",
        )
        parser.add_argument(
            "--encoding", metavar="NAME", help="of the files; default: UTF-8, or as a byte order mark says"
        )
        add_override_argument(parser)

    def handle(self, **options: Any) -> None:
        out, path = options["out"], options["file"]
        refuse_wrong_folder(out, file=path)
        paired = options["methodology"] == PAIRED
        if paired or (options["methodology"] is None and holds_choices(path, encoding=options["encoding"])):
            files, notes, simulated = self._scaled(path, paired_options(options), options)
        else:
            files, notes, simulated = self._analysed(path, analysis_options(options), options)
        inputs = [path for path in (path, options["metrics"], options["overrides"]) if path is not None]
        write_files(files, out, inputs=inputs)
        for note in notes:
            self.stderr.write(note)
        if simulated:
            self.stderr.write(SIMULATED)
        self.stdout.write(f"{', '.join(files)} in {out}")

    def _analysed(
        self, path: Path, analysis: AnalysisOptions, options: Mapping[str, Any]
    ) -> tuple[dict[str, str | bytes], tuple[str, ...], bool]:
        overrides = read_overrides(options["overrides"])
        metrics = None
        if options["metrics"] is not None:
            metrics = read_metric_values(options["metrics"], encoding=options["encoding"]).frame
        read = read_ratings(path, encoding=options["encoding"])
        scale = tuple(options["scale"]) if options["scale"] else None
        try:
            votes = Votes.from_frame(
                read.frame, methodology=options["methodology"], scale=scale, file=path.name
            )
            metrics = metrics_of(read.frame, metrics, votes, file=path.name)
        except ValueError as error:
            raise Refused(str(error)) from error
        found = run_analysis(
            votes,
            analysis,
            trials=read.frame,
            metrics=metrics,
            overrides=overrides,
            mixed_model=options["mixed_model"],
            trap_share=options["trap_share"],
            file=path.name,
        )
        about = _about(path) | {"methodology": votes.methodology, "scale": [votes.scale_min, votes.scale_max]}
        if options["metrics"] is not None:
            about["metrics"] = _about(options["metrics"])
        about["overrides"] = overrides_said(overrides)
        files = analysis_files(
            found,
            about=about,
            formats=options["figures"],
            said_before=read.notes,
        )
        return files, (*read.notes, *found.notes), found.tables.simulated

    def _scaled(
        self, path: Path, paired: PairedOptions, options: Mapping[str, Any]
    ) -> tuple[dict[str, str | bytes], tuple[str, ...], bool]:
        read = read_paired_choices(path, encoding=options["encoding"])
        scaled = run_scaling(read.frame, paired, file=path.name)
        files = scaled_files(scaled, about=_about(path), formats=options["figures"], said_before=read.notes)
        return files, (*read.notes, *scaled.notes), scaled.simulated


def _about(path: Path) -> dict[str, Any]:
    """The input, by its name, size and sum."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"file": path.name, "bytes": path.stat().st_size, "sha256": digest}
