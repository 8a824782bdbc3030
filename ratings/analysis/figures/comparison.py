"""The figure of the comparisons: the difference of every pair of methods, and which of them hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ratings.analysis.arrays import Bools, Floats
from ratings.analysis.figures.sheet import (
    COLUMN_IN,
    PAGE_IN,
    SMALL_PT,
    TEXT_COLOUR,
    TEXT_PT,
    Sheet,
    render,
    text_width_pt,
)
from ratings.analysis.figures.words import cut_names, over_all_images
from ratings.analysis.options import require_available, require_level

# Blue below 0, vermillion above, both so pale that black numbers are read on them.
_DIFFERENCES: Final = LinearSegmentedColormap.from_list(
    "differences", ["#5fa8d3", "#ffffff", "#eb9a5f"], N=255
)
_UNKNOWN_COLOUR: Final = "#eeeeee"
_CELL_PT: Final = 31.0
# Two methods have one cell, which need not fill the width.
_FEWEST_ACROSS: Final = 5
_DIRECTIONS: Final = ("better", "worse")


def comparison_figure(
    comparison: pd.DataFrame,
    *,
    method_order: Sequence[str],
    level: float,
    higher_is: str,
    simulated: bool,
    file_format: str = "svg",
) -> bytes:
    """Draw a triangle of cells, each with the difference of its row's method minus its column's.

    `comparison` has the columns method_a, method_b, difference (a − b, points of the scale) and p_t_holm,
    one row a pair; with a column image, the rows over all images (an empty image) are drawn. A star and bold
    type mark p_t_holm < 1 − `level`. `higher_is` says what a larger score means. A pair that is missing or
    whose difference is NaN is an empty grey cell. Methods stand in `method_order`, then as they appear.
    Raises: ValueError if fewer than two methods are left, or level, direction or format is impossible.
    """
    require_level(level)
    require_available("higher_is", higher_is, _DIRECTIONS)
    overall = over_all_images(comparison)
    present = dict.fromkeys(map(str, [*overall["method_a"], *overall["method_b"]]))
    methods = [name for name in dict.fromkeys((*method_order, *present)) if name in present]
    if len(methods) < 2:
        raise ValueError("there is no pair of methods to draw: the comparison has no row over all images")
    difference, p = _triangle(overall, methods)
    chance = round(1 - level, 12)  # 1 − 0.95 is a little above 0.05 in floating point
    labels = cut_names(methods)
    needed_in = ((len(methods) - 1) * _CELL_PT + text_width_pt(labels[-1], TEXT_PT) + 14) / 72
    favours = "negative" if higher_is == "worse" else "positive"
    sheet = Sheet(
        title="Differences between the methods",
        heading=[
            f"Row − column in points; {favours}: the row is better",
            f"* differs, p < {chance:g} (paired t over raters, Holm)",
        ],
        below=["A name ends its row and heads its column"],
        width_in=COLUMN_IN if needed_in <= COLUMN_IN else PAGE_IN,
        body_in=0.15 + 0.25 * len(methods),
        simulated=simulated,
        file_format=file_format,
    )
    return render(sheet, lambda figure: _draw(figure, difference, p < chance, labels))


def _triangle(comparison: pd.DataFrame, methods: Sequence[str]) -> tuple[Floats, Floats]:
    """Return differences and p-values (methods, methods) under the diagonal, row minus column."""
    place = {name: number for number, name in enumerate(methods)}
    difference = np.full((len(methods), len(methods)), np.nan)
    p = np.full(difference.shape, np.nan)
    columns = ("method_a", "method_b", "difference", "p_t_holm")
    for a, b, value, chance in zip(*(comparison[name] for name in columns), strict=True):
        first, second = place[str(a)], place[str(b)]
        row, column = max(first, second), min(first, second)
        difference[row, column] = value if row == first else -value
        p[row, column] = chance
    return difference, p


def _draw(figure: Figure, difference: Floats, holds: Bools, labels: Sequence[str]) -> None:
    """Draw the cells under the diagonal, and on it the name that is both a row's and a column's."""
    axes = figure.add_subplot()
    largest = float(np.abs(difference).max(where=~np.isnan(difference), initial=0.0)) or 1.0
    decimals = int(np.clip(2 - np.floor(np.log10(largest)), 0, 3))
    for row in range(len(labels)):
        for column in range(row):
            value, star = float(difference[row, column]), bool(holds[row, column])
            text = "" if np.isnan(value) else f"{value:+.{decimals}f}".replace("-", "−") + "*" * star
            colour = _UNKNOWN_COLOUR if np.isnan(value) else _DIFFERENCES((value / largest + 1) / 2)
            axes.add_patch(
                Rectangle((column, row), 1, 1, facecolor=colour, edgecolor="#b0b0b0", linewidth=0.4)
            )
            weight = "bold" if star else "normal"
            centre = column + 0.5, row + 0.5
            axes.text(
                *centre, text, ha="center", va="center", fontsize=SMALL_PT, weight=weight, color=TEXT_COLOUR
            )
        axes.text(
            row + 0.08,
            row + 0.5,
            labels[row],
            va="center",
            color=TEXT_COLOUR,
            fontsize=TEXT_PT,
            parse_math=False,
        )
    axes.set_xlim(0, max(len(labels) - 0.9, _FEWEST_ACROSS))
    axes.set_ylim(len(labels), 0)
    axes.set_axis_off()
