"""What a run of `localize` has left in the cache of one file, for showing it; computes nothing."""

from pathlib import Path

from avel.pipeline.media.segment import SegmentConfig, Segments
from avel.pipeline.method.plan import LocalizationPlan
from avel.pipeline.method.recipes import unpack
from avel.pipeline.method.results import Result
from avel.pipeline.method.scores import SegmentScores
from avel.pipeline.work.runtime import RuntimeConfig


class CachedRun:
    """Reads segments and scores of results from the stores that the run used."""

    def __init__(self, plan: LocalizationPlan, runtime: RuntimeConfig) -> None:
        self.segment_config: SegmentConfig = plan.segment
        self._stores = plan.stores(runtime.cache_dir)
        self._scores = plan.scored(runtime.cache_dir)

    def segments(self, result: Result) -> Segments | None:
        """Its cells; None where they were not kept or hold no picture."""
        cells = self._stores.segments.get(self._stores.keys.key(Path(result.file)))
        segments = unpack(Segments, cells) if cells is not None else None
        return segments if segments is not None and segments.visual_mask.any() else None

    def scores(self, result: Result) -> SegmentScores | None:
        """Its scores; None where there are none."""
        scored = self._scores.get(self._stores.keys.key(Path(result.file)))
        return unpack(SegmentScores, scored) if scored is not None else None
