"""A trained model in one safetensors file that describes itself and refuses other features."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from avel.models.card import (
    FORMAT,
    KEY,
    TAUGHT,
    Card,
    CheckpointError,
    card_of,
    require,
    unreadable,
)
from avel.models.table import build


def save_checkpoint(
    path: Path, card: Card, model: nn.Module, extra: Mapping[str, Tensor], *, half: bool = False
) -> None:
    """Write a model, tensors that travel with it, and its card; with `half` in 16 bits."""
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

    Weights are made 32 bits wide, however many they were stored in.

    Raises:
        CheckpointError: the file is missing, damaged, or no checkpoint of this project.
    """
    require(path)
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            tensors = {key: file.get_tensor(key).float() for key in file.keys()}
    except (SafetensorError, OSError) as err:
        raise unreadable(path, err) from err
    card = card_of(path, metadata)
    if card.name == TAUGHT:
        raise CheckpointError(
            f"{path}: holds events by example and no network to run, evaluate or export; `avel "
            f"localize --model {path.parent}` finds its events, and the card beside it says how "
            "often they are right. For a network, train one with `avel train`"
        )
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
