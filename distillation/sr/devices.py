"""Where a run computes, and in which precision."""

import torch

from distillation.sr import distributed
from distillation.sr.config import Options


def resolve_device(options: Options) -> torch.device:
    """The device that the options name, or the best there is; ValueError if it is not there."""
    available = torch.cuda.is_available()
    if options.device == "cuda" and not available:
        raise ValueError("The device is 'cuda', and this machine offers none; use 'cpu' or 'auto'.")
    if available and options.device != "cpu":
        return torch.device("cuda", distributed.local_rank())
    return torch.device("cpu")


def uses_bfloat16(options: Options, device: torch.device) -> bool:
    """Whether to train under bfloat16 autocast.

    On a CPU it pays for networks of SRGAN's width where the processor has the instructions; the lite
    networks spend their time elsewhere.
    """
    if options.precision != "auto":
        return options.precision == "bf16"
    if device.type == "cuda":
        return True
    wide = not options.teacher.lite and options.teacher.channels >= 32
    return wide and torch.cpu._is_avx512_bf16_supported()
