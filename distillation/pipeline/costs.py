"""Measures what the methods cost, beside how good they are on a data set that was evaluated."""

from collections.abc import Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch

from distillation import queries
from distillation.models import TRAINED_METHODS, Method, Output, TrainingRun, method_label
from distillation.pipeline.data import SCALE, Announce, data_folder, refusing_value_errors
from distillation.sr import capacity, config, cost, images, measuring, methods
from distillation.sr.networks import Generator, seeded
from distillation.sr.portable import weights
from srstudy.errors import Failed, Refused
from srstudy.progress import Progress
from srstudy.words import counted

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
class Candidate:
    """A method, or one run of it, to measure; its quality is None where it was not evaluated."""

    label: str
    method: str
    run: TrainingRun | None
    psnr_y: float | None
    ssim_y: float | None


@dataclass(frozen=True, slots=True)
class CostRow:
    """A candidate and what it costs."""

    candidate: Candidate
    measured: Measured


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


def dataset_name(name_or_folder: str) -> str:
    """What the outputs of a data set are recorded under: of a folder, its name.

    Raises: Refused if none is recorded and there is no such folder.
    """
    if name_or_folder in queries.datasets():
        return name_or_folder
    return data_folder(name_or_folder)[0]


def candidates(
    wanted: Sequence[str], run_ids: Sequence[int], *, dataset: str, announce: Announce
) -> list[Candidate]:
    """Methods by the run that stands for each, then the runs of these numbers, with their quality.

    A method of which a run is named is in by that run alone. `dataset` is a name or a folder.
    Raises: Refused for a method or a run that is not trained, or an unknown data set.
    """
    name = dataset_name(dataset)
    named = [_run_of_number(run_id) for run_id in dict.fromkeys(run_ids)]
    others = [method for method in wanted if method not in {run.method for run in named}]
    runs = [None if method == Method.BICUBIC else queries.finished_run(method) for method in others]
    found = []
    for label, method, run in zip(
        (*(method_label(method) for method in others), *labels_of(named)),
        (*others, *(run.method for run in named)),
        (*runs, *named),
        strict=True,
    ):
        psnr_y, ssim_y = _quality(method, run, name)
        if psnr_y is None:
            [command] = queries.evaluate_commands(dataset, {method: run})
            announce(f"{label} has not made every image of {name}: run `{command}` for its quality.")
        found.append(Candidate(label=label, method=method, run=run, psnr_y=psnr_y, ssim_y=ssim_y))
    return found


def _run_of_number(run_id: int) -> TrainingRun:
    method = TrainingRun.objects.filter(pk=run_id).values_list("method", flat=True).first()
    return queries.finished_run(method or "", run_id=run_id)


def labels_of(runs: Sequence[TrainingRun]) -> list[str]:
    """A label a run, `Student lite 8×32`: method and size, and its number too where those are equal."""
    labels = []
    for run in runs:
        shape = shape_of(run)
        lite = " lite" if shape.lite else ""
        labels.append(f"{method_label(run.method)}{lite} {shape.blocks}×{shape.channels}")
    return [
        f"{label}, run {run.pk}" if labels.count(label) > 1 else label
        for label, run in zip(labels, runs, strict=True)
    ]


def measure_costs(chosen: Sequence[Candidate], *, runs: int, width: int, height: int) -> list[CostRow]:
    """Measure every candidate; those of one shape are one network here, and are measured once.

    Times are medians over `runs` for one input of width x height pixels, in inference form.
    Raises: Failed if there is not enough memory for the input.
    """
    progress, known = Progress("networks"), dict[config.GeneratorShape | None, Measured]()
    rows = []
    for done, candidate in enumerate(chosen, start=1):
        shape = None if candidate.run is None else shape_of(candidate.run)
        if shape not in known:
            with _in_a_sentence(width, height):
                known[shape] = _measured(shape, runs=runs, width=width, height=height)
        rows.append(CostRow(candidate, known[shape]))
        progress.update(done, len(chosen), candidate.label)
    threads = counted(torch.get_num_threads(), "thread")
    progress.finish(f"{counted(len(known), 'shape')} measured on {threads}")
    return rows


@contextmanager
def _in_a_sentence(width: int, height: int) -> Iterator[None]:
    try:
        yield
    except (BrokenProcessPool, MemoryError, RuntimeError) as error:
        if isinstance(error, BrokenProcessPool) or capacity.ran_out_of_memory(error):
            raise Failed(
                f"There is not enough memory for an input of {width} x {height} pixels; a smaller --size "
                "needs less."
            ) from error
        raise


def shape_of(run: TrainingRun) -> config.GeneratorShape:
    """The shape of the generator that a run trained."""
    with refusing_value_errors():
        return methods.final_stage(run.method).shape_of(config.from_dict(run.options))


def _measured(shape: config.GeneratorShape | None, *, runs: int, width: int, height: int) -> Measured:
    if shape is None:
        return _measured_bicubic(runs=runs, width=width, height=height)
    network = seeded(Generator, shape, seed=0)
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


def _quality(method: str, run: TrainingRun | None, dataset: str) -> tuple[float | None, float | None]:
    """Means of PSNR-Y and SSIM-Y over a data set, if every image of it was made."""
    images_of_set = queries.images_of(dataset)
    outputs = list(Output.objects.filter(image__in=images_of_set, method=method, run=run))
    if not outputs or len(outputs) < len(images_of_set):
        return None, None
    count = len(outputs)
    return sum(output.psnr_y for output in outputs) / count, sum(output.ssim_y for output in outputs) / count
