"""Which photographs a training job takes, and which folder is its own."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from distillation.pipeline.data import SCALE, Announce, Reading, load_photos, load_study_photos
from distillation.sr import config, dataset, distributed

# The file that names the torchrun job which trained in a folder last.
_JOB = "job.txt"


@dataclass(frozen=True, slots=True)
class Work:
    """One training job: these options on these photographs, in this folder."""

    options: config.Options
    photos: dataset.PhotoSet
    validation: dataset.PhotoSet
    data_name: str
    data_digest: str
    folder: Path

    @property
    def stored_folder(self) -> str:
        """The folder as a row names it, below MEDIA_ROOT."""
        return str(self.folder.relative_to(settings.MEDIA_ROOT))


def plan_work(
    options: config.Options,
    *,
    data: str,
    validation: str | None = None,
    resume: bool,
    reading: Reading | None = None,
    announce: Announce,
) -> Work:
    """Read the photographs and choose the folder: the latest of the same work to resume, else a new one.

    Raises: Refused for data that cannot be used.
    """
    data_name, photos = load_photos(data, minimum_px=options.patch_px, reading=reading, announce=announce)
    if validation is None:
        judged = load_study_photos()
    else:
        _, judged = load_photos(validation, minimum_px=2 * SCALE, reading=reading, announce=announce)
    digest = photos.digest()
    key = hashlib.sha256(f"{config.digest(options)} {digest}".encode()).hexdigest()[:8]
    stem = f"{options.profile}-seed{options.seed}-{key}"
    root = Path(settings.MEDIA_ROOT) / "runs"
    latest = max((_attempt_of(folder) for folder in root.glob(f"{stem}-*")), default=0)
    # torchrun starts its processes anew when one has died: they go on where this job was.
    resume = resume or (latest > 0 and _is_of_this_job(root / f"{stem}-{latest}"))
    attempt = max(latest, 1) if resume else latest + 1
    return Work(options, photos, judged, data_name, digest, root / f"{stem}-{attempt}")


def _is_of_this_job(folder: Path) -> bool:
    job = distributed.job()
    note = folder / _JOB
    return job is not None and note.is_file() and note.read_text(encoding="utf-8") == job


def _attempt_of(folder: Path) -> int:
    ending = folder.name.rpartition("-")[2]
    return int(ending) if ending.isdigit() else 0


def note_job(folder: Path) -> None:
    """Leave word of torchrun's job, if this process belongs to one."""
    job = distributed.job()
    if job is not None:
        (folder / _JOB).write_text(job, encoding="utf-8")
