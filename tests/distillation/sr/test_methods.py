"""The six recipes as chains of stages."""

from dataclasses import replace

import pytest

from distillation.sr import methods
from distillation.sr.config import METHODS
from distillation.sr.methods import STAGES, Stage


def names(method):
    return [stage.name for stage in methods.stages_for(method)]


@pytest.mark.parametrize(
    ("method", "chain"),
    [
        ("teacher", ["teacher_pixel", "teacher_adversarial"]),
        ("student", ["student_pixel", "student_final"]),
        ("gan2gan", ["teacher_pixel", "teacher_adversarial", "g2g_transfer", "gan2gan_final"]),
        ("gan2g", ["teacher_pixel", "teacher_adversarial", "gan2g_transfer", "gan2g_final"]),
        ("gan2g_al", ["teacher_pixel", "teacher_adversarial", "gan2g_transfer", "gan2g_al_final"]),
        ("g2g_al", ["teacher_pixel", "teacher_adversarial", "g2g_transfer", "g2g_al_final"]),
    ],
)
def test_a_method_is_its_chain_of_stages_in_order(method, chain):
    assert names(method) == chain


def test_all_methods_share_ten_stages():
    assert {name for method in METHODS for name in names(method)} == set(STAGES)
    assert len(STAGES) == 10


@pytest.mark.parametrize("method", METHODS)
def test_a_stage_comes_after_all_that_it_needs(method):
    seen = set()
    for stage in methods.stages_for(method):
        assert set(stage.needs) <= seen
        seen.add(stage.name)


def test_a_chain_ends_with_the_methods_own_stage():
    assert [methods.stages_for(method)[-1] for method in METHODS] == [methods.final_stage(m) for m in METHODS]


# The six recipes of the transfer and of the final phase, from the table in docs and reference.
RECIPES = {
    "student": ({"pix"}, {"pix", "adv"}, "student", "fresh", False),
    "g2g_al": ({"pix", "out", "feat"}, {"pix", "out", "feat", "adv"}, "student", "fresh", False),
    "gan2gan": ({"pix", "out", "feat"}, {"pix", "out", "feat", "adv"}, "student", "fresh", True),
    "gan2g": (
        {"pix", "out", "feat", "dfeat", "dcritic"},
        {"pix", "out", "feat", "dfeat", "dcritic"},
        "none",
        "fresh",
        False,
    ),
    "gan2g_al": (
        {"pix", "out", "feat", "dfeat", "dcritic"},
        {"pix", "out", "feat", "dfeat", "adv"},
        "teacher",
        "teacher",
        False,
    ),
}


@pytest.mark.parametrize("method", RECIPES)
def test_a_students_recipe_is_the_published_table(method):
    transfer, final = methods.stages_for(method)[-2:]
    found = (
        set(transfer.terms),
        set(final.terms),
        final.opponent,
        final.opponent_start,
        final.opponent_taught,
    )
    assert found == RECIPES[method]
    assert transfer.opponent == "none"


def test_without_vgg_weights_the_content_loss_is_of_pixels(options):
    assert all(stage.terms_of(options) == stage.terms for stage in STAGES.values())


def test_with_vgg_weights_the_content_loss_beside_an_adversarial_one_is_of_features(options):
    with_vgg = replace(options, vgg_file="vgg.pth", vgg_sha256="a" * 64)
    for stage in STAGES.values():
        wanted = {"vgg", *stage.terms} - {"pix"} if "adv" in stage.terms else set(stage.terms)
        assert set(stage.terms_of(with_vgg)) == wanted, stage.name
        assert len(stage.terms_of(with_vgg)) == len(stage.terms)


def test_no_two_methods_train_alike():
    recipes = {
        tuple((s.terms, s.opponent, s.opponent_start, s.opponent_taught) for s in methods.stages_for(method))
        for method in METHODS
    }
    assert len(recipes) == len(METHODS)


def test_an_unknown_method_is_refused_naming_the_known_ones():
    with pytest.raises(ValueError, match="'gan3g'; there are teacher, student, gan2gan"):
        methods.final_stage("gan3g")


def test_an_adversarial_term_without_an_opponent_is_refused():
    with pytest.raises(ValueError, match="needs both"):
        Stage(name="x", learner="student", terms=("pix", "adv"), phase="student_final")
