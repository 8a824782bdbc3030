"""Options from a file and from KEY=VALUE: what counts over what, what comes back, what is refused."""

import re
from dataclasses import replace

import pytest

from distillation.sr import config
from distillation.sr.optionfile import resolve, to_toml
from distillation.sr.vgg import file_sha256


@pytest.fixture
def written(tmp_path):
    """Writes a file of options; answers where."""

    def write(text: str | bytes, name: str = "mine.toml"):
        file = tmp_path / name
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    return write


def test_without_anything_the_options_are_the_demos():
    assert resolve() == config.profile("demo")


def test_a_file_changes_the_profile_it_names(written):
    found = resolve(
        file=written('profile = "smoke"\nbatch = 6\nstudent.blocks = 5\n[weights]\nadv = 0.005\n')
    )
    smoke = config.profile("smoke")
    assert found == replace(
        smoke,
        batch=6,
        student=replace(smoke.student, blocks=5),
        weights=replace(smoke.weights, adv=0.005),
    )


def test_each_layer_changes_what_the_ones_before_it_say(written):
    file = written("seed = 1\nbatch = 4\npatch_px = 32\nclip_norm = 2.0")
    found = resolve(
        profile="smoke", file=file, assignments=["seed=2", "batch=6"], flags={"seed": 3, "device": None}
    )
    assert (found.patch_px, found.clip_norm, found.batch, found.seed) == (32, 2.0, 6, 3)
    assert found.device == "auto"


def test_the_last_of_two_assignments_counts():
    assert resolve(profile="smoke", assignments=["batch=4", "batch=8"]).batch == 8


def test_steps_scale_what_the_layers_say():
    found = resolve(profile="smoke", assignments=["teacher_pixel.steps=100"], steps=50)
    # Half of 100, and of the profile's 8.
    assert (found.teacher_pixel.steps, found.student_transfer.steps) == (50, 4)


@pytest.mark.parametrize(
    ("assignment", "path", "value"),
    [
        ("teacher.lite=false", ("teacher", "lite"), False),
        ("weights.pix_kind=mse4", ("weights", "pix_kind"), "mse4"),
        ('weights.pix_kind="mse4"', ("weights", "pix_kind"), "mse4"),
        (" batch = 6 ", ("batch",), 6),
        ("clip_norm=5", ("clip_norm",), 5.0),
        ("teacher_pixel.lr_end=1e-6", ("teacher_pixel", "lr_end"), 1e-6),
    ],
)
def test_a_value_is_read_as_toml_and_a_bare_word_as_text(assignment, path, value):
    found = resolve(profile="smoke", assignments=[assignment])
    for name in path:
        found = getattr(found, name)
    assert found == value
    assert type(found) is type(value)


def test_a_file_may_begin_with_a_byte_order_mark(written):
    assert resolve(file=written(b"\xef\xbb\xbfbatch = 4\r\n")).batch == 4


@pytest.mark.parametrize("name", config.PROFILES)
def test_what_is_shown_is_read_back(written, name):
    options = resolve(profile=name, assignments=["student.blocks=5", "weights.adv=0.02"], flags={"seed": 7})
    assert resolve(file=written(to_toml(options))) == options


