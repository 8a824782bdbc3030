"""The figures of pairs: differences between methods, and the scale of a paired comparison."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ratings.analysis.figures import comparison_figure, scale_figure
from tests.ratings.analysis.figure_cast import LONG, METHODS, compared, look, placed, words


def matrix(
    monkeypatch: pytest.MonkeyPatch,
    frame: pd.DataFrame,
    *,
    order: Sequence[str] = METHODS,
    level: float = 0.95,
    higher_is: str = "worse",
) -> Figure:
    return look(
        monkeypatch,
        lambda: comparison_figure(
            frame, method_order=order, level=level, higher_is=higher_is, simulated=False
        ),
    )


def cells(figure: Figure) -> dict[tuple[float, float], str]:
    """The text of every cell by (row, column)."""
    where = {
        (text.get_position()[1] - 0.5, text.get_position()[0] - 0.5): text for text in figure.axes[0].texts
    }
    return {place: text.get_text() for place, text in where.items() if place[1] == int(place[1])}


def colours(figure: Figure) -> dict[tuple[float, float], tuple[float, ...]]:
    found = [patch for patch in figure.axes[0].patches if isinstance(patch, Rectangle)]
    return {(patch.get_y(), patch.get_x()): patch.get_facecolor()[:3] for patch in found}


def test_a_cell_is_its_rows_method_minus_its_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    # The cast's table has a − b = −10 a place with the earlier as a, so row − column is +10 a place.
    expected = {(1, 0): "+10.0", (2, 0): "+20.0", (2, 1): "+10.0"}
    assert cells(matrix(monkeypatch, compared())) == expected
    turned = compared().rename(columns={"method_a": "method_b", "method_b": "method_a"})
    assert cells(matrix(monkeypatch, turned)) == {
        place: text.replace("+", "−") for place, text in expected.items()
    }


def test_the_order_of_the_methods_turns_the_differences_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    figure = matrix(monkeypatch, compared(), order=METHODS[::-1])
    assert cells(figure) == {(1, 0): "−10.0", (2, 0): "−20.0", (2, 1): "−10.0"}
    names = [text.get_text() for text in figure.axes[0].texts if text.get_text() in METHODS]
    assert names == ["student", "teacher", "bicubic"]


def test_a_star_and_bold_type_mark_what_differs_at_the_level(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = compared().assign(p_t_holm=[0.049, 0.05, np.nan])
    figure = matrix(monkeypatch, frame)
    assert cells(figure) == {(1, 0): "+10.0*", (2, 0): "+20.0", (2, 1): "+10.0"}
    bold = [text.get_text() for text in figure.axes[0].texts if text.get_weight() == "bold"]
    assert bold == ["+10.0*"]
    assert "p < 0.05 (paired t over raters, Holm)" in words(figure)
    assert "*" not in "".join(cells(matrix(monkeypatch, frame, level=0.99)).values())


def test_the_words_say_which_sign_is_better(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "negative: the row is better" in words(matrix(monkeypatch, compared()))
    assert "positive: the row is better" in words(matrix(monkeypatch, compared(), higher_is="better"))


def test_colours_diverge_from_white_at_nothing_and_are_as_strong_either_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = colours(matrix(monkeypatch, compared().assign(difference=[-30.0, 30, 0])))
    assert found[2, 1] == pytest.approx((1, 1, 1), abs=0.01)
    assert found[1, 0][0] > found[1, 0][2]  # above 0: towards vermillion
    assert found[2, 0][2] > found[2, 0][0]  # below: towards blue
    for colour in (found[1, 0], found[2, 0]):
        assert np.dot(colour, [0.299, 0.587, 0.114]) > 0.55  # black numbers are read on it


def test_a_pair_that_is_missing_is_an_empty_grey_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    for frame in (compared().drop(index=1), compared().assign(difference=[-10, np.nan, -10])):
        figure = matrix(monkeypatch, frame)
        assert cells(figure).get((2, 0), "") == ""
        assert len(set(np.round(colours(figure)[2, 0], 3))) == 1
    nothing = matrix(monkeypatch, compared().assign(difference=np.nan, p_t_holm=np.nan))
    assert set(cells(nothing).values()) <= {""}


def test_decimals_follow_the_largest_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    small = compared().assign(difference=[-0.012, -0.3, 0.1])
    assert cells(matrix(monkeypatch, small)) == {(1, 0): "+0.012", (2, 0): "+0.300", (2, 1): "−0.100"}
    large = compared().assign(difference=[-120.0, -3, 1])
    assert cells(matrix(monkeypatch, large))[1, 0] == "+120"


@pytest.mark.parametrize("empty", ["", None, np.nan])
def test_only_rows_over_all_images_are_drawn(monkeypatch: pytest.MonkeyPatch, empty: object) -> None:
    overall = compared().assign(image=empty)
    one_image = compared().assign(image="set/a", difference=99.0)
    assert cells(matrix(monkeypatch, pd.concat([one_image, overall, one_image])))[1, 0] == "+10.0"
    assert cells(matrix(monkeypatch, compared().drop(columns="image")))[1, 0] == "+10.0"


def test_many_methods_take_the_pages_width(monkeypatch: pytest.MonkeyPatch) -> None:
    assert matrix(monkeypatch, compared()).get_figwidth() == 3.5
    assert matrix(monkeypatch, compared(LONG), order=LONG).get_figwidth() == 7.16


def test_a_comparison_that_cannot_be_drawn_is_refused() -> None:
    told = {"method_order": (), "simulated": False}
    with pytest.raises(ValueError, match="there is no pair of methods to draw"):
        comparison_figure(compared().assign(image="set/a"), level=0.95, higher_is="worse", **told)
    with pytest.raises(ValueError, match="higher_is 'good' is not available; available: better, worse"):
        comparison_figure(compared(), level=0.95, higher_is="good", **told)
    with pytest.raises(ValueError, match="level 5 is not between"):
        comparison_figure(compared(), level=5, higher_is="worse", **told)


def scale(monkeypatch: pytest.MonkeyPatch, frame: pd.DataFrame, level: float | None = 0.95) -> Figure:
    return look(monkeypatch, lambda: scale_figure(frame, level=level, simulated=False))


def test_the_scale_has_every_method_at_its_score_and_names_its_unit(monkeypatch: pytest.MonkeyPatch) -> None:
    figure = scale(monkeypatch, placed())
    axes = figure.axes[0]
    assert axes.lines[2].get_xdata().tolist() == [-1, 0, 1]
    assert axes.collections[0].get_segments()[0][:, 0].tolist() == [-1.3, -0.7]
    assert [label.get_text() for label in axes.get_yticklabels()] == list(METHODS)
    for text in ("Bradley–Terry scale (log odds", "higher was preferred", "95 % intervals"):
        assert text in words(figure)
    assert "Scale of the model mine" in words(scale(monkeypatch, placed().assign(model="mine")))


def test_only_the_scale_over_all_images_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    both = pd.concat([placed().assign(image="set/a", score=9.0), placed().assign(image=np.nan)])
    assert scale(monkeypatch, both).axes[0].lines[2].get_xdata().tolist() == [-1, 0, 1]


def test_a_scale_without_intervals_says_nothing_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    figure = scale(monkeypatch, placed().assign(ci_low=np.nan, ci_high=np.nan), level=None)
    assert "intervals" not in words(figure)


def test_an_empty_scale_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no method to draw: the scale has no row"):
        scale_figure(placed().iloc[:0], level=0.95, simulated=False)
