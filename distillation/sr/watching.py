"""What a training run lets be seen while it runs: a log, TensorBoard's events, and validation images."""

import time
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


class Events:
    """TensorBoard's file of events, written at once: torch's own writer loses the errors of its thread."""

    def __init__(self, folder: Path) -> None:
        # tensorboard takes half a second to load: only for who trains
        from tensorboard.summary.writer.record_writer import RecordWriter

        folder.mkdir(parents=True, exist_ok=True)
        number = len(list(folder.iterdir()))
        # Read in the order of their names, as TensorBoard does.
        self._file = (folder / f"events.out.tfevents.{number:010d}.srstudy").open("wb")
        self._records = RecordWriter(self._file)
        self._write(file_version="brain.Event:2")

    def forget_from(self, step: int) -> None:
        """Hide what was written for this step and later ones: they are made again."""
        from tensorboard.compat.proto.event_pb2 import SessionLog

        self._write(step=step, session_log=SessionLog(status=SessionLog.START))

    def add(self, step: int, *summaries: Any) -> None:
        """Write summaries of `torch.utils.tensorboard.summary` for a step."""
        for summary in summaries:
            self._write(step=step, summary=summary)

    def _write(self, **fields: Any) -> None:
        from tensorboard.compat.proto.event_pb2 import Event

        self._records.write(Event(wall_time=time.time(), **fields).SerializeToString())
        self._records.flush()

    def close(self) -> None:
        """Close the file."""
        self._records.close()


class Watch:
    """Writes into a stage's folder: `log.jsonl`, `tensorboard/`, `validation/STEP.png`.

    Raises: OSError if the disk refuses.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._events = Events(folder / EVENTS)

    def log(self, record: Mapping[str, Any]) -> None:
        """Add a line to the log."""
        runlog.append(self._folder / LOG, record)

    def go_on_from(self, step: int) -> None:
        """Hide the points of the steps after `step`, which an interrupted or a bad stretch has left."""
        self._events.forget_from(step + 1)

    def curves(self, step: int, values: Mapping[str, float]) -> None:
        """Add a point to each of the named curves."""
        from torch.utils.tensorboard.summary import scalar

        points = (scalar(name, value) for name, value in values.items())  # type: ignore[no-untyped-call]
        self._events.add(step, *points)

    def validate(
        self, step: int, network: Generator, photos: PhotoSet, *, patch_px: int, device: torch.device
    ) -> float:
        """Make the probes' images and keep them; their mean PSNR-Y in dB.

        A row of the picture is a probe: bicubic, the network's image, the original.
        """
        from torch.utils.tensorboard.summary import image

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
        shown = image(PICTURES, picture, dataformats="HWC")  # type: ignore[no-untyped-call]
        self._events.add(step, shown)
        mean = sum(values) / len(values)
        self.curves(step, {f"{PICTURES}/psnr_y": mean})
        return mean

    def close(self) -> None:
        """Close the file of events."""
        self._events.close()
