"""Patches cut from photographs: which, where, and the same whoever cuts them."""

import hashlib

import numpy as np
import pytest
import torch

from distillation.sr import patches
from distillation.sr.patches import PatchSampler
from distillation.sr.photoset import PhotoSet


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


def noise(seed, height, width):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.fixture
def three_sizes():
    """Photographs of three sizes; their LR images are other noise, so that no resampling enters."""
    hr = noise(0, 80, 96), noise(1, 48, 128), noise(2, 64, 64)
    lr = noise(3, 20, 24), noise(4, 12, 32), noise(5, 16, 16)
    return PhotoSet(names=("a", "b", "c"), hr=hr, lr=lr)


def test_patches_are_bit_for_bit_what_they_always_were(three_sizes):
    # Old checkpoints go on with the same patches: this value was taken before images were cached.
    sampler = PatchSampler(three_sizes, patch_px=32, batch=6, seed=7)
    total = hashlib.sha256()
    for step in (0, 1, 127, 128, 1000):
        for tensor in sampler.batch_at(step):
            total.update(tensor.contiguous().numpy().tobytes())
    assert total.hexdigest() == "3cf0b95349ca389c4e9e42e9aee9266a1e5ca0ee2fe284b800678311556dbea3"


def test_patches_gathered_on_the_device_are_those_cut_on_the_host(three_sizes, monkeypatch):
    host = PatchSampler(three_sizes, patch_px=32, batch=6, seed=7)
    monkeypatch.setattr(patches, "cutter_for", patches.DeviceCutter)
    device = PatchSampler(three_sizes, patch_px=32, batch=6, seed=7)
    for step in (0, 127, 128):
        for ours, theirs in zip(host.batch_at(step), device.batch_at(step), strict=True):
            torch.testing.assert_close(ours, theirs, rtol=0, atol=0)
            assert ours.stride() == theirs.stride()


@pytest.mark.parametrize(("free_bytes", "cutter"), [(300, "DeviceCutter"), (299, "HostCutter")])
def test_photographs_lie_on_a_gpu_up_to_a_third_of_its_free_memory(monkeypatch, free_bytes, cutter):
    # 100 bytes of pixels; no GPU is needed to choose.
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (free_bytes, 10**9))
    monkeypatch.setattr(patches, "DeviceCutter", lambda images, device: "DeviceCutter")
    monkeypatch.setattr(patches, "HostCutter", lambda images, device: "HostCutter")
    one, none = np.array([0]), np.empty((0, 2), np.int64)
    images = patches.StoredImages(np.zeros(100, np.uint8), one, none)
    assert patches.cutter_for(images, torch.device("cuda")) == cutter


@pytest.mark.parametrize("world", [2, 3])
def test_the_shares_of_all_processes_are_the_batch_of_one(three_sizes, world):
    def sampler(**place):
        return PatchSampler(three_sizes, patch_px=32, batch=6, seed=7, **place)

    shares = [sampler(rank=rank, world=world) for rank in range(world)]
    for step in (0, 130):
        whole = sampler().batch_at(step)
        parts = zip(*(share.batch_at(step) for share in shares), strict=True)
        for expected, pieces in zip(whole, parts, strict=True):
            torch.testing.assert_close(torch.cat(pieces), expected, rtol=0, atol=0)


def test_a_batch_that_cannot_be_shared_equally_is_refused(photos):
    with pytest.raises(ValueError, match=r"^A batch of 4 cannot be shared equally by 3 processes\.$"):
        PatchSampler(photos, patch_px=32, batch=4, seed=0, rank=0, world=3)


@pytest.mark.parametrize(("rank", "world"), [(2, 2), (-1, 2), (0, 0)])
def test_a_process_that_there_is_not_is_refused(photos, rank, world):
    with pytest.raises(ValueError, match=f"There is no process {rank} of {world}"):
        PatchSampler(photos, patch_px=32, batch=4, seed=0, rank=rank, world=world)


def test_a_patch_of_no_whole_low_resolution_size_is_refused(photos):
    with pytest.raises(ValueError, match="The patch is a multiple of 4 px, not 30"):
        PatchSampler(photos, patch_px=30, batch=4, seed=0)
