"""Tables of numbers as text for a terminal and as LaTeX for a paper."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Best = Literal["high", "low"] | None

_LATEX = {
    **{character: f"\\{character}" for character in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
}
LATEX_HEAD = "% Needs \\usepackage{booktabs} in the preamble.\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """Numbers under a name, beside others of the same `group`; which end is `best`, if either is.

    A value of None was not measured; one below `least` is printed as being below it.
    """

    group: str
    name: str
    values: tuple[float | None, ...]
    digits: int
    best: Best
    least: float = -math.inf

    def best_cells(self) -> set[int]:
        """The rows that hold the best value as it is printed, ties included."""
        known = [value for value in self.values if value is not None]
        if self.best is None or not known:
            return set()
        best = number(max(known) if self.best == "high" else min(known), self.digits)
        return {row for row, value in enumerate(self.values) if number(value, self.digits) == best}


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Columns of numbers, each with a value for every one of `rows`; `heading` stands above their names."""

    heading: str
    rows: tuple[str, ...]
    columns: tuple[Column, ...]

    def __post_init__(self) -> None:
        for column in self.columns:
            if len(column.values) != len(self.rows):
                raise ValueError(
                    f"The column {column.name} has {len(column.values)} values for {len(self.rows)} rows."
                )


def number(value: float | None, digits: int) -> str:
    """A value with so many decimals; `-` where there is none."""
    return "-" if value is None else f"{value:.{digits}f}"


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


def text_of(table: Table) -> str:
    """The table for a terminal; a column is headed by its group and its name."""
    headings = [table.heading, *(f"{column.group} {column.name}".strip() for column in table.columns)]
    rows = [
        [name, *(number(column.values[row], column.digits) for column in table.columns)]
        for row, name in enumerate(table.rows)
    ]
    return text_table(headings, rows) + "\n"


def escaped(text: str) -> str:
    """Text with nothing in it that LaTeX would take for a command."""
    return "".join(_LATEX.get(character, character) for character in text)


def latex_of(table: Table, *, caption: str, label: str) -> str:
    """The table as `table*` with booktabs' rules, groups above their columns, best values bold.

    `caption` is LaTeX already; all other text is escaped.
    """
    groups = _groups(table)
    best = [column.best_cells() for column in table.columns]
    lines = [
        r"\begin{table*}[t]",
        r"\centering",
        f"\\caption{{{caption}}}",
        f"\\label{{{label}}}",
        f"\\begin{{tabular}}{{l{'r' * len(table.columns)}}}",
        r"\toprule",
        *_latex_groups(groups),
        _line([escaped(table.heading), *(escaped(column.name) for column in table.columns)]),
        r"\midrule",
    ]
    for row, name in enumerate(table.rows):
        cells = [
            _latex_cell(column, row, is_best=row in best[place]) for place, column in enumerate(table.columns)
        ]
        lines.append(_line([escaped(name), *cells]))
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", r"\end{table*}", ""])


def _line(cells: Sequence[str]) -> str:
    return f"{' & '.join(cells)} \\\\"


def _groups(table: Table) -> list[tuple[str, int, int]]:
    """Each group of neighbouring columns: its name, its first column in LaTeX's count, how many it spans."""
    groups: list[tuple[str, int, int]] = []
    for place, column in enumerate(table.columns, start=2):
        if groups and groups[-1][0] == column.group:
            name, start, width = groups[-1]
            groups[-1] = (name, start, width + 1)
        else:
            groups.append((column.group, place, 1))
    return groups


def _latex_groups(groups: list[tuple[str, int, int]]) -> list[str]:
    """The line of the groups and the rules under it; nothing where no group has a name."""
    if not any(name for name, _, _ in groups):
        return []
    rules = (f"\\cmidrule(lr){{{start}-{start + width - 1}}}" for name, start, width in groups if name)
    return [_line(["", *(_latex_group(name, width) for name, _, width in groups)]), " ".join(rules)]


def _latex_group(name: str, width: int) -> str:
    """The head of a group, or empty cells over columns of none."""
    return f"\\multicolumn{{{width}}}{{c}}{{{escaped(name)}}}" if name else " & ".join([""] * width)


def _latex_cell(column: Column, row: int, *, is_best: bool) -> str:
    value = column.values[row]
    if value is None:
        return "--"
    if value < column.least:
        return f"$<${number(column.least, column.digits)}"
    text = r"$\infty$" if math.isinf(value) else number(value, column.digits)
    return f"\\textbf{{{text}}}" if is_best else text
