"""Everything an output is scored by, under one protocol with a name."""

from dataclasses import asdict, dataclass

from distillation.sr import measures, metrics
from distillation.sr.images import Floats, Pixels, crop_border, luma

# Stored beside every score. Whoever changes what a score means, or adds one, counts it up: rows under
# another name are scored anew from their files. `distillation.queries` has the same name for those who may
# not import this file.
PROTOCOL = "y-bt601-crop4-ssim11-v2"
PROTOCOL_SCALE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured(metrics.Scores):
    """PSNR and SSIM, and the measures of `measures` beside them."""

    gmsd: float
    psnr_wrapped: float
    lr_psnr: float
    high_frequency: float


def measure(reference: Pixels, test: Pixels, lr: Pixels, *, scale: int) -> Measured:
    """Score `test` against `reference`, both (H, W, 3) uint8, and against the input `lr`.

    `scale` px are cropped from each side, but for `psnr_wrapped` (whole image, RGB) and `lr_psnr`. GMSD
    is taken on luma stretched from 16..235 to 0..255, for which its constant was chosen. Sides that are no
    multiple of `scale` lose the rest, for `lr_psnr` alone.
    Raises: ValueError if the shapes do not fit, a side is too short, or the protocol is not of this scale.
    """
    if scale != PROTOCOL_SCALE:
        raise ValueError(f"The protocol {PROTOCOL} is for scale {PROTOCOL_SCALE}, not {scale}.")
    scores = metrics.score(reference, test, scale=scale)
    y_reference, y_test = (luma(crop_border(image, scale)) for image in (reference, test))
    height, width = lr.shape[:2]
    return Measured(
        **asdict(scores),
        gmsd=measures.gmsd(_full_range(y_reference), _full_range(y_test)),
        psnr_wrapped=measures.psnr_wrapped(reference, test),
        lr_psnr=measures.lr_psnr(test[: height * scale, : width * scale], lr, scale=scale),
        high_frequency=measures.high_frequency(y_reference, y_test, scale=scale),
    )


def _full_range(y: Floats) -> Floats:
    return (y - 16) * (255 / 219)
