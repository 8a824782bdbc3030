"""Checks that the window shows the study's largest pictures whole, and which greys the screen tells apart."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from django.db.models import Max
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from numpy.typing import NDArray

from ratings.flow.base import NotPassed, Step
from ratings.flow.forms import count_of, number_of
from ratings.models import Rater
from ratings.study_options import StudyOptions
from ratings.vision import greys

# What lies beside and between the pictures of a trial in static/css/srstudy.css, in CSS pixels.
BESIDE_PX, BETWEEN_PX = 32, 40
# Fingers that have enlarged the page make one image pixel cover more than one of the screen.
PINCH_TOLERANCE = 0.01
FLAGS = ("coarse", "fine")
# Name and largest value of what the page measures.
SIZES = {"page_width": 100_000, "page_height": 100_000, "screen_width": 100_000, "screen_height": 100_000}


@dataclass(frozen=True, slots=True)
class Needed:
    """What the study's largest trial takes: image pixels, how many pictures at once, and the space around."""

    picture_width: int
    picture_height: int
    pictures: int

    @property
    def beside_css_px(self) -> int:
        """The space beside and between the pictures, in CSS pixels."""
        return BESIDE_PX + BETWEEN_PX * (self.pictures - 1)

    def width_px(self, ratio: float) -> float:
        """Device pixels across, at so many device pixels a CSS pixel."""
        return self.picture_width * self.pictures + self.beside_css_px * ratio


class DisplayCheck(Step):
    """The window, the zoom, the kind of pointer, and two strips of greys."""

    name = "display_check"
    asks = gettext_lazy(
        "the size and kind of your screen and window, and which greys you can tell apart on it"
    )
    of_device = True

    def is_on(self, setup: StudyOptions) -> bool:
        """Where the option says so."""
        return setup.display_check

    def context(self, rater: Rater) -> dict[str, Any]:
        """What is needed, and the sentences of the page's script."""
        needed = _needed(rater)
        return {
            "needed": needed,
            "texts": _sentences(),
            "measured": (*SIZES, "device_pixel_ratio", "pinch", "zoom_hint", "touch_points", *FLAGS),
            "counts": range(len(greys.LEVELS) + 1),
            "strips": (
                ("dark", 1, _("How many squares can you see on the black strip?")),
                ("light", 2, _("How many squares can you see on the white strip?")),
            ),
        }

    def picture(self, rater: Rater, number: int) -> NDArray[np.uint8] | None:
        """The strip near black, or the one near white."""
        return greys.draw_steps(greys.SIDES[number - 1]) if 1 <= number <= len(greys.SIDES) else None

    def read(self, form: QueryDict, rater: Rater) -> dict[str, Any]:
        """What was measured and how many squares of each strip are seen.

        Raises: ValueError if nothing was measured; NotPassed if the window is too small for the largest
        pictures, the page is enlarged, or fingers are the only pointer of a study that does without them.
        """
        measured = _measured(form)
        _refuse_unfit(measured, rater)
        needed = _needed(rater)
        found = measured | {
            "needed_width": round(needed.width_px(measured["device_pixel_ratio"])),
            "needed_height": needed.picture_height,
        }
        for side in greys.SIDES:
            problem = _("Please say how many squares you see on each strip; 0 is an answer too.")
            count = count_of(form, f"{side}_seen", most=len(greys.LEVELS), problem=problem)
            steps = asdict(greys.judge(greys.LEVELS, count))
            found |= {f"{side}_{name}": value for name, value in steps.items()}
        return found


def _needed(rater: Rater) -> Needed:
    study = rater.study
    largest = study.stimuli.aggregate(width=Max("width"), height=Max("height"))
    at_once = study.asks.pictures if study.setup.display == "side_by_side" else 1
    return Needed(largest["width"] or 1, largest["height"] or 1, at_once)


def _sentences() -> dict[str, str]:
    room = _(
        "Your window shows {page_width} × {page_height} pixels of the screen. The pictures need "
        "{needed_width} × {needed_height}."
    )
    return {
        "fits": _("{room} That is enough.").replace("{room}", room),
        "small": _(
            "{room} Please make the window larger or zoom out. If your screen is too small for that, please "
            "take part on a larger one."
        ).replace("{room}", room),
        "pinched": _("The page is enlarged. Please bring it back to its own size with two fingers."),
        "touch": _("This study needs a mouse or a touchpad. Please take part on a device that has one."),
    }


def _measured(form: QueryDict) -> dict[str, Any]:
    problem = _("Your window could not be measured. Please switch JavaScript on and reload the page.")
    found: dict[str, Any] = {
        name: round(number_of(form, name, low=1, high=most, problem=problem)) for name, most in SIZES.items()
    }
    found["device_pixel_ratio"] = number_of(form, "device_pixel_ratio", low=0.1, high=20, problem=problem)
    found["pinch"] = number_of(form, "pinch", low=0.1, high=100, problem=problem)
    # Outer over inner width hints at the page's zoom; 0 where the browser does not tell.
    found["zoom_hint"] = round(number_of(form, "zoom_hint", low=0, high=100, problem=problem), 3)
    found["touch_points"] = count_of(form, "touch_points", most=1000, problem=problem)
    for name in FLAGS:
        if form.get(name) not in ("yes", "no"):
            raise ValueError(problem)
        found[name] = form[name] == "yes"
    return found


def _refuse_unfit(measured: dict[str, Any], rater: Rater) -> None:
    sentences, needed = _sentences(), _needed(rater)
    if measured["coarse"] and not measured["fine"] and not rater.study.setup.touch:
        raise NotPassed(sentences["touch"], measured)
    if abs(measured["pinch"] - 1) > PINCH_TOLERANCE:
        raise NotPassed(sentences["pinched"], measured)
    ratio = measured["device_pixel_ratio"]
    width_px, height_px = (round(measured[name] * ratio) for name in ("page_width", "page_height"))
    needed_px = round(needed.width_px(ratio))
    if width_px < needed_px or height_px < needed.picture_height:
        said = sentences["small"].format(
            page_width=width_px,
            page_height=height_px,
            needed_width=needed_px,
            needed_height=needed.picture_height,
        )
        raise NotPassed(said, measured)
