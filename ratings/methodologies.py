"""The ways of asking: what each shows a rater, what it asks, and what one answer means.

A further one is a class here, a template of its controls, and a test.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ratings import texts
from ratings.analysis.methodologies import REFERENCE
from ratings.playlist import StimulusKey
from ratings.study_options import DISPLAYS, StudyOptions
from srstudy.errors import Refused

if TYPE_CHECKING:
    from rest_framework import serializers

    from ratings.models import Trial

LEFT, RIGHT = "left", "right"
SCORES = (0.0, 100.0)
CATEGORIES = (1.0, 5.0)


@dataclass(frozen=True, slots=True)
class Entry:
    """Something a playlist orders: a stimulus, a hidden reference, or two methods of one image."""

    image: str
    method: str
    stimulus_id: int
    other_id: int | None = None
    shown: str = "test"


@dataclass(frozen=True, slots=True)
class Picture:
    """A file below MEDIA_ROOT as it was frozen."""

    file: str
    sha256: str


class Sided(Protocol):
    """A trial, as far as an answer asks what stood where."""

    @property
    def reference_side(self) -> str:
        """`left` or `right`; empty where there was no side, or it is not known."""

    @property
    def side_a(self) -> str:
        """Where method a of a paired comparison stood."""


class Methodology(ABC):
    """One way of asking, behind which all of them look alike.

    `pictures` are shown at a time or in turn, on the displays named; `scale` are the ends of the scale that
    a rater answers on, None where nothing is scored. `instructions` are what raters read where a study's
    maker wrote nothing of their own. `analysed_as` names what the answers mean in `ratings.analysis`.
    """

    key: ClassVar[str]
    label: ClassVar[str]
    asked: ClassVar[str]  # for researchers, after the label
    pictures: ClassVar[int] = 2
    displays: ClassVar[tuple[str, ...]] = DISPLAYS
    scale: ClassVar[tuple[float, float] | None] = CATEGORIES
    terms: ClassVar[tuple[Promise | str, ...]] = ()  # best first
    instructions: ClassVar[str]
    analysed_as: ClassVar[str]

    def instructions_for(self, setup: StudyOptions) -> str:
        """Our own instructions for this way of asking and showing, in English."""
        more = texts.OTHER_DISPLAYS.get(setup.display)
        return f"{self.instructions}\n\n{more}" if more else self.instructions

    @property
    def template(self) -> str:
        """The template of the controls below the pictures."""
        return f"ratings/methodologies/{self.key}.html"

    def refuse_options(self, setup: StudyOptions) -> None:
        """Raises: Refused for options that mean nothing in this methodology."""
        if setup.display not in self.displays:
            raise Refused(
                f"display is {setup.display}, and {self.label} shows pictures {' or '.join(self.displays)}."
            )
        if setup.ties:
            raise Refused(f"ties is on, and {self.label} has none: they belong to paired comparison.")

    def entries(self, stimuli: Sequence[StimulusKey]) -> list[Entry]:
        """What the study's stimuli give to be judged, each once a rater."""
        return [Entry(image=one.image, method=one.method, stimulus_id=one.id) for one in stimuli]

    def sides(self, side: str) -> dict[str, str]:
        """The columns of a trial that say what stood where, from the side that the playlist drew."""
        return {"reference_side": side}

    def shown_pictures(self, trial: Trial) -> tuple[Picture, ...]:
        """The pictures of a trial in the order of the page: left, right; or the only one."""
        pair = (reference_of(trial), in_place_of_test(trial))
        return pair if trial.reference_side == LEFT else pair[::-1]

    @abstractmethod
    def answer_fields(self, setup: StudyOptions) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """What the page sends, for the serializer of answers."""

    @abstractmethod
    def stored(self, trial: Sided, given: Mapping[str, Any], setup: StudyOptions) -> dict[str, Any]:
        """The columns of a rating that hold this answer.

        Raises: Refused for an answer that is none, or is off the scale.
        """


