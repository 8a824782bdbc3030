"""The app where people judge and judgements are counted."""

from django.apps import AppConfig


class RatingsConfig(AppConfig):
    """Studies, stimuli, raters, sessions, trials and ratings."""

    name = "ratings"
    verbose_name = "Ratings"
