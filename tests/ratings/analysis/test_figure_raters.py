"""The figure of the raters: who is marked, who is named, and names that do not lie on one another."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from ratings.analysis.figures import raters_figure
from ratings.analysis.figures.labels import Box, place_labels
from tests.ratings.analysis.figure_cast import look, raters, words

FRAME = Box(0, 0, 200, 100)


def drawn(monkeypatch: pytest.MonkeyPatch, frame: pd.DataFrame, methodology: str = "dscqs") -> Figure:
    return look(monkeypatch, lambda: raters_figure(frame, methodology=methodology, simulated=False))


def names(figure: Figure) -> set[str]:
    return {text.get_text() for text in figure.axes[0].texts}


def crowd(count: int, rejected: list[int], far: list[int]) -> pd.DataFrame:
    """A cloud of raters within ±3 MADs, but for those `far`, ten times as far."""
    rng = np.random.default_rng(5)
    frame = raters(count, rejected)
    points = rng.uniform(-1, 1, (count, 2))
    points[far] = 10 * np.column_stack([np.cos(far), np.sin(far)])
    return frame.assign(bias=points[:, 0], inconsistency=20 + points[:, 1])


def test_rejected_raters_have_another_shape_and_their_name(monkeypatch: pytest.MonkeyPatch) -> None:
    figure = drawn(monkeypatch, raters(6, [1, 4]))
    kept, out = figure.axes[0].lines[:2]
    # The cast: biases −5, −3, …, 5 and inconsistencies 10, 11, …, 15.
    assert (out.get_xdata().tolist(), out.get_ydata().tolist()) == ([-3, 3], [11, 14])
    assert kept.get_xdata().tolist() == [-5, -1, 1, 5]
    assert kept.get_marker() != out.get_marker()
    assert names(figure) == {"R001", "R004"}
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["kept", "rejected"]


def test_among_hundreds_only_the_rejected_and_the_extreme_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    figure = drawn(monkeypatch, crowd(300, [8], far=[2, 8, 100]))
    assert names(figure) == {"R002", "R008", "R100"}
    assert "Raters: 300, rejected: 1" in words(figure)


def test_no_more_than_twenty_are_named_the_farthest_of_the_rejected_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Thirty with room for every name, the last rows the farthest from the median inconsistency.
    numbers = np.arange(30)
    frame = raters(30, numbers.tolist()).assign(bias=numbers % 5, inconsistency=(numbers // 5) ** 3)
    named = names(drawn(monkeypatch, frame))
    assert len(named) == 20
    assert {f"R{number:03d}" for number in range(20, 30)} <= named


def test_rejections_are_read_as_texts_too_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    for column in (
        ["True", "False", "false", "", "0", "1"],
        [1, 0, 0, np.nan, 0, 1],
        [True, *[False] * 4, True],
    ):
        figure = drawn(monkeypatch, raters().assign(rejected=pd.Series(column, dtype=object)))
        assert figure.axes[0].lines[1].get_xdata().tolist() == [-5, 5]
    with pytest.raises(ValueError, match="rejected holds 'maybe', which is neither true nor false"):
        raters_figure(raters().assign(rejected="maybe"), methodology="dscqs", simulated=False)


def test_raters_without_an_estimate_are_counted_and_not_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = raters()
    frame.loc[[0, 1], ["bias", "inconsistency"]] = np.nan
    figure = drawn(monkeypatch, frame)
    assert "Without an estimate, not drawn: 2" in words(figure)
    assert len(figure.axes[0].lines[0].get_xdata()) == 4
    assert names(figure) == set()
    nobody = drawn(monkeypatch, frame.assign(bias=np.nan))
    assert "not drawn: 6" in words(nobody)
    assert "not drawn" not in words(drawn(monkeypatch, raters()))


def test_the_axis_says_what_a_positive_bias_is(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "larger differences than the panel's" in words(drawn(monkeypatch, raters()))
    assert "larger scores than the panel's" in words(drawn(monkeypatch, raters(), "acr"))


def test_an_empty_table_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no rater to draw"):
        raters_figure(raters().iloc[:0], methodology="dscqs", simulated=False)


def test_a_name_stands_right_of_its_mark_or_left_where_the_frame_ends() -> None:
    # 4.5 pt from the mark, centred on it: 8 pt high and 30 wide.
    marks = np.array([[50.0, 50.0], [190.0, 20.0]])
    assert place_labels(marks, [0, 1], [30, 30], height=8, frame=FRAME) == [(54.5, 46), (155.5, 16)]


def test_a_name_gives_way_to_a_mark_and_to_an_earlier_name() -> None:
    # A mark 20 pt to the right is in the way, so the name goes to the left: 50 − 4.5 − 30.
    marks = np.array([[50.0, 50.0], [70.0, 50.0]])
    assert place_labels(marks, [0], [30], height=8, frame=FRAME) == [(15.5, 46)]
    # Two marks 6 pt apart upwards: the second's name would lie on the first's, right and left of it.
    first, second = place_labels(
        np.array([[50.0, 50.0], [50.0, 56.0]]), [0, 1], [30, 30], height=8, frame=FRAME
    )
    assert first == (54.5, 46)
    assert second == (15.5, 52)


def test_a_name_without_room_is_left_out_and_the_next_is_placed() -> None:
    ring = [[50 + 9 * np.cos(angle), 50 + 9 * np.sin(angle)] for angle in np.linspace(0, 6, 24)]
    marks = np.array([[50.0, 50.0], [150.0, 50.0], *ring])
    assert place_labels(marks, [0, 1], [30, 30], height=8, frame=FRAME) == [None, (154.5, 46)]
