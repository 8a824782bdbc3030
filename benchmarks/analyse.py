"""How long `manage.py analyse` takes as a process, imports included, over sizes of a study.

    python benchmarks/analyse.py [--votes 100000 1000000 10000000] [--options "--estimator zscore"]

Every size is a partial design of differences: images by 10 methods, each rater rating a tenth of the stimuli.
Made in a temporary folder, analysed without figures and without the mixed model; printed are seconds as a
process, seconds a million votes beside those of the smallest size, and the peak memory of the process. The
Netflix public votes come first where they lie beside the repository (SRSTUDY_SHARED names another folder).
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

REPOSITORY = Path(__file__).resolve().parent.parent
METHODS = 10
SHARE = 0.1


def write_study(path: Path, votes: int, seed: int = 0) -> tuple[int, int]:
    """Write about so many votes; answers stimuli and raters. Four stimuli for every rater."""
    rng = np.random.default_rng(seed)
    raters = max(8, round(np.sqrt(votes / SHARE / 4)))
    images = max(2, round(votes / SHARE / raters / METHODS))
    stimuli = images * METHODS
    quality = rng.uniform(5, 60, stimuli)
    bias = rng.normal(0, 6.7, raters)
    with path.open("w", encoding="utf-8") as file:
        file.write("rater,image,method,difference\n")
        for rater in range(raters):
            seen = np.flatnonzero(rng.random(stimuli) < SHARE)
            difference = quality[seen] + bias[rater] + rng.normal(0, 12, seen.size)
            frame = pd.DataFrame(
                {
                    "rater": f"rater{rater:05d}",
                    "image": [f"set/image{code // METHODS:05d}" for code in seen.tolist()],
                    "method": [f"method{code % METHODS}" for code in seen.tolist()],
                    "difference": np.clip(difference, -100, 100).round(1),
                }
            )
            frame.to_csv(file, header=False, index=False)
    return stimuli, raters


def run(path: Path, options: list[str], out: Path) -> tuple[float, float]:
    """Seconds and peak megabytes of one process."""
    command = [sys.executable, "manage.py", "analyse", str(path), "--out", str(out), "--no-figures"]
    began = time.perf_counter()
    process = subprocess.Popen(
        [*command, "--no-mixed-model", *options], cwd=REPOSITORY, stdout=subprocess.DEVNULL
    )
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    if status:
        sys.exit(f"analyse ended with status {os.waitstatus_to_exitcode(status)}")
    return seconds, used.ru_maxrss / 1000


def netflix() -> Path | None:
    """The public votes, if they are there."""
    folder = Path(os.environ.get("SRSTUDY_SHARED") or REPOSITORY.parent / "shared")
    path = folder / "ratings" / "nflx_public.csv"
    return path if path.is_file() else None


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--votes", type=int, nargs="+", default=[100_000, 1_000_000, 10_000_000])
    parser.add_argument("--options", default="", help="more options of analyse, in one text")
    arguments = parser.parse_args()
    options = arguments.options.split()
    with tempfile.TemporaryDirectory() as scratch:
        public = netflix()
        if public is not None:
            seconds, peak = run(public, options, Path(scratch) / "nflx")
            print(f"Netflix public votes: {seconds:.2f} s, peak {peak:.0f} MB", flush=True)
        print("votes      stimuli  raters  file/MB  seconds  s/million  ratio  peak/MB")
        first = 0.0
        for wanted in arguments.votes:
            path = Path(scratch) / "votes.csv"
            stimuli, raters = write_study(path, wanted)
            with path.open("rb") as file:
                votes = sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 24), b"")) - 1
            seconds, peak = run(path, options, Path(scratch) / "out")
            pace = seconds / votes * 1e6
            first = first or pace
            megabytes = path.stat().st_size / 1e6
            print(
                f"{votes:<10} {stimuli:<8} {raters:<7} {megabytes:<8.0f} {seconds:<8.1f} {pace:<10.2f} "
                f"{pace / first:<6.2f} {peak:.0f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
