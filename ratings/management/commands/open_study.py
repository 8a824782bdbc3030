"""`manage.py open_study`: freezes a draft and lets raters in."""

from argparse import ArgumentParser
from typing import Any

from ratings import invites
from ratings.models import Study
from ratings.queries import study_by_slug
from ratings.services import studies
from srstudy.commands import SentenceCommand
from srstudy.errors import Refused

WHOLE_ADDRESS = "Put the address of your site in front of the link, as in https://example.org/s/…/."


def not_open_yet(study: Study) -> str:
    """What to say beside the link of a draft."""
    return f"Raters cannot use the link before `python manage.py open_study {study.slug}`."


class Command(SentenceCommand):
    """Opens a study that `create_study` left a draft, and prints its invite link."""

    help = "Freeze a draft, let raters in, and print its invite link."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", metavar="SLUG")

    def handle(self, **options: Any) -> None:
        study = study_by_slug(options["slug"])
        if study.status == Study.Status.OPEN:
            raise Refused(
                f"Study {study.slug} is open already; `python manage.py invite {study.slug} --list` shows "
                "its links."
            )
        studies.open_study(study)
        self.stderr.write(f"Study {study.slug} is open and frozen. {WHOLE_ADDRESS}")
        self.stdout.write(invites.invite_path(study))
