"""What is heard for each cell: stretches of sound, of which those that are the same are one."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from avel.extractors.protocol import Cut, CutSound
from avel.pipeline.media.cells import Segments
from avel.pipeline.media.context import sound_span


class Stretch(NamedTuple):
    """Sound that is encoded as one.

    Attributes:
        samples: Mono int16 (S,), or in their place what an encoder cuts.
        seconds: Of the window that was asked for, which may be longer than the video.
        is_whole: Whether it is that long.
    """

    samples: Cut
    seconds: int
    is_whole: bool


def samples_of(
    cells: NDArray[np.int16], spans: Sequence[tuple[int, int]]
) -> list[NDArray[np.int16]]:
    """Samples (S',) of each stretch of cells (T, S); see `CutSound`."""
    flat = cells.reshape(-1)
    return [flat[start : start + length] for start, length in spans]


def stretches(
    segments: Segments, sound_seconds: Sequence[int], cut: CutSound = samples_of
) -> tuple[list[Stretch], NDArray[np.int64]]:
    """All different stretches of some cells, and which is heard for each cell.

    Args:
        segments: T cells, with the sound around them as far as windows reach.
        sound_seconds: Lengths of the W windows of each cell; empty for the cell alone.
        cut: Takes them out of the sound.

    Returns:
        The stretches, and their numbers (T, W). Cells without sound are not heard: theirs is 0.
    """
    pieces = (segments.before, segments.samples, segments.after)
    wave = np.concatenate([piece for piece in pieces if len(piece)])
    rate, lengths = wave.shape[1], tuple(sound_seconds) or (1,)
    spans: dict[tuple[int, int], int] = {}
    wanted: list[int] = []
    places = np.zeros((len(segments.samples), len(lengths)), np.int64)
    for cell in present(segments.audio_mask):
        for column, seconds in enumerate(lengths):
            span = sound_span(len(segments.before) + cell, len(wave), seconds, rate)
            if span not in spans:
                spans[span] = len(spans)
                wanted.append(seconds)
            places[cell, column] = spans[span]
    whole = [length == s * rate for (_, length), s in zip(spans, wanted, strict=True)]
    found = cut(wave, list(spans))
    return [Stretch(*each) for each in zip(found, wanted, whole, strict=True)], places


def present(mask: NDArray[np.bool_]) -> list[int]:
    """Cells (T,) of which an encoder is asked: those that are there, or one, for the widths."""
    return np.flatnonzero(mask).tolist() or [0]
