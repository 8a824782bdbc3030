"""`manage.py fetch_dataset`: a public data set, from where it is published to a folder below DATA_ROOT."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings

from distillation.fetching.downloading import KEPT
from distillation.fetching.sets import LR_FOLDER, fetch
from distillation.fetching.sources import SETS, find
from srstudy.commands import SentenceCommand


class Command(SentenceCommand):
    """Says the terms of a set, downloads it, and lays it out as NAME/HR and, where published, NAME/LRx4."""

    help = "Fetch a public data set to a folder of its name below DATA_ROOT."
    needs_database = False
    kept = KEPT

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", metavar="NAME", help=f"of {', '.join(known.name for known in SETS)}")
        parser.add_argument(
            "--url",
            action="append",
            default=[],
            metavar="ADDRESS",
            help="fetch the same archive from this address; once for each archive of the set, in their order",
        )

    def handle(self, **options: Any) -> None:
        public_set = find(options["name"])
        folder = fetch(public_set, Path(settings.DATA_ROOT), urls=options["url"], say=self._say)
        lr = f" with their {LR_FOLDER}" if (folder / LR_FOLDER).is_dir() else ""
        self.stdout.write(f"{public_set.name} is in {folder}: {public_set.images} images{lr}.")

    def _say(self, sentence: str) -> None:
        self.stderr.write(sentence, lambda text: text)  # news, and so not in the red of errors
