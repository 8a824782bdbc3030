"""Runs and scores as text for a terminal, as LaTeX for a paper and as data frames for a file."""

from collections.abc import Mapping, Sequence
from typing import Literal

import pandas as pd

from distillation.models import Output, TrainingRun, method_label
from distillation.queries import OutputRow
from srstudy.tables import LATEX_HEAD, Column, Table, latex_of, number, text_of, text_table

Channel = Literal["y", "rgb"]

# Each measure's column: heading, name of the field, decimals.
ALL_MEASURES = (
    ("PSNR-Y/dB", "psnr_y", 3),
    ("SSIM-Y", "ssim_y", 4),
    ("PSNR-RGB/dB", "psnr_rgb", 3),
    ("SSIM-RGB", "ssim_rgb", 4),
    ("GMSD", "gmsd", 4),
    ("LR-PSNR/dB", "lr_psnr", 2),
    ("HF energy", "high_frequency", 3),
    ("wrapped/dB", "psnr_wrapped", 3),
)
CHANNELS: dict[Channel, str] = {
    "y": "on the Y channel (BT.601 luma, 16 to 235, unrounded)",
    "rgb": "on RGB (SSIM the mean of the three channels)",
}
# In LaTeX.
PROTOCOL_CAPTION = (
    r"4\,px cropped from each side; data range 255; SSIM with an $11 \times 11$ Gaussian window, "
    r"$\sigma = 1.5$. Means over the images of each set; the best of each column is bold."
)


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
    """Means of every measure of each method over a data set."""
    cells = [
        [
            method_label(row.method),
            str(row.images),
            *(number(getattr(row, name), digits) for _, name, digits in ALL_MEASURES),
        ]
        for row in rows
    ]
    return text_table([dataset, "images", *(heading for heading, _, _ in ALL_MEASURES)], cells) + "\n"


def images_table(outputs: Sequence[Output]) -> str:
    """Every measure of each output, image by image."""
    cells = [
        [
            output.image.label,
            method_label(output.method),
            *(number(getattr(output, name), digits) for _, name, digits in ALL_MEASURES),
        ]
        for output in sorted(outputs, key=lambda output: output.image.label)
    ]
    return text_table(["image", "method", *(heading for heading, _, _ in ALL_MEASURES)], cells) + "\n"


def paper_table(sets: Mapping[str, Sequence[OutputRow]], *, channel: Channel) -> Table:
    """Means in the layout of the paper's Table 2: a row a method, PSNR and SSIM for each data set."""
    methods = list(dict.fromkeys(row.method for rows in sets.values() for row in rows))
    columns = []
    for dataset, rows in sets.items():
        of_method = {row.method: row for row in rows}
        for name, field, digits in (("PSNR", "psnr", 3), ("SSIM", "ssim", 4)):
            values = tuple(getattr(of_method.get(method), f"{field}_{channel}", None) for method in methods)
            columns.append(Column(group=dataset, name=name, values=values, digits=digits, best="high"))
    labels = tuple(method_label(method) for method in methods)
    return Table(heading="Method", rows=labels, columns=tuple(columns))


def paper_text(sets: Mapping[str, Sequence[OutputRow]], *, channel: Channel) -> str:
    """The paper's layout for a terminal."""
    return f"PSNR in dB and SSIM {CHANNELS[channel]}\n{text_of(paper_table(sets, channel=channel))}"


def paper_latex(sets: Mapping[str, Sequence[OutputRow]]) -> str:
    """The paper's layout as a LaTeX file: one `table*` for luma, one for RGB."""
    parts = [LATEX_HEAD]
    for channel, where in CHANNELS.items():
        caption = f"PSNR in dB and SSIM at scale 4 {where}; {PROTOCOL_CAPTION}"
        table = paper_table(sets, channel=channel)
        parts.append(latex_of(table, caption=caption, label=f"tab:evaluation-{channel}"))
    return "\n".join(parts)


def evaluation_frame(outputs: Sequence[Output]) -> pd.DataFrame:
    """A row an image and method, in the columns of `evaluation.csv`."""
    frame = pd.DataFrame(
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
            "gmsd": output.gmsd,
            "psnr_wrapped": output.psnr_wrapped,
            "lr_psnr": output.lr_psnr,
            "high_frequency": output.high_frequency,
            "protocol": output.protocol,
        }
        for output in outputs
    )
    return frame.astype({"run": "Int64"})  # an empty cell beside numbers would make them floats
