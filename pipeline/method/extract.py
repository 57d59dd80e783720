"""Cells to features: the frozen trunk of an encoder, in batches across videos."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from avel.pipeline.media.cells import Segments
from avel.pipeline.reasons import MediaError, Reason

if TYPE_CHECKING:
    from avel.extractors import Extractor

VERSION = 2
"""Raise when the numbers of unchanged weights change."""


@dataclass(frozen=True)
class Features:
    """What the encoder says of each cell of one video.

    Attributes:
        visual: Float32 (T, D); zeros where the picture is absent.
        visual_map: Float16 (T, P, C), positions in reading order; zeros where absent.
        audio: Float32 (T, D); zeros where the sound is absent.
        visual_mask: Bool (T,).
        audio_mask: Bool (T,).
        duration: Seconds of the file.
        flags: Reason codes of what was missing or damaged.
    """

    visual: NDArray[np.float32]
    visual_map: NDArray[np.float16]
    audio: NDArray[np.float32]
    visual_mask: NDArray[np.bool_]
    audio_mask: NDArray[np.bool_]
    duration: float
    flags: tuple[str, ...]


Name = tuple[int, int]
"""Of a window: number of the video and of the window in it."""
Encoded = tuple[Name, Features | MediaError]
"""A window's features, or why there are none."""
_Cell = dict[str, NDArray[Any]]


class CellBatches:
    """Gathers cells of many videos into batches of one size and gives back whole windows.

    Every batch has exactly `batch_cells` pictures (the last is filled with zeros), so a cell's
    numbers do not depend on which cells it shared a batch with. What the encoder cannot take costs
    the window that it was in; where memory runs out, batches are halved from then on.
    """

    def __init__(self, extractor: "Extractor", batch_cells: int) -> None:
        if any(parameter.requires_grad for parameter in extractor.model.parameters()):
            raise ValueError(
                f"extractor '{extractor.name}' has parameters in training; features that go into "
                "the cache must come from frozen weights"
            )
        self._extractor = extractor
        self._batch_cells = self._size = batch_cells
        self._windows: dict[Name, tuple[Segments, list[_Cell]]] = {}
        self._queue: list[tuple[Name, int]] = []

    def add(self, name: Name, segments: Segments) -> Iterator[Encoded]:
        """Take one window of cells (or a whole video); gives those that are complete now."""
        self._windows[name] = (segments, [])
        # as many pictures at once whether a cell has one or sixteen
        self._size = max(1, self._batch_cells // segments.frames.shape[1])
        self._queue += [(name, cell) for cell in range(len(segments.samples))]
        while len(self._queue) >= self._size:
            yield from self._encode()

    def finish(self) -> Iterator[Encoded]:
        """Encode the cells that are left."""
        while self._queue:
            yield from self._encode()

    def _encode(self) -> Iterator[Encoded]:
        batch = self._queue[: self._size]
        try:
            cells = self._run(batch)
        except Exception as err:  # whatever an encoder raises is about its input
            if _is_out_of_memory(err) and len(batch) > 1:
                self._batch_cells = max(1, self._batch_cells // 2)
                self._size = max(1, self._size // 2)
            else:
                yield from self._one_by_one(batch)
            return
        del self._queue[: len(batch)]
        yield from self._take(batch, cells)

    def _run(self, batch: list[tuple[Name, int]]) -> list[_Cell]:
        """Arrays of each cell of a batch."""
        import torch  # slow to import, and cached features need none

        first = self._windows[batch[0][0]][0]
        frames = np.zeros((self._size, *first.frames.shape[1:]), np.uint8)
        samples = np.zeros((self._size, first.samples.shape[1]), np.int16)
        for row, (name, cell) in enumerate(batch):
            frames[row] = self._windows[name][0].frames[cell]
            samples[row] = self._windows[name][0].samples[cell]
        encoded = self._extractor(torch.from_numpy(frames), torch.from_numpy(samples))
        arrays = {key: value.numpy() for key, value in encoded.items()}
        return [{key: value[row] for key, value in arrays.items()} for row in range(len(batch))]

    def _take(self, batch: list[tuple[Name, int]], cells: list[_Cell]) -> Iterator[Encoded]:
        for (name, _), arrays in zip(batch, cells, strict=True):
            self._windows[name][1].append(arrays)
        for name in dict.fromkeys(name for name, _ in batch):
            segments, found = self._windows[name]
            if len(found) == len(segments.samples):
                del self._windows[name]
                yield name, _features(segments, found)

    def _one_by_one(self, batch: list[tuple[Name, int]]) -> Iterator[Encoded]:
        """A batch that failed, window by window: the one that fails alone is given up."""
        for name in dict.fromkeys(name for name, _ in batch):
            own = [place for place in batch if place[0] == name]
            try:
                cells = self._run(own)
            except Exception as err:
                del self._windows[name]
                self._queue = [place for place in self._queue if place[0] != name]
                yield name, _failure(err)
                continue
            del self._queue[: len(own)]
            yield from self._take(own, cells)


def _is_out_of_memory(err: Exception) -> bool:
    """Whether a device or the machine had no room: torch has one error for each."""
    named = type(err).__name__ in ("OutOfMemoryError", "MemoryError")
    return named or "can't allocate memory" in str(err)


def _failure(err: Exception) -> MediaError:
    what = " ".join(str(err).split())[:300]
    if _is_out_of_memory(err):
        return MediaError(Reason.OOM, f"one segment does not fit into the encoder's memory: {what}")
    return MediaError(Reason.ENCODE_ERROR, f"the encoder failed: {type(err).__name__}: {what}")


def _features(segments: Segments, cells: list[_Cell]) -> Features:
    arrays = {key: np.stack([cell[key] for cell in cells]) for key in cells[0]}
    for key, array in arrays.items():
        mask = segments.audio_mask if key == "audio" else segments.visual_mask
        array[~mask] = 0
    return Features(
        **arrays,
        visual_mask=segments.visual_mask,
        audio_mask=segments.audio_mask,
        duration=segments.duration,
        flags=segments.flags,
    )


def check_finite(features: Features, name: str, *, first_cell: int = 0) -> None:
    """Refuse features (T, ...) with NaN or infinity; `first_cell` of the video is their first.

    Raises:
        MediaError: NAN_FEATURE, with the array and its first bad cell.
    """
    for key in ("visual", "visual_map", "audio"):
        bad = ~np.isfinite(getattr(features, key)).reshape(len(features.visual), -1).all(axis=1)
        if bad.any():
            raise MediaError(
                Reason.NAN_FEATURE,
                f"{name}: {key} of cell {first_cell + int(np.argmax(bad))} is not finite; "
                "check the weights with `avel doctor`",
            )


def join_features(parts: list[Features]) -> Features:
    """Windows of one video back into one piece (T, ...); the last one knows duration and flags."""
    keys = ("visual", "visual_map", "audio", "visual_mask", "audio_mask")
    joined = {key: np.concatenate([getattr(part, key) for part in parts]) for key in keys}
    return Features(**joined, duration=parts[-1].duration, flags=parts[-1].flags)


def encode_whole(extractor: "Extractor", windows: Iterable[Segments], batch_cells: int) -> Features:
    """Features (T, ...) of one video, window by window.

    Raises:
        MediaError: the encoder failed.
    """
    batches, parts = CellBatches(extractor, batch_cells), []
    for number, segments in enumerate(windows):
        parts += list(batches.add((0, number), segments))
    found = dict([*parts, *batches.finish()])
    for name in sorted(found):
        if isinstance(failed := found[name], MediaError):
            raise failed
    return join_features([found[name] for name in sorted(found)])  # type: ignore[misc]
