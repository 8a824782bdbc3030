"""Our answers to the questions of sureal's unit tests, on the data sets that those tests make."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from ratings.analysis.arrays import Floats, Ints
from ratings.analysis.bt500 import bt500_correlation, bt500_kurtosis
from ratings.analysis.dmos import estimate_mean, hidden_reference_scores, live_scores
from ratings.analysis.recovery import remove_bias, subject_model
from ratings.analysis.scores import ScoreTable

Answers = dict[str, Floats]

SCALE_MAX = 5.0


def netflix(shared: Path) -> tuple[Floats, Floats]:
    """Return the ratings (stimuli, raters) and each stimulus's reference, both numbered as sureal does."""
    frame = pd.read_csv(shared / "ratings" / "nflx_public.csv")
    images = sorted(frame["image"].unique())
    is_reference = frame["method"] == "reference"
    image = frame["image"].map(images.index)
    number = np.where(is_reference, image, frame["method"].str.extract(r"(\d+)$")[0].astype(float))
    rater_of, raters = pd.factorize(frame["rater"])
    votes = np.full((int(number.max()) + 1, len(raters)), np.nan)
    votes[number.astype(int), rater_of] = frame["score"]
    reference_of = np.zeros(len(votes), dtype=np.int64)
    reference_of[number.astype(int)] = image
    return votes, reference_of


def dataset(votes: Floats, named: str, made_of: dict[str, Any]) -> Floats:
    """Make one of the data sets of sureal's tests, (stimuli, raters), with the random numbers it used."""
    rng = legacy_numbers(0)
    if named == "three":
        return np.array(made_of["three"], dtype=np.float64)
    if named == "validation":
        truth = [np.array(made_of[named][name]) for name in ("quality", "bias", "inconsistency")]
        return _synthetic(legacy_numbers(5), *truth)
    if named == "synthetic":
        truth = [rng.uniform(1, 5, 79), rng.normal(0, 1, 26), np.abs(rng.uniform(0.4, 0.6, 26))]
        return _synthetic(rng, *truth)
    if named in ("partial", "first_78"):
        return votes[made_of["partial"] if named == "partial" else slice(78)]
    votes = votes.copy()
    if named.startswith("corrupt"):
        for rater in range(5):
            rng.shuffle(votes[:, rater])
    share = {"missing_10": 0.1, "missing_50": 0.5, "corrupt_missing": 0.0001}.get(named)
    if share is not None:
        votes[rng.uniform(size=votes.shape) <= share] = np.nan
    return votes


def legacy_numbers(seed: int) -> np.random.RandomState:
    """Return the generator that the figures were made with, which NumPy keeps as it was."""
    return np.random.RandomState(seed)


def _synthetic(rng: np.random.RandomState, quality: Floats, bias: Floats, inconsistency: Floats) -> Floats:
    noise = rng.normal(0, 1, (quality.size, bias.size))
    return np.asarray(quality[:, None] + bias + noise * inconsistency)


def prepared(votes: Floats, how: str, reference_of: Ints) -> Floats:
    """Take votes relative to their reference's mean, or to each rater's mean and sd, as `how` says."""
    if "differential" in how:
        votes = votes + SCALE_MAX - np.nanmean(votes, axis=1)[reference_of][:, None]
    if "zscored" in how:
        scores = _live(ScoreTable.from_matrix(votes)).matrix()
        votes = scores * 6 / 100 - 3
    return votes


def answers(votes: Floats, reference_of: Ints, model: str, screening: str) -> Answers:
    """Return what a model says of the votes, under the names of the figures."""
    table = ScoreTable.from_matrix(votes)
    if model in ("subject_model", "subject_model_stimulus", "likelihood"):
        return _of_subject_model(table, model)
    if model == "live":
        below = np.nanmean(votes, axis=1)[reference_of][:, None] - votes
        return _of_quality(100 - estimate_mean(_live(ScoreTable.from_matrix(below)), level=0.95, ci="t").dmos)
    if model == "acr_hr":
        return _of_hidden_references(table, reference_of)
    bias = {}
    if model == "bias_removed":
        removed = remove_bias(table)
        table, bias = removed.scores, {"bias": removed.bias}
    return {**_of_mean(table, screening, parameters=2 * table.n_stimuli + len(bias) * table.n_raters), **bias}


