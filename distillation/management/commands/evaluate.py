"""`manage.py evaluate`: PSNR and SSIM of any data set by any method, per image and as means."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from distillation.models import Method
from distillation.queries import table_of
from distillation.tables import evaluation_frame, methods_table
from srstudy.commands import SentenceCommand
from srstudy.errors import Refused
from srstudy.files import refuse_unusable_file, write_texts


class Command(SentenceCommand):
    """Makes the images that are missing, scores and records them, and prints the means."""

    help = "Make every image of a data set by the methods named, and report PSNR and SSIM."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--dataset",
            nargs="+",
            default=["photos"],
            metavar="NAME_OR_DIR",
            help="folders, or names below DATA_ROOT",
        )
        parser.add_argument(
            "--method",
            nargs="+",
            default=["bicubic"],
            choices=Method.values,
            metavar="METHOD",
            help=f"of {', '.join(Method.values)}",
        )
        parser.add_argument(
            "--run", type=int, metavar="ID", help="another run than the latest; with one method only"
        )
        parser.add_argument("--csv", type=Path, metavar="FILE", help="write a row an image and method")

    def handle(self, **options: Any) -> None:
        from distillation.pipeline.outputs import make_outputs

        wanted = list(dict.fromkeys(options["method"]))
        if options["run"] is not None and (len(wanted) != 1 or wanted == [Method.BICUBIC]):
            raise Refused(f"--run goes with one trained method, not with {' '.join(wanted)}.")
        if options["csv"]:
            refuse_unusable_file("--csv", options["csv"])
        run_ids = {wanted[0]: options["run"]} if options["run"] is not None else None
        outputs = []
        for dataset in options["dataset"]:
            made = make_outputs(dataset, wanted, run_ids=run_ids, announce=self.stderr.write)
            self.stdout.write(methods_table(table_of(made), dataset=made[0].image.dataset))
            outputs += made
        if options["csv"]:
            options["csv"].parent.mkdir(parents=True, exist_ok=True)
            write_texts({options["csv"]: evaluation_frame(outputs).to_csv(index=False, lineterminator="\n")})
            self.stderr.write(f"{len(outputs)} rows in {options['csv']}")
