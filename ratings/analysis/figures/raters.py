"""The figure of the raters: bias against inconsistency, with those marked who were rejected."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ratings.analysis.arrays import Bools, Floats, Ints
from ratings.analysis.figures.labels import Box, place_labels
from ratings.analysis.figures.sheet import (
    COLOURS,
    SMALL_PT,
    TEXT_COLOUR,
    TEXT_PT,
    Sheet,
    plain_axes,
    render,
    text_width_pt,
)
from ratings.analysis.figures.words import cut_names, numbers
from ratings.analysis.methodologies import METHODOLOGIES
from ratings.analysis.options import require_available

MOST_NAMED: Final = 20
# So many median absolute deviations from the median make a rater extreme: 3 normal standard deviations.
_EXTREME: Final = 3 * 1.4826
_MOST_EXTREME: Final = 5
_GAP_PT: Final = 3.0
_REJECTED_TEXTS: Final = {"true": True, "1": True, "false": False, "0": False, "": False}
_KEPT: Final[dict[str, Any]] = {
    "marker": "o",
    "color": COLOURS[0],
    "markersize": 4.0,
    "alpha": 0.6,
    "markeredgewidth": 0.0,
}
_OUT: Final[dict[str, Any]] = {
    "marker": "X",
    "color": COLOURS[1],
    "markersize": 5.5,
    "markeredgecolor": TEXT_COLOUR,
    "markeredgewidth": 0.4,
}


def raters_figure(
    raters: pd.DataFrame, *, methodology: str, simulated: bool, file_format: str = "svg"
) -> bytes:
    """Draw one mark a rater: bias across, inconsistency up, a cross for those who were rejected.

    `raters` has the columns rater, bias, inconsistency (points of the scale) and rejected (true or false,
    also as text; empty is false). Named are the rejected and the most extreme of the others, at most 20 and
    as far as there is room. A rater without a bias or an inconsistency (NaN) is counted, not drawn.
    Raises: ValueError if there is no rater, `rejected` is neither, or format or methodology is unknown.
    """
    require_available("methodology", methodology, tuple(METHODOLOGIES))
    if raters.empty:
        raise ValueError("there is no rater to draw: the table of raters is empty")
    bias, inconsistency = numbers(raters, "bias", "inconsistency")
    rejected = _as_bools(raters["rejected"])
    known = np.isfinite(bias) & np.isfinite(inconsistency)
    names = cut_names([str(name) for name in raters["rater"]], longest=16)
    heading = [f"Raters: {len(raters)}, rejected: {int(rejected.sum())}"]
    if not known.all():
        heading.append(f"Without an estimate, not drawn: {int((~known).sum())}")
    what = "differences" if METHODOLOGIES[methodology].pairs else "scores"
    sheet = Sheet(
        title="Bias and inconsistency of each rater",
        heading=heading,
        below=["Bias in points", f"positive: larger {what} than the panel's"],
        body_in=2.5,
        simulated=simulated,
        file_format=file_format,
    )
    legend = [Line2D([], [], linestyle="none", label="kept", **_KEPT)]
    if rejected.any():
        legend.append(Line2D([], [], linestyle="none", label="rejected", **_OUT))

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        for style, mine in ((_KEPT, known & ~rejected), (_OUT, known & rejected)):
            axes.plot(bias[mine], inconsistency[mine], linestyle="none", **style)
        axes.axvline(0, color=TEXT_COLOUR, linewidth=0.6, linestyle=(0, (2, 2)), zorder=1)
        plain_axes(axes, grid="both", left=True)
        axes.margins(0.12)
        axes.set_ylabel("Inconsistency in points\n(standard deviation)", color=TEXT_COLOUR, fontsize=TEXT_PT)
        figure.draw_without_rendering()  # now the axes have their size, which the names need
        named = _to_name(bias, inconsistency, rejected, known)
        _name(axes, np.column_stack([bias, inconsistency])[known], np.flatnonzero(known), named, names)

    return render(sheet, draw, legend=legend)


def _as_bools(column: pd.Series[str]) -> Bools:
    texts = column.map(lambda cell: "" if pd.isna(cell) else str(cell).strip().lower())
    unknown = texts[~texts.isin([*_REJECTED_TEXTS, "1.0", "0.0"])]
    if not unknown.empty:
        raise ValueError(f"rejected holds {unknown.iloc[0]!r}, which is neither true nor false")
    return texts.str.removesuffix(".0").map(_REJECTED_TEXTS).to_numpy(dtype=np.bool_)


def _to_name(bias: Floats, inconsistency: Floats, rejected: Bools, known: Bools) -> Ints:
    """Return the raters to name, the farthest first and the rejected before the others; (named,)."""
    far = np.fmax(*(_distance(values, known) for values in (bias, inconsistency)))
    extreme = known & ~rejected & (far > _EXTREME)
    order = np.argsort(-far, kind="stable")
    others = [rater for rater in order.tolist() if extreme[rater]][:_MOST_EXTREME]
    chosen = [rater for rater in order.tolist() if rejected[rater] and known[rater]] + others
    return np.array(chosen[:MOST_NAMED], dtype=np.int64)


def _distance(values: Floats, known: Bools) -> Floats:
    """Return the distance from the median in median absolute deviations; 0 with too few to tell."""
    if known.sum() < 5:
        return np.zeros(values.shape)
    away = np.abs(values - np.median(values[known]))
    typical = np.median(away[known])
    return away / typical if typical > 0 else np.zeros(values.shape)


def _name(axes: Axes, marks: Floats, raters: Ints, named: Ints, names: list[str]) -> None:
    """Write the names of some beside their marks; `marks` (drawn, 2) are those of `raters` (drawn,)."""
    per_pt = axes.figure.dpi / 72
    places = axes.transData.transform(marks) / per_pt
    mark_of = {rater: mark for mark, rater in enumerate(raters.tolist())}
    chosen = [mark_of[rater] for rater in named.tolist()]
    widths = [text_width_pt(names[rater], SMALL_PT) + _GAP_PT for rater in named.tolist()]
    inside = axes.get_window_extent()
    frame = Box(*(float(edge) / per_pt for edge in (inside.x0, inside.y0, inside.x1, inside.y1)))
    found = place_labels(places, chosen, widths, height=SMALL_PT + 1, frame=frame)
    for rater, mark, corner in zip(named.tolist(), chosen, found, strict=True):
        if corner is None:
            continue
        axes.annotate(
            names[rater],
            (float(marks[mark, 0]), float(marks[mark, 1])),
            xytext=(corner[0] - places[mark, 0], corner[1] - places[mark, 1]),
            textcoords="offset points",
            va="bottom",
            fontsize=SMALL_PT,
            color=TEXT_COLOUR,
            parse_math=False,
        ).set_in_layout(False)
