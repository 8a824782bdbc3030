"""Stored ratings to arrays to analysis: the same tables for the page, the export and the tests."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ratings import queries
from ratings.analysis.methodologies import REFERENCE
from ratings.analysis.options import AnalysisOptions
from ratings.analysis.tables import METRICS, Tables, analyse
from ratings.analysis.votes import Votes
from ratings.choice_files import PairedOptions, Scaled, run_scaling
from ratings.models import Study, Trial
from srstudy.errors import Refused

WHICH_TRIAL = ("rater", "source", "session", "sitting", "position", "kind", "repeat_of", "image")
# What is known of every answer, whatever was asked; the times of the answers stand last.
CIRCUMSTANCES = (*queries.MEASURED_COLUMNS, "language", "rated_at")
COLUMNS = (
    *WHICH_TRIAL,
    *("method", "reference_side", "reference_score", "test_score", "difference", "score"),
    *CIRCUMSTANCES,
)
CHOICE_COLUMNS = (*WHICH_TRIAL, "method_a", "method_b", "side_a", "choice", *CIRCUMSTANCES)
NOT_WHOLE = ("device_pixel_ratio", "pointer")
INTEGER_COLUMNS = (
    *("session", "sitting", "position", "repeat_of"),
    *(name for name in queries.MEASURED_COLUMNS if name not in NOT_WHOLE),
)
SCORE_COLUMNS = ("reference_score", "test_score", "given_difference", "score", "device_pixel_ratio")


@dataclass(frozen=True)
class Results:
    """A study's ratings, one row each in the columns of ratings.csv, and the tables made of them."""

    ratings: pd.DataFrame
    tables: Tables


@dataclass(frozen=True)
class ScaleResults:
    """A study's choices, one row each in the columns of comparisons.csv, and the scale made of them."""

    choices: pd.DataFrame
    scaled: Scaled


def compares(study: Study) -> bool:
    """Whether raters of this study choose between two methods, and score nothing."""
    return study.asks.scale is None


def answers_frame(study: Study) -> pd.DataFrame:
    """Every rating of a study that counts, in the columns of `ratings.csv`, or of `comparisons.csv`."""
    return choices_frame(study) if compares(study) else ratings_frame(study)


def ratings_frame(study: Study) -> pd.DataFrame:
    """Every rating of a study that counts, in the columns of `ratings.csv`; times in UTC, ISO 8601.

    What was shown in place of a test image is the method "reference" or "degraded".
    """
    frame = _stored(study)
    frame["method"] = frame["method"].where(frame["shown"] == Trial.Shown.TEST, frame["shown"])
    # Nine decimals: the sliders give tenths, and 93.1 − 81.9 should not read 11.199999999999989.
    taken = (frame["reference_score"] - frame["test_score"]).round(9)
    frame["difference"] = taken.fillna(frame["given_difference"])
    return frame[list(COLUMNS)]


def choices_frame(study: Study) -> pd.DataFrame:
    """Every choice of a study that counts, in the columns of `comparisons.csv`; times in UTC, ISO 8601.

    A trap compares the method "reference" with itself or with "degraded".
    """
    frame = _stored(study)
    is_trap = frame["shown"] != Trial.Shown.TEST
    frame["method_a"] = frame["method"].mask(is_trap, REFERENCE)
    frame["method_b"] = frame["other_method"].mask(is_trap, frame["shown"])
    return frame[list(CHOICE_COLUMNS)]


def _stored(study: Study) -> pd.DataFrame:
    frame = pd.DataFrame(queries.rating_rows(study), columns=list(queries.RATING_COLUMNS))
    frame = frame.astype(dict.fromkeys(INTEGER_COLUMNS, "Int64") | dict.fromkeys(SCORE_COLUMNS, "float64"))
    frame["rated_at"] = [when.isoformat(timespec="milliseconds") for when in frame["rated_at"]]
    return frame


def metrics_frame(study: Study) -> pd.DataFrame:
    """PSNR (dB) and SSIM on luma of every stimulus, in the order of the study."""
    rows = study.stimuli.order_by("pk").values_list("image", "method", *METRICS)
    return pd.DataFrame(rows, columns=["image", "method", *METRICS])


def with_metrics(ratings: pd.DataFrame, metrics: pd.DataFrame) -> pd.DataFrame:
    """Ratings with the PSNR and SSIM of what was rated in two last columns: one file then has all.

    A trap has none, even if a method of the study is called "degraded".
    """
    merged = ratings.merge(metrics, on=["image", "method"], how="left", validate="many_to_one")
    merged.loc[merged["kind"] == Trial.Kind.TRAP, list(METRICS)] = np.nan
    return merged


def refuse_unrated(study: Study, answers: pd.DataFrame) -> None:
    """Raises: Refused if there are no ratings, with the commands that make some of a study not closed."""
    if not answers.empty:
        return
    if study.status == Study.Status.CLOSED:
        raise Refused(f"Study {study.slug} is closed and has no ratings.")
    simulate = f"`python manage.py simulate_raters {study.slug} --raters 15`"
    if study.status == Study.Status.DRAFT:
        raise Refused(
            f"Study {study.slug} has no ratings yet, for it is a draft: `python manage.py open_study "
            f"{study.slug}` lets raters in, and {simulate} then makes some to try the results with."
        )
    raise Refused(f"Study {study.slug} has no ratings yet; {simulate} makes some to try the results with.")


def study_votes(study: Study, ratings: pd.DataFrame) -> Votes:
    """A study's ratings as votes. Raises: Refused if none is of kind test."""
    try:
        return Votes.from_frame(ratings, methodology=study.asks.analysed_as, scale=study.asks.scale)
    except ValueError as error:
        raise Refused(str(error)) from error


def study_order(metrics: pd.DataFrame) -> tuple[list[str], list[str]]:
    """The order of images and of methods in tables: that of the study."""
    return list(dict.fromkeys(metrics["image"])), list(dict.fromkeys(metrics["method"]))


def results_of(study: Study, options: AnalysisOptions) -> Results:
    """Analyse a study's ratings as far as its page shows them.

    Raises: Refused if there are no ratings, none that these options let in, or choices in place of scores.
    """
    if compares(study):
        raise Refused(f"Raters of study {study.slug} choose between two methods; it has no opinion scores.")
    ratings = ratings_frame(study)
    refuse_unrated(study, ratings)
    metrics = metrics_frame(study)
    images, methods = study_order(metrics)
    try:
        tables = analyse(
            study_votes(study, ratings),
            options,
            metrics=metrics,
            image_order=images,
            method_order=methods,
            trials=ratings,
            trap_share=study.setup.trap_share,
        )
    except ValueError as error:
        raise Refused(str(error)) from error
    return Results(ratings, tables)


def scale_of(study: Study, options: PairedOptions) -> ScaleResults:
    """Scale a study's paired comparisons. Raises: Refused if there are none, or none of kind test."""
    choices = choices_frame(study)
    refuse_unrated(study, choices)
    scaled = run_scaling(choices, options, without_scale=True)
    if scaled.scale is not None:
        scaled = replace(scaled, scale=_in_order(scaled.scale, *study_order(metrics_frame(study))))
    return ScaleResults(choices, scaled)


def _in_order(scale: pd.DataFrame, images: list[str], methods: list[str]) -> pd.DataFrame:
    """The rows over all images first, then image by image, as the study has them."""
    place = scale["image"].map(["", *images].index) * len(methods) + scale["method"].map(methods.index)
    return scale.loc[place.sort_values().index].reset_index(drop=True)
