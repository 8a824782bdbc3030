"""Scales fitted to counts of choices, against closed forms, a published table and another program."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ratings.analysis import preference
from ratings.analysis.arrays import Floats
from ratings.analysis.preference import MODELS, Scale, fit_scale, fit_scales

# American League, 1987, Eastern Division: games won by the row over the column. Agresti, Categorical Data
# Analysis, 2nd edition, 2002, section 10.6.
TEAMS = ["Milwaukee", "Detroit", "Toronto", "New York", "Boston", "Cleveland", "Baltimore"]
BASEBALL = np.array(
    [
        [0, 7, 9, 7, 7, 9, 11],
        [6, 0, 7, 5, 11, 9, 9],
        [4, 6, 0, 7, 7, 8, 12],
        [6, 8, 6, 0, 6, 7, 10],
        [6, 2, 6, 7, 0, 7, 12],
        [4, 4, 5, 6, 6, 0, 6],
        [2, 4, 1, 3, 1, 7, 0],
    ],
    dtype=np.float64,
)


def two(wins: float, losses: float) -> Floats:
    return np.array([[0.0, wins], [losses, 0.0]])


def distances_to_last(found: Scale) -> tuple[Floats, Floats]:
    """Scores less the last one's, and the standard errors of those distances."""
    variance = np.diagonal(found.covariance)
    errors = np.sqrt(variance + variance[-1] - 2 * found.covariance[:, -1])
    return (found.scores - found.scores[-1])[:-1], errors[:-1]


def linear_model(wins: Floats, link: str) -> Any:
    """Another program's generalised linear model of the distances to the last method, one row a pair."""
    from statsmodels.genmod.families import Binomial, links
    from statsmodels.genmod.generalized_linear_model import GLM

    first, second = np.triu_indices(len(wins), 1)
    design = np.eye(len(wins))[first] - np.eye(len(wins))[second]
    counts = np.column_stack([wins[first, second], wins[second, first]])
    family = Binomial(link={"logit": links.Logit, "probit": links.Probit}[link]())
    return GLM(counts, design[:, :-1], family=family)


def test_bradley_terry_agrees_with_the_published_baseball_table() -> None:
    distance, error = distances_to_last(fit_scale(BASEBALL, model="bradley_terry"))
    # Table 10.11, third column, and the remark that standard errors are about 0.3.
    assert distance.round(2).tolist() == [1.58, 1.44, 1.29, 1.25, 1.11, 0.68]
    assert error.round(1).tolist() == [0.3] * 6


@pytest.mark.parametrize(("model", "link"), [("bradley_terry", "logit"), ("thurstone", "probit")])
def test_scores_and_their_errors_agree_with_another_program(model: str, link: str) -> None:
    halves = BASEBALL + np.where(BASEBALL == 7, 0.5, 0.0)  # ties count by halves
    distance, error = distances_to_last(fit_scale(halves, model=model))
    expected = linear_model(halves, link).fit(tol=1e-14, maxiter=100)
    np.testing.assert_allclose(distance, expected.params, rtol=1e-9)
    np.testing.assert_allclose(error, expected.bse, rtol=1e-8)


def test_two_methods_are_log_odds_apart_by_bradley_terry() -> None:
    found = fit_scale(two(30, 10), model="bradley_terry")
    # log(30 / 10) = 1.0986123; its variance 1/30 + 1/10, of which each score has a quarter.
    np.testing.assert_allclose(found.scores, [0.5493061, -0.5493061], atol=5e-8)
    np.testing.assert_allclose(np.diagonal(found.covariance), (1 / 30 + 1 / 10) / 4)


def test_two_methods_are_a_normal_quantile_apart_by_thurstone() -> None:
    found = fit_scale(two(30, 10), model="thurstone")
    # Φ⁻¹(0.75) = 0.6744898, its density 0.3177766; the variance of the quantile is p q / (n φ²).
    np.testing.assert_allclose(found.scores, [0.3372449, -0.3372449], atol=5e-8)
    np.testing.assert_allclose(found.covariance[0, 0], 0.75 * 0.25 / (40 * 0.3177766**2) / 4, rtol=1e-6)


@pytest.mark.parametrize("model", ["bradley_terry", "thurstone"])
def test_scores_sum_to_0_and_so_do_their_errors(model: str) -> None:
    found = fit_scale(BASEBALL, model=model)
    assert abs(found.scores.sum()) < 1e-12
    np.testing.assert_allclose(found.covariance.sum(axis=0), 0, atol=1e-12)


def test_the_inverse_curvature_is_that_of_another_program() -> None:
    wins = np.array([[0.0, 9, 2], [1, 0, 9], [8, 1, 0]])
    found = fit_scale(wins, model="thurstone").inverse_curvature
    generalised = linear_model(wins, "probit")
    hessian = generalised.hessian(generalised.fit(tol=1e-14, maxiter=100).params, observed=True)
    # Distances to the last method: the program holds that one at 0.
    to_last = np.array([[1.0, 0.0, -1.0], [0.0, 1.0, -1.0]])
    np.testing.assert_allclose(to_last @ found @ to_last.T, -np.linalg.inv(hessian), rtol=1e-7)


