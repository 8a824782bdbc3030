"""`manage.py drop_raters`: gives the places of raters who stay away to the next who join."""

import math
from argparse import ArgumentParser
from typing import Any

from ratings.models import Rater, Study
from ratings.queries import study_by_slug
from ratings.services.slots import drop_rater, release_inactive, unfinished
from srstudy.commands import SentenceCommand
from srstudy.errors import Refused


class Command(SentenceCommand):
    """Drops the raters named, or those who have not rated for so many hours; what they rated stays."""

    help = "Give up the places of raters who dropped out: their playlists go to the next who join."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", metavar="SLUG")
        parser.add_argument("raters", nargs="*", metavar="RATER", help="pseudonyms, such as R0003")
        parser.add_argument(
            "--inactive-hours",
            type=float,
            metavar="H",
            help="all who have not rated for H hours; default: the study's drop_after_hours",
        )

    def handle(self, **options: Any) -> None:
        study, hours = study_by_slug(options["slug"]), options["inactive_hours"]
        if options["raters"]:
            if hours is not None:
                raise Refused("--inactive-hours finds raters by itself: give it, or name raters.")
            dropped = _drop_named(study, options["raters"])
        else:
            _refuse_no_hours(study, hours)
            dropped = release_inactive(study, hours)
        for rater in dropped:
            self.stdout.write(rater.pseudonym)
        self.stderr.write(f"Dropped in {study.slug}: {len(dropped)}; what they rated stays.")


def _refuse_no_hours(study: Study, hours: float | None) -> None:
    if hours is None and study.setup.drop_after_hours is None:
        raise Refused(
            f"Study {study.slug} does not say after how long raters are dropped: give --inactive-hours, or "
            "name raters."
        )
    if hours is not None and not (math.isfinite(hours) and 0 <= hours <= 24 * 365 * 100):
        raise Refused(f"--inactive-hours is {hours:g}, which is not between 0 and {24 * 365 * 100}.")


def _drop_named(study: Study, names: list[str]) -> list[Rater]:
    """Drop these raters, all or none. Raises: Refused naming the first who cannot be dropped."""
    people = {rater.pseudonym: rater for rater in study.raters.filter(pseudonym__in=names)}
    for name in names:
        if name not in people:
            raise Refused(f"Study {study.slug} has no rater {name!r}.")
        rater = people[name]
        if rater.withdrawn_at is not None:
            raise Refused(f"{name} has withdrawn.")
        if rater.slot is None:
            raise Refused(f"{name} was imported, and has no place to give up.")
        if rater.finished_at is not None:
            raise Refused(f"{name} has rated everything: nobody needs to take the place.")
        if rater.dropped_at is not None:
            raise Refused(f"{name} was dropped on {rater.dropped_at:%Y-%m-%d}.")
    return [rater for rater in people.values() if drop_rater(rater, among=unfinished())]
