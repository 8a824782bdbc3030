"""Images that other programs made come in whole, or not at all."""

import io

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from PIL import Image as Picture

from distillation import queries
from distillation.models import Image, Output, TrainingRun


@pytest.fixture
def folder(tmp_path):
    """Two references and two methods' images of them."""
    rng = np.random.default_rng(2)
    for name in ("one", "two"):
        reference = rng.integers(0, 256, (40, 48, 3), dtype=np.uint8)
        for method, step in (("reference", 1), ("esrgan", 8), ("gan2g", 24)):
            path = tmp_path / "mine" / method / f"{name}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Picture.fromarray((reference // step * step).astype(np.uint8)).save(path)
    return tmp_path / "mine"


def take_in(folder) -> None:
    """Run `import_outputs`."""
    call_command("import_outputs", folder, stdout=io.StringIO(), stderr=io.StringIO())


def test_every_image_is_recorded_with_its_scores(folder, db):
    take_in(folder)
    assert set(Output.objects.values_list("image__dataset", "image__name", "method")) == {
        ("mine", "one", "esrgan"),
        ("mine", "one", "gan2g"),
        ("mine", "two", "esrgan"),
        ("mine", "two", "gan2g"),
    }
    finer, coarser = (Output.objects.get(image__name="one", method=method) for method in ("esrgan", "gan2g"))
    assert finer.psnr_y > coarser.psnr_y
    assert finer.run is None
    assert finer.gmsd < coarser.gmsd
    assert finer.lr_psnr > coarser.lr_psnr  # against the reference, reduced


def test_taking_the_same_folder_in_twice_changes_nothing(folder, db):
    take_in(folder)
    before = list(Output.objects.values_list("pk", "sha256"))
    take_in(folder)
    assert list(Output.objects.values_list("pk", "sha256")) == before


def test_a_study_can_be_made_of_them(folder, db):
    call_command(
        "create_study", "mine", stimuli=folder, open=True, stdout=io.StringIO(), stderr=io.StringIO()
    )
    from ratings.models import Stimulus

    assert Stimulus.objects.filter(study__slug="mine").count() == 4


def test_a_study_has_the_methods_and_images_of_its_folder_alone(folder, db):
    take_in(folder)
    (folder / "gan2g").rename(folder / "anew")
    for method in ("reference", "esrgan", "anew"):
        (folder / method / "two.png").unlink()
    arguments = {"relax_order": True, "stdout": io.StringIO(), "stderr": io.StringIO()}
    call_command("create_study", "mine", stimuli=folder, **arguments)
    from ratings.models import Stimulus

    shown = set(Stimulus.objects.values_list("image", "method"))
    assert shown == {("mine/one", "esrgan"), ("mine/one", "anew")}


def test_an_output_that_changed_is_refused_and_what_is_known_stays(folder, db):
    take_in(folder)
    before = list(Output.objects.values_list("pk", "sha256"))
    (folder / "gan2g").rename(folder / "anew")
    Picture.new("RGB", (48, 40)).save(folder / "esrgan" / "two.png")
    with pytest.raises(CommandError, match="known with other content"):
        take_in(folder)
    assert list(Output.objects.values_list("pk", "sha256")) == before


def test_images_called_as_a_method_trained_here_are_not_taken_for_ours(folder, db):
    take_in(folder)
    assert queries.standing_outputs("mine") == []
    run = TrainingRun(pk=1, method="gan2g")
    assert queries.known_outputs("mine", {"gan2g": run}) == {}


def missing_method(folder):
    for method in ("esrgan", "gan2g"):
        for path in (folder / method).iterdir():
            path.unlink()
        (folder / method).rmdir()


def missing_image(folder):
    (folder / "gan2g" / "two.png").unlink()


def stray_image(folder):
    (folder / "reference" / "two.png").unlink()


def other_size(folder):
    Picture.new("RGB", (44, 40)).save(folder / "gan2g" / "two.png")


def twice(folder):
    Picture.new("RGB", (48, 40)).save(folder / "gan2g" / "two.bmp")


def no_image(folder):
    (folder / "gan2g" / "two.png").write_text("not a picture")


def our_bicubic(folder):
    (folder / "gan2g").rename(folder / "bicubic")


def tiny(folder):
    for method in ("reference", "esrgan", "gan2g"):
        Picture.new("RGB", (8, 8)).save(folder / method / "one.png")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (missing_method, "has no folder beside reference"),
        (missing_image, "has no image for the reference two"),
        (stray_image, "has no reference"),
        (other_size, "equal in size"),
        (no_image, "two.png"),
        (twice, "one of them is too many"),
        (our_bicubic, "mine/bicubic would be taken for this program's own bicubic: rename the folder"),
        (tiny, "8"),
    ],
)
def test_a_folder_that_does_not_fit_is_refused_and_nothing_is_recorded(folder, db, settings, spoil, words):
    spoil(folder)
    with pytest.raises(CommandError) as caught:
        take_in(folder)
    assert words in str(caught.value)
    assert caught.value.returncode == 2
    assert not Output.objects.exists()
    assert not Image.objects.exists()
    assert not settings.MEDIA_ROOT.exists()
