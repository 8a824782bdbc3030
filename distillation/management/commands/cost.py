"""`manage.py cost`: what each method's network costs, beside how good it is."""

import re
from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any

from distillation.models import Method
from srstudy.commands import SentenceCommand
from srstudy.errors import Refused
from srstudy.files import refuse_equal_files, refuse_unusable_file, write_texts

FORMATS = ("png", "svg", "pdf")
# The input is timed in one piece. SRGAN's generator needs some gigabytes for so many pixels.
LARGEST_PX = 2_000_000


def _size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text)
    if match is None or min(int(side) for side in match.groups()) < 2:
        raise ArgumentTypeError(f"a size is WIDTHxHEIGHT of 2 px a side or more, as 120x120, not {text!r}")
    width, height = int(match[1]), int(match[2])
    if width * height > LARGEST_PX:
        raise ArgumentTypeError(
            f"{text} has over {LARGEST_PX:,} pixels; give fewer: larger pictures are computed in tiles"
        )
    return width, height


class Command(SentenceCommand):
    """Measures on this machine; quality comes from what `evaluate` recorded."""

    help = "Parameters, MACs, time, memory and file size of the methods, beside their PSNR and SSIM."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--dataset",
            default="photos",
            metavar="NAME_OR_DIR",
            help="whose PSNR and SSIM, as `evaluate` was given it; default: photos",
        )
        parser.add_argument(
            "--method",
            nargs="+",
            choices=Method.values,
            metavar="METHOD",
            help=f"of {', '.join(Method.values)}; default: bicubic and all that are trained",
        )
        parser.add_argument(
            "--run",
            nargs="+",
            type=int,
            metavar="ID",
            help="these runs, of any methods, each by its size too; other methods only by --method",
        )
        parser.add_argument(
            "--runs", type=int, default=10, metavar="N", help="times are medians over so many"
        )
        parser.add_argument(
            "--size", type=_size, default=(120, 120), metavar="WxH", help="of the input that is timed"
        )
        parser.add_argument("--csv", type=Path, metavar="FILE", help="write a row a method")
        parser.add_argument("--latex", type=Path, metavar="FILE", help="write the table for a paper")
        parser.add_argument(
            "--plot", type=Path, metavar="FILE", help="draw quality against cost: .png, .svg or .pdf"
        )

    def handle(self, **options: Any) -> None:
        _refuse_contradictions(options)
        # torch takes a second to load: not for --help
        import torch

        from distillation import cost_tables
        from distillation.pipeline import costs

        wanted, run_ids = list(dict.fromkeys(options["method"] or ())), options["run"] or ()
        if not wanted and not run_ids:
            wanted = costs.trained_methods()
        dataset = costs.dataset_name(options["dataset"])
        chosen = costs.candidates(wanted, run_ids, dataset=options["dataset"], announce=self.stderr.write)
        if options["plot"] and all(candidate.psnr_y is None for candidate in chosen):
            raise Refused(f"--plot has nothing to draw: none of these has been evaluated on {dataset}.")
        width, height = options["size"]
        rows = costs.measure_costs(chosen, runs=options["runs"], width=width, height=height)
        conditions = {
            "runs": options["runs"],
            "threads": torch.get_num_threads(),
            "width": width,
            "height": height,
        }
        how = cost_tables.how_measured(**conditions)
        self.stdout.write(cost_tables.cost_text(rows, dataset=dataset, how=how))
        texts = {}
        if options["csv"]:
            frame = cost_tables.cost_frame(rows, dataset=dataset, **conditions)
            texts[options["csv"]] = frame.to_csv(index=False, lineterminator="\n")
        if options["latex"]:
            texts[options["latex"]] = cost_tables.cost_latex(rows, dataset=dataset, how=how)
        for path in texts:
            path.parent.mkdir(parents=True, exist_ok=True)
        write_texts(texts)
        if options["plot"]:
            self._plot(rows, dataset, options["plot"])

    def _plot(self, rows: list[Any], dataset: str, path: Path) -> None:
        from distillation.pipeline.data import refusing_value_errors
        from distillation.sr.cost_figure import Point, cost_figure
        from distillation.sr.portable.whole_files import write_whole

        points = [
            Point(name=row.candidate.label, gmacs=row.measured.gmacs, psnr_y=row.candidate.psnr_y)
            for row in rows
            if row.candidate.psnr_y is not None
        ]
        with refusing_value_errors():
            drawing = cost_figure(points, dataset=dataset, file_format=path.suffix[1:].lower())
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole({path: drawing})


def _refuse_contradictions(options: dict[str, Any]) -> None:
    if options["runs"] < 1:
        raise Refused(f"A median needs 1 run or more, not {options['runs']}.")
    for name in ("csv", "latex", "plot"):
        if options[name]:
            refuse_unusable_file(f"--{name}", options[name])
    refuse_equal_files(csv=options["csv"], latex=options["latex"], plot=options["plot"])
    if options["plot"] and options["plot"].suffix[1:].lower() not in FORMATS:
        raise Refused(f"--plot is {str(options['plot'])!r}, and a figure ends in .png, .svg or .pdf.")
