"""Weights that leave: read back as they were, and refused when they are not what was written."""

import errno
import hashlib
import json
import os

import numpy as np
import pytest
import safetensors.torch
import torch

from distillation.sr.networks import receptive_field_px
from distillation.sr.portable import cards, weights
from distillation.sr.portable.cards import ModelRefused
from distillation.sr.portable.loading import load_model
from tests.distillation.sr.portable.conftest import LITE, make_network

CARD = {"name": "Student", "seed": 3}


@pytest.fixture
def file(tmp_path, network):
    weights.write_model(tmp_path / "student.safetensors", network, CARD)
    return tmp_path / "student.safetensors"


def rewrite(file, *, tensors=None, card=None, seal=cards.seal):
    """Write the file anew with other tensors or another card."""
    own = safetensors.torch.load_file(file) if tensors is None else tensors
    text = seal({**weights.read_card(file), **(card or {})})
    safetensors.torch.save_file(own, file, metadata={cards.KEY: text})


def test_a_generator_comes_back_as_it_was(file, network):
    loaded, card = weights.read_model(file)
    assert not loaded.training
    for name, tensor in network.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], tensor), name
    assert card["seed"] == 3


def test_the_card_has_the_network_and_the_hash(file, network):
    card = weights.read_card(file)
    shape = {"blocks": 1, "channels": 4, "lite": True, "global_skip": False, "scale": 4}
    # By hand: head 3*4*9+4 and its PReLU, the block's and the end's three 4*4*9 with two of 4 each and a
    # PReLU, the tail 4*48*9+48.
    assert card["parameters"] == 113 + 3 * (144 + 8) + 1 + 1776
    assert card["shape"] == shape
    assert (card["format"], card["storage"], card["name"]) == (1, "float32", "Student")
    assert len(card["tensors_sha256"]) == 64


def test_the_card_is_read_without_the_tensors(file):
    payload = file.read_bytes()
    end = 8 + int.from_bytes(payload[:8], "little")
    file.write_bytes(payload[:end])
    assert weights.read_card(file)["name"] == "Student"


def test_the_same_network_gives_the_same_bytes(tmp_path, file):
    weights.write_model(tmp_path / "again.safetensors", make_network(LITE), CARD)
    assert (tmp_path / "again.safetensors").read_bytes() == file.read_bytes()


def test_what_served_the_training_alone_stays_behind(file):
    assert not any("num_batches" in name for name in safetensors.torch.load_file(file))


def test_half_precision_rounds_the_convolutions_to_eleven_bits_and_keeps_the_vectors(tmp_path, network):
    file = tmp_path / "half.safetensors"
    weights.write_model(file, network, CARD, half=True)
    loaded, card = weights.read_model(file)
    assert card["storage"] == "float16"
    for name, tensor in network.state_dict().items():
        stored = loaded.state_dict()[name]
        assert stored.dtype in (torch.float32, torch.int64)
        if tensor.ndim > 1:
            # A float16 has a significand of 11 bits: half a step is 2^-12 of the power of two below.
            torch.testing.assert_close(stored, tensor, rtol=2**-11, atol=2**-25)
            assert not torch.equal(stored, tensor)
        else:
            assert torch.equal(stored, tensor), name


def test_a_weight_beyond_float16_is_refused_and_nothing_written(tmp_path):
    network = make_network(LITE)
    network.tail[0].weight.data[0, 0, 0, 0] = 70000.0  # the largest float16 is 65504
    with pytest.raises(ValueError, match=r"tail\.0\.weight does not fit float16"):
        weights.write_model(tmp_path / "x.safetensors", network, CARD, half=True)
    assert list(tmp_path.iterdir()) == []


def test_a_weight_that_is_no_number_is_refused(tmp_path):
    network = make_network(LITE)
    network.tail[0].bias.data[0] = float("nan")
    with pytest.raises(ValueError, match=r"tail\.0\.bias is not finite"):
        weights.write_model(tmp_path / "x.safetensors", network, CARD)


def test_a_full_disk_leaves_the_file_that_was_there(file, network, monkeypatch):
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    before = file.read_bytes()
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        weights.write_model(file, network, {"name": "another"})
    assert file.read_bytes() == before
    assert [path.name for path in file.parent.iterdir()] == [file.name]


@pytest.mark.parametrize("where", [0.3, 0.9])
def test_a_file_with_one_bit_changed_is_refused(file, where):
    payload = bytearray(file.read_bytes())
    payload[int(len(payload) * where)] ^= 1
    file.write_bytes(payload)
    with pytest.raises(ModelRefused, match="SHA-256 of its tensors differs"):
        weights.read_model(file)


