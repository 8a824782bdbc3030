"""How fast a training step of the paper profile is beside plain fp32 eager, and how much memory it takes.

    python benchmarks/training_step.py [--rounds 5] [--threads N] [--quality-steps 150]

Both forms of each stage train the same networks on the same patches, a step of one after a step of the
other, so that whatever else the machine does meets both. `plain` is float32 and channels first, as the usual
training script has it; `ours` is what `--profile paper` does on a CPU: bfloat16 autocast where the processor
has it, and channels_last. The discriminator is updated in every step of both.
`--quality-steps` trains the pixel stages of teacher and student in both forms so far, and prints both PSNRs.
"""

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import torch

from distillation.sr import images, watching
from distillation.sr.checkpoints import Checkpoint
from distillation.sr.config import Options, profile
from distillation.sr.dataset import PatchSampler, PhotoSet
from distillation.sr.learner import Learner
from distillation.sr.methods import STAGES

CPU = torch.device("cpu")
TIMED = ("teacher_pixel", "teacher_adversarial", "g2g_transfer", "g2g_al_final")
_MEMORY_FLAG = "--memory-of"


def smooth_photos() -> PhotoSet:
    """Eight pictures of 384 x 384 px with structure at several scales."""
    rng = np.random.default_rng(0)
    hr = []
    for _ in range(8):
        layers = [
            images.resize_bicubic(rng.integers(0, 256, (n, n, 3), dtype=np.uint8), 384, 384)
            for n in (6, 24, 96)
        ]
        hr.append(np.mean(layers, axis=0).astype(np.uint8))
    names = tuple(f"{number}" for number in range(8))
    return PhotoSet(names=names, hr=tuple(hr), lr=tuple(images.downscale(photo, 4) for photo in hr))


def forms() -> dict[str, Options]:
    """The paper profile in its two forms."""
    ours = profile("paper", device="cpu", balance=0.0)
    return {"plain": replace(ours, precision="fp32", channels_last=False), "ours": ours}


def parents_of(options: Options) -> dict[str, Checkpoint]:
    """An untrained teacher and its discriminator, for the stages that learn from them."""
    parents: dict[str, Checkpoint] = {}
    for name in ("teacher_pixel", "teacher_adversarial", "g2g_transfer"):
        learner = Learner(STAGES[name], options, device=CPU, parents=parents)
        parents[name] = Checkpoint(
            stage=name, step=0, finished=True, options_digest="", data_digest="", tensors=learner.tensors()
        )
    return parents


def time_steps(
    stage: str, parents: Mapping[str, Checkpoint], photos: PhotoSet, rounds: int
) -> dict[str, float]:
    """Median seconds of a step in each form, taken in turns."""
    learners = {
        name: Learner(STAGES[stage], options, device=CPU, parents=parents)
        for name, options in forms().items()
    }
    options = forms()["ours"]
    sampler = PatchSampler(photos, patch_px=options.patch_px, batch=options.batch, seed=0)
    seconds: dict[str, list[float]] = {name: [] for name in learners}
    for step in range(rounds + 1):
        x, y = sampler.batch_at(step)
        for name, learner in learners.items():
            began = time.perf_counter()
            learner.step(x, y, step=step)
            if step:  # the first one sets things up
                seconds[name].append(time.perf_counter() - began)
    return {name: statistics.median(values) for name, values in seconds.items()}


def compare_quality(photos: PhotoSet, steps: int) -> None:
    """Train the pixel stages in both forms, each from the same start on the same patches."""
    for stage in ("teacher_pixel", "student_pixel"):
        for name, options in forms().items():
            learner = Learner(STAGES[stage], replace(options, ema_decay=0.9), device=CPU, parents={})
            sampler = PatchSampler(photos, patch_px=options.patch_px, batch=options.batch, seed=0)
            for step in range(steps):
                learner.step(*sampler.batch_at(step), step=step)
            psnr_y = watching.quality(learner.ema, photos, patch_px=options.patch_px, device=CPU)
            print(f"{stage}, {steps} steps, {name}: {psnr_y:.2f} dB PSNR-Y", flush=True)


def peak_mb() -> float:
    """The largest resident set of this process so far (Linux); getrusage would count the parent's too."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1000


def print_memory(stage: str) -> None:
    """Peak memory of this process after two steps: run in a process of its own."""
    options = forms()["ours"]
    photos = smooth_photos()
    before = peak_mb()
    learner = Learner(STAGES[stage], options, device=CPU, parents=parents_of(options))
    sampler = PatchSampler(photos, patch_px=options.patch_px, batch=options.batch, seed=0)
    for step in range(2):
        learner.step(*sampler.batch_at(step), step=step)
    print(f"{stage}: peak {peak_mb():.0f} MB, {before:.0f} MB of it before there is a network")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--quality-steps", type=int, default=0)
    parser.add_argument(_MEMORY_FLAG, choices=TIMED, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    if arguments.memory_of:
        print_memory(arguments.memory_of)
        return
    photos, parents = smooth_photos(), parents_of(forms()["ours"])
    bf16 = "has" if torch.cpu._is_avx512_bf16_supported() else "lacks"
    print(f"batch 16, patches of 96 px, {torch.get_num_threads()} threads; the processor {bf16} AVX512-BF16")
    for stage in TIMED:
        seconds = time_steps(stage, parents, photos, arguments.rounds)
        ratio = seconds["plain"] / seconds["ours"]
        print(
            f"{stage}: plain {seconds['plain']:.2f} s a step, ours {seconds['ours']:.2f} s: "
            f"{ratio:.2f} times as fast"
        )
    for stage in ("teacher_adversarial", "g2g_al_final"):
        subprocess.run([sys.executable, __file__, _MEMORY_FLAG, stage], check=True)
    if arguments.quality_steps:
        compare_quality(photos, arguments.quality_steps)


if __name__ == "__main__":
    main()
