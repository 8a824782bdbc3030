"""Asks after the last picture for anything that the rater wants to say."""

from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext_lazy

from ratings.flow.base import Step
from ratings.flow.forms import words_of
from ratings.models import Rater
from ratings.study_options import StudyOptions

LONGEST_FEEDBACK = 2000


class Feedback(Step):
    """Free text, which may be left out."""

    name = "feedback"
    asks = gettext_lazy("a remark at the end, if you like")

    def is_on(self, setup: StudyOptions) -> bool:
        """Where the option says so."""
        return setup.feedback

    def context(self, rater: Rater) -> dict[str, Any]:
        """How long the text may be."""
        return {"longest": LONGEST_FEEDBACK}

    def read(self, form: QueryDict, rater: Rater) -> dict[str, Any]:
        """The text; empty if it was skipped. Raises: ValueError if it is too long."""
        if "skip" in form:
            return {"text": ""}
        return {"text": words_of(form, "text", most=LONGEST_FEEDBACK)}
