"""What every step of a rater's way has: a page, and how its answer is read."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np
from django.http import QueryDict
from django.utils.crypto import salted_hmac
from django.utils.functional import Promise
from numpy.typing import NDArray

from ratings.models import Rater
from ratings.study_options import StudyOptions


class NotPassed(ValueError):
    """A check that keeps the rater from going on for now; `content` is what it found, as JSON."""

    def __init__(self, sentence: str, content: dict[str, Any]) -> None:
        super().__init__(sentence)
        self.content = content


class Step(ABC):
    """One page that asks or checks something, stored under its name with the rater.

    `asks`: what it asks for, as the consent has it. `of_device`: what it finds is true of the device, and is
    asked again on another one.
    """

    name: ClassVar[str]
    asks: ClassVar[Promise | str]
    of_device: ClassVar[bool] = False

    @property
    def template(self) -> str:
        """The page."""
        return f"ratings/steps/{self.name}.html"

    @abstractmethod
    def is_on(self, setup: StudyOptions) -> bool:
        """Whether the study has this step."""

    def context(self, rater: Rater) -> dict[str, Any]:
        """What the page needs beside study, rater, setup and invite."""
        return {}

    def picture(self, rater: Rater, number: int) -> NDArray[np.uint8] | None:
        """The picture of this number, counted from 1, that the page shows; None where there is none."""
        return None

    @abstractmethod
    def read(self, form: QueryDict, rater: Rater) -> dict[str, Any]:
        """What is stored, as JSON.

        Raises: ValueError, a sentence in the rater's language, for an answer that cannot be taken;
        NotPassed where it can be taken and does not let the rater go on.
        """


def seed_of(rater: Rater, step: str) -> int:
    """What this rater's pictures of a step are drawn from: the same at every call, told by no address."""
    return int(salted_hmac("ratings.checks", f"{rater.pk}:{step}", algorithm="sha256").hexdigest()[:8], 16)
