"""`manage.py plan_study`: how many raters a study needs, from a pilot's votes or assumed spreads."""

import math
from argparse import ArgumentParser
from dataclasses import dataclass
from math import comb
from pathlib import Path
from typing import Any

from ratings.analysis.methodologies import METHODOLOGIES
from ratings.analysis.options import AnalysisOptions, require_level
from ratings.analysis.planning import Spread, pilot_spread, trade_off
from ratings.analysis.prepared import prepare
from ratings.analysis.votes import Votes
from ratings.longfiles import read_ratings
from srstudy.commands import SentenceCommand
from srstudy.errors import Refused
from srstudy.tables import text_table
from srstudy.words import counted


class Command(SentenceCommand):
    """Prints raters, votes and interval widths for several numbers of images; writes nothing."""

    help = (
        "Say how many raters find a difference between two methods, from the votes of a pilot (a long CSV as "
        "analyse reads it) or from assumed standard deviations."
    )
    needs_database = False
    kept = "nothing was written"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--difference", type=float, required=True, metavar="D", help="to be found, in points of the scale"
        )
        parser.add_argument("--pilot", type=Path, metavar="FILE.csv", help="votes of a pilot")
        parser.add_argument(
            "--rater-sd", type=float, metavar="S", help="of the difference from rater to rater, assumed"
        )
        parser.add_argument(
            "--vote-sd", type=float, metavar="S", help="of the difference from image to image within a rater"
        )
        parser.add_argument(
            "--methods",
            type=int,
            metavar="N",
            help="how many are compared, all pairs; default: the pilot's, or 2",
        )
        parser.add_argument("--images", type=int, nargs="+", default=[5, 10, 20, 40], metavar="N")
        parser.add_argument(
            "--power", type=float, default=0.8, help="probability of finding it; default: 0.8"
        )
        parser.add_argument("--level", type=float, default=0.95, help="1 − the risk of any false finding")
        parser.add_argument("--methodology", choices=list(METHODOLOGIES), help="of the pilot")
        parser.add_argument("--scale", nargs=2, type=float, metavar=("MIN", "MAX"), help="of the pilot")

    def handle(self, **options: Any) -> None:
        try:
            require_level(options["level"])
            spread, pilot = _spread(options)
            methods = options["methods"]
            if methods is None:
                methods = pilot.methods if pilot else 2
            if not options["difference"] > 0:
                raise ValueError(f"--difference is {options['difference']:g} and must be more than 0 points")
            if methods < 2:
                raise ValueError(f"--methods is {methods}, and one method has nothing to differ from")
            found = trade_off(
                spread,
                images=list(dict.fromkeys(options["images"])),
                difference=options["difference"],
                power=options["power"],
                level=options["level"],
                comparisons=comb(methods, 2),
            )
        except ValueError as error:
            raise Refused(str(error)) from error
        source = f"a pilot ({pilot.said})" if pilot else "assumption"
        self.stdout.write(
            f"Spread of the difference between two methods, from {source}: {spread.rater_sd:.2f} points from "
            f"rater to rater, {spread.vote_sd:.2f} from image to image.\n"
            f"To find a difference of {options['difference']:g} points with power {options['power']:g} at "
            f"level {options['level']:g}, with {counted(comb(methods, 2), 'comparison')} of {methods} "
            "methods (Bonferroni, which is Holm's first step):"
        )
        rows = [
            [
                str(row.images),
                str(row.raters),
                f"{row.votes:,}",
                f"{row.power:.3f}",
                f"{row.half_width:.2f}",
            ]
            for row in found.itertuples()
        ]
        self.stdout.write(
            text_table(["images", "raters", "votes a method", "power", "half width of the difference"], rows)
        )
        self.stderr.write(
            "Recommended besides: 15 raters or more in a laboratory (BT.500), 24 controlled or 35 "
            "uncontrolled ones after screening (P.913)."
        )


@dataclass(frozen=True)
class _Source:
    """Where a pilot's spread comes from, in words, and how many methods it has."""

    said: str
    methods: int


def _refuse_wrong_spread(*, rater_sd: float, vote_sd: float) -> None:
    """Raises: ValueError naming the option of the command that is no standard deviation."""
    for option, sd in (("--rater-sd", rater_sd), ("--vote-sd", vote_sd)):
        if not 0 <= sd < math.inf:
            raise ValueError(f"{option} is {sd:g}, which is not a standard deviation of 0 or more")
    if rater_sd == vote_sd == 0:
        raise ValueError(
            "--rater-sd and --vote-sd are both 0, and without any spread there is nothing to plan"
        )


def _spread(options: dict[str, Any]) -> tuple[Spread, _Source | None]:
    """The spread of differences, and the pilot it is from. Raises: ValueError if neither way is complete."""
    assumed = options["rater_sd"], options["vote_sd"]
    if options["pilot"] is None:
        if None in assumed:
            raise ValueError("a plan needs --pilot FILE.csv, or both --rater-sd and --vote-sd")
        if options["methodology"] or options["scale"]:
            raise ValueError("--methodology and --scale say how a --pilot was rated, and there is none")
        _refuse_wrong_spread(rater_sd=assumed[0], vote_sd=assumed[1])
        return Spread(rater_sd=assumed[0], vote_sd=assumed[1]), None
    if assumed != (None, None):
        raise ValueError("--pilot gives the standard deviations; leave --rater-sd and --vote-sd out")
    read = read_ratings(options["pilot"])
    scale = tuple(options["scale"]) if options["scale"] else None
    answered = Votes.from_frame(
        read.frame, methodology=options["methodology"], scale=scale, file=options["pilot"].name
    )
    votes = prepare(answered, AnalysisOptions()).votes
    pilot = pilot_spread(votes.table(), votes.image_codes(), votes.method_codes())
    label = METHODOLOGIES[votes.methodology].label
    simulated = "SIMULATED, " if votes.simulated.any() else ""
    said = f"{simulated}{label}, {pilot.raters} raters, {pilot.images} images, {pilot.methods} methods"
    return pilot.difference, _Source(said, pilot.methods)
