"""Weights from elsewhere: mapped where they fit, refused where they do not, never unpickled."""

import os
import pickle

import numpy as np
import pytest
import torch

from distillation.sr.config import GeneratorShape
from distillation.sr.networks import Generator
from distillation.sr.portable.cards import ModelRefused
from distillation.sr.portable.loading import load_model
from tests.distillation.sr.portable.layouts import BLOCKS, CHANNELS, in_names_of, nearest_neighbour


def save(path, content):
    torch.save(content, path)
    return path


def assert_repeats_every_pixel(file):
    model = load_model(file)
    x = np.random.default_rng(0).random((1, 3, 7, 9), dtype=np.float32)
    np.testing.assert_allclose(model.run(x), x.repeat(4, axis=2).repeat(4, axis=3), atol=1e-6)
    assert (model.kind, model.shape) == ("pth", GeneratorShape(blocks=BLOCKS, channels=CHANNELS))


@pytest.mark.parametrize("layout", ["older", "newer"])
def test_known_names_are_mapped_onto_the_same_function(tmp_path, layout):
    assert_repeats_every_pixel(save(tmp_path / "x.pth", in_names_of(layout)))


def test_the_layers_between_are_mapped_one_by_one(tmp_path):
    theirs = in_names_of("newer")
    for value, tensor in enumerate(theirs.values()):
        if tensor.is_floating_point():
            tensor.add_(value / 1e6)  # every tensor another number, so that none can be taken for its like
    loaded = load_model(save(tmp_path / "x.pth", theirs)).network.state_dict()
    for name, key in {
        "blocks.1.body.4.running_mean": "trunk.1.rcb.4.running_mean",
        "blocks.0.body.2.weight": "trunk.0.rcb.2.weight",
        "blocks.1.body.3.weight": "trunk.1.rcb.3.weight",
        "tail.5.weight": "upsampling.1.upsample_block.2.weight",
        "end.1.bias": "conv2.1.bias",
    }.items():
        assert torch.equal(loaded[name], theirs[key]), name


@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: state,
        lambda state: {"state_dict": state, "epoch": 7},
        lambda state: {"model": state},
        lambda state: {"params": {"other": torch.zeros(1)}, "params_ema": state},
        lambda state: {"params": {f"module.{name}": tensor for name, tensor in state.items()}},
        lambda state: {"state_dict": {f"generator.{name}": tensor for name, tensor in state.items()}},
        lambda state: {name: tensor for name, tensor in state.items() if "num_batches" not in name},
        lambda state: {name: tensor.double() for name, tensor in state.items()},
    ],
    ids=["plain", "state_dict", "model", "params_ema", "module", "generator", "no counters", "float64"],
)
def test_our_own_names_are_read_in_any_of_the_usual_wrappings(tmp_path, wrap):
    assert_repeats_every_pixel(save(tmp_path / "x.pt", wrap(nearest_neighbour())))


class Bomb:
    """What makes a file when it is unpickled."""

    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return os.mkdir, (str(self.target),)


@pytest.mark.parametrize("writer", ["torch", "pickle"])
def test_a_file_that_would_run_something_is_refused_and_runs_nothing(tmp_path, writer):
    file, trace = tmp_path / "x.pth", tmp_path / "trace"
    content = {"state_dict": nearest_neighbour(), "extra": Bomb(trace)}
    if writer == "torch":
        torch.save(content, file)
    else:
        file.write_bytes(pickle.dumps(Bomb(trace)))
    with pytest.raises(ModelRefused, match=r"x\.pth is damaged or holds more than tensors"):
        load_model(file)
    assert not trace.exists()


@pytest.mark.parametrize("payload", [b"", b"no model", b"PK\x03\x04 no archive"])
def test_a_file_that_is_no_torch_file_is_refused(tmp_path, payload):
    (tmp_path / "x.pth").write_bytes(payload)
    with pytest.raises(ModelRefused, match="damaged or holds more than tensors"):
        load_model(tmp_path / "x.pth")


