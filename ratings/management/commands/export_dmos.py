"""`manage.py export_dmos`: a study's scores per image and method, with all that reports them, as files."""

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from distillation.models import method_label
from ratings.analysing import analysis_files, run_analysis
from ratings.analysis_options import (
    add_analysis_arguments,
    add_output_arguments,
    analysis_options,
    paired_options,
)
from ratings.choice_files import scaled_files
from ratings.exports import SIMULATED, csv_text, refuse_wrong_folder, write_files
from ratings.models import Study
from ratings.overrides import add_override_argument, overrides_said, read_overrides
from ratings.participants import recruiting_frame
from ratings.queries import study_by_slug
from ratings.results import (
    compares,
    metrics_frame,
    ratings_frame,
    refuse_unrated,
    scale_of,
    study_order,
    study_votes,
)
from ratings.study_files import how_it_was_shown, raw_files, study_about
from srstudy.commands import SentenceCommand

Made = tuple[dict[str, str | bytes], tuple[str, ...], bool]


class Command(SentenceCommand):
    """Writes the tables, figures and texts of a study, its ratings among them, all or none."""

    help = (
        "Write a study's DMOS tables, or its scale of paired comparisons, what they were computed from, "
        "figures, and a paragraph for the paper."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", metavar="SLUG")
        add_output_arguments(parser)
        add_analysis_arguments(parser)
        add_override_argument(parser)
        parser.add_argument(
            "--with-recruiting-ids",
            action="store_true",
            help="also write recruiting.csv: completion codes and the ids of Prolific or MTurk, to pay by",
        )

    def handle(self, **options: Any) -> None:
        out = options["out"]
        study = study_by_slug(options["slug"])
        refuse_wrong_folder(out, study=study.slug)
        others: dict[str, str] = {}
        if options["with_recruiting_ids"]:
            others["recruiting.csv"] = csv_text(recruiting_frame(study))
        make = _scaled if compares(study) else _analysed
        files, notes, simulated = make(study, options, others)
        write_files(files, out, inputs=[options["overrides"]] if options["overrides"] else [])
        for note in notes:
            self.stderr.write(note)
        if simulated:
            self.stderr.write(SIMULATED)
        self.stdout.write(f"{', '.join(files)} in {out}")


def _scaled(study: Study, options: Mapping[str, Any], others: Mapping[str, str]) -> Made:
    found = scale_of(study, paired_options(options))
    files = scaled_files(
        found.scaled,
        about=study_about(study),
        formats=options["figures"],
        others={**raw_files(study, found.choices), **others},
        showing=how_it_was_shown(study, found.choices["source"]),
    )
    return files, found.scaled.notes, found.scaled.simulated


def _analysed(study: Study, options: Mapping[str, Any], others: Mapping[str, str]) -> Made:
    analysis = analysis_options(dict(options))
    overrides = read_overrides(options["overrides"])
    ratings, metrics = ratings_frame(study), metrics_frame(study)
    refuse_unrated(study, ratings)
    images, methods = study_order(metrics)
    found = run_analysis(
        study_votes(study, ratings),
        analysis,
        trials=ratings,
        metrics=metrics,
        image_order=images,
        method_order=methods,
        overrides=overrides,
        mixed_model=options["mixed_model"],
        trap_share=study.setup.trap_share,
    )
    files = analysis_files(
        found,
        about=study_about(study) | {"overrides": overrides_said(overrides)},
        formats=options["figures"],
        others={**raw_files(study, ratings), **others},
        showing=how_it_was_shown(study, ratings["source"]),
        label=method_label,
    )
    return files, found.notes, found.tables.simulated
