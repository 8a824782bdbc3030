"""The equations of a mixed model at given variances, solved block by block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import linalg, sparse

from ratings.analysis.arrays import Floats, Ints


@dataclass(frozen=True, eq=False)
class Problem:
    """What the likelihood needs of the data: cross products of the columns [Z, X, y].

    Effects that lie within one effect of some component, as raters' interactions lie within a rater, are
    solved for block by block; Z indicates the others, whose components are `outer` (effects,). Of the blocks,
    `own` (blocks, size, size) are the products among themselves, `cross` (blocks, size, columns) those with
    the columns, and `inner` (blocks, size) the components. Blocks of fewer effects are filled up with zeros.
    """

    products: Floats
    outer: Ints
    own: Floats
    cross: Floats
    inner: Ints
    n: int

    @classmethod
    def of(cls, y: Floats, x: Floats, levels: Sequence[Ints]) -> Problem:
        """Take y (n,), X (n, p) and, for each component, the number of each observation's effect (n,)."""
        layout = Layout.of(levels, x.shape[1])
        columns = _beside([_indicators(levels[k]) for k in layout.outer] + [sparse.csr_array(x)], y)
        within = _beside([_indicators(levels[k]) for k in layout.inner])
        shape = layout.blocks, layout.size
        own, cross = np.zeros((*shape, layout.size)), np.zeros((*shape, layout.columns))
        inner = np.zeros(shape, dtype=np.int64)
        block, place = layout.block, layout.place
        inner[block, place] = np.repeat(layout.inner, [levels[k].max() + 1 for k in layout.inner])
        among = sparse.coo_array(within.T @ within)
        own[block[among.row], place[among.row], place[among.col]] = among.data
        across = sparse.coo_array(within.T @ columns)
        cross[block[across.row], place[across.row], across.col] = across.data
        outer = np.repeat(layout.outer, [levels[k].max() + 1 for k in layout.outer]).astype(np.int64)
        return cls((columns.T @ columns).toarray(), outer, own, cross, inner, y.size)

    @property
    def n_fixed(self) -> int:
        """The number of columns of X."""
        return len(self.products) - self.outer.size - 1

    def solve(self, ratio_sd: Floats) -> Solution:
        """Solve for the fixed effects, given each component's sd over the residual's (components,).

        Source: Bates, Mächler, Bolker & Walker, Journal of Statistical Software 67(1), 2015, section 3.
        """
        inner = ratio_sd[self.inner][..., None]
        own = inner * self.own * np.swapaxes(inner, 1, 2) + np.eye(self.own.shape[1])
        cross = inner * self.cross
        solved = np.linalg.solve(own, cross)
        flat = -1, len(self.products)
        products = self.products - cross.reshape(flat).T @ solved.reshape(flat)
        scale, effects = np.ones(len(products)), self.outer.size
        scale[:effects] = ratio_sd[self.outer]
        products = scale[:, None] * products * scale
        products[np.arange(effects), np.arange(effects)] += 1
        lower = linalg.cholesky(products[:-1, :-1], lower=True, check_finite=False)
        right = linalg.solve_triangular(lower, products[:-1, -1], lower=True, check_finite=False)
        return Solution(
            root=lower[effects:, effects:],
            right=right[effects:],
            log_determinant=float(2 * np.log(np.diag(lower)).sum() + np.linalg.slogdet(own)[1].sum()),
            squares=float(products[-1, -1] - right @ right),
            degrees=self.n - self.n_fixed,
        )


@dataclass(frozen=True, eq=False)
class Layout:
    """Which components are solved for in blocks (`inner`), and where: `block`, `place` (inner effects,)."""

    inner: list[int]
    outer: list[int]
    block: Ints
    place: Ints
    blocks: int
    size: int
    columns: int

    @property
    def work(self) -> int:
        """Multiplications in one step of the search, roughly."""
        return self.blocks * self.size * (self.size + self.columns) ** 2 + self.columns**3

    @classmethod
    def of(cls, levels: Sequence[Ints], n_fixed: int) -> Layout:
        """Take the component as blocks that makes the least work."""
        return min((cls._by(levels, codes, n_fixed) for codes in levels), key=lambda layout: layout.work)

    @classmethod
    def _by(cls, levels: Sequence[Ints], blocks: Ints, n_fixed: int) -> Layout:
        inner: list[int] = []
        block: list[Ints] = []
        for k, codes in enumerate(levels):
            of_effect = np.zeros(codes.max() + 1, dtype=np.int64)
            of_effect[codes] = blocks
            if (of_effect[codes] == blocks).all():
                inner.append(k)
                block.append(of_effect)
        of_inner: Ints = np.concatenate(block)
        outer = [k for k in range(len(levels)) if k not in inner]
        place = np.asarray(pd.Series(of_inner).groupby(of_inner).cumcount(), dtype=np.int64)
        columns = sum(int(levels[k].max()) + 1 for k in outer) + n_fixed + 1
        return cls(
            inner=inner,
            outer=outer,
            block=of_inner,
            place=place,
            blocks=int(blocks.max()) + 1,
            size=int(place.max()) + 1,
            columns=columns,
        )


def _beside(parts: list[sparse.csr_array], y: Floats | None = None) -> sparse.csr_array:
    last = [] if y is None else [sparse.csr_array(y[:, None])]
    return sparse.csr_array(sparse.hstack([*parts, *last], format="csr"))


def _indicators(codes: Ints) -> sparse.csr_array:
    shape = codes.size, int(codes.max()) + 1
    return sparse.csr_array((np.ones(codes.size), (np.arange(codes.size), codes)), shape=shape)


@dataclass(frozen=True, eq=False)
class Solution:
    """The likelihood at given ratios of sds: `squares` is the penalised residual sum of squares."""

    root: Floats
    right: Floats
    log_determinant: float
    squares: float
    degrees: int

    @property
    def criterion(self) -> float:
        """Return −2 log of the restricted likelihood, at its best residual variance."""
        spread = max(2 * np.pi * self.squares / self.degrees, np.finfo(np.float64).tiny)
        return float(self.log_determinant + self.degrees * (1 + np.log(spread)))

    def fixed(self) -> Floats:
        """Return the fixed effects."""
        return np.asarray(linalg.solve_triangular(self.root, self.right, lower=True, trans="T"))

    def relative_covariance(self) -> Floats:
        """Return the covariance of the fixed effects over the residual variance."""
        inverse = linalg.solve_triangular(self.root, np.eye(len(self.root)), lower=True)
        return np.asarray(inverse.T @ inverse)
