"""Trains methods stage by stage and records each as a run."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from distillation import services
from distillation.models import TrainingRun
from distillation.pipeline.data import Announce, Reading, load_photos, refusing_value_errors
from distillation.pipeline.plans import Work, note_job, plan_work
from distillation.sr import (
    capacity,
    checkpoints,
    config,
    cost,
    devices,
    distributed,
    methods,
    networks,
    training,
)
from srstudy.errors import Failed, Refused
from srstudy.progress import Progress

# What the first of several processes says when no stage is left to train.
_NOTHING_MORE = ""
_LOST = "Another process of this job ended; what was finished is kept."


def distill(
    wanted: Sequence[str],
    options: config.Options,
    *,
    data: str,
    validation: str | None = None,
    resume: bool,
    announce: Announce,
    reading: Reading | None = None,
) -> list[TrainingRun]:
    """Train every method wanted, the teacher first where one needs it and there is none; record each.

    Now and then, crops of the `validation` set (the study's photographs without one) are made and scored.
    Of several processes that `torchrun` started the first plans, records and answers with the runs; the
    others train along and answer with none.
    Raises: Refused for data that cannot be used or a folder in use, Failed when training ends badly,
    KeyboardInterrupt after a Ctrl-C, with a checkpoint to resume from.
    """
    with refusing_value_errors(), _joined(options):
        if options.batch % distributed.size():
            raise Refused(
                f"A batch of {options.batch} cannot be shared equally by {distributed.size()} processes."
            )
        try:
            if distributed.rank() > 0:
                _train_along(options, data=data, reading=reading)
                return []
            work = plan_work(
                options,
                data=data,
                validation=validation,
                resume=resume,
                reading=reading,
                announce=announce,
            )
            runs = _lead(wanted, work, announce)
            distributed.tell(_NOTHING_MORE)
            return runs
        except RuntimeError as error:
            if not distributed.lost_another(error):
                raise
            raise Failed(_LOST) from error


@contextmanager
def _joined(options: config.Options) -> Iterator[None]:
    try:
        with distributed.joined(devices.resolve_device(options).type):
            yield
    except distributed.JoinFailed as failed:
        raise Failed(str(failed)) from failed


def _train_along(options: config.Options, *, data: str, reading: Reading | None) -> None:
    """Train the stages that the first process names, until it names no more; it records them."""
    # Before waiting for the first process: it may decode for longer than one process waits for another.
    _, photos = load_photos(data, minimum_px=options.patch_px, reading=reading)
    folder = Path(distributed.tell())
    while (name := distributed.tell()) != _NOTHING_MORE:
        try:
            training.train_stage(methods.STAGES[name], options, folder=folder, photos=photos)
        except training.Stopped as stopped:
            raise KeyboardInterrupt from stopped
        except training.TrainingFailed as failed:
            raise Failed(str(failed)) from failed


def _lead(wanted: Sequence[str], work: Work, announce: Announce) -> list[TrainingRun]:
    """Train and record the methods as the first process of a job, or the only one."""
    work.folder.mkdir(parents=True, exist_ok=True)
    distributed.tell(str(work.folder))
    note_job(work.folder)
    what = f"{len(work.photos.names)} images of {work.data_name}, profile {work.options.profile}"
    announce(f"{what}, in {work.folder}")
    with refusing_value_errors(), checkpoints.lock(work.folder):
        teacher = None
        if "teacher" not in wanted and any(_needs_teacher(method) for method in wanted):
            teacher = _teacher_at_hand(work, announce)
            wanted = wanted if teacher else ["teacher", *wanted]
        capacity.require_room(work.folder, _stages_to_train(wanted, work.folder), work.options)
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


def _stages_to_train(wanted: Sequence[str], folder: Path) -> list[methods.Stage]:
    """The stages of these methods that have no checkpoint yet, each once."""
    stages = {stage.name: stage for method in wanted for stage in _own_stages(method)}
    return [stage for name, stage in stages.items() if checkpoints.committed(folder / name) is None]


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
    """Copy a finished stage's checkpoint and log, whole or not at all; one that is there stays."""
    if target.exists():
        return
    partial = target.with_name(f".{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir()
        # One by one and not by copytree, whose error does not say that the disk is full.
        for file in sorted(path for path in source.iterdir() if path.is_file() and path.name != ".lock"):
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
        options=config.to_record(work.options),
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
    except (ValueError, OSError) as refused:
        services.fail_run(run, message=str(refused))
        raise
    except RuntimeError as error:
        lost = distributed.lost_another(error)
        services.fail_run(run, message=_LOST if lost else f"{type(error).__name__}: {error}")
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
    distributed.tell(stage.name)
    result = training.train_stage(
        stage,
        work.options,
        folder=work.folder,
        photos=work.photos,
        validation=work.validation,
        on_report=on_report,
    )
    if before is None or not before.finished:
        progress.finish(f"{result.steps} steps, PSNR-Y {result.psnr_y:.2f} dB on training images")
    return result
