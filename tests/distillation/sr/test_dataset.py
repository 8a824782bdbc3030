"""Folders of photographs and the patches cut from them."""

import numpy as np
import pytest
import torch
from PIL import Image

from distillation.sr import dataset, images
from distillation.sr.dataset import PatchSampler, PhotoSet
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


def test_the_digest_changes_with_a_single_pixel(photos):
    changed = photos.hr[0].copy()
    changed[0, 0, 0] ^= 1
    other = PhotoSet(names=photos.names, hr=(changed, *photos.hr[1:]), lr=photos.lr)
    assert other.digest() != photos.digest()


def addresses_photo(height, width):
    """An HR image whose blocks of 4 x 4 pixels are constant, and the LR image of those constants."""
    lr = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return PhotoSet(names=("p",), hr=(lr.repeat(4, axis=0).repeat(4, axis=1),), lr=(lr,))


def test_low_and_high_resolution_patches_show_the_same_place():
    sampler = PatchSampler(addresses_photo(20, 31), patch_px=32, batch=16, seed=0)
    for step in range(4):
        x, y = sampler.batch_at(step)
        torch.testing.assert_close(x.repeat_interleave(4, 2).repeat_interleave(4, 3), y, rtol=0, atol=0)


def test_patches_are_cut_flipped_and_turned_in_all_eight_ways():
    photos = addresses_photo(8, 8)
    whole = torch.from_numpy(photos.lr[0]).permute(2, 0, 1).float() / 255
    ways = [torch.rot90(w, k, (1, 2)) for w in (whole, whole.flip(2)) for k in range(4)]
    sampler = PatchSampler(photos, patch_px=32, batch=64, seed=0)
    x, _ = sampler.batch_at(0)
    seen = [next(i for i, way in enumerate(ways) if torch.equal(way, patch)) for patch in x]
    assert set(seen) == set(range(8))


def test_patches_reach_every_place_of_a_photograph():
    lr = np.zeros((12, 17, 3), np.uint8)
    lr[..., 0] = np.arange(12 * 17).reshape(12, 17)
    photos = PhotoSet(names=("p",), hr=(lr.repeat(4, axis=0).repeat(4, axis=1),), lr=(lr,))
    sampler = PatchSampler(photos, patch_px=32, batch=64, seed=0)
    seen = torch.cat([sampler.batch_at(step)[0][:, 0].flatten() for step in range(8)])
    assert len(seen.unique()) == 12 * 17


def test_a_patch_lies_inside_its_photograph():
    # The second photograph is white; a patch of the first that ran over would show it.
    grey, white = np.full((9, 10, 3), 10, np.uint8), np.full((9, 10, 3), 255, np.uint8)
    hr = tuple(lr.repeat(4, axis=0).repeat(4, axis=1) for lr in (grey, white))
    sampler = PatchSampler(PhotoSet(names=("a", "b"), hr=hr, lr=(grey, white)), patch_px=32, batch=64, seed=0)
    for step in range(8):
        for batch in sampler.batch_at(step):
            assert set((batch.amin((1, 2, 3)) - batch.amax((1, 2, 3))).tolist()) == {0.0}


def test_photographs_are_chosen_in_proportion_to_their_area():
    # Areas 1 : 3, so a quarter of 64 * 128 draws; the standard error is 0.5 %.
    dark, light = np.zeros((8, 8, 3), np.uint8), np.full((8, 24, 3), 255, np.uint8)
    hr = tuple(lr.repeat(4, axis=0).repeat(4, axis=1) for lr in (dark, light))
    sampler = PatchSampler(PhotoSet(names=("a", "b"), hr=hr, lr=(dark, light)), patch_px=32, batch=64, seed=0)
    dark_share = np.mean(
        [(sampler.batch_at(step)[0].amax((1, 2, 3)) == 0).float().mean() for step in range(128)]
    )
    assert dark_share == pytest.approx(0.25, abs=0.02)


def test_a_batch_depends_on_seed_and_step_alone(photos):
    first = PatchSampler(photos, patch_px=32, batch=4, seed=5)
    for step in (0, 1, 130):
        first.batch_at(step)
    fresh = PatchSampler(photos, patch_px=32, batch=4, seed=5)
    for ours, theirs in zip(first.batch_at(129), fresh.batch_at(129), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=0)


@pytest.mark.parametrize(("seed", "step"), [(6, 0), (5, 1), (5, PatchSampler.BLOCK)])
def test_another_seed_or_step_gives_other_patches(photos, seed, step):
    first = PatchSampler(photos, patch_px=32, batch=4, seed=5).batch_at(0)
    other = PatchSampler(photos, patch_px=32, batch=4, seed=seed).batch_at(step)
    assert not torch.equal(first[0], other[0])


def test_batches_are_float_in_unit_range(photos):
    x, y = PatchSampler(photos, patch_px=32, batch=4, seed=0).batch_at(0)
    assert (x.shape, y.shape, x.dtype) == ((4, 3, 8, 8), (4, 3, 32, 32), torch.float32)
    assert 0 <= y.min() < y.max() <= 1


def test_a_photograph_smaller_than_a_patch_is_refused(photos):
    with pytest.raises(ValueError, match="a has 96 x 80 px, too few for patches of 96 px"):
        PatchSampler(photos, patch_px=96, batch=4, seed=0)