def test_odd_paths_are_shown_so_that_they_are_read_back(written, vgg_file, tmp_path):
    odd = tmp_path / 'a "quoted"\\\tpath\x7f é.safetensors'
    odd.write_bytes(vgg_file.read_bytes())
    options = resolve(flags={"vgg_file": str(odd)})
    assert resolve(file=written(to_toml(options))) == options


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sede = 1", "there is no option sede; the nearest is seed."),
        ("[student]\nblock = 5", "there is no option student.block; the nearest is student.blocks."),
        ("adv = 0.1", "there is no option adv; the nearest is weights.adv."),
        ("teacher = 5", "teacher is a table: set teacher.blocks"),
        ("batch.size = 5", "there is no option batch.size; the nearest is batch"),
        ('batch = "4"', "batch is a whole number, not '4'."),
        ("batch = true", "batch is a whole number, not true."),
        ("teacher_pixel.steps = 3.5", "teacher_pixel.steps is a whole number, not 3.5."),
        ('student.lite = "yes"', "student.lite is true or false, not 'yes'."),
        ("student.lite = 1", "student.lite is true or false, not 1."),
        ("clip_norm = true", "clip_norm is a number, not true."),
        ("clip_norm = inf", "clip_norm is a finite number, not inf."),
        (f"clip_norm = 1{'0' * 400}", "clip_norm is a finite number, not 1000"),
        ('device = "tpu"', "device is one of auto, cpu, cuda, not 'tpu'."),
        ("device = 1", "device is one of auto, cpu, cuda, not 1."),
        ("vgg_file = 1", "vgg_file is text, not 1."),
        ("weights.adv = [1]", "weights.adv is a number, not [1]."),
        ("profile = 1", "profile is text, not 1."),
        ('profile = "quick"', "There is no profile 'quick'; there are smoke, demo, cpu, paper."),
        ("student.scale = 2", "Scale 2 is not offered; use 4."),
        ("student.scale = 3", "Scale 3 is not offered; use 4."),
        ("weights.adv = 0", "The weight of adv lies above 0: at 0 no adversarial phase would be one."),
        ("weights.vgg = 2", "no VGG weights are given: name them with --vgg-weights."),
        (f'vgg_sha256 = "{"a" * 64}"', "no file of VGG weights: name it with --vgg-weights."),
        ('vgg_file = "/none/vgg.pth"', "The VGG weights in /none/vgg.pth cannot be read"),
        ("batch = \nseed = 1", "is not TOML: Invalid value (at line 1, column 9)."),
        ("seed = 1\n\nbatch = [\n\n", "is not TOML: Invalid value (in line 3, where the document ends)."),
        ("seed = 1\nseed = 2\n", "is not TOML: Cannot overwrite a value (at line 2"),
        ("batch = " + "[" * 5000, "is not TOML: "),
        (b"# fine\n# \xe9t\xe9\n", "is not UTF-8 in line 2: save it as UTF-8."),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused_in_a_sentence(written, text, words):
    with pytest.raises(ValueError, match=re.escape(words)) as caught:
        resolve(file=written(text))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("name", "kind"), [("mine.yaml", "YAML"), ("mine.YML", "YAML"), ("mine.json", "JSON")]
)
def test_a_file_of_another_format_is_refused_naming_toml(written, name, kind):
    with pytest.raises(ValueError, match=f"is {kind}: options are read from TOML"):
        resolve(file=written("", name))


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"none\.toml cannot be read: No such file"):
        resolve(file=tmp_path / "none.toml")
    with pytest.raises(ValueError, match="cannot be read: Is a directory"):
        resolve(file=tmp_path)


@pytest.mark.parametrize(
    ("assignment", "words"),
    [
        ("batch", "--set takes KEY=VALUE, such as student.blocks=5, not 'batch'."),
        ("=4", "--set takes KEY=VALUE"),
        ("student.blcks=5", "--set: there is no option student.blcks; the nearest is student.blocks."),
        ("batch=", "--set: batch is a whole number, not ''."),
        ("batch=four", "--set: batch is a whole number, not 'four'."),
        ("batch=4\nseed=1", "--set: batch is a whole number, not '4\\nseed=1'."),
        ("profile=paper", "--set cannot change the profile"),
        ("batch=1", "Batch normalisation needs a batch of 2 or more, not 1."),
    ],
)
def test_an_assignment_that_cannot_be_meant_is_refused(assignment, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        resolve(assignments=[assignment])


def test_a_file_for_one_profile_contradicts_another(written):
    file = written('profile = "demo"')
    assert resolve(profile="demo", file=file) == config.profile("demo")
    with pytest.raises(ValueError, match=r"--profile smoke contradicts .*mine\.toml.*'demo': leave one out"):
        resolve(profile="smoke", file=file)


def test_vgg_weights_are_named_with_their_hash(vgg_file, monkeypatch):
    monkeypatch.chdir(vgg_file.parent)
    found = resolve(flags={"vgg_file": vgg_file.name}, assignments=["weights.vgg=2"])
    assert (found.vgg_file, found.vgg_sha256) == (str(vgg_file), file_sha256(vgg_file))
    assert found.weights.vgg == 2.0


def test_other_vgg_weights_than_the_options_name_are_refused(written, vgg_file):
    file = written(f'vgg_file = "{vgg_file}"\nvgg_sha256 = "{"a" * 64}"')
    with pytest.raises(ValueError, match=r"vgg_sha256 says aaaaaaaaaaaa…: give that file"):
        resolve(file=file)
