"""A trained model in one safetensors file that describes itself and refuses other features."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from avel.models import build

FORMAT = 1
KEY = "avel"


class CheckpointError(ValueError):
    """A checkpoint is damaged, of another format, or for other features."""


@dataclass(frozen=True)
class Card:
    """Everything but the weights.

    Attributes:
        name: Model by its table name.
        options: Its config.
        classes: Names in label order; background is index `len(classes)`.
        cells: T of the windows it was trained on.
        features: Recipe of the features it was trained on.
        training: Config, data and protocol of the training, and its numbers.
        knows: One sentence on what the weights can and cannot know.
        decoder: How it answers unless asked otherwise; empty for the gate at 0.5.
    """

    name: str
    options: Mapping[str, Any]
    classes: tuple[str, ...]
    cells: int
    features: Mapping[str, Any]
    training: Mapping[str, Any] = field(default_factory=dict)
    knows: str = ""
    decoder: Mapping[str, Any] = field(default_factory=dict)


def save_checkpoint(
    path: Path, card: Card, model: nn.Module, extra: Mapping[str, Tensor], *, half: bool = False
) -> None:
    """Write a model, tensors that travel with it, and its card."""
    tensors = {f"model.{key}": value for key, value in model.state_dict().items()}
    tensors.update({f"extra.{key}": value for key, value in extra.items()})
    if half:
        tensors = {key: v.half() if v.is_floating_point() else v for key, v in tensors.items()}
    metadata = {KEY: json.dumps({"format": FORMAT, **asdict(card)})}
    save_file(
        {key: value.detach().cpu().contiguous() for key, value in tensors.items()}, path, metadata
    )


def load_checkpoint(path: Path) -> tuple[Card, nn.Module, dict[str, Tensor]]:
    """Read a checkpoint: its card, the model in eval mode, and the tensors that travel along.

    Raises:
        CheckpointError: the file is missing, damaged, or no checkpoint of this project.
    """
    if not path.is_file():
        raise CheckpointError(
            f"{path}: no such checkpoint; `avel train` writes one into its run folder"
        )
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            tensors = {key: file.get_tensor(key).float() for key in file.keys()}
    except (SafetensorError, OSError) as err:
        raise CheckpointError(
            f"{path}: cannot be read as safetensors ({err}); copy it again"
        ) from err
    card = _card(path, metadata)
    model = build(card.name, card.options)
    state = {
        key.removeprefix("model."): v for key, v in tensors.items() if key.startswith("model.")
    }
    try:
        model.load_state_dict(state)
    except RuntimeError as err:
        raise CheckpointError(f"{path}: its weights do not fit its own config ({err})") from err
    extra = {
        key.removeprefix("extra."): v for key, v in tensors.items() if key.startswith("extra.")
    }
    return card, model.eval(), extra


def _card(path: Path, metadata: Mapping[str, str]) -> Card:
    if KEY not in metadata:
        raise CheckpointError(
            f"{path}: is not a checkpoint of a localization model "
            f"(metadata: {list(metadata) or 'none'})"
        )
    values = json.loads(metadata[KEY])
    written = values.pop("format")
    if written != FORMAT:
        raise CheckpointError(f"{path}: format {written}, this avel reads format {FORMAT}")
    return Card(**{**values, "classes": tuple(values["classes"])})


def check_features(path: Path, card: Card, features: Mapping[str, Any]) -> None:
    """Refuse features that were made in another way than those of the training.

    Raises:
        CheckpointError: names each setting that differs, with both values.
    """
    differences = differing(card.features, features)
    if differences:
        listed = "; ".join(
            f"{name}: checkpoint {old!r}, features {new!r}" for name, old, new in differences
        )
        raise CheckpointError(
            f"{path}: was trained on other features ({listed}); extract them as the checkpoint "
            "wants, or train on these"
        )


def differing(
    a: Mapping[str, Any], b: Mapping[str, Any], prefix: str = ""
) -> list[tuple[str, Any, Any]]:
    """Dotted names at which two recipes differ, with both values."""
    found = []
    for key in sorted({*a, *b}):
        left, right = a.get(key), b.get(key)
        if isinstance(left, Mapping) and isinstance(right, Mapping):
            found += differing(left, right, f"{prefix}{key}.")
        elif left != right:
            found.append((f"{prefix}{key}", left, right))
    return found
