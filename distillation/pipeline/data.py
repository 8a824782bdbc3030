"""Finds a data set by its name or folder and reads it through the workshop."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from distillation.sr import dataset, photographs
from srstudy.errors import Refused
from srstudy.progress import Progress

Announce = Callable[[str], None]
SCALE = 4
STUDY_SET = photographs.STUDY_SET


def data_folder(name_or_folder: str) -> tuple[str, Path]:
    """The name and the place of a data set: a folder, a name below DATA_ROOT, or a bundled set.

    The bundled photographs are written to DATA_ROOT when they are asked for and not there.
    Raises: Refused if it is none of these.
    """
    below = Path(settings.DATA_ROOT) / name_or_folder
    candidates = [Path(name_or_folder).expanduser(), below]
    if name_or_folder in (STUDY_SET, photographs.TRAINING_SET):
        _write_photographs()
        candidates = [below]  # a folder here that happens to have the name is meant by ./NAME
    for candidate in candidates:
        if candidate.is_dir():
            folder = candidate.resolve()
            return (folder.parent if folder.name == "HR" else folder).name, folder
    raise Refused(
        f"There is no data folder {name_or_folder!r}: give a folder of images, a name below "
        f"{settings.DATA_ROOT}, or one of the bundled sets {STUDY_SET} and {photographs.TRAINING_SET}."
    )


def _write_photographs() -> None:
    progress = Progress("photographs")
    with refusing_value_errors():
        photographs.write_photographs(
            Path(settings.DATA_ROOT), lambda done, total: progress.update(done, total)
        )


def load_photos(name_or_folder: str, *, minimum_px: int) -> tuple[str, dataset.PhotoSet]:
    """A data set's name and its images, references and inputs.

    Raises: Refused with the workshop's sentence if a file or the folder cannot be used.
    """
    name, folder = data_folder(name_or_folder)
    with refusing_value_errors():
        return name, dataset.load_folder(folder, scale=SCALE, minimum_px=minimum_px)


@contextmanager
def refusing_value_errors() -> Iterator[None]:
    """The workshop refuses with ValueError; to the person at the shell that is a refused request."""
    try:
        yield
    except ValueError as error:
        raise Refused(str(error)) from error
