"""Takes in images that other programs made: re-encoded, scored and recorded like our own."""

from pathlib import Path

from django.db import transaction

from distillation.models import Method, Output
from distillation.pipeline.data import refusing_value_errors
from distillation.pipeline.outputs import MINIMUM_PX, Pixels, record_pixels, record_reference
from distillation.sr import images
from srstudy.errors import Refused
from srstudy.progress import Progress

REFERENCE = "reference"
LONGEST_NAME = 64


def import_outputs(folder: Path) -> list[Output]:
    """Record every image below `folder`: `reference/NAME.*` and `<method>/NAME.*`.

    The folder's name is the data set's. Nothing is recorded unless every file can be.
    A method may be called as one that is trained here: ours has a run, so neither is taken for the other.
    Raises: Refused for a missing folder or file, a method called bicubic, which has no run here either,
    a method without every reference's image, an image that cannot be read or whose size differs from its
    reference.
    """
    if not folder.is_dir():
        raise Refused(f"There is no folder {str(folder)!r}; it holds reference/ and one folder a method.")
    references = _images_in(folder / REFERENCE)
    folders = sorted(path.name for path in folder.iterdir() if path.is_dir())
    methods = [name for name in folders if name != REFERENCE and not name.startswith(".")]
    if not methods:
        raise Refused(f"{folder} has no folder beside {REFERENCE}/ for a method's images.")
    made = {method: _images_in(folder / method) for method in methods}
    for method, files in made.items():
        _refuse_bad_method(folder, method, references, files)
    _check_pixels(references, made)
    with transaction.atomic():
        return _record(folder.resolve().name, references, made)


def _images_in(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise Refused(f"There is no folder {folder}.")
    files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    if not files:
        raise Refused(f"{folder} has no images.")
    found: dict[str, Path] = {}
    for path in files:
        if path.stem in found:
            raise Refused(
                f"{folder} has both {found[path.stem].name} and {path.name}: one of them is too many."
            )
        found[path.stem] = path
    return found


def _refuse_bad_method(
    folder: Path, method: str, references: dict[str, Path], files: dict[str, Path]
) -> None:
    if len(method) > LONGEST_NAME:
        raise Refused(f"The method's name {method!r} is longer than {LONGEST_NAME} characters.")
    if method == Method.BICUBIC:
        raise Refused(
            f"{folder / method} would be taken for this program's own {method}: rename the folder, say to "
            f"{method}-elsewhere, or remove it and run `python manage.py evaluate`."
        )
    missing = sorted(references.keys() - files.keys())
    if missing:
        raise Refused(f"{folder / method} has no image for the reference {missing[0]}.")
    stray = sorted(files.keys() - references.keys())
    if stray:
        raise Refused(f"{files[stray[0]]} has no reference: {folder / REFERENCE} has no image {stray[0]}.")


def _load(path: Path) -> Pixels:
    with refusing_value_errors():
        return images.load_rgb(path)


def _check_pixels(references: dict[str, Path], made: dict[str, dict[str, Path]]) -> None:
    """Read everything once before anything is recorded."""
    progress = Progress("checking images")
    for done, (name, path) in enumerate(references.items(), start=1):
        reference = _load(path)
        if min(reference.shape[:2]) < MINIMUM_PX:
            raise Refused(
                f"{path} has {reference.shape[1]} × {reference.shape[0]} pixels, "
                f"and SSIM needs {MINIMUM_PX} each way."
            )
        for files in made.values():
            pixels = _load(files[name])
            if pixels.shape != reference.shape:
                raise Refused(
                    f"{files[name]} has {pixels.shape[1]} × {pixels.shape[0]} pixels and its reference "
                    f"{reference.shape[1]} × {reference.shape[0]}: a pair must be equal in size."
                )
        progress.update(done, len(references))


def _record(dataset: str, references: dict[str, Path], made: dict[str, dict[str, Path]]) -> list[Output]:
    progress, outputs = Progress("recording images"), []
    total = len(references) * len(made)
    for name, path in references.items():
        pixels = _load(path)
        reference = record_reference(dataset, name, pixels)
        for method, files in made.items():
            outputs.append(record_pixels(reference, method, None, _load(files[name]), pixels, seconds=0.0))
            progress.update(len(outputs), total)
    return outputs
