"""The shapes of the digits on a plate, as strokes, so that no font file is needed (pure, NumPy alone)."""

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Stroke = list[tuple[float, float]]

# A digit stands in a box one unit wide, x to the right, and 1.6 units high, y downwards.
BOX_HEIGHT = 1.6
BETWEEN_DIGITS = 0.65
HALF_THICKNESS = 0.18
STEPS_OF_AN_ARC = 24


def _arc(centre: tuple[float, float], radii: tuple[float, float], start: float, end: float) -> Stroke:
    """Points of an ellipse, clockwise as seen, angles in degrees: 0 is right, 90 is down."""
    shares = [step / STEPS_OF_AN_ARC for step in range(STEPS_OF_AN_ARC + 1)]
    angles = [math.radians(start + (end - start) * share) for share in shares]
    return [(centre[0] + radii[0] * math.cos(a), centre[1] + radii[1] * math.sin(a)) for a in angles]


_SIX: list[Stroke] = [
    _arc((0.5, 1.12), (0.5, 0.48), 0, 360),
    _arc((0.95, 1.12), (0.95, 1.12), 180, 262),
]
STROKES: dict[str, list[Stroke]] = {
    "0": [_arc((0.5, 0.8), (0.5, 0.8), 0, 360)],
    "1": [[(0.15, 0.35), (0.55, 0.0), (0.55, 1.6)]],
    "2": [[*_arc((0.5, 0.46), (0.5, 0.46), 180, 390), (0.0, 1.6), (1.0, 1.6)]],
    "3": [[*_arc((0.47, 0.39), (0.45, 0.39), 200, 450), *_arc((0.47, 1.19), (0.5, 0.41), 270, 520)]],
    "4": [[(0.78, 1.6), (0.78, 0.0), (-0.05, 1.15), (1.08, 1.15)]],
    "5": [[(0.92, 0.0), (0.12, 0.0), (0.07, 0.75), *_arc((0.48, 1.1), (0.5, 0.5), 230, 510)]],
    "6": _SIX,
    "7": [[(0.0, 0.0), (1.0, 0.0), (0.35, 1.6)]],
    "8": [_arc((0.5, 0.4), (0.43, 0.4), 0, 360), _arc((0.5, 1.2), (0.5, 0.4), 0, 360)],
    "9": [[(1 - x, BOX_HEIGHT - y) for x, y in stroke] for stroke in _SIX],
}


def inside_text(points: Floats, text: str, *, unit: float) -> NDArray[np.bool_]:
    """Which points lie on the strokes of `text`, written around the origin with digits `unit` wide.

    Shapes: `points` (n, 2), x to the right and y downwards, in the unit of `unit`; returns (n,).
    Raises: ValueError if `text` holds anything but digits. The empty text covers no point.
    """
    if not all(character in STROKES for character in text):
        raise ValueError(f"A plate shows digits, not “{text}”.")
    width = len(text) + BETWEEN_DIGITS * (len(text) - 1)
    covered = np.zeros(len(points), dtype=np.bool_)
    for place, digit in enumerate(text):
        left = place * (1 + BETWEEN_DIGITS) - width / 2
        at = points / unit - np.array([left, -BOX_HEIGHT / 2])
        for stroke in STROKES[digit]:
            covered |= _distance(at, stroke) <= HALF_THICKNESS
    return covered


def _distance(points: Floats, stroke: Stroke) -> Floats:
    """How far each point (n, 2) is from the nearest place of the stroke."""
    corners = np.array(stroke)
    starts, steps = corners[:-1], np.diff(corners, axis=0)
    away = points[:, np.newaxis, :] - starts
    along = np.clip((away * steps).sum(axis=-1) / (steps * steps).sum(axis=-1), 0.0, 1.0)
    nearest: Floats = np.linalg.norm(away - along[..., np.newaxis] * steps, axis=-1).min(axis=1)
    return nearest
