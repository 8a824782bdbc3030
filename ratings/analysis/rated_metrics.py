"""Opinion scores beside metric values, and the points that a figure or a row of a table is made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ratings.analysis.arrays import Bools, Floats, Ints
from ratings.analysis.scores import ratio


@dataclass(frozen=True, eq=False, kw_only=True)
class RatedMetrics:
    """Opinion scores and metric values of the same stimuli.

    Shapes: every array of `metrics`, `dmos`, `half_width` (half of the score's interval), `image_of` and
    `method_of` (codes into `images` and `methods`) are (stimuli,); `method_half_width`, where known, is
    (methods,), half of the interval of a method's mean score.
    Missing: a NaN score was not rated; a NaN or infinite metric (the PSNR of a perfect image) cannot be
    fitted. Both are left out and counted. NaN is a half width that is not known.
    Direction: none is assumed and nothing is turned round.
    Raises: ValueError if there is no metric, shapes disagree or a code is out of range.
    """

    metrics: Mapping[str, Floats]
    dmos: Floats
    half_width: Floats
    image_of: Ints
    method_of: Ints
    images: Sequence[str]
    methods: Sequence[str]
    method_half_width: Floats | None = None

    def __post_init__(self) -> None:
        if not self.metrics:
            raise ValueError("metrics holds no metric; at least one is needed")
        arrays = {**self.metrics, "dmos": self.dmos, "half_width": self.half_width}
        shapes = {name: array.shape for name, array in arrays.items()}
        shapes |= {"image_of": self.image_of.shape, "method_of": self.method_of.shape}
        for name, shape in shapes.items():
            if len(shape) != 1 or shape != self.dmos.shape:
                raise ValueError(
                    f"{name} has the shape {shape}; dmos has {self.dmos.shape}, (stimuli,) is right"
                )
        for name, codes, labels in (
            ("image_of", self.image_of, self.images),
            ("method_of", self.method_of, self.methods),
        ):
            if codes.size and not (codes.min() >= 0 and codes.max() < len(labels)):
                raise ValueError(f"{name} holds a code outside 0..{len(labels) - 1}")
        widths = self.method_half_width
        if widths is not None and widths.shape != (len(self.methods),):
            raise ValueError(f"method_half_width has the shape {widths.shape} and not ({len(self.methods)},)")


@dataclass(frozen=True, eq=False)
class Points:
    """Metric `x`, score `y` and its `half_width`, each (points,), all `x` and `y` finite.

    `level` is "pooled", "method" or "image"; `image` is empty but at the last. `image_of` and `method_of` are
    the points' codes, −1 for the image of a method's mean. `left_out` counts what had no finite metric or no
    score, and `note` says which.
    """

    level: str
    image: str
    x: Floats
    y: Floats
    half_width: Floats
    image_of: Ints
    method_of: Ints
    left_out: int
    note: str


def all_points(rated: RatedMetrics, metric: str) -> list[Points]:
    """Return the points of every row of a metric: pooled, the methods' means, then each image's."""
    images = [
        _stimuli(rated, metric, rated.image_of == code, level="image", image=label)
        for code, label in enumerate(rated.images)
        if (rated.image_of == code).any()
    ]
    return [pooled_points(rated, metric), _method_means(rated, metric), *images]


def pooled_points(rated: RatedMetrics, metric: str, wanted: Bools | None = None) -> Points:
    """Return all stimuli with a score and a finite metric, of those `wanted` (stimuli,) where it is given."""
    everything = np.ones(rated.dmos.shape, dtype=np.bool_)
    return _stimuli(rated, metric, everything if wanted is None else wanted, level="pooled", image="")


def _stimuli(rated: RatedMetrics, metric: str, wanted: Bools, *, level: str, image: str) -> Points:
    x = rated.metrics[metric]
    kept = wanted & np.isfinite(x) & np.isfinite(rated.dmos)
    return Points(
        level=level,
        image=image,
        x=x[kept],
        y=rated.dmos[kept],
        half_width=rated.half_width[kept],
        image_of=rated.image_of[kept],
        method_of=rated.method_of[kept],
        left_out=int((wanted & ~kept).sum()),
        note=_said_of_left_out(x[wanted], rated.dmos[wanted]),
    )


def _method_means(rated: RatedMetrics, metric: str) -> Points:
    n_methods = len(rated.methods)
    scored = np.isfinite(rated.dmos)
    of = rated.method_of[scored]
    count = np.bincount(of, minlength=n_methods).astype(np.float64)
    # An infinite or missing value stays in its sum: without it the metric and the scores of a method would
    # be averaged over other images than those of the next.
    x, y = (
        ratio(np.asarray(np.bincount(of, values[scored], n_methods), dtype=np.float64), count)
        for values in (rated.metrics[metric], rated.dmos)
    )
    kept = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    widths = rated.method_half_width
    return Points(
        level="method",
        image="",
        x=x[kept],
        y=y[kept],
        half_width=np.full(kept.size, np.nan) if widths is None else widths[kept],
        image_of=np.full(kept.size, -1),
        method_of=kept,
        left_out=n_methods - kept.size,
        note=_said_of_left_out(x, y),
    )


def _said_of_left_out(x: Floats, y: Floats) -> str:
    scored = np.isfinite(y)
    counts = {
        "of infinite value": np.isinf(x) & scored,
        "without a value": np.isnan(x) & scored,
        "without a score": ~scored,
    }
    said = ", ".join(f"{which.sum()} {what}" for what, which in counts.items() if which.any())
    return f"left out: {said}" if said else ""
