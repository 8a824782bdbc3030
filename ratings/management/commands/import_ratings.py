"""`manage.py import_ratings`: ratings that were collected elsewhere, brought into a study."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from ratings.longfiles import read_paired_choices, read_ratings
from ratings.models import Study
from ratings.queries import study_by_slug
from ratings.services.imports import import_ratings
from srstudy.commands import SentenceCommand
from srstudy.errors import Refused
from srstudy.words import counted


class Command(SentenceCommand):
    """Stores every rating of a long CSV, or none."""

    help = (
        "Bring a long CSV of ratings (rater,image,method and reference_score,test_score or difference, or "
        "score; or rater,image,method_a,method_b,choice) into an open study of the same methodology that "
        "shows the same images by the same methods."
    )
    kept = "nothing of the file was stored"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", metavar="SLUG")
        parser.add_argument("file", type=Path, metavar="FILE.csv")
        parser.add_argument(
            "--encoding", metavar="NAME", help="of the file; default: UTF-8, or as its byte order mark says"
        )

    def handle(self, **options: Any) -> None:
        study = study_by_slug(options["slug"])
        if study.status == Study.Status.DRAFT:
            raise Refused(
                f"Study {study.slug} is a draft and takes no ratings: `python manage.py open_study "
                f"{study.slug}` opens it."
            )
        read_file = read_paired_choices if study.asks.scale is None else read_ratings
        read = read_file(options["file"], encoding=options["encoding"])
        stored = import_ratings(study, read.frame, file=options["file"].name)
        for note in (*read.notes, *stored.notes):
            self.stderr.write(note)
        said = f"{counted(stored.ratings, 'rating')} by {counted(len(stored.raters), 'rater')}"
        self.stdout.write(f"In {study.slug}: {said}.")
