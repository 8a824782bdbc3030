"""The paper's tables beside ours: what is stored of the paper's sets, put into words, text, LaTeX and CSV."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import pandas as pd

from distillation.models import Method, Output, TrainingRun, method_label
from distillation.queries import (
    SHIPPED,
    OutputRow,
    evaluate_commands,
    finished_run,
    rescoring_commands,
    standing_outputs,
    table_of,
)
from ratings import paper
from ratings.exports import csv_text
from srstudy.errors import Refused
from srstudy.tables import LATEX_HEAD, Column, Table, latex_of, text_of

LABELS = {method: method_label(method) for method in Method.values}
WRAPPED = (
    "Wrapped PSNR is no PSNR: it is what `mean((a - b)**2)` gives on uint8 arrays, where differences and\n"
    "squares wrap modulo 256, so that an error of 16 grey levels counts as none. The paper's PSNR of 28 to\n"
    "30 dB on every set, beside SSIM of 0.48 to 0.86, is consistent with that formula and not with PSNR as\n"
    "the field defines it; the paper's code is not at hand, so more cannot be said.\n"
)
RANKS_NOTHING = " (ranks nothing by quality: comparable with the paper's own figures alone)"
ONE_RUN = (
    "Ours are of one run a method; how far another seed would move them was not measured, so small\n"
    "differences rank nothing.\n"
)


@dataclass(frozen=True, slots=True)
class SetRows:
    """One of the paper's sets as it is stored: means of our methods, and the runs behind them.

    `rescoring` are the commands that bring its scores under today's protocol, if some are under another.
    """

    dataset: str
    rows: dict[str, OutputRow]
    runs: dict[str, TrainingRun]
    rescoring: tuple[str, ...]

    def values(self, field: str) -> dict[str, float | None]:
        """A measure of every method that is there."""
        return {method: getattr(row, field) for method, row in self.rows.items()}


def stored_sets(*, profile: str | None) -> list[SetRows]:
    """Those of the paper's sets of which some method has every image, in the paper's order."""
    found = []
    for dataset in paper.SETS:
        outputs = standing_outputs(dataset, profile=profile)
        if outputs:
            found.append(_set_rows(dataset, outputs))
    return found


def _set_rows(dataset: str, outputs: Sequence[Output]) -> SetRows:
    runs = {output.method: output.run for output in outputs if output.run is not None}
    rows = {row.method: row for row in table_of(outputs)}
    return SetRows(dataset, rows, runs, tuple(rescoring_commands(outputs)))


def what_is_missing(sets: Sequence[SetRows], *, profile: str | None) -> list[str]:
    """A sentence, with the command, for each set or method that the comparison lacks.

    `profile` is the one of `stored_sets`.
    """
    there = {one.dataset: one for one in sets}
    runs: dict[str, TrainingRun | None] = {Method.BICUBIC.value: None}
    for method in paper.METHODS:
        with suppress(Refused):
            runs[method] = finished_run(method, profile=profile)
    sentences = []
    for dataset in paper.SETS:
        sentences += _missing_of(dataset, there.get(dataset), runs)
    untrained = [method for method in paper.METHODS if method not in runs]
    return [*sentences, *_untrained(untrained, profile)]


def _missing_of(dataset: str, one: SetRows | None, runs: Mapping[str, TrainingRun | None]) -> list[str]:
    """What a set lacks of the methods that have been trained, and whether its scores are old."""
    if one is None:
        return [
            f"{dataset} has not been evaluated: {_listed(evaluate_commands(dataset, runs))}; "
            f"docs/datasets.md says how `fetch_dataset {dataset}` brings it."
        ]
    sentences = []
    lacking = {method: run for method, run in runs.items() if method not in one.rows}
    if lacking:
        names = ", ".join(LABELS[method] for method in lacking)
        sentences.append(f"{dataset} lacks {names}: {_listed(evaluate_commands(dataset, lacking))}.")
    if one.rescoring:
        sentences.append(
            f"{dataset} was scored under an older protocol: {_listed(one.rescoring)} computes its scores "
            "again and makes no image again."
        )
    return sentences


def _untrained(methods: Sequence[str], profile: str | None) -> list[str]:
    if not methods:
        return []
    names = ", ".join(LABELS[method] for method in methods)
    wanted = ["all"] if len(methods) == len(paper.METHODS) else methods
    under = f" --profile {profile}" if profile else ""
    commands = [f"python manage.py distill --method {method}{under}" for method in wanted]
    if profile == SHIPPED:
        commands = ["python manage.py use_shipped_weights"]
    of_profile = f" under the profile {profile}" if profile else ""
    return [f"Not trained{of_profile}: {names}; {_listed(commands)} and then `evaluate` as above."]


def _listed(commands: Sequence[str]) -> str:
    return " and ".join(f"`{command}`" for command in commands)


def table_2(one: SetRows) -> Table:
    """The paper's figures of a set beside ours."""
    methods = tuple(method for method in LABELS if method in one.rows or method in paper.METHODS)
    columns = []
    for field, name in (("psnr", "PSNR"), ("ssim", "SSIM")):
        known = paper.paper_values(one.dataset, field)
        values = tuple(known.get(method) for method in methods)
        columns.append(Column(group="Paper", name=name, values=values, digits=4, best="high"))
    for measure in paper.MEASURES:
        ours = one.values(measure.field)
        values = tuple(ours.get(method) for method in methods)
        best = None if measure.ranks_nothing else measure.best
        columns.append(
            Column(group="Ours", name=measure.name, values=values, digits=measure.digits, best=best)
        )
    rows = tuple(LABELS[method] for method in methods)
    return Table(heading=one.dataset, rows=rows, columns=tuple(columns))


