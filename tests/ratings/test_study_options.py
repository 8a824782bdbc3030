"""The options of a study: read, refused by name, and stored as far as they differ from the usual."""

import hashlib
import json
import re
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import translation
from PIL import Image as Picture

from ratings import texts
from ratings.models import Stimulus, Study
from ratings.services import studies
from ratings.study_options import Question, StudyOptions
from srstudy.errors import Refused
from tests.conftest import REPOSITORY


def test_a_study_without_options_has_the_usual_ones():
    assert StudyOptions.read({}) == StudyOptions()
    assert StudyOptions().changed() == {}


def test_what_differs_from_the_usual_is_what_is_stored():
    given = {"training": 3, "display": "in_place", "rest_hours": 12}
    assert StudyOptions.read(given).changed() == {"training": 3, "display": "in_place"}


def test_options_come_through_json_and_back():
    question = {"name": "screen", "text": "What is your screen?", "choices": ["a laptop's", "a monitor"]}
    options = StudyOptions.read({"questionnaire": True, "questions": [question], "sitting_minutes": 20})
    again = StudyOptions.read(json.loads(json.dumps(options.changed())))
    assert again == options
    assert again.questions == (
        Question(name="screen", text=question["text"], choices=("a laptop's", "a monitor")),
    )


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"trainin": 3}, "there is no option 'trainin'"),
        ({"training": -1}, "training is -1, which is not between 0 and 50"),
        ({"training": 1.5}, "training is 1.5, which is not a whole number"),
        ({"training": True}, "training is True, which is not a whole number"),
        ({"repeats": "two"}, "repeats is 'two', which is not a whole number"),
        ({"ties": 1}, "ties is 1, which is not true or false"),
        ({"trap_share": 1.01}, "trap_share is 1.01, which is not between 0 and 1"),
        ({"rest_hours": float("nan")}, "rest_hours is nan"),
        ({"display": "stacked"}, "display is 'stacked' and not one of 'side_by_side'"),
        ({"language": "de"}, "language is 'de' and not one of"),
        ({"withdrawal": "sell"}, "withdrawal is 'sell'"),
        ({"sequence_seconds": 3}, "sequence_seconds is 3, which needs display sequential"),
        ({"acuity": True}, "acuity is on, and needs ruler"),
        ({"questions": [{"name": "a", "text": "b"}]}, "need questionnaire on"),
        ({"questionnaire": True, "questions": {}}, "questions are {}, which is not a list"),
        ({"questionnaire": True, "questions": [{"name": "a"}]}, "has name, text and perhaps choices"),
        ({"questionnaire": True, "questions": [{"name": "A b", "text": "c"}]}, "name 'A b' may have"),
        ({"questionnaire": True, "questions": [{"name": "a", "text": " "}]}, "has no text"),
        ({"questionnaire": True, "questions": [{"name": "a", "text": "b", "choices": ["c"]}]}, "two or more"),
        ({"questionnaire": True, "questions": [{"name": "a", "text": "b"}] * 2}, "one comes twice"),
        ({"return_url": "javascript:alert(1)"}, "which is no address that begins with https://"),
        ({"return_url": "https://x.org/?c={kode}"}, "return_url has {kode}, and there is {code}"),
        ({"trap_share": 0.3}, "trap_share is 0.3, and does nothing without reference_traps"),
        ({"rest_hours": 20}, "rest_hours is 20, and does nothing without sitting_trials"),
        ({"touch": False}, "touch is off, and needs display_check"),
        (
            {"sitting_trials": 9, "drop_after_hours": 12},
            "drop_after_hours is 12, and raters are told to rest for rest_hours, 12",
        ),
        ({"max_raters": 0}, "max_raters is 0, which is not between 1 and 1,000,000"),
        ({"max_raters": 10**400}, "max_raters is 10,000,000,000,000"),
        ({"repeats": 10_001}, "repeats is 10,001, which is not between 0 and 10,000"),
    ],
)
def test_nonsense_is_refused_by_name(given, said):
    with pytest.raises(ValueError, match=said.replace("(", r"\(").replace("{", r"\{").replace("}", r"\}")):
        StudyOptions.read(given)


@pytest.mark.parametrize(
    ("methodology", "options", "said"),
    [
        ("acr_hr", {"display": "in_place"}, "ACR-HR shows pictures side_by_side"),
        ("acr_hr", {"reference_traps": 1}, "ACR-HR shows no pairs"),
        ("dscqs", {"ties": True}, "DSCQS has none"),
        ("pc", {"ties": True, "reference_traps": 1, "trap_share": 0.1}, "has no scale"),
        ("pc", {"reference_traps": 1}, "without ties nobody can say"),
        ("mushra", {}, "There is no methodology 'mushra'; there are dscqs, dsis, acr_hr, pc"),
    ],
)
def test_options_that_mean_nothing_in_a_methodology_are_refused(make_outputs, methodology, options, said):
    with pytest.raises(Refused, match=said):
        studies.create_study(
            slug="s", title="S", outputs=make_outputs(), seed=0, methodology=methodology, options=options
        )
    assert not Study.objects.exists()


