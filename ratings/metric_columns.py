"""PSNR and SSIM of stimuli from the columns of a file of ratings, where no table of metrics is given."""

import numpy as np
import pandas as pd

from ratings.analysis.tables import METRICS
from ratings.analysis.votes import Votes


def metrics_of(
    ratings: pd.DataFrame, metrics: pd.DataFrame | None, votes: Votes, *, file: str
) -> pd.DataFrame | None:
    """The metrics given; else those that the ratings carry beside each vote; None where there are none.

    `ratings` is the long table behind `votes`, its index the lines of `file`.
    Raises: ValueError for a stimulus with two values of one metric, and for metrics of other stimuli alone.
    """
    if metrics is not None:
        _refuse_strangers(metrics, votes)
        return metrics
    there = [name for name in METRICS if name in ratings and ratings[name].notna().any()]
    if not there:
        return None
    known = ratings[["image", "method", *there]].dropna(subset=there, how="all")
    for name in there:
        _refuse_contradictions(known, name, file)
    one = known.groupby(["image", "method"], observed=True, sort=False)[there].first().reset_index()
    return one.astype({"image": str, "method": str}).assign(
        **{name: np.nan for name in METRICS if name not in there}
    )


def _refuse_contradictions(known: pd.DataFrame, name: str, file: str) -> None:
    values = known.dropna(subset=[name])
    first = values.groupby(["image", "method"], observed=True)[name].transform("first")
    wrong = (values[name] != first).to_numpy()
    if wrong.any():
        row = values.iloc[int(wrong.argmax())]
        raise ValueError(
            f"{file}, line {row.name}: {name} {row[name]:g} of image {row['image']!r} by method "
            f"{row['method']!r} was {first.iloc[int(wrong.argmax())]:g} before"
        )


def _refuse_strangers(metrics: pd.DataFrame, votes: Votes) -> None:
    stimuli = set(votes.stimuli)
    if not any(pair in stimuli for pair in zip(metrics["image"], metrics["method"], strict=True)):
        first = votes.stimuli[0]
        raise ValueError(
            f"the metrics are of none of the stimuli rated, which begin with image {first.image!r} by method "
            f"{first.method!r}; the metrics begin with image {metrics['image'].iloc[0]!r} by method "
            f"{metrics['method'].iloc[0]!r}"
        )
