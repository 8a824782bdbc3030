"""The measures beside PSNR and SSIM."""

import math

import numpy as np
import pytest
from skimage import data

from distillation.sr import images, measures, scoring
from tests.distillation.sr.conftest import smooth_photo


def wave(cycles_per_px: float, amplitude: float, *, across: bool = True, side: int = 128) -> np.ndarray:
    """A grey picture of one frequency, in one direction."""
    line = 100 + amplitude * np.cos(2 * np.pi * cycles_per_px * np.arange(side))
    picture = np.tile(line, (side, 1))
    return picture if across else picture.T


def test_gmsd_of_a_posterised_photograph_is_that_of_another_program():
    # piq 0.8.0 (Apache-2.0), piq.gmsd in float64 with data_range=255: 0.04622492572318938.
    photo = data.camera()
    assert measures.gmsd(photo, photo // 16 * 16) == pytest.approx(0.04622492572, abs=1e-10)


def test_gmsd_of_colour_is_taken_on_the_luma_that_the_other_program_takes():
    # piq 0.8.0 as above, on RGB, which it turns into Y of YIQ: 0.023176058019025142.
    photo = data.astronaut()
    full_range = [(images.luma(one) - 16) * 255 / 219 for one in (photo, photo // 16 * 16)]
    assert measures.gmsd(*full_range) == pytest.approx(0.023176058, abs=1e-8)


def test_gmsd_of_equal_images_is_zero_and_an_odd_edge_is_left_out():
    photo = smooth_photo(0, 40, 48)[..., 0]
    assert measures.gmsd(photo, photo) == 0
    changed = photo[:39].copy()
    changed[38] = 0
    assert measures.gmsd(photo[:39], changed) == 0


@pytest.mark.parametrize("shape", [(4, 5), (1, 4), (4, 4, 3)])
def test_gmsd_of_what_it_cannot_compare_is_refused(shape):
    with pytest.raises(ValueError, match="GMSD takes two"):
        measures.gmsd(np.zeros((4, 4)) if shape == (4, 5) else np.zeros(shape), np.zeros(shape))


@pytest.mark.parametrize(
    ("difference", "expected_db"),
    [
        (3, 38.5884),  # 9: 10 log10(65025 / 9)
        (-3, 38.5884),  # 253 in bytes, squared 64009, modulo 256: 9
        (20, 26.5472),  # 400 modulo 256: 144
        (16, math.inf),  # 256 modulo 256: 0
    ],
)
def test_the_wrapped_figure_is_that_of_byte_arithmetic(difference, expected_db):
    a = np.full((8, 8, 3), 100, np.uint8)
    b = np.full((8, 8, 3), 100 - difference, np.uint8)
    assert measures.psnr_wrapped(a, b) == pytest.approx(expected_db, abs=1e-4)


def test_the_wrapped_figure_wants_bytes_of_one_shape():
    with pytest.raises(ValueError, match="not \\(4, 4\\) float64"):
        measures.psnr_wrapped(np.zeros((4, 4)), np.zeros((4, 4), np.uint8))
    with pytest.raises(ValueError, match="uint8 arrays of one shape"):
        measures.psnr_wrapped(np.zeros((4, 4), np.uint8), np.zeros((4, 5), np.uint8))


def test_an_output_that_reduces_to_its_input_agrees_with_it_wholly():
    photo = smooth_photo(0, 48, 64)
    assert measures.lr_psnr(photo, images.downscale(photo, 4), scale=4) == math.inf


def test_a_shift_in_brightness_shows_in_the_agreement_with_the_input():
    # 10 levels everywhere: 10 log10(65025 / 100) = 28.1308 dB.
    output, lr = np.full((32, 32, 3), 110, np.uint8), np.full((8, 8, 3), 100, np.uint8)
    assert measures.lr_psnr(output, lr, scale=4) == pytest.approx(28.1308, abs=1e-4)


def test_an_output_of_another_size_than_its_input_says_is_refused():
    with pytest.raises(ValueError, match="has 32 x 32 px, not 36 x 32"):
        measures.lr_psnr(np.zeros((32, 36, 3), np.uint8), np.zeros((8, 8, 3), np.uint8), scale=4)


@pytest.mark.parametrize("across", [True, False])
def test_twice_the_amplitude_beyond_the_input_is_four_times_the_energy(across):
    reference, test = wave(0.25, 10, across=across), wave(0.25, 20, across=across)
    assert measures.high_frequency(reference, test, scale=4) == pytest.approx(4)


def test_a_frequency_counts_that_is_high_in_one_direction_alone():
    # Mean squares: 25 of the product of two waves of 0.25, high in both directions; 50 of one wave.
    both = 100 + (wave(0.25, 10) - 100) * (wave(0.25, 10, across=False) - 100) / 10
    assert measures.high_frequency(both, wave(0.25, 10), scale=4) == pytest.approx(2, abs=0.05)


def test_what_the_input_can_carry_does_not_count():
    reference = wave(1 / 16, 40) + wave(0.25, 10)
    assert measures.high_frequency(reference, wave(1 / 16, 40), scale=4) < 1e-4


def test_the_cut_off_lies_at_the_highest_frequency_of_the_input():
    reference = wave(0.4, 10)
    below, above = wave(0.11, 10), wave(0.14, 10)  # 1/8 between them
    assert measures.high_frequency(reference, below, scale=4) < 0.01
    assert measures.high_frequency(reference, above, scale=4) == pytest.approx(1, abs=0.02)


def test_the_highest_frequency_of_all_counts_once():
    # Mean squares: a cosine of amplitude 10 has 50, a row of +a and -a has a * a.
    assert measures.high_frequency(wave(0.25, 10), wave(0.5, math.sqrt(50)), scale=4) == pytest.approx(
        1, abs=0.01
    )


def test_flat_images_have_equal_detail_and_invented_detail_has_no_measure():
    flat = np.full((64, 64), 77.0)
    assert measures.high_frequency(flat, flat + 3, scale=4) == 1
    assert measures.high_frequency(flat, wave(0.25, 10, side=64), scale=4) == math.inf


def test_detail_of_images_of_different_size_is_not_compared():
    with pytest.raises(ValueError, match="equal in shape"):
        measures.high_frequency(np.zeros((16, 16)), np.zeros((16, 20)), scale=4)


def test_a_perfect_output_is_perfect_under_every_measure():
    photo = smooth_photo(0, 48, 64)
    measured = scoring.measure(photo, photo, images.downscale(photo, 4), scale=4)
    found = (measured.gmsd, measured.psnr_wrapped, measured.lr_psnr, measured.high_frequency)
    assert found == (0, math.inf, math.inf, pytest.approx(1))


def test_the_border_counts_for_the_wrapped_figure_alone():
    photo = smooth_photo(0, 48, 64)
    framed = photo.copy()
    framed[:4] ^= 1
    measured = scoring.measure(photo, framed, images.downscale(photo, 4), scale=4)
    assert (measured.gmsd, measured.high_frequency) == (0, pytest.approx(1))
    # An error of 1 in 4 of 48 rows: 10 log10(65025 * 12).
    assert measured.psnr_wrapped == pytest.approx(58.9227, abs=1e-4)


def test_gmsd_is_stored_of_luma_that_reaches_from_0_to_255():
    photo = data.camera()[:64, :64]
    reference, test = (np.repeat(one[..., None], 3, axis=2) for one in (photo, photo // 16 * 16))
    stored = scoring.measure(reference, test, images.downscale(reference, 4), scale=4).gmsd
    inside = images.crop_border(photo, 4), images.crop_border(photo // 16 * 16, 4)
    assert stored == pytest.approx(measures.gmsd(*inside), abs=1e-9)


def test_a_side_that_is_no_multiple_of_the_scale_can_be_scored():
    photo = smooth_photo(0, 48, 64)[:46, :63]
    lr = images.downscale(images.modcrop(photo, 4), 4)
    assert scoring.measure(photo, photo, lr, scale=4).lr_psnr == math.inf


def test_the_protocol_is_of_one_scale():
    photo = smooth_photo(0, 48, 48)
    with pytest.raises(ValueError, match="is for scale 4, not 2"):
        scoring.measure(photo, photo, images.downscale(photo, 2), scale=2)
