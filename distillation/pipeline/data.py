"""Finds a data set by its name or folder and reads it through the workshop."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from distillation.sr import dataset, distributed, photographs
from srstudy.errors import Refused
from srstudy.progress import Progress

Announce = Callable[[str], None]
SCALE = 4
CACHE = ".cache"
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


@dataclass(frozen=True, slots=True)
class Reading:
    """How a data set is read: what to do about a file that cannot be used, and how much memory it may take.

    Without a limit in MB (of 10^6 bytes) it may take a quarter of what is free, shared by the processes
    that `torchrun` started on this machine.
    """

    on_bad: dataset.OnBad = "refuse"
    memory_limit_mb: int | None = None

    def cache(self) -> dataset.Cache:
        """Where decoded images are kept: below DATA_ROOT, where a data set's name cannot begin with a dot.

        Raises: Refused for a limit below 0.
        """
        limit_mb = self.memory_limit_mb
        if limit_mb is not None and limit_mb < 0:
            raise Refused(f"--memory-limit is {limit_mb} MB, and it is 0 or more.")
        processes = distributed.local_size()
        share = dataset.memory_share_bytes() // processes if limit_mb is None else limit_mb * 10**6
        return dataset.Cache(Path(settings.DATA_ROOT) / CACHE, memory_limit_bytes=share)


def load_photos(
    name_or_folder: str,
    *,
    minimum_px: int,
    reading: Reading | None = None,
    announce: Announce = lambda text: None,
) -> tuple[str, dataset.PhotoSet]:
    """A data set's name and its images, references and inputs, decoded once and kept below DATA_ROOT.

    What is skipped is announced by name and in number.
    Raises: Refused with the workshop's sentence if a file or the folder cannot be used.
    """
    reading = reading or Reading()
    name, folder = data_folder(name_or_folder)
    progress = Progress(f"decoding {name}")

    def on_progress(done: int, total: int) -> None:
        progress.update(done, total)
        if done == total:
            progress.finish(f"{total} files, kept in {cache.folder}")

    cache = reading.cache()
    with refusing_value_errors():
        photos = dataset.load_folder(
            folder,
            scale=SCALE,
            minimum_px=minimum_px,
            on_bad=reading.on_bad,
            cache=cache,
            on_progress=on_progress,
        )
    announce_skipped(name, photos.skipped, announce)
    return name, photos


def load_study_photos() -> dataset.PhotoSet:
    """The photographs that methods are judged on by default."""
    return load_photos(STUDY_SET, minimum_px=1)[1]


def announce_skipped(name: str, skipped: Sequence[str], announce: Announce) -> None:
    """Say of each file of a data set that was skipped why, and of all how many they are."""
    for sentence in skipped:
        announce(f"Skipped: {sentence}")
    if skipped:
        announce(f"{len(skipped)} of the files of {name} {'was' if len(skipped) == 1 else 'were'} skipped.")


@contextmanager
def refusing_value_errors() -> Iterator[None]:
    """The workshop refuses with ValueError; to the person at the shell that is a refused request."""
    try:
        yield
    except ValueError as error:
        raise Refused(str(error)) from error
