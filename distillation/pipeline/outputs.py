"""Makes each method's images, scores them and records both."""

import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from distillation import queries, services
from distillation.models import Image, Method, Output, TrainingRun
from distillation.pipeline import data
from distillation.pipeline.data import SCALE, Announce, announce_skipped, data_folder, refusing_value_errors
from distillation.sr import checkpoints, config, images, methods, networks, scoring, upscale, workers
from distillation.sr.evaluation import (
    MINIMUM_PX,
    Answer,
    Evaluated,
    NewOutput,
    Request,
    SavedFile,
    State,
    StoredOutput,
    Task,
    Unusable,
    evaluate_pair,
    save,
    score_new,
)
from distillation.sr.folders import DataFolder, OnBad, Pair, decoded_bytes, list_folder, nothing_usable
from srstudy.errors import Failed
from srstudy.progress import Progress

__all__ = ["MINIMUM_PX", "Pixels", "load_network", "make_outputs", "record_pixels", "record_reference"]

Pixels = NDArray[np.uint8]
# A process takes about as long to start as so many bytes of pixels take to make and score.
BYTES_A_WORKER = 4_000_000


def make_outputs(
    name_or_folder: str,
    wanted: Sequence[str],
    *,
    run_ids: dict[str, int] | None = None,
    announce: Announce,
    workers_wanted: int | None = None,
    on_bad: OnBad = "refuse",
) -> list[Output]:
    """Make, score and record every image of a data set by every method wanted, method by method.

    What exists is kept; if its scores are of another protocol, they alone are computed again.
    Reading, scoring and saving are shared by `workers_wanted` processes, or as many as there are cores and
    work for, but by no more than there are images. At most twice as many images, and two more, are in
    memory at a time. `on_bad="skip"` leaves out images that cannot be used and announces which.
    Raises: Refused for a data set or method that cannot be used, Failed if a worker dies.
    """
    name, folder = _list_folder(name_or_folder, on_bad)
    pairs = folder.pairs
    makers = [_maker(method, (run_ids or {}).get(method), announce) for method in wanted]
    count = min(workers_wanted or _workers_for(pairs), len(pairs))
    with _in_a_sentence(), workers.worker_pool(count) as executor:
        evaluation = _Evaluation(
            name, makers, executor, ahead=count + 1, total=len(pairs) * len(makers), on_bad=on_bad
        )
        evaluation.run(pairs)
        skipped = [*folder.bad, *evaluation.skipped]
        announce_skipped(name, skipped, announce)
        if not evaluation.made:
            raise nothing_usable(folder, skipped)
    keys = [(pair.name, maker.method) for maker in makers for pair in pairs]
    return [evaluation.made[key] for key in keys if key in evaluation.made]


def make_study_outputs(runs: Sequence[TrainingRun]) -> list[Output]:
    """Every image of the study's photographs by bicubic and by each of these very runs. Raises: as above."""
    return make_outputs(
        data.STUDY_SET,
        [Method.BICUBIC.value, *(run.method for run in runs)],
        run_ids={run.method: run.pk for run in runs},
        announce=lambda text: None,
    )


def _list_folder(name_or_folder: str, on_bad: OnBad) -> tuple[str, DataFolder]:
    """The name of a data set and its files; a file without its partner is refused before any work."""
    name, path = data_folder(name_or_folder)
    with refusing_value_errors():
        folder = list_folder(path, scale=SCALE)
        folder.refuse_bad(folder.bad, on_bad)
        if not folder.pairs:
            raise nothing_usable(folder, list(folder.bad))
    return name, folder


def _workers_for(pairs: Sequence[Pair]) -> int:
    work = decoded_bytes(pairs, scale=SCALE) // BYTES_A_WORKER
    return max(1, min(workers.available_cores(), work))


@contextmanager
def _in_a_sentence() -> Iterator[None]:
    try:
        with refusing_value_errors():
            yield
    except (workers.WorkerDied, MemoryError) as error:
        reason = str(error) or "There is not enough memory for these images."
        raise Failed(f"{reason} Run it again with --workers 1: what was finished is kept.") from error


@dataclass(frozen=True, slots=True)
class _Maker:
    """A method, the run that stands for it, and how it makes an image where it takes a network."""

    method: str
    run: TrainingRun | None
    make: Callable[[Pixels], Pixels] | None

    def stem(self, label: str) -> Path:
        """Where its output of an image goes, but for the hash and the ending."""
        folder = f"run-{self.run.pk}" if self.run is not None else self.method
        return services.media_path(f"outputs/{folder}/{label}")


def _maker(method: str, run_id: int | None, announce: Announce) -> _Maker:
    if method == Method.BICUBIC:
        return _Maker(method, None, None)
    run = queries.finished_run(method, run_id=run_id)
    announce(f"{method} is {run}, weights {run.weights_sha256[:12]}")
    network = None

    def make(low: Pixels) -> Pixels:
        nonlocal network
        if network is None:  # loaded when the first image is missing, so a second call costs nothing
            network = load_network(run)
        return upscale.upscale(network, low, device="cpu")

    return _Maker(method, run, make)


def load_network(run: TrainingRun) -> networks.Generator:
    """The run's generator with the weights that were recorded, ready for inference.

    Raises: Refused if the weights are missing or are not those that the run recorded.
    """
    stage = methods.final_stage(run.method)
    shape = stage.shape_of(config.from_dict(run.options))
    with refusing_value_errors():
        return checkpoints.load_generator(services.media_path(run.folder) / stage.name, shape)