def reference_of(trial: Trial) -> Picture:
    """The reference of a trial's image."""
    return Picture(trial.stimulus.reference_file, trial.stimulus.reference_sha256)


def in_place_of_test(trial: Trial) -> Picture:
    """What a trial shows where otherwise the test image stands."""
    stimulus = trial.stimulus
    return {
        "test": Picture(stimulus.test_file, stimulus.test_sha256),
        "reference": reference_of(trial),
        "degraded": Picture(stimulus.degraded_file, stimulus.degraded_sha256),
    }[trial.shown]


class Dscqs(Methodology):
    """Both pictures are scored blind on a continuous scale. Source: ITU-R BT.500, DSCQS; self-paced."""

    key = analysed_as = "dscqs"
    instructions = texts.DSCQS
    label = "DSCQS"
    asked = "two blind continuous scales, 0 to 100"
    scale = SCORES
    terms = (_("Excellent"), _("Good"), _("Fair"), _("Poor"), _("Bad"))

    def answer_fields(self, setup: StudyOptions) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """A score for each side."""
        from ratings.number_field import NumberField

        low, high = SCORES
        return {name: NumberField(min_value=low, max_value=high) for name in ("left_score", "right_score")}

    def stored(self, trial: Sided, given: Mapping[str, Any], setup: StudyOptions) -> dict[str, Any]:
        """The score of the reference and that of the test image."""
        left, right = (_on_scale(given[name], SCORES) for name in ("left_score", "right_score"))
        if not trial.reference_side:  # of an imported rating, which nobody answers here
            raise Refused("This pair was not rated here.")
        if trial.reference_side == LEFT:
            return {"reference_score": left, "test_score": right}
        return {"reference_score": right, "test_score": left}


class _Categories(Methodology):
    """One of five categories is chosen, 5 the best."""

    def answer_fields(self, setup: StudyOptions) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """The number of the category."""
        from rest_framework import serializers

        low, high = CATEGORIES
        return {"score": serializers.IntegerField(min_value=int(low), max_value=int(high))}

    def stored(self, trial: Sided, given: Mapping[str, Any], setup: StudyOptions) -> dict[str, Any]:
        """The category as the score."""
        score = _on_scale(given["score"], CATEGORIES)
        if score != int(score):
            raise Refused(f"A score is {score}, which is none of the categories 1 to 5.")
        return {"score": score}


class Dsis(_Categories):
    """The reference is named and comes first; the impairment of the other picture is rated.

    Source: ITU-R BT.500, DSIS; ITU-T P.910, DCR.
    """

    key = analysed_as = "dsis"
    instructions = texts.DSIS
    label = "DSIS"
    asked = "the reference named and first, five grades of impairment"
    terms = (
        _("Imperceptible"),
        _("Perceptible, but not annoying"),
        _("Slightly annoying"),
        _("Annoying"),
        _("Very annoying"),
    )

    def sides(self, side: str) -> dict[str, str]:
        """The reference is always the first."""
        return {"reference_side": LEFT}


class AcrHr(_Categories):
    """One picture at a time is rated, the references among them unannounced. Source: ITU-T P.910, ACR-HR."""

    key = analysed_as = "acr_hr"
    instructions = texts.ACR_HR
    label = "ACR-HR"
    asked = "one picture at a time, five grades of quality, hidden references"
    pictures = 1
    displays = (DISPLAYS[0],)
    terms = Dscqs.terms

    def refuse_options(self, setup: StudyOptions) -> None:
        """Raises: Refused for options of pairs."""
        super().refuse_options(setup)
        if setup.reference_traps:
            raise Refused(
                f"reference_traps is {setup.reference_traps}, and ACR-HR shows no pairs: its hidden "
                "references do the same."
            )

    def entries(self, stimuli: Sequence[StimulusKey]) -> list[Entry]:
        """The stimuli, and the reference of every image once; in a partial design it comes with its image."""
        first = {one.image: one.id for one in reversed(stimuli)}
        hidden = [
            Entry(image=image, method=REFERENCE, stimulus_id=first[image], shown="reference")
            for image in dict.fromkeys(one.image for one in stimuli)
        ]
        return [*super().entries(stimuli), *hidden]

    def sides(self, side: str) -> dict[str, str]:
        """A single picture has no side."""
        return {}

    def shown_pictures(self, trial: Trial) -> tuple[Picture, ...]:
        """The only picture."""
        return (in_place_of_test(trial),)


