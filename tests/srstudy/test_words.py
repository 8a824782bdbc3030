"""Words whose form depends on numbers."""

import pytest

from srstudy.words import counted


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0 runs"), (1, "1 run"), (2, "2 runs"), (1200, "1,200 runs")]
)
def test_one_is_singular_and_all_else_plural(count, words):
    assert counted(count, "run") == words
