"""`manage.py evaluate`: PSNR, SSIM and more of any data sets by any methods, per image and as means."""

from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from distillation.models import Method, Output
from distillation.queries import table_of
from distillation.tables import evaluation_frame, images_table, methods_table, paper_latex, paper_text
from srstudy.commands import SentenceCommand
from srstudy.errors import Refused
from srstudy.files import refuse_equal_files, refuse_unusable_file, write_texts


class Command(SentenceCommand):
    """Makes the images that are missing, scores and records them, and prints the means."""

    help = "Make every image of the data sets by the methods named, and report PSNR, SSIM and more."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--dataset",
            nargs="+",
            default=["photos"],
            metavar="NAME_OR_DIR",
            help="folders, or names below DATA_ROOT; several are put side by side as in a paper",
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
        parser.add_argument(
            "--on-bad",
            default="refuse",
            choices=["refuse", "skip"],
            help="what to do about images that cannot be used; skip: leave them out, by name",
        )
        parser.add_argument("--per-image", action="store_true", help="print a line an image and method too")
        parser.add_argument("--csv", type=Path, metavar="FILE", help="write a row an image and method")
        parser.add_argument("--latex", type=Path, metavar="FILE", help="write the means as a paper's tables")
        parser.add_argument(
            "--workers",
            type=int,
            metavar="N",
            help="processes that read, score and save; default: as many as there are cores and work for",
        )

    def handle(self, **options: Any) -> None:
        wanted = list(dict.fromkeys(options["method"]))
        _refuse_impossible(wanted, options)
        made = self._evaluate(wanted, options)
        sets = {name: table_of(outputs) for name, outputs in made.items()}
        if len(sets) > 1:
            self.stdout.write(paper_text(sets, channel="y"))
            self.stdout.write(paper_text(sets, channel="rgb"))
        texts: dict[Path, str] = {}
        if options["csv"]:
            texts[options["csv"]] = _csv([output for outputs in made.values() for output in outputs])
        if options["latex"]:
            texts[options["latex"]] = paper_latex(sets)
        for path in texts:
            path.parent.mkdir(parents=True, exist_ok=True)
        write_texts(texts)
        for path in texts:
            self.stderr.write(f"Written: {path}")

    def _evaluate(self, wanted: Sequence[str], options: dict[str, Any]) -> dict[str, list[Output]]:
        """Outputs by the name of their data set, each set printed when it is done."""
        from distillation.pipeline.data import data_folder
        from distillation.pipeline.outputs import make_outputs

        run_ids = {wanted[0]: options["run"]} if options["run"] is not None else None
        names = [data_folder(dataset)[0] for dataset in options["dataset"]]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise Refused(f"Two of the data sets are called {twice}; name it once, or rename a folder.")
        made = {}
        for name, dataset in zip(names, options["dataset"], strict=True):
            made[name] = make_outputs(
                dataset,
                wanted,
                run_ids=run_ids,
                announce=self.stderr.write,
                workers_wanted=options["workers"],
                on_bad=options["on_bad"],
            )
            if options["per_image"]:
                self.stdout.write(images_table(made[name]))
            self.stdout.write(methods_table(table_of(made[name]), dataset=name))
        return made


def _refuse_impossible(wanted: Sequence[str], options: dict[str, Any]) -> None:
    """Raises: Refused for options that do not go together, before any work."""
    if options["run"] is not None and (len(wanted) != 1 or wanted == [Method.BICUBIC]):
        raise Refused(f"--run goes with one trained method, not with {' '.join(wanted)}.")
    if options["workers"] is not None and options["workers"] < 1:
        raise Refused(f"--workers is 1 or more, not {options['workers']}.")
    for name in ("csv", "latex"):
        if options[name]:
            refuse_unusable_file(f"--{name}", options[name])
    refuse_equal_files(csv=options["csv"], latex=options["latex"])


def _csv(outputs: Sequence[Output]) -> str:
    return evaluation_frame(outputs).to_csv(index=False, lineterminator="\n")
