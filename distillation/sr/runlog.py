"""The log of a training run: one JSON line a report."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def append(path: Path, record: Mapping[str, Any]) -> None:
    """Add one record and hand it to the operating system at once.

    A line that an interrupted writer left unfinished is closed first, so it spoils no other.
    """
    torn = False
    if path.exists() and path.stat().st_size:
        with path.open("rb") as file:
            file.seek(-1, 2)
            torn = file.read(1) != b"\n"
    with path.open("a", encoding="utf-8") as file:
        file.write("\n" * torn + json.dumps(record, sort_keys=True) + "\n")
        file.flush()


def read(path: Path) -> list[dict[str, Any]]:
    """All whole records, oldest first; torn lines are left out, a missing file is an empty log."""
    if not path.exists():
        return []
    records = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            record = json.loads(line)
        except json.JSONDecodeError:
            continue
        if isinstance(record, dict):
            records.append(record)
    return records
