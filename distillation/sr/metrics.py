"""PSNR and SSIM under the field's rules: border cropped, on luma and on RGB."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.metrics import structural_similarity

from distillation.sr.images import Pixels, crop_border, luma

# The Gaussian window of the SSIM paper: sigma 1.5, cut at 3.5 sigma, is 11 px wide.
SSIM_WINDOW_PX = 11


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """PSNR in dB (infinite for identical images) and SSIM, of luma and of RGB."""

    psnr_y: float
    ssim_y: float
    psnr_rgb: float
    ssim_rgb: float


def psnr(a: NDArray[Any], b: NDArray[Any], *, data_range: float) -> float:
    """Peak signal-to-noise ratio in dB of two arrays of one shape; infinite if they are equal.

    Raises: ValueError if the shapes differ or `data_range` is not above 0.
    Worked example: a constant difference of 255 grey levels at data_range 255 is 0 dB, of 1 level 48.13 dB.
    """
    _check_pair(a, b, data_range)
    error = float(np.mean((a.astype(np.float64) - b.astype(np.float64)) ** 2))
    return math.inf if error == 0 else 10 * math.log10(data_range**2 / error)


def ssim(a: NDArray[Any], b: NDArray[Any], *, data_range: float) -> float:
    """Structural similarity of two (H, W) or (H, W, C) arrays; of colour, the mean over channels.

    Raises: ValueError if the shapes differ, a side is under 11 px, or `data_range` is not above 0.
    Source: Wang et al., IEEE TIP 13(4), 2004, doi:10.1109/TIP.2003.819861, with its Gaussian window.
    """
    _check_pair(a, b, data_range)
    if min(a.shape[:2]) < SSIM_WINDOW_PX:
        raise ValueError(f"SSIM needs {SSIM_WINDOW_PX} px a side, not {a.shape[1]} x {a.shape[0]}.")
    value = structural_similarity(  # type: ignore[no-untyped-call]
        a.astype(np.float64),
        b.astype(np.float64),
        data_range=data_range,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        channel_axis=2 if a.ndim == 3 else None,
    )
    return float(value)


def _check_pair(a: NDArray[Any], b: NDArray[Any], data_range: float) -> None:
    if a.shape != b.shape:
        raise ValueError(f"The images differ in shape: {a.shape} and {b.shape}.")
    if not data_range > 0:
        raise ValueError(f"The data range is above 0, not {data_range}.")


def score(reference: Pixels, test: Pixels, *, scale: int) -> Scores:
    """Compare (H, W, 3) uint8 images as super-resolution papers do: `scale` px cropped from each side.

    Raises: ValueError if the shapes differ or an image is under 11 px a side after cropping.
    Source: the evaluation of Timofte et al., NTIRE 2017; luma is `images.luma`, data range 255.
    """
    _check_pair(reference, test, 255)
    needed = SSIM_WINDOW_PX + 2 * scale
    if min(reference.shape[:2]) < needed:
        height, width = reference.shape[:2]
        raise ValueError(f"Scores at scale {scale} need {needed} px a side, not {width} x {height}.")
    a, b = crop_border(reference, scale), crop_border(test, scale)
    y_a, y_b = luma(a), luma(b)
    return Scores(
        psnr_y=psnr(y_a, y_b, data_range=255),
        ssim_y=ssim(y_a, y_b, data_range=255),
        psnr_rgb=psnr(a, b, data_range=255),
        ssim_rgb=ssim(a, b, data_range=255),
    )
