"""The check of the recipes finds the faults it is there for, and says exactly those."""

from dataclasses import replace

import pytest
import torch

from distillation.sr import checkpoints, fairness, losses, selfcheck
from distillation.sr.config import GeneratorShape
from distillation.sr.dataset import PatchSampler
from distillation.sr.learner import Learner
from distillation.sr.methods import STAGES
from distillation.sr.updates import GuardedAdam, MovingAverage
from distillation.sr.vgg import file_sha256


def with_vgg(options, file):
    return replace(options, vgg_file=str(file), vgg_sha256=file_sha256(file))


def test_every_recipe_is_sound(options):
    assert selfcheck.check_recipes(options) == dict.fromkeys(STAGES, ())


def test_lite_and_global_skip_are_options_of_every_recipe(options):
    # Each of the ten stages is built and makes its steps; the profile has the lite shape on both sides.
    shapes = {
        "teacher": GeneratorShape(blocks=2, channels=6, lite=True),
        "student": GeneratorShape(blocks=1, channels=4, lite=False),
    }
    found = selfcheck.check_recipes(replace(options, **shapes, patch_px=16))
    assert found == dict.fromkeys(STAGES, ())


def test_every_recipe_is_sound_with_vgg_weights_and_a_lite_student_of_srgans_generator(options, vgg_file):
    shapes = {
        "teacher": GeneratorShape(blocks=2, channels=6),
        "student": GeneratorShape(blocks=1, channels=4, lite=True, global_skip=True),
    }
    found = selfcheck.check_recipes(with_vgg(replace(options, **shapes, patch_px=16), vgg_file))
    assert found == dict.fromkeys(STAGES, ())


@pytest.fixture
def faults(options, trained, photos):
    """What the check says of one stage, which starts from trained ones."""
    sampler = PatchSampler(photos, patch_px=options.patch_px, batch=2, seed=0)

    def check(name, changed=options, steps=2):
        parents = {parent: checkpoints.load(trained / parent) for parent in STAGES[name].needs}
        learner = Learner(STAGES[name], changed, device=torch.device("cpu"), parents=parents)
        return list(selfcheck.stage_faults(learner, [sampler.batch_at(step) for step in range(steps)]))

    return check


def test_a_term_that_an_ablation_leaves_out_is_no_fault(faults, options):
    weights = replace(options.weights, feat=0.0, dcritic=0.0)
    assert faults("gan2g_final", replace(options, weights=weights)) == []


def test_the_updates_of_single_terms_are_taken_back(options, photos):
    sampler = PatchSampler(photos, patch_px=options.patch_px, batch=2, seed=0)
    batches = [sampler.batch_at(step) for step in range(2)]
    checked, trained = (
        Learner(STAGES["student_pixel"], options, device=torch.device("cpu"), parents={}) for _ in range(2)
    )
    assert list(selfcheck.stage_faults(checked, batches)) == []
    for step, batch in enumerate(batches):
        trained.step(*batch, step=step)
    pairs = zip(checked.generator.parameters(), trained.generator.parameters(), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)


def detached(loss):
    """The same loss, from which no gradient goes back; a zero keeps the graph whole."""

    def without(s, *rest, **options):
        return loss(s.detach(), *rest, **options) + 0 * s.sum()

    return without


@pytest.mark.parametrize(
    ("function", "term", "stage"),
    [
        ("pixel", "pix", "student_pixel"),
        ("output", "out", "g2g_transfer"),
        ("adversarial", "dcritic", "gan2g_transfer"),
        ("adversarial", "adv", "student_final"),
    ],
)
def test_a_detached_loss_is_found_by_its_name(faults, monkeypatch, function, term, stage):
    monkeypatch.setattr(losses, function, detached(getattr(losses, function)))
    assert f"The term {term} alone does not move the generator." in faults(stage)
    if stage != "student_pixel":  # which has nothing else to learn from
        assert len(faults(stage)) == 1


def test_a_loss_without_any_graph_is_found(faults, monkeypatch):
    monkeypatch.setattr(losses, "output", lambda s, t: (s - t).abs().mean().detach())
    assert faults("g2g_transfer") == ["The term out alone does not move the generator."]


def test_a_vgg_loss_without_a_gradient_is_found(faults, options, vgg_file, monkeypatch):
    content = losses.content
    monkeypatch.setattr(losses, "content", lambda s, y: content(s.detach(), y))
    found = faults("student_final", with_vgg(options, vgg_file))
    assert found == ["The term vgg alone does not move the generator."]


def test_a_detached_feature_loss_is_found(faults, monkeypatch):
    feature = losses.feature
    monkeypatch.setattr(
        losses,
        "feature",
        lambda ours, theirs: feature([o.detach() for o in ours], theirs) + 0 * sum(o.sum() for o in ours),
    )
    assert faults("g2g_transfer") == [
        "The term feat alone does not move the generator.",
        "No update reaches the adaptors.",
    ]