class PairedComparison(Methodology):
    """Two methods of one image are shown, and the better is chosen. Source: ITU-R BT.500, pair comparison."""

    key = analysed_as = "pc"
    instructions = texts.PAIRED_COMPARISON
    label = "Paired comparison"
    asked = "two methods of one image, the better is chosen"
    scale = None

    def instructions_for(self, setup: StudyOptions) -> str:
        """The instructions, which with ties say when to answer that both are the same."""
        text = super().instructions_for(setup)
        return text.replace(self.instructions, texts.PAIRED_COMPARISON_WITH_TIES) if setup.ties else text

    def refuse_options(self, setup: StudyOptions) -> None:
        """Raises: Refused for a trap that has no right answer, and for a share of a scale."""
        if setup.trap_share != StudyOptions.trap_share:
            raise Refused(f"trap_share is {setup.trap_share:g}, and paired comparison has no scale.")
        if setup.reference_traps and not setup.ties:
            raise Refused(
                f"reference_traps is {setup.reference_traps}, and without ties nobody can say that two "
                "pictures are the same."
            )

    def entries(self, stimuli: Sequence[StimulusKey]) -> list[Entry]:
        """Every two methods of every image."""
        by_image: dict[str, list[StimulusKey]] = {}
        for one in stimuli:
            by_image.setdefault(one.image, []).append(one)
        return [
            Entry(image=image, method=f"{a.method}|{b.method}", stimulus_id=a.id, other_id=b.id)
            for image, all_of_it in by_image.items()
            for a, b in combinations(sorted(all_of_it, key=lambda one: one.method), 2)
        ]

    def sides(self, side: str) -> dict[str, str]:
        """Where method a stands."""
        return {"side_a": side}

    def shown_pictures(self, trial: Trial) -> tuple[Picture, ...]:
        """Methods a and b; in a trap the reference, and the reference again or a degraded image."""
        if trial.other is None:
            pair = (reference_of(trial), in_place_of_test(trial))
        else:
            pair = (in_place_of_test(trial), Picture(trial.other.test_file, trial.other.test_sha256))
        return pair if trial.side_a == LEFT else pair[::-1]

    def answer_fields(self, setup: StudyOptions) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """The side of the better picture, or that both are the same."""
        from rest_framework import serializers

        return {"choice": serializers.ChoiceField([LEFT, RIGHT, *(["same"] if setup.ties else [])])}

    def stored(self, trial: Sided, given: Mapping[str, Any], setup: StudyOptions) -> dict[str, Any]:
        """The method chosen, a or b, or a tie."""
        choice = given["choice"]
        if choice == "same" and setup.ties:
            return {"choice": "tie"}
        if choice not in (LEFT, RIGHT):
            raise Refused(f"The choice is {choice!r}, which is neither left nor right.")
        return {"choice": "a" if choice == trial.side_a else "b"}


def _on_scale(given: object, scale: tuple[float, float]) -> float:
    low, high = scale
    score = float(given)  # type: ignore[arg-type]  # the serializer has made it a number
    if not math.isfinite(score) or not low <= score <= high:
        raise Refused(f"A score is {score}, which is not between {low:g} and {high:g}.")
    return score


METHODOLOGIES: dict[str, Methodology] = {
    made.key: made for made in (Dscqs(), Dsis(), AcrHr(), PairedComparison())
}


def methodology_choices() -> list[tuple[str, str]]:
    """Key and label of each, as a field of a model takes them."""
    return [(key, one.label) for key, one in METHODOLOGIES.items()]
