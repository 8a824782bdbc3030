"""`manage.py import_outputs`: images that other programs made, scored and recorded like our own."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from distillation.queries import table_of
from distillation.tables import methods_table
from srstudy.commands import SentenceCommand


class Command(SentenceCommand):
    """Reads `reference/NAME.png` and `<method>/NAME.png`, equal in size, from one folder."""

    help = "Record images made elsewhere: DIR/reference/NAME.png and DIR/<method>/NAME.png, equal in size."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, metavar="DIR", help="its name becomes the data set's name")

    def handle(self, **options: Any) -> None:
        from distillation.pipeline.imports import import_outputs

        outputs = import_outputs(options["folder"])
        self.stdout.write(methods_table(table_of(outputs), dataset=outputs[0].image.dataset))
