"""Tables of numbers as text and as LaTeX."""

import math
import re

import pytest

from srstudy.tables import Column, Table, escaped, latex_of, number, text_of


def column(*values: float | None, **changes: object) -> Column:
    """A column of figures with two decimals, higher is better, in the group A."""
    return Column(**{"group": "A", "name": "dB", "values": values, "digits": 2, "best": "high"} | changes)


def table(*columns: Column, rows: tuple[str, ...] = ("one", "two")) -> Table:
    """A table of two rows."""
    return Table(heading="Method", rows=rows, columns=columns)


def test_the_best_value_is_bold_and_ties_as_printed_share_it():
    assert column(1.001, 1.004, 0.5).best_cells() == {0, 1}
    assert column(1.001, 1.004, 0.5, best="low").best_cells() == {2}
    assert column(3.0, math.inf, None).best_cells() == {1}


def test_nothing_is_best_of_nothing_or_where_neither_end_is_better():
    assert column(None, None).best_cells() == set()
    assert column(1.0, 2.0, best=None).best_cells() == set()


def test_a_column_needs_a_value_for_every_row():
    with pytest.raises(ValueError, match="has 1 values for 2 rows"):
        table(column(1.0))


def test_a_value_that_was_not_measured_is_a_dash():
    assert [number(None, 2), number(1.005, 2), number(math.inf, 2)] == ["-", "1.00", "inf"]


def test_text_heads_each_column_with_its_group():
    lines = text_of(table(column(1.0, 10.0), column(0.5, None, group=""))).splitlines()
    assert lines == [
        "Method   A dB    dB",
        "------  -----  ----",
        "one      1.00  0.50",
        "two     10.00     -",
    ]


def test_latex_groups_neighbouring_columns_under_one_head():
    tex = latex_of(
        table(column(1.0, 2.0), column(4.0, 3.0, name="SSIM"), column(5.0, None, group="B_1")),
        caption="C",
        label="tab:x",
    )
    assert r" & \multicolumn{2}{c}{A} & \multicolumn{1}{c}{B\_1} \\" in tex
    assert r"\cmidrule(lr){2-3} \cmidrule(lr){4-4}" in tex
    assert r"Method & dB & SSIM & dB \\" in tex
    assert r"one & 1.00 & \textbf{4.00} & \textbf{5.00} \\" in tex
    assert r"two & \textbf{2.00} & 3.00 & -- \\" in tex


def test_columns_of_no_group_have_neither_a_head_nor_a_rule_in_latex():
    tex = latex_of(
        table(column(1.0, 2.0, group=""), column(4.0, 3.0, group=""), column(5.0, None, group="B")),
        caption="C",
        label="tab:x",
    )
    lines = tex.splitlines()
    assert r" &  &  & \multicolumn{1}{c}{B} \\" in lines
    assert r"\cmidrule(lr){4-4}" in lines


def test_latex_is_whole_and_every_row_has_every_column():
    tex = latex_of(table(column(math.inf, 2.0), column(4.0, 3.0)), caption="C", label="tab:x")
    assert re.findall(r"\\(begin|end)\{(\S+?)\}", tex) == [
        ("begin", "table*"),
        ("begin", "tabular"),
        ("end", "tabular"),
        ("end", "table*"),
    ]
    assert [line.count("&") for line in tex.splitlines() if line.startswith(("one", "two", "Method"))] == [
        2
    ] * 3
    assert tex.count("{") == tex.count("}")
    assert r"\textbf{$\infty$}" in tex
    rules = [rule for rule in (r"\toprule", r"\midrule", r"\bottomrule") if tex.count(rule) == 1]
    assert len(rules) == 3


def test_nothing_in_a_name_is_a_command_to_latex():
    assert escaped(r"a_b & 50% #1 ~{x}^$\y") == (
        r"a\_b \& 50\% \#1 \textasciitilde{}\{x\}\textasciicircum{}\$\textbackslash{}y"
    )
    tex = latex_of(table(column(1.0, 2.0), rows=("gan_2", "50%")), caption="C", label="tab:x")
    assert r"gan\_2 & 1.00" in tex
    assert r"50\% & \textbf{2.00}" in tex
