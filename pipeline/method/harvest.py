"""Many videos through decode, segment and extract: cached, resumable, one failure at a time.

Files are hashed and decoded ahead in other processes while the encoder works on cells of many
videos. Each video's features are handed to the cache as soon as they are complete; those of a long
one window by window, so that memory does not grow with its length.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, closing
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avel.cache.store import Store
from avel.cache.writer import Writer
from avel.pipeline.media.cells import Segments, join
from avel.pipeline.method.contents import Source, sources
from avel.pipeline.method.extract import check_finite, join_features
from avel.pipeline.method.kept import Kept
from avel.pipeline.method.makers import Decoding, Encoding
from avel.pipeline.method.meter import Meter
from avel.pipeline.method.outcome import Outcome
from avel.pipeline.method.plan import Plan
from avel.pipeline.method.scribe import Scribe
from avel.pipeline.method.spare import Spare
from avel.pipeline.method.stores import Stores, pack, unpack
from avel.pipeline.method.video import Video, size_of
from avel.pipeline.reasons import MediaError
from avel.pipeline.work.runtime import RuntimeConfig

if TYPE_CHECKING:
    from avel.pipeline.media.messages import Event
    from avel.pipeline.method.encode import Encoded

Names = Sequence[str] | None
Refused = Callable[[str], MediaError | None]
Watch = Callable[[Path, int, float], None]
"""Told of a long video's cells so far, and of the seconds that its file promises (0: unknown)."""


