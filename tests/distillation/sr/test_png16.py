"""PNG with 16 bits a channel."""

import io

import numpy as np
import pytest
from PIL import Image as Picture

from distillation.sr.png16 import write_png16


def written(pixels, **known):
    file = io.BytesIO()
    write_png16(file, pixels, **known)
    file.seek(0)
    return Picture.open(file)


@pytest.mark.parametrize(("channels", "mode"), [(1, "I;16"), (2, "RGBA"), (3, "RGB"), (4, "RGBA")])
def test_pillow_reads_the_high_bytes_back(channels, mode):
    pixels = np.random.default_rng(0).integers(0, 65536, (300, 7, channels), dtype=np.uint16)
    with written(pixels) as image:
        image.load()  # checks the sums of all chunks
        assert image.mode == mode
        read = np.asarray(image)
    if channels == 1:
        np.testing.assert_array_equal(read, pixels[..., 0])
    else:
        np.testing.assert_array_equal(read[..., -1], pixels[..., -1] >> 8)
        np.testing.assert_array_equal(read[..., 0], pixels[..., 0] >> 8)


def test_profile_and_resolution_are_in_the_file():
    # 300 dpi are 11811 pixels a metre, and 11811 * 0.0254 = 299.9994.
    with written(np.zeros((2, 2, 3), np.uint16), profile=b"a profile", dpi=(300, 150)) as image:
        assert image.info["icc_profile"] == b"a profile"
        assert image.info["dpi"] == pytest.approx((299.9994, 150.0124))


@pytest.mark.parametrize("pixels", [np.zeros((2, 2, 3), np.uint8), np.zeros((2, 2, 5), np.uint16)])
def test_what_is_no_16_bit_image_is_refused(pixels):
    with pytest.raises(ValueError, match="not \\(2, 2"):
        write_png16(io.BytesIO(), pixels)
