"""Peak memory of the teacher's network over a 4000 x 3000 output, each form in its own process.

The plain form, which `evaluate` uses, is measured once more on the largest image that it takes in one piece.
Run from the repository: `.venv/bin/python benchmarks/tiling_memory.py [--size 1000x750] [--threads N]`.
What is printed is the highest resident set of the whole process, torch included; weights are random, for
they do not matter here. Needs Linux.
"""

import argparse
import math
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import torch

from distillation.sr import fast, upscale
from distillation.sr.config import SCALE, GeneratorShape
from distillation.sr.measuring import resident_mb
from distillation.sr.networks import Generator, seeded

TEACHER = GeneratorShape(blocks=16, channels=64)
GOAL_MB = 2000
WHOLE_SIDE_PX = math.isqrt(upscale.WHOLE_UP_TO_PX)
FORMS = ("fp32", "bf16", "eager")


def main() -> None:
    """Run every form in a child process and print its peak beside the goal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", default="1000x750", metavar="WxH", help="of the input")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), metavar="N")
    parser.add_argument("--forms", nargs="+", default=FORMS, choices=FORMS)
    parser.add_argument("--one", choices=FORMS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    width, height = (int(side) for side in options.size.split("x"))
    if options.one:
        print(_one(options.one, width, height, options.threads))
        return
    bf16 = "with" if torch.cpu._is_avx512_bf16_supported() else "without"
    print(
        f"16 x 64 network, {width} x {height} to {width * SCALE} x {height * SCALE}, "
        f"{options.threads} threads, torch {torch.__version__}, a processor {bf16} bf16; "
        f"goal: under {GOAL_MB} MB"
    )
    for form in options.forms:
        print(_in_a_process(form, options.size, options.threads))
    if "eager" in options.forms:
        whole = _in_a_process("eager", f"{WHOLE_SIDE_PX}x{WHOLE_SIDE_PX}", options.threads)
        print(f"{WHOLE_SIDE_PX} x {WHOLE_SIDE_PX} in one piece, {whole}")


def _in_a_process(form: str, size: str, threads: int) -> str:
    command = [sys.executable, __file__, "--one", form, "--size", size, "--threads", str(threads)]
    return subprocess.check_output(command, text=True).rstrip()


def _one(form: str, width: int, height: int, threads: int) -> str:
    torch.set_num_threads(threads)
    generator = seeded(Generator, TEACHER, seed=0).eval()
    network = generator if form == "eager" else fast.prepare(generator, precision=form)
    lr = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    before, started = resident_mb("VmRSS"), time.perf_counter()
    upscale.upscale(network, lr)
    seconds, peak = time.perf_counter() - started, resident_mb("VmHWM")
    if peak is None or before is None:
        return f"{form}: memory cannot be read on this system."
    verdict = "reached" if peak < GOAL_MB else "missed"
    name = "eager fp32" if form == "eager" else f"inference form, {form}"
    return f"{name}: {peak:.0f} MB ({before:.0f} before), {seconds:.1f} s, goal {verdict}"


if __name__ == "__main__":
    main()
