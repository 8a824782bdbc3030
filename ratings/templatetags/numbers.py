"""Numbers as tables print them."""

import math

from django import template

register = template.Library()


@register.filter
def decimals(number: float | None, places: int) -> str:
    """`number` with so many decimals and a true minus sign; an en dash where there is none."""
    if number is None or math.isnan(number):
        return "–"
    if math.isinf(number):
        return "∞" if number > 0 else "−∞"
    return f"{number:.{places}f}".replace("-", "−")
