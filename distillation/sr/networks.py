"""The generator in SRGAN's shape and in its lite one, the discriminator, and the adaptors between them."""

import math
from collections.abc import Callable
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from distillation.sr.config import SCALE, DiscriminatorShape, GeneratorShape
from distillation.sr.images import cubic

# Trunk features are compared after a third, two thirds and all of the blocks.
TAPS = 3

Network = TypeVar("Network", bound=nn.Module)


class ResidualBlock(nn.Module):
    """conv 3, BN, PReLU, conv 3, BN, plus the input."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            nn.PReLU(),
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = x + self.body(x)
        return out


class BicubicUpsample(nn.Module):
    """MATLAB's bicubic by 4 as one fixed convolution: `images.upscale_bicubic` without its rounding.

    `torch.nn.functional.interpolate` uses another kernel (a = -0.75) or another edge. Needs 2 px a side.
    """

    def __init__(self) -> None:
        super().__init__()
        offsets = (np.arange(SCALE) + 0.5) / SCALE - 0.5
        rows = cubic(offsets[:, None] - np.arange(-2, 3))
        kernel = np.einsum("ai,bj->abij", rows, rows).reshape(SCALE**2, 1, 5, 5)
        self.kernel: Tensor
        self.register_buffer("kernel", torch.from_numpy(kernel).float().repeat(3, 1, 1, 1), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.cat((x[..., :2].flip(-1), x, x[..., -2:].flip(-1)), dim=-1)
        x = torch.cat((x[..., :2, :].flip(-2), x, x[..., -2:, :].flip(-2)), dim=-2)
        return functional.pixel_shuffle(functional.conv2d(x, self.kernel, groups=3), SCALE)


class Generator(nn.Module):
    """SRResNet, x (N, 3, H, W) to (N, 3, 4H, 4W), both in the domain [0, 1].

    The output is not clamped: a clamp here would kill the gradient of most outputs at the start, so
    clamp for saving and metrics only. Without `lite` the shape is SRGAN's: 9x9 head and tail, two
    sub-pixel stages; with it a 3x3 head and one convolution to 48 channels, shuffled, plus the input
    enlarged. `global_skip` adds the bicubic image instead of the nearest one (or of none).
    Source: Ledig et al., CVPR 2017, section 2.1; the lite form is ours.
    """

    def __init__(self, shape: GeneratorShape) -> None:
        super().__init__()
        self.shape = shape
        width = shape.channels
        head_px = 3 if shape.lite else 9
        self.head = nn.Sequential(nn.Conv2d(3, width, head_px, padding=head_px // 2), nn.PReLU())
        self.blocks = nn.ModuleList(ResidualBlock(width) for _ in range(shape.blocks))
        self.end = nn.Sequential(nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width))
        self.tail = _lite_tail(width) if shape.lite else _srgan_tail(width)
        self.skip = BicubicUpsample() if shape.global_skip else None
        if shape.lite or shape.global_skip:
            # What is added to the enlarged input starts small, so training starts near that image.
            last = self.tail[0 if shape.lite else -1]
            with torch.no_grad():
                for parameter in last.parameters():
                    parameter.mul_(0.1)

    def forward(self, x: Tensor) -> Tensor:
        return self.forward_with_features(x)[0]

    def forward_with_features(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        """The output and the trunk's features after a third, two thirds and all of the blocks."""
        outputs = []
        head = features = self.head(x)
        for block in self.blocks:
            features = block(features)
            outputs.append(features)
        y = self.tail(head + self.end(features)).to(x.dtype) + self._enlarged(x)
        return y, [outputs[index] for index in tap_indices(self.shape.blocks)]

    def _enlarged(self, x: Tensor) -> Tensor | float:
        if self.skip is not None:
            # bfloat16 has 8 bits of precision: too few for the image itself.
            with torch.autocast(x.device.type, enabled=False):
                enlarged: Tensor = self.skip(x)
                return enlarged
        if self.shape.lite:
            return functional.interpolate(x, scale_factor=SCALE, mode="nearest")
        return 0.0


def _lite_tail(width: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(width, 3 * SCALE**2, 3, padding=1), nn.PixelShuffle(SCALE))


