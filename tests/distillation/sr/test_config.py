"""Options: profiles, refusals, digests."""

import json
import re
from dataclasses import FrozenInstanceError, replace

import pytest

from distillation.sr import config
from distillation.sr.config import Phase


def with_vgg(options, file="/somewhere/vgg.pth", sha256="a" * 64):
    return replace(options, vgg_file=file, vgg_sha256=sha256)


@pytest.mark.parametrize("name", config.PROFILES)
def test_a_profile_survives_json(name):
    options = config.profile(name, seed=3)
    assert config.from_dict(json.loads(json.dumps(config.to_dict(options)))) == options


def test_an_unknown_profile_is_refused_naming_the_known_ones():
    with pytest.raises(ValueError, match=re.escape("'quick'; there are smoke, demo, cpu, paper")):
        config.profile("quick")


def test_an_unknown_option_is_refused():
    with pytest.raises(ValueError, match="'sede'"):
        config.profile("smoke", sede=1)


def test_options_are_frozen(options):
    with pytest.raises(FrozenInstanceError):
        options.seed = 1


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        ("patch_px", 40, "40"),
        ("batch", 1, "1"),
        ("ema_decay", 1.0, "1.0"),
        ("clip_norm", 0.0, "0.0"),
        ("balance", 1.5, "1.5"),
        ("discriminator_lr", 0.0, "0.0"),
        ("seed", -1, "-1"),
        ("precision", "fp16", "'fp16'"),
        ("device", "tpu", "'tpu'"),
        ("report_every", 0, "0"),
        ("checkpoint_seconds", -1.0, "-1.0"),
        ("checkpoint_seconds", float("inf"), "inf"),
        ("clip_norm", float("inf"), "inf"),
        ("threads", 10**12, "1000000000000"),
        ("vgg_sha256", "abc", "'abc'"),
        ("vgg_file", "vgg.pth", "vgg.pth come with their SHA-256"),
    ],
)
def test_an_impossible_value_is_refused_by_name(options, field, value, named):
    with pytest.raises(ValueError, match=re.escape(named)):
        replace(options, **{field: value})


@pytest.mark.parametrize(
    "make",
    [
        lambda: config.GeneratorShape(blocks=0, channels=8),
        lambda: config.GeneratorShape(blocks=1, channels=0),
        lambda: config.GeneratorShape(blocks=1, channels=8, scale=3),
        lambda: config.DiscriminatorShape(channels=0, dense=1),
        lambda: config.DiscriminatorShape(channels=1, dense=0),
        lambda: Phase(steps=0, lr_start=1e-3, lr_end=1e-3),
        lambda: Phase(steps=1, lr_start=0.0, lr_end=1e-3),
        lambda: config.LossWeights(pix_kind="mse"),
        lambda: config.LossWeights(adv=-1.0),
        lambda: config.LossWeights(feat=float("nan")),
        lambda: config.LossWeights(pix=0.0),
        lambda: config.LossWeights(adv=0.0),
        lambda: config.LossWeights(dkd=0.0),
        lambda: config.LossWeights(vgg=0.0),
        lambda: config.LossWeights(out=0.0, feat=0.0),
        lambda: config.LossWeights(dfeat=0.0, dcritic=0.0),
    ],
)
def test_a_part_that_cannot_be_is_refused_in_one_sentence(make):
    with pytest.raises(ValueError, match=r"^[A-Z].*\.$"):
        make()


def test_a_student_that_hardly_transfers_is_refused(options):
    with pytest.raises(ValueError, match="not 33%"):
        replace(options, student_final=Phase(steps=16, lr_start=1e-4, lr_end=1e-5))


@pytest.mark.parametrize("name", config.PROFILES)
def test_a_student_spends_70_to_85_percent_of_its_updates_in_the_transfer_phase(name):
    options = config.profile(name)
    share = options.student_transfer.steps / (options.student_transfer.steps + options.student_final.steps)
    assert 0.70 <= share <= 0.85


