"""The int8 variant of an ONNX model: static quantisation, calibrated on photographs that are not judged."""

import logging
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from distillation.sr import metrics
from distillation.sr.config import SCALE, GeneratorShape
from distillation.sr.images import Pixels, crop_border, luma
from distillation.sr.portable.onnx_files import INPUT, Planes, planes

if TYPE_CHECKING:
    from onnx import ModelProto

PATCHES = 48
PATCH_PX = 48


def quantise(model: "ModelProto", shape: GeneratorShape, photos: Sequence[Pixels]) -> "ModelProto":
    """The graph with the trunk's and the sub-pixel convolutions in 8 bits, the others in float32.

    Weights are int8 with a scale for each output channel, activations uint8 between the extremes seen on
    48 patches of 48 px from `photos`, low-resolution (H, W, 3). What touches the image itself stays
    float32 (the first and the last convolution, the bicubic one), for there a level is a grey level.
    Raises: ValueError if there is no photograph of 48 px a side.
    """
    import onnx
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static

    patches = _patches(photos)
    with tempfile.TemporaryDirectory() as folder, _quiet_quantiser():
        source, target = Path(folder) / "float32.onnx", Path(folder) / "int8.onnx"
        onnx.save(model, source)  # a graph given as such would come out without its weights
        quantize_static(
            source,
            target,
            _reader(patches),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            op_types_to_quantize=["Conv"],
            nodes_to_quantize=_inner_convolutions(model, shape),
        )
        quantised: ModelProto = onnx.load(target)
    return quantised


def _inner_convolutions(model: "ModelProto", shape: GeneratorShape) -> list[str]:
    last = "tail.0." if shape.lite else "tail.6."
    kept = ("head.", "skip.", last)
    return [
        node.name
        for node in model.graph.node
        if node.op_type == "Conv" and not node.input[1].startswith(kept)
    ]


def _patches(photos: Sequence[Pixels]) -> list[Planes]:
    large = [photo for photo in photos if min(photo.shape[:2]) >= PATCH_PX]
    if not large:
        raise ValueError(f"int8 is calibrated on photographs of {PATCH_PX} px a side or more: there is none.")
    rng, patches = np.random.default_rng(0), []
    for number in range(PATCHES):
        photo = large[number % len(large)]
        top, left = (int(rng.integers(0, side - PATCH_PX + 1)) for side in photo.shape[:2])
        patches.append(planes(photo[top : top + PATCH_PX, left : left + PATCH_PX]))
    return patches


def _reader(patches: Sequence[Planes]) -> Any:
    """The patches as onnxruntime's quantiser asks for them: one by one, then None."""
    from onnxruntime.quantization import CalibrationDataReader

    remaining = iter(patches)

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        def get_next(self) -> dict[str, Planes] | None:
            patch = next(remaining, None)
            return None if patch is None else {INPUT: patch}

    return Reader()


@contextmanager
def _quiet_quantiser() -> Iterator[None]:
    """Without its advice to fold batch normalisation first: the export has."""
    logger = logging.getLogger()

    def other(record: logging.LogRecord) -> bool:
        return not record.getMessage().startswith("Please consider")

    logger.addFilter(other)
    try:
        yield
    finally:
        logger.removeFilter(other)


def mean_psnr_y(run: Callable[[Planes], Planes], lr: Sequence[Pixels], hr: Sequence[Pixels]) -> float:
    """Mean PSNR in dB on luma over pairs of images, the border of one scale cropped, as in every table."""
    values = []
    for low, high in zip(lr, hr, strict=True):
        levels = np.round(np.clip(run(planes(low))[0].transpose(1, 2, 0), 0, 1) * 255).astype(np.uint8)
        a, b = (luma(crop_border(image, SCALE)) for image in (high, levels))
        values.append(metrics.psnr(a, b, data_range=255))
    return float(np.mean(values))
