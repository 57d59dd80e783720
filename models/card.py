"""What a checkpoint says of itself, read without its weights and without torch.

Numpy is loaded when a file is read, so that a wrong setting is named before.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FORMAT = 1
KEY = "avel"
CHECKPOINT = "model.safetensors"
"""What a checkpoint is called in a training's run folder."""
MATCHERS = frozenset({"cmm", "dcmr"})
"""Models that answer queries of cross-modality localization and find no events."""
TAUGHT = "taught"
"""What `avel teach` writes: examples to compare with, and no network."""


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


@dataclass(frozen=True)
class Described:
    """A checkpoint's card and the few numbers that travel beside the weights.

    Attributes:
        card: Everything but the weights.
        extra: Arrays by name, such as the domain's `visual.threshold`.
    """

    card: Card
    extra: "Mapping[str, NDArray[np.float32]]"


def checkpoint_of(path: Path) -> Path:
    """A checkpoint's file, given itself or the run folder that holds it."""
    return path / CHECKPOINT if path.is_dir() else path


def describe(path: Path) -> Described:
    """Read a checkpoint's card and extra arrays, in 32 bits; its weights stay where they are.

    Raises:
        CheckpointError: the file is missing, damaged, or no checkpoint of this project.
    """
    import numpy as np  # slow
    from safetensors import SafetensorError, safe_open

    require(path)
    try:
        with safe_open(path, "np") as file:
            metadata = file.metadata() or {}
            extra = {
                name.removeprefix("extra."): np.asarray(file.get_tensor(name), np.float32)
                for name in file.keys()
                if name.startswith("extra.")
            }
    except (SafetensorError, OSError) as err:
        raise unreadable(path, err) from err
    return Described(card_of(path, metadata), extra)


def require(path: Path) -> None:
    """Refuse a path at which there is no file.

    Raises:
        CheckpointError: there is none.
    """
    if not path.is_file():
        raise CheckpointError(
            f"{path}: no such checkpoint; `avel train` writes one into its run folder"
        )


def unreadable(path: Path, error: Exception) -> CheckpointError:
    """What is said of a file that is no safetensors file."""
    return CheckpointError(f"{path}: cannot be read as safetensors ({error}); copy it again")


def card_of(path: Path, metadata: Mapping[str, str]) -> Card:
    """The card in a file's metadata.

    Raises:
        CheckpointError: there is none, or of a format that this avel does not read.
    """
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
