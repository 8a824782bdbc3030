"""What one stage's networks start from and what a step does to them."""

from dataclasses import replace

import pytest
import torch

from distillation.sr import checkpoints
from distillation.sr.config import GeneratorShape, profile
from distillation.sr.dataset import PatchSampler
from distillation.sr.devices import resolve_device, uses_bfloat16
from distillation.sr.learner import Learner
from distillation.sr.methods import STAGES

CPU = torch.device("cpu")
STUDENT_STARTS = ("student_pixel", "g2g_transfer", "gan2g_transfer")


@pytest.fixture
def learner(options, trained):
    """Makes the learner of a stage from the trained stages it needs."""

    def make(name, changed=None):
        parents = {parent: checkpoints.load(trained / parent) for parent in STAGES[name].needs}
        return Learner(STAGES[name], changed or options, device=CPU, parents=parents)

    return make


@pytest.fixture
def batch(options, photos):
    return PatchSampler(photos, patch_px=options.patch_px, batch=options.batch, seed=0).batch_at(0)


def weights(network):
    return torch.cat([parameter.detach().flatten() for parameter in network.parameters()]).clone()


def test_all_students_start_alike(learner):
    starts = [weights(learner(name).generator) for name in STUDENT_STARTS]
    assert all(torch.equal(start, starts[0]) for start in starts)


def test_another_seed_starts_elsewhere(learner, options):
    other = learner("student_pixel", replace(options, seed=1))
    assert not torch.equal(weights(other.generator), weights(learner("student_pixel").generator))


@pytest.mark.parametrize("name", [name for name, stage in STAGES.items() if stage.starts_from])
def test_a_stage_goes_on_from_the_one_before(learner, trained, name):
    stage, made = STAGES[name], learner(name)
    before = checkpoints.load(trained / stage.starts_from).tensors
    now = made.tensors()
    handed_on = [key for key in now if key.startswith(("generator.", "ema.", "adaptors.", "optimiser."))]
    assert any(key.startswith("optimiser.generator.") for key in handed_on)
    for key in handed_on:
        assert torch.equal(now[key], before[key]), key


def test_adaptors_and_their_moments_are_handed_on(learner):
    now = learner("gan2g_al_final").tensors()
    assert any(key.startswith("adaptors.") for key in now)
    assert any(key.startswith("optimiser.adaptors.") for key in now)


def test_the_opponent_of_gan2g_al_starts_as_the_teachers_discriminator(learner, trained):
    made, teacher = learner("gan2g_al_final"), checkpoints.load(trained / "teacher_adversarial").tensors
    for name, tensor in made.opponent.state_dict().items():
        assert torch.equal(tensor, teacher[f"opponent.{name}"]), name
    now = made.tensors()
    handed_on = [name for name in now if name.startswith("opponent_optimiser.")]
    assert handed_on
    assert all(torch.equal(now[name], teacher[name]) for name in handed_on)


def test_what_teaches_is_the_average_after_the_adversarial_phase(learner, trained):
    saved = checkpoints.load(trained / "teacher_adversarial").tensors
    for name, tensor in learner("g2g_transfer").teacher.state_dict().items():
        assert torch.equal(tensor, saved[f"ema.{name}"]), name


def test_the_opponents_of_the_others_start_afresh_and_alike(learner):
    names = ("student_final", "gan2gan_final", "g2g_al_final")
    starts = [weights(learner(name).opponent) for name in names]
    assert all(torch.equal(start, starts[0]) for start in starts)


@pytest.mark.parametrize("name", STAGES)
def test_each_term_alone_moves_the_generator(learner, batch, name):
    for term in STAGES[name].terms:
        made = learner(name)
        made.total = lambda terms, term=term: terms[term]
        # The moments of the stage before would move it by themselves.
        made.optimiser._adam.state.clear()
        before = weights(made.generator)
        made.step(*batch, step=0)
        assert not torch.equal(before, weights(made.generator)), term


@pytest.mark.parametrize("name", [name for name, stage in STAGES.items() if stage.uses_teacher])
def test_the_teacher_and_its_discriminator_stay_as_they_are(learner, batch, name):
    made = learner(name)
    frozen = [network for network in (made.teacher, made.critic) if network is not None]
    before = [{key: t.clone() for key, t in network.state_dict().items()} for network in frozen]
    for step in range(2):
        made.step(*batch, step=step)
    for network, state in zip(frozen, before, strict=True):
        assert not network.training
        assert all(parameter.grad is None for parameter in network.parameters())
        assert all(torch.equal(tensor, state[key]) for key, tensor in network.state_dict().items())


