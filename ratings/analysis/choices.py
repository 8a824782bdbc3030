"""Choices between two methods of one image: a long table, checked row by row and turned into arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
from scipy import stats

from ratings.analysis.arrays import Bools, Floats, Ints
from ratings.analysis.columns import Rows, known_kinds, note_on_simulated, simulated_rows
from ratings.analysis.groups import sums_by
from ratings.analysis.options import require_level
from ratings.analysis.scores import ratio

COLUMNS: Final = ("rater", "image", "method_a", "method_b", "choice")

# What method_a gets of each vote; method_b gets the rest.
SHARES: Final = {"a": 1.0, "b": 0.0, "tie": 0.5}

SIDES: Final = {"left": 1.0, "right": 0.0}


@dataclass(frozen=True, eq=False)
class Choices:
    """The votes of kind "test", one entry a vote, in the order of the rows they came from.

    `rater_of`, `image_of`, `a_of`, `b_of` (votes,) index `raters`, `images` and twice `methods`, each in
    order of first appearance. `share` (votes,) is what method a gets: 1 chosen, 0 not chosen, 0.5 a tie.
    `on_left` (votes,) is 1 where method a stood on the left, 0 on the right, NaN where that is not known.
    `simulated` (votes,) marks votes no person gave. `notes` are sentences on what was left out.
    """

    raters: tuple[str, ...]
    images: tuple[str, ...]
    methods: tuple[str, ...]
    rater_of: Ints
    image_of: Ints
    a_of: Ints
    b_of: Ints
    share: Floats
    on_left: Floats
    simulated: Bools
    notes: tuple[str, ...] = ()

    @classmethod
    def from_frame(cls, frame: pd.DataFrame, *, file: str = "") -> Choices:
        """Check a long table and take its votes.

        Columns: rater, image, method_a, method_b and choice ("a", "b" or "tie"). Optional: side_a ("left" or
        "right", empty where it is not known), kind (only "test" enters; without the column every row does),
        source ("simulated" is marked). Other columns are not looked at.
        `file` is named in errors, and then the table's index holds its line numbers.
        Raises: ValueError, one sentence naming the row and the value, for a missing column, an empty label, a
        method compared with itself, an unknown choice or side, and a second vote by one rater on one pair of
        methods of one image, whichever of them is called a.
        """
        votes, rows, notes = _counted(frame, file)
        (rater_of,), raters = _labels(votes, rows, "rater")
        (image_of,), images = _labels(votes, rows, "image")
        (a_of, b_of), methods = _labels(votes, rows, "method_a", "method_b")
        rows.refuse(
            a_of == b_of,
            lambda at: f"method_a and method_b are both {methods[a_of[at]]!r}; a pair has two methods",
        )
        found = cls(
            raters=raters,
            images=images,
            methods=methods,
            rater_of=rater_of,
            image_of=image_of,
            a_of=a_of,
            b_of=b_of,
            share=_shares(votes, rows),
            on_left=_sides(votes, rows),
            simulated=simulated_rows(votes, rows),
            notes=notes,
        )
        _refuse_second_votes(found, rows)
        return found

    def to_analyse(self, *, include_simulated: bool) -> Choices:
        """Leave simulated votes out when real ones exist and the simulated ones were not asked for."""
        note = note_on_simulated(self.simulated)
        if include_simulated or not note:
            return self
        return replace(self.keep(~self.simulated), notes=(*self.notes, note))

    def keep(self, kept: Bools) -> Choices:
        """Keep some votes, (votes,); raters, images and methods without a vote go."""
        (rater_of,), raters = _reindexed(self.raters, self.rater_of[kept])
        (image_of,), images = _reindexed(self.images, self.image_of[kept])
        (a_of, b_of), methods = _reindexed(self.methods, self.a_of[kept], self.b_of[kept])
        return replace(
            self,
            raters=raters,
            images=images,
            methods=methods,
            rater_of=rater_of,
            image_of=image_of,
            a_of=a_of,
            b_of=b_of,
            share=self.share[kept],
            on_left=self.on_left[kept],
            simulated=self.simulated[kept],
        )


@dataclass(frozen=True, kw_only=True)
class SideShare:
    """How often the left image was chosen, of the `n` votes that chose one and whose sides are known.

    `share` lies in 0..1, with the ends of its interval; NaN where n is 0.
    """

    n: int
    share: float
    ci_low: float
    ci_high: float


def left_share(choices: Choices, *, level: float) -> SideShare:
    """Say how often raters chose the left image; with the sides drawn at random it should be a half.

    Interval: Clopper & Pearson's exact binomial, every vote for itself. Ties are not counted.
    Raises: ValueError if `level` is not in (0, 1).
    """
    require_level(level)
    decided = (choices.share != 0.5) & ~np.isnan(choices.on_left)
    n, left = int(decided.sum()), int((choices.share == choices.on_left)[decided].sum())
    if not n:
        return SideShare(n=0, share=np.nan, ci_low=np.nan, ci_high=np.nan)
    ends = stats.binomtest(left, n).proportion_ci(level, method="exact")
    return SideShare(n=n, share=left / n, ci_low=float(ends.low), ci_high=float(ends.high))


def circular_triads(choices: Choices) -> pd.DataFrame:
    """Count, for each rater, the triples judged in a circle (a over b, b over c, c over a).

    Counted where one rater compared all pairs of three methods or more on an image without a tie: such
    `tournaments` alone have a known maximum. Columns: rater, n (votes), ties, tournaments, triads, and
    zeta = 1 − triads / their maximum: 1 without contradiction, 0 at the most; NaN without a tournament.
    Source: Kendall & Babington Smith, Biometrika 31 (1940), coefficient of consistence.
    """
    group_of, groups = pd.factorize(choices.rater_of * len(choices.images) + choices.image_of)
    n_groups = groups.size
    winner, loser = _winners(choices)
    # Every method of a group that won or lost; wins are 0 for one that only lost.
    keys = np.concatenate([group_of, group_of]) * len(choices.methods) + np.concatenate([winner, loser])
    cell_of, cells = pd.factorize(keys)
    wins = np.bincount(cell_of[: winner.size], minlength=cells.size).astype(np.float64)
    cell_group = cells // max(len(choices.methods), 1)
    size = np.bincount(cell_group, minlength=n_groups)
    votes = np.bincount(group_of, minlength=n_groups)
    ties = sums_by(group_of, (choices.share == 0.5).astype(np.float64), n_groups)
    counted = (size >= 3) & (2 * votes == size * (size - 1)) & (ties == 0)
    triads = size * (size - 1) * (2 * size - 1) / 12 - sums_by(cell_group, wins**2, n_groups) / 2
    most = size * (size**2 - np.where(size % 2 == 1, 1, 4)) / 24
    rater_of, n_raters = groups // max(len(choices.images), 1), len(choices.raters)
    tournaments, found, possible = (
        sums_by(rater_of, np.where(counted, of, 0.0), n_raters) for of in (np.ones(n_groups), triads, most)
    )
    return pd.DataFrame(
        {
            "rater": choices.raters,
            "n": sums_by(rater_of, votes.astype(np.float64), n_raters).astype(np.int64),
            "ties": sums_by(rater_of, ties, n_raters).astype(np.int64),
            "tournaments": tournaments.astype(np.int64),
            "triads": found.round().astype(np.int64),
            "zeta": 1 - ratio(found, possible),
        }
    )


def _winners(choices: Choices) -> tuple[Ints, Ints]:
    """Return the method chosen and the other one, (votes,); of a tie the first counts as chosen."""
    chose_a = choices.share >= 0.5
    return np.where(chose_a, choices.a_of, choices.b_of), np.where(chose_a, choices.b_of, choices.a_of)


def _counted(frame: pd.DataFrame, file: str) -> tuple[pd.DataFrame, Rows, tuple[str, ...]]:
    """Take the rows of kind "test", with their numbers and a note on what was left out."""
    missing = [name for name in COLUMNS if name not in frame]
    if missing:
        where = f"{file}: " if file else ""
        raise ValueError(
            f"{where}the comparisons have no column {missing[0]!r}; needed: {', '.join(COLUMNS)}"
        )
    number = frame.index.to_numpy(dtype=np.int64) if file else np.arange(1, len(frame) + 1)
    kinds = known_kinds(frame, Rows(number, file))
    is_test = (kinds == "test").to_numpy(dtype=bool, na_value=False)
    if not is_test.any():
        raise ValueError(
            f"there are no votes to analyse: none of the {len(frame)} comparisons is of kind 'test'"
        )
    others = kinds[~is_test].astype(object).fillna("").value_counts().sort_index()
    notes = tuple(
        f"{count} comparisons of kind {kind!r} were left out; only kind 'test' enters a scale."
        for kind, count in others.items()
    )
    return frame[is_test], Rows(number[is_test], file), notes


def refuse_bad_choices(frame: pd.DataFrame, rows: Rows) -> None:
    """Check rows of every kind. Raises: ValueError for an empty label, an unknown choice or side."""
    _labels(frame, rows, "rater")
    _labels(frame, rows, "image")
    _labels(frame, rows, "method_a", "method_b")
    _shares(frame, rows)
    _sides(frame, rows)


def _labels(votes: pd.DataFrame, rows: Rows, *columns: str) -> tuple[tuple[Ints, ...], tuple[str, ...]]:
    """Return the codes of one column, or of several that share their names, and the names."""
    cells = np.column_stack([votes[name].to_numpy(dtype=object) for name in columns])
    codes, uniques = pd.factorize(cells.ravel())
    texts = np.array([str(unique) for unique in uniques], dtype=object)
    code_of_text, names = pd.factorize(texts)  # 7 and "7" are one name
    by_column = codes.reshape(cells.shape).T
    for name, of in zip(columns, by_column, strict=True):
        empty = of < 0
        if "" in names:
            empty = empty | (np.append(texts, "")[of] == "")
        rows.refuse(empty, _says_empty(name))
    return tuple(code_of_text[of].astype(np.int64) for of in by_column), tuple(names.tolist())


def _says_empty(column: str) -> Callable[[int], str]:
    return lambda at: f"the column {column!r} is empty"


def _shares(votes: pd.DataFrame, rows: Rows) -> Floats:
    given = votes["choice"]
    share = np.asarray(given.map(SHARES).astype(np.float64))
    rows.refuse(
        np.isnan(share),
        lambda at: f"choice {given.iloc[at]!r} is not a, b or tie; an unanswered trial is left out",
    )
    return share


def _sides(votes: pd.DataFrame, rows: Rows) -> Floats:
    if "side_a" not in votes:
        return np.full(len(votes), np.nan)
    given = votes["side_a"]
    on_left = np.asarray(given.map(SIDES).astype(np.float64))
    known = given.notna().to_numpy(dtype=bool) & (given != "").to_numpy(dtype=bool, na_value=False)
    rows.refuse(
        np.isnan(on_left) & known,
        lambda at: f"side_a {given.iloc[at]!r} is not {' or '.join(SIDES)}; leave it empty if not known",
    )
    return on_left


def _refuse_second_votes(found: Choices, rows: Rows) -> None:
    n_methods = len(found.methods)
    pair = np.minimum(found.a_of, found.b_of) * n_methods + np.maximum(found.a_of, found.b_of)
    key = (found.rater_of * len(found.images) + found.image_of) * n_methods**2 + pair

    def sentence(at: int) -> str:
        pair = f"{found.methods[found.a_of[at]]!r} and {found.methods[found.b_of[at]]!r}"
        return (
            f"rater {found.raters[found.rater_of[at]]!r} compares {pair} of image "
            f"{found.images[found.image_of[at]]!r} a second time; one vote may be of kind 'test', mark the "
            "others 'repeat'"
        )

    rows.refuse(pd.Series(key).duplicated().to_numpy(), sentence)


def _reindexed(names: Sequence[str], *codes: Ints) -> tuple[tuple[Ints, ...], tuple[str, ...]]:
    used = np.zeros(len(names), dtype=bool)
    for of in codes:
        used[of] = True
    place = np.cumsum(used) - 1
    return tuple(place[of] for of in codes), tuple(np.array(names, dtype=object)[used].tolist())
