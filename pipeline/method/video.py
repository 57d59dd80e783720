"""One video on its way through decode and extract, and where its features go."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avel.cache.stream import ItemStream
from avel.pipeline.media.cells import Segments
from avel.pipeline.method.extract import Features
from avel.pipeline.method.kept import Kept
from avel.pipeline.method.stores import META


@dataclass
class Video:
    """One video on its way."""

    path: Path
    key: str
    copies: list[Path] = field(default_factory=list)
    """Other files of the same content, met while this one was on its way."""
    cells: int = 0
    windows: int = 0
    """Decoded so far."""
    kept: list[Segments] = field(default_factory=list)
    """All that is decoded, while it may be cached."""
    is_long: bool = False
    decoded: bool = False
    encoded: int = 0
    """Windows that the encoder has done."""
    encoded_cells: int = 0
    parts: list[Features] = field(default_factory=list)
    """Windows' features, until they are streamed."""
    rest: dict[str, NDArray[np.generic]] = field(default_factory=dict)
    """Of the last streamed window: what is no array, packed."""
    stream: ItemStream | None = None
    """Where a long video's features go."""
    decode_seconds: float = 0.0
    encode_seconds: float = 0.0
    num_bytes: int = 0

    def keep(self, segments: Segments, window_cells: int) -> None:
        """Count a window, and keep it while the video is short."""
        self.cells += len(segments.samples)
        self.is_long = self.is_long or self.cells > window_cells
        self.kept = [] if self.is_long else [*self.kept, segments]

    def take(self, features: Features) -> None:
        """Take one window's features."""
        self.encoded += 1
        self.encoded_cells += len(features.visual)
        self.parts.append(features)

    def write(self, part: Features, kept: Kept) -> None:
        """What is kept of a long video's window into the cache; the scribe's."""
        assert self.stream is not None
        arrays = kept.pack(part)
        self.rest = {META: arrays.pop(META)}
        self.num_bytes += size_of(arrays)
        self.stream.append(arrays)

    def close(self) -> None:
        """Publish what was written; the scribe's."""
        assert self.stream is not None
        self.stream.finish(self.rest)

    def drop(self) -> None:
        """Leave nothing behind of what was written."""
        if self.stream is not None:
            self.stream.abandon()


def size_of(arrays: Mapping[str, NDArray[np.generic]]) -> int:
    """Bytes of arrays (T, ...)."""
    return sum(array.nbytes for array in arrays.values())
