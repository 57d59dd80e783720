"""Cells to features: the frozen trunk of an encoder, in batches across videos."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from avel.pipeline.media.segment import Segments
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


class CellBatches:
    """Gathers cells of many videos into batches of one size and gives back whole videos.

    Every batch has exactly `batch_cells` pictures (the last is filled with zeros), so a cell's
    numbers do not depend on which cells it shared a batch with.
    """

    def __init__(self, extractor: "Extractor", batch_cells: int) -> None:
        if any(parameter.requires_grad for parameter in extractor.model.parameters()):
            raise ValueError(
                f"extractor '{extractor.name}' has parameters in training; features that go into "
                "the cache must come from frozen weights"
            )
        self._extractor = extractor
        self._batch_cells = self._size = batch_cells
        self._videos: dict[str, tuple[Segments, list[dict[str, NDArray[np.generic]]]]] = {}
        self._queue: list[tuple[str, int]] = []

    def add(self, name: str, segments: Segments) -> Iterator[tuple[str, Features]]:
        """Take one video (or window of one); gives those that are complete now."""
        self._videos[name] = (segments, [])
        # as many pictures at once whether a cell has one or sixteen
        self._size = max(1, self._batch_cells // segments.frames.shape[1])
        self._queue += [(name, cell) for cell in range(len(segments.samples))]
        while len(self._queue) >= self._size:
            yield from self._encode()

    def finish(self) -> Iterator[tuple[str, Features]]:
        """Encode what is left."""
        while self._queue:
            yield from self._encode()

    def _encode(self) -> Iterator[tuple[str, Features]]:
        import torch  # slow to import, and cached features need none

        batch, self._queue = self._queue[: self._size], self._queue[self._size :]
        first = self._videos[batch[0][0]][0]
        frames = np.zeros((self._size, *first.frames.shape[1:]), np.uint8)
        samples = np.zeros((self._size, first.samples.shape[1]), np.int16)
        for row, (name, cell) in enumerate(batch):
            frames[row] = self._videos[name][0].frames[cell]
            samples[row] = self._videos[name][0].samples[cell]
        encoded = self._extractor(torch.from_numpy(frames), torch.from_numpy(samples))
        arrays = {key: value.numpy() for key, value in encoded.items()}
        for row, (name, _) in enumerate(batch):
            self._videos[name][1].append({key: value[row] for key, value in arrays.items()})
        waiting = {name for name, _ in self._queue}
        for name in dict.fromkeys(name for name, _ in batch):
            if name not in waiting:
                yield name, _features(*self._videos.pop(name))


def _features(segments: Segments, cells: list[dict[str, NDArray[np.generic]]]) -> Features:
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


def check_finite(features: Features, name: str) -> None:
    """Refuse features that hold NaN or infinity.

    Raises:
        MediaError: NAN_FEATURE, with the array and its first bad cell.
    """
    for key in ("visual", "visual_map", "audio"):
        bad = ~np.isfinite(getattr(features, key)).reshape(len(features.visual), -1).all(axis=1)
        if bad.any():
            raise MediaError(
                Reason.NAN_FEATURE,
                f"{name}: {key} of cell {int(np.argmax(bad))} is not finite; "
                "check the weights with `avel doctor`",
            )


def join_features(parts: list[Features]) -> Features:
    """Windows of one video back into one piece; the last one knows duration and flags."""
    keys = ("visual", "visual_map", "audio", "visual_mask", "audio_mask")
    joined = {key: np.concatenate([getattr(part, key) for part in parts]) for key in keys}
    return Features(**joined, duration=parts[-1].duration, flags=parts[-1].flags)


def encode_whole(extractor: "Extractor", windows: Iterator[Segments], batch_cells: int) -> Features:
    """Features of one video of any length, window by window, so that memory stays bounded."""
    parts = []
    for segments in windows:
        batches = CellBatches(extractor, batch_cells)
        parts += [f for _, f in [*batches.add("", segments), *batches.finish()]]
    return join_features(parts)
