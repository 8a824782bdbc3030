"""Which steps there are, in their order."""

from ratings.flow.acuity import Acuity
from ratings.flow.base import Step
from ratings.flow.colour_vision import ColourVision
from ratings.flow.display_check import DisplayCheck
from ratings.flow.feedback import Feedback
from ratings.flow.questionnaire import Questionnaire
from ratings.flow.ruler import Ruler
from ratings.models import Rater

BEFORE: tuple[Step, ...] = (Questionnaire(), DisplayCheck(), Ruler(), Acuity(), ColourVision())
AFTER: tuple[Step, ...] = (Feedback(),)
STEPS = {step.name: step for step in (*BEFORE, *AFTER)}


def next_step(rater: Rater, among: tuple[Step, ...]) -> Step | None:
    """The first of these steps that the study has and the rater has not taken."""
    setup = rater.study.setup
    wanted = [step for step in among if step.is_on(setup)]
    if not wanted:
        return None
    taken = set(rater.steps.values_list("step", flat=True))
    return next((step for step in wanted if step.name not in taken), None)
