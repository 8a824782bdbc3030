"""What the first half stores: images, the runs that trained networks, and each method's outputs."""

from django.db import models
from django.db.models import Q

SHA256_LENGTH = 64


class Method(models.TextChoices):
    """The methods of the paper, and the baseline that needs no network."""

    BICUBIC = "bicubic", "Bicubic"
    TEACHER = "teacher", "Teacher"
    STUDENT = "student", "Student"
    GAN2GAN = "gan2gan", "GAN2GAN"
    GAN2G = "gan2g", "GAN2G"
    GAN2G_AL = "gan2g_al", "GAN2G+AL"
    G2G_AL = "g2g_al", "G2G+AL"


TRAINED_METHODS = tuple(method.value for method in Method if method is not Method.BICUBIC)


def method_label(method: str) -> str:
    """The method's name as the paper prints it; a method from elsewhere keeps its own."""
    return Method(method).label if method in Method.values else method


class Image(models.Model):
    """A source image: the reference beside which every method's output is judged."""

    dataset = models.CharField(max_length=64)
    name = models.CharField(max_length=128)
    file = models.CharField(max_length=300, help_text="PNG of the reference, below MEDIA_ROOT")
    sha256 = models.CharField(max_length=SHA256_LENGTH)
    width = models.PositiveIntegerField(help_text="pixels")
    height = models.PositiveIntegerField(help_text="pixels")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["dataset", "name"]
        constraints = [
            models.UniqueConstraint(fields=["dataset", "name"], name="image_unique_in_dataset"),
            models.CheckConstraint(condition=Q(width__gt=0, height__gt=0), name="image_has_pixels"),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """`DATASET/NAME`, as in every table."""
        return f"{self.dataset}/{self.name}"


class TrainingRun(models.Model):
    """One method trained once under one set of options; its folder holds stages, weights and logs."""

    class Status(models.TextChoices):
        RUNNING = "running", "running"
        STOPPED = "stopped", "stopped, can be resumed"
        FAILED = "failed", "failed"
        FINISHED = "finished", "finished"

    method = models.CharField(max_length=16, choices=Method.choices)
    profile = models.CharField(max_length=16)
    seed = models.PositiveBigIntegerField()
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.RUNNING)
    message = models.TextField(blank=True, help_text="why it failed, or what it warned of")
    folder = models.CharField(max_length=300, help_text="below MEDIA_ROOT")
    options = models.JSONField()
    options_digest = models.CharField(max_length=SHA256_LENGTH)
    data_name = models.CharField(max_length=300)
    data_digest = models.CharField(max_length=SHA256_LENGTH)
    teacher = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="students"
    )
    weights_file = models.CharField(max_length=300, blank=True, help_text="below MEDIA_ROOT")
    weights_sha256 = models.CharField(max_length=SHA256_LENGTH, blank=True)
    parameters = models.PositiveBigIntegerField(null=True, blank=True)
    steps = models.PositiveBigIntegerField(default=0, help_text="updates of this method's generator")
    seconds = models.FloatField(default=0.0, help_text="spent on this method's own stages")
    code_version = models.CharField(max_length=100)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["folder", "method"], name="run_unique_in_folder"),
            models.CheckConstraint(
                condition=Q(method__in=TRAINED_METHODS), name="run_method_is_a_trained_one"
            ),
            models.CheckConstraint(
                condition=~Q(status="finished")
                | (Q(finished_at__isnull=False) & ~Q(weights_sha256="") & ~Q(weights_file="")),
                name="run_finished_has_weights",
            ),
        ]

    def __str__(self) -> str:
        return f"run {self.pk}: {self.get_method_display()}, {self.profile}, seed {self.seed}"


class Output(models.Model):
    """One image by one method: its file, and how far it is from the reference."""

    image = models.ForeignKey(Image, on_delete=models.PROTECT, related_name="outputs")
    method = models.CharField(max_length=64)
    run = models.ForeignKey(
        TrainingRun,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="outputs",
        help_text="none for bicubic and for images made elsewhere",
    )
    file = models.CharField(max_length=300, help_text="PNG below MEDIA_ROOT")
    sha256 = models.CharField(max_length=SHA256_LENGTH)
    width = models.PositiveIntegerField(help_text="pixels")
    height = models.PositiveIntegerField(help_text="pixels")
    psnr_y = models.FloatField(help_text="dB on luma, border of `scale` pixels cropped")
    ssim_y = models.FloatField()
    psnr_rgb = models.FloatField(help_text="dB")
    ssim_rgb = models.FloatField()
    gmsd = models.FloatField(null=True, blank=True, help_text="gradient similarity deviation; 0 is best")
    psnr_wrapped = models.FloatField(
        null=True, blank=True, help_text="dB with bytes that wrap modulo 256: no PSNR, kept for comparison"
    )
    lr_psnr = models.FloatField(null=True, blank=True, help_text="dB, the output reduced against its input")
    high_frequency = models.FloatField(
        null=True, blank=True, help_text="energy beyond the input's reach, as a share of the reference's"
    )
    protocol = models.CharField(
        max_length=64, blank=True, default="", help_text="how the scores were computed; another name: again"
    )
    seconds = models.FloatField(help_text="to make the image; 0 where it came from elsewhere")
    code_version = models.CharField(max_length=100)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["image", "method"]
        constraints = [
            models.UniqueConstraint(fields=["image", "run"], name="output_unique_for_run"),
            models.UniqueConstraint(
                fields=["image", "method"], condition=Q(run__isnull=True), name="output_unique_without_run"
            ),
            models.CheckConstraint(
                condition=Q(run__isnull=True) | Q(method__in=TRAINED_METHODS),
                name="output_of_run_is_of_a_trained_method",
            ),
            models.CheckConstraint(
                condition=Q(ssim_y__gte=-1, ssim_y__lte=1.0000001, ssim_rgb__gte=-1, ssim_rgb__lte=1.0000001),
                name="output_ssim_in_range",
            ),
            models.CheckConstraint(
                condition=Q(protocol="")
                | Q(
                    gmsd__isnull=False,
                    psnr_wrapped__isnull=False,
                    lr_psnr__isnull=False,
                    high_frequency__isnull=False,
                ),
                name="output_of_a_protocol_has_its_scores",
            ),
            models.CheckConstraint(
                condition=Q(gmsd__gte=0, high_frequency__gte=0)
                | Q(gmsd__isnull=True, high_frequency__isnull=True),
                name="output_measures_not_negative",
            ),
            models.CheckConstraint(condition=Q(seconds__gte=0), name="output_seconds_not_negative"),
            models.CheckConstraint(condition=Q(width__gt=0, height__gt=0), name="output_has_pixels"),
        ]

    def __str__(self) -> str:
        return f"{self.image} by {method_label(self.method)}"
