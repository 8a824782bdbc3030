"""Photographs in memory and in a mapped file: the same pixels, and no more of them held than told."""

import re
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from distillation.sr import dataset, images
from distillation.sr.dataset import Cache, PatchSampler, PhotoSet
from tests.distillation.sr.conftest import smooth_photo

MAPPED, HELD = 0, 10**9
# Of the two images, with a sixteenth for their reduced ones: (48 x 64 + 32 x 32) x 3 x 17 / 16.
SET_BYTES = 13_056


@pytest.fixture
def load(tmp_path):
    """Load two images of 64 x 48 and 32 x 32 px through the cache, with this limit in bytes."""
    for name, height, width in (("a", 48, 64), ("b", 32, 32)):
        (tmp_path / "set").mkdir(exist_ok=True)
        images.save_png(tmp_path / "set" / f"{name}.png", smooth_photo(0, height, width))

    def through_cache(limit: int) -> PhotoSet:
        return dataset.load_folder(tmp_path / "set", scale=4, cache=Cache(tmp_path / "cache", limit))

    return through_cache


def test_the_limit_decides_whether_pixels_lie_in_memory(load):
    assert load(SET_BYTES).hr.mapping is None
    assert load(SET_BYTES - 1).hr.mapping is not None


def test_patches_from_the_mapped_file_are_those_from_memory(load):
    mapped, held = (PatchSampler(load(limit), patch_px=32, batch=8, seed=1) for limit in (MAPPED, HELD))
    for step in (0, 1, 128):
        for one, other in zip(mapped.batch_at(step), held.batch_at(step), strict=True):
            torch.testing.assert_close(one, other, rtol=0, atol=0)


def test_images_from_the_mapped_file_may_be_written_to_and_change_nothing(load):
    photos = load(MAPPED)
    before = photos.hr[0].copy()
    torch.from_numpy(photos.hr[0]).zero_()
    np.testing.assert_array_equal(photos.hr[0], before)


def resident_kb(file: Path) -> int:
    """What this process holds in memory of a file that it has mapped."""
    text = Path("/proc/self/smaps").read_text()
    return int(re.search(rf"{re.escape(str(file))}\n.*?^Rss: +(\d+) kB", text, re.S | re.M)[1])


def test_no_page_of_the_mapped_file_is_held_between_batches(load, tmp_path):
    photos = load(MAPPED)
    (pixels,) = tmp_path.glob("cache/*/pixels-*.bin")
    assert photos.hr.data.max() > 0  # reads all of it
    assert resident_kb(pixels) > 0
    PatchSampler(photos, patch_px=32, batch=8, seed=1).batch_at(0)
    assert resident_kb(pixels) == 0
    assert photos.hr.data.max() > 0
    assert photos.hr[0].max() > 0
    assert resident_kb(pixels) == 0


def test_building_holds_an_image_or_two_and_not_the_set(tmp_path):
    # Reducing an image takes two copies of it, and the one before it is still at hand.
    (tmp_path / "set").mkdir()
    for number in range(16):
        Image.new("RGB", (400, 300), (number, 0, 0)).save(tmp_path / "set" / f"{number}.png")
    cache = Cache(tmp_path / "cache", memory_limit_bytes=MAPPED)
    tracemalloc.start()
    try:
        dataset.load_folder(tmp_path / "set", scale=4, cache=cache)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 5 * 300 * 400 * 3


def test_a_set_of_arrays_is_joined_once_for_patches():
    hr, lr = np.full((8, 8, 3), 7, np.uint8), np.full((2, 2, 3), 9, np.uint8)
    high, low = PhotoSet(names=("a", "b"), hr=(hr, hr), lr=(lr, lr)).flat()
    assert high.data is low.data
    assert [image.max() for image in (*high, *low)] == [7, 7, 9, 9]
    assert [image.shape for image in low[:1]] == [(2, 2, 3)]