def test_a_step_reports_the_terms_of_its_stage_and_the_discriminators(learner, batch):
    found = learner("gan2gan_final").step(*batch, step=0)
    assert set(found) == {"pix", "out", "feat", "adv", "d_adv", "d_updated", "dkd"}


def test_dkd_moves_the_discriminator_and_its_adaptors(learner, batch):
    made = learner("gan2gan_final")
    opponent, adaptors = weights(made.opponent), weights(made.opponent_adaptors)
    made.step(*batch, step=0)
    assert not torch.equal(opponent, weights(made.opponent))
    assert not torch.equal(adaptors, weights(made.opponent_adaptors))


def test_a_teaching_discriminator_changes_what_the_opponent_learns(learner, batch):
    taught, untaught = learner("gan2gan_final"), learner("g2g_al_final")
    for made in (taught, untaught):
        made.step(*batch, step=0)
    assert not torch.equal(weights(taught.opponent), weights(untaught.opponent))


def test_a_closed_gate_keeps_the_discriminator_as_it_is(learner, batch):
    made = learner("student_final")
    made.gate.seen.fill_(made.gate.MEASURED)
    made.gate.start.fill_(1000.0)
    before = weights(made.opponent)
    found = made.step(*batch, step=0)
    assert torch.equal(before, weights(made.opponent))
    assert found["d_updated"] == 0


def test_the_generators_step_moves_no_statistics_of_its_opponent(learner, batch):
    made = learner("student_final")
    before = {name: buffer.clone() for name, buffer in made.opponent.named_buffers() if "running" in name}
    made.terms(*batch)
    assert all(torch.equal(dict(made.opponent.named_buffers())[name], b) for name, b in before.items())


def test_measuring_gradients_changes_no_weight_and_no_statistic(learner, batch):
    made = learner("gan2gan_final")
    before = {key: tensor.clone() for key, tensor in made.tensors().items() if "num_batches" not in key}
    norms = made.gradient_norms(*batch)
    assert set(norms) == {"pix", "out", "feat", "adv"}
    assert all(torch.equal(made.tensors()[key], tensor) for key, tensor in before.items())


def test_the_learning_rate_of_a_fresh_network_warms_up(learner, batch, options):
    # One Adam step is one learning rate long: a tenth of 1e-3 at the first of ten warm-up steps.
    made = learner("student_pixel", replace(options, warm_up_steps=10))
    before = weights(made.generator)
    made.step(*batch, step=0)
    assert (weights(made.generator) - before).abs().max() == pytest.approx(1e-4, rel=0.05)


def test_bfloat16_trains_with_finite_losses(learner, batch, options):
    found = learner("gan2gan_final", replace(options, precision="bf16")).step(*batch, step=0)
    assert all(torch.isfinite(loss) for loss in found.values())


def test_the_image_itself_is_not_rounded_to_bfloat16(learner, batch, options):
    # bfloat16 keeps 8 bits: the enlarged input alone would be off by up to 1/512.
    x, y = batch
    made = learner("student_pixel", replace(options, precision="bf16"))
    for parameter in made.generator.tail.parameters():
        torch.nn.init.zeros_(parameter)
    with made._autocast():
        s = made.terms(x, y)[1]
    torch.testing.assert_close(s, made.generator.skip(x), rtol=0, atol=1e-6)


def test_a_missing_device_is_refused(options, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ValueError, match="'cuda'"):
        resolve_device(replace(options, device="cuda"))


def test_precision_is_as_asked_and_float32_for_lite_networks_on_a_cpu(options):
    assert uses_bfloat16(replace(options, precision="bf16"), CPU)
    assert not uses_bfloat16(profile("demo"), CPU)
    assert not uses_bfloat16(replace(profile("paper"), precision="fp32"), torch.device("cuda"))
    assert uses_bfloat16(replace(profile("demo")), torch.device("cuda"))


def test_wide_networks_take_bfloat16_where_the_processor_has_it(monkeypatch, options):
    wide = replace(options, precision="auto", teacher=GeneratorShape(blocks=1, channels=64))
    for has in (True, False):
        monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda has=has: has)
        assert uses_bfloat16(wide, CPU) is has


def test_in_bfloat16_a_student_is_taught_by_nearly_the_same_teacher(learner, options, batch):
    x, y = batch
    exact, _ = learner("g2g_transfer", replace(options, precision="fp32")).terms(x, y)
    quick_learner = learner("g2g_transfer", replace(options, precision="bf16"))
    with quick_learner._autocast():
        quick, _ = quick_learner.terms(x, y)
    assert quick.keys() == exact.keys()
    for name, term in exact.items():
        # bfloat16 keeps 8 bits, and moves images by up to 3 grey levels of 255.
        torch.testing.assert_close(quick[name].float(), term, rtol=0.05, atol=3 / 255, msg=name)
