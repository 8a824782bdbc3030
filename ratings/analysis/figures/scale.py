"""The figure of a paired comparison's scale: every method's place on it, with its interval."""

from __future__ import annotations

from typing import Final

import pandas as pd
from matplotlib.figure import Figure

from ratings.analysis.figures.methods import draw_rows, rows_height_in
from ratings.analysis.figures.sheet import TEXT_COLOUR, Sheet, render
from ratings.analysis.figures.words import numbers, over_all_images

_UNITS: Final = {
    "bradley_terry": "Bradley–Terry scale (log odds of being chosen)",
    "thurstone": "Thurstone scale (standard normal quantiles)",
}


def scale_figure(
    scale: pd.DataFrame, *, level: float | None, simulated: bool, file_format: str = "svg"
) -> bytes:
    """Draw one point a method on the scale that the paired comparisons give, in the order of the rows.

    `scale` has the columns method, score, ci_low, ci_high, model; with a column image, the rows of all
    images (an empty image) are drawn. Higher was preferred. NaN ends draw no interval, a NaN score no point.
    `level` is the probability the intervals should cover, None where there is no interval.
    Raises: ValueError if no row is left or there is no such format.
    """
    overall = over_all_images(scale)
    if overall.empty:
        raise ValueError("there is no method to draw: the scale has no row over all images")
    model = str(overall["model"].iloc[0])
    sheet = Sheet(
        title="Paired comparison scale of the methods, with intervals",
        heading=[] if level is None else [f"{100 * level:g} % intervals"],
        below=[_UNITS.get(model, f"Scale of the model {model}"), "higher was preferred more often"],
        body_in=rows_height_in(len(overall)),
        simulated=simulated,
        file_format=file_format,
    )
    names = [str(name) for name in overall["method"]]
    score, low, high = numbers(overall, "score", "ci_low", "ci_high")

    def draw(figure: Figure) -> None:
        axes = draw_rows(figure, names, score, low, high)
        # Only distances count on such a scale; scores sum to 0, so 0 is the mean of the methods.
        axes.axvline(0, color=TEXT_COLOUR, linewidth=0.6, linestyle=(0, (2, 2)), zorder=1)

    return render(sheet, draw)
