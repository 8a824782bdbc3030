"""The base of this project's commands: an error is one sentence and an exit status, never a traceback."""

import errno
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError, CommandParser, SystemCheckError
from django.db import DatabaseError, connections

from srstudy.database import is_trouble, refuse_unready_database, trouble_sentence
from srstudy.errors import Failed, Refused, as_sentence

WORK_FAILED, REQUEST_WRONG, INTERRUPTED = 1, 2, 130
KEPT = "what was finished is kept"
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
    and keeps its traceback. Subclasses set `needs_database = False` when they touch none, and `kept`
    to what is true for them after Ctrl-C or on a full disk.
    """

    requires_system_checks: list[str] = []
    needs_database = True
    kept = KEPT

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.__class__ = SentenceParser
        return parser

    def execute(self, *args: Any, **options: Any) -> str | None:
        with sentences(self.kept):
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
def sentences(kept: str = KEPT) -> Iterator[None]:
    """Turn what a person can meet into a CommandError of one sentence.

    `kept` ends the sentence for whoever was stopped half way. What a command called by this one has
    turned already is said again in this one's words.
    """
    try:
        yield
    except (Exception, KeyboardInterrupt) as error:
        cause = (error.__cause__ or error) if isinstance(error, CommandError) else error
        said = _sentence_and_status(cause, kept)
        if said is None:
            raise
        raise CommandError(said[0], returncode=said[1]) from cause


def _sentence_and_status(error: BaseException, kept: str) -> tuple[str, int] | None:
    """What to say of an error and the exit status; None for a bug, which keeps its traceback."""
    match error:
        case Refused():
            return str(error), REQUEST_WRONG
        case Failed():
            return str(error), WORK_FAILED
        case KeyboardInterrupt():
            return f"Stopped; {kept}.", INTERRUPTED
        case OSError():
            sentence = _file_sentence(error, kept)
            return (sentence, WORK_FAILED) if sentence else None
        case DatabaseError() if is_trouble(error):
            return trouble_sentence(error), WORK_FAILED
    return None


def _file_sentence(error: OSError, kept: str) -> str | None:
    if isinstance(error, shutil.Error) and isinstance(error.args[0], list):
        # copytree's own: (source, target, reason) for each file, and no errno.
        _, path, reason = error.args[0][0]
        no_room = any(f"[Errno {number}]" in reason for number in NO_ROOM)
    else:
        path, reason, no_room = error.filename, error.strerror, error.errno in NO_ROOM
    where = f" at {path}" if path else ""
    if no_room:
        return f"The disk is full{where}: free some space; {kept}."
    return as_sentence(f"A file could not be used{where}: {reason}") if reason else None
