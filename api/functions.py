"""What `import avel` offers: the commands as functions, with strings or paths and plain values."""

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avel.pipeline.media.inputs import expand
from avel.pipeline.method.decide import Decoder, EventConfig
from avel.pipeline.method.extract import Features
from avel.pipeline.method.model import DEFAULT_MODEL, TrainedModel
from avel.pipeline.method.plan import PipelineConfig, Plan, plan_features, plan_localization
from avel.pipeline.method.recipes import unpack
from avel.pipeline.method.results import Result
from avel.pipeline.work.runtime import RuntimeConfig, cache_root

if TYPE_CHECKING:
    from avel.pipeline.method.localizer import Localizer

File = str | os.PathLike[str]


@dataclass(frozen=True)
class Extracted:
    """What extraction gives for one file.

    Attributes:
        file: Path as it was given.
        features: Arrays by segment; None where the file failed.
        reason: Reason code of a failure, else empty.
        message: The failure in words, else empty.
    """

    file: str
    features: Features | None
    reason: str = ""
    message: str = ""


def localize(
    files: File | Iterable[File],
    *,
    model: File | None = None,
    labels: Sequence[str] = (),
    decoder: Decoder | None = None,
    threshold: float | None = None,
    extractor: str = "audioclip-tiny",
    weights: Sequence[File] = (),
    options: Mapping[str, Any] | None = None,
    **runtime: Any,
) -> Iterator[Result]:
    """Find the audio-visual events of videos; one `Result` per file, as they come.

    A file that cannot be used gives a result with `status` "failed" and its reason.

    Args:
        files: One file, folder or list (.txt), or several.
        model: Checkpoint or run folder; None for the shipped one.
        labels: Words to localize with no training, instead of a model's classes.
        decoder: How scores become events, "gate" or "argmax"; None for the model's own way.
        threshold: Of the gate, between 0 and 1; None for the model's own.
        extractor: Encoder for `labels`; a model's checkpoint says its own.
        weights: The encoder's weight files; none to look where weights are kept.
        options: The encoder's options, for `labels`.
        **runtime: How to work, which changes no result: fields of `RuntimeConfig`, such as
            `cache_dir`, `device`, `workers` and `timeout_seconds`.

    Raises:
        InputError: an argument or a folder cannot be used.
        CheckpointError: the model is missing, damaged, or for other features.
        WeightsError: the encoder's weights are missing.
        CacheError: the cache cannot be read or written.
    """
    from avel.pipeline.method.run import localize as run

    events = None
    if decoder is not None or threshold is not None:
        events = EventConfig(decoder or "gate", 0.5 if threshold is None else threshold)
    config = PipelineConfig(
        model=DEFAULT_MODEL if model is None else Path(model),
        weights=tuple(map(Path, weights)),
        labels=tuple(labels),
        extractor=extractor,
        extractor_options=dict(options or {}),
        events=events,
    )
    return run(_paths(files), plan_localization(config), _runtime(runtime))


def extract(
    files: File | Iterable[File],
    *,
    extractor: str = "audioclip-tiny",
    weights: Sequence[File] = (),
    options: Mapping[str, Any] | None = None,
    frames: int | None = None,
    **runtime: Any,
) -> Iterator[Extracted]:
    """Embed videos, through the cache; one `Extracted` per file, as they come.

    Args:
        files: One file, folder or list (.txt), or several.
        extractor: Name of an encoder, or two as `SIGHT+SOUND`.
        weights: Its weight files; none to look where weights are kept.
        options: Its options by name.
        frames: Frames per second; None for the encoder's own.
        **runtime: As for `localize`.

    Raises:
        InputError, WeightsError, CacheError: as `localize`.
    """
    from avel.extractors import choose

    encoder = choose(extractor, tuple(map(Path, weights)), options)
    plan = plan_features(encoder, {} if frames is None else {"frames_per_cell": frames})
    return _extracted(_paths(files), plan, _runtime(runtime))


