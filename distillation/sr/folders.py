"""What a data folder holds: its images and their reduced versions, paired by name, and how a pair is read."""

import re
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image, UnidentifiedImageError

from distillation.sr import images
from distillation.sr.images import Pixels

IMAGE_SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".gif", ".ppm", ".pgm"}
)
OnBad = Literal["refuse", "skip"]
OnProgress = Callable[[int, int], None]
_LR_NAME = re.compile(r"LRx\d+")


@dataclass(frozen=True, slots=True)
class Pair:
    """An image's file and that of its reduced version, which is None where it is to be made."""

    hr: Path
    lr: Path | None

    @property
    def name(self) -> str:
        """What the image is called: its file without the ending."""
        return self.hr.stem


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFolder:
    """The pairs of a data folder in the order of their names; `bad` says of each other file what is wrong."""

    hr_folder: Path
    pairs: tuple[Pair, ...]
    bad: tuple[str, ...]

    def refuse_bad(self, sentences: Iterable[str], on_bad: OnBad) -> None:
        """Raises: ValueError with the first of these sentences, unless bad files are skipped."""
        first = next(iter(sentences), None)
        if first is not None and on_bad == "refuse":
            raise ValueError(f"{self.hr_folder}: {first}")

    def state(self) -> list[list[str | int]]:
        """Name, size in bytes and time of change in ns of every file, which change when an image does."""
        files = [file for pair in self.pairs for file in (pair.hr, pair.lr) if file is not None]
        found: list[list[str | int]] = []
        for file in files:
            stat = file.stat()
            found.append([f"{file.parent.name}/{file.name}", stat.st_size, stat.st_mtime_ns])
        return found


def list_folder(path: Path, *, scale: int) -> DataFolder:
    """Find the images of `path/HR` with optional `path/LRx4`, or those in `path` itself; none is opened.

    Files that are not named like an image, and hidden ones, are ignored.
    Raises: ValueError in one sentence if the folder is missing or may not be read, holds reduced images
    for other scales alone, or two images share a name.
    """
    path = Path(path)
    if not path.is_dir():
        raise ValueError(f"There is no folder {path}.")
    try:
        return _list_folder(path, f"LRx{scale}")
    except PermissionError as error:
        raise ValueError(f"{error.filename or path} may not be read by this user.") from error


def _list_folder(path: Path, lr_name: str) -> DataFolder:
    hr_folder, lr_folder = path / "HR", path / lr_name
    for folder in (hr_folder, lr_folder):
        if folder.exists() and not folder.is_dir():
            raise ValueError(f"{folder} is a file and not a folder of images.")
    if _LR_NAME.fullmatch(path.name):
        raise ValueError(f"{path} holds reduced images; give the folder of the originals, or the one above.")
    if not hr_folder.is_dir():
        hr_folder = path
    files, bad = _image_files(hr_folder)
    reduced = sorted(one.name for one in path.iterdir() if one.is_dir() and _LR_NAME.fullmatch(one.name))
    if reduced and not files and not bad:
        raise ValueError(f"{path} holds {reduced[0]} and no originals; they belong in {path / 'HR'}.")
    if lr_name not in reduced:
        if reduced:
            raise ValueError(
                f"{path} holds {reduced[0]} and no {lr_name}, and x{lr_name[3:]} alone is offered; to have "
                f"{lr_name} made from the originals, move {reduced[0]} away."
            )
        return DataFolder(hr_folder=hr_folder, pairs=_pairs(files, None), bad=tuple(bad))
    lr_files, lr_bad = _image_files(lr_folder)
    bad += lr_bad
    bad += [f"{file.name} has no image of its name in {lr_name}." for file in _without(files, lr_files)]
    bad += [f"{lr_name}/{file.name} has no original of its name." for file in _without(lr_files, files)]
    return DataFolder(hr_folder=hr_folder, pairs=_pairs(files, lr_files), bad=tuple(bad))


