"""A rater's trials and the ratings they gave to them."""

from typing import cast

from django.db import models
from django.db.models import F, Q

from ratings.models.raters import Session
from ratings.models.stimuli import Stimulus

SCORE_MIN, SCORE_MAX = 0.0, 100.0


class Trial(models.Model):
    """One showing: of a stimulus beside its reference, alone, or of two methods; its tokens are addresses."""

    class Kind(models.TextChoices):
        TRAINING = "training", "training"
        DUMMY = "dummy", "dummy"
        TEST = "test", "test"
        REPEAT = "repeat", "repeat"
        TRAP = "trap", "trap"

    class Shown(models.TextChoices):
        TEST = "test", "the test image"
        REFERENCE = "reference", "the reference"
        DEGRADED = "degraded", "a degraded image"

    class Side(models.TextChoices):
        LEFT = "left", "left"
        RIGHT = "right", "right"

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="trials")
    position = models.PositiveIntegerField(help_text="from 1")
    stimulus = models.ForeignKey(Stimulus, on_delete=models.PROTECT, related_name="trials")
    other = models.ForeignKey(
        Stimulus,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="other_trials",
        help_text="method b of a paired comparison, whose method a is the stimulus",
    )
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.TEST)
    shown = models.CharField(
        max_length=9,
        choices=Shown.choices,
        default=Shown.TEST,
        help_text="in place of the test image: a hidden reference or a trap shows something else",
    )
    repeat_of = models.PositiveIntegerField(
        null=True, blank=True, help_text="position of the first showing in the same session"
    )
    reference_side = models.CharField(
        max_length=5, choices=Side.choices, blank=True, help_text="empty: not known, of imported ratings"
    )
    side_a = models.CharField(
        max_length=5,
        choices=Side.choices,
        blank=True,
        help_text="of a paired comparison: where method a stood",
    )
    token = models.CharField(max_length=32, unique=True)
    left_token = models.CharField(max_length=32, unique=True)
    right_token = models.CharField(max_length=32, unique=True)
    shown_at = models.DateTimeField(null=True, blank=True, help_text="when the page was given its address")

    class Meta:
        ordering = ["session", "position"]
        constraints = [
            models.UniqueConstraint(fields=["session", "position"], name="trial_position_unique"),
            models.CheckConstraint(condition=Q(position__gte=1), name="trial_position_from_one"),
            models.CheckConstraint(
                condition=Q(reference_side__in=["left", "right", ""]), name="trial_side_known"
            ),
            models.CheckConstraint(
                condition=Q(side_a__in=["left", "right", ""]), name="trial_side_of_a_known"
            ),
            models.CheckConstraint(
                condition=Q(shown__in=["test", "reference", "degraded"]), name="trial_shows_something_known"
            ),
            models.CheckConstraint(condition=~Q(left_token=F("right_token")), name="trial_tokens_differ"),
        ]

    def __str__(self) -> str:
        return f"trial {self.position} of {self.session}"


_NO_PAIR = Q(reference_score__isnull=True, test_score__isnull=True)
ONE_ANSWER = (
    Q(reference_score__isnull=False, test_score__isnull=False)
    & Q(given_difference__isnull=True, score__isnull=True, choice="")
    | _NO_PAIR & Q(given_difference__isnull=False, score__isnull=True, choice="")
    | _NO_PAIR & Q(given_difference__isnull=True, score__isnull=False, choice="")
    | _NO_PAIR & Q(given_difference__isnull=True, score__isnull=True) & ~Q(choice="")
)


class Rating(models.Model):
    """The answer to one trial, stored once: two scores or their difference, one score, or a choice."""

    class Choice(models.TextChoices):
        A = "a", "method a"
        B = "b", "method b"
        TIE = "tie", "the same"

    trial = models.OneToOneField(Trial, on_delete=models.CASCADE, related_name="rating")
    reference_score = models.FloatField(null=True, blank=True, help_text="0..100")
    test_score = models.FloatField(null=True, blank=True, help_text="0..100")
    given_difference = models.FloatField(
        null=True, blank=True, help_text="reference minus test, of imported ratings without the two scores"
    )
    score = models.FloatField(
        null=True, blank=True, help_text="on the methodology's scale, where it asks for one"
    )
    choice = models.CharField(
        max_length=3, choices=Choice.choices, blank=True, help_text="of a paired comparison"
    )
    duration_ms = models.PositiveIntegerField(
        null=True, blank=True, help_text="from both images shown to the answer sent"
    )
    device_pixel_ratio = models.FloatField(null=True, blank=True)
    window_width = models.PositiveIntegerField(null=True, blank=True, help_text="CSS pixels")
    window_height = models.PositiveIntegerField(null=True, blank=True, help_text="CSS pixels")
    screen_width = models.PositiveIntegerField(null=True, blank=True, help_text="CSS pixels")
    screen_height = models.PositiveIntegerField(null=True, blank=True, help_text="CSS pixels")
    first_interaction_ms = models.PositiveIntegerField(
        null=True, blank=True, help_text="from the pictures shown to the first use of a control"
    )
    toggles = models.PositiveIntegerField(
        null=True, blank=True, help_text="how often pictures in one place were swapped"
    )
    window_changes = models.PositiveIntegerField(
        null=True, blank=True, help_text="changes of the window's size or zoom while the trial was shown"
    )
    restarts = models.PositiveIntegerField(
        null=True, blank=True, help_text="how often the trial was shown again after such a change"
    )
    hidden_count = models.PositiveIntegerField(
        null=True, blank=True, help_text="how often the page was out of sight while the trial was shown"
    )
    hidden_ms = models.PositiveIntegerField(null=True, blank=True, help_text="for how long it was, in all")
    pointer = models.CharField(max_length=8, blank=True, help_text="mouse, touch, pen or keyboard, used last")
    kept_ms = models.PositiveIntegerField(
        null=True, blank=True, help_text="how long the answer waited in the browser for the server"
    )
    sitting = models.PositiveIntegerField(default=1)
    rated_at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(reference_score__gte=SCORE_MIN, reference_score__lte=SCORE_MAX),
                name="rating_reference_score_in_scale",
            ),
            models.CheckConstraint(
                condition=Q(test_score__gte=SCORE_MIN, test_score__lte=SCORE_MAX),
                name="rating_test_score_in_scale",
            ),
            models.CheckConstraint(condition=ONE_ANSWER, name="rating_is_one_answer"),
            models.CheckConstraint(
                condition=Q(score__isnull=True) | Q(score__gte=SCORE_MIN, score__lte=SCORE_MAX),
                name="rating_score_in_scale",
            ),
            models.CheckConstraint(condition=Q(choice__in=["", "a", "b", "tie"]), name="rating_choice_known"),
            models.CheckConstraint(
                condition=Q(given_difference__isnull=True)
                | Q(given_difference__gte=SCORE_MIN - SCORE_MAX, given_difference__lte=SCORE_MAX - SCORE_MIN),
                name="rating_difference_in_scale",
            ),
            models.CheckConstraint(condition=Q(sitting__gte=1), name="rating_sitting_from_one"),
        ]

    def __str__(self) -> str:
        return f"rating of {self.trial}"

    @property
    def difference(self) -> float | None:
        """Reference minus test: positive means the test image was rated lower; None where neither was."""
        if self.given_difference is not None:
            return self.given_difference
        if self.reference_score is None:
            return None
        # The constraint "one answer" leaves no other case.
        reference, test = self.reference_score, cast(float, self.test_score)
        # Nine decimals: the sliders give tenths, and 78.6 − 59.9 should not read 18.699999999999996.
        return round(reference - test, 9)