def _live(table: ScoreTable) -> ScoreTable:
    one_method = np.zeros(table.n_stimuli, dtype=np.int64)
    return live_scores(table, table.rater_of, one_method, scope="study").scores


def _of_quality(quality: Floats) -> Answers:
    return {
        "quality": quality,
        "quality_standardised": (quality - quality.mean()) / quality.std(),
        "quality_10x+1": 10 * quality + 1,
    }


def _of_hidden_references(table: ScoreTable, reference_of: Ints) -> Answers:
    scored = hidden_reference_scores(table, reference_of, scale_min=1, scale_max=SCALE_MAX).scores
    quality = estimate_mean(scored, level=0.95, ci="t").dmos
    # There the references are stimuli too, at the top of the scale by construction.
    return _of_quality(np.where(np.isnan(quality), SCALE_MAX, quality))


def _of_mean(table: ScoreTable, screening: str, *, parameters: int) -> Answers:
    votes = table.value.size
    if screening:
        kurtosis = screening == "kurtosis"
        rejected = (bt500_kurtosis(table, compat="sureal") if kurtosis else bt500_correlation(table)).rejected
        table = table.keep(~rejected[table.rater_of])
    found = estimate_mean(table, level=0.95, ci="t")
    expected = found.dmos[table.stimulus_of]
    return {
        **_of_quality(found.dmos),
        "quality_error": found.sd / np.sqrt(found.n),
        "spread": found.sd,
        **_fit(table, expected, found.sd[table.stimulus_of], parameters, votes),
    }


def _of_subject_model(table: ScoreTable, model: str) -> Answers:
    found = subject_model(table, compat="sureal")
    ci = "model_stimulus" if model == "subject_model_stimulus" else "model"
    error = found.half_width(level=0.95, ci=ci) / 1.95996
    n, inconsistency = table.votes_per_rater, found.inconsistency
    bias_error = inconsistency / np.sqrt(n)
    below = (1 - np.sqrt(n / stats.chi2.ppf(0.975, n))) * inconsistency
    above = (np.sqrt(n / stats.chi2.ppf(0.025, n)) - 1) * inconsistency
    expected = found.quality[table.stimulus_of] + found.bias[table.rater_of]
    parameters = table.n_stimuli + 2 * table.n_raters
    return {
        **_of_quality(found.quality),
        "quality_before_moving": found.quality - found.bias_moved,
        "quality_error": error,
        "quality_ci95": 1.95996 * np.array([error, error]),
        "bias": found.bias,
        "bias_before_moving": found.bias + found.bias_moved,
        "bias_error": bias_error,
        "bias_ci95": 1.95996 * np.array([bias_error, bias_error]),
        "inconsistency": inconsistency,
        "inconsistency_error": inconsistency / np.sqrt(2 * n),
        "inconsistency_ci95": np.array([below, above]),
        "inconsistency_ci95_below": below,
        **_fit(table, expected, inconsistency[table.rater_of], parameters, table.value.size),
    }


def _fit(table: ScoreTable, expected: Floats, sd: Floats, parameters: int, votes: int) -> Answers:
    """Say how well normal votes of that mean and sd fit those given, with the textbooks' formulas.

    A unanimous stimulus, whose votes have no density, adds nothing there.
    """
    varied = sd > 0
    density = stats.norm.logpdf(table.value[varied], expected[varied], sd[varied])
    likelihood = density.sum() / table.value.size
    per_vote = parameters / votes
    return {
        "votes": table.value,
        "reconstructions": expected,
        "dof": np.array(per_vote),
        "loglikelihood": likelihood,
        "aic": 2 * per_vote - 2 * likelihood,
        "bic": np.log(votes) * per_vote - 2 * likelihood,
        "reconstruction_plcc": np.corrcoef(table.value, expected)[0, 1],
        "reconstruction_srocc": stats.spearmanr(table.value, expected).statistic,
        "reconstruction_rmse": np.sqrt(np.mean((table.value - expected) ** 2)),
    }


def percent_covered(found: Answers, truth: dict[str, list[float]]) -> Answers:
    """Return how many per cent of the true parameters lie within their intervals."""
    within = {}
    for name, true in truth.items():
        below, above = found[f"{name}_ci95"]
        held = (found[name] - below <= true) & (true <= found[name] + above)
        within[f"percent_covered_{name}"] = 100 * held.mean()
    return within
