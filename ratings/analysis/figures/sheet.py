"""The sheet every figure is drawn on: its size, its words above and below, and its bytes."""

from __future__ import annotations

import io
import re
import textwrap
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.typing import RcKeyType

from ratings.analysis.options import require_available

FORMATS: Final = ("svg", "png", "pdf")
SIMULATED: Final = "Simulated ratings: no evidence of what people see"

# A column of a journal's page, and its two columns; what is drawn is read at this size.
COLUMN_IN: Final = 3.5
PAGE_IN: Final = 7.16

# The Okabe–Ito palette without its yellow, which white paper swallows; shape always tells the same as colour.
COLOURS: Final = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
MARKERS: Final = ("o", "s", "^", "D", "v", "P", "X", "<", "p", ">", "h", "*")
POINT_COLOUR: Final = COLOURS[0]
TEXT_COLOUR: Final = "#222222"
GRID_COLOUR: Final = "#d9d9d9"

TEXT_PT: Final = 7.5
SMALL_PT: Final = 6.5

_LINE_PT: Final = 10.0
_LEGEND_LINE_PT: Final = 10.5
_PAD_PT: Final = 4.0
# The mean advance of a letter of running text, in parts of the font size, on the generous side.
LETTER: Final = 0.59

# A screen is farther away than paper: 7.5 pt would be 10 px there.
_SCREEN_SCALE: Final = 1.5
_CANVASES: Final = {"svg": FigureCanvasSVG, "png": FigureCanvasAgg, "pdf": FigureCanvasPdf}
_SETTINGS: Final[dict[RcKeyType, object]] = {
    "svg.hashsalt": "srstudy",  # else the ids inside the file are new at each drawing
    "svg.fonttype": "path",  # else it looks as the reader's fonts make it look
    "pdf.fonttype": 42,  # publishers refuse the other kind, Type 3
    "font.family": "DejaVu Sans",  # comes with matplotlib, so every machine has it
    "font.size": TEXT_PT,
    "axes.linewidth": 0.6,
}

# Matplotlib's settings are global, and so are its font caches: two web threads may not draw at once.
_drawing = threading.Lock()


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """What a figure has besides its axes. Sizes in inches; `body_in` is the height left to the axes.

    `title` names the picture to those who hear it; `heading` and `below` are lines over and under the axes.
    """

    title: str
    heading: Sequence[str] = ()
    below: Sequence[str] = ()
    width_in: float = COLUMN_IN
    body_in: float
    simulated: bool
    file_format: str


