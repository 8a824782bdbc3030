"""The photographs that come with the project's dependencies, as two data folders: to train on, to judge."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from distillation.sr.images import load_rgb, resize_bicubic, save_png

TRAINING_SET = "photos-train"
STUDY_SET = "photos"
CROP_PX = 256


@dataclass(frozen=True, slots=True)
class Photograph:
    """A file inside an installed package."""

    package: str
    file: str
    shrink: int = 1

    @property
    def stem(self) -> str:
        """The name without folder and ending."""
        return Path(self.file).stem


@dataclass(frozen=True, slots=True)
class Crop:
    """A square of CROP_PX pixels, its upper left corner at (x_px, y_px)."""

    name: str
    photograph: Photograph
    x_px: int
    y_px: int


def _skimage(file: str, shrink: int = 1) -> Photograph:
    return Photograph("skimage.data", file, shrink)


# Sources and licences of each: docs/datasets.md. No photograph is in both lists.
TRAINING = (
    _skimage("motorcycle_left.png"),
    _skimage("motorcycle_right.png"),
    # The retina scan is soft at its own size; at half of it there is detail for a network to learn.
    _skimage("retina.jpg", shrink=2),
    _skimage("ihc.png"),
    _skimage("hubble_deep_field.jpg"),
    _skimage("brick.png"),
    _skimage("grass.png"),
    _skimage("gravel.png"),
    _skimage("coins.png"),
    _skimage("moon.png"),
    Photograph("matplotlib", "mpl-data/sample_data/grace_hopper.jpg"),
)

_ASTRONAUT, _CAT, _COFFEE = _skimage("astronaut.png"), _skimage("chelsea.png"), _skimage("coffee.png")
_ROCKET, _CAMERA = _skimage("rocket.jpg"), _skimage("camera.png")
STUDY = (
    Crop("astronaut-face", _ASTRONAUT, 112, 0),
    Crop("astronaut-helmet", _ASTRONAUT, 256, 256),
    Crop("camera-man", _CAMERA, 130, 0),
    Crop("camera-tripod", _CAMERA, 256, 256),
    Crop("cat-left", _CAT, 0, 20),
    Crop("cat-right", _CAT, 195, 44),
    Crop("coffee-cup", _COFFEE, 74, 40),
    Crop("coffee-spoon", _COFFEE, 330, 130),
    Crop("rocket-lights", _ROCKET, 384, 171),
    Crop("rocket-tip", _ROCKET, 128, 20),
)


def write_photographs(root: Path, on_progress: Callable[[int, int], None] | None = None) -> None:
    """Write both sets below `root` as `NAME/HR/*.png`; a file that is there is left as it is.

    `on_progress` gets (files done, files in all).
    Raises: ValueError if a package no longer ships one of the photographs.
    """
    jobs: list[tuple[Path, Photograph, Crop | None]] = [
        (root / TRAINING_SET / "HR" / f"{photo.stem}.png", photo, None) for photo in TRAINING
    ]
    jobs += [(root / STUDY_SET / "HR" / f"{crop.name}.png", crop.photograph, crop) for crop in STUDY]
    for done, (path, photograph, crop) in enumerate(jobs, start=1):
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            pixels = _load(photograph)
            if crop is not None:
                pixels = pixels[crop.y_px : crop.y_px + CROP_PX, crop.x_px : crop.x_px + CROP_PX]
            save_png(path, pixels)
        if on_progress is not None:
            on_progress(done, len(jobs))


def _load(photograph: Photograph) -> NDArray[np.uint8]:
    resource = files(photograph.package).joinpath(photograph.file)
    if not resource.is_file():
        raise ValueError(
            f"{photograph.package} ships no {photograph.file}: install the versions of requirements.txt."
        )
    with as_file(resource) as path:
        pixels = load_rgb(path)
    if photograph.shrink == 1:
        return pixels
    height, width = pixels.shape[:2]
    return resize_bicubic(pixels, width // photograph.shrink, height // photograph.shrink)
