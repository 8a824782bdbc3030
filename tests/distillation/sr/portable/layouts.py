"""A network whose output is known, with its weights under our names and under another program's."""

import torch

from distillation.sr.config import GeneratorShape
from distillation.sr.networks import Generator, seeded

BLOCKS, CHANNELS = 2, 5


def nearest_neighbour() -> dict[str, torch.Tensor]:
    """Weights, by our names, of a network that repeats every pixel 4 x 4, so that its output is known.

    Three channels carry red, green and blue through; the blocks and the end add nothing.
    """
    network = seeded(Generator, GeneratorShape(blocks=BLOCKS, channels=CHANNELS), seed=0)
    state = {name: torch.zeros_like(tensor) for name, tensor in network.state_dict().items()}
    for name in state:
        if name.endswith("running_var"):
            state[name] += 1
    for colour in range(3):
        state["head.0.weight"][colour, colour, 4, 4] = 1
        state["tail.6.weight"][colour, colour, 4, 4] = 1
        for stage in (0, 3):
            state[f"tail.{stage}.weight"][4 * colour : 4 * colour + 4, colour, 1, 1] = 1
    return state


def in_names_of(layout: str) -> dict[str, torch.Tensor]:
    """The same weights as SRGAN-PyTorch names them: written out, not derived."""
    stem = {"older": "conv_block", "newer": "conv"}[layout]
    ours = {f"{stem}1.0.weight": "head.0.weight", f"{stem}1.0.bias": "head.0.bias"}
    ours |= {f"{stem}1.1.weight": "head.1.weight", f"{stem}2.0.weight": "end.0.weight"}
    vectors = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    ours |= {f"{stem}2.1.{part}": f"end.1.{part}" for part in vectors}
    ours |= {f"{stem}3.weight": "tail.6.weight", f"{stem}3.bias": "tail.6.bias"}
    for block in range(BLOCKS):
        for layer, parts in enumerate((("weight",), vectors, ("weight",), ("weight",), vectors)):
            for part in parts:
                ours[f"trunk.{block}.rcb.{layer}.{part}"] = f"blocks.{block}.body.{layer}.{part}"
    for stage, place in ((0, 0), (1, 3)):
        theirs = f"upsampling.{stage}.upsample_block"
        ours |= {f"{theirs}.0.weight": f"tail.{place}.weight", f"{theirs}.0.bias": f"tail.{place}.bias"}
        ours |= {f"{theirs}.2.weight": f"tail.{place + 2}.weight"}
    state = nearest_neighbour()
    assert sorted(ours.values()) == sorted(state)
    return {theirs: state[name] for theirs, name in ours.items()}