def _srgan_tail(width: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for _ in range(2):
        layers += [nn.Conv2d(width, 4 * width, 3, padding=1), nn.PixelShuffle(2), nn.PReLU()]
    return nn.Sequential(*layers, nn.Conv2d(width, 3, 9, padding=4))


def tap_indices(blocks: int) -> tuple[int, ...]:
    """Block whose output is the k-th tap: ceil(blocks * k / 3) - 1, so 2, 5 and 7 of eight."""
    return tuple(math.ceil(blocks * k / TAPS) - 1 for k in range(1, TAPS + 1))


def receptive_field_px(shape: GeneratorShape) -> int:
    """Input pixels on each side that an output pixel depends on: the padding that makes tiling exact.

    Worked example, 16 blocks: head 4, blocks 32, end 1, sub-pixel stages 1 and 1/2 (at double size),
    tail 4 px at four times the size = 1; 39.5, so 40.
    """
    trunk = 2 * shape.blocks + 1
    reach = 1 + trunk + 1.0 if shape.lite else 4 + trunk + 1 + 1 / 2 + 4 / SCALE
    return max(math.ceil(reach), 2)


class Discriminator(nn.Module):
    """SRGAN's discriminator: (N, 3, P, P) in [0, 1] to logits (N, 1), above 0 for a real photograph.

    Eight 3x3 convolutions, every second with stride 2, batch normalisation but in the first, leaky
    ReLU 0.2, then two dense layers, which fix the patch size P.
    Raises: ValueError if `patch_px` is not a multiple of 16.
    Source: Ledig et al., CVPR 2017, figure 4.
    """

    def __init__(self, shape: DiscriminatorShape, patch_px: int) -> None:
        super().__init__()
        if patch_px < 16 or patch_px % 16:
            raise ValueError(f"The discriminator takes patches of a multiple of 16 px, not {patch_px}.")
        self.shape = shape
        self.stages = nn.ModuleList()
        before = 3
        for depth in range(4):
            width = shape.channels * 2**depth
            self.stages.append(_discriminator_stage(before, width, first=depth == 0))
            before = width
        side = patch_px // 16
        self.dense = nn.Sequential(
            nn.Flatten(),
            nn.Linear(before * side * side, shape.dense),
            nn.LeakyReLU(0.2),
            nn.Linear(shape.dense, 1),
        )

    def forward(self, y: Tensor) -> Tensor:
        return self.forward_with_features(y)[0]

    def forward_with_features(self, y: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Logits, and the outputs of the four stride-2 layers."""
        features = []
        y = y * 2 - 1
        for stage in self.stages:
            y = stage(y)
            features.append(y)
        return self.dense(y), features


def _discriminator_stage(before: int, width: int, *, first: bool) -> nn.Sequential:
    layers: list[nn.Module] = [nn.Conv2d(before, width, 3, padding=1, bias=first)]
    if not first:
        layers.append(nn.BatchNorm2d(width))
    layers += [
        nn.LeakyReLU(0.2),
        nn.Conv2d(width, width, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(width),
        nn.LeakyReLU(0.2),
    ]
    return nn.Sequential(*layers)


def discriminator_widths(shape: DiscriminatorShape) -> tuple[int, ...]:
    """Channels of the four stride-2 layers."""
    return tuple(shape.channels * 2**depth for depth in range(4))


class Adaptors(nn.Module):
    """Learned 1x1 convolutions that carry a student's features to the teacher's widths."""

    def __init__(self, widths: tuple[int, ...], target_widths: tuple[int, ...]) -> None:
        super().__init__()
        pairs = zip(widths, target_widths, strict=True)
        self.layers = nn.ModuleList(nn.Conv2d(before, after, 1) for before, after in pairs)

    def forward(self, features: list[Tensor]) -> list[Tensor]:
        return [layer(feature) for layer, feature in zip(self.layers, features, strict=True)]


class AdaptedGenerator(nn.Module):
    """A generator and its adaptors as one call, over which gradients are averaged."""

    def __init__(self, generator: Generator, adaptors: Adaptors | None) -> None:
        super().__init__()
        self.generator, self.adaptors = generator, adaptors

    def forward(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        """The output, and the trunk's features at the teacher's widths if there are adaptors."""
        s, taps = self.generator.forward_with_features(x)
        return s, taps if self.adaptors is None else self.adaptors(taps)


class AdaptedDiscriminator(nn.Module):
    """A discriminator before real and made images as one call, over which gradients are averaged."""

    def __init__(self, discriminator: Discriminator, adaptors: Adaptors | None) -> None:
        super().__init__()
        self.discriminator, self.adaptors = discriminator, adaptors

    def forward(self, y: Tensor, s: Tensor) -> tuple[tuple[Tensor, list[Tensor]], ...]:
        """Logits, and features at the teacher's widths if there are adaptors, of y and of s."""
        seen = (self.discriminator.forward_with_features(image) for image in (y, s))
        if self.adaptors is None:
            return tuple(seen)
        return tuple((logits, self.adaptors(features)) for logits, features in seen)


def seeded(make: Callable[..., Network], *arguments: object, seed: int) -> Network:
    """Make a network from an explicit seed; torch's own initialisers know only the global generator."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return make(*arguments)
