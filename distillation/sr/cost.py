"""What a network costs on paper: parameters, multiply-accumulates; and which costs are worth it."""

from collections.abc import Sequence

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from distillation.sr.config import SCALE

# Bicubic, down and then across: 4 taps for each of 4 rows, 4 for each of 4 x 4 pixels, in 3 colours.
BICUBIC_MACS_PER_LR_PIXEL = 3 * 4 * (SCALE + SCALE**2)


def parameters(network: nn.Module) -> int:
    """Number of learned values; the running averages of batch normalisation are not counted."""
    return sum(parameter.numel() for parameter in network.parameters())


def macs_per_lr_pixel(network: nn.Module, *, lr_px: int = 24) -> int:
    """Multiply-accumulates of all convolutions for one input pixel, measured on lr_px x lr_px.

    Source: torch.utils.flop_counter, which counts a multiply-accumulate as two operations.
    Worked example: SRGAN's generator takes 2,218,176; times 320 x 180 pixels, 127.8 G for 1280 x 720.
    """
    device = next(network.parameters()).device
    training = network.training
    network.eval()
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        network(torch.zeros(1, 3, lr_px, lr_px, device=device))
    network.train(training)
    return int(counter.get_total_flops()) // (2 * lr_px * lr_px)


def pareto_front(costs: Sequence[float], qualities: Sequence[float | None]) -> tuple[bool, ...]:
    """Which of several choices no other beats: none is as cheap and as good, and better in one of both.

    A quality of None or NaN is unknown, and such a choice neither beats nor is on the front. Equal ones are
    on it together.
    Worked example: costs 1, 2, 3, 4 and qualities 5, 7, 6, 8: the third costs more than the second and
    is worse, so the front is the first, the second and the fourth.
    Raises: ValueError if the two differ in length.
    """
    pairs = [
        (cost, quality) if quality is not None and quality == quality else None
        for cost, quality in zip(costs, qualities, strict=True)
    ]
    known = [pair for pair in pairs if pair is not None]
    return tuple(
        pair is not None
        and not any(other != pair and other[0] <= pair[0] and other[1] >= pair[1] for other in known)
        for pair in pairs
    )
