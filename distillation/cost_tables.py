"""What methods cost, as text for a terminal, as LaTeX for a paper and as a data frame for a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from distillation.models import method_label
from srstudy.tables import LATEX_HEAD, Column, Table, latex_of, text_of

if TYPE_CHECKING:  # the rows come from torch's side, and tables need none of it
    from distillation.pipeline.costs import CostRow


def cost_table(rows: Sequence[CostRow], *, dataset: str) -> Table:
    """A row a method: size, time and memory, then quality."""
    costs = [row.measured for row in rows]

    def column(name: str, values: Sequence[float | None], digits: int) -> Column:
        return Column(group="", name=name, values=tuple(values), digits=digits, best=None)

    columns = (
        column("parameters/K", [cost.parameters / 1e3 for cost in costs], 1),
        column("MACs/LR px", [cost.macs_per_lr_px for cost in costs], 0),
        column("GMACs", [cost.gmacs for cost in costs], 2),
        column("fp32/ms", [cost.fp32_ms for cost in costs], 1),
        column("bf16/ms", [cost.bf16_ms for cost in costs], 1),
        column("peak/MB", [cost.peak_mb for cost in costs], 0),
        column("file/MB", [cost.file_mb for cost in costs], 2),
        Column(
            group=dataset, name="PSNR-Y/dB", values=tuple(row.psnr_y for row in rows), digits=3, best="high"
        ),
        Column(group=dataset, name="SSIM-Y", values=tuple(row.ssim_y for row in rows), digits=4, best="high"),
    )
    return Table(heading="method", rows=tuple(method_label(row.method) for row in rows), columns=columns)


def how_measured(*, runs: int, threads: int, width: int, height: int) -> str:
    """What the figures of a cost table are of, in one paragraph."""
    return (
        f"GMACs for an output of 1280 x 720; times are medians over {runs} runs of the inference form for "
        f"one input of {width} x {height} pixels on {threads} CPU threads (bicubic: NumPy in float64); peak "
        "is the memory that such an input adds to a process in fp32; file is safetensors in float32. "
        "Networks of one shape are measured once."
    )


def cost_text(rows: Sequence[CostRow], *, dataset: str, how: str) -> str:
    """The table for a terminal, and under it how it was measured."""
    return f"{text_of(cost_table(rows, dataset=dataset))}{how}\n"


def cost_latex(rows: Sequence[CostRow], *, dataset: str, how: str) -> str:
    """The table as a LaTeX file."""
    caption = f"Cost and quality at scale 4. {how}".replace(" x ", r" $\times$ ")
    return LATEX_HEAD + latex_of(cost_table(rows, dataset=dataset), caption=caption, label="tab:cost")


def cost_frame(
    rows: Sequence[CostRow], *, dataset: str, runs: int, threads: int, width: int, height: int
) -> pd.DataFrame:
    """A row a method with everything that was measured, and under which conditions."""
    return pd.DataFrame(
        {
            "method": row.method,
            "run": row.run_id,
            "parameters": row.measured.parameters,
            "macs_per_lr_px": row.measured.macs_per_lr_px,
            "gmacs_720p": row.measured.gmacs,
            "fp32_ms": row.measured.fp32_ms,
            "bf16_ms": row.measured.bf16_ms,
            "peak_mb": row.measured.peak_mb,
            "file_mb": row.measured.file_mb,
            "dataset": dataset,
            "psnr_y": row.psnr_y,
            "ssim_y": row.ssim_y,
            "lr_width": width,
            "lr_height": height,
            "threads": threads,
            "runs": runs,
        }
        for row in rows
    )
