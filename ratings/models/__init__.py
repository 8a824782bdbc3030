"""What the second half stores: studies, invites, stimuli, raters, sessions, trials and ratings."""

from ratings.models.raters import FreedSlot, Rater, Session, StepResult
from ratings.models.stimuli import Problem, Stimulus
from ratings.models.studies import Invite, Study, StudyFrozen, read_options
from ratings.models.trials import SCORE_MAX, SCORE_MIN, Rating, Trial

__all__ = [
    "SCORE_MAX",
    "SCORE_MIN",
    "FreedSlot",
    "Invite",
    "Problem",
    "Rater",
    "Rating",
    "Session",
    "StepResult",
    "Stimulus",
    "Study",
    "StudyFrozen",
    "Trial",
    "read_options",
]
