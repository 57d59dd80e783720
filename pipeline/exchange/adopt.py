"""Weights that the authors of a published system trained, as a run folder of avel."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from avel.cache.fingerprint import file_sha256
from avel.cache.keras_h5 import read_keras
from avel.cache.whole import replacing
from avel.models.card import Card, CheckpointError
from avel.models.checkpoint import save_checkpoint
from avel.models.published.cmm import keras_state
from avel.models.published.interaction import without_dead
from avel.models.published.magan import published_tensors
from avel.pipeline.datasets.ave import CELLS, AveFolder
from avel.pipeline.evaluation.split import open_split
from avel.pipeline.exchange.known import KNOWN
from avel.pipeline.learning.experiment import Experiment, check_experiment, model_options
from avel.pipeline.learning.fill import fill
from avel.pipeline.learning.prepare import build_model, prepare
from avel.pipeline.learning.run_folder import RunFolder
from avel.pipeline.work.runtime import RuntimeConfig


def adopt(
    file: Path, data: AveFolder, experiment: Experiment, runtime: RuntimeConfig, out: Path
) -> Card:
    """Write a run folder's `model.safetensors` from a published checkpoint.

    The config says which model and supervision the file is of, and which features it wants. Its
    content says whether the authors trained it: a file that is not known is imported all the same,
    and the card says that nobody has verified it.

    Args:
        file: State dict of PyTorch, or the Keras file of cmm.
        data: The dataset whose classes it knows.
        experiment: The config.
        runtime: Where the features are.
        out: The run folder.

    Raises:
        CheckpointError: not readable as tensors, or of another model or variant; names a tensor
            with its shape and what was expected.
        InputError: the dataset has no such features.
    """
    check_experiment(experiment)
    prepared = prepare(experiment, runtime)
    fill(prepared, data, runtime)
    first = open_split(data, "test", prepared.recipe, runtime).rows.features(0)
    options = model_options(experiment, first, len(data.classes))
    model = build_model(experiment, options)
    load_published(file, experiment.model, model)
    sha256 = file_sha256(file)
    card = Card(
        experiment.model,
        options,
        data.classes,
        CELLS,
        prepared.recipe,
        training={"experiment": asdict(experiment), "published": file.name, "sha256": sha256},
        knows=whose(file, experiment.model, sha256),
        decoder=asdict(experiment.decoder),
    )
    with replacing(RunFolder(out).checkpoint) as part:
        save_checkpoint(part, card, model, {})
    return card


def whose(file: Path, model: str, sha256: str) -> str:
    """Who trained a file's weights, as far as its content says.

    Raises:
        CheckpointError: it is known as another model's.
    """
    known = KNOWN.get(sha256)
    if known is None:
        return f"imported from {file.name}, sha256 {sha256}, not verified"
    if known.model != model:
        raise CheckpointError(
            f"{file}: is {known.name} of {known.model} ({known.source}), not of {model}; "
            f"use --config {known.model}"
        )
    return f"trained by the authors of {model}: {known.name}, sha256 {sha256}"


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
