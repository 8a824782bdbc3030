"""Long CSV files for commands: read with progress, refused in the words of a command."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from ratings.analysis.longcsv import LongCsv, read_choices, read_columns, read_metrics, read_votes
from srstudy.errors import Refused
from srstudy.progress import Progress

Read = TypeVar("Read")

# A file under this size is read before anybody wonders.
QUIET_BYTES = 20_000_000


def read_ratings(path: Path, *, encoding: str | None = None) -> LongCsv:
    """Read a long CSV of ratings, with progress on stderr for a large one.

    Raises: Refused, one sentence with file, line and value.
    """
    return _refusing(
        lambda: read_votes(path, encoding=encoding, texts=("rated_at",), progress=_progress(path))
    )


def read_paired_choices(path: Path, *, encoding: str | None = None) -> LongCsv:
    """Read a long CSV of paired comparisons. Raises: Refused, as `read_ratings`."""
    return _refusing(
        lambda: read_choices(path, encoding=encoding, texts=("rated_at",), progress=_progress(path))
    )


def read_metric_values(path: Path, *, encoding: str | None = None) -> LongCsv:
    """Read evaluation.csv or a table of image, method and metrics. Raises: Refused, as `read_ratings`."""
    return _refusing(lambda: read_metrics(path, encoding=encoding))


def holds_choices(path: Path, *, encoding: str | None = None) -> bool:
    """Whether a file's heading is that of paired comparisons. Raises: Refused if it has none."""
    return "method_a" in _refusing(lambda: read_columns(path, encoding=encoding))


def _progress(path: Path) -> Callable[[int, int], None] | None:
    try:
        large = path.stat().st_size > QUIET_BYTES
    except OSError:  # which reading will put into words
        return None
    return Progress(f"reading {path.name}").update if large else None


def _refusing(read: Callable[[], Read]) -> Read:
    try:
        return read()
    except ValueError as error:
        raise Refused(str(error)) from error
