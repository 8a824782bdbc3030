"""What made a run's weights and how good they are: the model card that leaves with them."""

import statistics
from typing import Any

from distillation.fetching.sources import SETS
from distillation.models import TrainingRun
from distillation.queries import complete_outputs
from distillation.sr import config, methods, photographs
from distillation.sr.portable.cards import Card

_SCORES = ("psnr_y", "ssim_y", "psnr_rgb", "ssim_rgb")


def card_of(run: TrainingRun) -> Card:
    """The card of a finished run, as JSON: recipe, data, steps, stored scores, rights."""
    options = config.from_dict(run.options)
    stages = [
        {"name": stage.name, "steps": stage.phase_of(options).steps, "losses": list(stage.terms_of(options))}
        for stage in methods.stages_for(run.method)
    ]
    return {
        "name": run.get_method_display(),
        "method": run.method,
        "profile": run.profile,
        "seed": run.seed,
        "data": {"name": run.data_name, "sha256": run.data_digest},
        "stages": stages,
        "content_loss": options.content,
        "options": run.options,
        "options_sha256": run.options_digest,
        "checkpoint_sha256": run.weights_sha256,
        "teacher_sha256": run.teacher.weights_sha256 if run.teacher else None,
        "metrics": _metrics_of(run),
        "seconds": round(run.seconds, 1),
        "code_version": run.code_version,
        "finished": f"{run.finished_at:%Y-%m-%d}",
        "licence": _licence_note(run.data_name),
    }


def _metrics_of(run: TrainingRun) -> list[dict[str, Any]]:
    """Means over every data set of which the run has every image, all scored under one protocol."""
    return [
        {
            "dataset": dataset,
            "images": len(group),
            "protocol": group[0].protocol,
            **{name: statistics.fmean(getattr(output, name) for output in group) for name in _SCORES},
        }
        for dataset, group in complete_outputs(run).items()
        if len({output.protocol for output in group}) == 1
    ]


def _licence_note(data_name: str) -> str:
    terms = {public.name: public.terms for public in SETS}
    if data_name in terms:
        of_data = terms[data_name]
    elif data_name == photographs.TRAINING_SET:
        of_data = "photographs that scikit-image and matplotlib ship, each one's terms in docs/datasets.md"
    else:
        of_data = "as its owner says, which this file does not know"
    return (
        "The program's licence covers the program; the weights carry none. The terms of the training data, "
        f"{data_name}: {of_data}. Whether they bind a network trained on it is not settled; keep to them."
    )
