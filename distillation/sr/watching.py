"""What a training run lets be seen while it runs: a log, TensorBoard's events, and validation images."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from distillation.sr import distributed, images, metrics, runlog
from distillation.sr.config import SCALE
from distillation.sr.dataset import PhotoSet
from distillation.sr.images import Pixels
from distillation.sr.networks import Generator
from distillation.sr.upscale import upscale

LOG, EVENTS, PICTURES = "log.jsonl", "tensorboard", "validation"
_PROBES, _PROBE_PX = 4, 192
_LARGEST_PSNR_DB = 100.0  # that of equal images is infinite, and a mean should not be


def probes(photos: PhotoSet, *, patch_px: int) -> Iterator[tuple[Pixels, Pixels]]:
    """A crop from the middle of the first photographs, at full and at low resolution."""
    side = max(_PROBE_PX, patch_px) // SCALE
    for index in range(min(_PROBES, len(photos.names))):
        hr, lr = photos.hr[index], photos.lr[index]
        top, left = ((length - min(length, side)) // 2 for length in lr.shape[:2])
        low = slice(top, top + side), slice(left, left + side)
        high = slice(top * SCALE, (top + side) * SCALE), slice(left * SCALE, (left + side) * SCALE)
        yield hr[high], lr[low]


def quality(network: Generator, photos: PhotoSet, *, patch_px: int, device: torch.device) -> float:
    """Mean PSNR-Y in dB of a network's images of the probes."""
    values = [
        _psnr_y(high, upscale(network, low, device=device)) for high, low in probes(photos, patch_px=patch_px)
    ]
    return sum(values) / len(values)


def _psnr_y(high: Pixels, made: Pixels) -> float:
    value = metrics.psnr(images.luma(high), images.luma(made), data_range=255)
    return min(value, _LARGEST_PSNR_DB)


class Tally:
    """Means of losses over steps, and over the processes of a job; nothing waits for the device before."""

    def __init__(self) -> None:
        self._sums: dict[str, Tensor] = {}
        self._counts: dict[str, int] = {}

    def add(self, losses: Mapping[str, Tensor]) -> None:
        """Count the losses of one step, 0-d tensors on the device; a step need not have all of them."""
        for name, loss in losses.items():
            self._sums[name] = self._sums[name] + loss if name in self._sums else loss
            self._counts[name] = self._counts.get(name, 0) + 1

    def means(self) -> dict[str, float]:
        """The mean of each loss over the steps that had it."""
        names = sorted(self._sums)
        sums = distributed.mean(torch.stack([self._sums[name].float() for name in names])).tolist()
        return {name: total / self._counts[name] for name, total in zip(names, sums, strict=True)}


class Watch:
    """Writes into a stage's folder: `log.jsonl`, `tensorboard/`, `validation/STEP.png`.

    Events of a run that was interrupted after its last checkpoint are hidden when it goes on from `step`.
    """

    def __init__(self, folder: Path, *, step: int) -> None:
        # tensorboard takes half a second to load: only for who trains
        from torch.utils.tensorboard.writer import SummaryWriter

        self._folder = folder
        self._events = SummaryWriter(str(folder / EVENTS), purge_step=step or None)

    def log(self, record: Mapping[str, Any]) -> None:
        """Add a line to the log."""
        runlog.append(self._folder / LOG, record)

    def curves(self, step: int, values: Mapping[str, float]) -> None:
        """Add a point to each of the named curves."""
        for name, value in values.items():
            self._events.add_scalar(name, value, step)
        self._events.flush()

    def validate(
        self, step: int, network: Generator, photos: PhotoSet, *, patch_px: int, device: torch.device
    ) -> float:
        """Make the probes' images and keep them; their mean PSNR-Y in dB.

        A row of the picture is a probe: bicubic, the network's image, the original.
        """
        rows, values = [], []
        for high, low in probes(photos, patch_px=patch_px):
            made = upscale(network, low, device=device)
            values.append(_psnr_y(high, made))
            rows.append(np.concatenate((images.upscale_bicubic(low, SCALE), made, high), axis=1))
        width = max(row.shape[1] for row in rows)
        picture = np.concatenate([np.pad(row, ((0, 0), (0, width - row.shape[1]), (0, 0))) for row in rows])
        folder = self._folder / PICTURES
        folder.mkdir(exist_ok=True)
        images.save_png(folder / f"{step:07d}.png", picture)
        self._events.add_image(PICTURES, picture, step, dataformats="HWC")
        mean = sum(values) / len(values)
        self.curves(step, {f"{PICTURES}/psnr_y": mean})
        return mean

    def close(self) -> None:
        """Write what is still held back."""
        self._events.close()
