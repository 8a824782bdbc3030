"""How long evaluating bicubic takes with one process and with several, and what the time goes into.

Run from the repository: `.venv/bin/python benchmarks/evaluate_bicubic.py [FOLDER] [--workers N]`. It makes,
scores and saves every image of FOLDER into a temporary folder and touches no database. Ratios hold
within a run; seconds hold for this machine alone.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from distillation.sr import evaluation, images, measures, metrics, photographs, workers
from distillation.sr.folders import Pair, list_folder

SCALE = evaluation.SCALE


def main() -> None:
    """Time both ways, then the parts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "folder", nargs="?", type=Path, help="a data folder; default: the bundled photographs"
    )
    parser.add_argument("--workers", type=int, default=workers.available_cores(), metavar="N")
    parser.add_argument("--images", type=int, metavar="N", help="the first N only")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.folder or _bundled(Path(scratch) / "data")
        try:
            pairs = list_folder(folder, scale=SCALE).pairs[: options.images]
            if not pairs:
                raise ValueError(f"The folder {folder} holds no images.")
            _report(pairs, options.workers, Path(scratch))
        except ValueError as refused:
            parser.exit(2, f"{refused}\n")


def _bundled(data: Path) -> Path:
    photographs.write_photographs(data, lambda done, total: None)
    return data / photographs.STUDY_SET


def _report(pairs: Sequence[Pair], count: int, scratch: Path) -> None:
    print(f"{len(pairs)} images, bicubic, one process and {count}")
    alone = _evaluate(pairs, 1, scratch / "one")
    print(f"  1 process:    {alone:7.2f} s, {alone / len(pairs) * 1000:6.0f} ms an image")
    if count > 1:
        together = _evaluate(pairs, count, scratch / "several")
        ratio = f"{alone / together:.2f} times as fast, starting them included"
        print(f"  {count} processes:  {together:7.2f} s, {ratio}")
    print("Where the time of one process goes:")
    seconds = _parts(pairs, scratch)
    total = sum(seconds.values())
    for part, spent in sorted(seconds.items(), key=lambda item: -item[1]):
        print(f"  {part:34} {100 * spent / total:5.1f} %  {spent / len(pairs) * 1000:7.1f} ms an image")


def _evaluate(pairs: Sequence[Pair], count: int, media: Path) -> float:
    tasks = (
        (
            pair.name,
            evaluation.Task(
                pair=pair,
                reference_stem=media / "images" / pair.name,
                requests=(
                    evaluation.Request(stem=media / "bicubic" / pair.name, is_bicubic=True, stored=None),
                ),
            ),
        )
        for pair in pairs
    )
    started = time.perf_counter()
    with workers.worker_pool(count) as executor:
        for _ in workers.in_order(executor, evaluation.evaluate_pair, tasks, ahead=count + 1):
            pass
    return time.perf_counter() - started


def _parts(pairs: Sequence[Pair], scratch: Path) -> dict[str, float]:
    """Seconds in each part over all images, one after the other in this process."""
    seconds: dict[str, float] = {}

    def timed(part: str, function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        started = time.perf_counter()
        result = function(*arguments, **options)
        seconds[part] = seconds.get(part, 0.0) + time.perf_counter() - started
        return result

    for pair in pairs:
        hr, lr = timed("decoding", evaluation.read_pair, pair, scale=SCALE)
        up = timed("upscaling", images.upscale_bicubic, lr, SCALE)
        a, b = images.crop_border(hr, SCALE), images.crop_border(up, SCALE)
        y_a, y_b = timed("luma", lambda a=a, b=b: (images.luma(a), images.luma(b)))
        for one, other in ((y_a, y_b), (a, b)):
            timed("SSIM", metrics.ssim, one, other, data_range=255)
            timed("PSNR", metrics.psnr, one, other, data_range=255)
        timed("GMSD", measures.gmsd, y_a, y_b)
        timed("wrapped PSNR, LR-PSNR", measures.psnr_wrapped, hr, up)
        timed("wrapped PSNR, LR-PSNR", measures.lr_psnr, up, lr, scale=SCALE)
        timed("high frequencies", measures.high_frequency, y_a, y_b, scale=SCALE)
        for pixels in (hr, up):
            timed("saving: reference and output", evaluation.save, scratch / "parts" / pair.name, pixels)
    return seconds


if __name__ == "__main__":
    main()
