"""A training of whatever kind its config says: a localizer, or a model that answers queries."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from avel.models.card import MATCHERS
from avel.pipeline.datasets.ave import AveFolder
from avel.pipeline.learning.experiment import Experiment
from avel.pipeline.learning.match import train_matcher
from avel.pipeline.learning.prepare import Prepared
from avel.pipeline.learning.train import train
from avel.pipeline.work.runtime import RuntimeConfig


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
    """Train what an experiment says; its numbers, accuracies as shares in [0, 1].

    Raises:
        InputError, ConfigError: as `train` and `train_matcher`.
    """
    common: dict[str, Any] = {"weights": weights, "resume": resume, "prepared": prepared}
    if experiment.model in MATCHERS:
        return train_matcher(data, experiment, runtime, out, **common)
    return train(data, experiment, runtime, out, **common, half=half)
