"""Makes the stimuli of a study: whole images or crops, with the degraded images that its traps show."""

import hashlib
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from django.conf import settings
from numpy.typing import NDArray
from PIL import Image as Picture

from distillation.models import Image, Output
from ratings.crops import Crop, cut, propose_crop
from ratings.degraded import degrade
from ratings.models import Stimulus, Study
from srstudy.errors import Refused
from srstudy.files import write_texts

Pixels = NDArray[np.uint8]

TAKEN_NAMES = frozenset({"reference", "degraded"})


def propose_crops(images: Sequence[Image], *, width_px: int, height_px: int) -> dict[str, Crop]:
    """The most detailed region of so many pixels of every image that is larger; the others stay whole.

    Raises: Refused for an impossible size, OSError if a file cannot be read.
    """
    if min(width_px, height_px) < 1:
        raise Refused(f"A crop of {width_px}×{height_px} pixels is none.")
    found = {}
    for image in images:
        width, height = min(width_px, image.width), min(height_px, image.height)
        if (width, height) != (image.width, image.height):
            pixels = _pixels(image.file, image.sha256)
            found[image.label] = propose_crop(pixels, width_px=width, height_px=height)
    return found


def make_stimuli(study: Study, outputs: Sequence[Output], crops: Mapping[str, Crop]) -> None:
    """Store a stimulus for each output. `crops` are by the label of the image, the same for all methods.

    Raises: Refused if a method has the name of something else, a pair differs in size, or a crop is of no
    image here or reaches outside it.
    """
    taken = TAKEN_NAMES & {output.method for output in outputs}
    if taken:
        raise Refused(
            f"A method is called {min(taken)!r}, which in the files names what hidden references and traps "
            "show: give it another name."
        )
    unknown = set(crops) - {output.image.label for output in outputs}
    if unknown:
        raise Refused(f"A crop is given for {min(unknown)!r}, which is none of the study's images.")
    with_traps = study.setup.degraded_traps > 0
    degraded = {
        image: _degraded_of(study, image, crops.get(image.label))
        for image in dict.fromkeys(output.image for output in outputs if with_traps)
    }
    stimuli = []
    for output in outputs:
        stimulus = _stimulus(study, output, crops.get(output.image.label))
        if output.image in degraded:
            stimulus.degraded_file, stimulus.degraded_sha256 = degraded[output.image]
        stimuli.append(stimulus)
    Stimulus.objects.bulk_create(stimuli)


def _stimulus(study: Study, output: Output, crop: Crop | None) -> Stimulus:
    reference = output.image
    if (reference.width, reference.height) != (output.width, output.height):
        raise Refused(
            f"{output} has {output.width} × {output.height} pixels and its reference "
            f"{reference.width} × {reference.height}: a pair must be equal in size."
        )
    stimulus = Stimulus(
        study=study,
        image=reference.label,
        method=output.method,
        output=output,
        reference_file=reference.file,
        reference_sha256=reference.sha256,
        test_file=output.file,
        test_sha256=output.sha256,
        width=output.width,
        height=output.height,
        psnr=output.psnr_y,
        ssim=output.ssim_y,
    )
    if crop is not None:
        if not crop.within(width_px=reference.width, height_px=reference.height):
            raise Refused(
                f"The crop {crop} reaches outside {reference.label}, which has {reference.width}×"
                f"{reference.height} pixels."
            )
        stimulus.reference_file, stimulus.reference_sha256 = _cut_file(reference, crop)
        stimulus.test_file, stimulus.test_sha256 = _cut_file(output, crop)
        stimulus.crop_x, stimulus.crop_y = crop.x_px, crop.y_px
        stimulus.width, stimulus.height = crop.width_px, crop.height_px
    return stimulus


def _cut_file(scored: Image | Output, crop: Crop) -> tuple[str, str]:
    return _write("crops", cut(_pixels(scored.file, scored.sha256), crop))


def _degraded_of(study: Study, image: Image, crop: Crop | None) -> tuple[str, str]:
    pixels = _pixels(image.file, image.sha256)
    try:
        made = degrade(cut(pixels, crop) if crop is not None else pixels)
    except ValueError as error:
        raise Refused(
            f"degraded_traps is {study.setup.degraded_traps}, and {image.label}: {error}"
        ) from error
    return _write("degraded", made)


def _pixels(file: str, sha256: str) -> Pixels:
    """The pixels of a file that was scored. Raises: Refused if it is missing or another one."""
    path = Path(settings.MEDIA_ROOT) / file
    refuse_changed_file(file, sha256)
    with Picture.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


def refuse_changed_file(file: str, sha256: str) -> None:
    """Raises: Refused if the file is missing or is not the one that was recorded, with what helps."""
    path = Path(settings.MEDIA_ROOT) / file
    if not path.is_file():
        raise Refused(f"{path} is missing; make it again with `python manage.py evaluate`.")
    if hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
        raise Refused(
            f"{path} is not the file that was scored; remove it and run `python manage.py evaluate`."
        )


def _write(folder: str, pixels: Pixels) -> tuple[str, str]:
    """Write a PNG below MEDIA_ROOT under a name made of its bytes; answers the name and their SHA-256.

    Under such a name no study's file is ever written over by that of another one.
    """
    out = io.BytesIO()
    Picture.fromarray(pixels).save(out, format="PNG")
    sha256 = hashlib.sha256(out.getvalue()).hexdigest()
    file = f"{folder}/{sha256}.png"
    path = Path(settings.MEDIA_ROOT) / file
    path.parent.mkdir(parents=True, exist_ok=True)
    write_texts({path: out.getvalue()})
    return file, sha256