def harvest(
    paths: Iterable[Path],
    stores: Stores,
    plan: Plan,
    runtime: RuntimeConfig,
    *,
    known: Callable[[str], bool] = lambda key: False,
    check: Sequence[str] | None = ("visual_mask",),
    watch: Watch | None = None,
    refused: Refused = lambda key: None,
    writer: Writer | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Generator[Outcome, None, None]:
    """Make sure that every file has features in the cache; one outcome per file, as they come.

    The encoder is loaded only if a file needs it. Interrupting the iteration publishes what is
    finished.

    Args:
        paths: The files; one that cannot be read is an outcome with its reason.
        stores: Where cells and features are.
        plan: How videos are cut, and the encoder.
        runtime: Device, workers and limits.
        known: Whether a key needs no features, since what is made of them is there.
        check: Arrays of cached features that are read, so that a damaged item is computed again
            here; None for all. Who reads others first finds out.
        watch: Told how far a long video is.
        refused: Why a key is not to be tried, if it is not.
        writer: Takes the features, so that the caller can publish them; None for one of its own.
        stop: Whether to begin no more files, and only finish what is in work.

    Raises:
        WeightsError: features must be made and the encoder's weights are missing.
        CacheError: the cache cannot be read or written.
    """
    with ExitStack() as opened:
        features = writer or opened.enter_context(stores.features.writer())
        segments = opened.enter_context(Spare(stores.segments))
        work = _Harvest(stores, plan, runtime, features, segments, watch, stop)
        try:
            with closing(sources(paths, stores.keys)) as files:
                yield from work.run(files, known, check, refused)
        finally:
            work.abandon()


class _NoDecoders:
    """What stands for decoders while nothing has to be decoded."""

    busy, free = False, True

    def events(self) -> "Iterable[Event]":
        return ()


class _Harvest:
    """Everything that one harvest holds."""

    def __init__(
        self,
        stores: Stores,
        plan: Plan,
        runtime: RuntimeConfig,
        features: Writer,
        segments: Spare,
        watch: Watch | None,
        stop: Callable[[], bool],
    ) -> None:
        self._stores, self._plan, self._runtime = stores, plan, runtime
        self._features, self._segments, self._watch = features, segments, watch
        self._stop = stop
        self._kept = Kept.of_recipe(stores.features.recipe)
        self._videos: dict[int, Video] = {}
        self._number = self._serial = 0
        self._failed: dict[str, MediaError] = {}
        self._meter = Meter()
        self._scribe = Scribe()
        self._closing: deque[tuple[int, Future[None]]] = deque()
        """Long videos whose features are being published."""

    @cached_property
    def _batches(self) -> Encoding:
        plan = self._plan
        return plan.makers.batches(plan.encoder, plan.segment, self._runtime)

    @cached_property
    def _decoders(self) -> Decoding:
        decoders = self._plan.makers.decoders(self._plan.segment, self._runtime)
        return self._ending.enter_context(decoders)

    @property
    def _started(self) -> "Decoding | _NoDecoders":
        """The decoders, if anything had to be decoded so far."""
        return vars(self).get("_decoders", _NoDecoders())  # type: ignore[no-any-return]

    def run(
        self, files: Iterator[Source], known: Callable[[str], bool], check: Names, refused: Refused
    ) -> Iterator[Outcome]:
        more = True
        with ExitStack() as self._ending:
            while (more := more and not self._stop()) or self._started.busy:
                while more and self._started.free and not self._stop():
                    source = next(files, None)
                    if more := source is not None:
                        yield from self._begin(source, known, check, refused)
                for event in self._meter.waiting(self._started.events()):
                    yield from self._hear(event)
                yield from self._closed()
        if self._videos:
            yield from self._gather(self._batches.finish())
        yield from self._closed(wait=True)

    def abandon(self) -> None:
        """Leave nothing behind of videos that are still on their way."""
        self._scribe.close()
        for video in self._videos.values():
            video.drop()

    def _begin(
        self, source: Source, known: Callable[[str], bool], check: Names, refused: Refused
    ) -> Iterator[Outcome]:
        """What is there already for a file, or its first step."""
        path, key = source.path, source.key
        if source.error is not None:
            yield _failure(path, source.error, None)
        elif key in self._failed:
            yield _failure(path, _as_of_a_copy(path, self._failed[key]), key)
        elif known(key):
            yield Outcome(path, key, cached=True)
        elif cells := _cached_cells(self._stores.features, key, check):
            yield Outcome(path, key, cached=True, cells=cells)
        elif twin := next((v for v in self._videos.values() if v.key == key), None):
            twin.copies.append(path)
        elif error := refused(key):
            yield _failure(path, error, key)
        else:
            yield from self._open(Video(path, key))

    def _open(self, video: Video) -> Iterator[Outcome]:
        self._number += 1
        self._videos[self._number] = video
        cells = self._stores.segments.get(video.key)
        if cells is None:
            self._decoders.start(self._number, video.path)
            _ = self._batches  # loaded while the first video is decoded
            return
        segments = unpack(Segments, cells)
        video.keep(segments, self._runtime.window_cells)
        yield from self._encode(self._number, segments)
        yield from self._end(self._number, video, None)

    def _hear(self, event: "Event") -> Iterator[Outcome]:
        """Take what a decoder says; what it says of a video that is given up means nothing."""
        from avel.pipeline.media.messages import Window

        video = self._videos.get(event.job)
        if video is None:
            return
        if isinstance(event, Window):
            video.keep(event.segments, self._runtime.window_cells)
            if self._watch and video.is_long:
                self._watch(video.path, video.cells, event.promised)
            yield from self._encode(event.job, event.segments)
        else:
            video.decode_seconds = event.seconds
            yield from self._end(event.job, video, event.error)

    def _encode(self, job: int, segments: Segments) -> Iterator[Outcome]:
        self._serial += 1
        self._videos[job].windows += 1
        done = self._batches.add((job, self._serial), segments)
        yield from self._gather(done, len(segments.samples))

    def _end(self, job: int, video: Video, error: MediaError | None) -> Iterator[Outcome]:
        """A video is decoded, or is given up."""
        if error is not None:
            yield from self._give_up(job, error)
            return
        if video.kept and self._runtime.keep_segments and video.key not in self._stores.segments:
            self._segments.add(video.key, pack(join(video.kept)))
        video.kept, video.decoded = [], True
        yield from self._finish(job, video)

    def _gather(self, encoded: "Iterable[Encoded]", cells: int = 0) -> Iterator[Outcome]:
        """Windows that the encoder has done, to their videos; it was given so many cells more."""
        for (job, _), features in self._meter.encoding(encoded, cells):
            video = self._videos.get(job)
            if video is None:  # given up
                continue
            try:
                if isinstance(features, MediaError):
                    raise MediaError(features.reason, f"{video.path}: {features.message}")
                check_finite(features, str(video.path), first_cell=video.encoded_cells)
            except MediaError as err:
                yield from self._give_up(job, err)
                continue
            video.encode_seconds += self._meter.share(len(features.visual))
            video.take(features)
            if video.is_long:
                self._write(video)
            yield from self._finish(job, video)

    def _write(self, video: Video) -> None:
        """A long video's windows go into the cache as they come, beside the encoder's work."""
        if video.stream is None:
            video.stream = self._features.stream(video.key)
        for part in video.parts:
            self._scribe.do(partial(video.write, part, self._kept))
        video.parts = []

    def _finish(self, job: int, video: Video) -> Iterator[Outcome]:
        """Publish a video's features once all of them are there."""
        if not video.decoded or video.encoded < video.windows:
            return
        if video.stream is not None:
            self._closing.append((job, self._scribe.do(video.close)))
            return
        arrays = self._kept.pack(join_features(video.parts))
        video.num_bytes = size_of(arrays)
        self._features.add(video.key, arrays)
        yield from self._made(job)

    def _closed(self, *, wait: bool = False) -> Iterator[Outcome]:
        """Long videos that are published by now, or all of them, in their order."""
        while self._closing and (wait or self._closing[0][1].done()):
            self._closing[0][1].result()
            yield from self._made(self._closing.popleft()[0])

    def _made(self, job: int) -> Iterator[Outcome]:
        """What is said of a video whose features are there, and of files of the same content."""
        video = self._videos.pop(job)
        size, measured = video.num_bytes, self._measured(video)
        yield Outcome(video.path, video.key, cells=video.cells, num_bytes=size, **measured)
        for path in video.copies:
            yield Outcome(path, video.key, cached=True, cells=video.cells)

    def _measured(self, video: Video) -> dict[str, Any]:
        """What a video's outcome took, in seconds."""
        return {
            "decode_seconds": round(video.decode_seconds, 4),
            "encode_seconds": round(video.encode_seconds, 4),
            "waited_seconds": round(self._meter.waited(), 4),
        }

    def _give_up(self, job: int, error: MediaError) -> Iterator[Outcome]:
        video = self._videos.pop(job)
        if video.stream is not None:
            self._scribe.do(video.drop)
        self._failed[video.key] = error
        video.encode_seconds += self._meter.share(video.cells - video.encoded_cells)
        yield _failure(video.path, error, video.key, **self._measured(video))
        for path in video.copies:
            yield _failure(path, _as_of_a_copy(path, error), video.key)


def _as_of_a_copy(path: Path, error: MediaError) -> MediaError:
    """The failure of a file that has the content of one that failed before."""
    return MediaError(
        error.reason, f"{path}: has the same content as a file that failed ({error.message})"
    )


def _failure(path: Path, error: MediaError, key: str | None, **measured: Any) -> Outcome:
    return Outcome(path, key, reason=error.reason, message=error.message, **measured)


def _cached_cells(store: Store, key: str, check: Names) -> int:
    if key not in store:
        return 0
    arrays = store.get(key, check)
    return len(arrays["visual_mask"]) if arrays else 0
