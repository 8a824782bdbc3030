"""Checkpoints written whole or not at all: tensors in safetensors, committed by a JSON file beside them."""

import contextlib
import fcntl
import hashlib
import json
import os
import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from torch import Tensor, nn

from distillation.sr.config import GeneratorShape
from distillation.sr.networks import Generator, seeded

COMMIT = "checkpoint.json"
# 1 had no seal on its record.
FORMAT, UNSEALED_FORMAT = 2, 1


class CheckpointRefused(ValueError):
    """A checkpoint that is damaged, or another run's, with the reason in one sentence."""


class Locked(ValueError):
    """A folder in which another process is at work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The state of a stage after `step` updates: tensors by name, and what they belong to.

    `notes` is JSON for the trainer's own use. `sha256` is of the tensors' file; empty before saving.
    """

    stage: str
    step: int
    finished: bool
    options_digest: str
    data_digest: str
    tensors: Mapping[str, Tensor]
    notes: Mapping[str, Any] = field(default_factory=dict)
    sha256: str = ""


def save(folder: Path, checkpoint: Checkpoint) -> str:
    """Write the checkpoint and return the SHA-256 of its tensors' file.

    The tensors come first under a name of their own, then the JSON file replaces the last one: that is
    the moment from which this checkpoint counts. The previous tensors are removed after it.
    Raises: OSError if the disk refuses; the previous checkpoint is then still there.
    """
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in checkpoint.tensors.items()}
    payload = safetensors.torch.save(tensors)
    name = file_name(checkpoint)
    sha256 = hashlib.sha256(payload).hexdigest()
    record = {
        "format": FORMAT,
        "file": name,
        "sha256": sha256,
        "stage": checkpoint.stage,
        "step": checkpoint.step,
        "finished": checkpoint.finished,
        "options_digest": checkpoint.options_digest,
        "data_digest": checkpoint.data_digest,
        "notes": dict(checkpoint.notes),
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "numpy": np.__version__,
        },
    }
    _replace(folder / name, payload)
    sealed = {**record, "seal": _seal(record)}
    _replace(folder / COMMIT, json.dumps(sealed, indent=1, sort_keys=True).encode() + b"\n")
    for old in folder.glob(f"{checkpoint.stage}-*.safetensors"):
        if old.name != name:
            old.unlink()
    return sha256


def file_name(checkpoint: Checkpoint) -> str:
    """What the file of its tensors is called."""
    return f"{checkpoint.stage}-{checkpoint.step:07d}.safetensors"


def _seal(record: Mapping[str, Any]) -> str:
    """SHA-256 of a record's content, but for the seal itself."""
    content = {name: value for name, value in record.items() if name != "seal"}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _replace(path: Path, payload: bytes) -> None:
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(payload)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def load(folder: Path) -> Checkpoint | None:
    """The last checkpoint committed in `folder`, or None where there is none.

    Raises: CheckpointRefused if the tensors' file is missing or not the one that was committed, or the
    record was changed.
    """
    folder = Path(folder)
    commit = folder / COMMIT
    if not commit.exists():
        return None
    try:
        record = json.loads(commit.read_text(encoding="utf-8"))
        known = record["format"] in (FORMAT, UNSEALED_FORMAT)
        whole = record["format"] == UNSEALED_FORMAT or record["seal"] == _seal(record)
        file = folder / Path(record["file"]).name
        parts = {
            name: record[name] for name in ("stage", "step", "finished", "options_digest", "data_digest")
        }
        sha256, notes = record["sha256"], dict(record["notes"])
    except (ValueError, KeyError, TypeError) as error:
        raise CheckpointRefused(f"{commit} is damaged; remove its folder to train the stage anew.") from error
    if not known:
        raise CheckpointRefused(f"{commit} has format {record['format']}, and {FORMAT} is what can be read.")
    if not whole:
        raise CheckpointRefused(f"{commit} was changed after it was written: remove its folder.")
    if not file.exists():
        raise CheckpointRefused(f"{file} is missing; remove its folder to train the stage anew.")
    payload = file.read_bytes()
    if hashlib.sha256(payload).hexdigest() != sha256:
        raise CheckpointRefused(f"{file} is not the file that was saved: its SHA-256 differs.")
    tensors = safetensors.torch.load(payload)
    return Checkpoint(**parts, tensors=tensors, notes=notes, sha256=sha256)


def require(checkpoint: Checkpoint, *, stage: str, options_digest: str, data_digest: str) -> None:
    """Refuse a checkpoint of another stage, other options or other photographs.

    Raises: CheckpointRefused.
    """
    if checkpoint.stage != stage:
        raise CheckpointRefused(f"This is a checkpoint of stage {checkpoint.stage}, not of {stage}.")
    if checkpoint.options_digest != options_digest:
        raise CheckpointRefused(
            f"The checkpoint of {stage} was made under other options; use another folder."
        )
    if checkpoint.data_digest != data_digest:
        raise CheckpointRefused(f"The checkpoint of {stage} was made from other images; use another folder.")


def restore(module: nn.Module, tensors: Mapping[str, Tensor], prefix: str) -> None:
    """Load the tensors named `prefix.*` into a module, every one of them and no other.

    Raises: CheckpointRefused if names or shapes differ: the checkpoint is another network's.
    """
    start = f"{prefix}."
    own = {name.removeprefix(start): tensor for name, tensor in tensors.items() if name.startswith(start)}
    state = module.state_dict()
    same = state.keys() == own.keys() and all(state[name].shape == own[name].shape for name in own)
    if not same:
        raise CheckpointRefused(f"The checkpoint's {prefix} does not fit this network: it is another one's.")
    module.load_state_dict(own)


def load_generator(stage_folder: Path, shape: GeneratorShape) -> Generator:
    """The averaged generator of a finished stage, in eval mode.

    Raises: CheckpointRefused if there is no finished checkpoint, it is damaged, or of another shape.
    """
    checkpoint = load(stage_folder)
    if checkpoint is None or not checkpoint.finished:
        raise CheckpointRefused(f"{stage_folder} holds no finished stage; train it first.")
    generator = seeded(Generator, shape, seed=0)
    restore(generator, checkpoint.tensors, "ema")
    return generator.eval()


@contextlib.contextmanager
def lock(folder: Path) -> Iterator[None]:
    """Hold a folder for this process; the lock falls with the process, however it ends.

    Raises: Locked if another process holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Locked(f"Another process is training in {folder}; wait for it or stop it.") from error
        yield


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """What a stage's folder says of its last checkpoint, without reading the tensors."""

    file: Path
    sha256: str
    step: int
    finished: bool


def committed(folder: Path) -> Committed | None:
    """The last checkpoint committed in `folder`, or None where there is none or it cannot be read."""
    try:
        record = json.loads((folder / COMMIT).read_text(encoding="utf-8"))
        return Committed(
            file=folder / Path(record["file"]).name,
            sha256=record["sha256"],
            step=record["step"],
            finished=record["finished"],
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
