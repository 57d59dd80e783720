"""Cells to features: the frozen trunk of an encoder, in batches across videos."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from avel.pipeline.media.cells import Segments
from avel.pipeline.method.extract import Features, join_features
from avel.pipeline.method.heard import Stretch, present, samples_of, stretches
from avel.pipeline.method.queue import Name, Piece, Queue, failure
from avel.pipeline.reasons import MediaError

if TYPE_CHECKING:
    from avel.extractors import Extractor
    from avel.pipeline.method.transfer import Arrays, Transfer

Encoded = tuple[Name, Features | MediaError]
"""A window's features, or why there are none."""
Kind = Literal["sight", "sound"]


@dataclass
class _Window:
    """One window of cells on its way."""

    segments: Segments
    """Without what is encoded."""
    heard: NDArray[np.int64]
    """Numbers (T, W) of the stretches of sound."""
    left: int
    """Pieces that are not encoded yet."""
    found: "dict[Kind, dict[int, Arrays]]" = field(
        default_factory=lambda: {"sight": {}, "sound": {}}
    )


class CellBatches:
    """Gathers cells of many videos into batches of one size and gives back whole windows.

    Every batch of pictures has as many as `batch_cells`, and every batch of sound as many seconds;
    see `Queue`. What the encoder cannot take costs the window that it was in.

    Args:
        extractor: The frozen encoder.
        batch_cells: Pictures, or seconds of sound, that go through it together.
        sound_seconds: Lengths of the windows of sound heard for each cell; empty: the cell.
    """

    def __init__(
        self, extractor: "Extractor", batch_cells: int, sound_seconds: Sequence[int] = ()
    ) -> None:
        if any(parameter.requires_grad for parameter in extractor.model.parameters()):
            raise ValueError(
                f"extractor '{extractor.name}' has parameters in training; features that go into "
                "the cache must come from frozen weights"
            )
        from avel.pipeline.method.transfer import transfer  # loads torch: cached runs need none

        self._batch_cells, self._sound_seconds = batch_cells, tuple(sound_seconds)
        cut = extractor.cut_sound if sum(self._sound_seconds) > 1 else None  # else none overlap
        self._cut = cut or samples_of
        self._transfers: dict[Kind, Transfer] = {
            "sight": transfer(extractor.embed_sight, extractor.model),
            "sound": transfer(extractor.embed_sound, extractor.model),
        }
        self._windows: dict[Name, _Window] = {}
        self._queues: dict[tuple[Kind, tuple[int, ...], int], Queue] = {}

    def add(self, name: Name, segments: Segments) -> Iterator[Encoded]:
        """Take one window of cells (or a whole video); gives those that are complete now."""
        cells = present(segments.visual_mask)
        try:
            heard, places = stretches(segments, self._sound_seconds, self._cut)
        except Exception as err:  # as of the encoder, of which it is a part
            yield name, failure(err)
            return
        rest = replace(segments, frames=segments.frames[:0], samples=segments.samples[:0])
        self._windows[name] = _Window(rest, places, len(cells) + len(heard))
        F = segments.frames.shape[1]  # as many pictures at once whether a cell has one or sixteen
        views = segments.frames.shape[2] if segments.frames.ndim == 6 else 1
        for cell in cells:
            piece = Piece(name, cell, segments.frames[cell])
            self._queue("sight", piece, self._batch_cells // (F * views)).put([piece])
        for number, stretch in enumerate(heard):
            piece = Piece(name, number, stretch.samples)
            self._queue("sound", piece, self._together(stretch, segments)).put([piece])
        yield from self._encode(lambda queue: queue.is_full)

    def finish(self) -> Iterator[Encoded]:
        """Encode the cells that are left."""
        yield from self._encode(lambda queue: not queue.is_empty)

    def _together(self, stretch: Stretch, segments: Segments) -> int:
        """Stretches of sound in one batch: their number depends on nothing but the video."""
        if not self._sound_seconds:
            return self._batch_cells // int(segments.frames.shape[1])
        if not stretch.is_whole:
            return 1  # a short video's whole sound; others of its length may never come
        return self._batch_cells // stretch.seconds

    def _queue(self, kind: Kind, piece: Piece, size: int) -> Queue:
        key = kind, piece.array.shape, size
        if key not in self._queues:
            self._queues[key] = Queue(self._transfers[kind], size)
        return self._queues[key]

    def _encode(self, wanted: Callable[[Queue], bool]) -> Iterator[Encoded]:
        """Encode batches of all queues that are wanted, until none is."""
        for (kind, *_), queue in list(self._queues.items()):
            while wanted(queue):
                for piece, arrays in list(queue.encode()):
                    yield from self._take(kind, piece, arrays)

    def _take(self, kind: Kind, piece: Piece, arrays: "Arrays | MediaError") -> Iterator[Encoded]:
        """What came of one piece, to its window."""
        name, window = piece.window, self._windows.get(piece.window)
        if window is None:  # given up
            return
        if isinstance(arrays, MediaError):
            del self._windows[name]
            for queue in self._queues.values():
                queue.drop(name)
            yield name, arrays
            return
        window.found[kind][piece.number] = arrays
        window.left -= 1
        if not window.left:
            del self._windows[name]
            yield name, _features(window)


def _features(window: _Window) -> Features:
    segments, T = window.segments, len(window.heard)
    sight, sound = window.found["sight"], _stacked(window.found["sound"])
    seen, arrays = sorted(sight), dict[str, NDArray[Any]]()
    for key, some in _stacked(sight).items():
        arrays[key] = np.zeros((T, *some.shape[1:]), some.dtype)
        arrays[key][seen] = some
        arrays[key][~segments.visual_mask] = 0
    for key, each in sound.items():
        arrays[key] = each[window.heard]  # (T, W, ...)
        arrays[key][~segments.audio_mask] = 0
    arrays["audio"] = arrays["audio"].reshape(T, -1)
    return Features(
        **arrays,
        visual_mask=segments.visual_mask,
        audio_mask=segments.audio_mask,
        duration=segments.duration,
        flags=segments.flags,
        notes=segments.notes,
    )


def _stacked(pieces: "dict[int, Arrays]") -> "Arrays":
    """Arrays (N, ...) of N pieces by their number, which begins at 0 for sound."""
    numbers = sorted(pieces)
    return {key: np.stack([pieces[n][key] for n in numbers]) for key in pieces[numbers[0]]}


def encode_whole(
    extractor: "Extractor",
    windows: Iterable[Segments],
    batch_cells: int,
    sound_seconds: Sequence[int] = (),
) -> Features:
    """Features (T, ...) of one video, window by window; see `CellBatches`.

    Raises:
        MediaError: the encoder failed.
    """
    batches, parts = CellBatches(extractor, batch_cells, sound_seconds), []
    for number, segments in enumerate(windows):
        parts += list(batches.add((0, number), segments))
    found = dict([*parts, *batches.finish()])
    for name in sorted(found):
        if isinstance(failed := found[name], MediaError):
            raise failed
    return join_features([found[name] for name in sorted(found)])  # type: ignore[misc]
