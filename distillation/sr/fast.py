"""The inference form of a generator: the same function, rearranged so that a CPU takes less time."""

import copy
from typing import Literal, cast

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from distillation.sr.config import SCALE
from distillation.sr.networks import Generator, ResidualBlock, tap_indices

Precision = Literal["fp32", "bf16"]

# The tail of SRGAN's shape is computed in bands of rows of about so many pixels of the input: 256 channels
# at twice the size are what an image needs most memory for.
BAND_PX = 128 * 128
# Input pixels around a band that its output depends on: 1 for the first sub-pixel stage, 1/2 for the
# second, 1 for the last convolution; 2.5, so 3.
BAND_REACH_PX = 3


class FastGenerator(nn.Module):
    """A generator for inference alone, x (N, 3, H, W) to (N, 3, 4H, 4W), both float32 in the domain [0, 1].

    Batch normalisation is folded into the convolutions before it. SRGAN's 9x9 convolution at full size is
    done before the last PixelShuffle instead, as 5x5 on four times the channels: its 3 outputs would
    leave most of a vector unit idle, 12 fill it. In float32 the output is the generator's to within
    rounding (1e-6); in bfloat16 up to 3 grey levels of 255 away. Input and skip stay float32 in both.
    """

    def __init__(self, generator: Generator, precision: Precision = "fp32") -> None:
        super().__init__()
        self.shape = generator.shape
        self.dtype = torch.bfloat16 if precision == "bf16" else torch.float32
        self.head = _folded(generator.head)
        self.blocks = nn.ModuleList(_folded(cast(ResidualBlock, block).body) for block in generator.blocks)
        self.end = _folded(generator.end)
        # The lite shape's last layer is its PixelShuffle, which comes after the input is added.
        self.tail = _folded(
            nn.Sequential(generator.tail[0]) if self.shape.lite else _rearranged(generator.tail)
        )
        for parameter in self.parameters():
            layout = torch.channels_last if parameter.ndim == 4 else torch.preserve_format
            parameter.data = parameter.data.to(self.dtype, memory_format=layout)
        self.skip = copy.deepcopy(generator.skip)
        self.eval().requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        return self.forward_with_features(x)[0]

    def forward_with_features(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        """The output, and the trunk's features at the generator's own taps, in this form's precision."""
        outputs = []
        head = features = self.head(x.to(self.dtype, memory_format=torch.channels_last))
        for block in self.blocks:
            features = features + block(features)
            outputs.append(features)
        y = self._enlarge(cast(Tensor, head + self.end(features)), x)
        return y, [outputs[index] for index in tap_indices(self.shape.blocks)]

    def _enlarge(self, features: Tensor, x: Tensor) -> Tensor:
        if not self.shape.lite:
            y = self._tail_in_bands(features)
            return y if self.skip is None else y + cast(Tensor, self.skip(x))
        subpixels = self.tail(features).float()
        if self.skip is not None:
            return functional.pixel_shuffle(subpixels, SCALE) + cast(Tensor, self.skip(x))
        # The nearest-enlarged input, added before the shuffle: each value goes to all of its 16 subpixels.
        return functional.pixel_shuffle(subpixels + x.repeat_interleave(SCALE**2, dim=1), SCALE)

    def _tail_in_bands(self, features: Tensor) -> Tensor:
        height, width = features.shape[-2:]
        rows = max(BAND_PX // width, 4 * BAND_REACH_PX)
        bands = []
        for top in range(0, height, rows):
            bottom, first = min(top + rows, height), max(0, top - BAND_REACH_PX)
            band = self.tail(features[..., first : bottom + BAND_REACH_PX, :])
            bands.append(band[..., (top - first) * SCALE : (bottom - first) * SCALE, :])
        return torch.cat(bands, dim=-2).float()


def prepare(generator: Generator, *, precision: Precision = "fp32") -> FastGenerator:
    """The inference form of a generator, whose own weights are left as they are.

    Raises: ValueError if the precision is neither `fp32` nor `bf16`.
    """
    if precision not in ("fp32", "bf16"):
        raise ValueError(f"The precision is 'fp32' or 'bf16', not {precision!r}.")
    with torch.inference_mode(False), torch.no_grad():
        return FastGenerator(generator, precision)


def _folded(layers: nn.Sequential) -> nn.Sequential:
    """Copies of the layers, each batch normalisation folded into the convolution before it."""
    folded: list[nn.Module] = []
    for layer in copy.deepcopy(layers).eval():
        if isinstance(layer, nn.BatchNorm2d):
            folded.append(fuse_conv_bn_eval(cast(nn.Conv2d, folded.pop()), layer))
        else:
            folded.append(layer)
    return nn.Sequential(*folded)


def _rearranged(tail: nn.Sequential) -> nn.Sequential:
    """SRGAN's tail with its last convolution before the last PixelShuffle.

    A PReLU of one slope does the same to a value wherever that stands, so it may come before, too.
    """
    *stages, shuffle, prelu, last = tail
    early = before_shuffle(cast(nn.Conv2d, last), cast(nn.PixelShuffle, shuffle).upscale_factor)
    return nn.Sequential(*stages, prelu, early, shuffle)


def before_shuffle(convolution: nn.Conv2d, factor: int) -> nn.Conv2d:
    """The convolution that gives, ahead of PixelShuffle(factor), what this one gives behind it.

    Worked example, 9x9 and factor 2: the output at an even place reads places -4..4 around it, which lie
    in the pairs -2..2; at an odd one -4..4 lie in -2..2 of its own pair as well. So 5x5, zero where a
    pair's half is out of reach, from 4 times the channels to 4 times the channels.
    """
    outputs, inputs, side, _ = convolution.weight.shape
    reach = side // 2
    pairs = -(-reach // factor)
    weight = convolution.weight.new_zeros(
        outputs, factor, factor, inputs, factor, factor, 2 * pairs + 1, 2 * pairs + 1
    )
    for row, column in ((a, b) for a in range(factor) for b in range(factor)):
        for down, across in ((a, b) for a in range(side) for b in range(side)):
            pair_down, half_down = divmod(row + down - reach, factor)
            pair_across, half_across = divmod(column + across - reach, factor)
            weight[:, row, column, :, half_down, half_across, pair_down + pairs, pair_across + pairs] = (
                convolution.weight[:, :, down, across]
            )
    many = factor**2
    early = nn.Conv2d(inputs * many, outputs * many, 2 * pairs + 1, padding=pairs)
    early.weight.copy_(weight.reshape(early.weight.shape))
    if convolution.bias is not None and early.bias is not None:
        early.bias.copy_(convolution.bias.repeat_interleave(many))
    return early
