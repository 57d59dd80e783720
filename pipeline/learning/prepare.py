"""What a training reads and what stands before its model, worked out once and passed on."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from avel.cache.maintenance import find
from avel.cache.whole import replacing
from avel.configs.load import ConfigError
from avel.extractors import AdaptedChoice, Choice, PairChoice, choose
from avel.extractors.adapters.config import AdapterConfig
from avel.extractors.adapters.files import save_adapters
from avel.extractors.adapters.fronts import Front
from avel.models.table import build
from avel.pipeline.learning.experiment import Experiment
from avel.pipeline.learning.fronts import cached_before, make_front
from avel.pipeline.learning.run_folder import RunFolder
from avel.pipeline.method.extract import Features
from avel.pipeline.method.plan import Plan, plan_features
from avel.pipeline.method.stores import features_recipe, segments_recipe
from avel.pipeline.reasons import InputError
from avel.pipeline.work.runtime import RuntimeConfig


@dataclass(frozen=True)
class Encoding:
    """The encoder of a training, its weights found and hashed, nothing loaded.

    Attributes:
        encoder: The whole encoder.
        plan: To make its features.
        cached: To make the activations before the first in-trunk adapter; `plan` without any.
        adapter: Where it is corrected.
        whole: Whether training begins at segments.
    """

    encoder: Choice | PairChoice
    plan: Plan
    cached: Plan
    adapter: AdapterConfig
    whole: bool


@dataclass(frozen=True)
class Prepared:
    """What is read from the cache, and how the model's features come of it.

    Attributes:
        recipe: Of the cached stage that training reads: segments where they are augmented, else
            features, or the activations before the first in-trunk adapters.
        encoding: None where features were imported.
    """

    recipe: Mapping[str, Any]
    encoding: Encoding | None

    @property
    def identity(self) -> dict[str, Any]:
        """Everything that decides the features but what is learned, for the run's record."""
        encoder = dict(self.encoding.encoder.recipe) if self.encoding else None
        return {"read": dict(self.recipe), "encoder": encoder}

    def front(self, cached: Features, device: str = "cpu") -> Front | None:
        """What makes the model's features of what is read; None where they are the same.

        Args:
            cached: One video's (T, ...), for the sizes.
            device: Where the encoder is loaded, if it is.
        """
        if self.encoding is None:
            return None
        encoding = self.encoding
        return make_front(
            encoding.encoder, encoding.adapter, cached, whole=encoding.whole, device=device
        )

    def tuned_recipe(self, front: Front | None, folder: RunFolder) -> Mapping[str, Any]:
        """Recipe of the features that the model reads in the end; writes tuned adapters."""
        if self.encoding is None:
            return self.recipe
        encoder, plan = self.encoding.encoder, self.encoding.plan
        if front is None or front.adapters is None:
            return plan.features
        with replacing(folder.adapters) as part:
            save_adapters(part, front.adapters, encoder.recipe)
        return features_recipe(plan.segment, AdaptedChoice(encoder, folder.adapters).recipe)


def prepare(
    experiment: Experiment, runtime: RuntimeConfig, weights: Sequence[Path] = ()
) -> Prepared:
    """Work out what an experiment reads; finds and hashes weights, and loads nothing.

    Raises:
        ExtractorError: no such extractor, or not such an option.
        InputError: videos cannot be cut so for this encoder, or it has no place for the adapters.
        WeightsError: the encoder's weights are missing.
        CacheError: no such imported features.
    """
    if experiment.features:
        return Prepared(dict(find(runtime.cache_dir, experiment.features).recipe), None)
    encoder = choose(experiment.extractor, weights, experiment.extractor_options)
    plan = plan_features(encoder, experiment.segment)
    _check_context(experiment, plan)
    cached = plan
    if experiment.adapter.trunk_stages and not experiment.augment.enabled:
        cached = plan_features(cached_before(encoder, experiment.adapter), experiment.segment)
    whole = experiment.augment.enabled
    recipe = segments_recipe(plan.segment) if whole else cached.features
    return Prepared(recipe, Encoding(encoder, plan, cached, experiment.adapter, whole))


def _check_context(experiment: Experiment, plan: Plan) -> None:
    """Refuse windows of sound where one cell's sound is encoded in training."""
    lengths, placement = plan.segment.sound_seconds, experiment.adapter.placement
    if lengths and (experiment.augment.enabled or placement != "none"):
        setting = "augment.enabled" if experiment.augment.enabled else "adapter.placement"
        raise InputError(
            f"{setting}: training through the encoder hears each cell alone, not in "
            f"segment.sound_seconds {list(lengths)}; set segment.sound_seconds=[] or leave "
            f"{setting} as it was"
        )


@contextmanager
def users_setting(what: str) -> Iterator[None]:
    """Turn what a leaf says of a wrong value, a plain ValueError, into an error of the user's."""
    try:
        yield
    except ValueError as err:
        if type(err) is not ValueError:
            raise
        raise ConfigError(f"{what}: {err}") from err


def build_model(experiment: Experiment, options: Mapping[str, Any]) -> nn.Module:
    """The experiment's model, of options that know the data's sizes.

    Raises:
        ConfigError: it cannot be built with these options.
    """
    with users_setting(f"options of {experiment.model}"):
        return build(experiment.model, options)
