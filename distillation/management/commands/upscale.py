"""`manage.py upscale`: any pictures, four times as large, by a method of ours or a model from a file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from distillation.models import Method
from srstudy.commands import SentenceCommand
from srstudy.errors import Refused
from srstudy.files import refuse_unusable_file
from srstudy.words import counted


class Command(SentenceCommand):
    """Writes DIR/NAME.png for every picture; what lies in a folder keeps its place below it."""

    help = "Enlarge picture files, and all pictures in folders, by 4; transparency and 16 bits are kept."
    kept = "the pictures that were finished are kept, and the same command goes on with the others"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("pictures", nargs="+", type=Path, metavar="IMAGE_OR_DIR")
        how = parser.add_mutually_exclusive_group(required=True)
        how.add_argument(
            "--method", choices=Method.values, metavar="METHOD", help=f"of {', '.join(Method.values)}"
        )
        how.add_argument("--model", type=Path, metavar="FILE", help="a .safetensors, .onnx or .pth file")
        parser.add_argument("--run", type=int, metavar="ID", help="another run than the latest of --method")
        parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="where NAME.png goes")
        parser.add_argument(
            "--tile", type=int, metavar="N", help="side of a tile in input pixels; default: by the size"
        )
        parser.add_argument(
            "--precision",
            default="fp32",
            choices=["fp32", "bf16"],
            help="bf16: about twice as fast where the processor has it, and up to 3 of 255 levels off",
        )
        parser.add_argument("--force", action="store_true", help="write over outputs that are there")

    def handle(self, **options: Any) -> None:
        _refuse_contradictions(options)
        # torch takes a second to load: not for --help
        from distillation.pipeline import upscaling

        out: Path = options["out"]
        jobs = upscaling.plan(options["pictures"], out, force=options["force"], announce=self.stderr.write)
        common = {
            "precision": options["precision"],
            "tile": options["tile"],
            "announce": self.stderr.write,
        }
        if options["model"] is not None:
            make = upscaling.maker_of_file(options["model"], **common)
        else:
            make = upscaling.maker_of_method(options["method"], run_id=options["run"], **common)
        if jobs:
            written = upscaling.enlarge_all(jobs, make, announce=self.stderr.write)
            self.stdout.write(f"{counted(len(written), 'picture')} in {out}")


def _refuse_contradictions(options: dict[str, Any]) -> None:
    out, tile = options["out"], options["tile"]
    refuse_unusable_file("--out", out / "NAME.png")
    if options["run"] is not None and (options["model"] or options["method"] == Method.BICUBIC):
        raise Refused("--run goes with a trained --method.")
    if tile is not None and tile < 1:
        raise Refused(f"A tile is 1 px a side or more, not {tile}.")
    if options["method"] == Method.BICUBIC:
        for name, default in (("tile", None), ("precision", "fp32")):
            if options[name] != default:
                raise Refused(f"--{name} goes with a network, not with bicubic.")
