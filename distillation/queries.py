"""What others may read of the first half; the only doorway for `ratings` besides the models."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from distillation.models import TRAINED_METHODS, Image, Method, Output, TrainingRun
from srstudy.errors import Refused

# From the quickest to the most thorough; "the run of a method" is the latest of the most thorough.
PROFILES = ("smoke", "demo", "cpu", "paper")
# That of the runs whose weights came with the project.
SHIPPED = "shipped"
_RANKS = ("smoke", "demo", SHIPPED, "cpu", "paper")
# The protocol of today's scores, for those who may not import `distillation.sr.scoring`.
PROTOCOL = "y-bt601-crop4-ssim11-v2"


@dataclass(frozen=True, slots=True)
class OutputRow:
    """One line of a method's table: a mean over the images of a data set; None where one has no value."""

    method: str
    images: int
    psnr_y: float
    ssim_y: float
    psnr_rgb: float
    ssim_rgb: float
    gmsd: float | None
    psnr_wrapped: float | None
    lr_psnr: float | None
    high_frequency: float | None
    seconds: float


def finished_run(method: str, *, run_id: int | None = None, profile: str | None = None) -> TrainingRun:
    """The run that stands for a method: number `run_id`, or the latest finished of a profile, the highest.

    Raises: Refused if there is none, or the named one is of another method or unfinished.
    """
    if run_id is not None:
        run = TrainingRun.objects.filter(pk=run_id).first()
        if run is None:
            raise Refused(f"There is no run {run_id}; the admin lists them.")
        if run.method != method:
            raise Refused(f"Run {run_id} is of {run.method}, not of {method}.")
        if run.status != TrainingRun.Status.FINISHED:
            raise Refused(f"Run {run_id} of {method} is {run.get_status_display()}, not finished.")
        return run
    runs = TrainingRun.objects.filter(method=method, status=TrainingRun.Status.FINISHED)
    if profile is not None:
        runs = runs.filter(profile=profile)
    ranked = sorted(runs, key=lambda run: (_rank(run.profile), run.finished_at, run.pk), reverse=True)
    if not ranked:
        how = f" --profile {profile}" if profile else ""
        raise Refused(
            f"{method} has not been trained{f' under the profile {profile}' if profile else ''}: "
            f"run `python manage.py distill --method {method}{how}` first."
        )
    return ranked[0]


def _rank(profile: str) -> int:
    return _RANKS.index(profile) if profile in _RANKS else -1


def datasets() -> list[str]:
    """Names of the data sets that have images with outputs."""
    return list(Image.objects.order_by("dataset").values_list("dataset", flat=True).distinct())


def images_of(dataset: str) -> list[Image]:
    """The images of a data set in the order of their names."""
    return list(Image.objects.filter(dataset=dataset).order_by("name"))


def methods_of(dataset: str) -> list[str]:
    """The methods with an output of every image of a data set: ours in the paper's order, then others."""
    wanted = Image.objects.filter(dataset=dataset).count()
    found = Output.objects.filter(image__dataset=dataset).values_list("method", "image_id").distinct()
    counts: dict[str, int] = {}
    for method, _ in found:
        counts[method] = counts.get(method, 0) + 1
    complete = [method for method, count in counts.items() if count == wanted]
    order = {method: place for place, method in enumerate(Method.values)}
    return sorted(complete, key=lambda method: (order.get(method, len(order)), method))


def methods_found(dataset: str) -> list[str]:
    """The methods with an output of any image of a data set, by name."""
    found = Output.objects.filter(image__dataset=dataset).order_by("method")
    return list(found.values_list("method", flat=True).distinct())


def output_of(image: Image, method: str, run: TrainingRun | None) -> Output | None:
    """The output of one image by one method: by `run`, or the one that needs none."""
    return Output.objects.filter(image=image, method=method, run=run).select_related("image", "run").first()


def outputs_for(
    images: Sequence[Image], methods: Sequence[str], *, profile: str | None = None
) -> list[Output]:
    """Every image by every method, each method by the run that stands for it (of one profile, if named).

    Raises: Refused naming the first image that a method has not made.
    """
    found: list[Output] = []
    for method in methods:
        run = finished_run(method, profile=profile) if method in TRAINED_METHODS else None
        made = {
            output.image_id: output
            for output in Output.objects.filter(image__in=images, method=method, run=run).select_related(
                "image", "run"
            )
        }
        for image in images:
            if image.pk not in made:
                raise Refused(
                    f"{method} has made no output of {image}: run "
                    f"`python manage.py evaluate --dataset {image.dataset} --method {method}` first."
                )
            found.append(made[image.pk])
    return found


