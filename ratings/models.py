"""What the second half stores: studies, stimuli, raters, sessions, trials and ratings."""

import hashlib
from typing import Any, cast

from django.db import models
from django.db.models import F, Q

from distillation.models import Output

SCORE_MIN, SCORE_MAX = 0.0, 100.0


class StudyFrozen(ValueError):
    """An opened study's methodology, stimuli, seed and options do not change any more."""


class Study(models.Model):
    """One question put to raters: which images by which methods, judged how."""

    class Status(models.TextChoices):
        DRAFT = "draft", "draft"
        OPEN = "open", "open"
        CLOSED = "closed", "closed"

    class Methodology(models.TextChoices):
        DSCQS = "dscqs", "DSCQS, self-paced"

    FROZEN_FIELDS = (
        "slug", "methodology", "seed", "options", "instructions", "consent_text", "consent_version", "frozen",
    )  # fmt: skip

    slug = models.SlugField(unique=True)
    title = models.CharField(max_length=200)
    methodology = models.CharField(max_length=16, choices=Methodology.choices, default=Methodology.DSCQS)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.DRAFT)
    seed = models.PositiveBigIntegerField()
    options = models.JSONField(default=dict)
    consent_text = models.TextField()
    consent_version = models.CharField(max_length=32, editable=False, help_text="derived from the text")
    instructions = models.TextField()
    invite_nonce = models.CharField(
        max_length=64, help_text="the invite link is derived from it and the secret key"
    )
    invite_hash = models.CharField(max_length=64, unique=True)
    frozen = models.JSONField(null=True, blank=True, help_text="what was fixed when the study opened")
    created_at = models.DateTimeField(auto_now_add=True)
    opened_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        verbose_name_plural = "studies"
        constraints = [
            models.CheckConstraint(
                condition=Q(status="draft", opened_at__isnull=True, frozen__isnull=True)
                | Q(status__in=["open", "closed"], opened_at__isnull=False, frozen__isnull=False),
                name="study_opened_is_frozen",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Store the study. Raises: StudyFrozen if a frozen field of an opened study would change."""
        self.consent_version = hashlib.sha256(self.consent_text.encode()).hexdigest()[:12]
        if self.pk is not None:
            stored = type(self).objects.filter(pk=self.pk, opened_at__isnull=False).first()
            if stored is not None:
                changed = [
                    name for name in self.FROZEN_FIELDS if getattr(stored, name) != getattr(self, name)
                ]
                if changed:
                    raise StudyFrozen(
                        f"Study {stored.slug} is frozen since it opened: {changed[0]} cannot change."
                    )
        super().save(*args, **kwargs)

    @property
    def is_frozen(self) -> bool:
        """Whether the study has been opened once."""
        return self.opened_at is not None


class StimulusQuerySet(models.QuerySet["Stimulus"]):
    """Changes of many rows at once, refused like changes of one once a study has opened."""

    def update(self, **kwargs: Any) -> int:
        """Change the rows. Raises: StudyFrozen if one of them belongs to an opened study."""
        refuse_if_frozen(self.values("study"))
        return super().update(**kwargs)

    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete the rows. Raises: StudyFrozen if one of them belongs to an opened study."""
        refuse_if_frozen(self.values("study"))
        return super().delete()


def refuse_if_frozen(study_keys: Any) -> None:
    """Raises: StudyFrozen if one of these studies has opened."""
    frozen = Study.objects.filter(pk__in=study_keys, opened_at__isnull=False).first()
    if frozen is not None:
        raise StudyFrozen(f"Study {frozen.slug} is frozen since it opened: its stimuli cannot change.")


class Stimulus(models.Model):
    """One image by one method, beside its reference."""

    # A study with stimuli is not deleted in passing: they would go without being asked.
    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="stimuli")
    image = models.CharField(max_length=200, help_text="DATASET/NAME")
    method = models.CharField(max_length=64)
    output = models.ForeignKey(Output, on_delete=models.PROTECT, related_name="stimuli")
    reference_file = models.CharField(max_length=300)
    reference_sha256 = models.CharField(max_length=64)
    test_file = models.CharField(max_length=300)
    test_sha256 = models.CharField(max_length=64)
    width = models.PositiveIntegerField(help_text="pixels")
    height = models.PositiveIntegerField(help_text="pixels")
    psnr = models.FloatField(help_text="dB on luma")
    ssim = models.FloatField(help_text="on luma")

    objects = StimulusQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        verbose_name_plural = "stimuli"
        constraints = [
            models.UniqueConstraint(fields=["study", "image", "method"], name="stimulus_unique_in_study"),
            models.CheckConstraint(condition=Q(width__gt=0, height__gt=0), name="stimulus_has_pixels"),
        ]

    def __str__(self) -> str:
        return f"{self.image} by {self.method}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Store the stimulus. Raises: StudyFrozen once its study has opened."""
        stored = Stimulus.objects.filter(pk=self.pk).values_list("study", flat=True)
        refuse_if_frozen([self.study_id, *stored])  # neither into an opened study nor out of one
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Delete the stimulus. Raises: StudyFrozen once its study has opened."""
        refuse_if_frozen([self.study_id])
        return super().delete(*args, **kwargs)


class Rater(models.Model):
    """A person known by a pseudonym alone, a researcher trying the study out, or a simulated rater."""

    class Source(models.TextChoices):
        BROWSER = "browser", "browser"
        TRYOUT = "tryout", "try-out, not counted"
        IMPORT = "import", "import"
        SIMULATED = "simulated", "simulated"

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="raters")
    source = models.CharField(max_length=16, choices=Source.choices)
    number = models.PositiveIntegerField(
        help_text="counts from 1 within study and source; balances playlists"
    )
    pseudonym = models.CharField(max_length=64)
    token_hash = models.CharField(max_length=64, null=True, blank=True, unique=True)
    consent_version = models.CharField(max_length=32, blank=True)
    consented_at = models.DateTimeField(null=True, blank=True)
    instructed_at = models.DateTimeField(null=True, blank=True)
    completion_code = models.CharField(max_length=32, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["study", "source", "number"], name="rater_number_unique"),
            models.UniqueConstraint(fields=["study", "pseudonym"], name="rater_pseudonym_unique"),
            models.CheckConstraint(
                condition=~Q(source__in=["browser", "tryout"])
                | Q(consented_at__isnull=False, token_hash__isnull=False),
                name="rater_in_browser_consented",
            ),
        ]

    def __str__(self) -> str:
        return self.pseudonym

    @property
    def is_simulated(self) -> bool:
        """Whether a program and not a person gave these ratings."""
        return self.source == self.Source.SIMULATED

    @property
    def is_tryout(self) -> bool:
        """Whether a researcher looked at the study; their ratings enter no number and no export."""
        return self.source == self.Source.TRYOUT


class Session(models.Model):
    """One rater's pass through one playlist, over as many sittings as it takes."""

    rater = models.ForeignKey(Rater, on_delete=models.CASCADE, related_name="sessions")
    number = models.PositiveIntegerField(default=1)
    started_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["rater", "number"], name="session_number_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.rater}, session {self.number}"


class Trial(models.Model):
    """One showing of a stimulus beside its reference; the sides' tokens are its images' addresses."""

    class Kind(models.TextChoices):
        TRAINING = "training", "training"
        DUMMY = "dummy", "dummy"
        TEST = "test", "test"
        REPEAT = "repeat", "repeat"
        TRAP = "trap", "trap"

    class Side(models.TextChoices):
        LEFT = "left", "left"
        RIGHT = "right", "right"

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="trials")
    position = models.PositiveIntegerField(help_text="from 1")
    stimulus = models.ForeignKey(Stimulus, on_delete=models.PROTECT, related_name="trials")
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.TEST)
    repeat_of = models.PositiveIntegerField(
        null=True, blank=True, help_text="position of the first showing in the same session"
    )
    reference_side = models.CharField(
        max_length=5, choices=Side.choices, blank=True, help_text="empty: not known, of imported ratings"
    )
    token = models.CharField(max_length=32, unique=True)
    left_token = models.CharField(max_length=32, unique=True)
    right_token = models.CharField(max_length=32, unique=True)
    shown_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["session", "position"]
        constraints = [
            models.UniqueConstraint(fields=["session", "position"], name="trial_position_unique"),
            models.CheckConstraint(condition=Q(position__gte=1), name="trial_position_from_one"),
            models.CheckConstraint(
                condition=Q(reference_side__in=["left", "right", ""]), name="trial_side_known"
            ),
            models.CheckConstraint(condition=~Q(left_token=F("right_token")), name="trial_tokens_differ"),
        ]

    def __str__(self) -> str:
        return f"trial {self.position} of {self.session}"


