"""The examples below the instructions: one image as it is and spoilt on purpose, each with its word."""

import io
from dataclasses import dataclass
from functools import lru_cache

from django.utils.translation import gettext as _
from PIL import Image, ImageFilter

from ratings import pngs
from ratings.methodologies import Picture
from ratings.models import Study
from ratings.services.showing import read_picture

# How far the blur reaches, as a share of the shorter side: plainly seen, and hardly anything left.
MILD, STRONG = 1 / 200, 1 / 50


@dataclass(frozen=True, slots=True)
class Example:
    """One picture, its size in pixels, its number from 1 on, and the word for its quality.

    `blur` is the share of the shorter side that its blur reaches, 0 for the reference itself.
    """

    number: int
    word: str
    width: int
    height: int
    reference: Picture
    blur: float


def examples_of(study: Study) -> tuple[Example, ...]:
    """The reference of the study's first image, and the same blurred a little and much.

    Blurred on purpose and by no method of the study, nor as its traps are: an example that raters judge
    afterwards would have told them the answer. Empty where the options ask for none.
    """
    first = study.stimuli.order_by("image", "pk").first() if study.setup.examples else None
    if first is None:
        return ()
    terms = [str(term) for term in study.asks.terms]
    words = ((terms[0], 0.0), (terms[2], MILD), (terms[-1], STRONG)) if terms else (
        (_("Better"), 0.0),
        (_("Worse"), STRONG),
    )  # fmt: skip
    reference = Picture(first.reference_file, first.reference_sha256)
    return tuple(
        Example(number, word, first.width, first.height, reference, blur)
        for number, (word, blur) in enumerate(words, start=1)
    )


def example_png(study: Study, number: int) -> bytes | None:
    """The file of one example, as long as the others'; None where there is none of this number.

    Raises: FilesChanged if the reference is not the one that was frozen.
    """
    examples = examples_of(study)
    if not 1 <= number <= len(examples):
        return None
    content = read_picture(examples[0].reference, study_id=study.pk)
    together = [_blurred(content, one.blur) for one in examples]
    return pngs.as_long_as_all(together[number - 1], together)


@lru_cache(maxsize=16)
def _blurred(png: bytes, share: float) -> bytes:
    with Image.open(io.BytesIO(png)) as picture:
        rgb = picture.convert("RGB")
    out = io.BytesIO()
    radius_px = share * min(rgb.size)
    (rgb.filter(ImageFilter.GaussianBlur(radius_px)) if share else rgb).save(out, format="PNG")
    return out.getvalue()
