"""`manage.py export_dmos`: a study's DMOS per image and per method beside PSNR and SSIM, as files."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from ratings.analysis.options import ESTIMATORS, INTERVALS, SCOPES, SCREENINGS, AnalysisOptions
from ratings.exports import files_of, write_files
from ratings.queries import study_by_slug
from ratings.results import results_of
from srstudy.commands import SentenceCommand
from srstudy.errors import Refused


class Command(SentenceCommand):
    """Writes dmos.csv, dmos_table.csv, methods.csv, ratings.csv, study.json and MANIFEST.sha256."""

    help = "Write a study's DMOS tables and the ratings behind them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", metavar="SLUG")
        parser.add_argument("--out", type=Path, required=True, metavar="DIR")
        parser.add_argument("--estimator", default="mean", choices=ESTIMATORS)
        parser.add_argument("--scope", choices=SCOPES, help="what Z-scores are taken over; with zscore only")
        parser.add_argument("--screening", default="none", choices=SCREENINGS)
        parser.add_argument("--ci", default="t", choices=INTERVALS, help="interval; t: Student's")
        parser.add_argument("--level", type=float, default=0.95, help="of the interval, between 0 and 1")
        parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the bootstrap")
        parser.add_argument(
            "--include-simulated", action="store_true", help="count simulated raters beside people"
        )

    def handle(self, **options: Any) -> None:
        names = ("estimator", "scope", "screening", "ci", "level", "seed", "include_simulated")
        try:
            analysis = AnalysisOptions(**{name: options[name] for name in names})
        except ValueError as error:
            raise Refused(str(error)) from error
        study = study_by_slug(options["slug"])
        results = results_of(study, analysis)
        files = files_of(study, results, analysis)
        out = options["out"]
        if out.exists() and not out.is_dir():
            raise Refused(f"--out is {str(out)!r}, which is a file and not a folder.")
        write_files(files, out)
        for note in results.tables.notes:
            self.stderr.write(note)
        if results.tables.simulated:
            self.stderr.write("These numbers contain simulated ratings and say nothing about the methods.")
        self.stdout.write(f"{', '.join(files)} in {out}")
