"""Paired comparison: orders in which a single method comes in short runs are preferred to others."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratings.playlist import Design, StimulusKey, make_playlist
from tests.ratings.test_playlist import keeps_the_rules, seeds, shown, some


def pairs(images: int, methods: int, *, named: bool = True) -> list[StimulusKey]:
    """Every two of the methods of every image; `named`: each says which two it shows."""
    every = list(combinations("abcdefgh"[:methods], 2))
    return [
        StimulusKey(image * 100 + n, f"image{image}", f"{one}|{two}", (one, two) if named else ())
        for image in range(images)
        for n, (one, two) in enumerate(every)
    ]


def longest_run_of_one(order: list[StimulusKey]) -> int:
    longest, runs = 0, Counter[str]()
    for key in order:
        runs = Counter({method: runs[method] + 1 for method in key.method.split("|")})
        longest = max(longest, *runs.values())
    return longest


def mean_longest_run(stimuli: list[StimulusKey]) -> float:
    lists = [make_playlist(stimuli, seed=0, rater_index=slot) for slot in range(40)]
    return sum(longest_run_of_one(shown(stimuli, one)) for one in lists) / len(lists)


@pytest.mark.parametrize(("images", "methods"), [(10, 3), (8, 4), (8, 5)])
def test_runs_of_a_single_method_are_shorter_than_chance_would_have_them(images: int, methods: int) -> None:
    preferred = mean_longest_run(pairs(images, methods))
    by_chance = mean_longest_run(pairs(images, methods, named=False))
    assert preferred <= by_chance / 2 + 1


def test_with_three_methods_most_lists_have_no_run_of_one_above_two() -> None:
    # In turn a|b, a|c, b|c each method comes twice and then not.
    stimuli = pairs(10, 3)
    short = sum(
        longest_run_of_one(shown(stimuli, make_playlist(stimuli, seed=0, rater_index=slot))) <= 2
        for slot in range(100)
    )
    assert short >= 40


@some
@given(st.integers(2, 6), st.integers(3, 5), seeds, st.integers(0, 200))
def test_the_preference_breaks_no_rule(images: int, methods: int, seed: int, slot: int) -> None:
    stimuli = pairs(images, methods)
    assert keeps_the_rules(shown(stimuli, make_playlist(stimuli, seed=seed, rater_index=slot)))


@some
@given(st.integers(3, 6), st.integers(3, 4), seeds, st.integers(0, 200), st.data())
def test_in_a_partial_design_nothing_is_preferred(
    images: int, methods: int, seed: int, slot: int, data: st.DataObject
) -> None:
    # Halves leave too little choice.
    stimuli = pairs(images, methods)
    design = Design(per_rater=data.draw(st.integers(3, len(stimuli) - 1)))
    named, plain = (
        make_playlist(given, seed=seed, rater_index=slot, design=design)
        for given in (stimuli, pairs(images, methods, named=False))
    )
    assert named == plain


def test_every_pair_comes_first_about_equally_often() -> None:
    stimuli = pairs(6, 3)
    first = Counter(
        shown(stimuli, make_playlist(stimuli, seed=2, rater_index=slot))[0].method for slot in range(360)
    )
    # Binomial with mean 120 and standard deviation 8.9.
    assert all(85 <= count <= 155 for count in first.values())
