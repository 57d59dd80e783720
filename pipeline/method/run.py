"""The whole method: a raw video becomes audio-visual events.

decode -> segment -> extract (`harvest` does the three for many videos, cached)
-> localize (`score_segments`) -> find events -> results.
"""

import logging
from collections.abc import Generator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from avel.cache.fingerprint import ContentKeys
from avel.cache.store import CacheError, Store
from avel.extractors import AdaptedChoice, Encoder, Extractor, choose
from avel.models.checkpoint import check_features
from avel.pipeline.media.segment import SegmentConfig
from avel.pipeline.method.events import EventConfig, find_events
from avel.pipeline.method.extract import Features
from avel.pipeline.method.harvest import Stores, harvest
from avel.pipeline.method.model import DEFAULT_MODEL, Localizer, refuse_matcher
from avel.pipeline.method.openvocab import TEMPLATE, OpenVocabulary
from avel.pipeline.method.recipes import (
    features_recipe,
    open_store,
    pack,
    scores_recipe,
    segments_recipe,
    unpack,
)
from avel.pipeline.method.results import Result
from avel.pipeline.method.scores import ScoreConfig, SegmentScores
from avel.pipeline.method.verdict import judge, refuse
from avel.pipeline.work.runtime import RuntimeConfig, resolve_device


@dataclass(frozen=True)
class PipelineConfig:
    """Every choice that decides what comes out; the rest is said by the model's checkpoint."""

    model: Path = DEFAULT_MODEL
    weights: tuple[Path, ...] = ()
    """The encoder's files; none to look where weights are kept."""
    labels: tuple[str, ...] = ()
    """Words to localize with no training, instead of the model's classes."""
    template: str = TEMPLATE
    extractor: str = "audioclip-tiny"
    """For labels only, as its options; a model's checkpoint says its own."""
    extractor_options: Mapping[str, Any] = field(default_factory=dict)
    scores: ScoreConfig = field(default_factory=ScoreConfig)
    events: EventConfig | None = None
    """How scores become events; None for the model's own way."""


def localize(
    paths: Sequence[Path], config: PipelineConfig, runtime: RuntimeConfig
) -> Generator[Result, None, None]:
    """Events of each file, as they come; a file that fails is a result with its reason.

    Raises:
        CheckpointError: the model is missing, damaged or for other features.
        WeightsError: the encoder's weights are missing or wrong.
        CacheError: the cache cannot be written.
    """
    localizer = open_localizer(config)
    segment = localizer.segment_config
    decoder = config.events or localizer.decoder
    encoder = open_encoder(localizer, config.weights)
    recipe = features_recipe(segment, encoder.recipe)
    if isinstance(localizer, Localizer):
        check_features(config.model, localizer.card, recipe)
    stores = open_stores(segment, recipe, runtime)
    scored = open_store(
        runtime.cache_dir, scores_recipe(recipe, localizer.sha256, asdict(config.scores))
    )
    device = resolve_device(runtime.device)

    def load_extractor() -> Extractor:
        return encoder.load(device)

    with scored.writer() as writer:
        for outcome in harvest(paths, stores, segment, runtime, load_extractor, verify=True):
            if outcome.key is None or outcome.reason:
                yield refuse(outcome, localizer.identity)
                continue
            if (arrays := scored.get(outcome.key)) is None:
                features = _features(stores.features, outcome.key)
                arrays = pack(localizer.score(features, config.scores))
                writer.add(outcome.key, arrays)
            scores = unpack(SegmentScores, arrays)
            events = find_events(scores, localizer.classes, decoder)
            yield judge(outcome, scores, events, localizer, decoder)
    for store in (stores.segments, stores.features, scored):
        for sentence in store.damage:
            logging.getLogger("avel").warning("damaged, computed again: %s", sentence)


def open_localizer(config: PipelineConfig) -> Localizer | OpenVocabulary:
    """The trained model, or the words where labels are given."""
    if config.labels:
        encoder = choose(config.extractor, config.weights, config.extractor_options)
        return OpenVocabulary(config.labels, encoder, config.template)
    localizer = Localizer(config.model)
    refuse_matcher(localizer.card)
    return localizer


def open_encoder(localizer: Localizer | OpenVocabulary, weights: Sequence[Path]) -> Encoder:
    """The extractor that a localizer needs, with its weights found; nothing is loaded."""
    if isinstance(localizer, OpenVocabulary):
        return localizer.encoder
    base = choose(localizer.extractor, weights, localizer.extractor_options)
    return AdaptedChoice(base, localizer.adapters) if localizer.adapters else base


def open_stores(
    segment: SegmentConfig, features: Mapping[str, Any], runtime: RuntimeConfig
) -> Stores:
    """The stores of decoded segments and of features, under the runtime's cache folder."""
    root = runtime.cache_dir
    segments = open_store(root, segments_recipe(segment))
    return Stores(segments, open_store(root, features), ContentKeys(root))


def _features(store: Store, key: str) -> Features:
    arrays = store.get(key)
    if arrays is None:
        why = "; ".join(store.damage) or "it was deleted"
        raise CacheError(f"{store.folder}: item {key[:12]} cannot be read back ({why}); run again")
    return unpack(Features, arrays)