def test_a_term_that_is_left_out_of_the_sum_is_found(faults, monkeypatch):
    total = Learner.total

    def forgetful(self, terms):
        return total(self, {name: (0 if name == "feat" else 1) * term for name, term in terms.items()})

    monkeypatch.setattr(Learner, "total", forgetful)
    assert "The term feat alone does not move the generator." in faults("g2g_transfer")


def test_a_term_that_is_not_computed_is_found(faults, monkeypatch):
    terms = Learner.terms

    def forgetful(self, x, y):
        found, s = terms(self, x, y)
        return {name: term for name, term in found.items() if name != "out"}, s

    monkeypatch.setattr(Learner, "terms", forgetful)
    assert faults("g2g_transfer") == ["The term out alone does not move the generator."]


def test_a_term_of_another_recipe_is_found(faults, monkeypatch):
    terms = Learner.terms

    def eager(self, x, y):
        found, s = terms(self, x, y)
        return {**found, "out": found["pix"]}, s

    monkeypatch.setattr(Learner, "terms", eager)
    assert faults("student_pixel") == ["The term out is not in the recipe."]


def test_a_detached_teaching_of_the_discriminator_is_found(faults, monkeypatch):
    feature = losses.feature

    def blind(ours, theirs):
        # Only the discriminator's features come as four; the adaptors would still learn without a graph.
        loss = feature(ours, theirs)
        return loss.detach() + 0 * loss if len(ours) == 4 else loss

    monkeypatch.setattr(losses, "feature", blind)
    assert faults("gan2gan_final") == [
        "The term dkd does not move the discriminator.",
        "No update reaches the discriminator's adaptors.",
    ]


def test_an_inverted_average_is_found(faults, monkeypatch):
    monkeypatch.setattr(MovingAverage, "set_step", lambda self, step: self._pace.fill_(self._decay))
    assert faults("student_final") == ["The moving average does not follow the weights slowly."]


def test_an_average_that_stands_still_is_found(faults, monkeypatch):
    monkeypatch.setattr(MovingAverage, "follow", lambda self: None)
    assert faults("student_final") == ["The moving average does not follow the weights slowly."]


def test_a_teacher_left_in_training_mode_is_found(faults, monkeypatch):
    make = Learner._make_teachers

    def careless(self, parents):
        make(self, parents)
        self.critic.train()

    monkeypatch.setattr(Learner, "_make_teachers", careless)
    assert faults("gan2g_transfer") == [
        "The teacher's discriminator is not in eval mode.",
        "The teacher's discriminator changes.",
    ]


def test_a_critic_that_learns_by_mistake_is_found(faults, monkeypatch):
    make, bind = Learner._make_teachers, Learner._bind

    def careless(self, parents):
        make(self, parents)
        self.critic.requires_grad_(True)

    def learning(self):
        bind(self)
        named = self.optimiser.named | dict(self.critic.named_parameters())
        self.optimiser = GuardedAdam(named, clip_norm=self.options.clip_norm, device=self.device)

    monkeypatch.setattr(Learner, "_make_teachers", careless)
    monkeypatch.setattr(Learner, "_bind", learning)
    assert faults("gan2g_transfer") == [
        "The teacher's discriminator receives a gradient.",
        "The teacher's discriminator changes.",
    ]


def test_a_teacher_whose_statistics_move_late_is_found(faults, monkeypatch):
    step = Learner.step

    def drifting(self, x, y, *, step: int, made=step):
        if step == 1:
            next(buffer for name, buffer in self.teacher.named_buffers() if "mean" in name).add_(1)
        return made(self, x, y, step=step)

    monkeypatch.setattr(Learner, "step", drifting)
    assert faults("g2g_transfer") == ["The teacher changes."]


@pytest.mark.parametrize(
    ("part", "stage", "told"),
    [
        ("adaptors", "g2g_transfer", "adaptors"),
        ("opponent_adaptors", "gan2gan_final", "discriminator's adaptors"),
    ],
)
def test_adaptors_left_out_of_the_optimiser_are_found(faults, monkeypatch, part, stage, told):
    bind = Learner._bind

    def forgetful(self):
        bind(self)
        for name in ("optimiser", "opponent_optimiser"):
            named = getattr(self, name).named
            kept = {key: p for key, p in named.items() if not key.startswith(f"{part}.")}
            setattr(self, name, GuardedAdam(kept, clip_norm=10.0, device=self.device))

    monkeypatch.setattr(Learner, "_bind", forgetful)
    assert faults(stage) == [f"An optimiser and its clipping leave out the {told}."]


