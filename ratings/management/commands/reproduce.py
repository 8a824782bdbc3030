"""`manage.py reproduce`: the paper's Table 2 beside ours, and whether its claim holds in our numbers."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from distillation.queries import PROFILES, SHIPPED
from ratings import reproduction
from srstudy.commands import SentenceCommand
from srstudy.errors import Refused
from srstudy.files import refuse_equal_files, refuse_unusable_file, write_texts


class Command(SentenceCommand):
    """Reads what `evaluate` stored of Set5, Set14, Urban100 and General100; makes and changes nothing."""

    help = (
        "Print the paper's Table 2 (PSNR and SSIM) beside ours, order the methods under each measure, and "
        "say whether the paper's claim holds. Its Table 3, opinion scores, is not covered."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--profile",
            choices=[*PROFILES, SHIPPED],
            help="take runs of this profile only; default: the highest",
        )
        parser.add_argument("--csv", type=Path, metavar="FILE", help="write a row a set and method")
        parser.add_argument("--latex", type=Path, metavar="FILE", help="write a table a set for a paper")

    def handle(self, **options: Any) -> None:
        for name in ("csv", "latex"):
            if options[name]:
                refuse_unusable_file(f"--{name}", options[name])
        refuse_equal_files(csv=options["csv"], latex=options["latex"])
        sets = reproduction.stored_sets(profile=options["profile"])
        missing = reproduction.what_is_missing(sets, profile=options["profile"])
        if not sets:
            raise Refused(f"None of the paper's sets can be compared yet. {missing[0]}")
        self.stdout.write(reproduction.report(sets))
        for sentence in missing:
            self.stderr.write(sentence)
        texts: dict[Path, str] = {}
        if options["csv"]:
            texts[options["csv"]] = reproduction.csv(sets)
        if options["latex"]:
            texts[options["latex"]] = reproduction.latex(sets)
        for path in texts:
            path.parent.mkdir(parents=True, exist_ok=True)
        write_texts(texts)
        for path in texts:
            self.stderr.write(f"Written: {path}")
