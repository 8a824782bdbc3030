"""The cache of decoded images: used again, built anew when it must be, and never half-written."""

import errno
import json
import os
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from distillation.sr import dataset, folders, images
from distillation.sr.dataset import Cache, PatchSampler
from tests.distillation.sr.conftest import smooth_photo

MAPPED, HELD = 0, 10**9


@pytest.fixture
def folder(tmp_path):
    """Two images a, b of 64 x 48 px and a smaller one c of 32 x 32, with their LRx4."""
    for part in ("HR", "LRx4"):
        (tmp_path / "set" / part).mkdir(parents=True)
    for seed, (name, height, width) in enumerate((("a", 48, 64), ("b", 48, 64), ("c", 32, 32))):
        hr = smooth_photo(seed, height, width)
        images.save_png(tmp_path / "set" / "HR" / f"{name}.png", hr)
        images.save_png(tmp_path / "set" / "LRx4" / f"{name}.png", images.downscale(hr, 4))
    return tmp_path / "set"


@pytest.fixture
def load(folder, tmp_path):
    """Load the folder through the cache; answers the photographs, and `decoded` counts the images read."""

    def through_cache(limit=HELD, **options):
        through_cache.decoded = 0

        def count(done, total):
            through_cache.decoded = done

        cache = Cache(tmp_path / "cache", memory_limit_bytes=limit)
        return dataset.load_folder(folder, scale=4, cache=cache, on_progress=count, **options)

    return through_cache


def store_of(tmp_path) -> Path:
    """The one store that is in the cache."""
    (place,) = (tmp_path / "cache").iterdir()
    return place


def pixels_of(tmp_path) -> Path:
    (pixels,) = store_of(tmp_path).glob("pixels*")
    return pixels


@pytest.mark.parametrize("limit", [MAPPED, HELD])
def test_what_comes_from_the_cache_is_what_was_decoded(load, folder, limit):
    fresh = dataset.load_folder(folder, scale=4)
    for cached in (load(limit), load(limit)):
        assert cached.names == fresh.names
        assert cached.digest() == fresh.digest()
        for ours, theirs in ((cached.hr, fresh.hr), (cached.lr, fresh.lr)):
            assert len(ours) == 3
            for one, other in zip(ours, theirs, strict=True):
                np.testing.assert_array_equal(one, other)


def test_the_second_time_nothing_is_decoded(load):
    load()
    assert load.decoded == 3
    load()
    assert load.decoded == 0


def test_nothing_is_written_into_the_data_folder(load, folder):
    before = sorted(folder.rglob("*"))
    load()
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize("part", ["HR", "LRx4"])
def test_a_file_that_changed_is_decoded_anew(load, folder, tmp_path, part):
    before = load().digest()
    file = folder / part / "a.png"
    stat = file.stat()
    images.save_png(file, 255 - images.load_rgb(file))
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1))
    assert load().digest() != before
    assert load.decoded == 3
    assert len(list(store_of(tmp_path).glob("pixels*"))) == 1


def test_a_file_that_was_written_anew_is_decoded_anew_whatever_its_size(load, folder):
    load()
    stat = (folder / "HR" / "a.png").stat()
    os.utime(folder / "HR" / "a.png", ns=(stat.st_atime_ns, stat.st_mtime_ns + 1))
    load()
    assert load.decoded == 3


def test_of_two_at_once_one_decodes_and_the_other_waits(folder, tmp_path):
    decoded = []
    cache = Cache(tmp_path / "cache", memory_limit_bytes=HELD)

    def load_once(_):
        return dataset.load_folder(
            folder, scale=4, cache=cache, on_progress=lambda done, total: decoded.append(done)
        )

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(load_once, range(2))
    assert decoded == [1, 2, 3]
    assert first.digest() == second.digest()


def test_a_file_that_came_or_went_is_noticed(load, folder):
    load()
    for part in ("HR", "LRx4"):
        (folder / part / "b.png").unlink()
    assert load().names == ("a", "c")
    for part in ("HR", "LRx4"):
        shutil.copy(folder / part / "a.png", folder / part / "d.png")
    assert load().names == ("a", "c", "d")


@pytest.mark.parametrize("limit", [MAPPED, HELD])
def test_a_truncated_cache_is_built_anew(load, tmp_path, limit):
    digest = load().digest()
    with pixels_of(tmp_path).open("r+b") as file:
        file.truncate(1000)
    assert load(limit).digest() == digest
    assert load.decoded == 3


@pytest.mark.parametrize("limit", [MAPPED, HELD])
def test_a_cache_that_somebody_wrote_into_is_built_anew(load, tmp_path, limit):
    first = load().hr[0]
    with pixels_of(tmp_path).open("r+b") as file:
        file.write(b"\x00" * 100)
    np.testing.assert_array_equal(load(limit).hr[0], first)
    assert load.decoded == 3


