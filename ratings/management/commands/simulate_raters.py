"""`manage.py simulate_raters`: votes of a program, to see what results look like before there are any."""

from argparse import ArgumentParser
from typing import Any

from ratings.queries import study_by_slug
from ratings.services.simulation import simulate_raters
from srstudy.commands import SentenceCommand
from srstudy.errors import Refused
from srstudy.progress import Progress
from srstudy.words import counted


class Command(SentenceCommand):
    """Adds simulated raters with bias, inconsistency and lapses; every result says that they are."""

    help = "Let a program rate a study; the ratings are marked as simulated everywhere."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", metavar="SLUG")
        parser.add_argument("--raters", type=int, required=True, metavar="N")
        parser.add_argument("--seed", type=int, default=0, metavar="S")

    def handle(self, **options: Any) -> None:
        if options["seed"] < 0:
            raise Refused(f"--seed is {options['seed']} and must be 0 or more.")
        study = study_by_slug(options["slug"])
        progress = Progress("simulated raters")
        raters = simulate_raters(
            study, raters=options["raters"], seed=options["seed"], on_progress=progress.update
        )
        progress.finish()
        many = counted(len(raters), "simulated rater")
        self.stdout.write(f"{many} in {study.slug}: {raters[0]} to {raters[-1]}")
