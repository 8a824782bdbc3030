"""The examples below the instructions: one image at its best and at its worst, each with its word."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from ratings import pngs
from ratings.methodologies import Picture
from ratings.models import Study
from ratings.services.showing import read_picture


@dataclass(frozen=True, slots=True)
class Example:
    """One picture, its size in pixels, its number from 1 on, and the word for its quality."""

    number: int
    word: str
    width: int
    height: int
    picture: Picture


def examples_of(study: Study) -> tuple[Example, ...]:
    """The reference and the method with the lowest PSNR of the image in which that is.

    The worst stimulus of the study and not a degraded image of its traps: the examples span what is going to
    be judged, and give no trap away. Empty where the options ask for none.
    """
    worst = study.stimuli.order_by("psnr", "image", "method").first() if study.setup.examples else None
    if worst is None:
        return ()
    terms = study.asks.terms
    best_word, worst_word = (str(terms[0]), str(terms[-1])) if terms else (_("Better"), _("Worse"))
    shown = (
        (best_word, Picture(worst.reference_file, worst.reference_sha256)),
        (worst_word, Picture(worst.test_file, worst.test_sha256)),
    )
    return tuple(
        Example(number, word, worst.width, worst.height, picture)
        for number, (word, picture) in enumerate(shown, start=1)
    )


def example_png(study: Study, number: int) -> bytes | None:
    """The file of one example, as long as the other's; None where there is none of this number.

    Raises: FilesChanged if a file is not the one that was frozen.
    """
    examples = examples_of(study)
    if not 1 <= number <= len(examples):
        return None
    together = [read_picture(one.picture, study_id=study.pk) for one in examples]
    return pngs.as_long_as_all(together[number - 1], together)
