"""What a form was sent with, for a page that shows it again."""

from collections.abc import Mapping

from django import template

register = template.Library()


@register.filter
def of(given: Mapping[str, str], name: str) -> str:
    """The answer of this name, "" where there is none."""
    return given.get(name, "")
