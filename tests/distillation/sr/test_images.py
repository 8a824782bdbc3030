"""Loading, saving and resizing images."""

import struct

import numpy as np
import pytest
from PIL import Image

from distillation.sr import images
from tests.distillation.sr.conftest import smooth_photo


def columns(row):
    """An image (8, len(row), 3) whose rows are all `row`, so that only the resize across shows."""
    return np.broadcast_to(np.array(row, dtype=np.uint8)[None, :, None], (8, len(row), 3)).copy()


def test_upscaling_an_impulse_gives_the_kernel_of_matlab():
    # By hand: 100 + 100 w(d), w the cubic of a = -0.5 at d = 0.125, 0.375, ... 1.875:
    # .9639 .7275 .3896 .0908 -.0479 -.0732 -.0439 -.0068.
    up = images.upscale_bicubic(columns([100] * 4 + [200] + [100] * 4), 4)[0, :, 0]
    right = [196, 173, 139, 109, 95, 93, 96, 99, 100, 100]
    np.testing.assert_array_equal(up[18:28], right)
    np.testing.assert_array_equal(up[8:18], right[::-1])


def test_downscaling_an_impulse_gives_the_antialiased_kernel_of_matlab():
    # By hand: 100 + 100 w(d / 4) / 4 with d = 17 - (4 j + 1.5): 24.1 at j = 4, 2.3, -1.2, -0.2.
    row = [100] * 32
    row[17] = 200
    down = images.downscale(columns(row), 4)[0, :, 0]
    np.testing.assert_array_equal(down, [100, 100, 100, 102, 124, 99, 100, 100])


def test_edges_are_mirrored_when_upscaling():
    # By hand: output 0 lies at -0.375; taps -2..1 are pixels 1, 0, 0, 1 of the row 50, 150:
    # 100 of weight w(0.375) + w(0.625) above 50 for pixel 0: 150 - 100 * 1.1172 = 38.3.
    up = images.upscale_bicubic(columns([50, 150, 150, 150]), 4)[0, :, 0]
    assert up[0] == 38


def test_a_resize_by_any_factor_keeps_a_constant_image():
    grey = np.full((30, 44, 3), 77, dtype=np.uint8)
    assert set(np.unique(images.resize_bicubic(grey, 33, 17))) == {77}


def test_an_image_that_is_no_multiple_of_the_scale_is_not_downscaled():
    with pytest.raises(ValueError, match="10 x 8"):
        images.downscale(np.zeros((8, 10, 3), np.uint8), 4)


def test_a_resize_to_nothing_is_refused():
    with pytest.raises(ValueError, match="0 x 5"):
        images.resize_bicubic(np.zeros((8, 8, 3), np.uint8), 0, 5)


@pytest.mark.datasets
@pytest.mark.parametrize("name", ["Set5", "Set14", "Urban100"])
def test_the_low_resolution_images_of_matlab_come_out_bit_for_bit(benchmark, name):
    folder = benchmark(name)
    files = sorted((folder / "LRx4").iterdir())[:: 4 if name == "Urban100" else 1]
    differing = [
        file.name
        for file in files
        if not np.array_equal(
            images.downscale(images.modcrop(images.load_rgb(folder / "HR" / file.name), 4), 4),
            images.load_rgb(file),
        )
    ]
    assert files
    assert differing == []


def test_luma_of_white_black_and_pure_colours_is_bt601s():
    # BT.601: white 235, black 16, red 16 + 65.481, green 16 + 128.553, blue 16 + 24.966.
    colours = np.array([[[255, 255, 255], [0, 0, 0], [255, 0, 0], [0, 255, 0], [0, 0, 255]]], np.uint8)
    np.testing.assert_allclose(images.luma(colours)[0], [235, 16, 81.481, 144.553, 40.966])


def test_modcrop_cuts_right_and_bottom():
    pixels = np.arange(9 * 6 * 3, dtype=np.uint8).reshape(9, 6, 3)
    np.testing.assert_array_equal(images.modcrop(pixels, 4), pixels[:8, :4])


def test_no_border_crops_nothing():
    assert images.crop_border(np.zeros((5, 6, 3)), 0).shape == (5, 6, 3)


def test_a_saved_image_comes_back_exactly(tmp_path):
    pixels = smooth_photo(0, 40, 56)
    images.save_png(tmp_path / "a.png", pixels)
    np.testing.assert_array_equal(images.load_rgb(tmp_path / "a.png"), pixels)


def test_a_png_holds_three_kinds_of_chunk_and_leaves_no_other_file(tmp_path):
    images.save_png(tmp_path / "a.png", smooth_photo(0, 40, 56))
    data, position, kinds = (tmp_path / "a.png").read_bytes(), 8, []
    while position < len(data):
        (length,) = struct.unpack(">I", data[position : position + 4])
        kinds.append(data[position + 4 : position + 8])
        position += 12 + length
    assert (kinds[0], set(kinds[1:-1]), kinds[-1]) == (b"IHDR", {b"IDAT"}, b"IEND")
    assert [file.name for file in tmp_path.iterdir()] == ["a.png"]


