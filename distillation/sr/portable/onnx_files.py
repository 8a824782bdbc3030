"""Generators as ONNX: exported for images of any size, checked against torch, read back with their card."""

import hashlib
import logging
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from distillation.sr.config import GeneratorShape
from distillation.sr.images import Pixels
from distillation.sr.networks import Generator
from distillation.sr.portable import cards
from distillation.sr.portable.cards import Card, ModelRefused

# onnx, onnxscript and onnxruntime take seconds to load: only where a file is written or read.
if TYPE_CHECKING:
    from onnx import ModelProto

Planes = NDArray[np.float32]

# What torch's exporter writes without converting. onnxruntime 1.18 (2024) and later read such files.
OPSET = 18
INPUT, OUTPUT = "lr", "sr"
LARGEST_DIFFERENCE = 1e-4
SMALLEST_PX = 2
# What onnxruntime says when memory runs out: of its arena, and of C++.
_EXHAUSTED = ("Failed to allocate memory", "bad_alloc", "bad allocation")


def export(network: Generator) -> "ModelProto":
    """The network as an ONNX graph, batch normalisation folded into the convolutions.

    Input `lr` (N, 3, H, W) float32 in [0, 1] with N, H and W free (H and W from 2 up), output `sr`
    (N, 3, 4H, 4W), not clamped. Nothing in the graph names this machine, so it is the same everywhere.
    """
    batch = torch.export.Dim("batch", min=1)
    height, width = (torch.export.Dim(name, min=SMALLEST_PX) for name in ("height", "width"))
    with _quiet_exporter():
        program = torch.onnx.export(
            network.eval(),
            (torch.zeros(2, 3, 24, 20),),  # no side twice, and none 1: torch would take it as fixed
            dynamo=True,
            opset_version=OPSET,
            dynamic_shapes=({0: batch, 2: height, 3: width},),
            input_names=[INPUT],
            output_names=[OUTPUT],
            external_data=False,
            verbose=False,
        )
    if program is None:
        raise ValueError("torch.onnx.export gave no program.")
    model = program.model_proto
    _strip(model)
    return model


@contextmanager
def _quiet_exporter() -> Iterator[None]:
    """Without two things that torch says of itself: no torchvision, and a deprecated call of its own."""
    logger = logging.getLogger("torch.onnx._internal.exporter._registration")

    def other(record: logging.LogRecord) -> bool:
        return "torchvision is not installed" not in record.getMessage()

    logger.addFilter(other)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=r".*LeafSpec.* is deprecated", category=FutureWarning)
            yield
    finally:
        logger.removeFilter(other)


def _strip(model: "ModelProto") -> None:
    """Take out what the exporter notes beside the network: source lines, with their paths."""
    model.ClearField("metadata_props")
    graph = model.graph
    graph.ClearField("metadata_props")
    for part in (*graph.node, *graph.input, *graph.output, *graph.value_info, *graph.initializer):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")


def opset_of(model: "ModelProto") -> int:
    """The version of ONNX's own operators that a graph uses."""
    return next(int(entry.version) for entry in model.opset_import if entry.domain in ("", "ai.onnx"))


def to_bytes(model: "ModelProto", generator: Generator, card: Card) -> tuple[bytes, Card]:
    """The file's content, one piece, with the card in its metadata, and the card as written.

    Added to the card are `format`, `shape`, `parameters`, `reach_px`, `opset` and `onnx_sha256`.
    """
    bare = _without_metadata(model)
    full_card = {
        **card,
        **cards.facts_of(generator),
        "opset": opset_of(model),
        "onnx_sha256": _digest(bare),
    }
    bare.metadata_props.add(key=cards.KEY, value=cards.seal(full_card))
    return bare.SerializeToString(deterministic=True), full_card


def _without_metadata(model: "ModelProto") -> "ModelProto":
    bare = type(model)()
    bare.CopyFrom(model)
    bare.ClearField("metadata_props")
    return bare


def _digest(bare: "ModelProto") -> str:
    return hashlib.sha256(bare.SerializeToString(deterministic=True)).hexdigest()


def read_model(path: Path, *, threads: int) -> tuple[GeneratorShape, Card, Callable[[Planes], Planes]]:
    """The shape and the card of an ONNX file, and its network as a function of arrays.

    Raises: ModelRefused if the file is damaged, without a card, or was changed after it was written.
    """
    import onnx
    from google.protobuf.message import DecodeError

    payload = path.read_bytes()
    try:
        model = onnx.load_model_from_string(payload)
    except DecodeError as error:
        raise ModelRefused(f"{path.name} is no whole ONNX file.") from error
    if not model.HasField("graph"):  # nothing at all is a message, too
        raise ModelRefused(f"{path.name} is no whole ONNX file.")
    texts = {entry.key: entry.value for entry in model.metadata_props}
    if cards.KEY not in texts:
        raise ModelRefused(f"{path.name} has no model card: export_model did not write it.")
    card = cards.unseal(texts[cards.KEY], name=path.name)
    if _digest(_without_metadata(model)) != card.get("onnx_sha256"):
        raise ModelRefused(
            f"{path.name} was changed after it was written: the SHA-256 of its network differs."
        )
    return cards.shape_of(card, name=path.name), card, run_of(payload, threads=threads, name=path.name)


def run_of(payload: bytes, *, threads: int, name: str = "The file") -> Callable[[Planes], Planes]:
    """The network of an ONNX file as a function of arrays, by onnxruntime on so many threads of the CPU.

    `name` is the file's, for the sentence.
    Raises: ModelRefused, here or from the function, if onnxruntime cannot run the network; MemoryError.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # what is worse than a warning is raised, too
    with _onnxruntime_errors(name):
        session: Any = onnxruntime.InferenceSession(payload, options, providers=["CPUExecutionProvider"])

    def run(x: Planes) -> Planes:
        with _onnxruntime_errors(name):
            return np.asarray(session.run([OUTPUT], {INPUT: x})[0], dtype=np.float32)

    return run


@contextmanager
def _onnxruntime_errors(name: str) -> Iterator[None]:
    """Turn onnxruntime's exceptions, which share no base but Exception, into Python's and ours."""
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:
        if any(sign in str(error) for sign in _EXHAUSTED):
            raise MemoryError(f"onnxruntime has not enough memory for {name}.") from error
        raise ModelRefused(f"{name} holds a network that onnxruntime cannot run; export it anew.") from error


def planes(pixels: Pixels) -> Planes:
    """(H, W, 3) uint8 as a network takes it: (1, 3, H, W) float32 in [0, 1]."""
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)[None].astype(np.float32) / 255)


def largest_difference(
    expected: Callable[[Planes], Planes], actual: Callable[[Planes], Planes], photos: Sequence[Pixels]
) -> float:
    """The largest absolute difference of two networks' outputs over photographs and odd pieces of them.

    Of each photograph (H, W, 3), 4 px a side or more: all of it, a piece with odd sides, one 2 px high and
    one 2 px wide. NaN in an output gives infinity.
    """
    worst = 0.0
    for photo in photos:
        height, width = photo.shape[:2]
        odd = photo[: height - 1 - height % 2, : width // 2 | 1]
        for piece in (photo, odd, photo[:SMALLEST_PX], photo[:, :SMALLEST_PX]):
            x = planes(piece)
            difference = float(np.max(np.abs(expected(x) - actual(x))))
            worst = max(worst, difference if np.isfinite(difference) else np.inf)
    return worst
