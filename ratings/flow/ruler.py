"""Measures the screen with a bank card, and asks how far away the eyes are."""

from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ratings.flow.base import Step
from ratings.flow.forms import number_of
from ratings.models import Rater
from ratings.study_options import StudyOptions
from ratings.vision.acuity import FARTHEST_MM, NEAREST_MM
from ratings.vision.ruler import LARGEST_RATIO, LEAST_RATIO, px_per_mm

USUAL_DISTANCE_CM = 60
# What the slider can reach, in CSS pixels: from a large television to a fine screen zoomed in.
SMALLEST_CARD_PX, LARGEST_CARD_PX, FIRST_CARD_PX = 100, 1400, 324


class Ruler(Step):
    """Device pixels a millimetre, and the viewing distance."""

    name = "ruler"
    asks = gettext_lazy("the size of your screen and how far you sit from it")
    of_device = True

    def is_on(self, setup: StudyOptions) -> bool:
        """Where the option says so."""
        return setup.ruler

    def context(self, rater: Rater) -> dict[str, Any]:
        """The slider's ends and the distance to begin with."""
        return {
            "smallest_px": SMALLEST_CARD_PX,
            "largest_px": LARGEST_CARD_PX,
            "first_px": FIRST_CARD_PX,
            "nearest_cm": round(NEAREST_MM / 10),
            "farthest_cm": round(FARTHEST_MM / 10),
            "usual_cm": USUAL_DISTANCE_CM,
        }

    def read(self, form: QueryDict, rater: Rater) -> dict[str, Any]:
        """`px_per_mm` in device pixels, what it was made of, and `distance_mm`.

        Raises: ValueError for numbers that no screen and no rater has.
        """
        ratio = number_of(
            form,
            "device_pixel_ratio",
            low=LEAST_RATIO,
            high=LARGEST_RATIO,
            problem=_("Your screen could not be measured. Please switch JavaScript on and reload the page."),
        )
        wrong_card = _("No screen shows a card in this size. Please make the frame as wide as your card.")
        card_css_px = number_of(form, "card_css_px", low=1, high=100_000, problem=wrong_card)
        try:
            density = px_per_mm(card_css_px, device_pixel_ratio=ratio)
        except ValueError:
            raise ValueError(wrong_card) from None
        distance_cm = number_of(
            form,
            "distance_cm",
            low=NEAREST_MM / 10,
            high=FARTHEST_MM / 10,
            problem=_("Please give the distance in centimetres, from {nearest} to {farthest}.").format(
                nearest=round(NEAREST_MM / 10), farthest=round(FARTHEST_MM / 10)
            ),
        )
        return {
            "px_per_mm": round(density, 4),
            "card_css_px": card_css_px,
            "device_pixel_ratio": ratio,
            "distance_mm": round(distance_cm * 10, 1),
        }
