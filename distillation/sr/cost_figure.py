"""The figure of quality against cost, with the methods marked that no other beats in both."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.typing import RcKeyType

from distillation.sr.cost import pareto_front

FORMATS: Final = ("png", "svg", "pdf")
_CANVASES: Final = {"png": FigureCanvasAgg, "svg": FigureCanvasSVG, "pdf": FigureCanvasPdf}
# What would make two drawings of the same points differ.
_DATES: Final = {"png": {"Software": None}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}

# As in the figure of a study: blue of the Okabe–Ito palette; form tells the rest, not colour alone.
POINT_COLOUR: Final = "#0072b2"
TEXT_COLOUR: Final = "#222222"
GRID_COLOUR: Final = "#d9d9d9"
LEADER_COLOUR: Final = "#8c8c8c"

_LABEL_PT: Final = 9.0
_LINE_PT: Final = 12.0
_BESIDE_PT: Final = 8.0
_MOVED_PT: Final = 22.0
# A character of a label across, on the generous side.
_CHARACTER_PT: Final = 5.6
# From the dot's edge to the middle of the label's left edge.
_LEADER: Final = {
    "arrowstyle": "-",
    "color": LEADER_COLOUR,
    "linewidth": 0.8,
    "relpos": (0, 0.5),
    "shrinkB": 4.0,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One method: what it costs, in multiply-accumulates (10^9), and how good it is, PSNR-Y in dB."""

    name: str
    gmacs: float
    psnr_y: float


def cost_figure(points: Sequence[Point], *, dataset: str, file_format: str) -> bytes:
    """Draw PSNR-Y over multiply-accumulates on a logarithmic axis; the Pareto front is full dots on a line.

    Returns the file's bytes, the same for the same points.
    Raises: ValueError if there is no point, a cost is not above 0, or there is no such format.
    """
    if file_format not in FORMATS:
        raise ValueError(f"A figure is {', '.join(FORMATS)}, not {file_format!r}.")
    if not points:
        raise ValueError(f"There is nothing to draw: no method has been evaluated on {dataset}.")
    for point in points:
        if not point.gmacs > 0:
            raise ValueError(f"A logarithmic axis begins above 0, and {point.name} costs {point.gmacs}.")
    settings: dict[RcKeyType, object] = {
        "svg.hashsalt": "srstudy",
        "svg.fonttype": "path",
        "font.family": "DejaVu Sans",
        "font.size": 10.0,
    }
    with mpl.rc_context(settings):
        figure = Figure(figsize=(7.0, 4.4), layout="constrained")
        canvas = _CANVASES[file_format](figure)
        axes = figure.add_subplot()
        draw(axes, points, dataset)
        figure.draw_without_rendering()  # now the axes have their size, which the labels need
        _label(axes, points)
        out = io.BytesIO()
        canvas.print_figure(out, format=file_format, dpi=150, metadata=_DATES[file_format])
    return out.getvalue()


def draw(axes: Axes, points: Sequence[Point], dataset: str) -> None:
    """Draw the points, the front and the legend, without the names."""
    front = pareto_front([point.gmacs for point in points], [point.psnr_y for point in points])
    best = sorted(
        (point.gmacs, point.psnr_y) for point, is_best in zip(points, front, strict=True) if is_best
    )
    others = [
        (point.gmacs, point.psnr_y) for point, is_best in zip(points, front, strict=True) if not is_best
    ]
    dots: dict[str, Any] = {"marker": "o", "markersize": 7, "color": POINT_COLOUR, "zorder": 3}
    line = "-" if len(best) > 1 else "none"  # a line needs two points, in the legend too
    axes.plot(*zip(*best, strict=True), linestyle=line, linewidth=1.4, label="Pareto front", **dots)
    if others:
        beaten = "another is as cheap and as good, and better in one"
        axes.plot(*zip(*others, strict=True), linestyle="none", markerfacecolor="white", label=beaten, **dots)
    axes.set_xscale("log")
    axes.margins(x=0.12, y=0.15)
    # Room for the label of the most expensive one.
    low, high = axes.get_xlim()
    axes.set_xlim(low, high * (high / low) ** 0.12)
    axes.set_xlabel("Multiply-accumulates for an output of 1280 × 720 (10⁹)", color=TEXT_COLOUR)
    axes.set_ylabel(f"PSNR-Y on {_plain(dataset)} (dB)", color=TEXT_COLOUR)
    # Above the axes: within, any corner may hold a point's name.
    axes.legend(
        loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderpad=0, frameon=False, labelcolor=TEXT_COLOUR
    )
    axes.grid(color=GRID_COLOUR, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(axis="both", which="both", length=0, labelcolor=TEXT_COLOUR)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _label(axes: Axes, points: Sequence[Point]) -> None:
    """Write each name to the right of its point, with a thin line where it had to move away."""
    per_pt = axes.figure.dpi / 72
    transformed = [axes.transData.transform((point.gmacs, point.psnr_y)) for point in points]
    places = [(float(across) / per_pt, float(up) / per_pt) for across, up in transformed]
    width_pt = _MOVED_PT + _CHARACTER_PT * max(len(point.name) for point in points)
    for point, place, label in zip(points, places, label_places(places, width_pt=width_pt), strict=True):
        moved = label != place
        axes.annotate(
            _plain(point.name),
            (point.gmacs, point.psnr_y),
            xytext=(label[0] - place[0] + (_MOVED_PT if moved else _BESIDE_PT), label[1] - place[1]),
            textcoords="offset points",
            va="center",
            fontsize=_LABEL_PT,
            color=TEXT_COLOUR,
            bbox={"boxstyle": "square,pad=0.1", "facecolor": "white", "edgecolor": "none"},
            arrowprops=_LEADER if moved else None,
        )


def label_places(places: Sequence[tuple[float, float]], *, width_pt: float) -> list[tuple[float, float]]:
    """Where the labels of points at (across, up) go, both in pt, so that no two lie on one another.

    Points nearer than `width_pt` to each other across share a column. A label that would lie on its
    neighbour's forms a block with it, whose labels are a line apart around the mean height of their points,
    all to the right of the rightmost, so that no line from a point to its label crosses another label.
    """
    found = list(places)
    for column in _columns(places, width_pt):
        blocks: list[list[int]] = []
        for index in sorted(column, key=lambda index: places[index][1]):
            blocks.append([index])
            while len(blocks) > 1 and _bottom(blocks[-1], places) < _top(blocks[-2], places):
                blocks[-2:] = [blocks[-2] + blocks[-1]]
        for block in blocks:
            across = max(places[index][0] for index in block)
            for line, index in enumerate(block):
                found[index] = (across, _bottom(block, places) + (line + 0.5) * _LINE_PT)
    return found


def _bottom(block: Sequence[int], places: Sequence[tuple[float, float]]) -> float:
    middle = sum(places[index][1] for index in block) / len(block)
    return middle - len(block) * _LINE_PT / 2


def _top(block: Sequence[int], places: Sequence[tuple[float, float]]) -> float:
    return _bottom(block, places) + len(block) * _LINE_PT


def _columns(places: Sequence[tuple[float, float]], width_pt: float) -> list[list[int]]:
    columns: list[list[int]] = []
    for index in sorted(range(len(places)), key=lambda index: places[index][0]):
        if columns and places[index][0] - places[columns[-1][-1]][0] < width_pt:
            columns[-1].append(index)
        else:
            columns.append([index])
    return columns


def _plain(text: str) -> str:
    """A dollar sign in a name is a dollar sign, not the start of a formula."""
    return text.replace("$", r"\$")
