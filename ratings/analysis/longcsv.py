"""Long CSV files of votes, choices and metrics, read into tables with every slip named by its line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from ratings.analysis.csvcolumns import unescape
from ratings.analysis.csvdialect import Progress, opened, read_texts, split_heading
from ratings.analysis.csvnumbers import Decimals, Refuse, holds_numbers, read_numbers
from ratings.analysis.csvtable import COMMAS_NOTE, LongCsv, Wanted, read_table, refuser

__all__ = ["LongCsv", "Progress", "read_choices", "read_columns", "read_metrics", "read_votes", "unescape"]

PAIR: Final = ("reference_score", "test_score")
SCORES: Final = (*PAIR, "difference", "score")
NOT_METRICS: Final = ("seconds", "run", "sha256", "protocol")


VOTES: Final = Wanted(
    labels=("rater", "image", "method"),
    what="score",
    answered_by=(PAIR, ("difference",), ("score",)),
    other_labels=("session", "kind", "source", "simulated", "reference_side"),
    numbers=(*SCORES, "sitting", "position", "repeat_of", "duration_ms", "psnr", "ssim"),
    infinite=frozenset({"psnr"}),
)
CHOICES: Final = Wanted(
    labels=("rater", "image", "method_a", "method_b"),
    what="choice",
    answered_by=(("choice",),),
    other_labels=("choice", "side_a", "session", "kind", "source", "simulated"),
    numbers=("sitting", "position", "repeat_of", "duration_ms"),
)
METRICS: Final = Wanted(labels=("image", "method"), other_labels=("dataset",), texts=None)


def read_votes(
    path: Path | str,
    *,
    encoding: str | None = None,
    texts: Sequence[str] = (),
    progress: Progress | None = None,
) -> LongCsv:
    """Read a long table of ratings.

    Columns: rater, image, method and either reference_score and test_score, or difference, or score.
    Taken where they are there and not empty: session, kind, source, simulated, reference_side (labels),
    sitting, position, repeat_of, duration_ms, psnr, ssim (numbers), and those named by `texts`, as text.
    Others are not looked at. Rows without any score are unanswered trials: left out, with a note.
    The text is UTF-8 unless a byte order mark or `encoding` says otherwise; commas, semicolons or tabs
    separate; decimal commas go with the latter two. `progress` is told bytes done and bytes in all.
    Memory grows with the votes, not with the length of the file's text. Whether scores lie on their scale,
    and whether somebody votes twice, is for `Votes.from_frame` to say.
    Raises: ValueError, one sentence, with file, line and value, for anything that is no such table.
    """
    wanted = replace(VOTES, texts=tuple(texts))
    return read_table(Path(path), wanted, encoding=encoding, progress=progress)


def read_choices(
    path: Path | str,
    *,
    encoding: str | None = None,
    texts: Sequence[str] = (),
    progress: Progress | None = None,
) -> LongCsv:
    """Read a long table of paired comparisons: rater, image, method_a, method_b, choice.

    Taken where they are there and not empty: side_a, session, kind, source, simulated (labels), sitting,
    position, repeat_of, duration_ms (numbers). Rows without a choice are left out, with a note. What the
    labels may be is for `Choices.from_frame` to say. Otherwise as `read_votes`.
    """
    wanted = replace(CHOICES, texts=tuple(texts))
    return read_table(Path(path), wanted, encoding=encoding, progress=progress)


def read_metrics(path: Path | str, *, encoding: str | None = None) -> LongCsv:
    """Read what metrics say of each stimulus: `evaluation.csv`, or a table of image, method and metrics.

    With a column dataset, `image` becomes DATASET/NAME unless it begins so; psnr_y and ssim_y become psnr
    and ssim, which are NaN where the file has neither. Every other column with a number in it is a metric
    under its own name; inf is the PSNR of a perfect image.
    Raises: ValueError, one sentence, as `read_votes`, and for a stimulus that stands there twice.
    """
    read = read_table(Path(path), METRICS, encoding=encoding, progress=None)
    frame, refuse = read.frame, refuser(read.file)
    texts = {
        name: frame[name].tolist()
        for name in map(str, frame)
        if name not in (*METRICS.all_labels, *NOT_METRICS)
    }
    without = [name for name, cells in texts.items() if not holds_numbers(cells, read.separator)]
    texts = {name: cells for name, cells in texts.items() if name not in without}
    if not texts:
        raise ValueError(f"{read.file} has no metric: no column but image and method holds a number")
    decimals = Decimals(read.separator)
    infinite = frozenset(name for name in texts if "snr" in name)
    numbers = read_numbers(texts, frame.index.to_numpy(), decimals, refuse, infinite=infinite)
    for name in ("psnr", "ssim"):
        if name not in numbers:
            numbers[name] = numbers.pop(f"{name}_y", np.full(len(frame), np.nan))
    spelled = {name.strip().casefold(): name.strip() for name in read.columns}
    found = pd.DataFrame({"image": _images(frame), "method": frame["method"]}, index=frame.index)
    for name in dict.fromkeys(("psnr", "ssim", *numbers)):
        found[name if name in ("psnr", "ssim") else spelled[name]] = numbers[name]
    _refuse_twice(found, refuse)
    notes = [f"The column {name!r} holds no number and was not taken." for name in without]
    notes += [COMMAS_NOTE] if decimals.mark == "," else []
    return replace(read, frame=found, decimal=decimals.mark or ".", notes=(*read.notes, *notes))


def _images(frame: pd.DataFrame) -> pd.Categorical:
    """Name images DATASET/NAME where the data set is known."""
    names = frame["image"].astype(object)
    if "dataset" in frame:
        sets = frame["dataset"].astype(object).fillna("")
        names = pd.Series(map(_in_set, sets, names), index=frame.index)
    return pd.Categorical(names, categories=pd.unique(names))


def _in_set(dataset: str, image: str) -> str:
    return image if not dataset or image.startswith(f"{dataset}/") else f"{dataset}/{image}"


def _refuse_twice(found: pd.DataFrame, refuse: Refuse) -> None:
    twice = found.duplicated(["image", "method"]).to_numpy()
    if twice.any():
        at = int(twice.argmax())
        image, method = found["image"].iloc[at], found["method"].iloc[at]
        first = int(((found["image"] == image) & (found["method"] == method)).to_numpy().argmax())
        lines = found.index.to_numpy()
        again = f"image {image!r} by method {method!r} stands here again, after line {lines[first]}"
        refuse(int(lines[at]), again)


def read_columns(path: Path | str, *, encoding: str | None = None) -> tuple[str, ...]:
    """Return the names of a CSV file's columns, in small letters, to tell what kind of table it is.

    Raises: ValueError, one sentence, if the file has none.
    """
    path = Path(path)
    with opened(path) as file:
        _, _, texts = read_texts(file, name=path.name, encoding=encoding, progress=None)
        wanted = {*VOTES.known(), *CHOICES.known(), *METRICS.known()}
        return split_heading(texts, file=path.name, wanted=wanted)[0].columns
