"""`manage.py reproduce`: the paper's Tables 2 and 3 beside ours, and what the numbers of either can say."""

from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from distillation.queries import PROFILES, SHIPPED
from ratings import opinion_table, reproduction
from ratings.exports import csv_text
from ratings.models import Study
from srstudy.commands import SentenceCommand
from srstudy.errors import Refused
from srstudy.files import refuse_equal_files, refuse_unusable_file, write_texts


class Command(SentenceCommand):
    """Reads what `evaluate` stored of the paper's sets, and a study's ratings; makes and changes nothing."""

    help = (
        "Print the paper's Table 2 (PSNR and SSIM) beside ours, order the methods under each measure, and "
        "say whether the paper's claim holds; then its Table 3 (opinion scores) beside a study's own under "
        "both scopes of the Z-score, and say from the numbers whether rows can be compared."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--profile",
            choices=[*PROFILES, SHIPPED],
            help="take runs of this profile only; default: the highest",
        )
        parser.add_argument(
            "--study",
            metavar="SLUG",
            help="whose ratings stand beside Table 3; default: the newest rated by people, else by a program",
        )
        parser.add_argument("--csv", type=Path, metavar="FILE", help="Table 2: a row a set and method")
        parser.add_argument("--latex", type=Path, metavar="FILE", help="Table 2: a table a set, for a paper")
        parser.add_argument(
            "--opinion-csv", type=Path, metavar="FILE", help="Table 3: a row a table, method and image"
        )
        parser.add_argument("--opinion-latex", type=Path, metavar="FILE", help="Table 3, for a paper")

    def handle(self, **options: Any) -> None:
        files = {name: options[name] for name in ("csv", "latex", "opinion_csv", "opinion_latex")}
        for name, path in files.items():
            if path:
                refuse_unusable_file(f"--{name.replace('_', '-')}", path)
        refuse_equal_files(**files)
        study, ours = self._opinions(options["study"])
        sets = reproduction.stored_sets(profile=options["profile"])
        missing = reproduction.what_is_missing(sets, profile=options["profile"])
        if not sets and (files["csv"] or files["latex"]):
            raise Refused(f"None of the paper's sets can be compared yet. {missing[0]}")
        if sets:
            self.stdout.write(reproduction.report(sets))
        else:
            self.stderr.write("None of the paper's sets can be compared with its Table 2 yet.")
        for sentence in missing:
            self.stderr.write(sentence)
        self.stdout.write(opinion_table.report(study, ours))
        if study is None:
            self.stderr.write("No study has ratings yet that could stand beside Table 3.")
        makers: dict[str, Callable[[], str]] = {
            "csv": lambda: reproduction.csv(sets),
            "latex": lambda: reproduction.latex(sets),
            "opinion_csv": lambda: csv_text(opinion_table.frame(ours)),
            "opinion_latex": lambda: opinion_table.latex(ours),
        }
        texts = {path: makers[name]() for name, path in files.items() if path}
        for path in texts:
            path.parent.mkdir(parents=True, exist_ok=True)
        write_texts(texts)
        for path in texts:
            self.stderr.write(f"Written: {path}")

    def _opinions(self, slug: str | None) -> tuple[Study | None, list[opinion_table.OpinionTable]]:
        """The study beside Table 3 and its tables; none if nobody asked for it and its votes allow none."""
        study = opinion_table.find_study(slug)
        if study is None:
            return None, []
        try:
            return study, opinion_table.study_tables(study)
        except Refused as refused:
            if slug is not None:
                raise
            self.stderr.write(str(refused))
            return None, []
