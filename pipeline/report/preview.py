"""What a page shows of the film itself: small pictures, envelope, spectrogram, what file it is."""

import base64
import io
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from avel.pipeline.media.apart import Apart
from avel.pipeline.media.cells import SegmentConfig, Segments
from avel.pipeline.media.footage import Kind
from avel.pipeline.media.look import kind_of, pictures, sound
from avel.pipeline.method.results import Result
from avel.pipeline.reasons import MediaError
from avel.pipeline.report.sound import SoundLanes

MOST_PICTURES = 160
"""A longer film's are further apart."""
HEIGHT = 80
"""Of a picture, in pixels: twice that of its lane."""
COLUMNS = 10
"""Of pictures in their sheet."""
MEL_COLUMNS = 4_096
"""Of the spectrogram in a row of its sheet."""
RATE = 16_000

Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class Preview:
    """Of one film.

    Attributes:
        kind: What file it is; None where it cannot be opened.
        pictures: RGB (N, H, W, 3), evenly over the film.
        step: Seconds from one to the next.
        peaks: Envelope (P,); empty where there is no sound.
        mel: Spectrogram (BANDS, C); empty where there is no sound.
    """

    kind: Kind | None = None
    pictures: Bytes | None = None
    step: float = 1.0
    peaks: Bytes | None = None
    mel: Bytes | None = None

    def sheet(self) -> dict[str, Any] | None:
        """All pictures (N, H, W, 3) as one JPEG, for the script; None where there is none."""
        if self.pictures is None or not len(self.pictures):
            return None
        N, H, W, _ = self.pictures.shape
        rows = ceil(N / COLUMNS)
        whole = np.zeros((rows * COLUMNS, H, W, 3), np.uint8)
        whole[:N] = self.pictures
        image = whole.reshape(rows, COLUMNS, H, W, 3).swapaxes(1, 2).reshape(rows * H, -1, 3)
        grid = {"width": W, "height": H, "num": N, "columns": COLUMNS, "step": self.step}
        return {"src": jpeg(image, quality=62), **grid}

    def spectrum(self) -> dict[str, Any] | None:
        """The spectrogram (B, C) as one JPEG of rows of columns; None where there is no sound."""
        if self.mel is None:
            return None
        bands, num = self.mel.shape
        columns = min(num, MEL_COLUMNS)
        rows = ceil(num / columns)
        padded = np.pad(self.mel, ((0, 0), (0, rows * columns - num)))
        image = padded.reshape(bands, rows, columns).swapaxes(0, 1).reshape(rows * bands, columns)
        shape = {"bands": bands, "num": num, "columns": columns, "high": rows * bands}
        return {"src": jpeg(image, quality=45), **shape}

    def thumbnail(self, seconds: float) -> str:
        """The picture at a time in seconds as a small JPEG; empty where there is none."""
        if self.pictures is None or not len(self.pictures):
            return ""
        at = min(len(self.pictures) - 1, int(seconds / self.step))
        return jpeg(self.pictures[at], quality=55)


class Cells(Protocol):
    """Cells that a run has of its results; see `CachedRun`."""

    @property
    def segment_config(self) -> SegmentConfig:
        """How they are cut."""

    def segments(self, result: Result, /) -> Segments | None:
        """A result's cells (T, ...); None where they were not kept or hold no picture."""


def preview(apart: Apart, result: Result, run: Cells | None = None) -> Preview:
    """Look at a result's film: in the cache, else at the file; what is not there is left out."""
    if result.status == "failed" or not result.length:
        return Preview()
    path = Path(result.file)
    try:
        kind = kind_of(apart, path)
    except MediaError:
        kind = None
    cells = run.segments(result) if run is not None else None
    if run is not None and cells is not None and result.segments <= MOST_PICTURES:
        return _of_cells(cells, run.segment_config, result.length, kind)
    return Preview() if kind is None else _of_file(apart, path, result.length, kind)


def _of_cells(
    cells: Segments, config: SegmentConfig, duration: float, kind: Kind | None
) -> Preview:
    shape = kind.shape if kind is not None and config.fit == "squash" else 1.0
    wide = max(2, round(HEIGHT * (shape or 1.0)))
    frames = cells.pictures[:, config.frames_per_cell // 2].transpose(0, 2, 3, 1)
    small = [
        np.asarray(Image.fromarray(f).resize((wide, HEIGHT), reducing_gap=2.0)) for f in frames
    ]
    lanes = SoundLanes(config.sample_rate, duration)
    lanes.take([cells.samples.reshape(-1)] if cells.audio_mask.any() else [])
    return _with_sound(lanes, kind, np.stack(small) if cells.visual_mask.any() else None, 1.0)


def _of_file(apart: Apart, path: Path, duration: float, kind: Kind) -> Preview:
    num = min(MOST_PICTURES, max(1, ceil(duration)))
    step = duration / num
    lanes = SoundLanes(RATE, duration)
    shown: Bytes | None = None
    try:
        if kind.video:
            shown = pictures(apart, path, [(n + 0.5) * step for n in range(num)], HEIGHT)
        with sound(apart, path, RATE) as samples:
            lanes.take(samples)
    except MediaError:  # it went away meanwhile, or a decoder died of it
        return Preview(kind)
    return _with_sound(lanes, kind, shown if shown is not None and len(shown) else None, step)


def _with_sound(lanes: SoundLanes, kind: Kind | None, shown: Bytes | None, step: float) -> Preview:
    if lanes.is_silent:
        return Preview(kind, shown, step)
    return Preview(kind, shown, step, lanes.peaks(), lanes.mel())


def jpeg(image: Bytes, *, quality: int) -> str:
    """A picture (H, W, 3) or (H, W) as a data URI."""
    data = io.BytesIO()
    Image.fromarray(image).save(data, "JPEG", quality=quality)
    return "data:image/jpeg;base64," + base64.b64encode(data.getvalue()).decode()
