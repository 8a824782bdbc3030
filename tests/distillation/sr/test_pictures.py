"""Picture files in and out: transparency, 16 bits, profiles, orientation, and what is refused."""

import errno
import os

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms

from distillation.sr import images, pictures
from distillation.sr.images import ImageRefused
from distillation.sr.pictures import Picture, enlarge, load, save_png

RNG = np.random.default_rng(0)
COLOUR = RNG.integers(0, 256, (6, 8, 3), dtype=np.uint8)
DEEP = RNG.integers(0, 65536, (6, 8, 4), dtype=np.uint16)
ALPHA = np.where(np.arange(8) < 4, 0, 255).astype(np.uint8)[None].repeat(6, axis=0)[..., None]


def repeated(lr):
    """A method that repeats pixels."""
    return lr.repeat(4, axis=0).repeat(4, axis=1)


def saved(tmp_path, image: Image.Image, name: str = "p.png", **options):
    image.save(tmp_path / name, **options)
    return tmp_path / name


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_16_bits_go_out_and_come_back(tmp_path, channels):
    alpha = DEEP[..., 3:] if channels == 4 else None
    save_png(tmp_path / "p.png", Picture(colour=DEEP[..., : min(channels, 3)], alpha=alpha))
    read = load(tmp_path / "p.png")
    np.testing.assert_array_equal(read.colour, DEEP[..., : min(channels, 3)])
    assert read.colour.dtype == np.uint16
    if alpha is not None:
        np.testing.assert_array_equal(read.alpha, alpha)


@pytest.mark.parametrize("options", [{}, {"byteorder": ">"}, {"compression": "zlib", "predictor": True}])
@pytest.mark.parametrize("channels", [3, 4])
def test_16_bits_come_from_tiff_as_another_program_writes_it(tmp_path, channels, options):
    extra = {"extrasamples": ["unassalpha"]} if channels == 4 else {}
    pixels = DEEP[..., :channels]
    tifffile.imwrite(tmp_path / "p.tif", pixels, photometric="rgb", **extra, **options)
    read = load(tmp_path / "p.tif")
    np.testing.assert_array_equal(read.colour, pixels[..., :3])
    assert read.dropped == ()
    if channels == 4:
        np.testing.assert_array_equal(read.alpha[..., 0], pixels[..., 3])


def test_16_bit_grey_with_transparency_is_read_in_8_and_says_so(tmp_path):
    save_png(tmp_path / "p.png", Picture(colour=DEEP[..., :1], alpha=DEEP[..., 1:2]))
    read = load(tmp_path / "p.png")
    np.testing.assert_array_equal(read.colour[..., 0], DEEP[..., 0] >> 8)
    assert read.dropped == ("the lower 8 of 16 bits",)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_grey_stays_grey_and_colour_colour(tmp_path, mode):
    path = saved(tmp_path, Image.fromarray(np.dstack([COLOUR, ALPHA])).convert("RGB").convert(mode))
    picture = enlarge(load(path), repeated)
    assert picture.colour.shape == (24, 32, 1 if mode in ("1", "L", "LA") else 3)
    save_png(tmp_path / "out.png", picture)
    with Image.open(tmp_path / "out.png") as out:
        assert out.mode == {"1": "L", "LA": "L", "P": "RGB", "RGBA": "RGB"}.get(mode, mode)


def test_the_grey_of_three_channels_is_their_mean():
    grey = np.full((2, 2, 1), 10, np.uint8)
    # (9 + 11 + 13) / 3 = 11
    made = enlarge(
        Picture(colour=grey), lambda lr: repeated(lr) + np.array([-1, 1, 3], np.int8).view(np.uint8)
    )
    assert (made.colour == 11).all()


def test_transparency_is_enlarged_by_bicubic(tmp_path):
    path = saved(tmp_path, Image.fromarray(np.dstack([COLOUR, ALPHA])))
    picture = enlarge(load(path), repeated)
    np.testing.assert_array_equal(picture.alpha, images.upscale_bicubic(ALPHA, 4))
    save_png(tmp_path / "out.png", picture)
    with Image.open(tmp_path / "out.png") as out:
        assert (out.mode, out.size) == ("RGBA", (32, 24))


def test_16_bit_transparency_is_enlarged_in_16_bits():
    flat = np.full((4, 4, 1), 40_000, np.uint16)
    picture = enlarge(Picture(colour=DEEP[:4, :4, :3], alpha=flat), repeated)
    assert picture.alpha.dtype == np.uint16
    assert (picture.alpha == 40_000).all()


def test_colour_that_nobody_sees_does_not_reach_the_edge():
    colour = np.full((6, 8, 3), 200, np.uint8)
    colour[ALPHA[..., 0] == 0] = 0
    seen = []
    enlarge(Picture(colour=colour, alpha=ALPHA), lambda lr: seen.append(lr) or repeated(lr))
    assert (seen[0] == 200).all()