def test_the_learning_rate_falls_along_half_a_cosine():
    # Half way of a cosine from 3e-4 to 1e-4 is their mean.
    phase = Phase(steps=101, lr_start=3e-4, lr_end=1e-4)
    assert phase.lr_at(0) == pytest.approx(3e-4)
    assert phase.lr_at(50) == pytest.approx(2e-4)
    assert phase.lr_at(100) == pytest.approx(1e-4)


def test_steps_scale_every_phase_in_proportion():
    shorter = config.with_steps(config.profile("paper"), 100_000)
    phases = (
        shorter.teacher_pixel,
        shorter.teacher_adversarial,
        shorter.student_transfer,
        shorter.student_final,
    )
    assert [phase.steps for phase in phases] == [100_000, 20_000, 80_000, 20_000]


def test_every_phase_keeps_one_step():
    shortest = config.with_steps(config.profile("paper"), 1)
    assert shortest.student_final.steps == 1


def test_steps_scale_the_warm_up_with_the_phases():
    # 200 of 7000 steps, at 700.
    assert config.with_steps(config.profile("cpu"), 700).warm_up_steps == 20


def test_zero_steps_are_refused():
    with pytest.raises(ValueError, match="not 0"):
        config.with_steps(config.profile("smoke"), 0)


def test_one_of_two_transfer_terms_may_be_left_out():
    assert config.LossWeights(feat=0.0, dcritic=0.0).out == 1.0


def test_a_weight_of_vgg_without_vgg_weights_is_refused(options):
    with pytest.raises(ValueError, match=r"set to 2\.0, and no VGG weights.*--vgg-weights"):
        replace(options, weights=replace(options.weights, vgg=2.0))


def test_vgg_weights_take_the_place_of_pixels(options):
    assert options.content == "pix"
    assert with_vgg(options).content == "vgg"


def test_options_stored_before_vgg_was_offered_are_read():
    values = config.to_dict(config.profile("smoke"))
    del values["vgg_file"], values["vgg_sha256"], values["weights"]["vgg"]
    assert config.from_dict(values) == config.profile("smoke")


def test_what_is_stored_of_the_options_does_not_tell_where_a_file_lies(options):
    assert config.to_record(with_vgg(options))["vgg_file"] == "vgg.pth"
    assert config.to_record(options) == config.to_dict(options)


def test_a_missing_field_is_refused():
    values = config.to_dict(config.profile("smoke"))
    del values["batch"]
    with pytest.raises(ValueError, match="batch"):
        config.from_dict(values)


# As the first version of this program printed them: its checkpoints can still be resumed.
@pytest.mark.parametrize(
    ("name", "digest"),
    [
        ("smoke", "7775b34f0073fa7877d430d3cbcecb218874857c22fbb85fd20f41585a4154d0"),
        ("demo", "b2ca076769175acba75a4612eaaf8476a05c710e4997460ae053877f7c49f149"),
        ("paper", "854da5a2709eb172133471967558d85424378d1de5a85a05ef82a607919c5d05"),
    ],
)
def test_a_profile_keeps_its_digest_from_version_to_version(name, digest):
    assert config.digest(config.profile(name)) == digest


def test_other_vgg_weights_change_the_digest_and_another_place_does_not(options):
    digest = config.digest(with_vgg(options))
    assert digest != config.digest(options)
    assert digest != config.digest(with_vgg(options, sha256="b" * 64))
    assert digest == config.digest(with_vgg(options, file="/elsewhere.pth"))


@pytest.mark.parametrize("change", [{"device": "cpu"}, {"report_every": 7}, {"checkpoint_seconds": 1.0}])
def test_how_a_run_is_run_does_not_change_its_digest(change):
    assert config.digest(config.profile("smoke", **change)) == config.digest(config.profile("smoke"))


@pytest.mark.parametrize("change", [{"seed": 1}, {"batch": 8}, {"balance": 0.4}])
def test_what_changes_the_result_changes_the_digest(change):
    assert config.digest(config.profile("smoke", **change)) != config.digest(config.profile("smoke"))
