"""A number as pages send it."""

from typing import Any

from rest_framework import serializers


class NumberField(serializers.FloatField):
    """A number, as which neither `true` nor `false` counts."""

    def to_internal_value(self, data: Any) -> float:
        """The number. Raises: ValidationError if it is none."""
        if isinstance(data, bool):
            self.fail("invalid")
        return super().to_internal_value(data)
