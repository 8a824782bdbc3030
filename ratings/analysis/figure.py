"""The figure of a study's results: every method's score with its interval."""

from __future__ import annotations

import io
import re
import threading
from typing import Final

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.typing import RcKeyType

from ratings.analysis.options import require_available

FORMATS: Final = ("svg", "png")

# Blue on white, of the Okabe–Ito palette: one hue, so that nothing is said by colour alone.
POINT_COLOUR: Final = "#0072b2"
TEXT_COLOUR: Final = "#222222"
GRID_COLOUR: Final = "#d9d9d9"

# A longer name is cut, or it would push the plot off the page.
LONGEST_NAME: Final = 32

# Matplotlib's settings are global, and so are its font caches: two web threads may not draw at once.
_drawing = threading.Lock()


def methods_figure(
    methods: pd.DataFrame, *, simulated: bool, scale_min: float, scale_max: float, file_format: str = "svg"
) -> bytes:
    """Draw one point a method, with its interval, in the order of the rows.

    `methods` is the frame `Tables.methods`: the columns method, dmos, ci_low, ci_high, estimator, ci,
    level, higher_is are read. A NaN end of an interval draws no interval, a NaN dmos no point.
    `simulated` writes "simulated ratings" into the figure; `scale_min` and `scale_max` are the ends of
    the rating scale, for the axis label.
    Returns the file's bytes; "svg" holds neither style elements nor style attributes, so that a strict
    content security policy has nothing to refuse, and is the same, byte for byte, for the same rows.
    Raises: ValueError if there is no row or no such format.
    """
    require_available("file_format", file_format, FORMATS)
    if methods.empty:
        raise ValueError("there is no method to draw: the table of methods is empty")
    settings: dict[RcKeyType, object] = {
        "svg.hashsalt": "srstudy",  # else the ids inside the file are new at each drawing
        "svg.fonttype": "path",  # else it looks as the reader's fonts make it look
        "font.family": "DejaVu Sans",  # comes with matplotlib, so every machine has it
        "font.size": 10.0,
    }
    with _drawing, mpl.rc_context(settings):
        figure = Figure(figsize=(7.0, 1.7 + 0.36 * len(methods)), layout="constrained")
        # A canvas attaches itself to the figure it is given.
        canvas = FigureCanvasAgg(figure) if file_format == "png" else FigureCanvasSVG(figure)
        _draw(figure.add_subplot(), methods, simulated=simulated)
        # Under the whole figure: under the axes alone, long names would push its end out of the picture.
        figure.supxlabel(_axis_label(methods.iloc[0], scale_min, scale_max), color=TEXT_COLOUR, fontsize=10)
        out = io.BytesIO()
        if file_format == "png":
            canvas.print_figure(out, format="png", dpi=150, metadata={"Software": None})
            return out.getvalue()
        canvas.print_figure(
            out, format="svg", metadata={"Date": None, "Creator": None, "Title": _spoken(simulated)}
        )
    return _without_styles(out.getvalue().decode()).encode()


def _draw(axes: Axes, methods: pd.DataFrame, *, simulated: bool) -> None:
    dmos = methods["dmos"].to_numpy(dtype=np.float64)
    low, high = (methods[name].to_numpy(dtype=np.float64) for name in ("ci_low", "ci_high"))
    rows = np.arange(len(methods))
    axes.hlines(rows, low, high, color=POINT_COLOUR, linewidth=1.8)
    for end in (low, high):
        axes.plot(
            end, rows, linestyle="none", marker="|", markersize=9, markeredgewidth=1.8, color=POINT_COLOUR
        )
    axes.plot(dmos, rows, linestyle="none", marker="o", markersize=7, color=POINT_COLOUR)
    # parse_math: a dollar sign in a name is a dollar sign, not the start of a formula.
    axes.set_yticks(rows, [_short(str(name)) for name in methods["method"]], parse_math=False)
    axes.set_ylim(len(methods) - 0.4, -0.6)
    axes.margins(x=0.08)
    axes.set_title(_title(methods.iloc[0], simulated), loc="left", color=TEXT_COLOUR, fontsize=10)
    axes.grid(axis="x", color=GRID_COLOUR, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(axis="both", length=0, labelcolor=TEXT_COLOUR)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)


def _axis_label(row: pd.Series[str], scale_min: float, scale_max: float) -> str:
    direction = f"higher is {row['higher_is']}"
    if row["estimator"] == "zscore":
        return f"DMOS of z-scores, 0..100, {direction}"
    return f"Difference mean opinion score, points of a {scale_min:g}..{scale_max:g} scale, {direction}"


def _title(row: pd.Series[str], simulated: bool) -> str:
    """Say what the bars are, and first of all whether people gave the ratings."""
    parts = ["Simulated ratings: no evidence of what people see"] if simulated else []
    if row["ci"] != "none":
        parts.append(f"{100 * float(row['level']):g} % intervals over raters ({row['ci']})")
    return "\n".join(parts)


def _spoken(simulated: bool) -> str:
    """Name the picture for those who hear it."""
    return "Score of each method, with intervals" + (" (simulated ratings)" if simulated else "")


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def _without_styles(svg: str) -> str:
    """Turn style attributes into presentation attributes of the same names; drop the style element."""

    def as_attributes(match: re.Match[str]) -> str:
        declarations = (part.split(":", 1) for part in match[1].split(";") if part.strip())
        return "".join(f' {name.strip()}="{value.strip()}"' for name, value in declarations)

    # Comments repeat the texts drawn, and a method's name may look like anything.
    svg = re.sub(r"<!--.*?-->", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<defs>\s*<style[^>]*>.*?</style>\s*</defs>", "", svg, flags=re.DOTALL)
    # What that one style element said of everything, said on the root for all to inherit.
    svg = svg.replace("<svg ", '<svg stroke-linejoin="round" stroke-linecap="butt" ', 1)
    return re.sub(r' style="([^"]*)"', as_attributes, svg)