def test_a_discriminator_that_never_learns_is_found(faults, monkeypatch):
    oppose = Learner.oppose

    def shy(self, y, s):
        saved = {key: tensor.clone() for key, tensor in self.opponent.state_dict().items()}
        found = oppose(self, y, s)
        self.opponent.load_state_dict(saved)
        return found

    monkeypatch.setattr(Learner, "oppose", shy)
    assert faults("student_final") == ["No update reaches the discriminator."]


def test_a_generator_that_never_learns_is_found(faults, monkeypatch):
    step = Learner.step

    def lazy(self, x, y, *, step: int, made=step):
        saved = {key: tensor.clone() for key, tensor in self.generator.state_dict().items()}
        found = made(self, x, y, step=step)
        self.generator.load_state_dict(saved)
        return found

    monkeypatch.setattr(Learner, "step", lazy)
    assert "The generator does not learn." in faults("student_pixel")


def test_a_discriminator_that_learns_from_the_generators_loss_is_found(faults, monkeypatch):
    monkeypatch.setattr("distillation.sr.learner.frozen_weights", lambda network: torch.enable_grad())
    assert faults("student_final") == ["The generator's loss leaves a gradient in the discriminator."]


def test_a_generator_that_learns_from_the_discriminators_loss_is_found(faults, monkeypatch):
    oppose, leaked = Learner.oppose, []

    def leaking(self, y, s):
        if s.grad_fn is not None and not leaked and self.generator.head[0].weight.grad is None:
            leaked.append(True)  # once: later the graph is gone
            self.opponent(s).mean().backward(retain_graph=True)
        return oppose(self, y, s)

    monkeypatch.setattr(Learner, "oppose", leaking)
    assert "The discriminator's loss leaves a gradient in the generator." in faults("student_final")


def test_adaptors_in_the_exported_student_are_found(faults, monkeypatch):
    bind = Learner._bind

    def generous(self):
        bind(self)
        self.ema.adaptors = self.adaptors

    monkeypatch.setattr(Learner, "_bind", generous)
    assert faults("g2g_transfer") == [
        "The exported generator holds adaptors.layers.0.bias, which is no part of one."
    ]


def test_a_part_missing_from_the_exported_student_is_found(faults, monkeypatch):
    tensors = Learner.tensors

    def careless(self):
        return {key: value for key, value in tensors(self).items() if key != "ema.head.0.bias"}

    monkeypatch.setattr(Learner, "tensors", careless)
    assert faults("student_pixel") == ["The exported generator lacks head.0.bias."]


@pytest.fixture
def starts():
    """The same start for every student."""
    return dict.fromkeys(("student_pixel", "g2g_transfer", "gan2g_transfer"), torch.zeros(3))


def test_a_method_with_more_updates_is_found(options, photos, starts, monkeypatch):
    longer = replace(STAGES["gan2g_final"], phase="student_transfer")
    monkeypatch.setitem(STAGES, "gan2g_final", longer)
    # Twice 8 updates, and 8 and 2.
    found = fairness.faults(options, starts, photos)
    assert found.pop("gan2g_final") == ("The generator of gan2g gets 16 updates, and that of student 10.",)
    assert not any(found.values())


def test_what_is_unfair_of_a_method_stands_with_its_last_stage(options, monkeypatch):
    names = ("student_pixel", "student_final")
    monkeypatch.setattr(selfcheck, "STAGES", {name: STAGES[name] for name in names})
    monkeypatch.setattr(fairness, "faults", lambda *_: {"student_final": ("Unfair.",)})
    assert selfcheck.check_recipes(options) == {"student_pixel": (), "student_final": ("Unfair.",)}


def test_a_method_that_starts_elsewhere_is_found(options, photos, starts):
    found = fairness.faults(options, {**starts, "g2g_transfer": torch.ones(3)}, photos)
    for method in ("gan2gan", "g2g_al"):
        told = f"The generator of {method} starts from other weights than that of student."
        assert found.pop(f"{method}_final") == (told,)
    assert set(found) == {"student_final", "gan2g_final", "gan2g_al_final"}
    assert not any(found.values())


@pytest.mark.parametrize(
    ("fixed", "told"),
    [
        (False, "The patches of a step depend on what was drawn before."),
        (True, "Every step sees the same patches."),
    ],
)
def test_patches_that_are_no_function_of_the_step_are_found(
    options, photos, starts, monkeypatch, fixed, told
):
    batch_at, calls = PatchSampler.batch_at, iter(range(1000))
    monkeypatch.setattr(
        PatchSampler, "batch_at", lambda self, step: batch_at(self, 0 if fixed else next(calls))
    )
    found = fairness.faults(options, starts, photos)
    assert len(found) == 5
    assert set(found.values()) == {(told,)}
