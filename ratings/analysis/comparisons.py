"""Every pair of methods tested, over all images and image by image, paired over the raters who saw both."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np
import pandas as pd

from ratings.analysis.arrays import Bools, Floats, Ints
from ratings.analysis.dmos import EQUAL_WITHIN
from ratings.analysis.groups import require_groups, sums_by
from ratings.analysis.options import require_available, require_level
from ratings.analysis.paired_tests import PairedTests, holm, paired_tests
from ratings.analysis.scores import ScoreTable

DIRECTIONS = ("better", "worse")

COMPARISON_COLUMNS = (
    *("image", "method_a", "method_b", "n", "difference", "ci_low", "ci_high", "t", "p_t", "p_t_holm"),
    *("wilcoxon", "p_wilcoxon", "p_wilcoxon_holm", "effect_size", "better", "effect_size_corrected"),
    *("n_images", "level", "higher_is"),
)

# Beyond so many rows a part is left out: nobody reads them, and Holm's correction leaves nothing standing.
MOST_ROWS = 20_000

# Differences tested at a time, to bound memory.
BATCH = 4_000_000


@dataclass(frozen=True, eq=False)
class Comparison:
    """The tests, one row a pair of methods and image (an empty image: all), and sentences to print with."""

    frame: pd.DataFrame
    notes: tuple[str, ...]


def compare_methods(
    table: ScoreTable,
    method_of: Ints,
    image_of: Ints,
    *,
    methods: Sequence[str],
    images: Sequence[str],
    level: float,
    higher_is: str,
) -> Comparison:
    """Test every pair of methods by paired t and Wilcoxon signed-rank tests over raters.

    Shapes: `method_of` and `image_of` (stimuli,) index the names `methods` and `images`.
    Units: points of the scale; `difference` is method_a − method_b, and `higher_is` ("better" or "worse")
    says what that means: `better` names the winner where p_t_holm < 1 − `level` and is empty elsewhere.
    Over all images a rater's difference is the mean over the images that they rated under both methods, and
    each rater counts once. Per image, rows are the pairs of stimuli with votes.
    Holm's correction takes all pairs over all images as one family, and all rows of single images, of every
    image, as another: who looks through the images for one where a method wins makes all of those tests.
    Missing: raters who did not rate both do not enter; with fewer than two left, a row has NaN. More than
    `MOST_ROWS` rows of either family are not made, and a note says so.
    Raises: ValueError if codes do not fit, two stimuli show one image by one method, `level` is not in
    (0, 1) or `higher_is` is unknown.

    >>> votes = ScoreTable.from_matrix(np.array([[40.0, 44.0, 51.0], [30.0, 31.0, 33.0]]))
    >>> codes = {"method_of": np.array([0, 1]), "image_of": np.array([0, 0])}
    >>> names = {"methods": ["bicubic", "gan"], "images": ["Set5/baby"]}
    >>> found = compare_methods(votes, **codes, **names, level=0.95, higher_is="worse")
    >>> found.frame[["image", "difference", "p_t", "better"]].round(4).values.tolist()
    [['', 13.6667, 0.0279, 'gan'], ['Set5/baby', 13.6667, 0.0279, 'gan']]
    """
    require_level(level)
    require_available("higher_is", higher_is, DIRECTIONS)
    design = _Design.of(table, method_of, image_of, len(methods), len(images))
    names = np.array([*images, ""], dtype=object), np.array(methods, dtype=object)
    frames, notes = [], []
    for rows, what in ((design.pairs(), "pairs of methods"), (design.pairs_per_image(), "pairs per image")):
        if rows.a.size > MOST_ROWS:
            notes.append(
                f"The {rows.a.size:,} comparisons of {what} were left out, for they are more than "
                f"{MOST_ROWS:,}; analyse a part of the methods for them."
            )
            continue
        tests, n_images = _test(design, rows, level)
        frames.append(_frame(rows, tests, n_images, names, level, higher_is))
        notes += _notes(tests, rows)
    empty = pd.DataFrame(columns=list(COMPARISON_COLUMNS))
    frame = pd.concat(frames, ignore_index=True) if frames else empty
    return Comparison(frame[list(COMPARISON_COLUMNS)], tuple(notes))


@dataclass(frozen=True, eq=False)
class _Rows:
    """The tests of one family; `image`, `a` and `b` (rows,) are codes, image −1 for all images."""

    image: Ints
    a: Ints
    b: Ints

    @property
    def over_all(self) -> bool:
        return not self.image.size or self.image[0] < 0


@dataclass(frozen=True, eq=False)
class _Design:
    """Votes in the order of their methods; `cell` (votes,) numbers the image and rater of each.

    `start` (methods + 1,) is where each method's votes begin; `present` (images, methods) marks stimuli with
    votes.
    """

    method: Ints
    image: Ints
    rater: Ints
    cell: Ints
    value: Floats
    start: Ints
    present: Bools
    n_raters: int

    @classmethod
    def of(cls, table: ScoreTable, method_of: Ints, image_of: Ints, n_methods: int, n_images: int) -> _Design:
        require_groups(table, method_of, n_methods)
        require_groups(table, image_of, n_images)
        _refuse_twins(image_of * n_methods + method_of)
        order = np.argsort(method_of[table.stimulus_of], kind="stable")
        stimulus = table.stimulus_of[order]
        method, image, rater = method_of[stimulus], image_of[stimulus], table.rater_of[order]
        present = np.zeros((n_images, n_methods), dtype=np.bool_)
        present[image, method] = True
        cell, _ = pd.factorize(image * table.n_raters + rater)
        start = np.searchsorted(method, np.arange(n_methods + 1))
        return cls(method, image, rater, cell, table.value[order], start, present, table.n_raters)

    def pairs(self) -> _Rows:
        """Return every pair of methods that have votes."""
        with_votes = np.flatnonzero(self.present.any(axis=0))
        first, second = np.triu_indices(with_votes.size, 1)
        return _Rows(np.full(first.size, -1), with_votes[first], with_votes[second])

    def pairs_per_image(self) -> _Rows:
        """Return every pair of stimuli that show one image, image by image."""
        found = [np.zeros((3, 0), dtype=np.int64)]
        for image, present in enumerate(self.present):
            methods = np.flatnonzero(present)
            first, second = np.triu_indices(methods.size, 1)
            found.append(np.array([np.full(first.size, image), methods[first], methods[second]]))
        return _Rows(*np.concatenate(found, axis=1))

    def differences(self, a: int) -> tuple[Ints, Ints, Ints, Floats]:
        """Return method, image, rater and difference for every vote by who also rated that image under `a`.

        Differences are `a`'s vote minus the vote by the method, which comes later than `a`.
        """
        own, later = slice(self.start[a], self.start[a + 1]), slice(self.start[a + 1], None)
        of_a = np.full(int(self.cell.max(initial=-1)) + 1, np.nan)
        of_a[self.cell[own]] = self.value[own]
        difference = of_a[self.cell[later]] - self.value[later]
        both = ~np.isnan(difference)
        return self.method[later][both], self.image[later][both], self.rater[later][both], difference[both]


def _refuse_twins(shown: Ints) -> None:
    _, first, count = np.unique(shown, return_index=True, return_counts=True)
    if (count > 1).any():
        at = int(first[count > 1][0])
        raise ValueError(
            f"stimulus {at} shows the same image and method as another one; give it an image of its own"
        )


def _test(design: _Design, rows: _Rows, level: float) -> tuple[PairedTests, Ints]:
    """Run the tests of all rows, and count the images behind each."""
    parts: list[tuple[Ints, PairedTests]] = []
    n_images = np.zeros(rows.a.size, dtype=np.int64)
    for row_of, value in _batches(_row_differences(design, rows, n_images)):
        local, found = pd.factorize(row_of)
        parts.append((found, paired_tests(local, value, found.size, level=level)))
    nothing = paired_tests(np.zeros(0, dtype=np.int64), np.zeros(0), rows.a.size, level=level)
    columns = {field.name: getattr(nothing, field.name) for field in fields(PairedTests)}
    for found, tests in parts:
        for name, column in columns.items():
            column[found] = getattr(tests, name)
    return PairedTests(**columns), n_images


def _row_differences(design: _Design, rows: _Rows, n_images: Ints) -> Iterator[tuple[Ints, Floats]]:
    """Yield rows and raters' differences, all differences of a row at once; fills in `n_images`."""
    width, depth = design.present.shape[1], design.present.shape[0] + 1
    key = (rows.a * width + rows.b) * depth + rows.image + 1
    order = np.argsort(key)
    for a in np.unique(rows.a).tolist():
        method, image, rater, difference = design.differences(a)
        pair = (a * width + method) * depth
        behind = pd.unique(pair + image + 1)
        if rows.over_all:
            cell, cells = pd.factorize(pair // depth * design.n_raters + rater)
            difference = sums_by(cell, difference, cells.size) / np.bincount(cell, minlength=cells.size)
            pair = cells // design.n_raters * depth
            behind = behind // depth * depth
        else:
            pair = pair + image + 1
        np.add.at(n_images, order[np.searchsorted(key, behind, sorter=order)], 1)
        yield order[np.searchsorted(key, pair, sorter=order)], difference


def _batches(parts: Iterator[tuple[Ints, Floats]]) -> Iterator[tuple[Ints, Floats]]:
    """Put parts together until they hold `BATCH` differences."""
    waiting: list[tuple[Ints, Floats]] = []
    for part in parts:
        waiting.append(part)
        if sum(value.size for _, value in waiting) >= BATCH:
            yield _joined(waiting)
            waiting = []
    if waiting:
        yield _joined(waiting)


def _joined(parts: list[tuple[Ints, Floats]]) -> tuple[Ints, Floats]:
    return np.concatenate([rows for rows, _ in parts]), np.concatenate([value for _, value in parts])


def _frame(
    rows: _Rows,
    tests: PairedTests,
    n_images: Ints,
    names: tuple[np.ndarray, np.ndarray],
    level: float,
    higher_is: str,
) -> pd.DataFrame:
    images, methods = names
    a, b = methods[rows.a], methods[rows.b]
    p_holm = holm(tests.p_t)
    chance = round(1 - level, 12)  # 1 − 0.95 is a little above 0.05 in floating point
    a_wins = (tests.difference > 0) == (higher_is == "better")
    columns = {field.name: getattr(tests, field.name) for field in fields(PairedTests)}
    return pd.DataFrame(
        {
            **columns,
            "image": images[rows.image],
            "method_a": a,
            "method_b": b,
            "p_t_holm": p_holm,
            "p_wilcoxon_holm": holm(tests.p_wilcoxon),
            "better": np.where(p_holm < chance, np.where(a_wins, a, b), ""),
            "n_images": n_images,
            "level": level,
            "higher_is": higher_is,
        }
    )


def _notes(tests: PairedTests, rows: _Rows) -> list[str]:
    where = "over all images" if rows.over_all else "on single images"
    unmoved = tests.constant & (np.abs(tests.difference) <= EQUAL_WITHIN)
    said = (
        (tests.n < 2, "of fewer than two raters who rated both methods, which have no numbers"),
        (unmoved, "in which every rater's difference is 0, which have p = 1 in both tests"),
        (
            tests.constant & ~unmoved,
            "in which all raters have the same difference, whose p_t is the sign test's 2^(1 − n) for want "
            "of a spread",
        ),
    )
    return [
        f"Comparisons {where} {sentence}: {int(which.sum()):,} of {rows.a.size:,}."
        for which, sentence in said
        if which.any()
    ]
