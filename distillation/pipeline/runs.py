"""Trains methods stage by stage and records each as a run."""

import hashlib
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from django.conf import settings

from distillation import services
from distillation.models import TrainingRun
from distillation.pipeline.data import Announce, load_photos, refusing_value_errors
from distillation.sr import (
    checkpoints,
    config,
    cost,
    dataset,
    learner,
    methods,
    networks,
    selfcheck,
    training,
)
from srstudy.errors import Failed
from srstudy.progress import Progress


def training_options(
    profile: str, *, seed: int, steps: int | None, device: str, precision: str
) -> config.Options:
    """The options of a profile with what the command line changes.

    Raises: Refused with the workshop's sentence for a value that cannot be.
    """
    with refusing_value_errors():
        options = config.profile(profile, seed=seed, device=device, precision=precision)
        learner.resolve_device(options)
        return options if steps is None else config.with_steps(options, steps)


def check_recipes(method: str, options: config.Options) -> dict[str, tuple[str, ...]]:
    """For each stage of a method, or of all, what is wrong with its training graph; () where it is sound."""
    found = selfcheck.check_recipes(options)
    if method == "all":
        return found
    return {stage.name: found[stage.name] for stage in methods.stages_for(method)}


@dataclass(frozen=True, slots=True)
class Work:
    """One training job: these options on these photographs, in this folder."""

    options: config.Options
    photos: dataset.PhotoSet
    data_name: str
    data_digest: str
    folder: Path

    @property
    def stored_folder(self) -> str:
        """The folder as a row names it, below MEDIA_ROOT."""
        return str(self.folder.relative_to(settings.MEDIA_ROOT))


def plan_work(options: config.Options, *, data: str, resume: bool) -> Work:
    """Read the photographs and choose the folder: the latest of the same work to resume, else a new one.

    Raises: Refused for data that cannot be used.
    """
    data_name, photos = load_photos(data, minimum_px=options.patch_px)
    digest = photos.digest()
    key = hashlib.sha256(f"{config.digest(options)} {digest}".encode()).hexdigest()[:8]
    stem = f"{options.profile}-seed{options.seed}-{key}"
    root = Path(settings.MEDIA_ROOT) / "runs"
    latest = max((_attempt_of(folder) for folder in root.glob(f"{stem}-*")), default=0)
    attempt = max(latest, 1) if resume else latest + 1
    return Work(options, photos, data_name, digest, root / f"{stem}-{attempt}")


def _attempt_of(folder: Path) -> int:
    ending = folder.name.rpartition("-")[2]
    return int(ending) if ending.isdigit() else 0


def distill(
    wanted: Sequence[str], options: config.Options, *, data: str, resume: bool, announce: Announce
) -> list[TrainingRun]:
    """Train every method wanted, the teacher first where one needs it and there is none; record each.

    Raises: Refused for data that cannot be used or a folder in use, Failed when training ends badly,
    KeyboardInterrupt after a Ctrl-C, with a checkpoint to resume from.
    """
    work = plan_work(options, data=data, resume=resume)
    work.folder.mkdir(parents=True, exist_ok=True)
    announce(
        f"{len(work.photos.names)} images of {work.data_name}, profile {options.profile}, in {work.folder}"
    )
    with refusing_value_errors(), checkpoints.lock(work.folder):
        teacher = None
        if "teacher" not in wanted and any(_needs_teacher(method) for method in wanted):
            teacher = _teacher_at_hand(work, announce)
            wanted = wanted if teacher else ["teacher", *wanted]
        runs = []
        for method in wanted:
            run = _train_method(method, work, teacher if _needs_teacher(method) else None)
            teacher = run if method == "teacher" else teacher
            runs.append(run)
        return runs


def _own_stages(method: str) -> list[methods.Stage]:
    """The stages that train the method's own generator, without those of a teacher it learns from."""
    learner_of_method = methods.final_stage(method).learner
    return [stage for stage in methods.stages_for(method) if stage.learner == learner_of_method]


def _needs_teacher(method: str) -> bool:
    return len(_own_stages(method)) < len(methods.stages_for(method))