def test_votes_from_which_plain_newton_runs_away_are_fitted() -> None:
    wins = np.array([[0, 0, 1e6, 0.3], [1e6, 0, 0.1, 10], [300, 1, 0, 0], [0, 10, 1e5, 0]])
    scores = fit_scale(wins, model="bradley_terry").scores
    # Zermelo's condition: every method wins as often as its scores let expect.
    chosen = 1 / (1 + np.exp(np.subtract.outer(scores, scores).T))
    np.testing.assert_allclose(((wins + wins.T) * chosen).sum(axis=1), wins.sum(axis=1), rtol=1e-9)


@pytest.mark.parametrize("model", ["bradley_terry", "thurstone"])
@pytest.mark.parametrize("votes", [10.0, 1e6])
def test_a_chain_of_thirty_methods_with_one_vote_against_each_step_is_fitted(
    model: str, votes: float
) -> None:
    wins = np.zeros((30, 30))
    at = np.arange(29)
    wins[at, at + 1], wins[at + 1, at] = votes, 1.0
    scores = fit_scale(wins, model=model).scores
    # A chain is 29 pairs by themselves: log(votes), and the quantiles of 10/11 and of 1e6/(1e6 + 1).
    step = {10.0: 1.3351777, 1e6: 4.7534245}[votes] if model == "thurstone" else np.log(votes)
    np.testing.assert_allclose(scores[:-1] - scores[1:], step, atol=1e-7)


def test_a_method_without_a_vote_has_no_score_and_changes_no_other() -> None:
    wider = np.insert(np.insert(BASEBALL, 2, 0, axis=0), 2, 0, axis=1)
    found, expected = fit_scale(wider, model="thurstone"), fit_scale(BASEBALL, model="thurstone")
    assert np.isnan(found.scores[2])
    np.testing.assert_allclose(np.delete(found.scores, 2), expected.scores, atol=1e-14)
    assert not found.covariance[2].any()
    np.testing.assert_allclose(
        np.delete(np.delete(found.covariance, 2, 0), 2, 1), expected.covariance, atol=1e-14
    )


def test_methods_that_were_never_compared_are_refused_by_parts() -> None:
    wins = np.zeros((5, 5))
    wins[:2, :2], wins[2:4, 2:4] = two(3, 2), two(1, 1)
    with pytest.raises(
        ValueError, match=r"fall into 2 parts that were never compared .*: 'a', 'b'; 'c', 'd'; "
    ):
        fit_scale(wins, model="bradley_terry", methods=list("abcde"))


def test_methods_that_never_lose_to_the_rest_are_refused_by_parts_best_first() -> None:
    # c always won, a and b split, d always lost.
    wins = np.zeros((4, 4))
    wins[:2, :2] = two(3, 2)
    wins[2, :2] = wins[:2, 3] = 5
    parts = "'c'; 'a', 'b'; 'd'; "
    with pytest.raises(ValueError, match=f"into 3 parts, and every vote .* the one listed first: {parts}"):
        fit_scale(wins, model="thurstone", methods=list("abcd"))


def test_one_tie_between_the_parts_makes_a_scale() -> None:
    wins = two(20, 0)
    with pytest.raises(ValueError, match="every vote between two of them"):
        fit_scale(wins, model="bradley_terry")
    # log(20.5 / 0.5) = 3.7135721
    scores = fit_scale(wins + two(0.5, 0.5), model="bradley_terry").scores
    assert scores[0] - scores[1] == pytest.approx(3.7135721)


def test_many_methods_of_a_part_are_counted_and_not_all_named() -> None:
    wins = np.triu(np.ones((8, 8)), 1)
    wins[1:, 1:] = 1 - np.eye(7)
    with pytest.raises(ValueError, match="'0'; '1', '2', '3', '4', '5' and 2 more; "):
        fit_scale(wins, model="thurstone")


@pytest.mark.parametrize(
    ("wins", "sentence"),
    [
        (np.zeros((3, 3)), "there is no vote"),
        (np.ones((2, 3)), r"wins of shape \(2, 3\) are not \(methods, methods\)"),
        (np.ones((2, 2)), "a method compared with itself"),
        (two(-1, 2), "no count"),
        (two(np.nan, 2), "no count"),
    ],
)
def test_impossible_counts_are_refused(wins: Floats, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        fit_scale(wins, model="bradley_terry")


def test_an_unknown_model_is_refused() -> None:
    with pytest.raises(ValueError, match="model 'elo' is not available; available: bradley_terry, thurstone"):
        fit_scale(BASEBALL, model="elo")


def test_counts_that_make_no_scale_spoil_no_other() -> None:
    wins = np.zeros((5, 4, 4))
    wins[0, :2, :2], wins[1, :2, :2], wins[4, 2:, 2:] = two(30, 10), two(5, 0), two(10, 30)
    wins[3, :2, :2] = wins[3, 2:, 2:] = two(3, 2)  # two pairs that nothing connects
    scores = fit_scales(wins, MODELS["bradley_terry"]).scores
    np.testing.assert_allclose(scores[[0, 4], [0, 2]], [0.5493061, -0.5493061], atol=5e-8)
    assert np.isnan(scores[1:4]).all()


def test_a_climb_that_does_not_arrive_gives_no_score(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preference, "MAXIMUM_STEPS", 1)
    scores = fit_scales(np.stack([two(1, 1), two(900, 1)]), MODELS["thurstone"]).scores
    assert scores[0].tolist() == [0.0, 0.0]
    assert np.isnan(scores[1]).all()
