"""Weights that the authors of a published system trained, as a run folder of avel."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from avel.cache.keras_h5 import read_keras
from avel.models.card import CHECKPOINT, Card, CheckpointError
from avel.models.checkpoint import save_checkpoint
from avel.models.published.cmm import keras_state
from avel.models.published.interaction import without_dead
from avel.models.published.magan import published_tensors
from avel.models.table import build
from avel.pipeline.datasets.ave import CELLS, AveFolder
from avel.pipeline.evaluation.evaluate import open_split
from avel.pipeline.learning.experiment import Experiment, model_options
from avel.pipeline.learning.train import prepare
from avel.pipeline.work.runtime import RuntimeConfig


def adopt(
    file: Path, data: AveFolder, experiment: Experiment, runtime: RuntimeConfig, out: Path
) -> Card:
    """Write a run folder's `model.safetensors` from a published checkpoint.

    The config says which model and supervision the file is of, and which features it wants.

    Raises:
        CheckpointError: not readable as tensors, or of another model or variant; names a tensor
            with its shape and what was expected.
        InputError: the dataset has no such features.
    """
    recipe = prepare(data, experiment, runtime)
    first = open_split(data, "test", recipe, runtime).rows.features(0)
    options = model_options(experiment, first, len(data.classes))
    model = build(experiment.model, options)
    load_published(file, experiment.model, model)
    card = Card(
        experiment.model,
        options,
        data.classes,
        CELLS,
        recipe,
        training={"experiment": asdict(experiment), "published": file.name},
        knows=f"trained by the authors of {experiment.model}: {file.name}",
        decoder=asdict(experiment.decoder),
    )
    out.mkdir(parents=True, exist_ok=True)
    save_checkpoint(out / CHECKPOINT, card, model, {})
    return card


def load_published(file: Path, name: str, model: nn.Module) -> None:
    """Copy a published file's tensors into a model, its dead ones left out.

    Raises:
        CheckpointError: as `adopt`.
    """
    tensors = {key: value.float() for key, value in _tensors(file, name).items()}
    wanted = model.state_dict()
    for key, value in wanted.items():
        if key not in tensors:
            raise CheckpointError(
                f"{file}: has no '{key}' {tuple(value.shape)}, so it is no {_variant(model, name)} "
                f"(it has: {', '.join(list(tensors)[:3])} …)"
            )
        if tensors[key].shape != value.shape:
            raise CheckpointError(
                f"{file}: '{key}' has shape {tuple(tensors[key].shape)}, a "
                f"{_variant(model, name)} has {tuple(value.shape)}; another supervision, or other "
                "features"
            )
    strange = [key for key in tensors if key not in wanted]
    if strange:
        raise CheckpointError(
            f"{file}: has '{strange[0]}' {tuple(tensors[strange[0]].shape)}, which a "
            f"{_variant(model, name)} has not"
        )
    model.load_state_dict(tensors)


def _variant(model: nn.Module, name: str) -> str:
    supervision = getattr(model.config, "supervision", "")
    return f"{name}{f' ({supervision} supervision)' if supervision else ''} of this config"


def _tensors(file: Path, name: str) -> Mapping[str, Tensor]:
    if not file.is_file():
        raise CheckpointError(f"{file}: no such file")
    if file.suffix == ".safetensors":
        raise CheckpointError(
            f"{file}: is no published file, which are PyTorch's (.pt, .pth) or Keras's (.h5); a "
            "model of avel's own needs no import: give its folder to --model"
        )
    if name == "cmm":
        return keras_state(read_keras(file))
    try:
        loaded: Any = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as err:  # torch raises a dozen kinds
        raise CheckpointError(
            f"{file}: cannot be read as tensors alone ({str(err).splitlines()[0][:120]}). A "
            "pickled module (AV_att.pt) can run code: open it where you trust it and save its "
            "state_dict()"
        ) from err
    if isinstance(loaded, Mapping) and isinstance(loaded.get("state_dict"), Mapping):
        loaded = loaded["state_dict"]
    if not isinstance(loaded, Mapping) or not all(isinstance(v, Tensor) for v in loaded.values()):
        raise CheckpointError(f"{file}: holds no state dict of tensors")
    return published_tensors(loaded) if name == "magan" else without_dead(loaded)
