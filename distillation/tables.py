"""Runs and scores as text for a terminal and as data frames for a file."""

from collections.abc import Sequence

import pandas as pd

from distillation.models import Output, TrainingRun, method_label
from distillation.queries import OutputRow


def text_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns set flush: the first to the left, the others to the right."""
    widths = [max(len(row[column]) for row in [headings, *rows]) for column in range(len(headings))]
    lines = [
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in [headings, ["-" * width for width in widths], *rows]
    ]
    return "\n".join(lines)


def runs_table(runs: Sequence[TrainingRun]) -> str:
    """One line a run: what was trained, how long, how large."""
    rows = [
        [
            method_label(run.method),
            str(run.pk),
            run.profile,
            str(run.steps),
            f"{run.seconds:.0f}",
            f"{run.parameters:,}",
            run.weights_sha256[:12],
        ]
        for run in runs
    ]
    return text_table(["method", "run", "profile", "steps", "seconds", "parameters", "weights"], rows) + "\n"


def methods_table(rows: Sequence[OutputRow], *, dataset: str) -> str:
    """Means of each method over a data set, as in the paper's Table 2."""
    cells = [
        [
            method_label(row.method),
            str(row.images),
            f"{row.psnr_y:.3f}",
            f"{row.ssim_y:.4f}",
            f"{row.psnr_rgb:.3f}",
            f"{row.ssim_rgb:.4f}",
        ]
        for row in rows
    ]
    return text_table([dataset, "images", "PSNR-Y/dB", "SSIM-Y", "PSNR-RGB/dB", "SSIM-RGB"], cells) + "\n"


def evaluation_frame(outputs: Sequence[Output]) -> pd.DataFrame:
    """A row an image and method, in the columns of `evaluation.csv`."""
    return pd.DataFrame(
        {
            "dataset": output.image.dataset,
            "image": output.image.name,
            "method": output.method,
            "psnr_y": output.psnr_y,
            "ssim_y": output.ssim_y,
            "psnr_rgb": output.psnr_rgb,
            "ssim_rgb": output.ssim_rgb,
            "seconds": output.seconds,
            "run": output.run_id,
            "sha256": output.sha256,
        }
        for output in outputs
    )
