"""Options of an analysis: what they come to, and what they refuse."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ratings.analysis.options import AnalysisOptions


def test_the_defaults_are_the_plain_mean_with_a_t_interval() -> None:
    options = AnalysisOptions()
    assert (options.estimator, options.normalised_over, options.interval) == ("mean", "", "t")
    assert (options.screening, options.level, options.seed, options.include_simulated) == (
        "none",
        0.95,
        0,
        False,
    )


def test_zscore_is_taken_over_the_study_unless_told_otherwise() -> None:
    assert AnalysisOptions(estimator="zscore").normalised_over == "study"
    assert AnalysisOptions(estimator="zscore", scope="method").normalised_over == "method"


@pytest.mark.parametrize(
    ("estimator", "interval"),
    [("mean", "t"), ("zscore", "t"), ("subject_model", "bootstrap"), ("zrec", "bootstrap")],
)
def test_each_estimator_has_an_interval_of_its_own_by_default(estimator: str, interval: str) -> None:
    assert AnalysisOptions(estimator=estimator).interval == interval


def test_changing_the_estimator_changes_what_was_left_to_it() -> None:
    assert replace(AnalysisOptions(estimator="zscore"), estimator="mean").normalised_over == ""


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (
            {"estimator": "median"},
            "estimator 'median' is not available; available: mean, zscore, subject_model, zrec",
        ),
        (
            {"screening": "astrology"},
            "screening 'astrology' is not available; available: none, bt500, correlation",
        ),
        (
            {"ci": "wald"},
            "ci 'wald' is not available; available: t, normal, bootstrap, model, model_stimulus",
        ),
        ({"ci": "model"}, "ci 'model' does not go with estimator 'mean', which has: t, normal, bootstrap"),
        (
            {"estimator": "subject_model", "ci": "t"},
            "ci 't' does not go with estimator 'subject_model', which has: bootstrap, model, model_stimulus",
        ),
        (
            {"estimator": "zrec", "ci": "model_stimulus"},
            "ci 'model_stimulus' does not go with estimator 'zrec', which has: bootstrap, model",
        ),
        ({"compat": "matlab"}, "compat 'matlab' is not available; available: nothing, sureal"),
        (
            {"estimator": "zscore", "scope": "image"},
            "scope 'image' is not available; available: study, method",
        ),
        ({"scope": "study"}, "scope 'study' goes with estimator 'zscore' alone, not with 'mean'"),
        ({"level": 1.0}, "level 1.0 is not between 0 and 1"),
        ({"level": 95}, "level 95 is not between 0 and 1"),
        ({"level": float("nan")}, "level nan is not between 0 and 1"),
        ({"seed": -1}, "seed -1 is not a whole number of 0 or more"),
        ({"seed": 1.5}, "seed 1.5 is not a whole number of 0 or more"),
    ],
)
def test_an_impossible_option_is_refused_with_its_value(wrong: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        AnalysisOptions(**wrong)
