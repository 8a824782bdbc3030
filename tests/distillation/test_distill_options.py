"""`distill`: what the command line makes of profile, file and single options, and how it refuses."""

import io
import json
import tomllib

import pytest
from django.core.management import CommandError, call_command

from distillation.models import TrainingRun
from distillation.sr import config


@pytest.fixture
def distill(photos, db):
    """Runs the command; answers what it wrote to stdout and stderr."""

    def run(*arguments: str) -> tuple[str, str]:
        out, err = io.StringIO(), io.StringIO()
        call_command("distill", f"--data={photos}", *arguments, stdout=out, stderr=err)
        return out.getvalue(), err.getvalue()

    return run


def test_the_options_shown_are_those_that_are_read_back(distill, tmp_path):
    shown, _ = distill("--show-options", "--profile=smoke", "--set", "student.blocks=5", "--seed=3")
    assert tomllib.loads(shown)["student"]["blocks"] == 5
    file = tmp_path / "shown.toml"
    file.write_text(shown)
    assert distill("--show-options", f"--config={file}")[0] == shown
    assert not TrainingRun.objects.exists()


def test_the_defaults_are_the_demos(distill):
    assert tomllib.loads(distill("--show-options")[0]) == config.to_dict(config.profile("demo"))


def test_what_was_resolved_is_stored_with_the_run(distill, tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text('profile = "smoke"\nseed = 1\nbatch = 6\n')
    distill("--method=student", f"--config={file}", "--set=student.channels=6", "--seed=2", "--steps=2")
    run = TrainingRun.objects.get()
    stored = config.from_dict(run.options)
    assert (run.profile, run.seed) == ("smoke", 2)
    assert (stored.batch, stored.student.channels, stored.student_transfer.steps) == (6, 6, 2)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "Say what to train: --method teacher, student"),
        (("--method=all", "--set", "student.block=5"), "the nearest is student.blocks"),
        (("--method=all", "--set", "batch=yes"), "batch is a whole number, not 'yes'"),
        (("--method=all", "--config", "mine.yaml"), "is YAML: options are read from TOML"),
        (("--method=all", "--config", "/none/mine.toml"), "/none/mine.toml cannot be read"),
        (("--method=all", "--vgg-weights", "/none/vgg.pth"), "/none/vgg.pth cannot be read"),
        (("--method=all", "--set", "weights.vgg=0.5"), "no VGG weights are given"),
        (("--show-options", "--check"), "not allowed with argument"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_a_sentence(distill, arguments, words, settings):
    with pytest.raises(CommandError, match=words) as caught:
        distill(*arguments)
    assert caught.value.returncode == 2
    assert "\n" not in str(caught.value)
    assert not TrainingRun.objects.exists()
    assert not settings.MEDIA_ROOT.exists()


def test_what_is_seldom_meant_is_said_and_trained_all_the_same(distill):
    _, told = distill("--show-options", "--profile=smoke", "--set", "student_final.lr_end=0.01")
    assert "The learning rate of student_final rises" in told


def test_without_vgg_weights_it_is_said_that_pixels_are_the_content(distill):
    assert "Content loss beside an adversarial one: pixels (l1)" in distill("--show-options")[1]


def test_vgg_weights_are_used_beside_an_adversarial_loss_and_said_to_be(distill, vgg_file, settings):
    _, told = distill("--method=teacher", "--profile=smoke", "--steps=2", f"--vgg-weights={vgg_file}")
    run = TrainingRun.objects.get()
    assert f"Content loss beside an adversarial one: VGG19 relu5_4 of {vgg_file}" in told
    assert run.options["vgg_file"] == vgg_file.name
    terms = {}
    for stage in ("teacher_pixel", "teacher_adversarial"):
        log = settings.MEDIA_ROOT / run.folder / stage / "log.jsonl"
        lines = [json.loads(line) for line in log.read_text().splitlines()]
        terms[stage] = {name for line in lines for name in line.get("losses", {})}
    assert terms["teacher_pixel"] == {"pix"}
    assert {"vgg", "adv"} <= terms["teacher_adversarial"]
    assert "pix" not in terms["teacher_adversarial"]


def test_vgg_weights_that_are_others_are_refused_before_anything_is_trained(distill, vgg_file, monkeypatch):
    from distillation.sr import vgg

    monkeypatch.setattr(vgg, "WIDTH", 8)
    with pytest.raises(CommandError, match=r"features\.0\.weight of 4 × 3 × 3 × 3") as caught:
        distill("--method=all", "--profile=smoke", f"--vgg-weights={vgg_file}")
    assert caught.value.returncode == 2
    assert not TrainingRun.objects.exists()


def test_a_check_is_of_the_options_given(distill, vgg_file, monkeypatch):
    from distillation.sr import selfcheck

    checked = []
    monkeypatch.setattr(selfcheck, "check_recipes", lambda options: checked.append(options) or {})
    distill("--method=all", "--profile=smoke", "--check", "--set=batch=6", f"--vgg-weights={vgg_file}")
    assert [(options.batch, options.vgg_file) for options in checked] == [(6, str(vgg_file))]
