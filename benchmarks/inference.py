"""How fast networks are in inference form, as ratios to the teacher and to themselves in plain fp32.

Run from the repository: `.venv/bin/python benchmarks/inference.py [--threads N] [--rounds N] [--size WxH]`.
All forms take turns in every round, so that a ratio of medians holds whatever else the machine does; the
milliseconds hold for this machine alone. Weights are random, for they do not matter here.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import torch

from distillation.sr import fast
from distillation.sr.config import GeneratorShape
from distillation.sr.networks import Generator, seeded

# Each network with the goal of its best form: so many times as fast as the teacher in plain fp32.
NETWORKS = {
    "teacher 16x64": (GeneratorShape(blocks=16, channels=64), 2.2),
    "student 8x32": (GeneratorShape(blocks=8, channels=32), 7.0),
    "lite 8x32": (GeneratorShape(blocks=8, channels=32, lite=True), 25.0),
}
PLAIN, FAST, FAST_BF16 = "fp32 eager", "fp32 inference form", "bf16 inference form"
BASE = ("teacher 16x64", PLAIN)


def main() -> None:
    """Time every network in every form, alternating, and print medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", default="120x120", metavar="WxH", help="of the input; Set14's are near it")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), metavar="N")
    parser.add_argument("--rounds", type=int, default=9, metavar="N")
    options = parser.parse_args()
    width, height = (int(side) for side in options.size.split("x"))
    torch.set_num_threads(options.threads)
    with_bf16 = torch.cpu._is_avx512_bf16_supported()
    print(
        f"input {width} x {height}, {options.threads} threads, medians over {options.rounds} alternating "
        f"rounds, torch {torch.__version__}, a processor {'with' if with_bf16 else 'without'} bf16"
    )
    x = torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        times = _alternate(_works(x, with_bf16=with_bf16), options.rounds)
    _report(times)


def _works(x: torch.Tensor, *, with_bf16: bool) -> dict[tuple[str, str], Callable[[], object]]:
    works: dict[tuple[str, str], Callable[[], object]] = {}
    for name, (shape, _) in NETWORKS.items():
        plain = seeded(Generator, shape, seed=0).eval()
        forms = {PLAIN: plain, FAST: fast.prepare(plain)}
        if with_bf16:
            forms[FAST_BF16] = fast.prepare(plain, precision="bf16")
        for form, network in forms.items():
            works[name, form] = lambda network=network: network(x)
    return works


def _alternate(
    works: Mapping[tuple[str, str], Callable[[], object]], rounds: int
) -> dict[tuple[str, str], float]:
    """Median milliseconds of each; the first call of each does not count."""
    times: dict[tuple[str, str], list[float]] = {key: [] for key in works}
    for work in works.values():
        work()
    for _ in range(rounds):
        for key, work in works.items():
            started = time.perf_counter()
            work()
            times[key].append(time.perf_counter() - started)
    return {key: 1000 * statistics.median(seconds) for key, seconds in times.items()}


def _report(times: Mapping[tuple[str, str], float]) -> None:
    print(f"{'':38}{'ms':>9}{'its fp32 eager':>17}{'teacher fp32 eager':>21}")
    for (name, form), ms in times.items():
        own, teacher = times[name, PLAIN] / ms, times[BASE] / ms
        print(f"{name:16}{form:22}{ms:9.1f}{own:16.2f}x{teacher:20.2f}x")
    for name, (_, goal) in NETWORKS.items():
        best = max(times[BASE] / ms for (network, _), ms in times.items() if network == name)
        print(f"{name}: {best:.1f}x, goal {goal:g}x {'reached' if best >= goal else 'missed'}")


if __name__ == "__main__":
    main()