@dataclass
class _Evaluation:
    """One data set under evaluation: networks run here and rows are written here, the rest by workers."""

    dataset: str
    makers: Sequence[_Maker]
    executor: Executor
    ahead: int
    total: int
    on_bad: OnBad = "refuse"
    made: dict[tuple[str, str], Output] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)
    done: Counter[State] = field(default_factory=Counter)

    def run(self, pairs: Sequence[Pair]) -> None:
        """Evaluate every image; `made` has the outputs afterwards."""
        self._progress = Progress(f"images of {self.dataset}")
        self._known = queries.known_outputs(self.dataset, {maker.method: maker.run for maker in self.makers})
        self._flying: deque[tuple[Image, _Maker, Future[Answer]]] = deque()
        tasks = ((pair.name, self._task(pair)) for pair in pairs)
        for name, evaluated in workers.in_order(self.executor, evaluate_pair, tasks, ahead=self.ahead):
            if isinstance(evaluated, Unusable):
                self.skipped.append(evaluated.reason)
            else:
                self._take(name, evaluated)
        while self._flying:
            self._land()
        said = {State.MADE: "made", State.RESCORED: "scored again", State.KEPT: "kept"}
        counts = [f"{self.done[state]} {word}" for state, word in said.items() if self.done[state]]
        self._progress.finish(", ".join(counts))

    def _task(self, pair: Pair) -> Task:
        label = f"{self.dataset}/{pair.name}"
        requests = []
        for maker in self.makers:
            known = self._known.get((pair.name, maker.method))
            stored = _stored(known) if known is not None else None
            request = Request(stem=maker.stem(label), is_bicubic=maker.make is None, stored=stored)
            requests.append(request)
        stem = services.media_path(f"images/{label}")
        return Task(pair=pair, reference_stem=stem, requests=tuple(requests), skip_bad=self.on_bad == "skip")

    def _take(self, name: str, evaluated: Evaluated) -> None:
        reference = _record_reference(self.dataset, name, evaluated.reference)
        for maker, answer in zip(self.makers, evaluated.answers, strict=True):
            if answer.state is not State.MISSING:
                self._record(reference, maker, answer)
            elif maker.make is not None and evaluated.lr is not None:
                started = time.perf_counter()
                pixels = maker.make(evaluated.lr)
                new = NewOutput(
                    pixels=pixels,
                    lr=evaluated.lr,
                    reference=evaluated.reference.path,
                    stem=maker.stem(reference.label),
                    seconds=time.perf_counter() - started,
                )
                self._flying.append((reference, maker, self.executor.submit(score_new, new)))
                if len(self._flying) >= self.ahead:
                    self._land()

    def _land(self) -> None:
        reference, maker, future = self._flying.popleft()
        self._record(reference, maker, workers.answer_of(future))

    def _record(self, reference: Image, maker: _Maker, answer: Answer) -> None:
        key = (reference.name, maker.method)
        if answer.file is not None and answer.scores is not None:
            output = _record_output(
                reference, maker.method, maker.run, answer.file, answer.scores, seconds=answer.seconds
            )
        else:
            output = self._known[key]
            if answer.scores is not None:
                services.rescore_output(output, protocol=scoring.PROTOCOL, **asdict(answer.scores))
        self.made[key] = output
        self.done[answer.state] += 1
        self._progress.update(len(self.made), self.total, f"{reference.name} by {maker.method}")


def _stored(output: Output) -> StoredOutput:
    path = services.media_path(output.file)
    return StoredOutput(path=path, sha256=output.sha256, protocol=output.protocol)


def record_reference(dataset_name: str, image_name: str, pixels: Pixels) -> Image:
    """Save a source image without metadata and record it.

    Raises: Refused if an image of that name is known with other content.
    """
    saved = save(services.media_path(f"images/{dataset_name}/{image_name}"), pixels)
    return _record_reference(dataset_name, image_name, saved)


def record_pixels(
    reference: Image, method: str, run: TrainingRun | None, pixels: Pixels, high: Pixels, *, seconds: float
) -> Output:
    """Score an image against its reference, save it without metadata and record both.

    What it was made from is taken to be the reference, reduced.
    Raises: Refused if the two differ in size or are too small to score.
    """
    with refusing_value_errors():
        low = images.downscale(images.modcrop(high, SCALE), SCALE)
        scores = scoring.measure(high, pixels, low, scale=SCALE)
    saved = save(_Maker(method, run, None).stem(reference.label), pixels)
    return _record_output(reference, method, run, saved, scores, seconds=seconds)


def _record_reference(dataset: str, name: str, saved: SavedFile) -> Image:
    return services.record_image(dataset=dataset, name=name, **_file_fields(saved))


def _record_output(
    reference: Image,
    method: str,
    run: TrainingRun | None,
    saved: SavedFile,
    scores: scoring.Measured,
    *,
    seconds: float,
) -> Output:
    return services.record_output(
        image=reference,
        method=method,
        run=run,
        seconds=seconds,
        protocol=scoring.PROTOCOL,
        **_file_fields(saved),
        **asdict(scores),
    )


def _file_fields(saved: SavedFile) -> dict[str, Any]:
    file = str(saved.path.relative_to(settings.MEDIA_ROOT))
    return {"file": file, "sha256": saved.sha256, "width": saved.width, "height": saved.height}