def test_a_picture_that_is_nowhere_visible_keeps_its_colour():
    hidden = np.zeros((6, 8, 1), np.uint8)
    made = enlarge(Picture(colour=COLOUR, alpha=hidden), repeated)
    np.testing.assert_array_equal(made.colour, repeated(COLOUR))


def test_transparency_that_hides_nothing_is_no_transparency(tmp_path):
    opaque = np.dstack([COLOUR, np.full((6, 8), 255, np.uint8)])
    assert load(saved(tmp_path, Image.fromarray(opaque))).alpha is None


def test_a_transparent_palette_colour_becomes_transparency(tmp_path):
    image = Image.fromarray(np.array([[0, 1], [1, 1]], np.uint8), mode=None).convert("P")
    path = saved(tmp_path, image, transparency=0)
    np.testing.assert_array_equal(load(path).alpha[..., 0], [[0, 255], [255, 255]])


@pytest.mark.parametrize("sixteen", [False, True])
def test_the_profile_stays_and_the_resolution_grows_with_the_size(tmp_path, sixteen):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    path = saved(tmp_path, Image.fromarray(COLOUR), "p.tif", icc_profile=profile, dpi=(100, 50))
    picture = enlarge(load(path), repeated)
    if sixteen:
        picture = Picture(colour=picture.colour.astype(np.uint16), profile=picture.profile, dpi=picture.dpi)
    save_png(tmp_path / "out.png", picture)
    with Image.open(tmp_path / "out.png") as out:
        assert out.info["icc_profile"] == profile
        assert out.info["dpi"] == pytest.approx((400, 200), abs=0.05)


def test_a_picture_on_its_side_is_turned(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    path = saved(tmp_path, Image.fromarray(COLOUR), exif=exif, dpi=(100, 50))
    read = load(path)
    np.testing.assert_array_equal(read.colour, np.rot90(COLOUR, -1))
    assert read.dpi == pytest.approx((50, 100), abs=0.05)
    assert read.dropped == ()


def test_a_deep_picture_on_its_side_is_turned(tmp_path):
    tifffile.imwrite(tmp_path / "p.tif", DEEP[..., :3], photometric="rgb", extratags=[(274, "H", 1, 6, True)])
    np.testing.assert_array_equal(load(tmp_path / "p.tif").colour, np.rot90(DEEP[..., :3], -1))


def test_what_is_dropped_is_said(tmp_path):
    exif = Image.Exif()
    exif[0x010E] = "a description"
    assert load(saved(tmp_path, Image.fromarray(COLOUR), "p.jpg", exif=exif)).dropped == ("EXIF",)
    frames = [Image.fromarray(COLOUR).convert("P"), Image.new("P", (8, 6))]
    path = saved(tmp_path, frames[0], "p.gif", save_all=True, append_images=frames[1:])
    assert load(path).dropped == ("all but the first of 2 frames",)


def test_files_that_cannot_be_used_are_refused_by_name(tmp_path):
    (tmp_path / "text.png").write_text("no image")
    whole = saved(tmp_path, Image.fromarray(COLOUR)).read_bytes()
    (tmp_path / "half.png").write_bytes(whole[: len(whole) // 2])
    saved(tmp_path, Image.new("CMYK", (4, 4)), "cmyk.jpg")
    saved(tmp_path, Image.fromarray(np.full((4, 4), -5, np.int32)), "below.tif")
    for name, reason in {
        "none.png": "does not exist",
        "text.png": "is no PNG, JPEG",
        "half.png": "truncated or damaged",
        "cmyk.jpg": "colour mode CMYK",
        "below.tif": "outside 0..65535",
    }.items():
        with pytest.raises(ImageRefused, match=f"^{name} .*{reason}"):
            load(tmp_path / name)


def test_a_picture_too_large_is_refused_before_it_is_decoded(tmp_path, monkeypatch):
    path = saved(tmp_path, Image.fromarray(COLOUR))
    monkeypatch.setattr(pictures, "MAX_PIXELS", 47)
    with pytest.raises(ImageRefused, match="8 x 6 pixels, over 47"):
        load(path)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    with pytest.raises(ImageRefused, match="over 47 pixels"):
        load(path)


def test_a_full_disk_leaves_the_file_that_was_there(tmp_path, monkeypatch):
    (tmp_path / "p.png").write_text("mine")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        save_png(tmp_path / "p.png", Picture(colour=COLOUR))
    assert [path.name for path in tmp_path.iterdir()] == ["p.png"]
    assert (tmp_path / "p.png").read_text() == "mine"
