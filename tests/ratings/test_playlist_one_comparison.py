"""Two methods alone are compared: every trial shows both, and the other rules hold all the same."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratings.playlist import Design, StimulusKey, check_design, keeps_rules, make_playlist
from ratings.services import playlists, studies
from srstudy.errors import Refused
from tests.ratings.test_playlist import seeds, shown, some, study


@pytest.fixture
def make_study(make_outputs):
    """A paired comparison of two methods on so many images."""

    def make(images: int, **options: object):
        return studies.create_study(
            slug="pair",
            title="Two methods",
            outputs=make_outputs(images=images, methods=("bicubic", "sharp")),
            seed=3,
            methodology="pc",
            options=options,
        )

    return make


MORE_THAN_ONE_TRIAL = [
    pytest.param({"repeats": 1}, id="repeats"),
    pytest.param({"ties": True, "reference_traps": 1}, id="traps"),
    pytest.param({"training": 3}, id="training"),
    pytest.param({"dummies": 1}, id="dummies"),
]


@pytest.mark.parametrize("options", MORE_THAN_ONE_TRIAL)
def test_one_image_that_would_follow_itself_is_refused_by_name(make_study, options):
    with pytest.raises(Refused, match=r"mage '.*image0' is the only one and a list has \d trials"):
        make_study(1, **options)


@pytest.mark.parametrize("options", MORE_THAN_ONE_TRIAL)
def test_the_option_allows_it_and_the_plan_says_that_a_rule_gave_way(make_study, options):
    plan = playlists.playlist_for(make_study(1, relax_order=True, **options), 0)
    assert len(plan.trials) > 1
    assert plan.relaxed


def test_one_image_shown_once_breaks_no_rule(make_study):
    assert not playlists.playlist_for(make_study(1), 0).relaxed


def test_several_images_by_one_pair_of_methods_need_no_option(make_study):
    made = make_study(4, training=2, dummies=1, repeats=2, degraded_traps=1)
    for slot in range(8):
        plan = playlists.playlist_for(made, slot)
        images = [entry.image for entry, _ in plan.trials]
        assert all(one != two for one, two in pairwise(images))
        assert not plan.relaxed


def test_one_stimulus_a_rater_is_refused_as_everywhere(make_study):
    with pytest.raises(Refused, match="stimuli_per_rater is 1 of 4 stimuli"):
        make_study(4, stimuli_per_rater=1)


@some
@given(st.integers(2, 6), st.integers(0, 3), st.integers(0, 2), seeds, st.integers(0, 100))
def test_no_image_follows_itself_though_methods_cannot_be_kept_apart(
    images: int, repeats: int, traps: int, seed: int, slot: int
) -> None:
    stimuli = study(images, 1)
    design = Design(repeats=min(repeats, images), degraded_traps=traps, methods_apart=False)
    order = shown(stimuli, make_playlist(stimuli, seed=seed, rater_index=slot, design=design))
    assert all(one.image != two.image for one, two in pairwise(order))


def test_where_methods_cannot_be_kept_apart_too_much_of_one_image_is_refused() -> None:
    stimuli = [StimulusKey(n, "a" if n < 3 else "b", f"m{n}") for n in range(4)]
    with pytest.raises(ValueError, match="image 'a' has 3 of 4 stimuli, so it cannot but follow itself"):
        check_design(stimuli, seed=0, design=Design(methods_apart=False))


def test_a_design_of_methods_that_can_be_kept_apart_has_the_same_lists_either_way() -> None:
    stimuli = study(4, 3)
    for slot in range(20):
        one, two = (
            make_playlist(
                stimuli, seed=1, rater_index=slot, design=Design(repeats=2, methods_apart=methods_apart)
            )
            for methods_apart in (True, False)
        )
        assert one == two


@pytest.mark.parametrize("methodology", ["dscqs", "acr_hr"])
def test_a_list_that_broke_a_rule_by_option_says_so_in_every_methodology(make_outputs, methodology):
    made = studies.create_study(
        slug="one",
        title="One image",
        outputs=make_outputs(images=1),
        seed=3,
        methodology=methodology,
        options={"relax_order": True},
    )
    plan = playlists.playlist_for(made, 0)
    assert plan.relaxed
    keys = playlists.entries_of(made)
    assert len(plan.trials) == len(keys)
    assert not keeps_rules(
        [item for _, item in plan.trials],
        [StimulusKey(number, one.image, one.method) for number, one in enumerate(keys)],
        Design(),
    )


def test_a_list_that_keeps_all_rules_says_so_though_the_option_would_allow_less(make_outputs):
    made = studies.create_study(
        slug="two",
        title="Two images",
        outputs=make_outputs(images=3),
        seed=3,
        methodology="dscqs",
        options={"relax_order": True, "training": 2},
    )
    assert not any(playlists.playlist_for(made, slot).relaxed for slot in range(8))


def test_a_plan_says_where_the_training_leaves_no_order_that_keeps_the_rules(make_outputs):
    # Image 0 by two methods and image 1 by one: tests begin with image 0, training on all ends with it.
    outputs = [
        one
        for one in make_outputs(methods=("bicubic", "sharp"))
        if (one.psnr_y, one.image.name) != (29, "image1")
    ]
    made = studies.create_study(
        slug="three", title="Three", outputs=outputs, seed=3, methodology="dscqs", options={"training": 3}
    )
    plan = playlists.playlist_for(made, 0)
    images = [entry.image for entry, _ in plan.trials]
    assert any(one == two for one, two in pairwise(images)) == plan.relaxed
    assert plan.relaxed
