"""Loads a model from a file of any kind that `export_model` writes, or from another program's `.pth`."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from distillation.sr.config import GeneratorShape
from distillation.sr.networks import Generator, receptive_field_px
from distillation.sr.portable import foreign, onnx_files, weights
from distillation.sr.portable.cards import Card, ModelRefused

Kind = Literal["safetensors", "onnx", "onnx-int8", "pth"]
Planes = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A generator ready for inference, whichever program runs it.

    `run` takes (1, 3, H, W) float32 in [0, 1], 2 px a side or more, and gives (1, 3, 4H, 4W) float32, not
    clamped. `network` is None where onnxruntime runs the model. `threads` is what `run` computes on.
    """

    path: Path
    kind: Kind
    shape: GeneratorShape
    network: Generator | None
    run: Callable[[Planes], Planes]
    card: Card
    threads: int

    @property
    def reach_px(self) -> int:
        """Input pixels around a tile that its output depends on."""
        return receptive_field_px(self.shape)


def load_model(path: Path, *, threads: int | None = None) -> Model:
    """Read a `.safetensors`, `.onnx`, `.pth` or `.pt` file; nothing in it is ever executed.

    `threads` is for onnxruntime, and for torch too where a number is given; None takes torch's number.
    Raises: ModelRefused in one sentence if the file is missing, damaged, changed or another network's.
    """
    path = Path(path)
    if path.is_dir():
        raise ModelRefused(f"{str(path)!r} is a folder and not a model file.")
    if not path.is_file():
        raise ModelRefused(f"There is no model file {str(path)!r}.")
    if threads is not None and threads < 1:
        raise ModelRefused(f"A model runs on 1 thread or more, not on {threads}.")
    ending = path.suffix.lower()
    if ending == ".onnx":
        count = threads or torch.get_num_threads()
        shape, card, run = onnx_files.read_model(path, threads=count)
        kind: Kind = "onnx-int8" if card.get("int8") else "onnx"
        return Model(path=path, kind=kind, shape=shape, network=None, run=run, card=card, threads=count)
    if ending == ".safetensors":
        network, card = weights.read_model(path)
        kind = "safetensors"
    elif ending in (".pth", ".pt"):
        network, card = foreign.read_model(path)
        kind = "pth"
    else:
        raise ModelRefused(f"{path.name} ends in {ending!r}: a model is .safetensors, .onnx, .pth or .pt.")
    if threads is not None:
        torch.set_num_threads(threads)
    return Model(
        path=path,
        kind=kind,
        shape=network.shape,
        network=network,
        run=run_of(network),
        card=card,
        threads=torch.get_num_threads(),
    )


def run_of(network: Generator) -> Callable[[Planes], Planes]:
    """The network as a function of arrays, computed by torch on the CPU in float32."""

    def run(x: Planes) -> Planes:
        with torch.inference_mode():
            return np.asarray(network(torch.from_numpy(x)).numpy(), dtype=np.float32)

    return run
