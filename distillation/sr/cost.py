"""What a network costs: parameters, and multiply-accumulates per low-resolution pixel."""

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode


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