def orders(sets: Sequence[SetRows]) -> str:
    """Under each measure and on each set, our methods from best to worst."""
    lines = []
    for measure in paper.MEASURES:
        remark = RANKS_NOTHING if measure.ranks_nothing else ""
        lines.append(f"{measure.name}, {measure.best}est first{remark}")
        for one in sets:
            places = paper.ranked(one.values(measure.field), measure)
            order = " > ".join(" = ".join(LABELS[method] for method in place) for place in places)
            lines.append(f"  {one.dataset}: {order or 'not measured'}")
    return "\n".join(lines) + "\n"


def claims(sets: Sequence[SetRows]) -> str:
    """For each measure of ours, and for the paper's own figures, whether the paper's claim holds."""
    sentences = []
    for measure in paper.MEASURES:
        verdicts = [paper.verdict(one.dataset, one.values(measure.field), measure) for one in sets]
        sentences.append(paper.claim_sentence(measure, verdicts, LABELS))
    for measure in paper.PAPER_MEASURES:
        verdicts = [
            paper.verdict(dataset, dict(paper.paper_values(dataset, measure.field)), measure)
            for dataset in paper.SETS
        ]
        sentences.append(paper.claim_sentence(measure, verdicts, LABELS))
    return f"The paper's claim: {paper.CLAIM}.\n" + "".join(f"  {sentence}\n" for sentence in sentences)


def report(sets: Sequence[SetRows]) -> str:
    """Everything for a terminal: tables, the wrapped column explained, orders, claims, the runs behind."""
    runs = {run.pk: run for one in sets for run in one.runs.values()}
    behind = [f"{run}, weights {run.weights_sha256[:12]}\n" for run in runs.values()]
    tables = [text_of(table_2(one)) for one in sets]
    source = f"Paper: {paper.SOURCE}.\n"
    return "\n".join([source, *tables, WRAPPED, orders(sets), claims(sets), ONE_RUN + "".join(behind)])


def latex(sets: Sequence[SetRows]) -> str:
    """One `table*` for each set."""
    tables = [
        latex_of(
            table_2(one),
            caption=(
                f"{one.dataset}: the paper's Table~2 beside ours. Ours: means over {_images(one)} images, "
                r"4\,px cropped from each side, PSNR and SSIM on unrounded BT.601 luma, SSIM with an "
                r"$11 \times 11$ Gaussian window; GMSD, lower is better; wrapped PSNR is computed in bytes "
                "that wrap modulo 256, is no PSNR and ranks nothing. The best of each other column is bold."
            ),
            label=f"tab:reproduction-{one.dataset.lower()}",
        )
        for one in sets
    ]
    return "\n".join([LATEX_HEAD, *tables])


def _images(one: SetRows) -> int:
    return max(row.images for row in one.rows.values())


def csv(sets: Sequence[SetRows]) -> str:
    """A row a set and method: the paper's figures, and every mean of ours; empty where there is none."""
    fields = ("psnr_y", "ssim_y", "psnr_rgb", "ssim_rgb", "gmsd", "psnr_wrapped", "lr_psnr", "high_frequency")
    lines = []
    for one in sets:
        printed = {field: paper.paper_values(one.dataset, field) for field in ("psnr", "ssim")}
        for method in LABELS:
            row = one.rows.get(method)
            if row is None and method not in paper.METHODS:
                continue
            run = one.runs.get(method)
            lines.append(
                {
                    "dataset": one.dataset,
                    "method": method,
                    "paper_psnr": printed["psnr"].get(method),
                    "paper_ssim": printed["ssim"].get(method),
                    "images": row.images if row else 0,
                    "run": run.pk if run else None,
                    **{field: getattr(row, field, None) for field in fields},
                }
            )
    return csv_text(pd.DataFrame(lines).astype({"run": "Int64"}))
