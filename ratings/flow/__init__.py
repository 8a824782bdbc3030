"""The steps that a rater takes before and after the pictures, each switched on by a study's option."""

from ratings.flow.steps import AFTER, BEFORE, STEPS, Step, next_step

__all__ = ["AFTER", "BEFORE", "STEPS", "Step", "next_step"]
