"""The app where methods are made."""

from django.apps import AppConfig


class DistillationConfig(AppConfig):
    """Images, training runs and outputs."""

    name = "distillation"
    verbose_name = "Distillation"
