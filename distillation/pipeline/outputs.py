"""Makes each method's images, scores them and records both."""

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from distillation import queries, services
from distillation.models import Image, Method, Output, TrainingRun
from distillation.pipeline.data import SCALE, Announce, load_photos, refusing_value_errors
from distillation.sr import checkpoints, config, images, methods, metrics, networks, upscale
from srstudy.progress import Progress

Pixels = NDArray[np.uint8]
# The border that is not scored is one scale wide.
MINIMUM_PX = metrics.SSIM_WINDOW_PX + 2 * SCALE


def make_outputs(
    name_or_folder: str, wanted: Sequence[str], *, run_ids: dict[str, int] | None = None, announce: Announce
) -> list[Output]:
    """Make, score and record every image of a data set by every method wanted; what exists is kept.

    Raises: Refused for a data set or method that cannot be used.
    """
    name, photos = load_photos(name_or_folder, minimum_px=MINIMUM_PX)
    makers = [_maker(method, (run_ids or {}).get(method), announce) for method in wanted]
    progress = Progress(f"images of {name}")
    total, outputs = len(makers) * len(photos.names), []
    references = [record_reference(name, *image) for image in zip(photos.names, photos.hr, strict=True)]
    for method, run, make in makers:
        for reference, low, high in zip(references, photos.lr, photos.hr, strict=True):
            outputs.append(_output(reference, method, run, make, low, high))
            progress.update(len(outputs), total, f"{reference.name} by {method}")
    progress.finish(f"{total} images with PSNR and SSIM")
    return outputs


def _maker(
    method: str, run_id: int | None, announce: Announce
) -> tuple[str, TrainingRun | None, Callable[[Pixels], Pixels]]:
    if method == Method.BICUBIC:
        return method, None, lambda low: images.upscale_bicubic(low, SCALE)
    run = queries.finished_run(method, run_id=run_id)
    announce(f"{method} is {run}, weights {run.weights_sha256[:12]}")
    network = None

    def make(low: Pixels) -> Pixels:
        nonlocal network
        if network is None:  # loaded when the first image is missing, so a second call costs nothing
            network = load_network(run)
        return upscale.upscale(network, low, device="cpu")

    return method, run, make


def load_network(run: TrainingRun) -> networks.Generator:
    """The run's generator with the weights that were recorded, ready for inference.

    Raises: Refused if the weights are missing or are not those that the run recorded.
    """
    stage = methods.final_stage(run.method)
    shape = stage.shape_of(config.from_dict(run.options))
    with refusing_value_errors():
        return checkpoints.load_generator(services.media_path(run.folder) / stage.name, shape)


def record_reference(dataset_name: str, image_name: str, pixels: Pixels) -> Image:
    """Save a source image without metadata and record it.

    Raises: Refused if an image of that name is known with other content.
    """
    height, width = pixels.shape[:2]
    file, sha256 = _save(f"images/{dataset_name}/{image_name}", pixels)
    return services.record_image(
        dataset=dataset_name, name=image_name, file=file, sha256=sha256, width=width, height=height
    )


def _output(
    reference: Image,
    method: str,
    run: TrainingRun | None,
    make: Callable[[Pixels], Pixels],
    low: Pixels,
    high: Pixels,
) -> Output:
    known = queries.output_of(reference, method, run)
    if known is not None and _sha256_of(services.media_path(known.file)) == known.sha256:
        return known
    started = time.perf_counter()
    pixels = make(low)
    return record_pixels(reference, method, run, pixels, high, seconds=time.perf_counter() - started)


def record_pixels(
    reference: Image, method: str, run: TrainingRun | None, pixels: Pixels, high: Pixels, *, seconds: float
) -> Output:
    """Score an image against its reference, save it without metadata and record both.

    Raises: Refused if the two differ in size or are too small to score.
    """
    with refusing_value_errors():
        scores = metrics.score(high, pixels, scale=SCALE)
    folder = f"run-{run.pk}" if run is not None else method
    file, sha256 = _save(f"outputs/{folder}/{reference.label}", pixels)
    height, width = pixels.shape[:2]
    return services.record_output(
        image=reference,
        method=method,
        run=run,
        file=file,
        sha256=sha256,
        width=width,
        height=height,
        seconds=seconds,
        **asdict(scores),
    )


def _save(stem: str, pixels: Pixels) -> tuple[str, str]:
    """Save below MEDIA_ROOT under a name that holds the pixels' hash; a file that is there stays.

    A study may be showing it, and another version of the encoder would write other bytes.
    """
    file = f"{stem}-{hashlib.sha256(pixels.tobytes()).hexdigest()[:16]}.png"
    path = services.media_path(file)
    if not _holds(path, pixels):
        path.parent.mkdir(parents=True, exist_ok=True)
        images.save_png(path, pixels)
    return file, _sha256_of(path) or ""


def _holds(path: Path, pixels: Pixels) -> bool:
    try:
        return path.is_file() and np.array_equal(images.load_rgb(path), pixels)
    except ValueError:
        return False


def _sha256_of(path: Path) -> str | None:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None
