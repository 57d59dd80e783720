"""Everything that decides a trained model but the data, and what does not go together.

All of it is known without loading torch, so that a wrong word is named at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from avel.configs.load import ConfigError, did_you_mean, fit, load
from avel.extractors import EXTRACTORS
from avel.extractors.adapters.config import AdapterConfig
from avel.extractors.errors import unknown
from avel.models.card import MATCHERS
from avel.pipeline.learning.options import CONFIGS, options_of, written_options
from avel.pipeline.learning.settings import AugmentConfig, TrainConfig
from avel.pipeline.media.cells import SegmentConfig
from avel.pipeline.method.decide import EventConfig
from avel.pipeline.reasons import InputError

if TYPE_CHECKING:
    from avel.pipeline.method.extract import Features


@dataclass(frozen=True)
class Experiment:
    """One training: model, supervision, features, adapters, recipe."""

    model: str = "dmsf"
    """By its name: dmsf, av_att, dmrn, dmin, magan, or cmm and dcmr, which answer queries."""
    options: dict[str, Any] = field(default_factory=dict)
    """Of the model, by name; sizes of the features are set by the features."""
    supervision: Literal["full", "weak"] = "full"
    """Labels of every segment, or of whole videos."""
    extractor: str = "audioclip-tiny"
    """What makes the features, or SIGHT+SOUND."""
    extractor_options: dict[str, Any] = field(default_factory=dict)
    """Of the extractor, by name."""
    segment: dict[str, Any] = field(default_factory=dict)
    """Settings of the segments stage other than the extractor's own, by name."""
    features: str = ""
    """First letters of an imported feature set's fingerprint, in the place of an extractor."""
    start: str = ""
    """Run folder or checkpoint whose weights of the same name and shape are where this begins."""
    start_partial: bool = False
    """Whether it may begin so where fewer than half of the model's tensors are there."""
    loss: Literal["published", "corrected"] = "published"
    """Whether losses that squash twice as published do so; see `models/published/losses.py`."""
    decoder: EventConfig = field(default_factory=EventConfig)
    """What selects on validation, and how the model answers unless asked otherwise."""
    adapter: AdapterConfig = field(default_factory=AdapterConfig)
    """Where the encoder is corrected."""
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    """What is varied."""
    train: TrainConfig = field(default_factory=TrainConfig)
    """How it is optimised."""


def load_experiment(path: Path | None, overrides: Sequence[str] = ()) -> Experiment:
    """An experiment of a YAML file or preset, checked as far as that needs no data.

    Raises:
        ConfigError: the file, a key or a value is wrong.
        InputError: settings do not go together.
    """
    experiment = load(path, Experiment, overrides)
    check_experiment(experiment, str(path) if path else "defaults")
    return experiment


def check_experiment(experiment: Experiment, source: str = "experiment") -> None:
    """Refuse what no model or encoder can do, before anything is read.

    Raises:
        ConfigError: no such model, or an option or a segment setting that is not.
        ExtractorError: no such extractor, or not such an option.
        InputError: settings do not go together.
    """
    name = experiment.model
    if name not in CONFIGS:
        near = did_you_mean(name, list(CONFIGS))
        raise ConfigError(f"{source}: no model '{name}'{near}; there are {', '.join(CONFIGS)}")
    fit(source, experiment.options, options_of(name), prefix="options.")
    _check_segment(experiment, source)
    _check_extractor(experiment)
    if experiment.augment.mix and name != "dmsf":
        raise InputError(
            f"augment.mix ({experiment.augment.mix}): mixed videos have two labels, and the "
            f"published loss of '{name}' takes one; use dmsf, or augment.mix=0"
        )
    if experiment.features and (
        experiment.adapter.placement != "none" or experiment.augment.enabled
    ):
        raise InputError(
            f"features '{experiment.features}': imported features have no encoder that adapters or "
            "augmentations could change; leave adapter.placement=none and augment.enabled=false"
        )


def _check_segment(experiment: Experiment, source: str) -> None:
    given = dict(experiment.segment)
    short = given.get("short_side")
    if isinstance(short, int) and "image_size" not in given:
        given["image_size"] = max(16, min(short or 224, 224))  # the encoder's is known later
    fit(source, given, SegmentConfig, prefix="segment.")


def _check_extractor(experiment: Experiment) -> None:
    parts = experiment.extractor.split("+")
    for part in parts:
        if part not in EXTRACTORS:
            raise unknown(f"no extractor '{part}'; there are", part, EXTRACTORS)
    known = {name for part in parts for name in vars(EXTRACTORS[part].options_type())}
    for key in experiment.extractor_options:
        if key not in known:
            said = f"extractor '{experiment.extractor}' has no option '{key}'; it has"
            raise unknown(said, key, sorted(known))


def model_options(experiment: Experiment, features: "Features", num_classes: int) -> dict[str, Any]:
    """The model's options with the sizes that the data and the features decide.

    A matching model sees the mean of the map, as AVE's `visual_feature_vec.h5` has it.

    Args:
        experiment: Whose model.
        features: Of one video: audio (T, D), visual (T, D), visual_map (T, P, C).
        num_classes: K, without background.
    """
    positions, channels = features.visual_map.shape[1:]
    sizes = {
        "supervision": experiment.supervision,
        "num_classes": num_classes,
        "audio_dim": features.audio.shape[1],
        "visual_dim": channels if experiment.model in MATCHERS else features.visual.shape[1],
        "map_channels": channels,
        "positions": positions,
    }
    known = written_options(experiment.model)
    return {**experiment.options, **{k: v for k, v in sizes.items() if k in known}}
