"""`manage.py quickstart`: the whole main job, from an empty database to a study that people can rate."""

import errno
import os
import socket
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command

from distillation.models import TRAINED_METHODS, Method
from distillation.queries import SHIPPED
from ratings import invites
from ratings.models import Study
from ratings.services.studies import open_study
from srstudy.commands import SentenceCommand
from srstudy.database import missing_migrations, refuse_newer_database
from srstudy.errors import Refused
from srstudy.words import counted

HOST = "127.0.0.1"
ADMIN = "admin"
# The name of the study whose methods were not trained here.
PRETRAINED = "pretrained"
METHODS = (Method.BICUBIC.value, *TRAINED_METHODS)


class Command(SentenceCommand):
    """What `make study` runs: migrate, train or not, make a study, print links, serve. Repeats nothing."""

    help = "Make a study of ten images by all methods, and serve it. Run again, it starts what exists."
    needs_database = False  # this command makes it
    kept = "`make study` goes on from there"

    def add_arguments(self, parser: ArgumentParser) -> None:
        how = parser.add_mutually_exclusive_group()
        how.add_argument(
            "--profile", default="demo", choices=["smoke", "demo"], help="what to train all methods under"
        )
        how.add_argument(
            "--pretrained", action="store_true", help="train nothing: use the weights that are shipped"
        )
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--no-serve", action="store_true", help="stop before the server")

    def handle(self, **options: Any) -> None:
        port = options["port"]
        if not 1 <= port <= 65535:
            raise Refused(f"PORT is {port}, which is not between 1 and 65535.")
        if not options["no_serve"]:
            _refuse_unusable_port(port)
        if not settings.ADMIN_PASSWORD:
            raise Refused("ADMIN_PASSWORD is not set: `make study` writes one into the file .env.")
        refuse_newer_database()
        self._prepare()
        study = self._study(PRETRAINED if options["pretrained"] else options["profile"])
        address = f"http://{HOST}:{port}"
        self.stdout.write(
            f"\nRaters:     {_invite(address, study)}"
            f"\nResults:    {address}/studies/{study.slug}/"
            f"\nAdmin:      {address}/admin/   user {ADMIN}, password {_admin_password()}\n"
        )
        if not options["no_serve"]:
            self._serve(port)

    def _prepare(self) -> None:
        missing = missing_migrations()
        if missing:
            many = counted(len(missing), "migration")
            self.stderr.write(f"Bringing the database up to date: {many}, some seconds.")
            call_command("migrate", verbosity=0)
        self.stderr.write("Gathering style sheets and scripts, a second or two.")
        call_command("collectstatic", interactive=False, verbosity=0)

    def _study(self, slug: str) -> Study:
        """The study of this name, open; made where there is none, left closed where it was closed."""
        study = Study.objects.filter(slug=slug).first()
        if study is None:
            return self._make_study(slug)
        if study.status == Study.Status.DRAFT:
            open_study(study)
            self.stderr.write(f"Study {study.slug} was a draft and is open now.")
        elif study.status == Study.Status.CLOSED:
            self.stderr.write(
                f"Study {study.slug} is closed: it takes no raters, and its results are served."
            )
        return study

    def _make_study(self, slug: str) -> Study:
        told = {"stdout": self.stdout, "stderr": self.stderr}
        if slug == PRETRAINED:
            call_command("use_shipped_weights", **told)
        else:
            call_command("distill", "--method=all", f"--profile={slug}", "--resume", **told)
        profile = SHIPPED if slug == PRETRAINED else slug
        call_command(
            "create_study",
            slug,
            "--methods",
            *METHODS,
            f"--profile={profile}",
            "--images=10",
            "--open",
            stdout=self.stderr,
            stderr=self.stderr,
        )
        return Study.objects.get(slug=slug)

    def _serve(self, port: int) -> None:
        self.stdout.write("Serving; Ctrl-C stops the server and loses nothing.")
        self.stdout.flush()
        gunicorn = [sys.executable, "-m", "gunicorn", "--config", "python:srstudy.gunicorn_settings"]
        # The server takes this process's place, so nothing of the training stays in memory.
        os.execv(sys.executable, [*gunicorn, f"--bind={HOST}:{port}", "srstudy.wsgi"])  # noqa: S606


def _refuse_unusable_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            why = {
                errno.EADDRINUSE: "is in use: stop what uses it, or",
                errno.EACCES: "may not be opened by this user: take one from 1024 up, or",
            }.get(error.errno or 0, f"cannot be opened ({error.strerror}):")
            raise Refused(f"Port {port} of {HOST} {why} say `make study PORT=8001`.") from None


def _invite(address: str, study: Study) -> str:
    """The invite link, or why it cannot be printed; the study can be rated and served all the same."""
    try:
        return f"{address}{invites.invite_path(study)}"
    except Refused as refused:
        return str(refused)


def _admin_password() -> str:
    """The admin's password from .env, set when the admin is first made; theirs to change afterwards."""
    password = settings.ADMIN_PASSWORD
    users = get_user_model().objects
    user = users.filter(username=ADMIN).first()
    if user is None:
        users.create_superuser(ADMIN, password=password)
        return password
    return password if user.check_password(password) else "the one you gave it"
