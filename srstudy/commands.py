"""The base of this project's commands: an error is one sentence and an exit status, never a traceback."""

import errno
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError, CommandParser, SystemCheckError
from django.db import DatabaseError, connections

from srstudy.database import refuse_unready_database
from srstudy.errors import Failed, Refused, as_sentence

WORK_FAILED, REQUEST_WRONG, INTERRUPTED = 1, 2, 130
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class SentenceParser(CommandParser):
    """Argument parser whose complaint is one sentence and where to read more."""

    def error(self, message: str) -> NoReturn:
        sentence = as_sentence(f"{message.rstrip('.')}; see `{self.prog} --help`")
        if self.called_from_command_line:
            self.exit(REQUEST_WRONG, f"{sentence}\n")
        raise CommandError(sentence, returncode=REQUEST_WRONG)


class SentenceCommand(BaseCommand):
    """A command that ends in a result or in one sentence on stderr.

    `Refused` ends in status 2, `Failed` and a full disk in 1, Ctrl-C in 130. Anything else is a bug
    and keeps its traceback. Subclasses set `needs_database = False` when they touch none.
    """

    requires_system_checks: list[str] = []
    needs_database = True

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.__class__ = SentenceParser
        return parser

    def execute(self, *args: Any, **options: Any) -> str | None:
        with sentences():
            if self.needs_database:
                refuse_unready_database()
            return super().execute(*args, **options)

    def run_from_argv(self, argv: list[str]) -> None:
        self._called_from_command_line = True
        options = vars(self.create_parser(argv[0], argv[1]).parse_args(argv[2:]))
        arguments = options.pop("args", ())
        try:
            self.execute(*arguments, **options)
        except CommandError as error:
            if options.get("traceback"):
                raise
            self.stderr.write(
                str(error), (lambda text: text) if isinstance(error, SystemCheckError) else None
            )
            sys.exit(error.returncode)
        finally:
            connections.close_all()


@contextmanager
def sentences() -> Iterator[None]:
    """Turn what a person can meet into a CommandError of one sentence."""
    try:
        yield
    except Refused as error:
        raise CommandError(str(error), returncode=REQUEST_WRONG) from error
    except Failed as error:
        raise CommandError(str(error), returncode=WORK_FAILED) from error
    except KeyboardInterrupt as error:
        raise CommandError(
            "Stopped; what was finished is kept, and the same command goes on from there.",
            returncode=INTERRUPTED,
        ) from error
    except OSError as error:
        raise CommandError(_file_sentence(error), returncode=WORK_FAILED) from error
    except DatabaseError as error:
        if not _is_about_the_disk(error):
            raise
        raise CommandError(
            f"The database could not be written: {error}; free space or its lock and run the command again.",
            returncode=WORK_FAILED,
        ) from error


def _file_sentence(error: OSError) -> str:
    where = f" at {error.filename}" if error.filename else ""
    if error.errno in NO_ROOM:
        return (
            f"The disk is full{where}; free some space and run the command again, it takes up what is there."
        )
    if error.errno is None:
        raise error
    return f"A file could not be used{where}: {error.strerror}."


def _is_about_the_disk(error: DatabaseError) -> bool:
    message = str(error).lower()
    return any(
        phrase in message for phrase in ("disk is full", "locked", "readonly", "read-only", "no space")
    )
