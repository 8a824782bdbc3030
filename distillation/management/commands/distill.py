"""`manage.py distill`: train the teacher and its students, make their images, print what came out."""

import os
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from typing import Any

from distillation.models import TRAINED_METHODS
from distillation.queries import PROFILES, table_of
from distillation.tables import methods_table, runs_table
from srstudy.commands import SentenceCommand
from srstudy.errors import Failed, Refused


class Command(SentenceCommand):
    """Trains one method or all; the stages that methods share are trained once."""

    help = "Train the teacher and the students distilled from it, and make every method's images."
    kept = "the same command with --resume goes on from there"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--method", choices=[*TRAINED_METHODS, "all"], help="what to train; all: the six, teacher first"
        )
        parser.add_argument(
            "--data", default="photos-train", metavar="DIR", help="folder of images, or NAME below DATA_ROOT"
        )
        parser.add_argument(
            "--validation",
            metavar="DIR",
            help="images whose crops are made and scored during training; else the study's photographs",
        )
        parser.add_argument(
            "--on-bad",
            default="refuse",
            choices=["refuse", "skip"],
            help="what to do about images that cannot be used; skip: leave them out, by name",
        )
        parser.add_argument(
            "--memory-limit",
            type=int,
            metavar="MB",
            help="images that take more when decoded are read from the disk; else a quarter of what is free",
        )
        parser.add_argument(
            "--resume", action="store_true", help="go on in the latest folder of the same options and data"
        )
        self._add_options(parser)
        instead = parser.add_mutually_exclusive_group()
        instead.add_argument(
            "--check",
            action="store_true",
            help="train nothing: prove on noise that every loss reaches its network and nothing else",
        )
        instead.add_argument(
            "--show-options",
            action="store_true",
            help="train nothing: print the options that would be trained with, as --config reads them",
        )

    def _add_options(self, parser: ArgumentParser) -> None:
        """What decides the options of the run; each of these changes what the ones before it say."""
        options = parser.add_argument_group("options of the training (docs/options.md has them all)")
        options.add_argument(
            "--profile",
            choices=PROFILES,
            help="smoke: seconds, for tests; demo (the default): minutes on a CPU; cpu: hours on one; "
            "paper: SRGAN's own sizes and schedule",
        )
        options.add_argument("--config", metavar="FILE.toml", help="options that differ from the profile's")
        options.add_argument(
            "--set",
            action="append",
            default=[],
            dest="assignments",
            metavar="KEY=VALUE",
            help="one option, such as student.blocks=5 or weights.adv=0.005; as often as needed",
        )
        options.add_argument(
            "--vgg-weights", metavar="FILE", help="VGG19 weights for SRGAN's content loss; pixels without"
        )
        options.add_argument("--seed", type=int, metavar="N", help="of the weights and the patches")
        options.add_argument("--device", choices=["auto", "cpu", "cuda"])
        options.add_argument("--precision", choices=["auto", "fp32", "bf16"])
        options.add_argument(
            "--steps",
            type=int,
            metavar="N",
            help="updates of the teacher's first stage; the others in proportion",
        )

    def handle(self, **options: Any) -> None:
        # torch takes a second to load: not for --help
        from distillation.pipeline import data, outputs, recipes, runs

        method = options["method"]
        if method is None and not options["show_options"]:
            raise Refused(f"Say what to train: --method {', '.join(TRAINED_METHODS)} or all.")
        settings = recipes.training_options(
            options["profile"],
            config_file=options["config"],
            assignments=options["assignments"],
            vgg_weights=options["vgg_weights"],
            seed=options["seed"],
            device=options["device"],
            precision=options["precision"],
            steps=options["steps"],
        )
        for remark in recipes.remarks_on(settings):
            self._announce(remark)
        if options["show_options"]:
            self.stdout.write(recipes.shown(settings), ending="")
            return
        if options["check"]:
            self._check(recipes.check_recipes(method, settings))
            return
        trained = runs.distill(
            TRAINED_METHODS if method == "all" else [method],
            settings,
            data=options["data"],
            resume=options["resume"],
            validation=options["validation"],
            announce=self._announce,
            reading=data.Reading(options["on_bad"], options["memory_limit"]),
        )
        if not trained:  # by this process: it trained along with another
            return
        made = outputs.make_study_outputs(trained)
        self.stdout.write(runs_table(trained))
        self.stdout.write(methods_table(table_of(made), dataset=data.STUDY_SET))
        for run in trained:
            if run.message:
                self.stderr.write(f"{run}: {run.message}")

    def _announce(self, sentence: str) -> None:
        if os.environ.get("RANK", "0") == "0":  # torchrun's first process speaks for all
            self.stderr.write(sentence)

    def _check(self, faults: Mapping[str, Sequence[str]]) -> None:
        for stage, sentences in faults.items():
            self.stdout.write(f"{stage}: {' '.join(sentences) or 'sound'}")
        unsound = [stage for stage, sentences in faults.items() if sentences]
        if unsound:
            raise Failed(f"{len(unsound)} of {len(faults)} stages are not sound: {', '.join(unsound)}.")
