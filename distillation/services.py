"""What the first half writes: an image, a run and its end, an output with its scores."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from distillation.models import Image, Output, TrainingRun
from srstudy.errors import Refused
from srstudy.version import code_version

LONGEST_DATASET, LONGEST_NAME = 64, 128


def media_path(file: str) -> Path:
    """Where a stored file lies."""
    return Path(settings.MEDIA_ROOT) / file


def record_image(*, dataset: str, name: str, file: str, sha256: str, width: int, height: int) -> Image:
    """Store a source image, or find the same one.

    Raises: Refused if an image of that name is known with other content: its outputs would no longer fit.
    """
    if len(dataset) > LONGEST_DATASET or len(name) > LONGEST_NAME:
        raise Refused(
            f"The name {dataset}/{name} is too long: {LONGEST_DATASET} characters fit for the data set, "
            f"{LONGEST_NAME} for the image."
        )
    fields = {"file": file, "sha256": sha256, "width": width, "height": height}
    image, created = Image.objects.get_or_create(dataset=dataset, name=name, defaults=fields)
    if not created and image.sha256 != sha256:
        raise Refused(
            f"The image {image} has changed since its outputs were made; give the folder another name."
        )
    return image


@transaction.atomic
def start_run(*, method: str, folder: str, options: dict[str, Any], **fields: Any) -> TrainingRun:
    """Store that a method is being trained in a folder, or take up the run that was."""
    run, _ = TrainingRun.objects.update_or_create(
        method=method,
        folder=folder,
        defaults={
            "options": options,
            "profile": options["profile"],
            "seed": options["seed"],
            "status": TrainingRun.Status.RUNNING,
            "message": "",
            "code_version": code_version(),
            **fields,
        },
    )
    return run


def finish_run(run: TrainingRun, *, weights_file: str, weights_sha256: str, **fields: Any) -> None:
    """Store that a run has ended well, with its weights."""
    _close_run(
        run,
        status=TrainingRun.Status.FINISHED,
        weights_file=weights_file,
        weights_sha256=weights_sha256,
        finished_at=timezone.now(),
        **fields,
    )


def stop_run(run: TrainingRun) -> None:
    """Store that a run was stopped and can be resumed."""
    _close_run(run, status=TrainingRun.Status.STOPPED)


def fail_run(run: TrainingRun, *, message: str) -> None:
    """Store why a run failed."""
    _close_run(run, status=TrainingRun.Status.FAILED, message=message)


def _close_run(run: TrainingRun, **fields: Any) -> None:
    for name, value in fields.items():
        setattr(run, name, value)
    run.save(update_fields=list(fields))


@transaction.atomic
def record_output(
    *, image: Image, method: str, run: TrainingRun | None, sha256: str, **fields: Any
) -> Output:
    """Store an output's file and scores.

    Raises: Refused if the same image by the same method and run is known with other content: a study
    may be showing it.
    """
    fields |= {"sha256": sha256, "code_version": code_version()}
    output, created = Output.objects.get_or_create(image=image, method=method, run=run, defaults=fields)
    if created:
        return output
    if output.sha256 != sha256:
        raise Refused(
            f"{image} by {method} is known with other content (output {output.pk}), and an output does not "
            "change: train anew, or give the method or the data set another name."
        )
    for name, value in fields.items():
        setattr(output, name, value)
    output.save()
    return output


def rescore_output(output: Output, *, protocol: str, **scores: float) -> None:
    """Store an output's scores under another protocol; its file and the code that made it stay."""
    for name, value in {"protocol": protocol, **scores}.items():
        setattr(output, name, value)
    output.save(update_fields=["protocol", *scores])
