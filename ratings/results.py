"""Stored ratings to arrays to analysis: the same tables for the page, the export and the tests."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ratings import queries
from ratings.analysis.options import AnalysisOptions
from ratings.analysis.tables import Tables, analyse
from ratings.analysis.votes import Votes
from ratings.models import SCORE_MAX, SCORE_MIN, Study
from srstudy.errors import Refused

COLUMNS = (
    *("rater", "source", "session", "sitting", "position", "kind", "repeat_of", "image", "method"),
    *("reference_side", "reference_score", "test_score", "difference", "score", "duration_ms"),
    *("device_pixel_ratio", "window_width", "window_height", "rated_at"),
)
INTEGER_COLUMNS = (
    *("session", "sitting", "position", "repeat_of", "duration_ms", "window_width", "window_height"),
)
SCORE_COLUMNS = ("reference_score", "test_score", "given_difference")


@dataclass(frozen=True)
class Results:
    """A study's ratings, one row each in the columns of ratings.csv, and the tables made of them."""

    ratings: pd.DataFrame
    tables: Tables


def ratings_frame(study: Study) -> pd.DataFrame:
    """Every rating of a study that counts, in the columns of `ratings.csv`; times in UTC, ISO 8601."""
    frame = pd.DataFrame(queries.rating_rows(study), columns=list(queries.RATING_COLUMNS))
    frame = frame.astype(dict.fromkeys(INTEGER_COLUMNS, "Int64") | dict.fromkeys(SCORE_COLUMNS, "float64"))
    frame["rated_at"] = [when.isoformat(timespec="milliseconds") for when in frame["rated_at"]]
    # Nine decimals: the sliders give tenths, and 93.1 − 81.9 should not read 11.199999999999989.
    taken = (frame["reference_score"] - frame["test_score"]).round(9)
    frame["difference"] = taken.fillna(frame["given_difference"])
    frame["score"] = np.nan  # a column of the contract that other methodologies fill
    return frame[list(COLUMNS)]


def metrics_frame(study: Study) -> pd.DataFrame:
    """PSNR (dB) and SSIM on luma of every stimulus, in the order of the study."""
    rows = study.stimuli.order_by("pk").values_list("image", "method", "psnr", "ssim")
    return pd.DataFrame(rows, columns=["image", "method", "psnr", "ssim"])


def with_metrics(ratings: pd.DataFrame, metrics: pd.DataFrame) -> pd.DataFrame:
    """Ratings with the PSNR and SSIM of what was rated in two last columns: one file then has all."""
    return ratings.merge(metrics, on=["image", "method"], how="left", validate="many_to_one")


def refuse_unrated(study: Study, ratings: pd.DataFrame) -> None:
    """Raises: Refused if there are no ratings, with the command that makes some."""
    if ratings.empty:
        raise Refused(
            f"Study {study.slug} has no ratings yet; `python manage.py simulate_raters {study.slug} "
            "--raters 15` makes some to try the results with."
        )


def study_votes(study: Study, ratings: pd.DataFrame) -> Votes:
    """A study's ratings as votes. Raises: Refused if none is of kind test."""
    try:
        return Votes.from_frame(ratings, methodology=study.methodology, scale=(SCORE_MIN, SCORE_MAX))
    except ValueError as error:
        raise Refused(str(error)) from error


def results_of(study: Study, options: AnalysisOptions) -> Results:
    """Analyse a study's ratings as far as its page shows them.

    Raises: Refused if there are no ratings, or none that these options let in.
    """
    ratings = ratings_frame(study)
    refuse_unrated(study, ratings)
    metrics = metrics_frame(study)
    try:
        tables = analyse(
            study_votes(study, ratings),
            options,
            metrics=metrics,
            image_order=list(dict.fromkeys(metrics["image"])),
            method_order=list(dict.fromkeys(metrics["method"])),
            trials=ratings,
        )
    except ValueError as error:
        raise Refused(str(error)) from error
    return Results(ratings, tables)
