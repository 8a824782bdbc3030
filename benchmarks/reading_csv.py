"""What reading a long CSV of ratings costs, by its length: seconds, rows a second and peak memory.

Run from the repository: `.venv/bin/python benchmarks/reading_csv.py [--rows N …] [--pairs] [--decimals N]`.
Each file is written to a temporary folder and read in a process of its own on one thread; what is printed as
memory is the highest resident set of that process, Python and pandas included. Needs Linux.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import pandas as pd

from ratings.analysis.longcsv import read_votes

ROWS = (100_000, 1_000_000, 10_000_000)
GOAL_SECONDS = 30
GOAL_MB = 2500
SHOWN = 200
METHODS = 10
CHUNK = 500_000


def main() -> None:
    """Write and read a file of every length, and print a line of each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=ROWS, metavar="N")
    parser.add_argument("--pairs", action="store_true", help="reference_score,test_score instead of score")
    parser.add_argument("--decimals", type=int, default=1, metavar="N", help="of a score; default: 1")
    parser.add_argument("--one", type=Path, metavar="FILE", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(_read(options.one))
        return
    if min(options.rows) < 1:
        sys.stderr.write(f"--rows is 1 or more, not {min(options.rows)}.\n")
        raise SystemExit(2)
    print(f"pandas {pd.__version__}; goal for ten million rows: {GOAL_SECONDS} s, {GOAL_MB} MB")
    print("      rows      MB  seconds     rows/s  peak MB")
    for rows in options.rows:
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch) / "votes.csv"
            _write(path, rows, pairs=options.pairs, decimals=options.decimals)
            print(_in_a_process(path))


def _write(path: Path, rows: int, *, pairs: bool, decimals: int) -> None:
    """Write votes of raters who see 200 stimuli each, of images by ten methods."""
    rng = np.random.default_rng(0)
    raters = max(1, rows // SHOWN)
    images = min(1000, max(1, rows // 1000))
    names = ["reference_score", "test_score"] if pairs else ["score"]
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(["rater", "image", "method", *names]) + "\n")
        for start in range(0, rows, CHUNK):
            at = np.arange(start, min(start + CHUNK, rows))
            scores = rng.uniform(0, 100, (len(names), at.size)).round(decimals)
            columns = [
                (at // SHOWN % raters).tolist(),
                rng.integers(0, images, at.size).tolist(),
                rng.integers(0, METHODS, at.size).tolist(),
                *scores.tolist(),
            ]
            file.writelines(
                f"rater{rater:05d},photos/{image:04d},method{method},{','.join(map(str, score))}\n"
                for rater, image, method, *score in zip(*columns, strict=True)
            )


def _in_a_process(path: Path) -> str:
    command = [sys.executable, __file__, "--one", str(path)]
    return subprocess.check_output(command, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"}).rstrip()


def _read(path: Path) -> str:
    started = time.perf_counter()
    rows = len(read_votes(path).frame)
    seconds = time.perf_counter() - started
    peak_mb = _peak_mb()
    size_mb = path.stat().st_size / 1e6
    return f"{rows:>10,} {size_mb:>7.1f} {seconds:>8.2f} {rows / seconds:>10,.0f} {peak_mb:>8.0f}"


def _peak_mb() -> float:
    # ru_maxrss would count the parent process, whose memory a child has until it runs its own program.
    found = re.search(r"^VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
    return int(found[1]) / 1024 if found else float("nan")


if __name__ == "__main__":
    main()
