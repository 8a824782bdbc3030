"""The words of the figures: names cut to fit, what an axis counts, and what an interval is of."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.font_manager import get_font

# A longer name is cut, or it would push the plot off the page.
LONGEST_NAME: Final = 26
# In a legend, two names must fit side by side in a column; in a tick label, beside the plot.
SHORT_NAME: Final = 20
# The end of a name tells as much as its start: runs and variants are numbered there.
_KEPT_OF_END: Final = 9

_NOUNS: Final = {
    "dscqs": "Difference mean opinion score",
    "dsis": "Mean impairment score (DMOS)",
    "acr": "Mean opinion score",
    "acr_hr": "DMOS against the hidden reference",
}
_BY_MODEL: Final = {"subject_model": ", subject model", "zrec": ", ZREC"}


def score_label(
    *, methodology: str, estimator: str, higher_is: str, scale_min: float, scale_max: float
) -> tuple[str, ...]:
    """Say in one or two lines what a score counts and which way is better, as `higher_is` has it."""
    direction = f"higher is {higher_is}"
    noun = score_noun(methodology=methodology, estimator=estimator)
    if estimator == "zscore":
        return (f"{noun}, 0..100, {direction}",)
    if methodology == "acr_hr":
        return noun, f"{scale_min:g}..{scale_max:g} scale, {scale_max:g}: like the reference, {direction}"
    if methodology == "dsis":
        return noun, f"{scale_max:g} imperceptible .. {scale_min:g} very annoying, {direction}"
    return noun, f"points of a {scale_min:g}..{scale_max:g} scale, {direction}"


def score_noun(*, methodology: str, estimator: str) -> str:
    """Say what a score is called, without its scale and direction."""
    if estimator == "zscore":
        return f"{'DMOS' if methodology in ('dscqs', 'acr_hr') else 'Mean'} of z-scores"
    return _NOUNS.get(methodology, "Score") + _BY_MODEL.get(estimator, "")


def score_heading(row: pd.Series[str]) -> list[str]:
    """Say what the bars of a frame are, and what its scores cannot be used for; `row` is one of its rows."""
    lines = []
    if row["ci"] in ("model", "model_stimulus"):
        lines.append(f"{_percent(row)} % intervals by the estimator's own formula ({row['ci']})")
    elif row["ci"] != "none":
        lines.append(f"{_percent(row)} % intervals over raters ({row['ci']})")
    if row["estimator"] == "zscore" and row.get("scope", "") == "method":
        lines.append("z-scores within each method: methods cannot be compared")
    return lines


def _percent(row: pd.Series[str]) -> str:
    return f"{100 * float(row['level']):g}"


def cut_names(names: Sequence[str], *, longest: int = LONGEST_NAME) -> list[str]:
    """Cut long names in the middle; number what would then look alike.

    Characters that the figures' font lacks, and line breaks, are written as Python escapes them.
    """
    found: list[str] = []
    name_of: dict[str, str] = {}
    for number, name in enumerate(map(str, names), start=1):
        cut = _cut(_drawable(name), longest)
        if name_of.setdefault(cut, name) != name:
            cut = f"{cut[: longest - 6]} ({number})"
        found.append(cut)
    return found


def _cut(name: str, longest: int) -> str:
    if len(name) <= longest:
        return name
    return f"{name[: longest - 1 - _KEPT_OF_END]}…{name[-_KEPT_OF_END:]}"


def _drawable(name: str) -> str:
    return "".join(
        letter
        if letter.isprintable() and ord(letter) in _glyphs()
        else letter.encode("unicode_escape").decode()
        for letter in name
    )


@cache
def _glyphs() -> frozenset[int]:
    return frozenset(get_font(Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf").get_charmap())


def over_all_images(frame: pd.DataFrame) -> pd.DataFrame:
    """Keep the rows of a frame that speak of all images: those whose image is empty, if it has such a column.

    A CSV read back has NaN there.
    """
    if "image" not in frame:
        return frame
    return frame[frame["image"].isna() | (frame["image"] == "")]


def numbers(frame: pd.DataFrame, *columns: str) -> list[np.ndarray[tuple[int], np.dtype[np.float64]]]:
    """Return columns as floats, NaN where a cell is empty."""
    return [frame[column].to_numpy(dtype=np.float64) for column in columns]
