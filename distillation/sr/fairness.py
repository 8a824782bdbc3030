"""What makes the comparison of the students a fair one: the same budget, the same patches, the same start."""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from distillation.sr.config import METHODS, Options
from distillation.sr.dataset import PatchSampler, PhotoSet
from distillation.sr.methods import Stage, final_stage, stages_for

_YARDSTICK = "student"


def faults(options: Options, starts: Mapping[str, Tensor], photos: PhotoSet) -> dict[str, tuple[str, ...]]:
    """For the last stage of each student, in what its method is better or worse off than the others.

    `starts` are each stage's weights before its first update, flat, by the stage's name.
    """
    of_all = tuple(_patch_faults(options, photos))
    students = [method for method in METHODS if method != "teacher"]
    return {
        final_stage(method).name: (*_method_faults(method, options, starts), *of_all) for method in students
    }


def _own_stages(method: str) -> list[Stage]:
    return [stage for stage in stages_for(method) if stage.learner == "student"]


def generator_updates(method: str, options: Options) -> int:
    """Updates of a student's generator over all its stages."""
    return sum(stage.phase_of(options).steps for stage in _own_stages(method))


def _method_faults(method: str, options: Options, starts: Mapping[str, Tensor]) -> Iterator[str]:
    updates, usual = generator_updates(method, options), generator_updates(_YARDSTICK, options)
    if updates != usual:
        yield f"The generator of {method} gets {updates} updates, and that of {_YARDSTICK} {usual}."
    start, yardstick = (starts[_own_stages(name)[0].name] for name in (method, _YARDSTICK))
    if not torch.equal(start, yardstick):
        yield f"The generator of {method} starts from other weights than that of {_YARDSTICK}."


def _patch_faults(options: Options, photos: PhotoSet) -> Iterator[str]:
    """Every stage makes a sampler of its own, so patches agree if they are a function of seed and step."""

    def patches_of(*steps: int) -> list[Tensor]:
        sampler = PatchSampler(photos, patch_px=options.patch_px, batch=options.batch, seed=options.seed)
        return [sampler.batch_at(step)[1] for step in steps]

    first, second, third = patches_of(0, 1, 2)
    if not torch.equal(third, patches_of(2)[0]):
        yield "The patches of a step depend on what was drawn before."
    if torch.equal(first, second):
        yield "Every step sees the same patches."