def test_a_truncated_torch_file_is_refused(tmp_path):
    file = save(tmp_path / "x.pth", nearest_neighbour())
    file.write_bytes(file.read_bytes()[:-500])
    with pytest.raises(ModelRefused, match="damaged or holds more than tensors"):
        load_model(file)


def other_network(*keys: str) -> dict[str, torch.Tensor]:
    return {key: torch.zeros(64, 3, 3, 3) for key in keys}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        # BasicSR's MSRResNet, which has no batch normalisation.
        (
            other_network("conv_first.weight", "body.0.conv1.weight"),
            "it has conv_first.weight, and an SRResNet",
        ),
        # The SRGAN of leftthomas, whose output is (tanh + 1) / 2.
        (other_network("block1.0.weight", "block8.2.weight"), "ends in a tanh, as block8.2.weight shows"),
        # The tutorial of sgrvinod.
        (other_network("net.conv_block3.conv_block.0.weight"), "ends in a tanh"),
        ({"conv1.0.weight": torch.zeros(4, 3, 9, 9)}, "lacks the first convolution or the blocks"),
        ([torch.zeros(1)], "no weights by name"),
        ({}, "no weights by name"),
        ({"head.0.weight": 3}, "'head.0.weight', which is no tensor"),
        ({"state_dict": {1: torch.zeros(1)}}, "1, which is no tensor"),
    ],
    ids=["MSRResNet", "tanh", "tutorial", "no blocks", "a list", "nothing", "a number", "a number as name"],
)
def test_another_network_is_refused_by_the_first_key_that_does_not_fit(tmp_path, content, reason):
    with pytest.raises(ModelRefused, match=reason):
        load_model(save(tmp_path / "x.pth", content))


@pytest.mark.parametrize("number", [99999999, BLOCKS + 1])
def test_blocks_that_are_not_numbered_one_after_the_other_are_refused_before_any_is_built(tmp_path, number):
    state = in_names_of("newer") | {f"trunk.{number}.rcb.0.weight": torch.zeros(CHANNELS, CHANNELS, 3, 3)}
    with pytest.raises(ModelRefused, match=rf"3 blocks are not numbered from 0 to 2, the last is {number}"):
        load_model(save(tmp_path / "x.pth", state))


def test_a_prelu_for_each_channel_is_refused(tmp_path):
    state = nearest_neighbour() | {"head.1.weight": torch.zeros(CHANNELS)}
    with pytest.raises(ModelRefused, match=r"head\.1\.weight has the shape \(5,\), and here it is \(1,\)"):
        load_model(save(tmp_path / "x.pth", state))


def test_a_bias_before_batch_normalisation_is_refused(tmp_path):
    state = nearest_neighbour() | {"end.0.bias": torch.zeros(CHANNELS)}
    with pytest.raises(ModelRefused, match=r"it also has end\.0\.bias"):
        load_model(save(tmp_path / "x.pth", state))


def test_a_lite_network_does_not_say_which_image_it_adds(tmp_path):
    state = Generator(GeneratorShape(blocks=1, channels=4, lite=True)).state_dict()
    with pytest.raises(ModelRefused, match="does not say which enlarged input it adds"):
        load_model(save(tmp_path / "x.pth", state))


def test_a_network_on_another_range_is_refused_though_it_fits(tmp_path):
    state = nearest_neighbour()
    state["tail.6.weight"] *= 2  # as one that was trained towards [-1, 1]
    state["tail.6.bias"] -= 1
    # By hand: 2x - 1 is |x - 1| from x, the mean of which over 0.1..0.9 is 0.5.
    with pytest.raises(ModelRefused, match=r"for a test picture is 0\.50 of the range from its input"):
        load_model(save(tmp_path / "x.pth", state))


def test_weights_that_are_no_numbers_are_refused(tmp_path):
    state = nearest_neighbour()
    state["tail.6.bias"] += float("nan")
    with pytest.raises(ModelRefused, match="is nan of the range"):
        load_model(save(tmp_path / "x.pth", state))
