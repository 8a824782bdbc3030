"""The app that holds the house together: settings, checks, commands that span both halves."""

from django.apps import AppConfig


class SrstudyConfig(AppConfig):
    """Registers the project's own system checks."""

    name = "srstudy"
    verbose_name = "SRStudy"

    def ready(self) -> None:
        from srstudy import checks  # noqa: F401  importing registers them
