"""What a run of `localize` has left in the cache of one file, for showing it; computes nothing."""

from pathlib import Path
from typing import TypeVar

from avel.cache.store import Store
from avel.pipeline.media.cells import SegmentConfig, Segments
from avel.pipeline.method.results import Result
from avel.pipeline.method.scores import SegmentScores
from avel.pipeline.method.stores import LocalizationStores, unpack

Kind = TypeVar("Kind")


class CachedRun:
    """Reads segments and scores of results from the stores that the run uses.

    A run that goes on has items that it has not published yet: its own stores show them, others
    opened beside do not.
    """

    def __init__(self, segment: SegmentConfig, stores: LocalizationStores) -> None:
        self.segment_config, self._stores = segment, stores

    def segments(self, result: Result) -> Segments | None:
        """Its cells; None where they were not kept or hold no picture."""
        segments = self._read(self._stores.segments, Segments, result)
        return segments if segments is not None and segments.visual_mask.any() else None

    def scores(self, result: Result) -> SegmentScores | None:
        """Its scores, (T,) and (T, K + 1); None where there are none."""
        return self._read(self._stores.scores, SegmentScores, result)

    def _read(self, store: Store, kind: type[Kind], result: Result) -> Kind | None:
        try:
            key = self._stores.keys.key(Path(result.file))
        except OSError:  # the video went away since it was localized, or may not be read now
            return None
        arrays = store.get(key)
        return unpack(kind, arrays) if arrays is not None else None
