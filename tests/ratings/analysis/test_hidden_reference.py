"""ACR-HR: votes relative to the same rater's vote on the reference."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ratings.analysis.dmos import HiddenReferenceScores, hidden_reference_scores
from ratings.analysis.scores import ScoreTable

NAN = float("nan")


def hidden(votes: list[list[float]], reference_of: list[int], **options: Any) -> HiddenReferenceScores:
    table = ScoreTable.from_matrix(np.array(votes))
    scale = {"scale_min": 1, "scale_max": 5, **options}
    return hidden_reference_scores(table, np.array(reference_of), **scale)


def test_hidden_reference_scores_are_taken_from_the_same_raters_vote_on_the_reference() -> None:
    # DV = V − V(reference) + 5: 2 − 5 + 5 = 2 and 4 − 3 + 5 = 6 (above the scale, which is allowed).
    result = hidden([[5, 3], [2, 4]], [0, 0])
    np.testing.assert_array_equal(result.scores.matrix(), [[NAN, NAN], [2, 6]])
    assert result.votes_left_out == 0


def test_hidden_reference_scores_of_another_scale_are_put_below_its_own_end() -> None:
    # 40 − 90 + 100 = 50.
    assert hidden([[90], [40]], [0, 0], scale_min=0, scale_max=100).scores.value.tolist() == [50]


def test_every_stimulus_has_its_own_images_reference() -> None:
    # References are stimuli 1 and 2. Stimulus 0: 3 − 4 + 5 = 4; stimulus 3: 3 − 2 + 5 = 6.
    result = hidden([[3], [4], [2], [3]], [1, 1, 2, 2])
    np.testing.assert_array_equal(result.scores.matrix()[:, 0], [4, NAN, NAN, 6])


def test_a_vote_without_its_reference_is_left_out_and_counted() -> None:
    # Rater 1 did not rate the reference; stimulus 2 has none.
    result = hidden([[5, NAN], [2, 4], [1, NAN]], [0, 0, -1])
    np.testing.assert_array_equal(result.scores.matrix(), [[NAN, NAN], [2, NAN], [NAN, NAN]])
    assert result.votes_left_out == 2


def test_crushing_bends_scores_above_the_scale_alone() -> None:
    # 7 · 6 / (2 + 6) = 5.25; 5 and 2 stay.
    result = hidden([[5, 3, 3], [2, 4, 3]], [0, 0], crush=True)
    np.testing.assert_allclose(result.scores.matrix()[1], [2, 5.25, 5])


def test_crushing_another_scale_is_refused() -> None:
    with pytest.raises(ValueError, match="crushed on the scale of 1 to 5 alone, not on 0 to 100"):
        hidden([[5, 3], [2, 4]], [0, 0], scale_min=0, scale_max=100, crush=True)


def test_references_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match=r"reference_of \(1,\) is not \(stimuli,\) \(2,\)"):
        hidden([[5], [2]], [0])
    with pytest.raises(ValueError, match="reference_of holds a number outside"):
        hidden([[5], [2]], [0, 2])
    with pytest.raises(ValueError, match="stimulus 0 is named as a reference and is not its own"):
        hidden([[5], [2]], [-1, 0])
