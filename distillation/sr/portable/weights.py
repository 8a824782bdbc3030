"""Weights to take away: a generator alone, in safetensors, with its card in the header."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from distillation.sr.networks import Generator, seeded
from distillation.sr.portable import cards
from distillation.sr.portable.cards import Card, ModelRefused
from distillation.sr.portable.whole_files import write_whole

# A safetensors file begins with the length of its JSON header, lowest byte first.
_LENGTH_BYTES = 8
# Batch normalisation's count of updates is for training alone.
COUNTER = ".num_batches_tracked"


def write_model(path: Path, generator: Generator, card: Card, *, half: bool = False) -> Card:
    """Write a generator with its card, whole or not at all, and return the card as written.

    `card` is JSON: what made these weights. Added to it are `format`, `shape`, `parameters`, `reach_px`,
    `storage` and `tensors_sha256`. With `half`, the convolutions' weights, nearly all of a file, are stored
    in float16; biases and batch normalisation stay float32.
    Raises: ValueError if a weight is not finite or does not fit float16; OSError if the disk refuses.
    """
    payload, full_card = to_bytes(generator, card, half=half)
    write_whole({Path(path): payload})
    return full_card


def to_bytes(generator: Generator, card: Card, *, half: bool = False) -> tuple[bytes, Card]:
    """The file that `write_model` writes, and its card. Raises: ValueError, as there."""
    tensors = {
        name: _stored(name, tensor.detach().cpu(), half=half)
        for name, tensor in generator.state_dict().items()
        if not name.endswith(COUNTER)
    }
    full_card = {
        **card,
        **cards.facts_of(generator),
        "storage": "float16" if half else "float32",
        "tensors_sha256": _digest(tensors),
    }
    return safetensors.torch.save(tensors, metadata={cards.KEY: cards.seal(full_card)}), full_card


def _stored(name: str, tensor: Tensor, *, half: bool) -> Tensor:
    stored = tensor.to(torch.float16 if half and tensor.ndim > 1 else torch.float32).contiguous()
    if not torch.isfinite(stored).all():
        reason = "does not fit float16; leave --half out" if torch.isfinite(tensor).all() else "is not finite"
        raise ValueError(f"A weight of {name} {reason}.")
    return stored


def read_card(path: Path) -> Card:
    """The card in the header of a weights file; no tensor is read, so their hash is not checked.

    Raises: ModelRefused if the file is missing, no safetensors file, without a card, or its card was changed.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            length = file.read(_LENGTH_BYTES)
            # What is longer than the file is not read: a damaged length may name any number.
            rest = path.stat().st_size - _LENGTH_BYTES
            return _card_in(length + file.read(min(_header_length(length), max(rest, 0))), path.name)
    except FileNotFoundError as error:
        raise ModelRefused(f"There is no model file {str(path)!r}.") from error


def _header_length(payload: bytes) -> int:
    return int.from_bytes(payload[:_LENGTH_BYTES], "little")


def _card_in(payload: bytes, name: str) -> Card:
    end = _LENGTH_BYTES + _header_length(payload)
    try:
        if len(payload) < end:
            raise ValueError(f"{len(payload)} of {end} bytes")
        header = json.loads(payload[_LENGTH_BYTES:end])
    except ValueError as error:
        raise ModelRefused(f"{name} is no whole safetensors file.") from error
    metadata = header.get("__metadata__") if isinstance(header, dict) else None
    if not isinstance(metadata, dict) or not isinstance(metadata.get(cards.KEY), str):
        raise ModelRefused(f"{name} has no model card: export_model did not write it.")
    return cards.unseal(metadata[cards.KEY], name=name)


def read_model(path: Path) -> tuple[Generator, Card]:
    """The generator in a weights file, in float32 and eval mode, and its card.

    Raises: ModelRefused if the file is missing, half-written, changed, or another network's.
    """
    path = Path(path)
    try:
        payload = path.read_bytes()
    except FileNotFoundError as error:
        raise ModelRefused(f"There is no model file {str(path)!r}.") from error
    return from_bytes(payload, name=path.name)


def from_bytes(payload: bytes, *, name: str) -> tuple[Generator, Card]:
    """What `to_bytes` was given; `name` is the file's, for the sentence. Raises: as `read_model`."""
    card = _card_in(payload, name)
    try:
        tensors = safetensors.torch.load(payload)
    except SafetensorError as error:
        raise ModelRefused(f"{name} is no whole safetensors file.") from error
    if _digest(tensors) != card.get("tensors_sha256"):
        raise ModelRefused(f"{name} was changed after it was written: the SHA-256 of its tensors differs.")
    network = seeded(Generator, cards.shape_of(card, name=name), seed=0)
    fill(network, tensors, name=name)
    return network.eval(), card


def fill(network: Generator, tensors: Mapping[str, Tensor], *, name: str) -> None:
    """Load every tensor of a generator and no other, in float32; counters of updates may be missing.

    Raises: ModelRefused naming the first key that does not fit.
    """
    state = network.state_dict()
    needed = {key for key in state if not key.endswith(COUNTER)}
    given = {key for key in tensors if not key.endswith(COUNTER)}
    for key in sorted(needed ^ given):
        trouble = "lacks" if key in needed else "also has"
        raise ModelRefused(f"{name} is another network's: it {trouble} {key}.")
    for key in sorted(needed):
        if tensors[key].shape != state[key].shape:
            raise ModelRefused(
                f"{name} is another network's: {key} has the shape {tuple(tensors[key].shape)}, "
                f"and here it is {tuple(state[key].shape)}."
            )
        state[key] = tensors[key].to(torch.float32)
    network.load_state_dict(state)


def _digest(tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 over names, types, shapes and values, in the order of the names."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