class Rating(models.Model):
    """The answer to one trial, stored once: two scores, or of imported ratings their difference alone."""

    trial = models.OneToOneField(Trial, on_delete=models.CASCADE, related_name="rating")
    reference_score = models.FloatField(null=True, blank=True, help_text="0..100")
    test_score = models.FloatField(null=True, blank=True, help_text="0..100")
    given_difference = models.FloatField(
        null=True, blank=True, help_text="reference minus test, of imported ratings without the two scores"
    )
    duration_ms = models.PositiveIntegerField(
        null=True, blank=True, help_text="from both images shown to the answer sent"
    )
    device_pixel_ratio = models.FloatField(null=True, blank=True)
    window_width = models.PositiveIntegerField(null=True, blank=True, help_text="CSS pixels")
    window_height = models.PositiveIntegerField(null=True, blank=True, help_text="CSS pixels")
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
            models.CheckConstraint(
                condition=Q(
                    reference_score__isnull=False, test_score__isnull=False, given_difference__isnull=True
                )
                | Q(reference_score__isnull=True, test_score__isnull=True, given_difference__isnull=False),
                name="rating_scores_or_difference",
            ),
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
    def difference(self) -> float:
        """Reference minus test: positive means the test image was rated lower."""
        if self.given_difference is not None:
            return self.given_difference
        # The constraint "scores or difference" leaves no other case.
        reference, test = cast(float, self.reference_score), cast(float, self.test_score)
        # Nine decimals: the sliders give tenths, and 78.6 − 59.9 should not read 18.699999999999996.
        return round(reference - test, 9)
