"""What cutting batches costs beside a training step of the paper profile, and what memory it takes.

Run from the repository: `.venv/bin/python benchmarks/data_loading.py [--data FOLDER] [--steps N]`. The
images are decoded into a temporary cache, and batches are cut from memory and from the mapped file, each
in a process of its own. Shares hold within a run; seconds hold for this machine alone.
"""

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import torch

from distillation.sr import config, methods, photographs
from distillation.sr.dataset import Cache, PatchSampler, PhotoSet, load_folder
from distillation.sr.devices import resolve_device, uses_bfloat16
from distillation.sr.learner import Learner

GOAL = 0.03
BATCHES = 256
LIMITS_BYTES = {"in memory": 10**12, "mapped file": 0}


def main() -> None:
    """Time a training step, then batches in both ways, and print them side by side."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="default: the bundled training set")
    parser.add_argument("--steps", type=int, default=5, metavar="N", help="training steps that are timed")
    parser.add_argument("--threads", type=int, default=0, metavar="N", help="0: every core")
    parser.add_argument("--one", choices=LIMITS_BYTES, help=argparse.SUPPRESS)
    parser.add_argument("--cache", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    try:
        if options.one:
            print(json.dumps(_measure(options.data, options.cache, LIMITS_BYTES[options.one])))
            return
        if options.steps < 1:
            raise ValueError(f"--steps is 1 or more, not {options.steps}.")
        with tempfile.TemporaryDirectory() as scratch:
            _report(options.data or _bundled(Path(scratch) / "data"), Path(scratch) / "cache", options.steps)
    except ValueError as refused:
        sys.stderr.write(f"{refused}\n")
        raise SystemExit(2) from None


def _bundled(root: Path) -> Path:
    photographs.write_photographs(root)
    return root / photographs.TRAINING_SET


def _load(data: Path, cache: Path, limit_bytes: int) -> PhotoSet:
    patch_px = config.profile("paper").patch_px
    return load_folder(data, scale=config.SCALE, minimum_px=patch_px, cache=Cache(cache, limit_bytes))


def _sampler(photos: PhotoSet, options: config.Options) -> PatchSampler:
    device = resolve_device(options)
    return PatchSampler(photos, patch_px=options.patch_px, batch=options.batch, seed=0, device=device)


def _report(data: Path, cache: Path, steps: int) -> None:
    options = config.profile("paper")
    device = resolve_device(options)
    began = time.perf_counter()
    photos = _load(data, cache, 0)
    decoding_s = time.perf_counter() - began
    size_mb = len(photos.flat()[0].data) / 1e6
    step_s = _step_seconds(photos, options, steps)
    number = "bfloat16" if uses_bfloat16(options, device) else "float32"
    print(f"{len(photos.names)} images, {size_mb:.0f} MB decoded in {decoding_s:.1f} s, once")
    print(
        f"A step of the generator on 16 patches of 96 px: {step_s:.3f} s (median of {steps}; {device}, "
        f"{number}, {torch.get_num_threads()} threads)"
    )
    shares = []
    for name in LIMITS_BYTES:
        found = _in_a_process(name, data, cache)
        shares.append(found["seconds"] / step_s)
        print(
            f"batch_at, {name}: {1000 * found['seconds']:.2f} ms, {shares[-1]:.2%} of a step; memory grew by "
            f"{found['grown_mb']:.0f} MB at most, to {found['peak_mb']:.0f} MB"
        )
    print(f"Goal, under {GOAL:.0%} of a step: {'met' if max(shares) < GOAL else 'missed'}")


def _step_seconds(photos: PhotoSet, options: config.Options, steps: int) -> float:
    """Median over the steps after the first, which warms up."""
    sampler = _sampler(photos, options)
    learner = Learner(methods.STAGES["teacher_pixel"], options, device=resolve_device(options), parents={})
    times = []
    for step in range(steps + 1):
        x, y = sampler.batch_at(step)
        began = time.perf_counter()
        learner.step(x, y, step=step)
        learner.first_bad_step()  # waits for the device
        times.append(time.perf_counter() - began)
    return statistics.median(times[1:])


def _in_a_process(name: str, data: Path, cache: Path) -> dict[str, float]:
    """Measure in a fresh process, whose memory is its own."""
    threads = str(torch.get_num_threads())
    command = [
        sys.executable,
        __file__,
        "--one",
        name,
        "--data",
        data,
        "--cache",
        cache,
        "--threads",
        threads,
    ]
    answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(answer.stdout)
    return found


def _measure(data: Path, cache: Path, limit_bytes: int) -> dict[str, float]:
    """Seconds a batch, the mean over two drawn blocks, and memory in MB: grown by, and at its peak."""
    options = config.profile("paper")
    Path("/proc/self/clear_refs").write_text("5")  # forgets the peak of loading torch
    before_mb = _memory_mb("VmRSS")
    sampler = _sampler(_load(data, cache, limit_bytes), options)
    began = time.perf_counter()
    for step in range(BATCHES):
        sampler.batch_at(step)
    if resolve_device(options).type == "cuda":
        torch.cuda.synchronize()
    seconds = (time.perf_counter() - began) / BATCHES
    peak_mb = _memory_mb("VmHWM")
    return {"seconds": seconds, "grown_mb": peak_mb - before_mb, "peak_mb": peak_mb}


def _memory_mb(field: str) -> float:
    """A figure of this process from Linux's /proc/self/status: VmRSS now, VmHWM at its highest."""
    found = re.search(rf"{field}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    if found is None:
        raise ValueError("Memory is measured on Linux only.")
    return int(found[1]) * 1024 / 1e6


if __name__ == "__main__":
    main()
