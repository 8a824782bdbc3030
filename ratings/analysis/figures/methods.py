"""The figure of the methods: every method's score with its interval."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ratings.analysis.arrays import Floats
from ratings.analysis.figures.sheet import POINT_COLOUR, TEXT_PT, Sheet, plain_axes, render
from ratings.analysis.figures.words import cut_names, numbers, score_heading, score_label


def methods_figure(
    methods: pd.DataFrame,
    *,
    simulated: bool,
    scale_min: float,
    scale_max: float,
    methodology: str = "dscqs",
    file_format: str = "svg",
) -> bytes:
    """Draw one point a method, with its interval, in the order of the rows.

    `methods` is the frame `Tables.methods`: the columns method, dmos, ci_low, ci_high, estimator, ci,
    level, higher_is are read, and scope where present. A NaN end of an interval draws no interval, a NaN
    dmos no point.
    `simulated` writes "simulated ratings" into the figure; `scale_min` and `scale_max` are the ends of
    the rating scale and `methodology` what was asked, for the axis label.
    Returns the file's bytes; "svg" holds neither style elements nor style attributes, so that a strict
    content security policy has nothing to refuse. They are the same, byte for byte, for the same rows.
    Raises: ValueError if there is no row or no such format.
    """
    if methods.empty:
        raise ValueError("there is no method to draw: the table of methods is empty")
    row = methods.iloc[0]
    sheet = Sheet(
        title="Score of each method, with intervals",
        heading=score_heading(row),
        below=score_label(
            methodology=methodology,
            estimator=row["estimator"],
            higher_is=row["higher_is"],
            scale_min=scale_min,
            scale_max=scale_max,
        ),
        body_in=rows_height_in(len(methods)),
        simulated=simulated,
        file_format=file_format,
    )
    names = [str(name) for name in methods["method"]]
    dmos, low, high = numbers(methods, "dmos", "ci_low", "ci_high")
    return render(sheet, lambda figure: draw_rows(figure, names, dmos, low, high))


def rows_height_in(rows: int) -> float:
    """Say how high a plot of that many rows is, its tick labels included."""
    return 0.35 + 0.2 * rows


def draw_rows(figure: Figure, names: Sequence[str], value: Floats, low: Floats, high: Floats) -> Axes:
    """Draw a row a name, the first on top: a dot at `value`, a capped line from `low` to `high`; (rows,)."""
    axes = figure.add_subplot()
    rows = np.arange(len(names))
    axes.hlines(rows, low, high, color=POINT_COLOUR, linewidth=1.3)
    for end in (low, high):
        axes.plot(
            end, rows, linestyle="none", marker="|", markersize=6, markeredgewidth=1.3, color=POINT_COLOUR
        )
    axes.plot(value, rows, linestyle="none", marker="o", markersize=5, color=POINT_COLOUR)
    plain_axes(axes, grid="x")
    # parse_math: a dollar sign in a name is a dollar sign, not the start of a formula.
    axes.set_yticks(rows, cut_names(names), parse_math=False, fontsize=TEXT_PT)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.margins(x=0.08)
    return axes
