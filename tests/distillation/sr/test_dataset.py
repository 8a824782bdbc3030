"""Folders of photographs: what is read from them, what is refused or skipped, and in which words."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from distillation.sr import dataset, images
from distillation.sr.dataset import PhotoSet
from tests.distillation.sr.conftest import smooth_photo


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "HR").mkdir()
    for index, name in enumerate(("b", "a")):
        images.save_png(tmp_path / "HR" / f"{name}.png", smooth_photo(index, 50, 66))
    return tmp_path


def add_lr(folder, height, width, names=("a", "b")):
    (folder / "LRx4").mkdir()
    for name in names:
        images.save_png(folder / "LRx4" / f"{name}.png", np.zeros((height, width, 3), np.uint8))


def test_images_come_in_the_order_of_their_names_cropped_to_the_scale(folder):
    photos = dataset.load_folder(folder, scale=4)
    assert photos.names == ("a", "b")
    assert [(hr.shape, lr.shape) for hr, lr in zip(photos.hr, photos.lr, strict=True)] == [
        ((48, 64, 3), (12, 16, 3))
    ] * 2


def test_bare_images_are_a_data_folder_too(folder):
    assert (
        dataset.load_folder(folder / "HR", scale=4).digest() == dataset.load_folder(folder, scale=4).digest()
    )


def test_a_given_lr_image_is_taken_as_it_is(folder):
    add_lr(folder, 12, 16)
    assert dataset.load_folder(folder, scale=4).lr[0].max() == 0


def test_files_that_are_not_named_like_images_are_ignored(folder):
    for name in ("notes.txt", "meta.json", "README.md", ".hidden.png"):
        (folder / "HR" / name).write_text("not an image")
    assert dataset.load_folder(folder, scale=4).names == ("a", "b")


def test_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"^There is no folder .*nowhere\.$"):
        dataset.load_folder(tmp_path / "nowhere", scale=4)


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"holds no image that can be used\.$"):
        dataset.load_folder(tmp_path, scale=4)


def test_an_image_too_small_for_a_patch_is_refused_by_name(folder):
    with pytest.raises(ValueError, match=r"a\.png has 64 x 48 px; at least 64 px"):
        dataset.load_folder(folder, scale=4, minimum_px=64)


def test_a_damaged_image_is_refused_by_name(folder):
    (folder / "HR" / "a.png").write_bytes((folder / "HR" / "a.png").read_bytes()[:300])
    with pytest.raises(ValueError, match=r"a\.png is truncated"):
        dataset.load_folder(folder, scale=4)


def test_what_is_only_named_like_an_image_is_refused(folder):
    (folder / "HR" / "c.jpg").write_text("hello")
    with pytest.raises(ValueError, match=r"c\.jpg is not an image"):
        dataset.load_folder(folder, scale=4)


def test_a_file_that_may_not_be_read_is_refused_by_name(folder, monkeypatch):
    # By a patch, for the superuser may read everything.
    def locked(path, *arguments):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Image, "open", locked)
    with pytest.raises(ValueError, match=r"HR: a\.png may not be read by this user\.$"):
        dataset.load_folder(folder, scale=4)


def test_a_folder_that_may_not_be_read_is_refused(folder, monkeypatch):
    def locked(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "iterdir", locked)
    with pytest.raises(ValueError, match=r"HR may not be read by this user\.$"):
        dataset.load_folder(folder, scale=4)


def test_a_bad_image_can_be_skipped_with_its_reason_kept(folder):
    (folder / "HR" / "c.jpg").write_text("hello")
    photos = dataset.load_folder(folder, scale=4, on_bad="skip")
    assert photos.names == ("a", "b")
    assert photos.skipped == ("c.jpg is not an image that can be read.",)


def test_a_folder_whose_every_image_is_skipped_is_refused(folder):
    with pytest.raises(ValueError, match=r"no image that can be used: a\.png"):
        dataset.load_folder(folder, scale=4, minimum_px=500, on_bad="skip")


def test_an_hr_image_without_its_lr_is_refused(folder):
    add_lr(folder, 12, 16, names=("a",))
    with pytest.raises(ValueError, match=r"b\.png has no image of its name in LRx4"):
        dataset.load_folder(folder, scale=4)


def test_an_lr_image_of_another_size_is_refused(folder):
    add_lr(folder, 12, 15)
    with pytest.raises(ValueError, match="16 x 12 px, not 15 x 12"):
        dataset.load_folder(folder, scale=4)


def test_two_images_of_one_name_are_refused(folder):
    Image.new("RGB", (64, 64)).save(folder / "HR" / "a.jpg")
    with pytest.raises(ValueError, match=r"a\.jpg and a\.png; one name, one image"):
        dataset.load_folder(folder, scale=4)


def test_an_lr_image_without_its_hr_is_refused(folder):
    add_lr(folder, 12, 16, names=("a", "b", "c"))
    with pytest.raises(ValueError, match=r"HR: LRx4/c\.png has no original of its name\.$"):
        dataset.load_folder(folder, scale=4)


def test_images_without_a_partner_are_skipped_either_way(folder):
    add_lr(folder, 12, 16, names=("b", "c"))
    photos = dataset.load_folder(folder, scale=4, on_bad="skip")
    assert photos.names == ("b",)
    assert photos.skipped == (
        "a.png has no image of its name in LRx4.",
        "LRx4/c.png has no original of its name.",
    )


def test_a_link_to_an_image_is_as_good_as_the_image(folder, tmp_path):
    (folder / "HR" / "c.png").symlink_to(folder / "HR" / "a.png")
    assert dataset.load_folder(folder, scale=4).names == ("a", "b", "c")


def test_a_link_to_nothing_is_named(folder):
    (folder / "HR" / "c.png").symlink_to("nowhere.png")
    with pytest.raises(ValueError, match=r"c\.png is no file, or a link to one that does not exist\.$"):
        dataset.load_folder(folder, scale=4)
    photos = dataset.load_folder(folder, scale=4, on_bad="skip")
    assert photos.names == ("a", "b")
    assert len(photos.skipped) == 1


@pytest.mark.parametrize("name", ["HR", "LRx4"])
def test_a_file_in_the_place_of_a_folder_is_refused(tmp_path, name):
    (tmp_path / name).write_text("no folder")
    with pytest.raises(ValueError, match=rf"/{name} is a file and not a folder of images\.$"):
        dataset.load_folder(tmp_path, scale=4)


def test_inputs_for_another_scale_alone_are_refused_with_what_would_do(folder):
    (folder / "LRx2").mkdir()
    with pytest.raises(ValueError, match=r"holds LRx2 and no LRx4, and x4 alone is offered.*move LRx2 away"):
        dataset.load_folder(folder, scale=4)


def test_inputs_for_another_scale_beside_ours_are_passed_over(folder):
    (folder / "LRx2").mkdir()
    add_lr(folder, 12, 16)
    assert dataset.load_folder(folder, scale=4).names == ("a", "b")


def test_inputs_without_originals_are_refused(tmp_path):
    (tmp_path / "LRx3").mkdir()
    with pytest.raises(ValueError, match=r"holds LRx3 and no originals; they belong in .*/HR\.$"):
        dataset.load_folder(tmp_path, scale=4)


def test_a_folder_of_inputs_is_not_taken_for_originals(folder):
    add_lr(folder, 12, 16)
    with pytest.raises(ValueError, match=r"LRx4 holds reduced images; give the folder of the originals"):
        dataset.load_folder(folder / "LRx4", scale=4)


@pytest.mark.parametrize(("mode", "level"), [("L", 120), ("P", 3), ("I;16", 120 * 257), ("1", 1)])
def test_grey_palette_and_sixteen_bit_images_become_rgb(folder, mode, level):
    Image.new(mode, (66, 50), level).save(folder / "HR" / "c.png")
    hr = dataset.load_folder(folder, scale=4).hr[2]
    assert (hr.shape, hr.dtype) == ((48, 64, 3), np.uint8)


def test_a_cmyk_image_is_refused_by_name(folder):
    Image.new("CMYK", (64, 64)).save(folder / "HR" / "c.jpg")
    with pytest.raises(ValueError, match=r"c\.jpg has colour mode CMYK; save it as RGB or greyscale"):
        dataset.load_folder(folder, scale=4)


def test_an_image_of_less_than_four_pixels_is_refused(folder):
    Image.new("RGB", (64, 3)).save(folder / "HR" / "c.png")
    with pytest.raises(ValueError, match=r"c\.png has less than 4 px a side"):
        dataset.load_folder(folder, scale=4)


@pytest.mark.parametrize("cached", [False, True])
def test_progress_is_told_image_by_image(folder, tmp_path, cached):
    seen = []
    cache = dataset.Cache(tmp_path / "cache") if cached else None
    dataset.load_folder(
        folder, scale=4, cache=cache, on_progress=lambda done, total: seen.append((done, total))
    )
    assert seen == [(1, 2), (2, 2)]


def test_the_digest_changes_with_a_single_pixel(photos):
    changed = photos.hr[0].copy()
    changed[0, 0, 0] ^= 1
    other = PhotoSet(names=photos.names, hr=(changed, *photos.hr[1:]), lr=photos.lr)
    assert other.digest() != photos.digest()


def test_the_digest_is_what_it_always_was():
    # Runs are matched by it: this value was taken before images were cached.
    rng = [np.random.default_rng(seed) for seed in range(6)]
    sizes = (80, 96), (48, 128), (64, 64), (20, 24), (12, 32), (16, 16)
    six = [r.integers(0, 256, (*size, 3), dtype=np.uint8) for r, size in zip(rng, sizes, strict=True)]
    photos = PhotoSet(names=("a", "b", "c"), hr=tuple(six[:3]), lr=tuple(six[3:]))
    assert photos.digest() == "7b95d64c1acb5d7672f0faae9c8cff468cc8729ba01d2595284e7a8bc4ec4fc9"


def test_the_memory_share_is_a_quarter_of_what_is_free(monkeypatch):
    texts = {
        "/proc/meminfo": "MemTotal: 9 kB\nMemAvailable:    4000 kB\n",
        "/sys/fs/cgroup/memory.max": "max",
    }
    monkeypatch.setattr(Path, "read_text", lambda path, **_: texts[str(path)])
    assert dataset.memory_share_bytes() == 1000 * 1024
    texts["/sys/fs/cgroup/memory.max"] = "2048000\n"
    assert dataset.memory_share_bytes() == 512000
