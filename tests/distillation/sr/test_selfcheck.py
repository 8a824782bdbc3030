"""The check of the recipes finds the faults it is there for."""

from collections import Counter

import torch

from distillation.sr import losses, selfcheck
from distillation.sr.learner import Learner
from distillation.sr.methods import STAGES
from distillation.sr.updates import MovingAverage


def test_every_recipe_is_sound(options):
    assert selfcheck.check_recipes(options) == dict.fromkeys(STAGES, ())


def test_a_detached_feature_loss_is_found(options, monkeypatch):
    feature = losses.feature
    monkeypatch.setattr(
        losses,
        "feature",
        lambda ours, theirs: feature([o.detach() for o in ours], theirs) + 0 * sum(o.sum() for o in ours),
    )
    found = selfcheck.check_recipes(options)["g2g_transfer"]
    assert "The term feat gives the generator no gradient." in found


def test_an_inverted_average_is_found(options, monkeypatch):
    def inverted(self, step):
        self._pace.fill_(self._decay)

    monkeypatch.setattr(MovingAverage, "set_step", inverted)
    assert "average" in selfcheck.check_recipes(options)["student_final"][0]


def test_a_teacher_left_in_training_mode_is_found(options, monkeypatch):
    make = Learner._make_teachers

    def careless(self, parents):
        make(self, parents)
        if self.critic is not None:
            self.critic.train()

    monkeypatch.setattr(Learner, "_make_teachers", careless)
    found = selfcheck.check_recipes(options)["gan2g_transfer"]
    assert "The teacher's discriminator is not in eval mode." in found
    assert "The teacher's discriminator changes." in found


def test_adaptors_left_out_of_the_optimiser_are_found(options, monkeypatch):
    bind = Learner._bind

    def forgetful(self):
        bind(self)
        named = self.optimiser.named
        self.optimiser.named = {name: p for name, p in named.items() if not name.startswith("adaptors")}

    monkeypatch.setattr(Learner, "_bind", forgetful)
    assert any("Adaptors" in fault for fault in selfcheck.check_recipes(options)["g2g_transfer"])


def test_a_discriminator_that_learns_from_the_generators_loss_is_found(options, monkeypatch):
    monkeypatch.setattr("distillation.sr.learner.frozen_weights", lambda network: torch.enable_grad())
    assert (
        "The generator's loss leaves a gradient in the discriminator."
        in (selfcheck.check_recipes(options)["student_final"])
    )


def test_a_generator_that_learns_from_the_discriminators_loss_is_found(options, monkeypatch):
    oppose, made = Learner.oppose, Counter()

    def leaking(self, opponent, y, s):
        if s.grad_fn is not None and made[self] == 0:  # later the graph is gone
            opponent(s).mean().backward(retain_graph=True)
        made[self] += 1
        return oppose(self, opponent, y, s)

    monkeypatch.setattr(Learner, "oppose", leaking)
    assert (
        "The discriminator's loss leaves a gradient in the generator."
        in (selfcheck.check_recipes(options)["student_final"])
    )
