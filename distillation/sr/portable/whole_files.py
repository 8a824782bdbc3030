"""Writes files of bytes whole or not at all."""

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path


def write_whole(payloads: Mapping[Path, bytes]) -> None:
    """Write every file or none: first all of them beside their places, then renamed in the order given.

    Raises: OSError if a file cannot be written; nothing new is left then.
    """
    partials = {path: path.with_name(f".{path.name}.partial") for path in payloads}
    try:
        for path, payload in payloads.items():
            with partials[path].open("wb") as file:
                file.write(payload)
                file.flush()
                os.fsync(file.fileno())
        for path, partial in partials.items():
            partial.replace(path)
    finally:
        for partial in partials.values():
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
