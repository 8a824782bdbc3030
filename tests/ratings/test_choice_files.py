"""The paragraph on a scale of paired comparisons."""

import pandas as pd
import pytest

from ratings.choice_files import PairedOptions, run_scaling, scaled_files


def paragraph(*choices: tuple[str, str, str]) -> str:
    """The text about choices (rater, image, choice) between methods x and y."""
    frame = pd.DataFrame(choices, columns=["rater", "image", "choice"])
    frame = frame.assign(method_a="x", method_b="y")
    scaled = run_scaling(frame, PairedOptions(), without_scale=True)
    return str(scaled_files(scaled, about={}, formats=())["methods.txt"])


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        ([("ann", "i", "a")], "1 rater chose between two methods 1 time, on 1 image by 2 methods."),
        (
            [("ann", "i", "a"), ("bob", "i", "b"), ("bob", "j", "b")],
            "2 raters chose between two methods 3 times, on 2 images by 2 methods.",
        ),
    ],
)
def test_one_is_counted_as_one(choices, said):
    assert said in paragraph(*choices)
