"""The people who rate, their sessions, and what they answered on their way to the pictures."""

from django.db import models
from django.db.models import Q

from ratings.models.studies import Invite, Study


class Rater(models.Model):
    """A person known by a pseudonym alone, a researcher trying the study out, or a simulated rater."""

    class Source(models.TextChoices):
        BROWSER = "browser", "browser"
        TRYOUT = "tryout", "try-out, not counted"
        IMPORT = "import", "import"
        SIMULATED = "simulated", "simulated"

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="raters")
    source = models.CharField(max_length=16, choices=Source.choices)
    number = models.PositiveIntegerField(help_text="counts from 1 within study and source")
    slot = models.PositiveIntegerField(
        null=True, blank=True, help_text="which playlist, from 0; a place given up goes to the next who joins"
    )
    invite = models.ForeignKey(Invite, on_delete=models.PROTECT, null=True, blank=True, related_name="raters")
    language = models.CharField(max_length=8, blank=True, help_text="the pages were read in it")
    pseudonym = models.CharField(max_length=64)
    token_hash = models.CharField(max_length=64, null=True, blank=True, unique=True)
    consent_version = models.CharField(max_length=32, blank=True)
    consented_at = models.DateTimeField(null=True, blank=True)
    instructed_at = models.DateTimeField(null=True, blank=True)
    completion_code = models.CharField(max_length=32, blank=True)
    recruited = models.JSONField(
        default=dict, blank=True, help_text="the parameters that Prolific or MTurk put into the link"
    )
    finished_at = models.DateTimeField(null=True, blank=True, help_text="when the last trial was rated")
    dropped_at = models.DateTimeField(null=True, blank=True, help_text="when the place was given up")
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["study", "source", "number"], name="rater_number_unique"),
            models.UniqueConstraint(fields=["study", "pseudonym"], name="rater_pseudonym_unique"),
            models.UniqueConstraint(
                fields=["study", "source", "slot"],
                condition=Q(dropped_at__isnull=True),
                name="rater_slot_held_once",
            ),
            models.CheckConstraint(
                condition=~Q(source__in=["browser", "tryout"])
                | Q(consented_at__isnull=False, token_hash__isnull=False)
                | Q(withdrawn_at__isnull=False),
                name="rater_in_browser_consented",
            ),
            models.UniqueConstraint(
                fields=["study", "completion_code"],
                condition=~Q(completion_code=""),
                name="rater_completion_code_unique",
            ),
        ]
        indexes = [
            models.Index(fields=["study", "source", "slot"], name="rater_by_slot"),
            # Every join asks who has stayed away, and need not ask of those who are done or dropped.
            models.Index(
                fields=["study", "source", "created_at"],
                condition=Q(dropped_at__isnull=True, finished_at__isnull=True),
                name="rater_waited_for",
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
    length = models.PositiveIntegerField(default=0, help_text="trials in the playlist")
    playlist_version = models.PositiveSmallIntegerField(
        default=0, help_text="of the rules that made the playlist; 0: it was made elsewhere"
    )
    relaxed = models.BooleanField(default=False, help_text="whether a rule of order gave way")
    break_after = models.PositiveIntegerField(
        default=0, help_text="position of the last trial after which a break was taken"
    )
    break_ended_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["rater", "number"], name="session_number_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.rater}, session {self.number}"


class FreedSlot(models.Model):
    """A playlist whose rater has dropped out; the next who joins gets it."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="freed_slots")
    source = models.CharField(max_length=16, choices=Rater.Source.choices)
    slot = models.PositiveIntegerField()

    class Meta:
        ordering = ["slot"]
        constraints = [
            models.UniqueConstraint(fields=["study", "source", "slot"], name="freed_slot_unique"),
        ]

    def __str__(self) -> str:
        return f"slot {self.slot} of {self.study}"


class StepResult(models.Model):
    """What one step before or after the trials found out: a questionnaire, a check, a remark."""

    rater = models.ForeignKey(Rater, on_delete=models.CASCADE, related_name="steps")
    step = models.CharField(max_length=32)
    content = models.JSONField(default=dict)
    done_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["rater", "step"], name="step_done_once")]

    def __str__(self) -> str:
        return f"{self.step} of {self.rater}"
