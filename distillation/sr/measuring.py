"""What a network of some shape takes on this machine: time and memory."""

import multiprocessing
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np
import torch

from distillation.sr import fast
from distillation.sr.config import GeneratorShape
from distillation.sr.networks import Generator, seeded
from distillation.sr.upscale import upscale

_MEMORY = Path("/proc/self/status")


def median_ms(work: Callable[[], object], *, runs: int) -> float:
    """Median time of `runs` calls in milliseconds, after one that does not count.

    Raises: ValueError if `runs` is below 1.
    """
    if runs < 1:
        raise ValueError(f"A median needs 1 run or more, not {runs}.")
    work()
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return 1000 * statistics.median(times)


def latency_ms(
    shape: GeneratorShape, *, width: int, height: int, precision: fast.Precision, runs: int
) -> float:
    """Median milliseconds of the inference form for one input of width x height px, on torch's threads."""
    network = fast.prepare(seeded(Generator, shape, seed=0), precision=precision)
    x = torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        return median_ms(lambda: network(x), runs=runs)


def peak_mb(
    shape: GeneratorShape, *, width: int, height: int, precision: fast.Precision = "fp32"
) -> float | None:
    """Memory in MB (10^6 bytes) that `upscale` adds to a process for one image of width x height pixels.

    Measured in a process of its own: the highest resident set while it runs, less that before it, with
    torch and the network loaded. None where the system has no /proc (all but Linux).
    Raises: concurrent.futures.process.BrokenProcessPool if the process was killed, for want of memory.
    """
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=context) as pool:
        return pool.submit(_peak_here_mb, shape, width, height, precision, torch.get_num_threads()).result()


def _peak_here_mb(
    shape: GeneratorShape, width: int, height: int, precision: fast.Precision, threads: int
) -> float | None:
    torch.set_num_threads(threads)
    network = fast.prepare(seeded(Generator, shape, seed=0), precision=precision)
    lr = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    with suppress(OSError):  # the highest so far becomes what there is now
        Path("/proc/self/clear_refs").write_text("5")
    before = resident_mb("VmRSS")
    upscale(network, lr)
    peak = resident_mb("VmHWM")
    return None if before is None or peak is None else peak - before


def resident_mb(field: str) -> float | None:
    """MB (10^6 bytes) of this process in memory, now (`VmRSS`) or at most (`VmHWM`); None without /proc."""
    try:
        lines = _MEMORY.read_text().splitlines()
    except OSError:
        return None
    return next(1.024e-3 * int(line.split()[1]) for line in lines if line.startswith(f"{field}:"))
