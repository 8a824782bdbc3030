"""Shows rings with a gap, as large as the screen and the distance ask for, and asks where the gap is."""

from typing import Any

import numpy as np
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from numpy.typing import NDArray

from ratings.flow.base import Step, seed_of
from ratings.models import Rater
from ratings.study_options import StudyOptions
from ratings.vision.acuity import ORIENTATIONS, PER_LINE, Line, draw_landolt, judge, lines, screen_limit


class Acuity(Step):
    """The smallest line of rings that the rater reads."""

    name = "acuity"
    asks = gettext_lazy("how fine a detail your eyes see on this screen")

    def is_on(self, setup: StudyOptions) -> bool:
        """Where the option says so."""
        return setup.acuity

    def context(self, rater: Rater) -> dict[str, Any]:
        """The lines, each ring with its number and its size in device pixels; the gaps are not told."""
        chart, distance_mm = _chart(rater)
        return {
            "lines": [
                {
                    "number": place + 1,
                    "side_px": 7 * line.gap_px,
                    "rings": [str(1 + place * PER_LINE + ring) for ring in range(PER_LINE)],
                }
                for place, line in enumerate(chart)
            ],
            "distance_cm": round(distance_mm / 10),
            "sides": {
                "up": _("up"),
                "left": _("left"),
                "none": _("I cannot tell"),
                "right": _("right"),
                "down": _("down"),
            },
        }

    def picture(self, rater: Rater, number: int) -> NDArray[np.uint8] | None:
        """One ring."""
        chart, _distance_mm = _chart(rater)
        rings = [(line.gap_px, gap) for line in chart for gap in line.orientations]
        return draw_landolt(*rings[number - 1]) if 1 <= number <= len(rings) else None

    def read(self, form: QueryDict, rater: Rater) -> dict[str, Any]:
        """The acuity in logMAR, whether the screen set its limit, and what was right in each line.

        Raises: ValueError before the ruler, or for an answer that is no direction.
        """
        chart, _distance_mm = _chart(rater)
        if not chart:
            raise ValueError(_("Please set the size of the card first."))
        answers = [
            [form.get(f"ring_{1 + place * PER_LINE + ring}", "") for ring in range(PER_LINE)]
            for place in range(len(chart))
        ]
        if not all(answer in ("", *ORIENTATIONS) for line in answers for answer in line):
            raise ValueError(_("An answer is none of the four directions. Please choose again."))
        found = judge(chart, answers)
        limit = screen_limit(chart)
        return {
            "logmar": None if found.logmar is None else round(found.logmar, 3),
            "limit": found.limit,
            "normal": found.normal,
            "screen_limit": None if limit is None else round(limit, 3),
            "lines": [_counted(line, said) for line, said in zip(chart, answers, strict=True)],
        }


def _chart(rater: Rater) -> tuple[tuple[Line, ...], float]:
    """The rater's chart and distance in mm; no lines before the ruler."""
    ruler = rater.steps.filter(step="ruler").first()
    if ruler is None:
        return (), 0.0
    distance_mm = float(ruler.content["distance_mm"])
    density = float(ruler.content["px_per_mm"])
    return lines(distance_mm=distance_mm, px_per_mm=density, seed=seed_of(rater, "acuity")), distance_mm


def _counted(line: Line, said: list[str]) -> dict[str, Any]:
    right = sum(gap == answer for gap, answer in zip(line.orientations, said, strict=True))
    return {
        "logmar": round(line.logmar, 3),
        "gap_px": line.gap_px,
        "right": right,
        "of": len(line.orientations),
    }
