"""A network over one image."""

import numpy as np
import pytest
import torch

from distillation.sr import fast, images, upscale
from distillation.sr.config import GeneratorShape
from distillation.sr.networks import Generator, seeded
from distillation.sr.portable.loading import Model, run_of
from tests.distillation.sr.conftest import smooth_photo


def network(**shape):
    made = seeded(Generator, GeneratorShape(blocks=2, channels=8, **shape), seed=0)
    made.train()
    with torch.no_grad():  # batch statistics of their own, as after training
        made(torch.rand(4, 3, 16, 16, generator=torch.Generator().manual_seed(0)))
    return made


@pytest.mark.parametrize("shape", [{}, {"lite": True}, {"lite": True, "global_skip": True}])
@pytest.mark.parametrize("tile", [7, 16, 40])
def test_tiles_join_without_a_seam(shape, tile):
    lr, made = smooth_photo(0, 48, 40), network(**shape)
    whole = upscale.upscale(made, lr).astype(int)
    tiled = upscale.upscale(made, lr, tile=tile).astype(int)
    assert whole.std() > 0
    assert np.abs(whole - tiled).max() <= 1


def test_too_little_padding_would_show(monkeypatch):
    lr, made = smooth_photo(0, 48, 40), network()
    whole = upscale.upscale(made, lr).astype(int)
    monkeypatch.setattr(upscale, "receptive_field_px", lambda shape: 2)
    assert np.abs(whole - upscale.upscale(made, lr, tile=16)).max() > 1


def test_large_images_are_tiled_by_themselves(monkeypatch):
    lr, made, calls = smooth_photo(0, 48, 40), network(lite=True), []
    monkeypatch.setattr(upscale, "WHOLE_UP_TO_PX", 1000)
    monkeypatch.setattr(upscale, "AUTOMATIC_TILE_PX", 24)
    made.register_forward_hook(lambda *_: calls.append(1))
    assert upscale.upscale(made, lr).shape == (192, 160, 3)
    assert len(calls) == 4


def test_a_network_that_adds_nothing_gives_the_bicubic_image():
    made = network(lite=True, global_skip=True)
    for parameter in made.tail.parameters():
        torch.nn.init.zeros_(parameter)
    lr = smooth_photo(0, 24, 32)
    # Float32 may round another way where float64 meets a half.
    assert np.mean(upscale.upscale(made, lr) != images.upscale_bicubic(lr, 4)) < 0.001


@pytest.mark.parametrize(
    "lr", [np.zeros((8, 8, 3)), np.zeros((8, 8), np.uint8), np.zeros((1, 8, 3), np.uint8)]
)
def test_what_is_no_image_is_refused(lr):
    with pytest.raises(ValueError, match="not \\("):
        upscale.upscale(network(lite=True), lr)


def test_a_tile_of_zero_is_refused():
    with pytest.raises(ValueError, match="not 0"):
        upscale.upscale(network(lite=True), smooth_photo(0, 16, 16), tile=0)


@pytest.mark.parametrize("tile", [7, 16, 40])
def test_tiles_of_the_inference_form_join_without_a_seam(tile):
    lr, made = smooth_photo(0, 48, 40), network()
    whole = upscale.upscale(made, lr).astype(int)
    tiled = upscale.upscale(fast.prepare(made), lr, tile=tile).astype(int)
    assert np.abs(whole - tiled).max() <= 1


def test_a_model_from_a_file_is_run_through_its_own_function(tmp_path):
    lr, made = smooth_photo(0, 24, 32), network()
    model = Model(
        path=tmp_path, kind="onnx", shape=made.shape, network=None, run=run_of(made), card={}, threads=1
    )
    whole = upscale.upscale(made, lr).astype(int)
    assert np.abs(whole - upscale.upscale(model, lr, tile=10)).max() <= 1


def test_16_bits_in_are_16_bits_out():
    made = network(lite=True, global_skip=True)
    for parameter in made.tail.parameters():
        torch.nn.init.zeros_(parameter)
    lr = smooth_photo(0, 24, 32).astype(np.uint16) * 257
    larger = upscale.upscale(made, lr)
    assert larger.dtype == np.uint16
    # Float32 carries 24 bits: less than a level of 65535 is lost.
    assert np.abs(larger.astype(int) - images.upscale_bicubic(lr, 4).astype(int)).max() <= 1


def test_progress_counts_the_tiles():
    told = []
    upscale.upscale(
        network(lite=True), smooth_photo(0, 16, 24), tile=8, progress=lambda *done: told.append(done)
    )
    assert told == [(1, 6), (2, 6), (3, 6), (4, 6), (5, 6), (6, 6)]


def test_large_images_are_tiled_in_inference_form_too(monkeypatch):
    monkeypatch.setattr(upscale, "FAST_TILE_PX", 16)
    told = []
    ready = fast.prepare(network(lite=True))
    upscale.upscale(ready, smooth_photo(0, 16, 24), progress=lambda *done: told.append(done))
    assert told == [(1, 2), (2, 2)]
