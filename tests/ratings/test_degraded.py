"""The degraded image of a trap: as large as its reference, and worse than anybody could overlook."""

import numpy as np
import pytest
from skimage import data
from skimage.metrics import peak_signal_noise_ratio

from ratings.degraded import degrade

PHOTOGRAPHS = ["astronaut", "chelsea", "coffee", "rocket"]


def psnr(reference: np.ndarray, other: np.ndarray) -> float:
    return float(peak_signal_noise_ratio(reference, other, data_range=255))


@pytest.mark.parametrize("name", PHOTOGRAPHS)
@pytest.mark.parametrize("side", [None, 48])
def test_a_photograph_is_spoilt_at_any_size(name: str, side: int | None):
    reference = getattr(data, name)()[:side, :side]
    degraded = degrade(reference)
    assert degraded.shape == reference.shape
    assert degraded.dtype == np.uint8
    assert psnr(reference, degraded) < 16


def test_noise_is_spoilt():
    reference = np.random.default_rng(5).integers(0, 256, (100, 90, 3), dtype=np.uint8)
    assert psnr(reference, degrade(reference)) < 11


@pytest.mark.parametrize("value", range(256))
def test_a_flat_image_gets_a_pattern(value: int):
    reference = np.full((48, 48, 3), value, dtype=np.uint8)
    degraded = degrade(reference)
    assert len(np.unique(degraded)) >= 2
    assert psnr(reference, degraded) < 16


def test_black_becomes_a_chessboard_of_85():
    # 48 above 0 is nearest to 85 among 0, 85, 170, 255; 48 below is 0. Blocks are of 8 pixels.
    degraded = degrade(np.zeros((32, 48, 3), dtype=np.uint8))
    assert degraded[::8, ::8, 0].tolist() == [[85, 0, 85, 0, 85, 0], [0, 85, 0, 85, 0, 85]] * 2
    assert (degraded[:8, :8] == 85).all()
    assert (degraded[:8, 8:16] == 0).all()


def test_a_block_takes_the_mean_of_its_pixels():
    # 16 columns of 0 and 200 by turns: mean 100 everywhere. 148 is nearest to 170, 52 to 85.
    reference = np.zeros((16, 16, 3), dtype=np.uint8)
    reference[:, ::2] = 200
    assert degrade(reference)[::8, ::8, 1].tolist() == [[170, 85], [85, 170]]


def test_the_blocks_of_a_large_image_are_larger():
    degraded = degrade(np.zeros((1200, 2400, 3), dtype=np.uint8))
    # Twelve blocks along 1200 pixels are of 100 each.
    assert (degraded[:100, :100] == 85).all()
    assert (degraded[:100, 100:200] == 0).all()


def test_a_last_block_that_is_cut_off_has_a_mean_of_its_own():
    reference = np.zeros((16, 20, 3), dtype=np.uint8)
    reference[:, 16:] = 255
    # 255 + 48 ends at 255; 255 − 48 = 207 is nearest to 170.
    assert degrade(reference)[::8, 17, 0].tolist() == [255, 170]


def test_the_same_reference_gives_the_same_image():
    reference = data.coffee()
    assert np.array_equal(degrade(reference), degrade(reference.copy()))


def test_the_reference_is_left_as_it_is():
    reference = data.coffee()
    before = reference.copy()
    degrade(reference)
    assert np.array_equal(reference, before)


def test_a_reference_too_small_for_blocks_is_refused():
    with pytest.raises(ValueError, match="16×16 pixels or more, not 40×15"):
        degrade(np.zeros((15, 40, 3), dtype=np.uint8))


@pytest.mark.parametrize(
    "image", [np.zeros((32, 32), np.uint8), np.zeros((32, 32, 4), np.uint8), np.zeros((32, 32, 3))]
)
def test_anything_but_8_bit_rgb_is_refused(image: np.ndarray):
    with pytest.raises(ValueError, match="A reference is 8-bit RGB"):
        degrade(image)
