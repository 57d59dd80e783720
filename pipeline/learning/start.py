"""A training from a config's name: which kind it is, and where its run folder is."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from avel.configs.load import load
from avel.models.card import MATCHERS
from avel.pipeline.datasets.ave import open_ave
from avel.pipeline.learning.experiment import Experiment
from avel.pipeline.learning.match import train_matcher
from avel.pipeline.learning.train import train
from avel.pipeline.work.runtime import RuntimeConfig


def run_folder_of(config: Path, experiment: Experiment, out: Path | None) -> Path:
    """The folder asked for, else `runs/<config>-seed<seed>`."""
    return out or Path("runs") / f"{config.stem}-seed{experiment.train.seed}"


def train_any(
    data: Path,
    config: Path,
    overrides: Sequence[str],
    runtime: RuntimeConfig,
    out: Path | None,
    *,
    weights: Sequence[Path] = (),
    resume: bool = False,
    half: bool = False,
) -> dict[str, Any]:
    """Train what a config says, a localizer or a model that answers queries; its numbers."""
    experiment = load(config, Experiment, overrides)
    folder = run_folder_of(config, experiment, out)
    given: dict[str, Any] = {"weights": weights, "resume": resume}
    if experiment.model in MATCHERS:
        return train_matcher(open_ave(data), experiment, runtime, folder, **given)
    return train(open_ave(data), experiment, runtime, folder, **given, half=half)
