"""Everything that decides a trained model but the data, and what does not go together."""

from dataclasses import dataclass, field
from typing import Any, Literal

from avel.extractors.adapters.config import AdapterConfig
from avel.models.card import MATCHERS
from avel.models.table import option_names
from avel.pipeline.learning.augment import AugmentConfig
from avel.pipeline.learning.module import TrainConfig
from avel.pipeline.method.decide import EventConfig
from avel.pipeline.method.extract import Features
from avel.pipeline.reasons import InputError


@dataclass(frozen=True)
class Experiment:
    """One training: model, supervision, features, adapters, recipe."""

    model: str = "dmsf"
    options: dict[str, Any] = field(default_factory=dict)
    supervision: Literal["full", "weak"] = "full"
    extractor: str = "audioclip-tiny"
    extractor_options: dict[str, Any] = field(default_factory=dict)
    segment: dict[str, Any] = field(default_factory=dict)
    """Settings of the segments stage other than the extractor's own, by name."""
    features: str = ""
    """First letters of an imported feature set's fingerprint, in the place of an extractor."""
    start: str = ""
    """Run folder or checkpoint whose weights of the same name and shape are where this begins."""
    loss: Literal["published", "corrected"] = "published"
    """Whether losses that squash twice as published do so; see `models/published/losses.py`."""
    decoder: EventConfig = field(default_factory=EventConfig)
    """What selects on validation, and how the model answers unless asked otherwise."""
    adapter: AdapterConfig = field(default_factory=AdapterConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    train: TrainConfig = field(default_factory=TrainConfig)


def check_experiment(experiment: Experiment) -> None:
    """Refuse what no model or encoder can do, before anything is read."""
    name = experiment.model
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


def model_options(experiment: Experiment, features: Features, num_classes: int) -> dict[str, Any]:
    """The model's options with the sizes that the data and the features decide.

    A matching model sees the mean of the map, as AVE's `visual_feature_vec.h5` has it.
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
    known = option_names(experiment.model)
    return {**experiment.options, **{k: v for k, v in sizes.items() if k in known}}
