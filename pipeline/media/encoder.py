"""An MP4 that every player plays: pictures as they are seen in H.264, sound in AAC."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Self

import av
import numpy as np
from av.audio.stream import AudioStream
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace
from av.video.stream import VideoStream
from numpy.typing import NDArray

from avel.pipeline.media.captions import Captions
from avel.pipeline.media.colours import is_hd, range_of
from avel.pipeline.media.upright import Upright

TICKS = 90_000
"""A second of the written picture's clock."""
MICROSECONDS = 1_000_000
HIGHEST = 1 << 16


@dataclass(frozen=True)
class Quality:
    """What a copy keeps of a film.

    Attributes:
        video: Options of x264.
        high: Of the picture at most, in pixels; lower ones are made of square pixels.
        rates: Samples a second that the sound keeps; others become the last one.
        channels: Of the sound at most.
        bits: Of the sound in a second.
    """

    video: Mapping[str, str]
    high: int
    rates: tuple[int, ...]
    channels: int
    bits: int


FINE = Quality(
    {"preset": "veryfast", "crf": "18"},
    HIGHEST,
    (16_000, 22_050, 24_000, 32_000, 44_100, 48_000),
    2,
    128_000,
)
"""Of a piece that is looked at closely; the rates are those that every player of AAC takes."""
SMALL = Quality({"preset": "veryfast", "crf": "28", "g": "60"}, 360, (44_100,), 1, 64_000)
"""Of a copy that stands in for a film, quick to jump in."""


class Encoder:
    """Writes an MP4 of at most one picture and one sound, in a `with` block.

    Args:
        path: The file.
        video: The film's picture; None where it has none.
        audio: The film's sound; None where it has none.
        quality: What is kept of them.
        words: Captions on the pictures.
    """

    def __init__(
        self,
        path: Path,
        video: VideoStream | None,
        audio: AudioStream | None,
        quality: Quality = FINE,
        words: Captions | None = None,
    ) -> None:
        self._quality, self._words = quality, words or Captions((), None)
        self._samples = self.num_written = 0
        options = {"movflags": "+faststart"}  # a page plays it before it has all
        self._container = av.open(str(path), "w", format="mp4", options=options)
        self._video: Any = None if video is None else self._seen(video)
        self._audio: Any = None if audio is None else self._heard(audio)
        self._size = (0, 0)

    def _seen(self, source: VideoStream) -> Any:
        stream = self._container.add_stream("libx264", options=dict(self._quality.video))
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(1, TICKS)
        self._aspect = source.sample_aspect_ratio or Fraction(1)
        self._upright = Upright()
        return stream

    def _heard(self, source: AudioStream) -> Any:
        own, rates = source.sample_rate, self._quality.rates
        self.sample_rate = own if own in rates else rates[-1]
        self.channels = min(source.channels, self._quality.channels)
        stream = self._container.add_stream("aac", rate=self.sample_rate)
        stream.codec_context.layout = self.layout
        stream.codec_context.bit_rate = self._quality.bits
        return stream

    @property
    def layout(self) -> str:
        """Of the sound's channels: one, or two for whatever has more."""
        return "mono" if self.channels == 1 else "stereo"

    def picture(self, frame: VideoFrame, time: Fraction, onset: Fraction, offset: Fraction) -> None:
        """Add one, shown from onset to offset in the copy; `time` is the film's, in seconds."""
        pixels = self._pixels(frame)
        self._words.onto(pixels, self._size[0], int(time * MICROSECONDS))
        written = VideoFrame.from_ndarray(pixels, "yuv420p")
        written.pts, written.time_base = round(onset * TICKS), Fraction(1, TICKS)
        written.duration = round(offset * TICKS) - written.pts
        for packet in self._video.encode(written):
            self._container.mux(packet)
        self.num_written += 1

    def _pixels(self, frame: VideoFrame) -> NDArray[np.uint8]:
        """The frame as it is seen, yuv420p rows (H * 3 / 2, W) with even sides, as the first's."""
        seen, turned = self._upright(frame)
        if not self._size[0]:
            self._open(seen, turned)
        matrix = self._video.codec_context.colorspace if seen.format.is_rgb else None
        scaled = seen.reformat(
            *self._size,
            format="yuv420p",
            dst_colorspace=matrix,
            src_color_range=range_of(seen),
            dst_color_range=ColorRange.MPEG,  # what players take it for
        )
        return np.asarray(scaled.to_ndarray(), np.uint8)

    def _open(self, frame: VideoFrame, turned: bool) -> None:
        """Sides and colours as the first frame's."""
        width, height = frame.width, frame.height
        aspect = 1 / self._aspect if turned else self._aspect
        if height > self._quality.high or self._quality.high < HIGHEST:
            high = min(height, self._quality.high)
            width, height, aspect = round(width * aspect * high / height), high, Fraction(1)
            width += width % 2
        self._size = max(2, width - width % 2), max(2, height - height % 2)
        context = self._video.codec_context
        context.color_range = ColorRange.MPEG
        ours = Colorspace.ITU709 if is_hd(*self._size) else Colorspace.ITU601
        context.colorspace = ours if frame.format.is_rgb else frame.colorspace
        self._video.width, self._video.height = self._size
        context.sample_aspect_ratio = aspect

    def sound(self, samples: NDArray[np.int16]) -> None:
        """Add samples (n, C)."""
        if not len(samples) or self._audio is None:
            return
        flat = np.ascontiguousarray(samples).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(flat, "s16", self.layout)
        frame.sample_rate, frame.pts = self.sample_rate, self._samples
        frame.time_base = Fraction(1, self.sample_rate)
        self._samples += len(samples)
        for packet in self._audio.encode(frame):
            self._container.mux(packet)
        self.num_written += 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with self._container:
            for stream in (self._video, self._audio) if kind is None and self.num_written else ():
                if stream is not None:
                    for packet in stream.encode(None):
                        self._container.mux(packet)
