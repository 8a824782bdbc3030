"""The loss terms of the recipes, each a small pure function; x, y and outputs lie in [0, 1].

SRGAN (Ledig et al., CVPR 2017) gives the content and adversarial terms; the transfer terms follow the
distillation literature in definitions of our own.
"""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from distillation.sr import distributed

# A feature map that never varies must not divide by zero.
_LEAST_VARIANCE = 1e-6


def pixel(s: Tensor, y: Tensor, *, kind: Literal["l1", "mse4"]) -> Tensor:
    """`pix`: mean absolute difference, or 4 times the mean squared one: SRGAN's MSE on [-1, 1]."""
    if kind == "l1":
        return (s - y).abs().mean()
    return 4 * (s - y).square().mean()


# SRGAN divides the features by 12.75, which brings this loss to the size of a pixel loss.
_VGG_RESCALE = 1 / 12.75**2


def content(s_features: Tensor, y_features: Tensor) -> Tensor:
    """`vgg`: mean squared difference of VGG19's relu5_4 features of s and y, times 1 / 12.75^2 = 0.00615.

    Source: Ledig et al., CVPR 2017, sections 2.2.1 and 3.2.
    """
    return _VGG_RESCALE * (s_features.float() - y_features.float()).square().mean()


def output(s: Tensor, t: Tensor) -> Tensor:
    """`out`: mean absolute difference of the student's and the teacher's image."""
    return (s - t).abs().mean()


def normalised(features: Tensor, target: Tensor) -> Tensor:
    """Mean squared difference over the target's variance: 1.0 explains nothing, 0 everything."""
    target = target.float()
    variance = distributed.variance(target).clamp_min(_LEAST_VARIANCE)
    return (features.float() - target).square().mean() / variance


def feature(features: Sequence[Tensor], targets: Sequence[Tensor]) -> Tensor:
    """`feat`, `dfeat` and each half of `dkd`: `normalised`, averaged over layers."""
    pairs = zip(features, targets, strict=True)
    return torch.stack([normalised(ours, theirs) for ours, theirs in pairs]).mean()


def adversarial(fake_logits: Tensor) -> Tensor:
    """`adv` and `dcritic`: softplus(-D(s)), the non-saturating loss of a generator."""
    return functional.softplus(-fake_logits.float()).mean()


def discriminator(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """softplus(-D(y)) + softplus(D(s)): 2 ln 2 = 1.386 for one that cannot tell."""
    return functional.softplus(-real_logits.float()).mean() + functional.softplus(fake_logits.float()).mean()
