"""Making, opening, freezing and closing a study."""

import re

import pytest
from django.core.management import CommandError, call_command
from django.db.models import ProtectedError

from distillation.models import Output
from distillation.queries import PROTOCOL
from ratings import invites
from ratings.models import Stimulus, Study, StudyFrozen
from ratings.services import studies
from srstudy.errors import Refused


def create(*arguments: str, **options: object) -> str:
    """Run `create_study`; answers what it printed."""
    import io

    out = io.StringIO()
    call_command("create_study", *arguments, stdout=out, stderr=io.StringIO(), **options)
    return out.getvalue()


def refusal(*arguments: str) -> CommandError:
    """Run `create_study` with a wrong request; answers how it was refused."""
    with pytest.raises(CommandError) as caught:
        create(*arguments)
    return caught.value


def test_the_invite_link_that_is_printed_leads_to_the_consent(make_outputs, client):
    make_outputs()
    link = create("new", "--dataset", "set", "--methods", "bicubic", "sharp", "soft", "--open").strip()
    assert re.fullmatch(r"/s/[a-z2-7]{32}/", link)
    assert b"I agree to take part" in client.get(link).content


def test_the_database_holds_the_hash_of_the_link_and_not_the_link(study, invite):
    token = invite.split("/")[2]
    assert token not in str(Study.objects.values().get())


def test_the_link_can_be_printed_again(study, invite):
    assert invites.invite_path(Study.objects.get()) == invite


def test_another_secret_key_says_that_the_link_cannot_be_printed(study, settings):
    settings.SECRET_KEY = "another one " * 6
    with pytest.raises(Refused, match="another SECRET_KEY"):
        invites.invite_path(study)


def test_a_stimulus_keeps_the_scores_and_sums_of_its_output(study):
    stimulus = study.stimuli.get(image="set/image0", method="sharp")
    assert (stimulus.psnr, stimulus.ssim) == (29.0, 0.8)
    assert stimulus.test_sha256 == stimulus.output.sha256
    assert stimulus.reference_sha256 == stimulus.output.image.sha256


def test_a_slug_that_exists_is_refused_and_nothing_is_stored(study):
    error = refusal("two", "--dataset", "set")
    assert str(error) == "There is a study 'two' already; give this one another slug."
    assert error.returncode == 2
    assert Study.objects.count() == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["a b"], "letters, digits, hyphens"),
        (["new", "--dataset", "nowhere"], "No method has made images of the data set 'nowhere'"),
        (["new", "--dataset", "set", "--images", "4"], "has 3 images"),
        (["new", "--dataset", "set", "--images", "0"], "--images is 0"),
        (["new", "--dataset", "set", "--methods", "teacher"], "teacher has not been trained"),
        (["new", "--dataset", "set", "--methods", "bicubic"], "more than 2 times in a row"),
        (["new", "--dataset", "set", "--images", "1"], "; --relax-order makes the study all the same."),
        (
            ["new", "--dataset", "set", "--methods", "sharp", "--images", "1", "--set", "repeats=2"],
            "repeats is 2 and a rater sees 1 of the study's stimuli; a test is repeated once at most.",
        ),
        (["new", "--stimuli", "/nowhere"], "There is no folder"),
        (["--dataset", "set", "--", "-new"], "'-new' begins with a hyphen"),
        (["new", "--dataset", "set", "--title", " "], "The title is empty"),
        (
            ["new", "--dataset", "set", "--methods", "techer", "soft"],
            "--methods names 'techer', and the images here are by bicubic, sharp, soft; is 'teacher' meant?",
        ),
        (["new", "--dataset", "set", "--methods", "Sharp"], "; is 'sharp' meant?"),
        (["new", "--dataset", "set", "--methods", "soft", "soft"], "--methods names 'soft' more than once"),
    ],
)
def test_a_wrong_request_ends_in_one_sentence_and_status_2(make_outputs, arguments, sentence):
    make_outputs(images=3)
    error = refusal(*arguments)
    assert sentence.lower() in str(error).lower()
    assert error.returncode == 2
    assert Study.objects.count() == 0


def test_one_method_is_shown_when_the_order_is_relaxed_by_option(make_outputs):
    make_outputs()
    create("one", "--dataset", "set", "--methods", "sharp", "--relax-order", "--open")
    assert Study.objects.get().stimuli.count() == 2


def test_fewer_images_and_methods_make_a_smaller_study(make_outputs):
    make_outputs(images=4)
    create("small", "--dataset", "set", "--images", "2", "--methods", "sharp", "bicubic")
    assert set(Study.objects.get().stimuli.values_list("image", "method")) == {
        ("set/image0", "sharp"),
        ("set/image0", "bicubic"),
        ("set/image1", "sharp"),
        ("set/image1", "bicubic"),
    }


def test_opening_freezes_what_was_shown_and_by_which_code(study):
    frozen = study.frozen
    assert frozen["seed"] == 7
    assert len(frozen["stimuli"]) == 6
    assert frozen["stimuli"][0]["test_sha256"] == study.stimuli.first().test_sha256
    assert frozen["code_version"].startswith("0.")


@pytest.mark.parametrize("field", ["seed", "options", "instructions", "consent_text", "slug"])
def test_an_opened_study_does_not_change(study, field):
    setattr(study, field, {"seed": 8, "options": {"a": 1}}.get(field, "other"))
    with pytest.raises(StudyFrozen, match="frozen"):
        study.save()


