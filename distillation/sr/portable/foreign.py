"""Weights from elsewhere: a `.pth` of an SRResNet, read without unpickling and mapped onto our generator."""

import io
import pickle
import re
import struct
import warnings
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from distillation.sr.config import SCALE, GeneratorShape
from distillation.sr.networks import Generator, seeded
from distillation.sr.portable.cards import Card, ModelRefused
from distillation.sr.portable.weights import fill

# Where training programs keep the weights beside other things, the averaged ones first.
_WRAPPERS = ("params_ema", "ema_state_dict", "params", "state_dict", "model_state_dict", "generator", "model")
_PREFIXES = ("module.", "generator.")

# Beginnings of keys, and ours for them. What follows is numbered alike everywhere: a convolution, then its
# batch normalisation or its PReLU, in an nn.Sequential. Besides our own names, those of the SRGAN-PyTorch
# of the Apache licence, older (conv_block1) and newer (conv1).
_NAMES = (
    (r"(head|end|tail|blocks\.\d+\.body)\.", r"\1."),
    (r"conv(?:_block)?1\.", "head."),
    (r"trunk\.(\d+)\.rcb\.", r"blocks.\1.body."),
    (r"conv(?:_block)?2\.", "end."),
    (r"upsampling\.0\.upsample_block\.", "tail."),
    (r"upsampling\.1\.upsample_block\.0\.", "tail.3."),
    (r"upsampling\.1\.upsample_block\.2\.", "tail.5."),
    (r"conv(?:_block)?3\.(?=weight|bias)", "tail.6."),
)
# The same layers with a tanh behind them, and images in another range: no weights file tells of either.
_WITH_TANH = re.compile(r"block8\.|conv3\.0\.|(net\.)?conv_block3\.conv_block\.")
_LARGEST_SHIFT = 0.1
# What torch.load raises for a file that is no archive of tensors, whole or at all.
_UNREADABLE = (
    *(pickle.UnpicklingError, EOFError, OSError, RuntimeError, AssertionError),
    *(ValueError, LookupError, AttributeError, TypeError, ArithmeticError, struct.error),
)


def read_model(path: Path) -> tuple[Generator, Card]:
    """The generator in another program's file, in float32 and eval mode, and a card that says as much.

    SRGAN's own shape in any number of blocks and channels, on images in [0, 1]; our own names too, unless
    the network adds an enlarged input, which a file of plain weights does not say.
    Raises: ModelRefused if reading would need unpickling, naming the first key that does not fit, or if
    the network does not enlarge a test picture.
    """
    tensors = _tensors(_read(path), path.name)
    for key in tensors:
        if _WITH_TANH.match(key):
            raise ModelRefused(
                f"{path.name} ends in a tanh, as {key} shows, and on another range than [0, 1]: "
                "such a network cannot be mapped onto this one."
            )
    named = {_our_name(key, path.name): tensor for key, tensor in tensors.items()}
    network = seeded(Generator, _shape(named, path.name), seed=0)
    fill(network, named, name=path.name)
    _refuse_unlike_input(network.eval(), path.name)
    return network, {
        "name": path.name,
        "origin": "another program's weights; what they were trained on is unknown",
    }


def _read(path: Path) -> object:
    payload = io.BytesIO(path.read_bytes())
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of old files' storage types
            return torch.load(payload, map_location="cpu", weights_only=True)
    except _UNREADABLE as error:
        raise ModelRefused(
            f"{path.name} is damaged or holds more than tensors, and to unpickle it could run anything: "
            "save its state_dict() alone with torch.save."
        ) from error


def _tensors(content: object, name: str) -> Mapping[str, Tensor]:
    """The state dict in a file's content, out of its wrapper and without its prefixes."""
    while isinstance(content, Mapping):
        inner = next((content[key] for key in _WRAPPERS if isinstance(content.get(key), Mapping)), None)
        if inner is None:
            break
        content = inner
    if not isinstance(content, Mapping) or not content:
        raise ModelRefused(f"{name} holds no weights by name, as state_dict() gives them.")
    for key, value in content.items():
        if not isinstance(key, str) or not isinstance(value, Tensor):
            raise ModelRefused(f"{name} holds {key!r}, which is no tensor, among its weights.")
    for prefix in _PREFIXES:
        if all(key.startswith(prefix) for key in content):
            content = {key.removeprefix(prefix): value for key, value in content.items()}
    return content


def _our_name(key: str, name: str) -> str:
    for pattern, ours in _NAMES:
        renamed, found = re.subn(f"^{pattern}", ours, key)
        if found:
            return renamed
    raise ModelRefused(f"{name} is another network's: it has {key}, and an SRResNet does not.")


def _shape(tensors: Mapping[str, Tensor], name: str) -> GeneratorShape:
    head = tensors.get("head.0.weight")
    numbers = {int(key.split(".")[1]) for key in tensors if key.startswith("blocks.")}
    if head is None or head.ndim != 4 or not numbers:
        raise ModelRefused(f"{name} is another network's: it lacks the first convolution or the blocks.")
    if head.shape[2] == 3:
        raise ModelRefused(
            f"{name} is a lite network, and does not say which enlarged input it adds: "
            "take the .safetensors that export_model writes."
        )
    blocks = len(numbers)
    if numbers != set(range(blocks)):  # before anything is built: a number may be any
        raise ModelRefused(
            f"{name} is another network's: its {blocks} blocks are not numbered from 0 to {blocks - 1}, "
            f"the last is {max(numbers)}."
        )
    return GeneratorShape(blocks=blocks, channels=head.shape[0])


def _refuse_unlike_input(network: Generator, name: str) -> None:
    """Refuse a network that fits and yet does not enlarge: its images have another range, or it adds them."""
    ramp = torch.linspace(0.1, 0.9, 32)
    x = torch.stack((ramp.expand(32, 32), ramp[:, None].expand(32, 32), 1 - ramp.expand(32, 32)))[None]
    with torch.inference_mode():
        shift = float((functional.avg_pool2d(network(x), SCALE) - x).abs().mean())
    if not shift < _LARGEST_SHIFT:
        raise ModelRefused(
            f"{name} fits, but its output for a test picture is {shift:.2f} of the range from its input: "
            "it is untrained, was trained on another range than [0, 1], or adds the enlarged input."
        )
