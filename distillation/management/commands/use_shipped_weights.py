"""`manage.py use_shipped_weights`: every method at once, without training."""

from typing import Any

from distillation.queries import table_of
from distillation.tables import methods_table, runs_table
from srstudy.commands import SentenceCommand


class Command(SentenceCommand):
    """Records the generators that ship with the project as finished runs, and makes their images.

    Again, it changes nothing.
    """

    help = "Record the trained generators that ship with the project, and make every method's images."

    def handle(self, **options: Any) -> None:
        # torch takes a second to load: not for --help
        from distillation.pipeline import data, outputs
        from distillation.pipeline.shipped import use_shipped_weights

        runs = use_shipped_weights(self.stderr.write)
        made = outputs.make_study_outputs(runs)
        self.stdout.write(runs_table(runs))
        self.stdout.write(methods_table(table_of(made), dataset=data.STUDY_SET))
