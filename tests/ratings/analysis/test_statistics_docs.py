"""The worked examples of the documentation give the numbers that are printed there."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[3] / "docs"
FILES = ("statistics.md", "files.md")


def examples() -> list[tuple[str, int, str]]:
    """Every example with its file and line; several blocks between two headings are one."""
    found = []
    for name in FILES:
        text = (DOCS / name).read_text(encoding="utf-8")
        for block in re.finditer(r"```python\n(.*?)```", text, flags=re.DOTALL):
            found.append((name, text[: block.start()].count("\n") + 1, block[1]))
    return found


@pytest.mark.parametrize(
    ("name", "line", "source"), examples(), ids=[f"{name}-{line}" for name, line, _ in examples()]
)
def test_an_example_gives_what_is_printed(name: str, line: int, source: str) -> None:
    test = doctest.DocTestParser().get_doctest(source, {}, name, name, line)
    said: list[str] = []
    doctest.DocTestRunner(optionflags=doctest.IGNORE_EXCEPTION_DETAIL).run(test, out=said.append)
    assert test.examples, "a block in python without an example would be run by nobody"
    assert not said, "".join(said)


def test_every_chapter_of_numbers_has_an_example() -> None:
    text = (DOCS / "statistics.md").read_text(encoding="utf-8")
    chapters = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    without = [chapter.splitlines()[0] for chapter in chapters if "```python" not in chapter]
    assert without == ["Figures"]
