"""Cells of pictures and sound into an MP4: H.264 and AAC, written whole or not at all."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Self

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.stream import VideoStream
from numpy.typing import NDArray


@dataclass(frozen=True)
class Mp4:
    """Shape of a video and how hard its encoder works."""

    width: int
    height: int
    frame_rate: int
    sample_rate: int | None
    """Of the mono sound, in Hz; None for none."""
    video_options: Mapping[str, str] = field(default_factory=dict)
    audio_options: Mapping[str, str] = field(default_factory=dict)


class Mp4Writer:
    """Takes cells in order; the file has its name once the `with` block ends without an error."""

    def __init__(self, path: Path, shape: Mp4) -> None:
        self._path, self._shape = path, shape
        self._temporary = path.with_suffix(f".{os.getpid()}.part")
        self._frames = self._samples = 0

    def __enter__(self) -> Self:
        self._container = av.open(os.fspath(self._temporary), "w", format="mp4")
        self._video = _video_stream(self._container, self._shape)
        self._audio = _audio_stream(self._container, self._shape)
        return self

    def cell(self, pictures: Iterable[NDArray[np.uint8]], samples: NDArray[np.int16]) -> None:
        """Append a second: `frame_rate` RGB pictures (H, W, 3), and samples (sample_rate,)."""
        for picture in pictures:
            frame = av.VideoFrame.from_ndarray(picture, "rgb24")
            frame.pts, frame.time_base = self._frames, Fraction(1, self._shape.frame_rate)
            self._frames += 1
            self._container.mux(self._video.encode(frame))
        if self._audio is not None and self._shape.sample_rate:
            sound = av.AudioFrame.from_ndarray(samples[None], "s16", "mono")
            sound.sample_rate, sound.pts = self._shape.sample_rate, self._samples
            sound.time_base = Fraction(1, self._shape.sample_rate)
            self._samples += len(samples)
            self._container.mux(self._audio.encode(sound))

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        streams: Sequence[VideoStream | AudioStream | None] = (self._video, self._audio)
        try:
            with self._container:
                for stream in streams if kind is None else ():
                    if stream is not None:
                        self._container.mux(stream.encode(None))
            if kind is None:
                os.replace(self._temporary, self._path)
        finally:  # the disk may be full only now
            self._temporary.unlink(missing_ok=True)


def _video_stream(container: OutputContainer, shape: Mp4) -> VideoStream:
    stream = container.add_stream(
        "libx264", rate=shape.frame_rate, options=dict(shape.video_options)
    )
    stream.width, stream.height, stream.pix_fmt = shape.width, shape.height, "yuv420p"
    stream.codec_context.thread_count = 1
    return stream


def _audio_stream(container: OutputContainer, shape: Mp4) -> AudioStream | None:
    if not shape.sample_rate:
        return None
    stream = container.add_stream("aac", rate=shape.sample_rate, options=dict(shape.audio_options))
    stream.codec_context.layout = "mono"
    stream.codec_context.bit_rate = 96_000
    return stream
