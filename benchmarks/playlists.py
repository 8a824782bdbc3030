"""What one rater's playlist costs: milliseconds for early and late raters, side by side as ratios.

Run from the repository: `.venv/bin/python benchmarks/playlists.py [--images N] [--methods N]`. Process time
of one call, the best of several; each with nothing kept from the calls before.
"""

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from ratings.playlist import Design, StimulusKey, make_playlist

RATERS = (0, 1_000, 100_000)
BEST_OF = 9
TRAPS = {"dummies": 5, "reference_traps": 5, "degraded_traps": 5}


def main() -> None:
    """Measure every design at every rater and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=100, metavar="N")
    parser.add_argument("--methods", type=int, default=10, metavar="N")
    options = parser.parse_args()
    stimuli = [
        StimulusKey(image * options.methods + method, f"image{image}", f"method{method}")
        for image in range(options.images)
        for method in range(options.methods)
    ]
    count = len(stimuli)
    designs = {
        f"{count} of {count}": Design(),
        f"{count} of {count}, extras": Design(repeats=min(50, count), **TRAPS),
        f"40 of {count}": Design(per_rater=40),
        f"40 of {count}, extras": Design(per_rater=40, repeats=5, **TRAPS),
        f"{count - 1} of {count}, extras": Design(per_rater=count - 1, repeats=min(50, count - 1), **TRAPS),
    }
    print(
        f"{'design':24}"
        + "".join(f"{f'ms, rater {rater:,}':>19}" for rater in RATERS)
        + f"{'last : first':>14}"
    )
    for name, design in designs.items():
        ms = [_best_ms(stimuli, design, rater) for rater in RATERS]
        print(f"{name:24}" + "".join(f"{one:19.2f}" for one in ms) + f"{ms[-1] / ms[0]:14.2f}", flush=True)


def _best_ms(stimuli: list[StimulusKey], design: Design, first: int) -> float:
    took_s = []
    for rater in range(first, first + BEST_OF):
        began = time.process_time()
        make_playlist(stimuli, seed=0, rater_index=rater, design=design)
        took_s.append(time.process_time() - began)
    return 1000 * min(took_s)


if __name__ == "__main__":
    main()
