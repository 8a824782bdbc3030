"""`manage.py distill`: train the teacher and its students, make their images, print what came out."""

from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from typing import Any

from distillation.models import TRAINED_METHODS, Method
from distillation.queries import PROFILES, table_of
from distillation.tables import methods_table, runs_table
from srstudy.commands import SentenceCommand
from srstudy.errors import Failed


class Command(SentenceCommand):
    """Trains one method or all; the stages that methods share are trained once."""

    help = "Train the teacher and the students distilled from it, and make every method's images."
    kept = "the same command with --resume goes on from there"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--method",
            required=True,
            choices=[*TRAINED_METHODS, "all"],
            help="what to train; all: the six, teacher first",
        )
        parser.add_argument(
            "--profile",
            default="demo",
            choices=PROFILES,
            help="smoke: seconds, for tests; demo: minutes on a CPU; paper: SRGAN's own sizes and schedule",
        )
        parser.add_argument(
            "--data", default="photos-train", metavar="DIR", help="folder of images, or NAME below DATA_ROOT"
        )
        parser.add_argument(
            "--steps",
            type=int,
            metavar="N",
            help="updates of the teacher's first stage; the others in proportion",
        )
        parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the weights and the patches")
        parser.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda"])
        parser.add_argument("--precision", default="auto", choices=["auto", "fp32", "bf16"])
        parser.add_argument(
            "--resume", action="store_true", help="go on in the latest folder of the same options and data"
        )
        parser.add_argument(
            "--check",
            action="store_true",
            help="train nothing: prove on noise that every loss reaches its network and nothing else",
        )

    def handle(self, **options: Any) -> None:
        # torch takes a second to load: not for --help
        from distillation.pipeline import data, outputs, runs

        method = options["method"]
        settings = runs.training_options(
            options["profile"],
            seed=options["seed"],
            steps=options["steps"],
            device=options["device"],
            precision=options["precision"],
        )
        if options["check"]:
            self._check(runs.check_recipes(method, settings))
            return
        trained = runs.distill(
            TRAINED_METHODS if method == "all" else [method],
            settings,
            data=options["data"],
            resume=options["resume"],
            announce=self.stderr.write,
        )
        made = outputs.make_outputs(
            data.STUDY_SET,
            [Method.BICUBIC.value, *(run.method for run in trained)],
            run_ids={run.method: run.pk for run in trained},
            announce=lambda text: None,
        )
        self.stdout.write(runs_table(trained))
        self.stdout.write(methods_table(table_of(made), dataset=data.STUDY_SET))
        for run in trained:
            if run.message:
                self.stderr.write(f"{run}: {run.message}")

    def _check(self, faults: Mapping[str, Sequence[str]]) -> None:
        for stage, sentences in faults.items():
            self.stdout.write(f"{stage}: {' '.join(sentences) or 'sound'}")
        unsound = [stage for stage, sentences in faults.items() if sentences]
        if unsound:
            raise Failed(f"{len(unsound)} of {len(faults)} stages are not sound: {', '.join(unsound)}.")
