"""Asks who rates: coarse, every question with a way not to answer, and those of the study's own."""

from typing import Any

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ratings.flow.base import Step
from ratings.flow.forms import words_of
from ratings.models import Rater
from ratings.study_options import Question, StudyOptions

LONGEST_ANSWER = 500
NOT_SAID = "not_said"
# A study's own question may have any name; the prefix keeps it apart from those below.
OWN = "own_"

Choices = tuple[tuple[str, Promise | str], ...]
STANDARD: tuple[tuple[str, Promise, Choices], ...] = (
    (
        "age_band",
        gettext_lazy("How old are you?"),
        (
            ("18-24", gettext_lazy("18 to 24")),
            ("25-34", gettext_lazy("25 to 34")),
            ("35-44", gettext_lazy("35 to 44")),
            ("45-54", gettext_lazy("45 to 54")),
            ("55-64", gettext_lazy("55 to 64")),
            ("65-", gettext_lazy("65 or older")),
        ),
    ),
    (
        "glasses",
        gettext_lazy("Do you wear glasses or contact lenses now, as you look at this screen?"),
        (
            ("none", gettext_lazy("Neither")),
            ("glasses", gettext_lazy("Glasses")),
            ("contact_lenses", gettext_lazy("Contact lenses")),
        ),
    ),
    (
        "expertise",
        gettext_lazy("Do you judge the quality of pictures in your work or studies?"),
        (
            ("none", gettext_lazy("No")),
            ("some", gettext_lazy("Now and then, as in photography or film")),
            ("expert", gettext_lazy("Yes, I work on image or video quality")),
        ),
    ),
)


class Questionnaire(Step):
    """Age band, glasses and experience, and the study's own questions."""

    name = "questionnaire"
    asks = gettext_lazy(
        "your age in steps of ten years, your glasses, your experience, and the study's own "
        "questions, if there are any"
    )

    def is_on(self, setup: StudyOptions) -> bool:
        """Where the option says so."""
        return setup.questionnaire

    def context(self, rater: Rater) -> dict[str, Any]:
        """Every question with its choices; without any, it is answered in words."""
        not_said = (NOT_SAID, _("I prefer not to say"))
        asked: list[dict[str, Any]] = [
            {"name": name, "text": text, "choices": (*choices, not_said)} for name, text, choices in STANDARD
        ]
        for question in rater.study.setup.questions:
            choices = tuple((str(place), choice) for place, choice in enumerate(question.choices))
            asked.append(
                {
                    "name": OWN + question.name,
                    "text": question.text,
                    "choices": (*choices, not_said) if choices else (),
                }
            )
        return {"questions": asked, "longest": LONGEST_ANSWER}

    def read(self, form: QueryDict, rater: Rater) -> dict[str, Any]:
        """The answers by their questions' names; `own` holds those of the study, "" where nothing was said.

        Raises: ValueError if a question was passed over, or an answer is none of its choices.
        """
        answers: dict[str, Any] = {}
        for name, text, choices in STANDARD:
            answer = form.get(name, "")
            if answer not in {value for value, _label in choices} | {NOT_SAID}:
                raise ValueError(_unanswered(str(text)))
            answers[name] = answer
        answers["own"] = {one.name: _own_answer(form, one) for one in rater.study.setup.questions}
        return answers


def _own_answer(form: QueryDict, question: Question) -> str:
    if not question.choices:
        return words_of(form, OWN + question.name, most=LONGEST_ANSWER)
    answer = form.get(OWN + question.name, "")
    if answer == NOT_SAID:
        return ""
    by_place = {str(place): choice for place, choice in enumerate(question.choices)}
    if answer not in by_place:
        raise ValueError(_unanswered(question.text))
    return by_place[answer]


def _unanswered(question: str) -> str:
    return _("Please choose an answer to “{question}”").format(question=question)
