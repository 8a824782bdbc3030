"""`manage.py use_shipped_weights`: every method at once, without training."""

from typing import Any

from distillation.tables import runs_table
from srstudy.commands import SentenceCommand


class Command(SentenceCommand):
    """Records the generators that ship with the project as finished runs; again, it changes nothing."""

    help = "Record the trained generators that ship with the project, so that nothing has to be trained."

    def handle(self, **options: Any) -> None:
        # torch takes a second to load: not for --help
        from distillation.pipeline.shipped import use_shipped_weights

        self.stdout.write(runs_table(use_shipped_weights(self.stderr.write)))
