"""What decides the numbers of a run, worked out once and passed on: cuts, encoder, recipes, stores.

Nothing here loads a network, and a plan for a trained model loads no torch until its encoder is
asked for: cached scores need neither.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avel.cache.fingerprint import ContentKeys
from avel.extractors import Encoder, choose
from avel.models.card import TAUGHT, check_features
from avel.pipeline.media.cells import SegmentConfig
from avel.pipeline.method.decoders import Asked, EventConfig
from avel.pipeline.method.kept import Kept, enough
from avel.pipeline.method.makers import Makers
from avel.pipeline.method.scores import ScoreConfig
from avel.pipeline.method.stores import (
    LocalizationStores,
    Stores,
    features_recipe,
    open_store,
    scores_recipe,
    segments_recipe,
)
from avel.pipeline.reasons import InputError

if TYPE_CHECKING:
    from avel.pipeline.method.everyday import Everyday
    from avel.pipeline.method.localizer import Localizer
    from avel.pipeline.method.model import TrainedModel


LABELS_EXTRACTOR = "audioclip-tiny"


@dataclass(frozen=True)
class PipelineConfig:
    """Every choice that decides what comes out; the rest is said by the model's checkpoint."""

    model: Path | None = None
    """Checkpoint, run folder, or a name of `NAMED`; None for the everyday model."""
    table: Path | None = None
    """Events of the everyday model, instead of those that come with it."""
    with_everyday: bool = False
    """Whether everyday events are found beside those of a taught model."""
    weights: tuple[Path, ...] = ()
    """The encoder's files; none to look where weights are kept."""
    labels: tuple[str, ...] = ()
    """Words to localize with no training, instead of the model's classes."""
    template: str = "{}"
    """Prompt around a label, which goes where the braces are."""
    extractor: str | None = None
    """For labels only, as its options, None for `LABELS_EXTRACTOR`; a checkpoint says its own."""
    extractor_options: Mapping[str, Any] = field(default_factory=dict)
    scores: ScoreConfig = field(default_factory=ScoreConfig)
    events: Asked | None = None
    """How scores become events; None for the model's own way."""


@dataclass(frozen=True)
class Plan:
    """How videos are cut and which encoder makes which features.

    Attributes:
        segment: Settings of the segments stage.
        features: Recipe of the features stage.
        find_encoder: Finds the encoder's weights; called when features must be made.
        makers: Make what decodes and what encodes, when it is needed.
    """

    segment: SegmentConfig
    features: Mapping[str, Any]
    find_encoder: Callable[[], Encoder]
    makers: Makers = field(default_factory=Makers, kw_only=True)

    @cached_property
    def encoder(self) -> Encoder:
        """The encoder with its weights found, nothing loaded.

        Raises:
            WeightsError: the weights are missing, or make other features than planned.
        """
        return self.find_encoder()

    def stores(self, root: Path) -> Stores:
        """The stores of this plan under a cache folder."""
        return self._stores(root, self.features)

    def _stores(self, root: Path, features: Mapping[str, Any]) -> Stores:
        segments = open_store(root, segments_recipe(self.segment))
        return Stores(segments, open_store(root, features), ContentKeys(root))


@dataclass(frozen=True)
class LocalizationPlan(Plan):
    """A plan to find events: who scores the segments, and how scores become events."""

    localizer: "Localizer"
    decoder: EventConfig
    scores: ScoreConfig

    def stores(self, root: Path) -> LocalizationStores:
        """The stores of this plan under a cache folder.

        Where features were only ever kept in part, and the part is all that is read, it is used.
        """
        recipe = scores_recipe(self.features, self.localizer.sha256, asdict(self.scores))
        part = enough(root, self.features, self.localizer.reads)
        stores = self._stores(root, part or self.features)
        return LocalizationStores(**vars(stores), scores=open_store(root, recipe))


