"""A study, frozen once it has opened, and the invites that lead to it."""

import hashlib
import json
from functools import lru_cache
from typing import Any

from django.db import models
from django.db.models import Q

from ratings.methodologies import METHODOLOGIES, Methodology, methodology_choices
from ratings.study_options import StudyOptions


class StudyFrozen(ValueError):
    """An opened study's methodology, stimuli, seed and options do not change any more."""


@lru_cache(maxsize=256)
def read_options(text: str) -> StudyOptions:
    """The options in a JSON text; every rating asks for those of its study."""
    return StudyOptions.read(json.loads(text))


class Study(models.Model):
    """One question put to raters: which images by which methods, judged how."""

    class Status(models.TextChoices):
        DRAFT = "draft", "draft"
        OPEN = "open", "open"
        CLOSED = "closed", "closed"

    FROZEN_FIELDS = (
        "slug", "methodology", "seed", "options", "instructions", "consent_text", "consent_version", "frozen",
    )  # fmt: skip

    slug = models.SlugField(unique=True)
    title = models.CharField(max_length=200)
    methodology = models.CharField(max_length=16, choices=methodology_choices, default="dscqs")
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.DRAFT)
    seed = models.PositiveBigIntegerField()
    options = models.JSONField(default=dict)
    consent_text = models.TextField()
    consent_version = models.CharField(max_length=32, editable=False, help_text="derived from the text")
    instructions = models.TextField()
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

    @property
    def setup(self) -> StudyOptions:
        """The options, typed and checked."""
        return read_options(json.dumps(self.options))

    @property
    def asks(self) -> Methodology:
        """The methodology, with what it shows and what its answers mean."""
        return METHODOLOGIES[self.methodology]


class Invite(models.Model):
    """A link that lets raters into a study: for how long, and for how many."""

    # The link is derived from the nonce and the secret key, so that it can be printed again.
    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="invites")
    label = models.CharField(max_length=100, blank=True, help_text="for whom the link is meant")
    nonce = models.CharField(max_length=64, help_text="the invite link is derived from it and the secret key")
    token_hash = models.CharField(max_length=64, unique=True)
    max_raters = models.PositiveIntegerField(null=True, blank=True, help_text="empty: no limit")
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(max_raters__isnull=True) | Q(max_raters__gte=1), name="invite_for_somebody"
            ),
        ]

    def __str__(self) -> str:
        return self.label or f"invite {self.pk} of {self.study}"
