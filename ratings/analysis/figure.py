"""The figure of a study's results under its first name; the others are in `ratings.analysis.figures`."""

from __future__ import annotations

from ratings.analysis.figures.methods import methods_figure

__all__ = ["methods_figure"]
