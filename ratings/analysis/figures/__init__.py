"""The figures of a subjective study, as SVG, PDF or PNG; drawing twice gives the same bytes."""

from __future__ import annotations

from ratings.analysis.figures.comparison import comparison_figure
from ratings.analysis.figures.images import images_figure
from ratings.analysis.figures.methods import methods_figure
from ratings.analysis.figures.metric import metric_figure
from ratings.analysis.figures.raters import raters_figure
from ratings.analysis.figures.scale import scale_figure
from ratings.analysis.figures.sheet import FORMATS
from ratings.analysis.figures.votes import votes_figure

__all__ = [
    "FORMATS",
    "comparison_figure",
    "images_figure",
    "methods_figure",
    "metric_figure",
    "raters_figure",
    "scale_figure",
    "votes_figure",
]
