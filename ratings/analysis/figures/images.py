"""The figure of the images: every stimulus's score with its interval, a band an image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ratings.analysis.figures.sheet import (
    COLUMN_IN,
    PAGE_IN,
    TEXT_PT,
    Sheet,
    method_legend,
    method_style,
    plain_axes,
    render,
)
from ratings.analysis.figures.words import SHORT_NAME, cut_names, numbers, score_heading, score_label

MOST_IMAGES: Final = 60
# More images than this stand in two panels side by side over the page's width.
_ONE_PANEL: Final = 12
_SLOT_PT: Final = 4.6
_BETWEEN_PT: Final = 5.0
_BAND_COLOUR: Final = "#f1f1f1"


def images_figure(
    dmos: pd.DataFrame,
    *,
    simulated: bool,
    scale_min: float,
    scale_max: float,
    methodology: str,
    method_order: Sequence[str] = (),
    file_format: str = "svg",
) -> bytes:
    """Draw a band an image, and in it a point and interval a method, images in order of first appearance.

    `dmos` is the frame `Tables.dmos`: the columns image, method, dmos, ci_low, ci_high, estimator, ci,
    level, higher_is are read, and scope where present. A NaN end of an interval draws no interval, a NaN
    dmos no point. Methods stand in `method_order`, then in order of first appearance.
    Beyond 60 images the first 60 are drawn, and the figure says so.
    Raises: ValueError if there is no row or no such format.
    """
    if dmos.empty:
        raise ValueError("there is no stimulus to draw: the table of scores is empty")
    images = list(dict.fromkeys(map(str, dmos["image"])))
    present = dict.fromkeys(map(str, dmos["method"]))
    methods = [name for name in dict.fromkeys((*method_order, *present)) if name in present]
    row = dmos.iloc[0]
    heading = score_heading(row)
    if len(images) > MOST_IMAGES:
        heading.append(f"The first {MOST_IMAGES} of {len(images)} images")
        images = images[:MOST_IMAGES]
    panels = 1 if len(images) <= _ONE_PANEL else 2
    per_panel = -(-len(images) // panels)
    sheet = Sheet(
        title="Score of each image and method, with intervals",
        heading=heading,
        below=score_label(
            methodology=methodology,
            estimator=row["estimator"],
            higher_is=row["higher_is"],
            scale_min=scale_min,
            scale_max=scale_max,
        ),
        width_in=COLUMN_IN if panels == 1 else PAGE_IN,
        body_in=0.35 + per_panel * _band_pt(len(methods)) / 72,
        simulated=simulated,
        file_format=file_format,
    )
    shown = dmos[dmos["image"].astype(str).isin(images)]

    def draw(figure: Figure) -> None:
        axes = figure.subplots(1, panels, sharex=True, squeeze=False)[0]
        labels = cut_names(images)
        for panel in range(panels):
            there = slice(panel * per_panel, (panel + 1) * per_panel)
            _draw_panel(axes[panel], shown, images[there], labels[there], methods, per_panel)

    return render(sheet, draw, legend=method_legend(cut_names(methods, longest=SHORT_NAME)))


def _band_pt(methods: int) -> float:
    return max(methods * _SLOT_PT + _BETWEEN_PT, 11.0)


def _draw_panel(
    axes: Axes,
    dmos: pd.DataFrame,
    images: Sequence[str],
    labels: Sequence[str],
    methods: Sequence[str],
    bands: int,
) -> None:
    """Draw the bands of some images from the top; one band is 1 high, and there is room for `bands`."""
    band_of = {image: band for band, image in enumerate(images)}
    slot = min(_SLOT_PT / _band_pt(len(methods)), 1.0)
    for band in range(0, len(images), 2):
        axes.axhspan(band - 0.5, band + 0.5, color=_BAND_COLOUR, linewidth=0, zorder=0)
    for number, method in enumerate(methods):
        mine = dmos[(dmos["method"].astype(str) == method) & dmos["image"].astype(str).isin(images)]
        middle = mine["image"].astype(str).map(band_of).to_numpy(dtype=np.float64)
        at = middle + slot * (number - (len(methods) - 1) / 2)
        value, low, high = numbers(mine, "dmos", "ci_low", "ci_high")
        style = method_style(number)
        axes.hlines(at, low, high, color=style["color"], linewidth=0.9)
        axes.plot(value, at, linestyle="none", markersize=3.6, **style)
    plain_axes(axes, grid="x")
    axes.set_yticks(range(len(images)), labels, parse_math=False, fontsize=TEXT_PT)
    axes.set_ylim(bands - 0.5, -0.5)
    axes.margins(x=0.05)