def _teacher_at_hand(work: Work, announce: Announce) -> TrainingRun | None:
    """Bring a teacher trained under the same options into the folder, so that it explains itself."""
    run = (
        TrainingRun.objects.filter(
            method="teacher",
            status=TrainingRun.Status.FINISHED,
            options_digest=config.digest(work.options),
            data_digest=work.data_digest,
        )
        .order_by("-finished_at")
        .first()
    )
    if run is None:
        announce("No teacher was trained under these options yet, so it comes first.")
        return None
    for stage in methods.stages_for("teacher"):
        _copy_stage(services.media_path(run.folder) / stage.name, work.folder / stage.name)
    announce(f"The teacher is that of {run}.")
    return run


def _copy_stage(source: Path, target: Path) -> None:
    """Copy a finished stage, whole or not at all; one that is there stays."""
    if target.exists():
        return
    partial = target.with_name(f".{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir()
        # One by one and not by copytree, whose error does not say that the disk is full.
        for file in sorted(path for path in source.iterdir() if path.name != ".lock"):
            shutil.copy2(file, partial / file.name)
        partial.replace(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _train_method(method: str, work: Work, teacher: TrainingRun | None) -> TrainingRun:
    known = TrainingRun.objects.filter(
        method=method, folder=work.stored_folder, status=TrainingRun.Status.FINISHED
    ).first()
    if known is not None:
        return known
    run = services.start_run(
        method=method,
        folder=work.stored_folder,
        options=config.to_dict(work.options),
        options_digest=config.digest(work.options),
        data_name=work.data_name,
        data_digest=work.data_digest,
        teacher=teacher,
    )
    with _recording_the_end_of(run):
        results = [
            _train_stage(stage, work, title=f"{method}: {stage.name}") for stage in _own_stages(method)
        ]
        _finish(run, results, methods.final_stage(method).shape_of(work.options))
    return run


@contextmanager
def _recording_the_end_of(run: TrainingRun) -> Iterator[None]:
    """Let no run seem to be running once its training has ended, however it ended.

    Raises: Failed when training ends badly, KeyboardInterrupt after an interruption; a damaged checkpoint,
    a file that cannot be written and a bug as they are.
    """
    try:
        yield
    except (training.Stopped, KeyboardInterrupt) as stopped:
        services.stop_run(run)
        raise KeyboardInterrupt from stopped
    except (training.TrainingFailed, Failed) as failed:
        services.fail_run(run, message=str(failed))
        raise Failed(str(failed)) from failed
    except (torch.OutOfMemoryError, MemoryError) as exhausted:
        sentence = (
            f"The device ran out of memory while it trained {run.method}; a smaller --profile, or "
            "--device cpu, needs less of it."
        )
        services.fail_run(run, message=sentence)
        raise Failed(sentence) from exhausted
    except (ValueError, OSError) as refused:
        services.fail_run(run, message=str(refused))
        raise
    except Exception as bug:
        services.fail_run(run, message=f"{type(bug).__name__}: {bug}")
        raise


def _finish(run: TrainingRun, results: Sequence[training.StageResult], shape: config.GeneratorShape) -> None:
    folder = results[-1].folder
    weights = checkpoints.committed(folder)
    if weights is None:
        raise Failed(f"The checkpoint in {folder} vanished while {run} was recorded.")
    services.finish_run(
        run,
        weights_file=str(weights.file.relative_to(settings.MEDIA_ROOT)),
        weights_sha256=weights.sha256,
        parameters=cost.parameters(networks.Generator(shape)),
        steps=sum(result.steps for result in results),
        seconds=sum(result.seconds for result in results),
        message=" ".join(warning for result in results for warning in result.warnings),
    )


def _train_stage(stage: methods.Stage, work: Work, *, title: str) -> training.StageResult:
    progress = Progress(title)

    def on_report(report: training.Report) -> None:
        shown = ", ".join(f"{name} {value:.4g}" for name, value in list(report.losses.items())[:4])
        detail = f"step {report.step} of {report.steps}, {shown}"
        progress.update(report.step, report.steps, detail, seconds_left=report.seconds_left)

    before = checkpoints.committed(work.folder / stage.name)
    result = training.train_stage(
        stage, work.options, folder=work.folder, photos=work.photos, on_report=on_report
    )
    if before is None or not before.finished:
        progress.finish(f"{result.steps} steps, PSNR-Y {result.psnr_y:.2f} dB on training images")
    return result
