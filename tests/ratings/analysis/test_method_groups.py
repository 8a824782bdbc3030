"""Letters of methods that cannot be told apart, against Piepho's rules worked by hand."""

from __future__ import annotations

from itertools import combinations

import pandas as pd
import pytest

from ratings.analysis import method_groups
from ratings.analysis.method_groups import MethodGroups, groups_of_methods


def lettered(scores: dict[str, float], told_apart: set[str], **changed: object) -> MethodGroups:
    """Letter methods of one letter each; `told_apart` holds pairs such as "ab"."""
    pairs = [f"{a}{b}" for a, b in combinations(scores, 2)]
    frame = pd.DataFrame(
        {
            "image": "",
            "method_a": [pair[0] for pair in pairs],
            "method_b": [pair[1] for pair in pairs],
            "p_t_holm": [0.01 if pair in told_apart else 0.4 for pair in pairs],
            "p_wilcoxon_holm": 0.9,
        }
    )
    options = {"level": 0.95, "higher_is": "worse", **changed}
    return groups_of_methods(frame, scores, **options)  # type: ignore[arg-type]


def letters(found: MethodGroups) -> dict[str, str]:
    return dict(zip(found.frame["method"], found.frame["letters"], strict=True))


SCORES = {"w": 10.0, "x": 20.0, "y": 30.0, "z": 40.0}


def test_methods_share_a_letter_exactly_when_they_are_not_told_apart() -> None:
    # A chain: neighbours are alike, others are not. The sets are {w, x}, {x, y}, {y, z}.
    found = letters(lettered(SCORES, {"wy", "wz", "xz"}))
    assert found == {"w": "a", "x": "ab", "y": "bc", "z": "c"}


def test_without_a_difference_all_share_one_letter() -> None:
    assert set(letters(lettered(SCORES, set())).values()) == {"a"}


def test_where_all_differ_each_has_its_own_in_the_order_of_scores() -> None:
    everyone = {f"{a}{b}" for a, b in combinations(SCORES, 2)}
    assert letters(lettered(SCORES, everyone)) == {"w": "a", "x": "b", "y": "c", "z": "d"}


def test_a_set_within_another_has_no_letter() -> None:
    # Only w and z differ: inserting gives {x, y, z} and {w, x, y}, and nothing else.
    assert letters(lettered(SCORES, {"wz"})) == {"w": "a", "x": "ab", "y": "ab", "z": "b"}
    # w differs from x and from y: {w, z} and {x, y, z}; {z} and {y, z} are absorbed on the way.
    assert letters(lettered(SCORES, {"wx", "wy"})) == {"w": "a", "x": "b", "y": "b", "z": "ab"}


def test_differences_that_do_not_follow_the_scores_are_kept() -> None:
    # x and y differ, w and z do not: {w, x, z} and {w, y, z}.
    assert letters(lettered(SCORES, {"xy"})) == {"w": "ab", "x": "a", "y": "b", "z": "ab"}


def test_the_best_method_has_the_first_letter() -> None:
    everyone = {f"{a}{b}" for a, b in combinations(SCORES, 2)}
    found = lettered(SCORES, everyone, higher_is="better")
    assert found.frame["method"].tolist() == ["z", "y", "x", "w"]
    assert found.frame["letters"].tolist() == ["a", "b", "c", "d"]


def test_the_test_asked_for_decides() -> None:
    assert set(letters(lettered(SCORES, {"wz"}, test="wilcoxon")).values()) == {"a"}


def test_a_pair_that_was_not_compared_is_not_told_apart() -> None:
    frame = pd.DataFrame(
        {
            "image": ["", "img"],
            "method_a": ["w", "w"],
            "method_b": ["x", "x"],
            "p_t_holm": [float("nan"), 0.0],
        }
    )
    found = groups_of_methods(frame, {"w": 1.0, "x": 2.0, "y": float("nan")}, level=0.95, higher_is="worse")
    assert letters(found) == {"w": "a", "x": "a", "y": "a"}


def test_a_p_of_exactly_the_chance_allowed_tells_nothing_apart() -> None:
    frame = pd.DataFrame({"image": [""], "method_a": ["w"], "method_b": ["x"], "p_t_holm": [0.05]})
    found = groups_of_methods(frame, {"w": 1.0, "x": 2.0}, level=0.95, higher_is="worse")
    assert letters(found) == {"w": "a", "x": "a"}


def test_more_groups_than_letters_are_not_lettered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(method_groups, "MOST_GROUPS", 3)
    assert lettered(SCORES, {"wy", "wz", "xz"}).notes == ()
    monkeypatch.setattr(method_groups, "MOST_GROUPS", 2)
    found = lettered(SCORES, {"wy", "wz", "xz"})
    assert set(letters(found).values()) == {""}
    assert found.notes == ("The methods fall into more than 2 groups, which have no letters.",)


def test_groups_that_multiply_end_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    # Ten pairs that differ within themselves alone make 2¹⁰ groups.
    monkeypatch.setattr(method_groups, "MOST_ON_THE_WAY", 60)
    names = "abcdefghijklmnopqrst"
    scores = {name: float(place) for place, name in enumerate(names)}
    found = lettered(scores, {names[place : place + 2] for place in range(0, 20, 2)})
    assert found.notes
    assert set(letters(found).values()) == {""}


def test_no_method_has_no_letters() -> None:
    assert lettered({}, set()).frame.empty


def test_a_method_without_a_score_and_an_unknown_test_are_refused() -> None:
    frame = pd.DataFrame({"image": [""], "method_a": ["w"], "method_b": ["q"], "p_t_holm": [0.5]})
    with pytest.raises(ValueError, match="method 'q' was compared and has no score"):
        groups_of_methods(frame, SCORES, level=0.95, higher_is="worse")
    with pytest.raises(ValueError, match="test 'sign' is not available"):
        lettered(SCORES, set(), test="sign")
    with pytest.raises(ValueError, match="higher_is 'up' is not available"):
        lettered(SCORES, set(), higher_is="up")