@pytest.mark.parametrize(
    ("methodology", "said"),
    [
        ("dscqs", r"stimuli_per_rater is 500, which is more than the study has \(stimuli: 6\)"),
        ("acr_hr", r"\(stimuli: 6\)"),  # the hidden references come along and are not counted
        ("pc", r"\(pairs of methods: 6\)"),  # three of each of two images
    ],
)
def test_nobody_can_see_more_stimuli_than_there_are(make_outputs, methodology, said):
    outputs = make_outputs(images=2, methods=("a", "b", "c"))
    with pytest.raises(Refused, match=said):
        studies.create_study(
            slug="s", title="S", outputs=outputs, seed=0, methodology=methodology,
            options={"stimuli_per_rater": 500},
        )  # fmt: skip
    assert not Study.objects.exists()


def test_each_rater_may_be_asked_to_see_all_there_is(make_outputs):
    made = studies.create_study(
        slug="s", title="S", outputs=make_outputs(), seed=0, options={"stimuli_per_rater": 6}
    )
    assert made.setup.stimuli_per_rater == 6


def test_paired_comparison_of_one_method_has_nothing_to_compare(make_outputs):
    with pytest.raises(Refused, match="it needs two methods"):
        studies.create_study(
            slug="s", title="S", outputs=make_outputs(methods=("one",)), seed=0, methodology="pc"
        )


def test_a_comparison_of_two_methods_needs_no_relaxing(make_outputs):
    made = studies.create_study(
        slug="s", title="S", outputs=make_outputs(images=3, methods=("a", "b")), seed=0, methodology="pc"
    )
    assert made.stimuli.count() == 6


@pytest.fixture
def photos(make_outputs):
    """Three images of a data set that the command finds by its name."""
    return make_outputs(images=3)


def create(*arguments: str) -> Study:
    call_command("create_study", "made", "--dataset", "set", *arguments)
    return Study.objects.get(slug="made")


def test_the_command_takes_options_one_by_one_and_over_those_of_a_file(photos, tmp_path):
    file = tmp_path / "study.toml"
    file.write_text('training = 2\nrepeats = 1\nlanguage = "ko"\n')
    made = create("--config", str(file), "--set", "repeats=2", "--set", "display=in_place")
    assert made.options == {"training": 2, "repeats": 2, "language": "ko", "display": "in_place"}


def test_the_command_makes_a_study_of_another_methodology(photos):
    assert create("--methodology", "dsis", "--open").methodology == "dsis"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--set", "training"], "'training', which is not NAME=VALUE"),
        (["--set", "training=3", "--set", " training =4"], "--set gives the option 'training' twice"),
        (["--relax-order", "--set", "relax_order=false"], "'relax_order' twice .once by --relax-order."),
        (["--set", "speed=9"], "There is no option 'speed'; the nearest is"),
        (["--config", "nowhere.toml"], "cannot be read"),
        (["--crop", "32"], "not WIDTHxHEIGHT"),
        (["--crop-at", "image9=0,0,8,8"], "none of the study's images"),
        (["--crop-at", "image1=0,0,8"], "X,Y,WIDTH,HEIGHT"),
        (["--crop-at", "image1=40,40,16,16"], "reaches outside"),
    ],
)
def test_a_wrong_option_of_the_command_is_refused_and_nothing_is_stored(photos, arguments, said):
    with pytest.raises(CommandError, match=said):
        create(*arguments)
    assert not Study.objects.exists()


@pytest.mark.parametrize("content", [b"training: 3", b'title = "\xff"'])
def test_a_file_of_options_that_is_no_toml_is_refused(photos, tmp_path, content):
    file = tmp_path / "study.toml"
    file.write_bytes(content)
    with pytest.raises(CommandError, match=r"study\.toml' is not TOML in UTF-8"):
        create("--config", str(file))


def test_questions_of_ones_own_come_from_a_file(photos, tmp_path):
    file = tmp_path / "study.toml"
    file.write_text(
        'questionnaire = true\n[[questions]]\nname = "screen"\ntext = "Which screen?"\nchoices = ["a", "b"]\n'
    )
    made = create("--config", str(file))
    assert made.setup.questions == (Question(name="screen", text="Which screen?", choices=("a", "b")),)


