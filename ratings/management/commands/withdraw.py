"""`manage.py withdraw`: takes a rater out of a study who has asked for it by mail."""

from argparse import ArgumentParser
from typing import Any

from ratings.queries import study_by_slug
from ratings.services.withdrawal import find_rater, withdraw_rater
from srstudy.commands import SentenceCommand
from srstudy.errors import Refused


class Command(SentenceCommand):
    """Does what the link at the foot of the rater's pages does: deletes, or makes nameless."""

    help = "Take a rater out of a study: what they gave is deleted or made nameless, as the study says."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", metavar="SLUG")
        parser.add_argument(
            "rater", metavar="RATER", help="pseudonym (R0003), completion code, or Prolific's or MTurk's id"
        )

    def handle(self, **options: Any) -> None:
        study = study_by_slug(options["slug"])
        rater = find_rater(study, options["rater"].strip())
        if not withdraw_rater(rater):
            raise Refused(f"{rater} has withdrawn already.")
        is_deleted = study.setup.withdrawal == "delete"
        what = "everything they gave is deleted" if is_deleted else "their ratings are kept, nameless"
        self.stdout.write(f"{rater} has withdrawn from {study.slug}: {what}.")
