"""VGG19's features up to relu5_4, from a weights file that the user gives: SRGAN's content loss.

The network is defined here from its published configuration, so that no image library has to be installed
for it; only the weights come from outside.
"""

import functools
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

# Simonyan and Zisserman, ICLR 2015, table 1, configuration E: channels of every 3x3 convolution over the
# first one's, and 0 for a 2x2 max-pooling. The last pooling is left out: relu5_4 comes before it.
_CONFIGURATION = (1, 1, 0, 2, 2, 0, 4, 4, 4, 4, 0, 8, 8, 8, 8, 0, 8, 8, 8, 8)
WIDTH = 64

# Mean and standard deviation of ImageNet's red, green and blue, for which the weights were trained.
_MEAN = (0.485, 0.456, 0.406)
_DEVIATION = (0.229, 0.224, 0.225)

_PICKLED = frozenset({".pth", ".pt"})
_MAKES = "give the standard VGG19 weights, as .safetensors or .pth"


class Vgg(nn.Module):
    """VGG19 up to relu5_4, the last convolution's output after its ReLU: layer 35 of `features`.

    y (N, 3, H, W) in [0, 1] to (N, 512, H/16, W/16). Frozen and in eval mode from the start.
    Source: SRGAN's phi_5,4, "the feature map obtained by the 4th convolution (after activation) before
    the 5th max-pooling layer" (Ledig et al., CVPR 2017, section 2.2.1).
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 3
        for factor in _CONFIGURATION:
            if factor == 0:
                layers.append(nn.MaxPool2d(2))
                continue
            layers += [nn.Conv2d(before, factor * width, 3, padding=1), nn.ReLU()]
            before = factor * width
        self.features = nn.Sequential(*layers)
        self.mean: Tensor
        self.deviation: Tensor
        self.register_buffer("mean", torch.tensor(_MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("deviation", torch.tensor(_DEVIATION).view(1, 3, 1, 1), persistent=False)
        self.requires_grad_(False).eval()

    def forward(self, y: Tensor) -> Tensor:
        features: Tensor = self.features((y - self.mean) / self.deviation)
        return features


def file_sha256(file: Path) -> str:
    """SHA-256 of a file's bytes; ValueError if it cannot be read."""
    try:
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise ValueError(f"The VGG weights in {file} cannot be read: {error.strerror}.") from error


# The stages of one process share a network: reading half a gigabyte once is enough.
@functools.lru_cache(maxsize=1)
def load_vgg(file: Path, *, sha256: str) -> Vgg:
    """The network with a file's weights: `features.N.weight` as torchvision names them, or bare `N.weight`.

    A whole VGG19 is taken without its classifier. Nothing is ever unpickled but tensors.
    Raises: ValueError if the file cannot be read, is not the one of this SHA-256, or does not hold
    exactly these weights, finite and in these shapes; the sentence names the first that is wrong.
    """
    found = file_sha256(file)
    if found != sha256:
        raise ValueError(
            f"The VGG weights in {file} are not those of this run: their SHA-256 is {found[:12]}…, and "
            f"{sha256[:12]}… is expected."
        )
    network = Vgg(WIDTH)
    tensors = _own_names(_read(file), file)
    _refuse_other_weights(tensors, network.state_dict(), file)
    network.load_state_dict({name: tensor.float() for name, tensor in tensors.items()})
    return network


def _read(file: Path) -> Mapping[Any, Any]:
    """What the file holds by name; only tensors and plain containers are ever made of it."""
    suffix = file.suffix.lower()
    if suffix == ".safetensors":
        try:
            return safetensors.torch.load_file(file)
        except (safetensors.SafetensorError, OSError) as error:
            raise ValueError(f"{file} is no safetensors file: {_MAKES}.") from error
    if suffix not in _PICKLED:
        raise ValueError(f"{file} is neither .safetensors nor .pth: {_MAKES}.")
    try:
        read = torch.load(file, map_location="cpu", weights_only=True)
    # torch reads until something makes no sense, and what it raises then depends on where it was.
    except Exception as error:
        raise ValueError(
            f"{file} is damaged or holds more than tensors, which is never unpickled: {_MAKES}."
        ) from error
    if not isinstance(read, Mapping):
        raise ValueError(f"{file} holds a {type(read).__name__} and no weights by name: {_MAKES}.")
    return read


def _own_names(read: Mapping[Any, Any], file: Path) -> dict[str, Tensor]:
    """The tensors under this network's names."""
    whole = any(str(name).startswith("features.") for name in read)
    tensors = {}
    for name, tensor in read.items():
        if whole and str(name).startswith("classifier."):
            continue
        if not isinstance(tensor, Tensor):
            raise ValueError(f"{file} holds {name!r}, which is no tensor: {_MAKES}.")
        tensors[str(name) if whole else f"features.{name}"] = tensor
    return tensors


def _refuse_other_weights(tensors: Mapping[str, Tensor], wanted: Mapping[str, Tensor], file: Path) -> None:
    for name, own in wanted.items():
        tensor = tensors.get(name)
        if tensor is None:
            raise ValueError(f"{file} lacks {name}: {_MAKES}.")
        if tensor.shape != own.shape:
            raise ValueError(
                f"{file} holds {name} of {_shape(tensor)}, and VGG19's is of {_shape(own)}: {_MAKES}."
            )
        if not tensor.is_floating_point():
            raise ValueError(f"{file} holds {name} as {tensor.dtype}, which are no weights: {_MAKES}.")
        if not bool(torch.isfinite(tensor.float()).all()):
            raise ValueError(f"{file} holds {name} with values that are not finite: {_MAKES}.")
    for name in tensors:
        if name not in wanted:
            raise ValueError(f"{file} holds {name}, which VGG19 does not have: {_MAKES}.")


def _shape(tensor: Tensor) -> str:
    return " × ".join(str(length) for length in tensor.shape) or "no length"
