"""Which screen colours a person without one kind of cone takes for the same (pure, NumPy alone)."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Deficiency = Literal["protan", "deutan"]

# Viénot, Brettel and Mollon 1999, doi:10.1002/(SICI)1520-6378(199908)24:4<243::AID-COL5>3.0.CO;2-3:
# linear RGB of BT.709 primaries to the long-, middle- and short-wave cones of Smith and Pokorny.
CONES_OF_LINEAR_RGB: Floats = np.array(
    [
        [17.8824, 43.5161, 4.11935],
        [3.45565, 27.1554, 3.86714],
        [0.0299566, 0.184309, 1.46709],
    ]
)
MISSING_CONE: dict[Deficiency, int] = {"protan": 0, "deutan": 1}


def confusion_direction(deficiency: Deficiency) -> Floats:
    """The direction in linear RGB along which colours differ in the missing cone alone, shape (3,).

    Two colours on a line in this direction excite the two remaining cones alike. It is scaled so
    that its largest part is 1: that of red for both kinds, always positive.
    Raises: ValueError for a deficiency that is neither `protan` nor `deutan`.
    Source: the cone matrix of Viénot, Brettel and Mollon 1999, inverted.
    """
    if deficiency not in MISSING_CONE:
        raise ValueError(f"The deficiency is protan or deutan, not “{deficiency}”.")
    return _direction_of_cone(MISSING_CONE[deficiency])


def short_wave_direction() -> Floats:
    """The direction in linear RGB along which colours differ in the short-wave cone alone, shape (3,)."""
    return _direction_of_cone(2)


def encode_srgb(linear: Floats) -> NDArray[np.uint8]:
    """Linear RGB in [0, 1] as 8-bit sRGB (IEC 61966-2-1); what lies outside is clipped."""
    within = np.clip(linear, 0.0, 1.0)
    encoded = np.where(within <= 0.0031308, 12.92 * within, 1.055 * within ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(255.0 * encoded), dtype=np.uint8)


def _direction_of_cone(cone: int) -> Floats:
    direction = np.linalg.inv(CONES_OF_LINEAR_RGB)[:, cone]
    return np.asarray(direction / direction[np.argmax(np.abs(direction))], dtype=np.float64)
