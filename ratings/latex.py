"""The tables of an analysis as LaTeX for a paper."""

import math
from collections.abc import Callable

import pandas as pd

from ratings.analysis.report import Report
from ratings.analysis.tables import Tables
from srstudy.tables import LATEX_HEAD, Best, Column, Table, escaped, latex_of

# More columns than this do not fit a page.
MOST_COLUMNS = 12
# Tables of more images or pairs are for a file, not for a page.
MOST_IMAGES = 60
MOST_PAIRS = 200
SIMULATED = " Simulated ratings: no evidence of what people see."


def tables(found: Tables, report: Report, *, label: Callable[[str], str] = str) -> str:
    """Methods with intervals; methods by images; and pairs of methods, each as `table*` with booktabs' rules.

    `label` gives a method's printed name.
    """
    texts = [_methods(found, label), *_by_image(found, label)]
    pairs = report.frames.get("comparison.csv")
    overall = pd.DataFrame() if pairs is None else pairs[pairs["image"] == ""]
    if len(overall) > MOST_PAIRS:
        texts.append(f"% {len(overall)} pairs of methods are in comparison.csv: too many for a page.\n")
    elif len(overall):
        texts.append(_pairs(overall, found, label))
    return "\n".join([LATEX_HEAD, *texts])


def _values(column: "pd.Series[float]") -> tuple[float | None, ...]:
    return tuple(None if math.isnan(value) else float(value) for value in column)


def _caption(found: Tables, text: str) -> str:
    row = found.methods.iloc[0]
    scope = f", scope {row['scope']}" if row["scope"] else ""
    screening = "" if row["screening"] == "none" else f", screened by {row['screening']}"
    said = f"Estimator {row['estimator']}{scope}{screening}; higher is {row['higher_is']}."
    return text + escaped(f" {said}") + (SIMULATED if found.simulated else "")


def _methods(found: Tables, label: Callable[[str], str]) -> str:
    frame = found.methods
    interval = f"{100 * float(frame['level'].iloc[0]):g} % interval ({frame['ci'].iloc[0]})"
    best: Best = "low" if frame["higher_is"].iloc[0] == "worse" else "high"
    if found.methods["scope"].iloc[0] == "method":
        best = None  # every row is 50 there, and nothing is best
    score = "MOS" if found.dmos["methodology"].iloc[0] == "acr" else "DMOS"
    columns = [
        Column(group="Opinion", name=score, values=_values(frame["dmos"]), digits=2, best=best),
        Column(group=interval, name="from", values=_values(frame["ci_low"]), digits=2, best=None),
        Column(group=interval, name="to", values=_values(frame["ci_high"]), digits=2, best=None),
    ]
    for name, digits in (("psnr", 2), ("ssim", 4)):
        if frame[name].notna().any():
            values = _values(frame[name])
            columns.append(
                Column(group="Metrics", name=name.upper(), values=values, digits=digits, best="high")
            )
    rows = tuple(label(name) for name in frame["method"])
    table = Table(heading="Method", rows=rows, columns=tuple(columns))
    caption = _caption(found, "Opinion scores of the methods, over all images.")
    return latex_of(table, caption=caption, label="tab:opinion-methods")


def _by_image(found: Tables, label: Callable[[str], str]) -> list[str]:
    """Scores by method and image, in as many tables as fit their pages."""
    wide = found.dmos_table
    if wide.shape[1] - 1 > MOST_IMAGES:
        return [f"% {wide.shape[1] - 1} images are in dmos_table.csv: too many for a page.\n"]
    rows = tuple(label(name) for name in wide.iloc[:, 0])
    texts = []
    images = range(1, wide.shape[1])
    for number, start in enumerate(range(1, wide.shape[1], MOST_COLUMNS), start=1):
        columns = tuple(
            Column(
                group="",
                name=str(wide.columns[at]),
                values=_values(wide.iloc[:, at]),
                digits=1,
                best=None,
            )
            for at in images[start - 1 : start - 1 + MOST_COLUMNS]
        )
        table = Table(heading="Method", rows=rows, columns=columns)
        caption = _caption(found, "Opinion scores by method and image.")
        texts.append(latex_of(table, caption=caption, label=f"tab:opinion-images-{number}"))
    return texts


def _pairs(pairs: pd.DataFrame, found: Tables, label: Callable[[str], str]) -> str:
    names = tuple(
        f"{label(a)} vs {label(b)}" for a, b in zip(pairs["method_a"], pairs["method_b"], strict=True)
    )
    columns = (
        Column(group="", name="difference", values=_values(pairs["difference"]), digits=2, best=None),
        Column(group="Interval", name="from", values=_values(pairs["ci_low"]), digits=2, best=None),
        Column(group="Interval", name="to", values=_values(pairs["ci_high"]), digits=2, best=None),
        Column(
            group="p after Holm", name="t", values=_values(pairs["p_t_holm"]), digits=4, best=None, least=1e-4
        ),
        Column(
            group="p after Holm",
            name="Wilcoxon",
            values=_values(pairs["p_wilcoxon_holm"]),
            digits=4,
            best=None,
            least=1e-4,
        ),
        Column(group="", name="effect size", values=_values(pairs["effect_size"]), digits=2, best=None),
    )
    caption = _caption(found, "Differences of the methods, first minus second, over raters' mean votes.")
    table = Table(heading="Methods", rows=names, columns=columns)
    return latex_of(table, caption=caption, label="tab:opinion-pairs")