def test_a_proposed_crop_is_the_same_for_all_methods_and_recorded(photos):
    made = create("--crop", "24x16", "--open")
    places = set(made.stimuli.values_list("image", "crop_x", "crop_y", "width", "height"))
    assert len(places) == 3
    assert {place[3:] for place in places} == {(24, 16)}
    assert made.frozen["stimuli"][0]["crop"][2:] == [24, 16]


def test_a_crop_chosen_by_hand_goes_before_a_proposed_one_and_cuts_both_files(photos, settings):
    made = create("--crop", "24x16", "--crop-at", "image1=3,5,20,10")
    stimulus = made.stimuli.filter(image="set/image1").first()
    assert (stimulus.crop_x, stimulus.crop_y, stimulus.width, stimulus.height) == (3, 5, 20, 10)
    whole, cut = (
        np.asarray(Picture.open(Path(settings.MEDIA_ROOT) / file))
        for file in (stimulus.output.file, stimulus.test_file)
    )
    np.testing.assert_array_equal(cut, whole[5:15, 3:23])


def test_an_image_no_larger_than_the_crop_is_shown_whole(photos):
    made = create("--crop", "48x48")
    assert not made.stimuli.filter(crop_x__isnull=False).exists()


def test_degraded_images_are_made_once_an_image_and_only_where_traps_need_them(photos):
    made = create("--set", "degraded_traps=1")
    files = set(made.stimuli.values_list("image", "degraded_file"))
    assert len(files) == 3
    assert all(file for _, file in files)
    assert not Stimulus.objects.filter(degraded_file="").exists()


def test_a_crop_is_cut_of_the_file_that_was_scored_or_not_at_all(photos, settings):
    output = photos[0]
    path = Path(settings.MEDIA_ROOT) / output.file
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(CommandError, match="is not the file that was scored"):
        create("--crop", "24x16")
    assert not Study.objects.exists()


def test_the_files_of_one_study_are_not_written_over_by_those_of_another(photos, settings):
    made = create("--crop", "24x16", "--set", "degraded_traps=1", "--open")
    stimulus = made.stimuli.first()
    for file, sha256 in (
        (stimulus.test_file, stimulus.test_sha256),
        (stimulus.degraded_file, stimulus.degraded_sha256),
    ):
        assert Path(file).stem == sha256  # other bytes, as another version of Pillow makes, have another name
        assert hashlib.sha256((Path(settings.MEDIA_ROOT) / file).read_bytes()).hexdigest() == sha256


@pytest.mark.parametrize("name", ["reference", "degraded"])
def test_a_method_is_not_called_as_what_traps_show(make_outputs, name):
    with pytest.raises(Refused, match=f"A method is called '{name}'"):
        studies.create_study(slug="s", title="S", outputs=make_outputs(methods=("a", name)), seed=0)


def test_the_guide_for_raters_names_every_option():
    guide = (REPOSITORY / "docs" / "raters.md").read_text()
    missing = [one.name for one in fields(StudyOptions) if f"`{one.name}`" not in guide]
    assert missing == []


def test_texts_of_ones_own_are_what_raters_read(photos, tmp_path):
    for name in ("consent", "instructions"):
        (tmp_path / name).write_text(f"Our {name}.\n\nIn two parts.\n")
    made = create("--consent", str(tmp_path / "consent"), "--instructions", str(tmp_path / "instructions"))
    assert made.consent_text == "Our consent.\n\nIn two parts."
    assert made.instructions == "Our instructions.\n\nIn two parts."


@pytest.mark.parametrize(("content", "said"), [(b" \n", "holds no text"), (b"\xff", "is not text in UTF-8")])
def test_a_text_that_is_none_is_refused(photos, tmp_path, content, said):
    file = tmp_path / "consent.txt"
    file.write_bytes(content)
    with pytest.raises(CommandError, match=said):
        create("--consent", str(file))


@pytest.mark.parametrize(
    ("methodology", "options", "said", "unsaid"),
    [
        ("dscqs", {}, "Set both sliders", "one place"),
        ("dscqs", {"display": "in_place"}, "Both pictures stand in one place", "after the other"),
        ("dsis", {"display": "sequential"}, "one after the other in the same place", "one place, and"),
        ("pc", {}, "choose the one that you would rather look at", "both are the same"),
        ("pc", {"ties": True}, "say that both are the same", "would rather look at"),
    ],
)
def test_the_instructions_are_those_of_the_options(make_outputs, methodology, options, said, unsaid):
    made = studies.create_study(
        slug="s", title="S", outputs=make_outputs(), seed=0, methodology=methodology, options=options
    )
    assert said in made.instructions
    assert unsaid not in made.instructions
    with translation.override("ko"):
        assert not re.search("[A-Za-z]{6}", texts.translated(made.instructions).replace("Enter", ""))
