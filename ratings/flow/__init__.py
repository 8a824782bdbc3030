"""The steps that a rater takes before and after the pictures, each switched on by a study's option."""

from ratings.flow.base import NotPassed, Step
from ratings.flow.steps import AFTER, BEFORE, STEPS, next_step

__all__ = ["AFTER", "BEFORE", "STEPS", "NotPassed", "Step", "next_step"]
