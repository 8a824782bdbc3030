"""Writes files whole or not at all."""

import errno
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile

from srstudy.errors import Refused


def write_texts(texts: Mapping[Path, str | bytes], *, mode: int = 0o666) -> None:
    """Write every file, in the order given, or none: first all of them beside their places, then renamed.

    A text is written in UTF-8 as it is. `mode` is that of new files, less the umask.
    Raises: OSError if a file cannot be written; nothing new is left then.
    """
    for path in texts:
        if path.is_dir():  # would otherwise show in the middle of the renaming
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    partials = {path: path.with_name(f".{path.name}.partial") for path in texts}
    try:
        for path, text in texts.items():
            descriptor = os.open(partials[path], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
            with os.fdopen(descriptor, "wb") as file:
                file.write(text.encode() if isinstance(text, str) else text)
                file.flush()
                os.fsync(file.fileno())
        for path, partial in partials.items():
            partial.replace(path)
    finally:
        for partial in partials.values():
            with suppress(OSError):
                partial.unlink(missing_ok=True)


def refuse_unusable_file(option: str, path: Path) -> None:
    """Find out before the work what writing `path` would find after it; nothing is left behind.

    Raises: Refused if `path` is a folder, lies below a file, or in a folder that takes no files.
    """
    if path.is_dir():
        raise Refused(f"{option} is {str(path)!r}, which is a folder and not a file.")
    parent = next((parent for parent in path.parents if parent.exists()), Path())
    if not parent.is_dir():
        raise Refused(f"{option} is {str(path)!r}, and {str(parent)!r} is a file and not a folder.")
    try:
        with TemporaryFile(dir=parent):  # permissions alone say nothing of /proc, or to root
            pass
    except OSError as error:
        reason = f"{str(parent)!r} takes no new file ({error.strerror})"
        raise Refused(f"{option} is {str(path)!r}, and {reason}; name another place.") from error


def refuse_equal_files(**paths: Path | None) -> None:
    """Refuse one file under two options, however it is spelt: `refuse_equal_files(csv=…, latex=…)`.

    A keyword is an option less its dashes, with underscores within; None was not given.
    Raises: Refused if two are the same file.
    """
    taken: dict[str, str] = {}
    for name, path in paths.items():
        if path is None:
            continue
        option = f"--{name.replace('_', '-')}"
        first = taken.setdefault(os.path.realpath(path), option)
        if first != option:
            raise Refused(f"{first} and {option} are both {str(path)!r}; give each a file of its own.")
