"""What methods cost, as text for a terminal, as LaTeX for a paper and as a data frame for a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from srstudy.tables import LATEX_HEAD, Column, Table, latex_of, text_of
from srstudy.words import counted

if TYPE_CHECKING:  # the rows come from torch's side, and tables need none of it
    from distillation.pipeline.costs import CostRow


def cost_table(rows: Sequence[CostRow], *, dataset: str) -> Table:
    """A row a method or run: size, time and memory, then quality."""
    costs, chosen = [row.measured for row in rows], [row.candidate for row in rows]

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
            group=dataset,
            name="PSNR-Y/dB",
            values=tuple(each.psnr_y for each in chosen),
            digits=3,
            best="high",
        ),
        Column(
            group=dataset, name="SSIM-Y", values=tuple(each.ssim_y for each in chosen), digits=4, best="high"
        ),
    )
    return Table(heading="method", rows=tuple(each.label for each in chosen), columns=columns)


def how_measured(*, runs: int, threads: int, width: int, height: int) -> str:
    """What the figures of a cost table are of, in one paragraph."""
    return (
        f"GMACs for an output of 1280 x 720; times are medians over {counted(runs, 'run')} of the inference "
        f"form for one input of {width} x {height} pixels on {counted(threads, 'CPU thread')} (bicubic: "
        "NumPy in float64); peak is the memory that such an input adds to a process in fp32; file is "
        "safetensors in float32. Networks of one shape are measured once."
    )


def cost_text(rows: Sequence[CostRow], *, dataset: str, how: str) -> str:
    """The table for a terminal, and under it how it was measured."""
    return f"{text_of(cost_table(rows, dataset=dataset))}{how}\n"


def cost_latex(rows: Sequence[CostRow], *, dataset: str, how: str) -> str:
    """The table as a LaTeX file."""
    caption = f"Cost and quality at scale 4. {how}".replace(" x ", r" $\times$ ")
    table = latex_of(cost_table(rows, dataset=dataset), caption=caption, label="tab:cost")
    return LATEX_HEAD + table.replace("×", r"$\times$")


def cost_frame(
    rows: Sequence[CostRow], *, dataset: str, runs: int, threads: int, width: int, height: int
) -> pd.DataFrame:
    """A row a method or run with everything that was measured, and under which conditions."""
    return pd.DataFrame(
        {
            "label": row.candidate.label,
            "method": row.candidate.method,
            "run": row.candidate.run.pk if row.candidate.run else None,
            "parameters": row.measured.parameters,
            "macs_per_lr_px": row.measured.macs_per_lr_px,
            "gmacs_720p": row.measured.gmacs,
            "fp32_ms": row.measured.fp32_ms,
            "bf16_ms": row.measured.bf16_ms,
            "peak_mb": row.measured.peak_mb,
            "file_mb": row.measured.file_mb,
            "dataset": dataset,
            "psnr_y": row.candidate.psnr_y,
            "ssim_y": row.candidate.ssim_y,
            "lr_width": width,
            "lr_height": height,
            "threads": threads,
            "runs": runs,
        }
        for row in rows
    )
