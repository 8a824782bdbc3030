"""Measures beside PSNR and SSIM: gradients, wrapped bytes, agreement with the input, high frequencies."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.fft import fftfreq, rfft2, rfftfreq
from scipy.ndimage import correlate1d

from distillation.sr.images import Floats, Pixels, downscale, modcrop
from distillation.sr.metrics import psnr

# The constant of the GMSD paper, for grey levels 0..255.
GMSD_CONSTANT = 170.0
# Below this mean energy, in grey levels squared, a band holds nothing but rounding.
NO_ENERGY = 1e-9


def gmsd(a: NDArray[Any], b: NDArray[Any]) -> float:
    """Gradient magnitude similarity deviation of two (H, W) arrays of grey levels in 0..255.

    0 for equal images, higher is worse. Both are halved by 2 x 2 means first; an odd last row or column
    is left out. Outside the image there is black, as in the authors' program.
    Raises: ValueError if the shapes differ, are not (H, W), or a side is under 2 px.
    Source: Xue et al., IEEE TIP 23(2), 2014, doi:10.1109/TIP.2013.2293423, equations 1 to 6.
    """
    if a.shape != b.shape or a.ndim != 2 or min(a.shape) < 2:
        raise ValueError(f"GMSD takes two (H, W) arrays of 2 px a side or more, not {a.shape} and {b.shape}.")
    m_a, m_b = _gradient_magnitude(_halved(a)), _gradient_magnitude(_halved(b))
    similarity = (2 * m_a * m_b + GMSD_CONSTANT) / (m_a**2 + m_b**2 + GMSD_CONSTANT)
    return float(similarity.std())


def _halved(grey: NDArray[Any]) -> Floats:
    even = np.asarray(modcrop(grey, 2), dtype=np.float64)
    return np.asarray((even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]) / 4)


def _gradient_magnitude(grey: Floats) -> Floats:
    """Length of Prewitt's gradient, whose two filters are a difference one way and a mean the other."""
    slopes = []
    for axis in (0, 1):
        difference = correlate1d(grey, [1.0, 0.0, -1.0], axis=axis, mode="constant")
        slopes.append(correlate1d(difference, [1 / 3] * 3, axis=1 - axis, mode="constant"))
    return np.asarray(np.hypot(*slopes))


def psnr_wrapped(a: Pixels, b: Pixels) -> float:
    """What looks like PSNR in dB when differences and squares of bytes wrap modulo 256; no PSNR at all.

    This is `mean((a - b)**2)` on uint8 arrays, a common slip: errors of 16 grey levels square to 256 and
    count as 0. It tends to 27.9 dB for any large, spread-out error, and a worse image can score higher.
    Infinite where every square wraps to 0. Kept to compare with figures that were computed so.
    Raises: ValueError if the shapes differ or an array is not uint8.
    Worked example: a difference of 3 gives 9, thus 38.59 dB; of 20 gives 400 - 256 = 144, thus 26.55 dB.
    """
    if a.shape != b.shape or a.dtype != np.uint8 or b.dtype != np.uint8:
        raise ValueError(
            f"Bytes wrap in uint8 arrays of one shape, not {a.shape} {a.dtype} and {b.shape} {b.dtype}."
        )
    difference = a - b
    error = float(np.mean(difference * difference))
    return math.inf if error == 0 else 10 * math.log10(255**2 / error)


def lr_psnr(test: Pixels, lr: Pixels, *, scale: int) -> float:
    """How well an output agrees with its input: PSNR in dB on RGB of the output, reduced, against it.

    `test` (H, W, 3) is reduced by `images.downscale`, MATLAB's bicubic, to bytes; nothing is cropped.
    Infinite if the input comes out again. Detail that does not contradict the input costs nothing here;
    blur does (bicubic reaches 37 dB on Set5), and so do changed colours and shapes.
    Raises: ValueError if `test` is not `scale` times as large as `lr`.
    Source: the LR-PSNR of Lugmayr et al., NTIRE 2021 Learning the Super-Resolution Space Challenge.
    """
    height, width = lr.shape[:2]
    if test.shape[:2] != (height * scale, width * scale):
        raise ValueError(
            f"An output of a {width} x {height} input at scale {scale} has {width * scale} x "
            f"{height * scale} px, not {test.shape[1]} x {test.shape[0]}."
        )
    return psnr(downscale(test, scale), lr, data_range=255)


def high_frequency(reference: NDArray[Any], test: NDArray[Any], *, scale: int) -> float:
    """Energy of (H, W) luma above what the input could carry, as a share of the reference's.

    The band is |f| > 1/(2 scale) cycles per pixel in either direction: the input's sampling cannot hold
    it, so whatever is there was invented. Means are removed and a Hann window applied first, so that
    the image's edges do not count as detail. 1: as much as the reference, right or wrong; 0: none.
    1 if neither image has any, infinite if only the test image has.
    Raises: ValueError if the shapes differ or are not (H, W).
    """
    if reference.shape != test.shape or reference.ndim != 2:
        raise ValueError(f"Luma is (H, W) and equal in shape, not {reference.shape} and {test.shape}.")
    wanted, found = (_energy_above(luma, 1 / (2 * scale)) for luma in (reference, test))
    if wanted < NO_ENERGY:
        return 1.0 if found < NO_ENERGY else math.inf
    return found / wanted


def _energy_above(luma: NDArray[Any], cut_off: float) -> float:
    """Mean energy a pixel, in grey levels squared, at frequencies above `cut_off` in either direction."""
    height, width = luma.shape
    window = np.hanning(height)[:, None] * np.hanning(width)
    spectrum = np.abs(rfft2((luma - luma.mean()) * window)) ** 2
    rows, columns = np.abs(fftfreq(height))[:, None], rfftfreq(width)
    # The half-spectrum holds each frequency but the first column, and the last of an even width, for two.
    twice = np.full(columns.shape, 2.0)
    twice[0] = 1.0
    if width % 2 == 0:
        twice[-1] = 1.0
    above = (rows > cut_off) | (columns > cut_off)
    return float((spectrum * twice * above).sum() / (height * width) ** 2)
