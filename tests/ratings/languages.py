"""The languages in which the rater's pages are tested."""

LANGUAGES = ("en", "ko")