def test_the_same_pixels_give_the_same_file(tmp_path):
    for name in ("a.png", "b.png"):
        images.save_png(tmp_path / name, smooth_photo(0, 40, 56))
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_a_failed_save_leaves_the_old_image_and_no_rubbish(tmp_path, monkeypatch):
    images.save_png(tmp_path / "a.png", smooth_photo(0, 40, 56))
    before = (tmp_path / "a.png").read_bytes()
    monkeypatch.setattr(
        "distillation.sr.images.os.fsync", lambda number: (_ for _ in ()).throw(OSError(28, "full"))
    )
    with pytest.raises(OSError, match="full"):
        images.save_png(tmp_path / "a.png", smooth_photo(1, 40, 56))
    assert [(f.name, f.read_bytes()) for f in tmp_path.iterdir()] == [("a.png", before)]


def test_floats_are_not_saved(tmp_path):
    with pytest.raises(ValueError, match="float64"):
        images.save_png(tmp_path / "a.png", np.zeros((4, 4, 3)))


def test_greyscale_becomes_three_equal_channels(tmp_path):
    Image.fromarray(np.array([[0, 128, 255]], np.uint8)).save(tmp_path / "a.png")
    np.testing.assert_array_equal(images.load_rgb(tmp_path / "a.png")[0], [[0] * 3, [128] * 3, [255] * 3])


def test_a_palette_becomes_its_colours(tmp_path):
    image = Image.fromarray(np.array([[0, 1]], np.uint8), mode=None).convert("P")
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.save(tmp_path / "a.png")
    np.testing.assert_array_equal(images.load_rgb(tmp_path / "a.png")[0], [[10, 20, 30], [40, 50, 60]])


def test_sixteen_bits_are_scaled_to_eight(tmp_path):
    # 65535 / 257 = 255; 32896 / 257 = 128; 257 / 257 = 1.
    Image.fromarray(np.array([[0, 257, 32896, 65535]], np.uint16)).save(tmp_path / "a.png")
    np.testing.assert_array_equal(images.load_rgb(tmp_path / "a.png")[0, :, 0], [0, 1, 128, 255])


def test_an_opaque_alpha_channel_is_dropped(tmp_path):
    pixels = np.dstack([smooth_photo(0, 16, 16), np.full((16, 16), 255, np.uint8)])
    Image.fromarray(pixels).save(tmp_path / "a.png")
    np.testing.assert_array_equal(images.load_rgb(tmp_path / "a.png"), pixels[..., :3])


def test_a_transparent_image_is_refused_by_name(tmp_path):
    Image.new("RGBA", (8, 8), (1, 2, 3, 254)).save(tmp_path / "glass.png")
    with pytest.raises(ValueError, match=r"glass\.png is partly transparent"):
        images.load_rgb(tmp_path / "glass.png")


def test_exif_orientation_is_applied(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # turn clockwise by a quarter to view
    Image.new("RGB", (8, 24)).save(tmp_path / "a.jpg", exif=exif)
    assert images.load_rgb(tmp_path / "a.jpg").shape == (8, 24, 3)


def test_cmyk_is_refused(tmp_path):
    Image.new("CMYK", (8, 8)).save(tmp_path / "print.jpg")
    with pytest.raises(ValueError, match=r"print\.jpg has colour mode CMYK"):
        images.load_rgb(tmp_path / "print.jpg")


@pytest.mark.parametrize("ending", ["png", "jpg"])
def test_a_truncated_image_is_refused(tmp_path, ending):
    file = tmp_path / f"cut.{ending}"
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(file)
    file.write_bytes(file.read_bytes()[:2000])
    with pytest.raises(ValueError, match=rf"cut\.{ending} is truncated"):
        images.load_rgb(file)


def test_what_is_no_image_is_refused(tmp_path):
    (tmp_path / "a.png").write_text("not an image")
    with pytest.raises(ValueError, match=r"a\.png is not an image"):
        images.load_rgb(tmp_path / "a.png")


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"a\.png does not exist"):
        images.load_rgb(tmp_path / "a.png")


@pytest.mark.parametrize("side", [9_000, 20_000])
def test_an_image_over_the_pixel_limit_is_refused_unread(tmp_path, side):
    # A header alone: 9,000 x 9,000 is over the limit here, 20,000 x 20,000 over Pillow's own too.
    Image.new("1", (side, side)).save(tmp_path / "vast.png")
    with pytest.raises(ValueError, match=r"vast\.png has .*80000000"):
        images.load_rgb(tmp_path / "vast.png")
