"""Many videos through decode, segment and extract: cached, resumable, one failure at a time.

Decoding runs ahead in worker processes while the encoder works on cells of many videos. Each
video's features are handed to the cache as soon as they are complete.
"""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from avel.cache.fingerprint import ContentKeys
from avel.cache.store import Store, Writer
from avel.pipeline.media.segment import SegmentConfig, Segments, join, segment_video
from avel.pipeline.method.extract import CellBatches, Features, check_finite, encode_whole
from avel.pipeline.method.plan import Plan, Stores
from avel.pipeline.method.recipes import pack, unpack
from avel.pipeline.reasons import MediaError, Reason
from avel.pipeline.work.runtime import RuntimeConfig
from avel.pipeline.work.workers import Crashed, map_unordered

if TYPE_CHECKING:
    from avel.extractors import Extractor

VIDEOS_AT_ONCE = 16
"""Videos per worker that are decoded before the next lot is handed out: bounds the memory."""


@dataclass(frozen=True)
class Outcome:
    """What became of one file: its key where it has features, else a reason."""

    path: Path
    key: str | None
    cached: bool = False
    cells: int = 0
    reason: Reason | None = None
    message: str = ""


@dataclass(frozen=True)
class _Long:
    """A video of more cells than a worker may send; it is encoded where the encoder is."""


def harvest(
    paths: Sequence[Path],
    stores: Stores,
    plan: Plan,
    runtime: RuntimeConfig,
    device: str,
    *,
    verify: bool = False,
) -> Generator[Outcome, None, None]:
    """Make sure that every file has features in the cache; one outcome per file, as they come.

    The extractor is loaded only if a file needs it. Interrupting the iteration publishes what
    is finished. With `verify` cached features are read whole, so that a damaged item is computed
    again here; without it, who reads them first finds out.
    """
    todo: list[tuple[Path, str]] = []
    copies: dict[str, list[Path]] = {}
    for path in paths:
        key = content_key(path, stores.keys)
        if isinstance(key, Outcome):
            yield key
        elif cells := _cached_cells(stores.features, key, verify):
            yield Outcome(path, key, cached=True, cells=cells)
        elif key in copies:
            copies[key].append(path)
        else:
            copies[key] = []
            todo.append((path, key))
    if not todo:
        return
    worker = _Harvest(stores, plan.segment, runtime, plan.encoder.load(device))
    for outcome in worker.run(todo):
        yield outcome
        for copy in copies.get(outcome.key or "", []):
            yield replace(outcome, path=copy, cached=outcome.reason is None)


def content_key(path: Path, keys: ContentKeys) -> str | Outcome:
    """Content hash of a file, or the outcome that says why there is none."""
    try:
        if path.is_file() and path.stat().st_size == 0:
            return _failed(
                path, MediaError(Reason.EMPTY, f"{path}: the file has 0 bytes; copy it again")
            )
        return keys.key(path)
    except PermissionError:
        why = MediaError(Reason.PERMISSION, f"{path}: may not be read; check its rights")
    except OSError:
        why = MediaError(Reason.MISSING_FILE, f"{path}: is not a file")
    return _failed(path, why)


def _failed(path: Path, error: MediaError, key: str | None = None) -> Outcome:
    return Outcome(path, key, reason=error.reason, message=error.message)


def _cached_cells(store: Store, key: str, verify: bool) -> int:
    if key not in store:
        return 0
    arrays = store.get(key, None if verify else ["visual_mask"])
    return len(arrays["visual_mask"]) if arrays else 0