def render(
    sheet: Sheet, draw: Callable[[Figure], object], *, legend: Sequence[Line2D | Patch] = (), columns: int = 0
) -> bytes:
    """Let `draw` add axes to a new figure, put the words and the legend round them, and return the file.

    `legend` are the entries in order, in as many `columns` as fit where that is 0. The same drawing gives
    the same bytes; SVG holds neither style elements nor style attributes, so that a strict content security
    policy has nothing to refuse.
    Raises: ValueError if there is no such format.
    """
    require_available("file_format", sheet.file_format, FORMATS)
    columns = columns or _legend_columns(legend, sheet.width_in)
    above, below = (_wrapped(lines, sheet.width_in) for lines in (sheet.heading, sheet.below))
    above_pt = _PAD_PT + _LINE_PT * (len(above) + sheet.simulated)
    legend_pt = -(-len(legend) // columns) * _LEGEND_LINE_PT + (_PAD_PT if legend else 0)
    below_pt = _PAD_PT + _LINE_PT * len(below)
    height_pt = above_pt + legend_pt + 72 * sheet.body_in + below_pt
    with _drawing, mpl.rc_context():
        mpl.rcdefaults()  # else a user's own matplotlibrc shows in the file
        mpl.rcParams.update(_SETTINGS)
        figure = Figure(figsize=(sheet.width_in, height_pt / 72))
        canvas = _CANVASES[sheet.file_format](figure)
        height = 72 * sheet.body_in / height_pt
        figure.set_layout_engine(ConstrainedLayoutEngine(rect=(0, below_pt / height_pt, 1, height)))
        draw(figure)
        _write_above(figure, above, simulated=sheet.simulated)
        _write_below(figure, below)
        _add_legend(figure, legend, columns, top=1 - above_pt / height_pt)
        out = io.BytesIO()
        canvas.print_figure(out, format=sheet.file_format, dpi=300, metadata=_metadata(sheet))
    drawn = out.getvalue()
    return _without_styles(drawn.decode()).encode() if sheet.file_format == "svg" else drawn


def plain_axes(axes: Axes, *, grid: str, left: bool = False) -> None:
    """Take off the axes what says nothing: frame and tick marks; `grid` is "x", "y" or "both"."""
    axes.grid(axis=grid, color=GRID_COLOUR, linewidth=0.6)  # type: ignore[arg-type]  # a plain str
    axes.set_axisbelow(True)
    axes.tick_params(axis="both", which="both", length=0, labelcolor=TEXT_COLOUR, labelsize=SMALL_PT)
    for side in ("top", "right") if left else ("top", "right", "left"):
        axes.spines[side].set_visible(False)


def method_style(number: int) -> dict[str, Any]:
    """Return the look of the method of that number: the pair of colour and shape repeats after 84."""
    return {
        "marker": MARKERS[number % len(MARKERS)],
        "color": COLOURS[number % len(COLOURS)],
        "markeredgecolor": TEXT_COLOUR,
        "markeredgewidth": 0.4,
    }


def method_legend(labels: Sequence[str]) -> list[Line2D]:
    """Return one legend entry a method, in order."""
    return [
        Line2D([], [], linestyle="none", markersize=4.5, label=label, **method_style(number))
        for number, label in enumerate(labels)
    ]


def text_width_pt(text: str, size_pt: float) -> float:
    """Say about how wide a text is, without a font at hand."""
    return LETTER * size_pt * len(text)


def _legend_columns(legend: Sequence[Line2D | Patch], width_in: float) -> int:
    if not legend:
        return 1
    widest = max(text_width_pt(str(entry.get_label()), TEXT_PT) for entry in legend) + 22
    return max(1, min(len(legend), int((72 * width_in - 2 * _PAD_PT) / widest)))


def _wrapped(lines: Sequence[str], width_in: float) -> list[str]:
    letters = int((72 * width_in - 2 * _PAD_PT) / (LETTER * TEXT_PT))
    return [part for line in lines for part in textwrap.wrap(line, letters)]


def _write_above(figure: Figure, lines: Sequence[str], *, simulated: bool) -> None:
    width_pt, height_pt = 72 * figure.get_size_inches()
    weighted = ([(SIMULATED, "bold")] if simulated else []) + [(line, "normal") for line in lines]
    for number, (line, weight) in enumerate(weighted):
        place = _PAD_PT / width_pt, 1 - (_PAD_PT + number * _LINE_PT) / height_pt
        figure.text(*place, line, va="top", weight=weight, color=TEXT_COLOUR, parse_math=False)


def _write_below(figure: Figure, lines: Sequence[str]) -> None:
    height_pt = 72 * figure.get_size_inches()[1]
    for number, line in enumerate(reversed(lines)):
        place = 0.5, (_PAD_PT + number * _LINE_PT) / height_pt
        figure.text(*place, line, ha="center", color=TEXT_COLOUR, parse_math=False)


def _add_legend(figure: Figure, entries: Sequence[Line2D | Patch], columns: int, *, top: float) -> None:
    if not entries:
        return
    added = figure.legend(
        handles=list(entries),
        loc="upper left",
        bbox_to_anchor=(0, top),
        ncols=columns,
        frameon=False,
        fontsize=TEXT_PT,
        borderpad=0,
        borderaxespad=_PAD_PT / TEXT_PT,
        handlelength=1.2,
        handletextpad=0.4,
        columnspacing=1.0,
        labelspacing=0.3,
        labelcolor=TEXT_COLOUR,
    )
    added.set_in_layout(False)
    for text in added.get_texts():
        text.set_parse_math(False)  # a dollar sign in a name is a dollar sign, not the start of a formula


def _metadata(sheet: Sheet) -> dict[str, str | None]:
    title = sheet.title + (" (simulated ratings)" if sheet.simulated else "")
    # What would make two drawings of the same numbers differ is left out.
    unwanted: dict[str, dict[str, str | None]] = {
        "svg": {"Date": None, "Creator": None},
        "png": {"Software": None},
        "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    }
    return {"Title": title, **unwanted[sheet.file_format]}


def _without_styles(svg: str) -> str:
    """Turn style attributes into presentation attributes of the same names; drop the style element."""

    def as_attributes(match: re.Match[str]) -> str:
        declarations = (part.split(":", 1) for part in match[1].split(";") if part.strip())
        return "".join(f' {name.strip()}="{value.strip()}"' for name, value in declarations)

    def enlarged(match: re.Match[str]) -> str:
        return f'{match[1]}="{_SCREEN_SCALE * float(match[2]):g}pt"'

    # Comments repeat the texts drawn, and a method's name may look like anything.
    svg = re.sub(r"<!--.*?-->", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<defs>\s*<style[^>]*>.*?</style>\s*</defs>", "", svg, flags=re.DOTALL)
    # What that one style element said of everything, said on the root for all to inherit.
    svg = svg.replace("<svg ", '<svg stroke-linejoin="round" stroke-linecap="butt" ', 1)
    svg = re.sub(r'\b(width|height)="([\d.]+)pt"', enlarged, svg, count=2)
    return re.sub(r' style="([^"]*)"', as_attributes, svg)
