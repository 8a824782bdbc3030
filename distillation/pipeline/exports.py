"""Takes a trained generator, or one from a file, out of the project: one file, checked, with its card."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import torch

from distillation import queries
from distillation.pipeline import data
from distillation.pipeline.data import Announce, load_photos, refusing_value_errors
from distillation.pipeline.modelcards import card_of
from distillation.pipeline.outputs import MINIMUM_PX, load_network
from distillation.sr import photographs
from distillation.sr.dataset import PhotoSet
from distillation.sr.images import Pixels
from distillation.sr.networks import Generator
from distillation.sr.portable import int8, onnx_files, weights
from distillation.sr.portable.cards import FACTS_OF_A_FILE, Card
from distillation.sr.portable.loading import load_model, run_of
from distillation.sr.portable.pages import HALF, loss_in_words, model_page, was_rounded
from distillation.sr.portable.whole_files import write_whole
from srstudy.errors import Failed, Refused

if TYPE_CHECKING:
    from onnx import ModelProto

Run = Callable[[onnx_files.Planes], onnx_files.Planes]
CALIBRATION_SET = photographs.TRAINING_SET
LATENCY_RUNS = 9


@dataclass(frozen=True, slots=True)
class Source:
    """A generator to export, and what is known of it."""

    network: Generator
    card: Card


@dataclass(frozen=True, slots=True)
class Exported:
    """The content of a model's file, its card, and sentences on what was checked."""

    payload: bytes
    card: Card
    said: tuple[str, ...]


def from_run(method: str, *, run_id: int | None, announce: Announce) -> Source:
    """The averaged generator of the run that stands for a method.

    Raises: Refused if there is no such finished run, or its weights are not those that it recorded.
    """
    run = queries.finished_run(method, run_id=run_id)
    announce(f"{method} is {run}, weights {run.weights_sha256[:12]}")
    return Source(load_network(run).eval(), card_of(run))


def from_file(path: Path) -> Source:
    """The generator in a file of weights, ours or another program's.

    Raises: Refused if it cannot be read, or is ONNX, whose weights are folded.
    """
    with refusing_value_errors():
        model = load_model(path)
    if model.network is None:
        raise Refused(f"--from is {path.name}, and ONNX is not converted back: give what it was made from.")
    known = {name: value for name, value in model.card.items() if name not in FACTS_OF_A_FILE}
    # Once rounded, weights stay so, however they are stored later.
    storage = HALF if was_rounded(model.card) else model.card.get("storage")
    return Source(model.network, {**known, "converted_from": {"file": path.name, "storage": storage}})


def export(
    source: Source,
    *,
    file_format: Literal["safetensors", "onnx"],
    half: bool,
    eight_bits: bool,
    out: Path,
    page: Path,
) -> list[str]:
    """Write the model to `out` and its card to `page`, both or neither; sentences on what was written.

    Raises: Failed if onnxruntime's images are not torch's; Refused if a weight does not fit; OSError.
    """
    with refusing_value_errors():
        if file_format == "safetensors":
            exported = _safetensors(source, half=half)
        else:
            exported = _onnx(source, eight_bits=eight_bits)
    text = model_page(exported.card, file_name=out.name, size_bytes=len(exported.payload))
    out.parent.mkdir(parents=True, exist_ok=True)
    write_whole({out: exported.payload, page: text.encode()})
    size = f"{out}: {len(exported.payload):,} bytes, {exported.card['parameters']:,} parameters."
    return [size, *exported.said, f"Its card is {page}."]


def _safetensors(source: Source, *, half: bool) -> Exported:
    payload, card = weights.to_bytes(source.network, source.card, half=half)
    read_back, _ = weights.from_bytes(payload, name="The file")
    difference = onnx_files.largest_difference(
        run_of(source.network), run_of(read_back), _photos_to_judge().lr[:1]
    )
    said = (
        f"Stored as {card['storage']}; read back, its image differs by {difference:.1e} of the range at most."
    )
    return Exported(payload, card, (said,))


def _photos_to_judge() -> PhotoSet:
    return load_photos(data.STUDY_SET, minimum_px=MINIMUM_PX)[1]


def _onnx(source: Source, *, eight_bits: bool) -> Exported:
    photos = _photos_to_judge()
    model = onnx_files.export(source.network)
    payload, card = onnx_files.to_bytes(model, source.network, source.card)
    run = onnx_files.run_of(payload, threads=torch.get_num_threads())
    difference = onnx_files.largest_difference(run_of(source.network), run, photos.lr)
    if difference > onnx_files.LARGEST_DIFFERENCE:
        raise Failed(
            f"onnxruntime's images differ from torch's by {difference:.1e} of the range, and "
            f"{onnx_files.LARGEST_DIFFERENCE:.0e} is allowed; nothing was written."
        )
    said = (
        f"ONNX, opset {card['opset']}, any height and width; {len(photos.lr)} photographs differ from "
        f"torch's by {difference:.1e} of the range at most."
    )
    exported = Exported(payload, card, (said,))
    return _int8(source, model, run, photos, exported) if eight_bits else exported


def _int8(source: Source, model: "ModelProto", run: Run, photos: PhotoSet, full: Exported) -> Exported:
    """The 8-bit variant, its loss measured on photographs that it was not calibrated on."""
    _, calibration = load_photos(CALIBRATION_SET, minimum_px=int8.PATCH_PX * data.SCALE)
    quantised = int8.quantise(model, source.network.shape, calibration.lr)
    threads = torch.get_num_threads()
    run_small = onnx_files.run_of(quantised.SerializeToString(), threads=threads)
    before, after = (int8.mean_psnr_y(each, photos.lr, photos.hr) for each in (run, run_small))
    facts = {
        "dataset": data.STUDY_SET,
        "images": len(photos.lr),
        "psnr_y_float32": round(before, 4),
        "psnr_y": round(after, 4),
        "loss_db": round(before - after, 4) + 0.0,  # no -0.0
        "calibrated_on": CALIBRATION_SET,
        "patches": int8.PATCHES,
    }
    payload, card = onnx_files.to_bytes(quantised, source.network, {**source.card, "int8": facts})
    said = (
        f"int8: {after:.3f} dB PSNR-Y on {data.STUDY_SET} where float32 has {before:.3f}, "
        f"{loss_in_words(before - after)}; the first and the last convolution stay float32.",
        _latency(run, run_small, photos.lr[0], threads),
    )
    return Exported(payload, card, (*full.said, *said))


def _latency(run: Run, run_small: Run, photo: Pixels, threads: int) -> str:
    x = onnx_files.planes(photo)
    seconds: dict[Run, list[float]] = {run: [], run_small: []}
    for _ in range(LATENCY_RUNS):
        for each, taken in seconds.items():  # in turn, so that a busy moment falls on both
            started = time.perf_counter()
            each(x)
            taken.append(time.perf_counter() - started)
    before, after = (1000 * statistics.median(taken) for taken in seconds.values())
    return (
        f"An image of {photo.shape[1]} × {photo.shape[0]} takes {after:.1f} ms where float32 takes "
        f"{before:.1f}: median of {LATENCY_RUNS}, onnxruntime, threads: {threads}."
    )
