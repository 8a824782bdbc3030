"""The figure of a metric against opinion scores: marks, bars, curve, and what is left out said."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from tests.ratings.analysis.figure_cast import METHODS, look, metric_drawing, words

X = np.array([30.0, 32, np.inf, 34, 36])
Y = np.array([40.0, 30, 5, np.nan, 10])
HALF = np.array([4.0, np.nan, 2, 3, 5])
FEW = {"x": X, "dmos": Y, "half_width": HALF, "method_of": np.array([0, 1, 0, 1, 0]), "names": METHODS[:2]}


def drawn(monkeypatch: pytest.MonkeyPatch, **told: object) -> Figure:
    return look(monkeypatch, lambda: metric_drawing(**told))


def test_marks_bars_and_curve_stand_at_their_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    axes = drawn(monkeypatch, **FEW, curve_x=np.array([30.0, 36]), curve_y=np.array([38.0, 12])).axes[0]
    first, second, curve = axes.lines
    assert (first.get_xdata().tolist(), first.get_ydata().tolist()) == ([30, 36], [40, 10])
    assert second.get_xdata().tolist() == [32]
    assert first.get_marker() != second.get_marker()
    assert first.get_color() != second.get_color()
    assert curve.get_ydata().tolist() == [38, 12]
    bars = [segment[:, 1].tolist() for segment in axes.collections[0].get_segments()]
    assert bars == [[36, 44], [5, 15]]


def test_what_is_infinite_or_missing_is_counted_and_not_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    said = words(drawn(monkeypatch, **FEW))
    assert "Stimuli not drawn: 1 with infinite PSNR, 1 with a" in said
    assert "not drawn" not in words(drawn(monkeypatch))


def test_an_infinite_value_beside_a_missing_score_is_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    y = np.where(np.isinf(X), np.nan, 20.0)
    said = words(drawn(monkeypatch, **(FEW | {"dmos": y})))
    assert "Stimuli not drawn: 1 with a number missing" in said


def test_words_over_the_axes_and_along_them(monkeypatch: pytest.MonkeyPatch) -> None:
    said = words(drawn(monkeypatch, fit_text="PLCC 0.5 [0.2, 0.7]", level=0.9))
    for text in (
        "PLCC 0.5 [0.2, 0.7]",
        "Bars: 90 % intervals",
        "PSNR (dB)",
        "Difference mean opinion score\npoints of a 0..100 scale, higher is worse",
        "fitted curve",
    ):
        assert text in said


def test_without_bars_or_curve_neither_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    figure = drawn(monkeypatch, **(FEW | {"half_width": np.full(5, np.nan)}), curve_x=None, curve_y=None)
    assert "Bars" not in words(figure)
    assert "fitted curve" not in words(figure)
    assert len(figure.axes[0].lines) == 2


def test_the_direction_is_the_methodologys(monkeypatch: pytest.MonkeyPatch) -> None:
    said = words(drawn(monkeypatch, methodology="acr_hr", scale_min=1, scale_max=5, estimator="zrec"))
    assert "hidden reference, ZREC" in said
    assert "higher is better" in said


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(
        ValueError, match="there is no stimulus to draw: none has both a score and a finite psnr"
    ):
        metric_drawing(**(FEW | {"x": np.full(5, np.inf)}))
    with pytest.raises(ValueError, match=r"not all \(stimuli,\)"):
        metric_drawing(**(FEW | {"x": X[:4]}))
    with pytest.raises(ValueError, match="level 95 is not between"):
        metric_drawing(level=95)
    with pytest.raises(ValueError, match="methodology 'pc' is not available"):
        metric_drawing(methodology="pc")
