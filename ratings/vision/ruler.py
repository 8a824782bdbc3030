"""How fine a rater's screen is, from a bank card held against it (pure)."""

import math

# ISO/IEC 7810, size ID-1: bank cards, most identity cards and driving licences.
CARD_WIDTH_MM, CARD_HEIGHT_MM = 85.60, 53.98
# From a television of 65 inches with 1920 columns (1.3 a mm) to telephones of 800 dots an inch (31).
COARSEST_PX_PER_MM, FINEST_PX_PER_MM = 1.2, 32.0
# Browsers multiply the screen's own ratio (1 to 4) by the zoom (25 % to 500 %).
LEAST_RATIO, LARGEST_RATIO = 0.25, 20.0


def px_per_mm(card_css_px: float, *, device_pixel_ratio: float) -> float:
    """Device pixels a millimetre, once a rater has made a box as wide as a bank card (85.60 mm).

    Units: `card_css_px` is the width of the box in CSS pixels; `device_pixel_ratio` is the browser's
    at that moment, page zoom included, so the result does not depend on the zoom.
    Raises: ValueError if either number, or the result, is not one that a screen can have.
    Source: ISO/IEC 7810 (ID-1); the card as a ruler is that of Li, Joo, Yeatman and Reinecke 2020,
    doi:10.1038/s41598-019-57204-1.

    Example: a box of 323.53 CSS pixels at ratio 1 is a screen of 3.78 pixels a mm, 96 an inch.
    """
    if not (math.isfinite(device_pixel_ratio) and LEAST_RATIO <= device_pixel_ratio <= LARGEST_RATIO):
        raise ValueError(
            f"A device pixel ratio is {LEAST_RATIO:g} to {LARGEST_RATIO:g}, not {device_pixel_ratio:g}."
        )
    if not math.isfinite(card_css_px):
        raise ValueError(f"A card is a number of pixels wide, not {card_css_px:g}.")
    density = card_css_px * device_pixel_ratio / CARD_WIDTH_MM
    if not COARSEST_PX_PER_MM <= density <= FINEST_PX_PER_MM:
        raise ValueError(
            f"A card {card_css_px:g} pixels wide would make {density:.2f} pixels a millimetre; "
            f"screens have between {COARSEST_PX_PER_MM:g} and {FINEST_PX_PER_MM:g}."
        )
    return density
