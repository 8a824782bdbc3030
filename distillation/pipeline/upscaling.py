"""Enlarges picture files of any folder by a method of ours, or by a model from a file."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import torch
from numpy.typing import NDArray

from distillation import queries
from distillation.models import Method
from distillation.pipeline.data import SCALE, Announce, refusing_value_errors
from distillation.pipeline.outputs import load_network
from distillation.sr import capacity, fast, images, pictures, upscale
from distillation.sr.config import GeneratorShape
from distillation.sr.fast import FastGenerator
from distillation.sr.networks import Generator
from distillation.sr.portable.loading import Model, load_model
from srstudy.errors import Failed, Refused
from srstudy.progress import Progress
from srstudy.words import counted

Levels = NDArray[Any]
# A list of skipped files is for a person to read.
NAMES_SHOWN = 5
# A network's edges reflect the second pixel.
SMALLEST_PX = 2


class Make(Protocol):
    """Enlarges (H, W, 3) uint8 or uint16 to (4H, 4W, 3), and tells `progress` of its tiles."""

    def __call__(self, lr: Levels, *, progress: upscale.OnProgress) -> Levels: ...


@dataclass(frozen=True, slots=True)
class Job:
    """One picture to enlarge, and where it goes."""

    source: Path
    target: Path


def plan(sources: Sequence[Path], out: Path, *, force: bool, announce: Announce) -> list[Job]:
    """What to enlarge into `out`: the files named, and the images in the folders named, at any depth.

    A file becomes NAME.png; one in a folder keeps its place below that folder. Hidden files, and files in
    folders that are no images by their ending, are skipped; so are those whose output is there, unless
    `force`. What was skipped is announced. A file named twice is enlarged once.
    Raises: Refused for what does not exist, a folder without images, two files with one output, or an
    output that would take the place of an input.
    """
    pairs: list[tuple[Path, Path]] = []
    for source in sources:
        if source.is_dir():
            pairs += _below(source, out, announce)
        elif source.exists():
            pairs.append((source, out / f"{source.stem}.png"))
        else:
            raise Refused(f"There is no file or folder {str(source)!r}.")
    pairs = _each_once(pairs)
    _refuse_collisions(pairs)
    jobs = [Job(source, target) for source, target in pairs if force or not target.exists()]
    kept = len(pairs) - len(jobs)
    if kept:
        announce(f"{kept} of {len(pairs)} outputs are there already and stay; --force makes them anew.")
    return jobs


def _each_once(pairs: Sequence[tuple[Path, Path]]) -> list[tuple[Path, Path]]:
    once: dict[tuple[Path, Path], tuple[Path, Path]] = {}
    for source, target in pairs:
        once.setdefault((source.resolve(), target), (source, target))
    return list(once.values())


def _below(folder: Path, out: Path, announce: Announce) -> list[tuple[Path, Path]]:
    pairs, skipped = [], []
    for place, folders, files in os.walk(folder):
        here = Path(place)
        # Outputs of an earlier call, where they lie inside their source.
        visible = [name for name in folders if not name.startswith(".")]
        folders[:] = sorted(name for name in visible if (here / name).resolve() != out.resolve())
        for name in sorted(name for name in files if not name.startswith(".")):
            source = here / name
            if source.suffix.lower() in pictures.SUFFIXES:
                pairs.append((source, out / source.relative_to(folder).with_suffix(".png")))
            else:
                skipped.append(str(source.relative_to(folder)))
    if skipped:
        more = f" and {len(skipped) - NAMES_SHOWN} more" if len(skipped) > NAMES_SHOWN else ""
        announce(f"Skipped in {folder}, as no images: {', '.join(skipped[:NAMES_SHOWN])}{more}.")
    if not pairs:
        raise Refused(f"The folder {str(folder)!r} holds no image ({', '.join(pictures.SUFFIXES)}).")
    return pairs


def _refuse_collisions(pairs: Sequence[tuple[Path, Path]]) -> None:
    inputs = {source.resolve() for source, _ in pairs}
    sources: dict[Path, Path] = {}
    for source, target in pairs:
        place = target.resolve()
        if place in sources:
            raise Refused(
                f"{sources[place]} and {source} would both become {target}; give them other names, "
                "or enlarge them one after the other into two folders."
            )
        if place in inputs:
            raise Refused(f"{target} would take the place of an input; give another folder as --out.")
        if target.is_dir():
            raise Refused(f"{target} is a folder, and the output of {source} would be a file of that name.")
        sources[place] = source


def maker_of_method(
    method: str, *, run_id: int | None, precision: fast.Precision, tile: int | None, announce: Announce
) -> Make:
    """How a method of ours enlarges (H, W, 3), by run `run_id` or the one that stands for the method.

    Raises: Refused if there is no such run, or its weights cannot be used.
    """
    if method == Method.BICUBIC:
        return _bicubic
    run = queries.finished_run(method, run_id=run_id)
    announce(f"{method} is {run}, weights {run.weights_sha256[:12]}")
    return _maker(load_network(run), precision, tile)


def _bicubic(lr: Levels, *, progress: upscale.OnProgress) -> Levels:
    larger = images.upscale_bicubic(lr, SCALE)
    progress(1, 1)
    return larger


def maker_of_file(path: Path, *, precision: fast.Precision, tile: int | None, announce: Announce) -> Make:
    """How the model in a file enlarges (H, W, 3).

    Raises: Refused if the file is no model, or bf16 is asked of one that onnxruntime computes.
    """
    with refusing_value_errors():
        model = load_model(path)
    announce(f"{path.name}: {model.kind}, {_size_of(model.shape)}")
    if model.network is None and precision != "fp32":
        raise Refused(f"--precision {precision} is for torch, and {path.name} is computed by onnxruntime.")
    return _maker(model.network or model, precision, tile)


def _size_of(shape: GeneratorShape) -> str:
    return f"{counted(shape.blocks, 'block')} of {counted(shape.channels, 'channel')}"


def _maker(network: Generator | Model, precision: fast.Precision, tile: int | None) -> Make:
    if precision == "bf16" and not torch.cpu._is_avx512_bf16_supported():
        raise Refused("This processor does not compute in bf16; leave --precision bf16 out.")
    ready: FastGenerator | Model
    ready = network if isinstance(network, Model) else fast.prepare(network, precision=precision)

    def make(lr: Levels, *, progress: upscale.OnProgress) -> Levels:
        height, width = lr.shape[:2]
        if min(height, width) < SMALLEST_PX:
            raise ValueError(
                f"{width} × {height} px are too few: a network takes {SMALLEST_PX} px a side or more."
            )
        return upscale.upscale(ready, lr, tile=tile, progress=progress)

    return make


def enlarge_all(jobs: Sequence[Job], make: Make, *, announce: Announce) -> list[Path]:
    """Enlarge every picture, and return the files written; what a file loses on its way is announced.

    A picture that cannot be used is announced too, and the rest is done.
    Raises: Failed at the end, if there was one.
    """
    progress, written, bad = Progress("pictures"), [], 0
    for done, job in enumerate(jobs):
        on_tile = _tile_progress(progress, job.source.name, done, len(jobs))
        try:
            picture = pictures.load(job.source)
            larger = pictures.enlarge(picture, partial(make, progress=on_tile))
        except (ValueError, MemoryError, RuntimeError) as error:
            announce(_reason(job.source, error))
            bad += 1
            continue
        job.target.parent.mkdir(parents=True, exist_ok=True)
        pictures.save_png(job.target, larger)
        written.append(job.target)
        if picture.dropped:
            announce(f"{job.source}: dropped {', '.join(picture.dropped)}.")
        progress.update(done + 1, len(jobs), job.source.name)
    progress.finish(f"{counted(len(written), 'picture')} written")
    if bad:
        raise Failed(f"{bad} of {counted(len(jobs), 'picture')} could not be enlarged; each is named above.")
    return written


def _tile_progress(progress: Progress, name: str, done: int, total: int) -> upscale.OnProgress:
    """Tells of the tiles of picture number `done`, counted from 0."""
    return lambda tile, tiles: progress.update(done + tile / tiles, total, f"{name}, tile {tile} of {tiles}")


def _reason(source: Path, error: Exception) -> str:
    """Why a picture was left out; what is no fault of the picture's is raised again."""
    if capacity.ran_out_of_memory(error):
        return f"{source}: there is not enough memory; a smaller --tile needs less."
    if isinstance(error, images.ImageRefused):
        return f"In {source.parent}: {error}"
    if isinstance(error, ValueError):
        return f"{source}: {error}"
    raise error
