"""A person's decisions on raters, read from a small CSV: they stand over every screening rule."""

from argparse import ArgumentParser
from pathlib import Path

import pandas as pd

from ratings.analysis.screening import Override
from srstudy.errors import Refused

COLUMNS = ("rater", "decision", "who", "why")
DECISIONS = {"keep": True, "reject": False}


def add_override_argument(parser: ArgumentParser) -> None:
    """Declare the option."""
    parser.add_argument(
        "--overrides",
        type=Path,
        metavar="FILE.csv",
        help="decisions over the screening rule, with the columns rater,decision (keep or reject),who,why",
    )


def read_overrides(path: Path | None) -> dict[str, Override]:
    """Each decision by its rater; none without a file.

    Raises: Refused, naming the line, for a file that cannot be read, a column missing, a rater twice, another
    decision than keep or reject, or one without who and why.
    """
    if path is None:
        return {}
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except OSError as error:
        raise Refused(f"--overrides is {str(path)!r}, which cannot be read: {error.strerror}.") from error
    except (ValueError, pd.errors.ParserError) as error:
        raise Refused(f"--overrides is {str(path)!r}, which is no CSV in UTF-8: {error}.") from error
    if not isinstance(frame.index, pd.RangeIndex):  # pandas takes the first cell of longer rows for a name
        raise Refused(f"{path.name}: a row has more cells than the first line has names.")
    missing = [name for name in COLUMNS if name not in frame]
    if missing:
        raise Refused(f"{path.name} has no column {missing[0]!r}; needed: {', '.join(COLUMNS)}.")
    found: dict[str, Override] = {}
    for line, row in enumerate(frame[list(COLUMNS)].itertuples(index=False), start=2):
        rater, decision, who, why = (str(cell).strip() for cell in row)
        if decision not in DECISIONS:
            raise Refused(f"{path.name}, line {line}: the decision {decision!r} is neither keep nor reject.")
        if rater in found:
            raise Refused(f"{path.name}, line {line}: the rater {rater!r} was decided on before.")
        try:
            found[rater] = Override(keep=DECISIONS[decision], who=who, why=why)
        except ValueError as error:
            raise Refused(f"{path.name}, line {line}: {error}.") from error
    return found


def overrides_said(overrides: dict[str, Override]) -> dict[str, dict[str, str]]:
    """The decisions by rater, as study.json holds them."""
    return {
        rater: {"decision": "keep" if one.keep else "reject", "who": one.who, "why": one.why}
        for rater, one in overrides.items()
    }