def _image_files(folder: Path) -> tuple[dict[str, Path], list[str]]:
    """Files by the names of their images, and a sentence for each that is a link to nothing."""
    found: dict[str, Path] = {}
    bad = []
    for file in sorted(folder.iterdir()):
        if file.name.startswith(".") or file.suffix.lower() not in IMAGE_SUFFIXES or file.is_dir():
            continue
        if not file.is_file():
            bad.append(f"{file.name} is no file, or a link to one that does not exist.")
            continue
        if file.stem in found:
            raise ValueError(f"{folder} holds {found[file.stem].name} and {file.name}; one name, one image.")
        found[file.stem] = file
    return found, bad


def _without(files: dict[str, Path], partners: dict[str, Path]) -> list[Path]:
    return [file for name, file in files.items() if name not in partners]


def _pairs(files: dict[str, Path], lr_files: dict[str, Path] | None) -> tuple[Pair, ...]:
    if lr_files is None:
        return tuple(Pair(file, None) for file in files.values())
    return tuple(Pair(file, lr_files[name]) for name, file in files.items() if name in lr_files)


def read_pairs(
    folder: DataFolder, *, scale: int, on_bad: OnBad, skipped: list[str], on_progress: OnProgress
) -> Iterator[tuple[Pair, Pixels, Pixels]]:
    """Decode pair after pair; `skipped` gets a sentence for each that is left out, those of `bad` first.

    `on_progress` gets (pairs done, pairs in all).
    Raises: ValueError in one sentence if one cannot be used and `on_bad` is `refuse`, or none can be used.
    """
    folder.refuse_bad(folder.bad, on_bad)
    skipped += folder.bad
    usable = 0
    for done, pair in enumerate(folder.pairs, start=1):
        try:
            hr, lr = read_pair(pair, scale=scale)
        except ValueError as error:
            folder.refuse_bad([str(error)], on_bad)
            skipped.append(str(error))
        else:
            usable += 1
            yield pair, hr, lr
        on_progress(done, len(folder.pairs))
    if not usable:
        raise nothing_usable(folder, skipped)


def nothing_usable(folder: DataFolder, reasons: list[str]) -> ValueError:
    """The error of a folder without a single image that can be used."""
    reason = f": {reasons[0]}" if reasons else "."
    return ValueError(f"The folder {folder.hr_folder} holds no image that can be used{reason}")


def read_pair(pair: Pair, *, scale: int) -> tuple[Pixels, Pixels]:
    """Decode a pair: HR cropped to a multiple of `scale`, LR from its file or reduced as MATLAB would.

    Raises: ValueError in one sentence if a file cannot be used, HR is under `scale` px a side, or LR is of
    another size.
    """
    hr = np.ascontiguousarray(images.modcrop(images.load_rgb(pair.hr), scale))
    height, width = hr.shape[0] // scale, hr.shape[1] // scale
    if min(height, width) < 1:
        raise ValueError(f"{pair.hr.name} has less than {scale} px a side.")
    if pair.lr is None:
        return hr, images.downscale(hr, scale)
    lr = images.load_rgb(pair.lr)
    if lr.shape[:2] != (height, width):
        raise ValueError(
            f"{pair.hr.name} needs an LR image of {width} x {height} px, not {lr.shape[1]} x {lr.shape[0]}."
        )
    return hr, lr


def decoded_bytes(pairs: Iterable[Pair], *, scale: int) -> int:
    """About how many bytes the pairs take when they are decoded, from the files' first lines alone.

    What cannot be opened counts nothing; reading it will tell.
    """
    total = 0.0
    for pair in pairs:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", Image.DecompressionBombWarning)
                with Image.open(pair.hr) as opened:
                    total += 3 * opened.width * opened.height * (1 + 1 / scale**2)
        except (OSError, ValueError, SyntaxError, UnidentifiedImageError, Image.DecompressionBombError):
            continue
    return int(total)
