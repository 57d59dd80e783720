"""Adapters in files: written with what they correct, read only for the same encoder."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from safetensors.torch import save_file

from avel.extractors.adapters.adapters import Adapters
from avel.extractors.adapters.card import KEY, adapter_file, read_card
from avel.extractors.adapters.config import AdapterConfig
from avel.extractors.weights.tensors import load_into, read_tensors


def save_adapters(path: Path, adapters: Adapters, base: Mapping[str, Any]) -> None:
    """Write adapters with their config and the recipe of the encoder that they correct.

    Args:
        path: The `.safetensors` to write.
        adapters: On any device.
        base: Recipe of the encoder, as `recipe` of its choice says it.
    """
    card = {"config": asdict(adapters.config), "channels": adapters.channels, "base": dict(base)}
    tensors = {name: t.detach().cpu().contiguous() for name, t in adapters.state_dict().items()}
    save_file(tensors, path, {KEY: json.dumps(card)})


def load_adapters(path: Path, base: Mapping[str, Any]) -> Adapters:
    """Adapters of a file, frozen, on the CPU.

    Args:
        path: The file, or the run folder that holds one.
        base: Recipe of the encoder that they are for.

    Raises:
        WeightsError: no such file, no adapters, or for another encoder.
    """
    path = adapter_file(path)
    card = read_card(path, base)
    adapters = Adapters(AdapterConfig(**card["config"]), card["channels"])
    load_into(adapters, read_tensors(path), path)
    return adapters.eval().requires_grad_(False)
