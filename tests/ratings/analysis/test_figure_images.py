"""The figure of the images: marks at their numbers, gaps left open, many images in two panels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from ratings.analysis.figures import images_figure
from tests.ratings.analysis.figure_cast import METHODS, SCALE, look, scored, texts


def drawn(monkeypatch: pytest.MonkeyPatch, dmos: pd.DataFrame, **changes: object) -> Figure:
    return look(monkeypatch, lambda: images_figure(dmos, simulated=False, **(SCALE | changes)))


def test_marks_and_intervals_stand_at_their_numbers_in_the_bands_of_their_images(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    axes = drawn(monkeypatch, scored()).axes[0]
    # The cast: image 1 by method 2 is 21, from 19 to 24; bands are 1 high, the second around 1.
    marks = axes.lines[2]
    assert marks.get_xdata().tolist() == [20, 21]
    bar = axes.collections[2].get_segments()[1]
    assert bar[:, 0].tolist() == [19, 24]
    heights = np.array([line.get_ydata() for line in axes.lines])
    np.testing.assert_allclose(heights.mean(axis=0), [0, 1], atol=1e-12)
    assert (np.abs(heights - [0, 1]) < 0.5).all()
    assert (np.diff(heights, axis=0) > 0).all()  # in the legend's order down, the axis running down


def test_methods_differ_in_shape_and_in_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"m{number}" for number in range(12)]
    lines = drawn(monkeypatch, scored(names)).axes[0].lines
    assert len({line.get_marker() for line in lines}) == 12
    assert len({(line.get_marker(), line.get_color()) for line in lines}) == 12
    assert len({line.get_color() for line in lines[:7]}) == 7


def test_methods_stand_in_the_order_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    order = ("student", "unknown", "bicubic")
    legend = drawn(monkeypatch, scored(), method_order=order).legends[0]
    assert [text.get_text() for text in legend.get_texts()] == ["student", "bicubic", "teacher"]


def test_a_missing_number_draws_nothing_and_the_rest_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    dmos = scored()
    dmos.loc[0, ["ci_low", "ci_high"]] = np.nan
    dmos.loc[1, ["dmos", "ci_low", "ci_high"]] = np.nan
    axes = drawn(monkeypatch, dmos.drop(index=2)).axes[0]
    assert axes.lines[0].get_xdata().tolist() == [0, 1]
    np.testing.assert_array_equal(axes.lines[1].get_xdata(), [np.nan, 11])
    assert axes.lines[2].get_xdata().tolist() == [21]
    assert images_figure(
        dmos.assign(dmos=np.nan, ci_low=np.nan, ci_high=np.nan), simulated=False, **SCALE
    ).startswith(b"<?xml")


def test_more_than_twelve_images_stand_in_two_panels_over_the_pages_width(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    few, many = (drawn(monkeypatch, scored(images=number)) for number in (12, 13))
    assert (len(few.axes), few.get_figwidth()) == (1, 3.5)
    assert (len(many.axes), many.get_figwidth()) == (2, 7.16)
    shown = [[label.get_text() for label in axes.get_yticklabels()] for axes in many.axes]
    assert shown == [
        [f"set/img_{number:03d}" for number in range(7)],
        [f"set/img_{number:03d}" for number in range(7, 13)],
    ]
    assert many.axes[1].lines[0].get_xdata().tolist() == [7, 8, 9, 10, 11, 12]
    assert many.axes[0].get_xlim() == many.axes[1].get_xlim()


def test_sixty_images_are_drawn_and_of_more_the_first_sixty_with_a_word(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sixty = texts(drawn(monkeypatch, scored(METHODS[:1], images=60)))
    assert not [text for text in sixty if text.startswith("The first")]
    more = drawn(monkeypatch, scored(METHODS[:1], images=61))
    assert "The first 60 of 61 images" in texts(more)
    assert "set/img_059" in texts(more)
    assert "set/img_060" not in texts(more)
    assert max(axes.lines[0].get_xdata().max() for axes in more.axes) == 59


def test_the_marks_of_a_band_keep_their_distance_however_many_images(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"m{number}" for number in range(7)]
    for images in (1, 10, 40):
        figure = drawn(monkeypatch, scored(names, images))
        axes = figure.axes[0]
        up = axes.transData.transform([(0, line.get_ydata()[0]) for line in axes.lines])[:, 1]
        apart_pt = -np.diff(up) * 72 / figure.dpi
        assert (apart_pt > 3.9).all()  # a mark is 3.6 pt across


def test_an_empty_table_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no stimulus to draw"):
        images_figure(scored().iloc[:0], simulated=False, **SCALE)
