"""A study of real photographs: five crops of those that scikit-image brings, each blurred twice."""

import hashlib
import io
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings as django_settings
from django.db import transaction
from PIL import Image as Picture
from PIL import ImageFilter

from distillation.models import Image, Output
from distillation.queries import PROTOCOL
from ratings.models import Study
from ratings.services import studies

# Names that stand on no page for another reason, so that finding one in a page tells something.
DATASET = "skimage"
METHODS = {"light-blur": 1.0, "strong-blur": 2.2}  # the radius in pixels
CROPS = {  # file of skimage.data, and the crop's upper left corner
    "astronaut-face": ("astronaut.png", 112, 0),
    "cat-left": ("chelsea.png", 40, 20),
    "coffee-cup": ("coffee.png", 110, 40),
    "astronaut-helmet": ("astronaut.png", 256, 256),
    "coffee-spoon": ("coffee.png", 330, 130),
}
SIDE_PX = 256


@transaction.atomic
def make_gallery(
    *, images: int, methodology: str = "dscqs", options: dict[str, Any] | None = None, slug: str = "gallery"
) -> Study:
    """An open study of so many images by two methods."""
    outputs = [output for name in list(CROPS)[:images] for output in _outputs(name)]
    study = studies.create_study(
        slug=slug,
        title="Sharpness of photographs",
        outputs=outputs,
        seed=11,
        methodology=methodology,
        options=options or {},
    )
    studies.open_study(study)
    return study


@cache
def _pictures(name: str) -> dict[str, bytes]:
    """Path and PNG file of a crop and of what the methods made of it; encoding them takes the most time."""
    file, x_px, y_px = CROPS[name]
    whole = Picture.open(io.BytesIO(files("skimage.data").joinpath(file).read_bytes())).convert("RGB")
    crop = whole.crop((x_px, y_px, x_px + SIDE_PX, y_px + SIDE_PX))
    made = {f"images/{DATASET}/{name}.png": crop}
    for method, radius_px in METHODS.items():
        made[f"outputs/{method}/{DATASET}/{name}.png"] = crop.filter(ImageFilter.GaussianBlur(radius_px))
    return {path: _png(picture) for path, picture in made.items()}


def _png(picture: Picture.Image) -> bytes:
    out = io.BytesIO()
    # By way of an array, or the photograph's colour profile comes along, on one side or on both.
    Picture.fromarray(np.asarray(picture)).save(out, format="PNG")
    return out.getvalue()


def _outputs(name: str) -> list[Output]:
    recorded = [{"file": file, "sha256": _write(file, png)} for file, png in _pictures(name).items()]
    size = {"width": SIDE_PX, "height": SIDE_PX}
    image = Image.objects.create(dataset=DATASET, name=name, **recorded[0], **size)
    return [
        Output.objects.create(
            image=image,
            method=method,
            **recorded[rank],
            **size,
            psnr_y=35.0 - 4 * rank,
            ssim_y=1 - rank / 10,
            psnr_rgb=30.0,
            ssim_rgb=0.8,
            gmsd=0.1,
            psnr_wrapped=28.0,
            lr_psnr=40.0,
            high_frequency=0.5,
            protocol=PROTOCOL,
            seconds=0.01,
            code_version="test",
        )
        for rank, method in enumerate(METHODS, start=1)
    ]


def _write(file: str, png: bytes) -> str:
    """Write a file below MEDIA_ROOT; answers its SHA-256."""
    path = Path(django_settings.MEDIA_ROOT) / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(png)
    return hashlib.sha256(png).hexdigest()