class _Harvest:
    def __init__(
        self,
        stores: Stores,
        config: SegmentConfig,
        runtime: RuntimeConfig,
        extractor: "Extractor",
    ) -> None:
        self._stores, self._config, self._runtime = stores, config, runtime
        self._extractor = extractor
        self._batches = CellBatches(extractor, runtime.batch_cells)
        self._paths: dict[str, Path] = {}

    def run(self, todo: list[tuple[Path, str]]) -> Iterator[Outcome]:
        with self._stores.features.writer() as features, self._stores.segments.writer() as segments:
            lots = iter(todo)
            while lot := list(islice(lots, VIDEOS_AT_ONCE * self._runtime.workers)):
                for path, key, decoded in self._decoded(lot):
                    yield from self._take(path, key, decoded, features, segments)
            yield from self._done(self._batches.finish(), features)

    def _decoded(
        self, lot: list[tuple[Path, str]]
    ) -> Iterator[tuple[Path, str, Segments | _Long | MediaError]]:
        """Segments of a lot: from the cache, else decoded by the workers, in any order."""
        rest = []
        for path, key in lot:
            arrays = self._stores.segments.get(key) if self._runtime.keep_segments else None
            if arrays:
                yield path, key, unpack(Segments, arrays)
            else:
                rest.append((path, key))
        options = (self._config, self._runtime.window_cells, self._runtime.timeout_seconds)
        jobs = [(path, *options) for path, _ in rest]
        for number, result in map_unordered(decode_short, jobs, self._runtime.workers):
            path, key = rest[number]
            if isinstance(result, Crashed):
                crash = f"{path}: the worker process died while decoding it (a codec's fault)"
                yield path, key, MediaError(Reason.WORKER_CRASH, crash)
            else:
                yield path, key, result

    def _take(
        self,
        path: Path,
        key: str,
        decoded: Segments | _Long | MediaError,
        features: Writer,
        segments: Writer,
    ) -> Iterator[Outcome]:
        if isinstance(decoded, MediaError):
            yield _failed(path, decoded, key)
            return
        self._paths[key] = path
        if isinstance(decoded, _Long):
            yield from self._take_long(path, key, features)
            return
        if self._runtime.keep_segments and key not in self._stores.segments:
            segments.add(key, pack(decoded))
        yield from self._done(self._batches.add(key, decoded), features)

    def _take_long(self, path: Path, key: str, features: Writer) -> Iterator[Outcome]:
        runtime = self._runtime
        windows = _windows(path, self._config, runtime.window_cells, runtime.timeout_seconds)
        try:
            whole = encode_whole(self._extractor, windows, runtime.batch_cells)
        except MediaError as err:
            yield _failed(path, err, key)
            return
        yield from self._done(iter([(key, whole)]), features)

    def _done(
        self, complete: Iterator[tuple[str, Features]], features: Writer
    ) -> Iterator[Outcome]:
        for key, result in complete:
            path = self._paths.pop(key)
            try:
                check_finite(result, str(path))
            except MediaError as err:
                yield _failed(path, err, key)
                continue
            features.add(key, pack(result))
            yield Outcome(path, key, cells=len(result.visual))


def decode_short(
    path: Path, config: SegmentConfig, window_cells: int, timeout_seconds: float
) -> Segments | _Long | MediaError:
    """All cells of a video that fits into one window; runs in a worker process."""
    parts = []
    try:
        for segments in _windows(path, config, window_cells, timeout_seconds):
            parts.append(segments)
            if len(parts) > 1:
                return _Long()
    except MediaError as err:
        return err
    return join(parts)


def _windows(
    path: Path, config: SegmentConfig, window_cells: int, timeout_seconds: float
) -> Iterator[Segments]:
    """Windows of a file; whatever goes wrong in it is a MediaError, so that others go on."""
    options = {"window_cells": window_cells, "timeout_seconds": timeout_seconds}
    try:
        yield from segment_video(path, config, **options)  # type: ignore[arg-type]
    except MediaError:
        raise
    except MemoryError as err:
        message = f"{path}: out of memory while decoding; use fewer --workers"
        raise MediaError(Reason.OOM, message) from err
    except Exception as err:  # libav has no complete list of its errors
        raise MediaError(Reason.DECODE_ERROR, f"{path}: {type(err).__name__}: {err}") from err