MEASURES = (
    *("psnr_y", "ssim_y", "psnr_rgb", "ssim_rgb"),
    *("gmsd", "psnr_wrapped", "lr_psnr", "high_frequency"),
)


def table_of(outputs: QuerySet[Output] | Sequence[Output]) -> list[OutputRow]:
    """Means of every measure and of seconds over the images of each method, in the order first met."""
    groups: dict[str, list[Output]] = {}
    for output in outputs:
        groups.setdefault(output.method, []).append(output)
    return [
        OutputRow(
            method=method,
            images=len(group),
            **{name: _mean(group, name) for name in (*MEASURES, "seconds")},
        )
        for method, group in groups.items()
    ]


def _mean(outputs: Sequence[Output], name: str) -> Any:
    """A column's mean, or None if it lacks a value: what was scored before there was this measure."""
    values = [getattr(output, name) for output in outputs]
    return None if None in values else sum(values) / len(values)


def known_outputs(dataset: str, runs: Mapping[str, TrainingRun | None]) -> dict[tuple[str, str], Output]:
    """What there is of a data set by these methods' runs, by the image's name and the method."""
    made = Q(run__in=[run for run in runs.values() if run is not None])
    elsewhere = Q(run=None, method__in=[method for method, run in runs.items() if run is None])
    outputs = Output.objects.filter(made | elsewhere, image__dataset=dataset).select_related("image", "run")
    return {(output.image.name, output.method): output for output in outputs}


def standing_outputs(dataset: str, *, profile: str | None = None) -> list[Output]:
    """Outputs of every image of a data set, each method by the run that stands for it.

    Methods that lack a run (of the profile, if one is named) or any image are left out.
    """
    images = images_of(dataset)
    found: list[Output] = []
    for method in methods_of(dataset):
        if method in Method.values:
            with suppress(Refused):
                found += outputs_for(images, [method], profile=profile)
    return found


def complete_outputs(run: TrainingRun) -> dict[str, list[Output]]:
    """A run's outputs by data set, of those sets alone of which it has made every image."""
    groups: dict[str, list[Output]] = {}
    for output in run.outputs.select_related("image").order_by("image__dataset", "image__name"):
        groups.setdefault(output.image.dataset, []).append(output)
    return {dataset: group for dataset, group in groups.items() if len(group) == len(images_of(dataset))}


def evaluate_commands(dataset: str, runs: Mapping[str, TrainingRun | None]) -> list[str]:
    """The commands that evaluate a data set by these methods' runs; None is for bicubic.

    One command for all methods whose run is the one that `evaluate` takes by itself, one each for others.
    """
    command = f"python manage.py evaluate --dataset {dataset} --method"
    by_itself = [method for method, run in runs.items() if run is None or run == _taken_by_itself(method)]
    named = [(method, run) for method, run in runs.items() if run is not None and method not in by_itself]
    together = [f"{command} {' '.join(by_itself)}"] if by_itself else []
    return [*together, *(f"{command} {method} --run {run.pk}" for method, run in named)]


def _taken_by_itself(method: str) -> TrainingRun | None:
    with suppress(Refused):
        return finished_run(method)
    return None


def rescoring_commands(outputs: Sequence[Output]) -> list[str]:
    """The commands that score again those of these outputs whose scores are of another protocol than today's.

    None are needed where the list is empty. No image is made again by them.
    """
    commands: list[str] = []
    runs: dict[str, dict[str, TrainingRun | None]] = {}
    for output in outputs:
        if output.protocol == PROTOCOL:
            continue
        if output.run is None and output.method != Method.BICUBIC:
            commands.append(f"python manage.py import_outputs …/{output.image.dataset}")
        else:
            runs.setdefault(output.image.dataset, {})[output.method] = output.run
    for dataset, of_set in runs.items():
        commands += evaluate_commands(dataset, of_set)
    return list(dict.fromkeys(commands))


def outputs_from_elsewhere(images: Sequence[Image], methods: Sequence[str]) -> list[Output]:
    """Every image by every method, as other programs made them: outputs without a run.

    Raises: Refused naming the first method that has no such image.
    """
    found: list[Output] = []
    for method in methods:
        for image in images:
            output = output_of(image, method, None)
            if output is None:
                raise Refused(f"There is no image of {image} by {method}.")
            found.append(output)
    return found
