"""The card of a model that leaves: what it is and what made it, JSON inside the file, sealed by a hash."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from distillation.sr.config import GeneratorShape
from distillation.sr.networks import Generator, receptive_field_px

FORMAT = 1
# The one entry of a file's metadata.
KEY = "srstudy"

# What a card says of its file, and another file of the same network says anew.
FACTS_OF_A_FILE = frozenset(
    (
        "format",
        "shape",
        "parameters",
        "reach_px",
        "storage",
        "tensors_sha256",
        "opset",
        "onnx_sha256",
        "int8",
    )
)

# JSON. Every card has `name` and the facts above that apply to its file; one of a run also what
# `distillation.pipeline.modelcards.card_of` puts in, one of another program's weights `origin`.
Card = Mapping[str, Any]


class ModelRefused(ValueError):
    """A file that is no model of ours, or was changed since, with the reason in one sentence."""


def facts_of(generator: Generator) -> dict[str, Any]:
    """What every card says of its network."""
    return {
        "format": FORMAT,
        "shape": asdict(generator.shape),
        "parameters": sum(parameter.numel() for parameter in generator.parameters()),
        "reach_px": receptive_field_px(generator.shape),
    }


def seal(card: Card) -> str:
    """The card as JSON text, with the SHA-256 of itself."""
    return json.dumps({"card": card, "sha256": _digest(card)}, sort_keys=True)


def unseal(text: str, *, name: str) -> Card:
    """The card in a text that `seal` made; `name` is the file's, for the sentence.

    Raises: ModelRefused if the text is no such card, has another format, or was changed.
    """
    try:
        record = json.loads(text)
        card, sha256, version = record["card"], record["sha256"], record["card"]["format"]
    except (ValueError, KeyError, TypeError) as error:
        raise ModelRefused(f"{name} has a damaged model card; export it anew.") from error
    if version != FORMAT:
        raise ModelRefused(f"{name} has format {version!r}, and {FORMAT} is what can be read.")
    if _digest(card) != sha256:
        raise ModelRefused(f"{name} was changed after it was written: the SHA-256 of its card differs.")
    return dict(card)


def _digest(card: Card) -> str:
    return hashlib.sha256(json.dumps(card, sort_keys=True).encode()).hexdigest()


def shape_of(card: Card, *, name: str) -> GeneratorShape:
    """The size of the network that a card describes.

    Raises: ModelRefused if it describes none that can be built here.
    """
    described = card.get("shape")
    if not isinstance(described, dict):
        raise ModelRefused(f"{name} does not describe its network; export it anew.")
    types = {field.name: field.type for field in fields(GeneratorShape)}
    for key, value in described.items():
        if type(value) is not types.get(key):  # a bool is an int, too, and no number of blocks
            raise ModelRefused(f"{name} describes a network that cannot be built here: {key} is {value!r}.")
    for key in ("blocks", "channels"):
        if key not in described:
            raise ModelRefused(f"{name} does not say how many {key} its network has; export it anew.")
    try:
        return GeneratorShape(**described)
    except ValueError as error:
        raise ModelRefused(f"{name} describes a network that cannot be built here: {error}") from error