def test_bytes_that_rotted_under_the_old_time_are_found_when_they_are_read(load, tmp_path):
    first = load().hr[0]
    pixels = pixels_of(tmp_path)
    stat = pixels.stat()
    with pixels.open("r+b") as file:
        file.write(b"\x00" * 100)
    os.utime(pixels, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    np.testing.assert_array_equal(load(HELD).hr[0], first)
    assert load.decoded == 3


def test_a_lost_pixel_file_is_built_anew(load, tmp_path):
    load()
    pixels_of(tmp_path).unlink()
    load()
    assert load.decoded == 3


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[: len(text) // 2],
        lambda text: "[]",
        lambda text: re.sub(r'"start": 0', '"start": 3', text),
        lambda text: json.dumps({"index": {}, "sha256": ""}),
    ],
    ids=["half", "other JSON", "another start", "empty"],
)
def test_a_damaged_index_is_written_anew(load, tmp_path, spoil):
    digest = load().digest()
    index = store_of(tmp_path) / "index.json"
    index.write_text(spoil(index.read_text()))
    assert load(MAPPED).digest() == digest
    assert load.decoded == 3


def test_another_version_of_the_decoder_decodes_anew(load, monkeypatch):
    load()
    monkeypatch.setattr("PIL.__version__", "0.0")
    load()
    assert load.decoded == 3


def test_folders_of_one_name_have_a_store_each(load, folder, tmp_path):
    load()
    other = tmp_path / "elsewhere" / "set"
    shutil.copytree(folder, other)
    dataset.load_folder(other, scale=4, cache=Cache(tmp_path / "cache"))
    assert len(list((tmp_path / "cache").iterdir())) == 2
    load()
    assert load.decoded == 0


def test_one_store_serves_every_size_of_patch(load, folder):
    load()
    large = load(minimum_px=48, on_bad="skip")
    assert load.decoded == 0
    assert large.names == ("a", "b")
    assert large.skipped == ("c.png has 32 x 32 px; at least 48 px a side are needed.",)
    for part in ("HR", "LRx4"):
        (folder / part / "c.png").unlink()
    assert large.digest() == dataset.load_folder(folder, scale=4).digest()


def test_patches_from_a_part_of_a_store_are_those_of_these_images_alone(load, folder):
    part = load(MAPPED, minimum_px=48, on_bad="skip")
    for name in ("HR", "LRx4"):
        (folder / name / "c.png").unlink()
    alone = dataset.load_folder(folder, scale=4)
    ours, theirs = (PatchSampler(photos, patch_px=48, batch=8, seed=1) for photos in (part, alone))
    for one, other in zip(ours.batch_at(3), theirs.batch_at(3), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)


def test_an_image_that_is_too_small_is_refused_from_the_cache_too(load):
    with pytest.raises(ValueError, match=r"HR: c\.png has 32 x 32 px; at least 48 px"):
        load(minimum_px=48)
    with pytest.raises(ValueError, match=r"holds no image that can be used: a\.png has"):
        load(minimum_px=500, on_bad="skip")


def test_what_was_skipped_is_remembered_and_still_refused(load, folder):
    (folder / "HR" / "b.png").write_bytes((folder / "HR" / "b.png").read_bytes()[:200])
    for decoded in (3, 0):
        photos = load(on_bad="skip")
        assert photos.names == ("a", "c")
        assert photos.skipped == ("b.png is truncated or damaged.",)
        assert load.decoded == decoded
    with pytest.raises(ValueError, match=r"HR: b\.png is truncated"):
        load(on_bad="refuse")
    assert load.decoded == 0


def test_a_refused_folder_leaves_no_store(load, folder, tmp_path):
    (folder / "HR" / "b.png").write_bytes((folder / "HR" / "b.png").read_bytes()[:200])
    with pytest.raises(ValueError, match="truncated"):
        load()
    assert [file.name for file in store_of(tmp_path).iterdir()] == [".lock"]


def test_an_empty_folder_gets_no_place_in_the_cache(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=r"holds no image that can be used\.$"):
        dataset.load_folder(tmp_path / "empty", scale=4, cache=Cache(tmp_path / "cache"))
    assert not (tmp_path / "cache").exists()


def test_a_disk_without_room_is_refused_before_anything_is_decoded(load, folder, monkeypatch):
    # (48 x 64 x 2 + 32 x 32) x 3 bytes and a sixteenth of it: 22,848.
    usage = shutil.disk_usage(folder)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=22_847))
    with pytest.raises(ValueError, match=r"take 0\.0 GB when decoded, and 0\.0 GB are free for them in"):
        load()
    assert load.decoded == 0
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=22_848))
    load()
    assert load.decoded == 3


def test_a_disk_that_fills_up_leaves_nothing_half_written(load, tmp_path, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        load()
    assert [file.name for file in store_of(tmp_path).iterdir()] == [".lock"]
    monkeypatch.undo()
    load()
    assert load.decoded == 3


def test_what_a_killed_build_left_is_cleared(load, tmp_path):
    load()
    (store_of(tmp_path) / "index.json").unlink()
    (store_of(tmp_path) / "pixels.partial").write_bytes(b"half")
    load()
    names = {file.name.split("-")[0] for file in store_of(tmp_path).iterdir()}
    assert names == {".lock", "index.json", "pixels"}


def test_a_memory_limit_below_nothing_is_refused(tmp_path):
    with pytest.raises(ValueError, match="The memory limit is 0 bytes or more, not -1"):
        Cache(tmp_path, memory_limit_bytes=-1)


def test_what_cannot_be_opened_counts_nothing_of_the_room_needed(tmp_path):
    (tmp_path / "a.png").write_text("no image")
    assert folders.decoded_bytes([folders.Pair(tmp_path / "a.png", None)], scale=4) == 0
