"""The figure of an objective metric against opinion scores, with the fitted curve."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ratings.analysis.arrays import Floats, Ints
from ratings.analysis.figures.sheet import (
    TEXT_COLOUR,
    TEXT_PT,
    Sheet,
    method_legend,
    method_style,
    plain_axes,
    render,
)
from ratings.analysis.figures.words import SHORT_NAME, cut_names, score_label
from ratings.analysis.methodologies import METHODOLOGIES, higher_is
from ratings.analysis.options import require_available, require_level

_LABELS: Final = {"psnr": ("PSNR", " (dB)"), "ssim": ("SSIM", "")}
# With more stimuli than this the marks are smaller and the bars fainter.
_CROWD: Final = 80


def metric_figure(
    metric: str,
    x: Floats,
    dmos: Floats,
    half_width: Floats,
    method_of: Ints,
    methods: Sequence[str],
    *,
    curve_x: Floats | None,
    curve_y: Floats | None,
    fit_text: str,
    level: float,
    methodology: str,
    estimator: str,
    scale_min: float,
    scale_max: float,
    simulated: bool,
    file_format: str = "svg",
) -> bytes:
    """Draw one mark a stimulus: the metric across, the opinion score up, a shape and a colour a method.

    Shapes: `x`, `dmos`, `half_width` and `method_of` (stimuli,), the last indexing `methods`; `curve_x` and
    `curve_y` (points,), None where nothing was fitted. `half_width` is half the interval of `dmos` at
    `level`; NaN draws no bar. A stimulus with an infinite `x`, or NaN in `x` or `dmos`, is counted, not
    drawn. `fit_text` (for example "PLCC 0.91, SROCC 0.89") stands over the axes.
    Raises: ValueError if no stimulus is left, shapes disagree, or format, level or methodology is impossible.
    """
    require_available("methodology", methodology, tuple(METHODOLOGIES))
    require_level(level)
    shapes = {array.shape for array in (x, dmos, half_width, method_of)}
    if len(shapes) != 1:
        raise ValueError(f"x, dmos, half_width and method_of have the shapes {shapes}, not all (stimuli,)")
    drawn = np.isfinite(x) & np.isfinite(dmos)
    if not drawn.any():
        raise ValueError(f"there is no stimulus to draw: none has both a score and a finite {metric}")
    name, unit = _LABELS.get(metric, (metric, ""))
    sheet = Sheet(
        title="Opinion scores against a metric",
        heading=[fit_text, *_notes(name, x, dmos, half_width, level)],
        below=[name + unit],
        body_in=2.7,
        simulated=simulated,
        file_format=file_format,
    )
    what = score_label(
        methodology=methodology,
        estimator=estimator,
        higher_is=higher_is(methodology, estimator),
        scale_min=scale_min,
        scale_max=scale_max,
    )

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        crowd = int(drawn.sum()) > _CROWD
        for number in range(len(methods)):
            mine = drawn & (method_of == number)
            style = method_style(number)
            ends = dmos[mine] - half_width[mine], dmos[mine] + half_width[mine]
            axes.vlines(x[mine], *ends, color=style["color"], linewidth=0.7, alpha=0.35 if crowd else 0.7)
            axes.plot(x[mine], dmos[mine], linestyle="none", markersize=3.2 if crowd else 4.5, **style)
        if curve_x is not None and curve_y is not None:
            axes.plot(curve_x, curve_y, color=TEXT_COLOUR, linewidth=1.2, zorder=4)
        plain_axes(axes, grid="both", left=True)
        axes.margins(0.05)
        axes.set_ylabel("\n".join(what), color=TEXT_COLOUR, fontsize=TEXT_PT)

    legend = method_legend(cut_names(methods, longest=SHORT_NAME))
    if curve_x is not None:
        legend.append(Line2D([], [], color=TEXT_COLOUR, linewidth=1.2, label="fitted curve"))
    return render(sheet, draw, legend=legend)


def _notes(name: str, x: Floats, dmos: Floats, half_width: Floats, level: float) -> list[str]:
    infinite = int((np.isinf(x) & ~np.isnan(dmos)).sum())
    missing = int((np.isnan(x) | np.isnan(dmos)).sum())
    left_out = [f"{infinite} with infinite {name}"] * (infinite > 0)
    left_out += [f"{missing} with a number missing"] * (missing > 0)
    lines = [f"Bars: {100 * level:g} % intervals"] if np.isfinite(half_width).any() else []
    return lines + ([f"Stimuli not drawn: {', '.join(left_out)}"] if left_out else [])
