"""What estimators of opinion scores and screening cost: seconds, seconds a million votes, and peak memory.

Run from the repository: `.venv/bin/python benchmarks/estimators.py [--votes N]`. Simulated panels of all
sizes, in which raters rate a share of the stimuli at random, and the Netflix ratings where the folder that
SRSTUDY_SHARED names (or ../shared) has them. Every figure is taken in a process of its own.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import pandas as pd

from ratings.analysis.bootstrap import bootstrap_mean, bootstrap_recovered
from ratings.analysis.bt500 import bt500_correlation, bt500_kurtosis
from ratings.analysis.by_method import estimate_groups
from ratings.analysis.dmos import estimate_mean, live_scores
from ratings.analysis.recovery import subject_model, zrec
from ratings.analysis.scores import ScoreTable

METHODS = 4
NETFLIX = "the Netflix ratings"
BESIDE = Path(__file__).resolve().parents[2] / "shared"


class Size(NamedTuple):
    """A simulated panel: how many stimuli and raters, and the share of votes given."""

    stimuli: int
    raters: int
    share: float


SIZES = {
    "200 x 50, all": Size(200, 50, 1.0),
    "2,000 x 1,000, 20 %": Size(2000, 1000, 0.2),
    "20,000 x 1,000, 10 %": Size(20_000, 1000, 0.1),
    "20,000 x 5,000, 10 %": Size(20_000, 5000, 0.1),
}


def _methods(table: ScoreTable) -> np.ndarray:
    return np.arange(table.n_stimuli) % METHODS


def _zscore(table: ScoreTable) -> object:
    live = live_scores(table, table.rater_of, _methods(table), scope="study")
    return estimate_mean(live.scores, level=0.95, ci="t")


def _methods_of_mean(table: ScoreTable) -> object:
    return estimate_groups(table, _methods(table), METHODS, level=0.95, ci="bootstrap", seed=0)


WORK: dict[str, Callable[[ScoreTable], object]] = {
    "mean, t": lambda table: estimate_mean(table, level=0.95, ci="t"),
    "zscore, t": _zscore,
    "screening, both rules": lambda table: (bt500_kurtosis(table), bt500_correlation(table)),
    "methods, bootstrap": _methods_of_mean,
    "mean, bootstrap": lambda table: bootstrap_mean(table, _methods(table), METHODS, level=0.95, seed=0),
    "subject_model": subject_model,
    "subject_model, bootstrap": lambda table: bootstrap_recovered(
        subject_model(table), _methods(table), METHODS, level=0.95, seed=0
    ),
    "zrec": zrec,
    "zrec, bootstrap": lambda table: bootstrap_recovered(
        zrec(table), _methods(table), METHODS, level=0.95, seed=0
    ),
}


def main() -> None:
    """Measure every estimator on every panel and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--votes", type=int, default=2_000_000, metavar="N", help="no panel of more votes")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(_measure(*options.one)))
        return
    shared = Path(os.environ.get("SRSTUDY_SHARED") or BESIDE) / "ratings" / "nflx_public.csv"
    panels = [NETFLIX] if shared.is_file() else []
    panels += [name for name, size in SIZES.items() if _votes(size) <= options.votes]
    print(f"{'panel':22}{'votes':>11}  {'estimator':26}{'seconds':>9}{'s / million':>12}{'peak MB':>9}")
    for panel in panels:
        for work in WORK:
            command = [sys.executable, __file__, "--one", panel, work]
            answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            found = json.loads(answer.stdout)
            a_million = 1e6 * found["seconds"] / found["votes"]
            print(
                f"{panel:22}{found['votes']:11,}  {work:26}{found['seconds']:9.3f}{a_million:12.2f}"
                f"{found['peak_mb']:9.0f}",
                flush=True,
            )


def _votes(size: Size) -> float:
    return size.stimuli * size.raters * size.share


def _measure(panel: str, work: str) -> dict[str, float]:
    """Seconds, the better of two runs where the first was short, and memory in MB above the table's own."""
    table = _netflix() if panel == NETFLIX else _simulated(SIZES[panel])
    Path("/proc/self/clear_refs").write_text("5")  # forgets the peak of making the table
    before_mb = _memory_mb("VmRSS")
    times = []
    while not times or (len(times) < 2 and times[0] < 1):
        began = time.perf_counter()
        WORK[work](table)
        times.append(time.perf_counter() - began)
    return {"seconds": min(times), "votes": table.value.size, "peak_mb": _memory_mb("VmHWM") - before_mb}


def _netflix() -> ScoreTable:
    folder = Path(os.environ.get("SRSTUDY_SHARED") or BESIDE)
    frame = pd.read_csv(folder / "ratings" / "nflx_public.csv")
    stimulus_of, stimuli = pd.factorize(frame["image"] + "/" + frame["method"])
    rater_of, raters = pd.factorize(frame["rater"])
    return ScoreTable(stimulus_of, rater_of, frame["score"].to_numpy(float), len(stimuli), len(raters))


def _simulated(size: Size) -> ScoreTable:
    rng = np.random.default_rng(0)
    if size.share == 1:
        cells = np.arange(size.stimuli * size.raters)
    else:
        cells = np.unique(rng.integers(size.stimuli * size.raters, size=int(_votes(size))))
    stimulus_of, rater_of = np.divmod(cells, size.raters)
    inconsistency = 12 * np.exp(rng.normal(0, 0.3, size.raters))
    value = rng.uniform(0, 60, size.stimuli)[stimulus_of] + rng.normal(0, 6, size.raters)[rater_of]
    value += inconsistency[rater_of] * rng.normal(size=cells.size)
    return ScoreTable(stimulus_of, rater_of, value, size.stimuli, size.raters)


def _memory_mb(field: str) -> float:
    """A figure of this process from Linux's /proc/self/status: VmRSS now, VmHWM at its highest."""
    found = re.search(rf"{field}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    if found is None:
        raise ValueError("Memory is measured on Linux only.")
    return int(found[1]) * 1024 / 1e6


if __name__ == "__main__":
    main()
