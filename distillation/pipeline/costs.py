"""Measures what the methods cost, beside how good they are on a data set that was evaluated."""

from collections.abc import Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass

import numpy as np
import torch

from distillation import queries
from distillation.models import TRAINED_METHODS, Method, Output, TrainingRun
from distillation.pipeline.data import SCALE, Announce, refusing_value_errors
from distillation.sr import config, cost, images, measuring, methods
from distillation.sr.networks import Generator, seeded
from distillation.sr.portable import weights
from srstudy.errors import Failed, Refused
from srstudy.progress import Progress

# A 1280 x 720 output has so many input pixels.
LR_PIXELS_720P = 1280 * 720 // SCALE**2


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What a network of one shape costs; `bf16_ms` is None where the processor has no bf16.

    `gmacs` is for an output of 1280 x 720, `file_mb` the weights as safetensors in float32, MB is 10^6 bytes.
    `peak_mb` is None where it cannot be measured.
    """

    parameters: int
    macs_per_lr_px: int
    fp32_ms: float
    bf16_ms: float | None
    peak_mb: float | None
    file_mb: float

    @property
    def gmacs(self) -> float:
        """Multiply-accumulates for an output of 1280 x 720, in 10^9."""
        return self.macs_per_lr_px * LR_PIXELS_720P / 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class CostRow:
    """One method: its cost, and its quality on the data set; None where it was not evaluated there."""

    method: str
    run_id: int | None
    measured: Measured
    psnr_y: float | None
    ssim_y: float | None


def trained_methods() -> list[str]:
    """Bicubic and every method that has a finished run, in the paper's order.

    Raises: Refused if none has been trained.
    """
    finished = set(
        TrainingRun.objects.filter(status=TrainingRun.Status.FINISHED).values_list("method", flat=True)
    )
    if not finished:
        raise Refused(
            "No method has been trained: run `python manage.py distill --method all` first, or name "
            "--method bicubic."
        )
    return [Method.BICUBIC.value, *(method for method in TRAINED_METHODS if method in finished)]


def measure_costs(
    wanted: Sequence[str],
    *,
    dataset: str,
    run_id: int | None = None,
    runs: int,
    width: int,
    height: int,
    announce: Announce,
) -> list[CostRow]:
    """Measure every method; those of one shape are one network here, and are measured once.

    Times are medians over `runs` for one input of width x height pixels, in inference form.
    Raises: Refused for a method without a run, Failed if there is not enough memory for the input.
    """
    found = {
        method: None if method == Method.BICUBIC else queries.finished_run(method, run_id=run_id)
        for method in wanted
    }
    progress, known = Progress("networks"), dict[config.GeneratorShape | None, Measured]()
    rows = []
    for done, (method, run) in enumerate(found.items(), start=1):
        shape = None if run is None else shape_of(run)
        if shape not in known:
            known[shape] = _measured(shape, runs=runs, width=width, height=height)
        psnr_y, ssim_y = _quality(method, run, dataset, announce)
        rows.append(
            CostRow(
                method=method,
                run_id=run.pk if run else None,
                measured=known[shape],
                psnr_y=psnr_y,
                ssim_y=ssim_y,
            )
        )
        progress.update(done, len(found), method)
    progress.finish(f"{len(known)} shapes measured on {torch.get_num_threads()} threads")
    return rows


def shape_of(run: TrainingRun) -> config.GeneratorShape:
    """The shape of the generator that a run trained."""
    with refusing_value_errors():
        return methods.final_stage(run.method).shape_of(config.from_dict(run.options))


def _measured(shape: config.GeneratorShape | None, *, runs: int, width: int, height: int) -> Measured:
    if shape is None:
        return _measured_bicubic(runs=runs, width=width, height=height)
    network = seeded(Generator, shape, seed=0)
    try:
        with_bf16 = torch.cpu._is_avx512_bf16_supported()
        common = {"width": width, "height": height, "runs": runs}
        return Measured(
            parameters=cost.parameters(network),
            macs_per_lr_px=cost.macs_per_lr_pixel(network),
            fp32_ms=measuring.latency_ms(shape, precision="fp32", **common),
            bf16_ms=measuring.latency_ms(shape, precision="bf16", **common) if with_bf16 else None,
            peak_mb=measuring.peak_mb(shape, width=width, height=height),
            file_mb=len(weights.to_bytes(network, {})[0]) / 1e6,
        )
    except (BrokenProcessPool, MemoryError) as error:
        raise Failed(f"There is not enough memory for an input of {width} x {height} pixels.") from error


def _measured_bicubic(*, runs: int, width: int, height: int) -> Measured:
    lr = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Measured(
        parameters=0,
        macs_per_lr_px=cost.BICUBIC_MACS_PER_LR_PIXEL,
        fp32_ms=measuring.median_ms(lambda: images.upscale_bicubic(lr, SCALE), runs=runs),
        bf16_ms=None,
        peak_mb=None,
        file_mb=0.0,
    )


def _quality(
    method: str, run: TrainingRun | None, dataset: str, announce: Announce
) -> tuple[float | None, float | None]:
    """Means of PSNR-Y and SSIM-Y over a data set, if every image of it was made."""
    images_of_set = queries.images_of(dataset)
    outputs = list(Output.objects.filter(image__in=images_of_set, method=method, run=run))
    if not outputs or len(outputs) < len(images_of_set):
        announce(
            f"{method} has not made every image of {dataset}: run "
            f"`python manage.py evaluate --dataset {dataset} --method {method}` for its quality."
        )
        return None, None
    count = len(outputs)
    return sum(output.psnr_y for output in outputs) / count, sum(output.ssim_y for output in outputs) / count
