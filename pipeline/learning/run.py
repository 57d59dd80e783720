"""A training of whatever kind its config says: a localizer, or a model that answers queries."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from avel.extractors.extractor import check_precision
from avel.models.card import MATCHERS
from avel.pipeline.datasets.ave import AveFolder
from avel.pipeline.learning.experiment import Experiment, check_experiment
from avel.pipeline.learning.fill import fill
from avel.pipeline.learning.match import train_matcher
from avel.pipeline.learning.prepare import Prepared, prepare
from avel.pipeline.learning.train import train
from avel.pipeline.work.runtime import RuntimeConfig, resolve_device


def train_any(
    data: AveFolder,
    experiment: Experiment,
    runtime: RuntimeConfig,
    out: Path,
    *,
    weights: Sequence[Path] = (),
    resume: bool = False,
    half: bool = False,
    prepared: Prepared | None = None,
) -> dict[str, Any]:
    """Train what an experiment says; its numbers (accuracies are shares in [0, 1]).

    All processes but the first give none.

    Args:
        data: The dataset.
        experiment: What is trained, and how.
        runtime: Where and with what.
        out: The run folder.
        weights: The encoder's files; none to look where weights are kept.
        resume: Whether to go on from the folder's last epoch.
        half: Whether weights are stored in 16 bits.
        prepared: What it reads, where that was worked out and filled already.

    Raises:
        InputError, ConfigError: as `train` and `train_matcher`.
        ExtractorError: no such encoder, or a precision that the device lacks.
    """
    check_experiment(experiment)
    runtime = replace(runtime, device=resolve_device(runtime.device))
    check_precision(experiment.train.precision, torch.device(runtime.device))
    if prepared is None:
        prepared = prepare(experiment, runtime, weights)
        fill(prepared, data, runtime)
    if experiment.model in MATCHERS:
        return train_matcher(data, experiment, prepared, runtime, out, resume=resume)
    return train(data, experiment, prepared, runtime, out, resume=resume, half=half)