def _extracted(paths: list[Path], plan: Plan, runtime: RuntimeConfig) -> Iterator[Extracted]:
    from avel.pipeline.method.harvest import harvest

    stores = plan.stores(runtime.cache_dir)
    with closing(harvest(paths, stores, plan, runtime, verify=True)) as outcomes:
        for outcome in outcomes:
            file, reason, features = str(outcome.path), str(outcome.reason or ""), None
            if outcome.key and not reason and (arrays := stores.features.get(outcome.key)):
                features = unpack(Features, arrays)
            yield Extracted(file, features, reason, outcome.message)


def train(
    data: File,
    *,
    config: File = "dmsf.yaml",
    out: File | None = None,
    settings: Mapping[str, Any] | None = None,
    weights: Sequence[File] = (),
    resume: bool = False,
    **runtime: Any,
) -> dict[str, Any]:
    """Train a localization model on cached features; the numbers of its run.

    Accuracies are shares in [0, 1], times are seconds.

    Args:
        data: AVE-shaped dataset folder, whose features are in the cache.
        config: YAML file, or name of a preset.
        out: Run folder; None for `runs/<config>-seed<seed>`.
        settings: Dotted names with values that win over the config, `{"train.epochs": 10}`.
        weights: The encoder's weight files.
        resume: Whether to go on from the run folder's last epoch.
        **runtime: As for `localize`, and `devices`, `loaders`.

    Raises:
        ConfigError: the config, a setting or its value is wrong.
        InputError: the dataset or its features are not there.
    """
    from avel.pipeline.datasets.ave import open_ave
    from avel.pipeline.learning.experiment import load_experiment
    from avel.pipeline.learning.run import train_any

    experiment = load_experiment(Path(config), _overrides(settings))
    folder = out or Path("runs") / f"{Path(config).stem}-seed{experiment.train.seed}"
    files = tuple(map(Path, weights))
    rows, how = open_ave(Path(data)), _runtime(runtime)
    return train_any(rows, experiment, how, Path(folder), weights=files, resume=resume)


def evaluate(
    data: File, *, model: File | None = None, split: str = "test", **runtime: Any
) -> dict[str, Any]:
    """All numbers of a trained model on a split of a dataset; accuracies are shares in [0, 1].

    Args:
        data: AVE-shaped dataset folder, whose features are in the cache.
        model: Checkpoint or run folder; None for the shipped one.
        split: "train", "val" or "test".
        **runtime: As for `localize`.

    Raises:
        InputError: the dataset has other classes, or no features of the model's recipe.
        CheckpointError: the model is missing or damaged.
    """
    from avel.pipeline.datasets.ave import open_ave
    from avel.pipeline.evaluation.evaluate import evaluate as run

    checkpoint = TrainedModel(DEFAULT_MODEL if model is None else Path(model)).path
    return run(open_ave(Path(data)), split, checkpoint, _runtime(runtime))


def open_model(model: File | None = None) -> "Localizer":
    """A trained model: what it knows, which features (T, ...) it reads, `score` to run it.

    Args:
        model: Checkpoint or run folder; None for the shipped one.

    Raises:
        CheckpointError: it is missing, damaged, or no checkpoint of avel.
    """
    return TrainedModel(DEFAULT_MODEL if model is None else Path(model))


def _paths(files: File | Iterable[File]) -> list[Path]:
    names = [files] if isinstance(files, str | os.PathLike) else list(files)
    return list(dict.fromkeys(expand([os.fspath(name) for name in names])))


def _runtime(given: Mapping[str, Any]) -> RuntimeConfig:
    known = RuntimeConfig.__dataclass_fields__
    for name in given:
        if name not in known:
            raise TypeError(f"no argument '{name}'; how to work is said by {', '.join(known)}")
    folder = given.get("cache_dir")
    root = cache_root(Path(folder) if folder is not None else None)[0]
    return RuntimeConfig(**{**given, "cache_dir": root})


def _overrides(settings: Mapping[str, Any] | None) -> list[str]:
    return [f"{name}={json.dumps(value)}" for name, value in (settings or {}).items()]