def plan_features(
    encoder: Encoder, settings: Mapping[str, Any] | None = None, kept: Kept | None = None
) -> Plan:
    """The plan to make an encoder's features.

    Args:
        encoder: Whose.
        settings: Of the cut, where they are other than the encoder's own.
        kept: What is kept of them; None for all.
    """
    segment = SegmentConfig(**{**encoder.cells, **(settings or {})})
    recipe = features_recipe(segment, encoder.recipe) | (kept or Kept()).recipe
    return Plan(segment, recipe, lambda: encoder)


def plan_localization(config: PipelineConfig) -> LocalizationPlan:
    """The plan to find events as a config says.

    Raises:
        CheckpointError: the model is missing, damaged, or no avel checkpoint.
        InputError: the model finds no events, or the labels cannot be used.
        WeightsError: weights were given, and are not those of the model's features; or those of the
            everyday model are missing.
    """
    localizer = open_localizer(config)
    plan = LocalizationPlan(
        localizer.segment,
        localizer.features,
        lambda: localizer.encoder(config.weights),
        localizer,
        config.events.over(localizer.decoder) if config.events else localizer.decoder,
        config.scores,
    )
    if config.weights:  # given by hand: wrong ones are named even where nothing needs them
        _ = plan.encoder
    return plan


def open_localizer(config: PipelineConfig) -> "Localizer":
    """The trained model, or the words where labels are given.

    Raises:
        InputError: what is given does not go together, or the model finds no events.
    """
    if config.labels:
        if config.model is not None:
            raise InputError(f"labels need no model ({config.model}); give one of the two")
        if config.table is not None:
            table = config.table
            raise InputError(f"labels need no table of events ({table}); give one of the two")
        if config.with_everyday:
            raise InputError("everyday events stand beside taught ones only, not beside labels")
        return _words(config.labels, config)
    if config.extractor or config.extractor_options:
        given = ", ".join([*filter(None, [config.extractor]), *config.extractor_options])
        raise InputError(
            f"an extractor and its options ({given}) go with labels; a model says its own"
        )
    name = "everyday" if config.model is None else str(config.model)
    if name == "everyday":
        if config.with_everyday:
            raise InputError("everyday events are those asked for; leave out --with-everyday")
        return _everyday(config)
    if config.table is not None:
        raise InputError(f"a table of events ({config.table}) goes with the everyday model alone")
    return _trained(Path(name), config)


def open_checkpoint(path: Path) -> "TrainedModel":
    """A trained or taught model of K classes, scores (T, K + 1), from its file or folder.

    Raises:
        CheckpointError: it is missing, damaged, or no avel checkpoint.
    """
    from avel.pipeline.method.model import TrainedModel  # the everyday model needs none of it

    model = TrainedModel(path)
    if model.card.name != TAUGHT:
        return model
    from avel.pipeline.method.taught import TaughtModel

    return TaughtModel(path)


def _trained(path: Path, config: PipelineConfig) -> "Localizer":
    from avel.pipeline.method.model import refuse_matcher

    model = open_checkpoint(path)
    refuse_matcher(model.card)
    if not config.with_everyday:
        return model
    from avel.pipeline.method.taught import TaughtModel, WithEveryday

    if not isinstance(model, TaughtModel):
        raise InputError(f"everyday events stand beside taught ones only, not {path}'s")
    everyday = _everyday(config)
    check_features(model.path, model.card, everyday.features)  # both read the same
    return WithEveryday(model, everyday)


def _everyday(config: PipelineConfig) -> "Everyday":
    from avel.pipeline.method.everyday import Everyday

    return Everyday(config.table, config.weights)


def _words(labels: Sequence[str], config: PipelineConfig) -> "Localizer":
    from avel.pipeline.method.openvocab import OpenVocabulary

    encoder = choose(config.extractor or LABELS_EXTRACTOR, config.weights, config.extractor_options)
    return OpenVocabulary(tuple(labels), encoder, config.template)
