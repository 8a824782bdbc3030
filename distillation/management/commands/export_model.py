"""`manage.py export_model`: a trained generator as a file that other people's tools can run."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from distillation.models import TRAINED_METHODS
from srstudy.commands import SentenceCommand
from srstudy.errors import Refused
from srstudy.files import refuse_equal_files, refuse_unusable_file

FORMATS = ("safetensors", "onnx")


class Command(SentenceCommand):
    """Writes one generator, without what served its training, and a page that says what it is."""

    help = "Write a method's generator as safetensors or ONNX, with a model card beside it."
    kept = "nothing was written"

    def add_arguments(self, parser: ArgumentParser) -> None:
        source = parser.add_mutually_exclusive_group(required=True)
        source.add_argument(
            "--method", choices=TRAINED_METHODS, metavar="METHOD", help=f"of {', '.join(TRAINED_METHODS)}"
        )
        source.add_argument(
            "--from",
            dest="source",
            type=Path,
            metavar="FILE",
            help="convert a .safetensors of ours, or the .pth of an SRResNet from elsewhere",
        )
        parser.add_argument("--run", type=int, metavar="ID", help="another run than the latest of --method")
        parser.add_argument("--format", required=True, choices=FORMATS)
        parser.add_argument("--half", action="store_true", help="safetensors: store the weights as float16")
        parser.add_argument(
            "--int8",
            action="store_true",
            help="onnx: compute the inner convolutions in 8 bits, and say the loss",
        )
        parser.add_argument(
            "--out", required=True, type=Path, metavar="FILE", help="ends as --format; the card is FILE.md"
        )
        parser.add_argument("--force", action="store_true", help="write over a file that is there")

    def handle(self, **options: Any) -> None:
        out: Path = options["out"]
        page = out.with_name(f"{out.name}.md")
        _refuse_contradictions(options)
        refuse_equal_files(**{"from": options["source"], "out": out})
        for path in (out, page):
            _refuse_place(path, force=options["force"])
        # torch takes a second to load: not for --help
        from distillation.pipeline import exports

        if options["source"]:
            source = exports.from_file(options["source"])
        else:
            source = exports.from_run(options["method"], run_id=options["run"], announce=self.stderr.write)
        said = exports.export(
            source,
            file_format=options["format"],
            half=options["half"],
            eight_bits=options["int8"],
            out=out,
            page=page,
        )
        self.stdout.write("\n".join(said))


def _refuse_contradictions(options: dict[str, Any]) -> None:
    if options["run"] is not None and options["source"]:
        raise Refused("--run goes with --method, not with --from.")
    if options["half"] and options["format"] != "safetensors":
        raise Refused("--half goes with --format safetensors; ONNX is made smaller by --int8.")
    if options["int8"] and options["format"] != "onnx":
        raise Refused("--int8 goes with --format onnx; safetensors are made smaller by --half.")
    out, ending = options["out"], f".{options['format']}"
    if out.suffix != ending:
        raise Refused(f"--out is {str(out)!r}, and a file of --format {options['format']} ends in {ending}.")


def _refuse_place(path: Path, *, force: bool) -> None:
    refuse_unusable_file("--out", path)
    if path.exists() and not force:
        raise Refused(f"{path} exists; give --force to write over it, or another --out.")
