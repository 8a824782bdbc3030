"""The figure of the votes: how each method's votes are spread over the scale."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Polygon

from ratings.analysis.arrays import Floats, Ints
from ratings.analysis.figures.sheet import (
    POINT_COLOUR,
    SMALL_PT,
    TEXT_COLOUR,
    TEXT_PT,
    Sheet,
    plain_axes,
    render,
)
from ratings.analysis.figures.words import SHORT_NAME, cut_names
from ratings.analysis.methodologies import METHODOLOGIES
from ratings.analysis.options import require_available

# More answers than this are drawn as histograms.
_MOST_CATEGORIES: Final = 11
_BINS_OF_SCALE: Final = 20
_MOST_BINS: Final = 80
# A share narrower than this has no room for its number.
_NARROWEST_NUMBERED: Final = 0.07
# The room of a row that the highest bin of all takes.
_HIGHEST: Final = 0.85


def votes_figure(
    values: Floats,
    method_of: Ints,
    methods: Sequence[str],
    *,
    methodology: str,
    scale_min: float,
    scale_max: float,
    simulated: bool,
    file_format: str = "svg",
) -> bytes:
    """Draw how the votes of each method are spread, a row a method in the order of `methods`.

    Shapes: `values` and `method_of` (votes,), the latter indexing `methods`. Units: points of the scale, as
    they are analysed (`Votes.value`: for DSCQS differences reference − test). NaN is a vote not given.
    Votes in whole points of up to eleven are stacked shares of the answers; others are histograms with one
    common width and height, and a mark at the median. DSCQS is always drawn as histograms.
    Raises: ValueError if no vote is given, shapes disagree, or format or methodology is unknown.
    """
    require_available("methodology", methodology, tuple(METHODOLOGIES))
    if values.shape != method_of.shape:
        raise ValueError(f"values {values.shape} and method_of {method_of.shape} are not both (votes,)")
    given = ~np.isnan(values)
    values, method_of = values[given], method_of[given]
    if not values.size:
        raise ValueError("there is no vote to draw")
    counts = np.bincount(method_of, minlength=len(methods))
    names = cut_names(methods, longest=SHORT_NAME)
    labels = [f"{name} ({n})" for name, n in zip(names, counts.tolist(), strict=True)]
    answers = None if METHODOLOGIES[methodology].pairs else _answers(values, scale_min, scale_max)
    stacked = answers is not None
    sheet = Sheet(
        title="Votes on each method",
        heading=[
            "In brackets: the number of votes"
            + ("; colours: the answers" if stacked else "; line: the median")
        ],
        below=_axis(methodology, scale_min, scale_max, stacked=stacked),
        body_in=0.35 + (0.24 if stacked else 0.34) * len(methods),
        simulated=simulated,
        file_format=file_format,
    )
    if answers is None:
        anchor = 0.0 if METHODOLOGIES[methodology].pairs else scale_min
        edges = _bin_edges(values, anchor, (scale_max - scale_min) / _BINS_OF_SCALE)
        return render(sheet, lambda figure: _draw_ridge(figure, values, method_of, labels, edges))
    shares = _shares(values, method_of, answers, len(methods))
    colours = _colours(len(answers))
    legend = [
        Patch(facecolor=colour, edgecolor=TEXT_COLOUR, linewidth=0.4, label=f"{answer:g}")
        for colour, answer in zip(colours, answers.tolist(), strict=True)
    ]
    return render(
        sheet,
        lambda figure: _draw_shares(figure, shares, labels, colours),
        legend=legend,
        columns=len(legend),
    )


def _axis(methodology: str, scale_min: float, scale_max: float, *, stacked: bool) -> list[str]:
    lines = ["Share of the votes, %"] if stacked else []
    if METHODOLOGIES[methodology].pairs:
        lines.append("Difference reference − test, positive: test rated lower")
    elif METHODOLOGIES[methodology].subtracts_reference:
        lines.append(f"votes less the rater's vote on the reference, plus {scale_max:g}")
    if methodology == "dsis":
        return [*lines, f"{scale_max:g} imperceptible .. {scale_min:g} very annoying"]
    return [*lines, f"points of a {scale_min:g}..{scale_max:g} scale"]


def _answers(values: Floats, scale_min: float, scale_max: float) -> Floats | None:
    """Return the possible answers in whole points, or None if votes are not such."""
    low, high = min(scale_min, values.min()), max(scale_max, values.max())
    whole = float(low).is_integer() and (values == np.round(values)).all()
    return np.arange(low, high + 1) if whole and high - low < _MOST_CATEGORIES else None


def _shares(values: Floats, method_of: Ints, answers: Floats, methods: int) -> Floats:
    """Return the share of each answer, (methods, answers); NaN without a vote."""
    answer_of = (values - answers[0]).astype(np.int64)
    counts = np.bincount(method_of * len(answers) + answer_of, minlength=methods * len(answers))
    table = counts.reshape(methods, len(answers))
    total = table.sum(axis=1, keepdims=True)
    return np.where(total > 0, table / np.maximum(total, 1), np.nan)


def _colours(answers: int) -> list[tuple[float, float, float, float]]:
    """Return colours from dark to light, whose order also grey print keeps."""
    return [mpl.colormaps["cividis"](place) for place in np.linspace(0.05, 0.97, answers)]


def _draw_shares(
    figure: Figure, shares: Floats, labels: Sequence[str], colours: list[tuple[float, float, float, float]]
) -> None:
    axes = figure.add_subplot()
    rows = np.arange(len(labels))
    ends = np.cumsum(shares, axis=1)
    for number, colour in enumerate(colours):
        share, end = shares[:, number], ends[:, number]
        axes.barh(rows, share, left=end - share, height=0.8, color=[colour], edgecolor="white", linewidth=0.5)
        bright = 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2] > 0.5
        for row in np.flatnonzero(share >= _NARROWEST_NUMBERED).tolist():
            axes.text(
                end[row] - share[row] / 2,
                row,
                f"{100 * share[row]:.0f}",
                ha="center",
                va="center",
                fontsize=SMALL_PT,
                color=TEXT_COLOUR if bright else "white",
            )
    plain_axes(axes, grid="x")
    axes.set_xlim(0, 1)
    axes.set_xticks(np.linspace(0, 1, 5), ["0", "25", "50", "75", "100"])
    axes.set_yticks(rows, labels, parse_math=False, fontsize=TEXT_PT)
    axes.set_ylim(len(labels) - 0.5, -0.5)


def _bin_edges(values: Floats, anchor: float, width: float) -> Floats:
    """Return the edges of bins around `anchor` and whole widths from it, as many as the votes reach."""
    width = max(width, np.ptp(values) / _MOST_BINS)
    first = np.floor((values.min() - anchor) / width + 0.5)
    last = np.floor((values.max() - anchor) / width + 0.5)
    return anchor + (np.arange(first, last + 2) - 0.5) * width


def _draw_ridge(
    figure: Figure, values: Floats, method_of: Ints, labels: Sequence[str], edges: Floats
) -> None:
    axes = figure.add_subplot()
    width = edges[1] - edges[0]
    bin_of = np.clip(((values - edges[0]) / width).astype(np.int64), 0, len(edges) - 2)
    bins = len(edges) - 1
    counts = np.bincount(method_of * bins + bin_of, minlength=len(labels) * bins).reshape(-1, bins)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    heights = _HIGHEST * shares / shares.max()
    if edges[0] < 0 < edges[-1]:
        axes.axvline(0, color=TEXT_COLOUR, linewidth=0.6, linestyle=(0, (2, 2)), zorder=1)
    for row, height in enumerate(heights):
        base = row + 0.5
        axes.plot(edges[[0, -1]], [base, base], color=TEXT_COLOUR, linewidth=0.4)
        if not counts[row].any():
            continue
        outline = np.column_stack([np.repeat(edges, 2), base - np.pad(np.repeat(height, 2), 1)])
        axes.add_patch(
            Polygon(outline, facecolor="#9ecae1", edgecolor=POINT_COLOUR, linewidth=0.6)  # its pale shade
        )
        median = np.median(values[method_of == row])
        axes.plot([median] * 2, [base, base - _HIGHEST], color=TEXT_COLOUR, linewidth=1.2)
    plain_axes(axes, grid="x")
    axes.set_yticks(np.arange(len(labels)) + 0.25, labels, parse_math=False, fontsize=TEXT_PT)
    axes.set_ylim(len(labels) - 0.4, -0.5)
    axes.set_xlim(edges[0], edges[-1])
