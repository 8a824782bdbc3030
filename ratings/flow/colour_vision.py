"""Shows six plates of coloured dots and asks for the number on each."""

import unicodedata
from functools import lru_cache
from typing import Any

import numpy as np
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from numpy.typing import NDArray

from ratings.flow.base import Step, seed_of
from ratings.flow.forms import words_of
from ratings.models import Rater
from ratings.study_options import StudyOptions
from ratings.vision.plates import Kind, Plate, draw_plate, judge, make_series

SIDE_PX = 360
LONGEST_ANSWER = 20


class ColourVision(Step):
    """How many plates the rater reads, and what that makes likely."""

    name = "colour_vision"
    asks = gettext_lazy("whether you tell red from green")

    def is_on(self, setup: StudyOptions) -> bool:
        """Where the option says so."""
        return setup.colour_vision

    def context(self, rater: Rater) -> dict[str, Any]:
        """The plates by number alone."""
        numbers = [str(place) for place, _plate in enumerate(_series(rater), start=1)]
        return {"plates": numbers, "side_px": SIDE_PX, "longest": LONGEST_ANSWER}

    def picture(self, rater: Rater, number: int) -> NDArray[np.uint8] | None:
        """One plate."""
        series = _series(rater)
        if not 1 <= number <= len(series):
            return None
        plate = series[number - 1]
        return _drawn(plate.kind, plate.text, plate.seed)

    def read(self, form: QueryDict, rater: Rater) -> dict[str, Any]:
        """How many plates were read as they are, of how many, what is suspected, and every answer.

        Raises: ValueError for a plate with neither a number nor a mark that none is seen.
        """
        series = _series(rater)
        answers = [_answer(form, number) for number in range(1, len(series) + 1)]
        found = judge(series, answers)
        return {
            "read": found.read,
            "of": found.of,
            "suspected": found.suspected,
            "plates": [
                {"kind": plate.kind, "text": plate.text, "answer": answer}
                for plate, answer in zip(series, answers, strict=True)
            ],
        }


def _series(rater: Rater) -> tuple[Plate, ...]:
    return make_series(seed_of(rater, "colour_vision"))


def _answer(form: QueryDict, number: int) -> str:
    said = words_of(form, f"number_{number}", most=LONGEST_ANSWER)
    if said:
        # A keyboard set to another script writes digits of its own.
        return "".join(str(unicodedata.decimal(one)) if one.isdecimal() else one for one in said)
    if f"nothing_{number}" in form:
        return ""
    raise ValueError(
        _("Please give the number on plate {number}, or mark that you see none.").format(number=number)
    )


@lru_cache(maxsize=64)
def _drawn(kind: Kind, text: str, seed: int) -> NDArray[np.uint8]:
    # A plate takes a fifth of a second to draw, and a page that is loaded again asks for it again.
    return draw_plate(kind, text, seed=seed, side_px=SIDE_PX)