def test_the_title_of_an_opened_study_may_be_corrected(study):
    study.title = "A better title"
    study.save()
    assert Study.objects.get().title == "A better title"


def test_stimuli_of_an_opened_study_do_not_change(study):
    stimulus = study.stimuli.first()
    stimulus.psnr = 99
    with pytest.raises(StudyFrozen):
        stimulus.save()
    with pytest.raises(StudyFrozen):
        stimulus.delete()
    assert Stimulus.objects.get(pk=stimulus.pk).psnr != 99


def test_an_output_in_a_study_cannot_be_deleted(study):
    with pytest.raises(ProtectedError):
        Output.objects.first().delete()


def test_a_file_that_is_not_the_one_that_was_scored_keeps_the_study_closed(make_outputs, settings):
    outputs = make_outputs()
    draft = studies.create_study(slug="draft", title="Draft", outputs=outputs, seed=1)
    (settings.MEDIA_ROOT / outputs[0].file).write_bytes(b"something else")
    with pytest.raises(Refused, match="not the file that was scored"):
        studies.open_study(draft)
    draft.refresh_from_db()
    assert draft.status == "draft"


def test_scores_of_an_older_protocol_do_not_enter_a_study(make_outputs):
    make_outputs()
    Output.objects.filter(method="sharp").update(protocol="older")
    error = refusal("new", "--dataset", "set")
    assert "run `python manage.py import_outputs …/set` first" in str(error)
    assert error.returncode == 2
    Output.objects.filter(method="bicubic").update(protocol="")
    assert "`python manage.py evaluate --dataset set --method bicubic` first" in str(
        refusal("new", "--dataset", "set", "--methods", "bicubic", "soft")
    )
    assert Study.objects.count() == 0


def test_a_draft_opens_with_todays_scores_or_not_at_all(make_outputs):
    draft = studies.create_study(slug="draft", title="Draft", outputs=make_outputs(), seed=1)
    Output.objects.update(protocol="older")
    with pytest.raises(Refused, match="not of today's protocol"):
        studies.open_study(draft)
    Output.objects.update(protocol=PROTOCOL, psnr_y=12.5, ssim_y=0.25)
    studies.open_study(draft)
    assert set(draft.stimuli.values_list("psnr", "ssim")) == {(12.5, 0.25)}
    assert draft.frozen["stimuli"][0]["psnr"] == 12.5


def test_a_file_that_is_missing_keeps_the_study_closed(make_outputs, settings):
    outputs = make_outputs()
    draft = studies.create_study(slug="draft", title="Draft", outputs=outputs, seed=1)
    (settings.MEDIA_ROOT / outputs[3].file).unlink()
    with pytest.raises(Refused, match="is missing"):
        studies.open_study(draft)


def test_a_pair_of_unequal_size_is_refused(make_outputs):
    outputs = make_outputs()
    outputs[1].width = 40
    with pytest.raises(Refused, match="equal in size"):
        studies.create_study(slug="uneven", title="Uneven", outputs=outputs, seed=1)
    assert Study.objects.count() == 0


def test_opening_twice_changes_nothing(study):
    opened_at = study.opened_at
    studies.open_study(study)
    study.refresh_from_db()
    assert study.opened_at == opened_at


def test_only_an_open_study_can_be_closed(make_outputs):
    draft = studies.create_study(slug="draft", title="Draft", outputs=make_outputs(), seed=1)
    with pytest.raises(Refused, match="only an open one"):
        studies.close_study(draft)


def test_a_closed_study_is_not_opened_again(study):
    studies.close_study(study)
    with pytest.raises(Refused, match="is closed"):
        studies.open_study(study)


def test_a_stimulus_is_not_moved_out_of_an_opened_study(study, make_outputs):
    draft = Study.objects.create(slug="draft", title="Draft", seed=1, consent_text="", instructions="")
    stimulus = study.stimuli.first()
    stimulus.study = draft
    with pytest.raises(StudyFrozen):
        stimulus.save()
    assert study.stimuli.count() == 6


def test_many_stimuli_at_once_do_not_change_either(study):
    with pytest.raises(StudyFrozen):
        study.stimuli.update(psnr=99)
    with pytest.raises(StudyFrozen):
        study.stimuli.all().delete()
    assert study.stimuli.count() == 6


def test_a_study_with_stimuli_is_not_deleted_in_passing(study):
    with pytest.raises(ProtectedError):
        study.delete()


def test_a_stale_copy_of_a_closed_study_does_not_open_it_again(study):
    stale = Study.objects.get()
    stale.status, stale.opened_at = "draft", None
    studies.close_study(study)
    with pytest.raises(Refused, match="is closed"):
        studies.open_study(stale)


def test_a_study_that_cannot_be_opened_is_not_left_behind(make_outputs, settings):
    outputs = make_outputs()
    (settings.MEDIA_ROOT / outputs[0].file).unlink()
    assert "is missing" in str(refusal("new", "--dataset", "set", "--open"))
    assert Study.objects.count() == 0


@pytest.mark.parametrize("seed", ["-1", str(2**63)])
def test_a_seed_that_cannot_be_stored_is_refused(make_outputs, seed):
    make_outputs()
    assert "The seed is" in str(refusal("new", "--dataset", "set", "--seed", seed))


def test_a_title_that_is_too_long_is_refused(make_outputs):
    make_outputs()
    assert "200 fit" in str(refusal("new", "--dataset", "set", "--title", "x" * 201))
