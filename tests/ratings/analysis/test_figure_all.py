"""What every figure promises: its format, the same bytes again, no styles, plain names, words that fit."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from pathlib import Path

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from ratings.analysis.figures import FORMATS
from ratings.analysis.figures.words import cut_names
from tests.ratings.analysis.figure_cast import DRAWINGS, LONG, METHODS, Drawing, look, metric_drawing, texts

MAGIC = {"svg": b"<?xml", "png": b"\x89PNG\r\n\x1a\n", "pdf": b"%PDF-"}
EVERY = pytest.mark.parametrize("draw", DRAWINGS.values(), ids=DRAWINGS)


@EVERY
@pytest.mark.parametrize("file_format", FORMATS)
def test_a_file_is_of_the_format_asked_for_and_the_same_a_second_later(
    draw: Drawing, file_format: str
) -> None:
    first = draw(simulated=False, file_format=file_format)
    time.sleep(1.1 if draw is DRAWINGS["scale"] else 0)  # dates in files are of whole seconds
    assert first.startswith(MAGIC[file_format])
    assert draw(simulated=False, file_format=file_format) == first


def test_another_process_with_other_hashes_draws_the_same() -> None:
    code = (
        "import hashlib; from tests.ratings.analysis.figure_cast import DRAWINGS\n"
        f"for file_format in {FORMATS!r}:\n"
        "    drawn = DRAWINGS['scale'](simulated=True, file_format=file_format)\n"
        "    print(hashlib.sha256(drawn).hexdigest())"
    )
    here = Path(__file__).parents[3]
    environment = os.environ | {"PYTHONHASHSEED": "12345", "PYTHONPATH": str(here)}
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=here, env=environment, capture_output=True, text=True, check=True
    )
    drawn = [DRAWINGS["scale"](simulated=True, file_format=file_format) for file_format in FORMATS]
    assert found.stdout.split() == [hashlib.sha256(one).hexdigest() for one in drawn]


def test_a_users_own_matplotlib_settings_change_nothing_and_stay() -> None:
    expected = DRAWINGS["metric"](simulated=False)
    own = {"axes.facecolor": "black", "lines.linewidth": 9, "font.size": 30, "xtick.direction": "in"}
    with mpl.rc_context(own):
        assert DRAWINGS["metric"](simulated=False) == expected
        assert mpl.rcParams["font.size"] == 30


@EVERY
def test_an_svg_has_no_style_and_no_picture_inside(draw: Drawing) -> None:
    root = ET.fromstring(draw(simulated=True))  # noqa: S314  our own drawing
    names = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert "path" in names
    assert not names & {"style", "image", "script"}
    assert not [element for element in root.iter() if "style" in element.attrib]


@EVERY
def test_simulated_ratings_are_marked_in_the_picture(monkeypatch: pytest.MonkeyPatch, draw: Drawing) -> None:
    mark = "Simulated ratings: no evidence of what people see"
    assert mark in texts(look(monkeypatch, lambda: draw(simulated=True)))
    assert mark not in texts(look(monkeypatch, lambda: draw(simulated=False)))


@pytest.mark.parametrize("file_format", FORMATS)
def test_simulated_ratings_are_marked_in_the_files_title(file_format: str) -> None:
    simulated, real = (
        DRAWINGS["scale"](simulated=told, file_format=file_format).replace(b"\\", b"")
        for told in (True, False)
    )
    title = b"Paired comparison scale of the methods, with intervals"
    assert title + b" (simulated ratings)" in simulated
    assert title in real
    assert b"imulated" not in real


@EVERY
def test_names_are_in_the_picture_as_they_are_spelled(monkeypatch: pytest.MonkeyPatch, draw: Drawing) -> None:
    awkward = ("a$b$c", r"$\frac$", "<b>&amp;", "-->")
    figure = look(monkeypatch, lambda: draw(awkward, simulated=False))
    drawn = "\n".join(texts(figure))
    if draw is DRAWINGS["raters"]:
        awkward = awkward[:1]  # the only one rejected, and so the only one named
    assert [name for name in awkward if name not in drawn] == []
    ET.fromstring(draw(awkward * 3, simulated=False))  # noqa: S314  our own drawing


@EVERY
@pytest.mark.parametrize("names", [METHODS[:2], METHODS, LONG], ids=["two", "three", "twelve long"])
def test_nothing_runs_off_the_sheet(
    monkeypatch: pytest.MonkeyPatch, draw: Drawing, names: tuple[str, ...]
) -> None:
    assert run_off(look(monkeypatch, lambda: draw(names, simulated=True, file_format="png"))) == []


def test_a_long_line_is_broken_and_the_sheet_is_the_higher_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    short, long = (
        look(monkeypatch, lambda text=text: metric_drawing(fit_text=text, file_format="png"))
        for text in ("PLCC 0.91", "PLCC 0.91 of the mapped scores " * 5)
    )
    assert run_off(long) == []
    assert long.get_figheight() > short.get_figheight() + 0.2


def run_off(figure: Figure) -> list[Bbox]:
    """Return the boxes of words, legends and axes that are not wholly on the sheet."""
    renderer = figure.canvas.get_renderer()
    boxes = [artist.get_window_extent(renderer) for artist in (*figure.texts, *figure.legends)]
    boxes += [axes.get_tightbbox(renderer) for axes in figure.axes]
    inner = figure.bbox.padded(1)
    return [box for box in boxes if not (inner.contains(*box.min) and inner.contains(*box.max))]


@EVERY
def test_words_legend_and_axes_do_not_lie_on_one_another(
    monkeypatch: pytest.MonkeyPatch, draw: Drawing
) -> None:
    figure = look(monkeypatch, lambda: draw(LONG, simulated=True, file_format="png"))
    renderer = figure.canvas.get_renderer()
    words = [text.get_window_extent(renderer) for text in figure.texts]
    legends = [legend.get_window_extent(renderer) for legend in figure.legends]
    axes = [axes.get_tightbbox(renderer) for axes in figure.axes]
    pairs = [(one, other) for one in words for other in legends + axes]
    pairs += [(one, other) for one in legends for other in axes]
    assert [pair for pair in pairs if pair[0].padded(-1).overlaps(pair[1])] == []


@EVERY
def test_an_unknown_format_is_refused(draw: Drawing) -> None:
    with pytest.raises(ValueError, match="file_format 'gif' is not available; available: svg, png, pdf"):
        draw(simulated=False, file_format="gif")


def test_pdf_has_fonts_that_publishers_take() -> None:
    drawn = DRAWINGS["methods"](simulated=False, file_format="pdf")
    assert b"/FontFile2" in drawn
    assert b"/Type3" not in drawn


def test_long_names_keep_both_ends_and_those_cut_alike_are_numbered() -> None:
    # 26 letters: 16 of the start, an ellipsis, 9 of the end.
    assert cut_names(["abcdefghijklmnopqrstuvwxyz0123456789"]) == ["abcdefghijklmnop…123456789"]
    assert cut_names(["x" * 26, "short"]) == ["x" * 26, "short"]
    alike = ["n" * 30 + "1" + "m" * 30, "n" * 30 + "2" + "m" * 30]
    assert cut_names(alike) == ["n" * 16 + "…" + "m" * 9, "n" * 16 + "…mmm (2)"]
    assert cut_names([alike[0]] * 2) == ["n" * 16 + "…" + "m" * 9] * 2


def test_letters_the_font_lacks_are_escaped_and_those_it_has_stay() -> None:
    assert cut_names(["图b", "Größe µ–λ", "two\nlines"]) == [r"\u56feb", "Größe µ–λ", r"two\nlines"]
