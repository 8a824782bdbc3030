"""The weights that ship with the project, recorded as runs so that every command can use them."""

import hashlib
from pathlib import Path
from typing import Any

from django.conf import settings

from distillation import queries, services
from distillation.models import TRAINED_METHODS, Method, TrainingRun
from distillation.pipeline.data import Announce, refusing_value_errors
from distillation.sr import checkpoints, methods
from distillation.sr.checkpoints import Checkpoint
from distillation.sr.networks import Generator
from distillation.sr.portable import weights
from distillation.sr.portable.cards import Card
from srstudy.errors import Refused

FOLDER = Path(__file__).resolve().parents[1] / "weights"


def use_shipped_weights(announce: Announce) -> list[TrainingRun]:
    """Record each method's shipped generator as a finished run, the teacher first; once is enough.

    Only generators are shipped, so nothing can be trained on from these runs.
    Raises: Refused if a file is missing or damaged.
    """
    with refusing_value_errors():
        shipped = {method: weights.read_model(_file_of(method)) for method in TRAINED_METHODS}
    folder = Path(settings.MEDIA_ROOT) / "runs" / f"shipped-{_fingerprint(shipped)}"
    runs: dict[str, TrainingRun] = {}
    for method, (network, card) in shipped.items():
        known = _known(method, folder)
        runs[method] = known or _record(method, network, card, folder, runs.get(Method.TEACHER.value))
        if known is None:
            announce(f"{method}: {runs[method]}, trained on {card['data']['name']}")
    return list(runs.values())


def _file_of(method: str) -> Path:
    file = FOLDER / f"{method}.safetensors"
    if not file.is_file():
        raise Refused(f"No weights of {method} are shipped in {FOLDER}: train with PRETRAINED=0 instead.")
    return file


def _fingerprint(shipped: dict[str, tuple[Generator, Card]]) -> str:
    """Eight hexadecimal digits that change with any of the weights."""
    together = " ".join(card["tensors_sha256"] for _, card in shipped.values())
    return hashlib.sha256(together.encode()).hexdigest()[:8]


def _known(method: str, folder: Path) -> TrainingRun | None:
    """The run that recorded these weights before, if its files are still there."""
    run = TrainingRun.objects.filter(
        method=method, folder=_stored(folder), status=TrainingRun.Status.FINISHED
    ).first()
    return run if run is not None and services.media_path(run.weights_file).is_file() else None


def _stored(path: Path) -> str:
    return str(path.relative_to(settings.MEDIA_ROOT))


def _record(
    method: str, network: Generator, card: Card, folder: Path, teacher: TrainingRun | None
) -> TrainingRun:
    stage = methods.final_stage(method)
    steps = {each["name"]: each["steps"] for each in card["stages"]}
    own = [each for each in methods.stages_for(method) if each.learner == stage.learner]
    facts: dict[str, Any] = {
        # Not the digest of the options: a student that learns from this teacher needs its discriminator.
        "options_digest": hashlib.sha256(f"shipped {card['options_sha256']}".encode()).hexdigest(),
        "data_digest": card["data"]["sha256"],
    }
    target = folder / stage.name
    target.mkdir(parents=True, exist_ok=True)
    averaged = {f"ema.{name}": tensor for name, tensor in network.state_dict().items()}
    checkpoint = Checkpoint(
        stage=stage.name, step=steps[stage.name], finished=True, tensors=averaged, **facts
    )
    sha256 = checkpoints.save(target, checkpoint)
    run = services.start_run(
        method=method,
        folder=_stored(folder),
        options=card["options"],
        profile=queries.SHIPPED,
        data_name=card["data"]["name"],
        teacher=teacher if card["teacher_sha256"] else None,
        code_version=card["code_version"],
        **facts,
    )
    services.finish_run(
        run,
        weights_file=_stored(target / checkpoints.file_name(checkpoint)),
        weights_sha256=sha256,
        parameters=card["parameters"],
        steps=sum(steps[each.name] for each in own),
        seconds=card["seconds"],
        message="Shipped with the project, trained elsewhere; only its generator is here.",
    )
    return run
