"""`manage.py export_dmos`: a study's DMOS per image and per method, with all that reports them, as files."""

from argparse import ArgumentParser
from typing import Any

from distillation.models import method_label
from ratings.analysing import analysis_files, run_analysis
from ratings.analysis_options import add_analysis_arguments, add_output_arguments, analysis_options
from ratings.exports import SIMULATED, csv_text, refuse_file_as_folder, study_about, write_files
from ratings.overrides import add_override_argument, overrides_said, read_overrides
from ratings.queries import study_by_slug
from ratings.results import metrics_frame, ratings_frame, refuse_unrated, study_votes, with_metrics
from srstudy.commands import SentenceCommand


class Command(SentenceCommand):
    """Writes the tables, figures and texts of a study, ratings.csv among them, all or none."""

    help = (
        "Write a study's DMOS tables, what they were computed from, figures, and a paragraph for the paper."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", metavar="SLUG")
        add_output_arguments(parser)
        add_analysis_arguments(parser)
        add_override_argument(parser)

    def handle(self, **options: Any) -> None:
        analysis, out = analysis_options(options), options["out"]
        refuse_file_as_folder(out)
        study = study_by_slug(options["slug"])
        overrides = read_overrides(options["overrides"])
        ratings, metrics = ratings_frame(study), metrics_frame(study)
        refuse_unrated(study, ratings)
        found = run_analysis(
            study_votes(study, ratings),
            analysis,
            trials=ratings,
            metrics=metrics,
            image_order=list(dict.fromkeys(metrics["image"])),
            method_order=list(dict.fromkeys(metrics["method"])),
            overrides=overrides,
            mixed_model=options["mixed_model"],
        )
        files = analysis_files(
            found,
            about=study_about(study) | {"overrides": overrides_said(overrides)},
            formats=options["figures"],
            others={"ratings.csv": csv_text(with_metrics(ratings, metrics))},
            label=method_label,
        )
        write_files(files, out, inputs=[options["overrides"]] if options["overrides"] else [])
        for note in found.notes:
            self.stderr.write(note)
        if found.tables.simulated:
            self.stderr.write(SIMULATED)
        self.stdout.write(f"{', '.join(files)} in {out}")
