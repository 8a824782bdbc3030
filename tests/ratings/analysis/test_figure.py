"""The figure of the methods: well-formed, repeatable, and telling when ratings were simulated."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest

from ratings.analysis.figure import methods_figure
from ratings.analysis.figures import sheet
from tests.ratings.analysis.figure_cast import look, scored, words

SVG = "{http://www.w3.org/2000/svg}"


def rows(*names: str, **changes: object) -> pd.DataFrame:
    numbers = np.arange(len(names), dtype=float)
    told: dict[str, object] = {"estimator": "mean", "ci": "t", "level": 0.95, "higher_is": "worse"}
    return pd.DataFrame(
        {"method": names, "dmos": numbers, "ci_low": numbers - 1, "ci_high": numbers + 2}
    ).assign(**(told | changes))


def draw(methods: pd.DataFrame, *, simulated: bool = False, file_format: str = "svg") -> bytes:
    return methods_figure(methods, simulated=simulated, scale_min=0, scale_max=100, file_format=file_format)


def comments(monkeypatch: pytest.MonkeyPatch, methods: pd.DataFrame, *, simulated: bool = False) -> str:
    """Return the drawing as matplotlib made it, whose comments hold the texts that are drawn as paths."""
    kept: list[str] = []
    monkeypatch.setattr(sheet, "_without_styles", lambda svg: kept.append(svg) or svg)
    draw(methods, simulated=simulated)
    return kept[0]


def test_the_svg_is_well_formed_and_has_no_style() -> None:
    root = ET.fromstring(draw(rows("bicubic", "teacher")))  # noqa: S314  our own drawing
    assert root.tag == f"{SVG}svg"
    assert root.find(f".//{SVG}style") is None
    assert not [element for element in root.iter() if "style" in element.attrib]


def test_what_the_styles_said_is_said_by_attributes() -> None:
    root = ET.fromstring(draw(rows("bicubic")))  # noqa: S314  our own drawing
    assert root.attrib["stroke-linejoin"] == "round"
    points = [element for element in root.iter(f"{SVG}use") if element.get("fill") == "#0072b2"]
    assert points


def test_the_same_rows_give_the_same_bytes() -> None:
    one, two = draw(rows("bicubic", "teacher")), draw(rows("bicubic", "teacher"))
    assert one == two
    assert b"dc:date" not in one
    assert one != draw(rows("bicubic", "student"))


def test_drawings_at_once_are_the_same_as_one_after_the_other() -> None:
    expected = draw(rows("bicubic", "teacher"))
    with ThreadPoolExecutor(4) as threads:
        assert set(threads.map(lambda _: draw(rows("bicubic", "teacher")), range(8))) == {expected}


def test_simulated_ratings_are_named_in_the_picture_and_to_those_who_hear_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert b"(simulated ratings)</title>" in draw(rows("bicubic"), simulated=True)
    assert b"simulated" not in draw(rows("bicubic"))
    assert "<!-- Simulated ratings: no evidence" in comments(monkeypatch, rows("bicubic"), simulated=True)
    assert "Simulated" not in comments(monkeypatch, rows("bicubic"))


def test_the_axis_says_which_way_is_worse(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "points of a 0..100 scale, higher is worse" in comments(monkeypatch, rows("bicubic"))
    assert "z-scores, 0..100, higher is worse" in comments(monkeypatch, rows("bicubic", estimator="zscore"))
    assert "higher is better" in comments(monkeypatch, rows("bicubic", higher_is="better"))


def test_the_interval_drawn_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "90 % intervals over raters (bootstrap)" in comments(
        monkeypatch, rows("bicubic", ci="bootstrap", level=0.9)
    )
    assert "intervals over raters" not in comments(monkeypatch, rows("bicubic", ci="none"))


def test_names_are_text_whatever_they_hold() -> None:
    awkward = ("a$b$c", "<b>&amp;", ' style="x"', "-->", "n" * 200, r"$\frac$")
    ET.fromstring(draw(rows(*awkward)))  # noqa: S314  our own drawing


def test_missing_numbers_draw_nothing_and_do_not_fail() -> None:
    methods = rows("bicubic", "teacher")
    nothing = methods.assign(dmos=np.nan, ci_low=np.nan, ci_high=np.nan)
    no_interval = methods.assign(ci_low=np.nan, ci_high=np.nan)
    assert (
        draw(nothing).count(b"#0072b2")
        < draw(no_interval).count(b"#0072b2")
        < draw(methods).count(b"#0072b2")
    )


def test_a_png_is_a_png() -> None:
    assert draw(rows("bicubic"), file_format="png").startswith(b"\x89PNG\r\n")


def test_an_empty_table_and_an_unknown_format_are_refused() -> None:
    with pytest.raises(ValueError, match="there is no method to draw"):
        draw(rows())
    with pytest.raises(ValueError, match="file_format 'gif' is not available; available: svg, png, pdf"):
        draw(rows("bicubic"), file_format="gif")


AXIS_WORDS = {
    ("dscqs", "mean", "worse"): "Difference mean opinion score\npoints of a 1..5 scale, higher is worse",
    ("dscqs", "subject_model", "worse"): "Difference mean opinion score, subject model\npoints",
    ("dscqs", "zrec", "worse"): "Difference mean opinion score, ZREC\npoints",
    ("dscqs", "zscore", "worse"): "DMOS of z-scores, 0..100, higher is worse",
    ("dsis", "mean", "better"): "(DMOS)\n5 imperceptible .. 1 very annoying, higher is better",
    ("dsis", "zscore", "better"): "Mean of z-scores, 0..100, higher is better",
    ("acr", "mean", "better"): "Mean opinion score\npoints of a 1..5 scale, higher is better",
    ("acr", "zrec", "better"): "Mean opinion score, ZREC\npoints of a 1..5 scale, higher is better",
    ("acr_hr", "mean", "better"): "hidden reference\n1..5 scale, 5: like the reference, higher is better",
    ("acr_hr", "zscore", "worse"): "DMOS of z-scores, 0..100, higher is worse",
}


@pytest.mark.parametrize(("told", "expected"), AXIS_WORDS.items(), ids=str)
def test_the_axis_says_what_is_counted_for_every_methodology_and_estimator(
    monkeypatch: pytest.MonkeyPatch, told: tuple[str, str, str], expected: str
) -> None:
    methodology, estimator, higher_is = told
    methods = rows("bicubic", estimator=estimator, higher_is=higher_is)
    figure = look(
        monkeypatch,
        lambda: methods_figure(methods, simulated=False, scale_min=1, scale_max=5, methodology=methodology),
    )
    # The lines under the axes are written from the lowest up.
    assert expected in "\n".join(reversed(words(figure).split("\n")))


def test_an_interval_by_the_estimators_formula_is_not_said_to_be_over_raters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn = comments(monkeypatch, rows("bicubic", estimator="zrec", ci="model"))
    assert "95 % intervals by the estimator's own formula (model)" in drawn.replace("&#39;", "'")
    assert "over raters" not in drawn


def test_zscores_within_each_method_are_not_shown_without_their_warning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    within = rows("bicubic", estimator="zscore", scope="method", ci="none")
    assert "methods cannot be compared" in comments(monkeypatch, within)
    assert "cannot be compared" not in comments(monkeypatch, within.assign(scope="study"))


def test_point_and_interval_stand_at_their_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    # The cast's third method: 10 · 2 + 0 = 20, from 18 to 23, in the third row.
    axes = look(monkeypatch, lambda: draw(scored(images=1))).axes[0]
    bars = axes.collections[0].get_segments()
    assert bars[2].tolist() == [[18, 2], [23, 2]]
    low, high, dots = axes.lines
    assert [line.get_xdata()[2] for line in (low, dots, high)] == [18, 20, 23]
    assert axes.get_ylim()[0] > axes.get_ylim()[1]  # the first method is on top
