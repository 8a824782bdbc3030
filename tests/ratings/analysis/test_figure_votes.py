"""The figure of the votes: shares of answers where they are few, histograms where they are not."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.patches import Polygon, Rectangle

from tests.ratings.analysis.figure_cast import METHODS, look, vote_drawing, words

FIVE = {"scale_min": 1, "scale_max": 5}


def axes_of(monkeypatch: pytest.MonkeyPatch, **told: object) -> Axes:
    return look(monkeypatch, lambda: vote_drawing(**told)).axes[0]


def bars(axes: Axes) -> list[list[float]]:
    """The width of each segment, a list a method."""
    found = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
    rows = sorted({patch.get_y() for patch in found})
    return [[round(patch.get_width(), 12) for patch in found if patch.get_y() == row] for row in rows]


def test_answers_on_a_five_point_scale_are_shares_of_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    votes = np.array([1, 1, 4, 5, np.nan, 3, 3, 3, 3])
    method_of = np.array([0, 0, 0, 0, 0, 1, 1, 1, 1])
    axes = axes_of(
        monkeypatch, names=METHODS[:2], values=votes, method_of=method_of, methodology="acr", **FIVE
    )
    # Of four votes two are 1, one is 4, one is 5; of the other method all four are 3.
    assert bars(axes) == [[0.5, 0, 0, 0.25, 0.25], [0, 0, 1, 0, 0]]
    first = [patch.get_x() for patch in axes.patches if patch.get_y() < 0]
    assert first == [0, 0.5, 0.5, 0.5, 0.75]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["bicubic (4)", "teacher (4)"]
    assert sorted(text.get_text() for text in axes.texts) == ["100", "25", "25", "50"]
    legend = axes.figure.legends[0]
    assert [text.get_text() for text in legend.get_texts()] == ["1", "2", "3", "4", "5"]


def test_answers_beyond_the_scale_of_acr_hr_have_their_own_share(monkeypatch: pytest.MonkeyPatch) -> None:
    axes = axes_of(
        monkeypatch,
        names=METHODS[:1],
        values=np.array([6.0, 5.0]),
        method_of=np.zeros(2, dtype=np.int64),
        methodology="acr_hr",
        **FIVE,
    )
    assert bars(axes) == [[0, 0, 0, 0, 0.5, 0.5]]
    assert "less the rater's vote on the reference, plus 5" in words(axes.figure)


def test_the_order_of_the_answers_shows_in_grey_print_too(monkeypatch: pytest.MonkeyPatch) -> None:
    votes = np.arange(1.0, 10)
    axes = axes_of(
        monkeypatch,
        names=METHODS[:1],
        values=votes,
        method_of=np.zeros(9, dtype=np.int64),
        methodology="acr",
        scale_min=1,
        scale_max=9,
    )
    colours = np.array([patch.get_facecolor()[:3] for patch in axes.patches])
    assert (np.diff(colours @ [0.299, 0.587, 0.114]) > 0.03).all()


def test_differences_are_histograms_of_one_bin_width_and_one_height(monkeypatch: pytest.MonkeyPatch) -> None:
    # Bins of 100/20 = 5 points around 0, ±5, …: the first method has all four votes in the bin around 0
    # (−2.5 to 2.5), the highest of all; the second a quarter each around 0, 5, 10 and −5.
    votes = np.array([0.0, 1, -2, 2, 0, 5, 10, -5])
    method_of = np.repeat([0, 1], 4)
    axes = axes_of(monkeypatch, names=METHODS[:2], values=votes, method_of=method_of)
    shapes = [patch for patch in axes.patches if isinstance(patch, Polygon)]
    heights = []
    for row, shape in enumerate(shapes):
        outline = shape.get_xy()
        heights.append((row + 0.5 - outline[1:-2:2, 1]).round(12).tolist())
        assert np.unique(outline[:, 0]).tolist() == [-7.5, -2.5, 2.5, 7.5, 12.5]
    assert heights == [[0, 0.85, 0, 0], [0.2125] * 4]


def test_the_mark_is_at_the_median(monkeypatch: pytest.MonkeyPatch) -> None:
    axes = axes_of(monkeypatch, values=np.array([1.0, 2, 30]), method_of=np.zeros(3, dtype=np.int64))
    assert [7.0] not in [list(set(line.get_xdata())) for line in axes.lines]
    assert [2.0] in [list(set(line.get_xdata())) for line in axes.lines]


def test_whole_differences_are_histograms_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    few = {"values": np.array([0.0, 1]), "method_of": np.array([0, 1]), "scale_min": 0, "scale_max": 5}
    histograms = axes_of(monkeypatch, **few).patches
    assert len([patch for patch in histograms if isinstance(patch, Polygon)]) == 2
    assert not [
        patch
        for patch in axes_of(monkeypatch, **few, methodology="acr").patches
        if isinstance(patch, Polygon)
    ]


def test_votes_between_whole_points_are_histograms_on_any_scale(monkeypatch: pytest.MonkeyPatch) -> None:
    axes = axes_of(
        monkeypatch, values=np.array([3.0, 3.5]), method_of=np.array([0, 0]), methodology="dsis", **FIVE
    )
    shape = next(patch for patch in axes.patches if isinstance(patch, Polygon))
    # Bins of 4/20 = 0.2 points around 1, 1.2, …: from 2.9, below 3, to 3.7: 3.5 lies on the edge of 3.6's.
    edges = np.unique(shape.get_xy()[:, 0].round(9))
    assert edges[0] == 2.9
    np.testing.assert_allclose(np.diff(edges), 0.2)
    assert "5 imperceptible .. 1 very annoying" in words(axes.figure)


def test_votes_far_apart_take_wider_bins_not_endless_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    axes = axes_of(monkeypatch, values=np.array([0.0, 1e6]), method_of=np.array([0, 0]))
    assert len(next(patch for patch in axes.patches if isinstance(patch, Polygon)).get_xy()) < 200


def test_a_method_without_a_vote_has_an_empty_row(monkeypatch: pytest.MonkeyPatch) -> None:
    axes = axes_of(monkeypatch, values=np.array([0.0, np.nan]), method_of=np.array([0, 1]))
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        "bicubic (1)",
        "teacher (0)",
        "student (0)",
    ]
    assert len([patch for patch in axes.patches if isinstance(patch, Polygon)]) == 1
    shares = vote_drawing(
        values=np.array([3.0, 4]), method_of=np.array([0, 0]), methodology="acr", simulated=False, **FIVE
    )
    assert shares.startswith(b"<?xml")


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no vote to draw"):
        vote_drawing(values=np.array([np.nan]), method_of=np.array([0]))
    with pytest.raises(ValueError, match=r"values \(2,\) and method_of \(1,\) are not both"):
        vote_drawing(values=np.zeros(2), method_of=np.array([0]))
    with pytest.raises(ValueError, match="methodology 'pc' is not available"):
        vote_drawing(methodology="pc")
