"""The stimuli of a study, frozen with it, and what was found wrong with their files since."""

from typing import Any

from django.db import models
from django.db.models import Q

from distillation.models import Output
from ratings.models.studies import Study, StudyFrozen


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
    # Of a crop, the files above are the crop's; PSNR and SSIM are of the whole image.
    crop_x = models.PositiveIntegerField(null=True, blank=True, help_text="pixels; empty: the whole image")
    crop_y = models.PositiveIntegerField(null=True, blank=True, help_text="pixels; empty: the whole image")
    # What a trap shows in place of the test image, in a study that has such traps.
    degraded_file = models.CharField(max_length=300, blank=True)
    degraded_sha256 = models.CharField(max_length=64, blank=True)

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


class Problem(models.Model):
    """Something the researcher of a study has to know: a file that is not the one that was frozen."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="problems")
    file = models.CharField(max_length=300)
    sha256 = models.CharField(max_length=64, help_text="of the file that was frozen")
    text = models.CharField(max_length=500)
    noticed_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["study", "file"], name="problem_told_once")]

    def __str__(self) -> str:
        return self.text