@pytest.mark.parametrize("share", [0, 0.0005, 0.05, 0.5, 0.999])
def test_a_half_written_file_is_refused(file, share):
    payload = file.read_bytes()
    file.write_bytes(payload[: int(len(payload) * share)])
    with pytest.raises(ModelRefused, match=r"student\.safetensors is no whole safetensors file"):
        weights.read_model(file)


def test_a_changed_card_is_refused(file):
    card = json.dumps({"card": {**weights.read_card(file), "seed": 4}, "sha256": "0" * 64})
    rewrite(file, seal=lambda _: card)
    with pytest.raises(ModelRefused, match="SHA-256 of its card differs"):
        weights.read_card(file)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"card": 1, "sha256": ""}', '{"card": {}}'])
def test_a_damaged_card_is_refused(file, text):
    rewrite(file, seal=lambda _: text)
    with pytest.raises(ModelRefused, match="damaged model card"):
        weights.read_card(file)


def test_a_later_format_is_refused(file):
    rewrite(file, card={"format": 2})
    with pytest.raises(ModelRefused, match="has format 2, and 1 is what can be read"):
        weights.read_model(file)


def test_a_network_that_cannot_be_built_is_refused(file):
    rewrite(file, card={"shape": {"blocks": 1, "channels": 4, "scale": 3}})
    with pytest.raises(ModelRefused, match="cannot be built here: Scale 3 is not offered"):
        weights.read_model(file)


@pytest.mark.parametrize(
    ("shape", "reason"),
    [
        ({"blocks": 1.5, "channels": 4}, "blocks is 1.5"),
        ({"blocks": None, "channels": 4}, "blocks is None"),
        ({"blocks": "1", "channels": 4}, "blocks is '1'"),
        ({"blocks": True, "channels": 4}, "blocks is True"),
        ({"blocks": 1, "channels": 4, "lite": 1}, "lite is 1"),
        ({"blocks": 1, "channels": 4, "depth": 3}, "depth is 3"),
        ({"blocks": 0, "channels": 4}, "at least 1 block, not 0"),
        ({"blocks": 1}, "does not say how many channels its network has"),
        ([1, 4], "does not describe its network"),
        (None, "does not describe its network"),
    ],
)
def test_a_shape_of_the_wrong_types_is_refused(file, shape, reason):
    rewrite(file, card={"shape": shape})
    with pytest.raises(ModelRefused, match=f"student.safetensors .*{reason}"):
        weights.read_model(file)


def test_tensors_of_another_network_are_refused_by_the_first_key(file):
    # With its own hash right, so that only the shapes can tell.
    rewrite(file, card={"shape": {"blocks": 2, "channels": 4, "lite": True}})
    with pytest.raises(ModelRefused, match=r"another network's: it lacks blocks\.1\.body\.0\.weight"):
        weights.read_model(file)
    rewrite(file, card={"shape": {"blocks": 1, "channels": 5, "lite": True}})
    with pytest.raises(ModelRefused, match=r"blocks\.0\.body\.0\.weight has the shape \(4, 4, 3, 3\)"):
        weights.read_model(file)


def test_other_peoples_safetensors_are_refused(tmp_path):
    file = tmp_path / "other.safetensors"
    safetensors.torch.save_file({"a": torch.zeros(1)}, file)
    with pytest.raises(ModelRefused, match=r"other\.safetensors has no model card"):
        weights.read_card(file)


def test_a_missing_file_is_named(tmp_path):
    for read in (weights.read_card, weights.read_model, load_model):
        with pytest.raises(ModelRefused, match="There is no model file"):
            read(tmp_path / "none.safetensors")


def test_a_loaded_model_runs_as_its_network(file, network):
    model = load_model(file)
    x = np.random.default_rng(0).random((1, 3, 9, 7), dtype=np.float32)
    with torch.inference_mode():
        np.testing.assert_array_equal(model.run(x), network(torch.from_numpy(x)).numpy())
    assert (model.kind, model.shape, model.reach_px) == ("safetensors", LITE, receptive_field_px(LITE))
    assert model.threads == torch.get_num_threads()


def test_an_ending_of_no_model_and_threads_below_one_are_refused(tmp_path, file):
    (tmp_path / "x.zip").write_bytes(b"")
    with pytest.raises(ModelRefused, match=r"a model is \.safetensors, \.onnx, \.pth or \.pt"):
        load_model(tmp_path / "x.zip")
    with pytest.raises(ModelRefused, match="1 thread or more, not on 0"):
        load_model(file, threads=0)


def test_a_thread_count_is_taken_and_said(file):
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        assert load_model(file, threads=1).threads == torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


def test_the_hash_can_be_computed_by_anybody(file):
    # The rule in words: names in order, each with its type, shape and bytes.
    digest = hashlib.sha256()
    for name, tensor in sorted(safetensors.torch.load_file(file).items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode() + tensor.numpy().tobytes())
    assert weights.read_card(file)["tensors_sha256"] == digest.hexdigest()
