"""`manage.py invite`: makes, lists and revokes the links that lead raters into a study."""

import re
from argparse import ArgumentParser
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from ratings.invites import path_of, state_of
from ratings.management.commands.open_study import WHOLE_ADDRESS, not_open_yet
from ratings.models import Invite, Study
from ratings.queries import study_by_slug
from ratings.services import slots, studies
from srstudy.commands import SentenceCommand
from srstudy.errors import Refused
from srstudy.tables import text_table
from srstudy.words import counted

UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
LONGEST_DAYS = 36_500
LONGEST_LABEL = 100


class Command(SentenceCommand):
    """Prints the path of a further link; with --list a table of all, with --revoke nothing on stdout."""

    help = "Make a further invite link of a study, list its links, or revoke one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", metavar="SLUG")
        parser.add_argument("--label", metavar="TEXT", help="for whom the link is meant")
        parser.add_argument("--raters", type=int, metavar="N", help="let in N people at most")
        parser.add_argument(
            "--expires",
            metavar="DATE|DURATION",
            help="2031-05-31 (to the end of that day), 2031-05-31T18:00, or 90m, 12h, 7d, 2w from now",
        )
        instead = parser.add_mutually_exclusive_group()
        instead.add_argument("--list", action="store_true", help="show the links and their states")
        instead.add_argument("--revoke", metavar="ID_OR_LABEL", help="let nobody in by this link any more")

    def handle(self, **options: Any) -> None:
        study = study_by_slug(options["slug"])
        if options["list"] or options["revoke"] is not None:
            _refuse_options_of_making(options)
        if options["list"]:
            self.stdout.write(_table(study))
        elif options["revoke"] is not None:
            self._revoke(study, options["revoke"])
        else:
            self._make(study, options)

    def _make(self, study: Study, options: dict[str, Any]) -> None:
        if study.status == Study.Status.CLOSED:
            raise Refused(f"Study {study.slug} is closed: a further link would lead nobody in.")
        label = (options["label"] or "").strip()
        if len(label) > LONGEST_LABEL:
            raise Refused(f"--label has {len(label)} characters, and {LONGEST_LABEL} fit.")
        expires = options["expires"]
        invite = studies.make_invite(
            study,
            label=label,
            max_raters=options["raters"],
            expires_at=None if expires is None else moment(expires, now=timezone.now()),
        )
        many = "any number of raters" if invite.max_raters is None else counted(invite.max_raters, "rater")
        until = f", until {_time(invite.expires_at)}" if invite.expires_at else ""
        self.stderr.write(f"Invite {invite.pk} of {study.slug}, for {many}{until}. {WHOLE_ADDRESS}")
        if study.status == Study.Status.DRAFT:
            self.stderr.write(not_open_yet(study))
        self.stdout.write(path_of(invite))

    def _revoke(self, study: Study, name: str) -> None:
        invite = _named(study, name)
        if not studies.revoke_invite(invite):
            raise Refused(f"Invite {invite.pk} of {study.slug} was revoked on {_time(invite.revoked_at)}.")
        self.stderr.write(
            f"Invite {invite.pk} of {study.slug} lets nobody in any more; raters who came by it go on."
        )


def _refuse_options_of_making(options: dict[str, Any]) -> None:
    for name in ("label", "raters", "expires"):
        if options[name] is not None:
            instead = "list" if options["list"] else "revoke"
            raise Refused(f"--{name} is of a link to be made, and does nothing with --{instead}.")


def moment(text: str, *, now: datetime) -> datetime:
    """The moment that a date, a date with a time, or a duration from `now` means.

    A date means the end of that day; without a time zone the server's is meant.
    Raises: Refused for anything else.
    """
    duration = re.fullmatch(r"(\d{1,6})([mhdw])", text)
    if duration:
        wait = timedelta(**{UNITS[duration[2]]: int(duration[1])})
        if wait > timedelta(days=LONGEST_DAYS):
            raise Refused(f"--expires is {text}, which is more than a hundred years.")
        return now + wait
    try:
        day, at = parse_date(text), parse_datetime(text)
        if day is not None:
            at = datetime(day.year, day.month, day.day) + timedelta(days=1)  # noqa: DTZ001  # given its zone below
    except (ValueError, OverflowError):
        at = None
    if at is None:
        raise Refused(
            f"--expires is {text!r}, which is neither a date (2031-05-31), a date with a time "
            "(2031-05-31T18:00) nor a duration (90m, 12h, 7d, 2w)."
        )
    return timezone.make_aware(at) if timezone.is_naive(at) else at


def _named(study: Study, name: str) -> Invite:
    """The invite of that number or label. Raises: Refused if there is none, or several have the label."""
    by_id = Q(pk=int(name)) if re.fullmatch(r"\d{1,18}", name) else Q(pk__isnull=True)
    found = list(study.invites.filter(by_id).order_by("pk")) or list(
        study.invites.filter(label=name).exclude(label="").order_by("pk")
    )
    if not found:
        raise Refused(
            f"Study {study.slug} has no invite {name!r}; `python manage.py invite {study.slug} --list` shows "
            "them."
        )
    if len(found) > 1:
        ids = ", ".join(str(invite.pk) for invite in found)
        raise Refused(f"Study {study.slug} has {len(found)} invites {name!r}: name one of {ids}.")
    return found[0]


def _table(study: Study) -> str:
    rows = []
    for invite in study.invites.order_by("pk"):
        held = slots.holders(study, invite).count()
        rows.append(
            [
                str(invite.pk),
                invite.label or "-",
                state_of(invite, held),
                f"{held}/{invite.max_raters}" if invite.max_raters else str(held),
                _time(invite.expires_at) if invite.expires_at else "-",
                _path(invite),
            ]
        )
    return text_table(["invite", "label", "state", "raters", "expires", "link"], rows)


def _path(invite: Invite) -> str:
    try:
        return path_of(invite)
    except Refused:
        return "made with another SECRET_KEY"


def _time(at: datetime | None) -> str:
    return "-" if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
