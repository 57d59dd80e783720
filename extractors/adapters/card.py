"""What a file of adapters says of itself: whose they are, and where; read without torch."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from avel.extractors.weights.files import WeightsError

FILE = "adapters.safetensors"
"""What they are called in a run folder."""
KEY = "avel adapters"
"""Of the file's metadata, under which the card lies."""


def adapter_file(path: Path) -> Path:
    """The file itself, where the run folder that holds it may be given.

    Raises:
        WeightsError: no such file.
    """
    path = path / FILE if path.is_dir() else path
    if not path.is_file():
        raise WeightsError(
            f"{path}: no such adapters; `avel train --set adapter.placement=output` writes them"
        )
    return path


def read_card(path: Path, base: Mapping[str, Any]) -> dict[str, Any]:
    """The card of a file of adapters: `config`, `channels` by place, and the `base`'s recipe.

    Args:
        path: The file.
        base: Recipe of the encoder that they are for.

    Raises:
        WeightsError: it cannot be read, holds no adapters, or is for another encoder.
    """
    try:
        with safe_open(path, "np") as file:
            metadata = file.metadata() or {}
    except (SafetensorError, OSError) as err:
        raise WeightsError(f"{path}: cannot be read as adapters ({err}); copy it again") from err
    if KEY not in metadata:
        raise WeightsError(f"{path}: is no file of adapters (metadata: {list(metadata) or 'none'})")
    card: dict[str, Any] = json.loads(metadata[KEY])
    made_for, given = card["base"], json.loads(json.dumps(base))
    for key in sorted({*made_for, *given}):
        if made_for.get(key) != given.get(key):
            raise WeightsError(
                f"{path}: was tuned on another encoder: {key} is {str(given.get(key))[:40]}, "
                f"it wants {str(made_for.get(key))[:40]}"
            )
    return card
