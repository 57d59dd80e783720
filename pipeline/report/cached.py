"""What a run of `localize` has left in the cache of one file, for showing it; computes nothing."""

from dataclasses import asdict
from pathlib import Path

from avel.cache.fingerprint import ContentKeys
from avel.pipeline.media.segment import SegmentConfig, Segments
from avel.pipeline.method.recipes import (
    features_recipe,
    open_store,
    scores_recipe,
    segments_recipe,
    unpack,
)
from avel.pipeline.method.results import Result
from avel.pipeline.method.run import PipelineConfig, open_encoder, open_localizer
from avel.pipeline.method.scores import SegmentScores
from avel.pipeline.work.runtime import RuntimeConfig


class CachedRun:
    """Reads segments and scores of results by the recipes that the run used."""

    def __init__(self, config: PipelineConfig, runtime: RuntimeConfig) -> None:
        localizer = open_localizer(config)
        self.segment_config: SegmentConfig = localizer.segment_config
        root = runtime.cache_dir
        encoder = open_encoder(localizer, config.weights)
        features = features_recipe(self.segment_config, encoder.recipe)
        scores = scores_recipe(features, localizer.sha256, asdict(config.scores))
        self._segments = open_store(root, segments_recipe(self.segment_config), make=False)
        self._scores = open_store(root, scores, make=False)
        self._keys = ContentKeys(root)

    def segments(self, result: Result) -> Segments | None:
        """Its cells; None where they were not kept or hold no picture."""
        cells = self._segments.get(self._keys.key(Path(result.file)))
        segments = unpack(Segments, cells) if cells is not None else None
        return segments if segments is not None and segments.visual_mask.any() else None

    def scores(self, result: Result) -> SegmentScores | None:
        """Its scores; None where there are none."""
        scored = self._scores.get(self._keys.key(Path(result.file)))
        return unpack(SegmentScores, scored) if scored is not None else None
