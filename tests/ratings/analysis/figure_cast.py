"""The cast of the figures' tests: frames to draw, one maker a figure, and a look at what was drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from ratings.analysis import figures
from ratings.analysis.figures import sheet

METHODS = ("bicubic", "teacher", "student")
LONG = tuple(f"a_method_with_a_very_long_name_seed_{number:02d}" for number in range(12))
TOLD = {"estimator": "mean", "scope": "", "ci": "t", "level": 0.95, "higher_is": "worse"}
SCALE = {"scale_min": 0, "scale_max": 100, "methodology": "dscqs"}


def scored(names: Sequence[str] = METHODS, images: int = 2, **changes: object) -> pd.DataFrame:
    """The frame of stimuli: image number i by method number m has dmos 10 m + i, interval −2 to +3."""
    rows = [
        {"image": f"set/img_{image:03d}", "method": name, "dmos": 10.0 * number + image}
        for image in range(images)
        for number, name in enumerate(names)
    ]
    frame = pd.DataFrame(rows)
    return frame.assign(ci_low=frame["dmos"] - 2, ci_high=frame["dmos"] + 3, **(TOLD | changes))


def raters(count: int = 6, rejected: Sequence[int] = (1,)) -> pd.DataFrame:
    """Raters whose bias runs from −5 up and inconsistency from 10 up, by 2 and 1 a rater."""
    numbers = np.arange(count)
    return pd.DataFrame(
        {
            "rater": [f"R{number:03d}" for number in numbers],
            "bias": 2.0 * numbers - 5,
            "inconsistency": 10.0 + numbers,
            "rejected": np.isin(numbers, rejected),
        }
    )


def compared(names: Sequence[str] = METHODS, p: float = 0.2) -> pd.DataFrame:
    """Every pair once, the earlier as method_a, with difference a − b = −10 a place."""
    rows = [
        {"image": "", "method_a": a, "method_b": b, "difference": 10.0 * (first - second), "p_t_holm": p}
        for first, a in enumerate(names)
        for second, b in enumerate(names)
        if first < second
    ]
    return pd.DataFrame(rows).assign(better="")


def placed(names: Sequence[str] = METHODS) -> pd.DataFrame:
    score = np.linspace(-1, 1, len(names))
    return pd.DataFrame({"method": names, "score": score, "model": "bradley_terry"}).assign(
        ci_low=score - 0.3, ci_high=score + 0.3
    )


def metric_drawing(
    names: Sequence[str] = METHODS, *, simulated: bool = False, file_format: str = "svg", **changes: object
) -> bytes:
    """Six stimuli a method, from 20 dB up, the score falling from 60."""
    x = np.linspace(20, 40, 6 * len(names))
    given: dict[str, object] = {
        "x": x,
        "dmos": 60 - 2.0 * (x - 20),
        "half_width": np.full(x.shape, 4.0),
        "method_of": np.arange(x.size) % len(names),
        "curve_x": x,
        "curve_y": 58 - 2.0 * (x - 20),
        "fit_text": "PLCC 0.91, SROCC 0.89",
        "level": 0.95,
        "estimator": "mean",
        **SCALE,
    }
    return figures.metric_figure(
        "psnr", methods=names, simulated=simulated, file_format=file_format, **(given | changes)
    )


def vote_drawing(
    names: Sequence[str] = METHODS, *, simulated: bool = False, file_format: str = "svg", **changes: object
) -> bytes:
    """Ten differences a method, 0 to 90 by 10."""
    given: dict[str, object] = {
        "values": np.tile(10.0 * np.arange(10), len(names)),
        "method_of": np.repeat(np.arange(len(names)), 10),
        **SCALE,
    }
    return figures.votes_figure(
        methods=names, simulated=simulated, file_format=file_format, **(given | changes)
    )


Drawing = Callable[..., bytes]
# Each takes (names, simulated=, file_format=).
DRAWINGS: dict[str, Drawing] = {
    "methods": lambda names=METHODS, **told: figures.methods_figure(scored(names, 1), **SCALE, **told),
    "images": lambda names=METHODS, **told: figures.images_figure(scored(names), **SCALE, **told),
    "votes": vote_drawing,
    "raters": lambda names=METHODS, **told: figures.raters_figure(
        raters(len(names), [0]).assign(rater=names), methodology="dscqs", **told
    ),
    "metric": metric_drawing,
    "comparison": lambda names=METHODS, **told: figures.comparison_figure(
        compared(names), method_order=(), level=0.95, higher_is="worse", **told
    ),
    "scale": lambda names=METHODS, **told: figures.scale_figure(placed(names), level=0.95, **told),
}


def look(monkeypatch: pytest.MonkeyPatch, draw: Callable[[], bytes]) -> Figure:
    """Return the figure behind the bytes."""
    kept: list[Figure] = []

    class Kept(Figure):
        def __init__(self, *arguments: object, **keywords: object) -> None:
            super().__init__(*arguments, **keywords)
            kept.append(self)

    monkeypatch.setattr(sheet, "Figure", Kept)
    draw()
    return kept[0]


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def words(figure: Figure) -> str:
    """The lines over and under the axes and along them, one a line."""
    return "\n".join(texts(figure))
