"""A file's best picture and sound, on the clock of the results, from any second on."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av.error
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.stream import VideoStream

from avel.pipeline.media.reading import Reading
from avel.pipeline.media.track import best_stream
from avel.pipeline.reasons import MediaError, Reason

Stream = VideoStream | AudioStream
SEEKABLE = frozenset({"mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm"})
"""Containers whose index leads where it says. Others are read from their beginning: in AVI and
MPEG's streams times after a jump are guesses."""
BACK_SECONDS = (0, 5, 30)
"""Further back, where a jump led behind the second that was asked for."""


@dataclass(frozen=True)
class Streams:
    """The chosen streams of an open file; either may be missing, but not both."""

    container: InputContainer
    video: VideoStream | None
    audio: AudioStream | None
    origin: Fraction
    """Second of the file's own time at which the results' time is zero."""

    def seconds(self, ticks: int, stream: Stream) -> Fraction:
        """The results' time of a stream's pts, in seconds."""
        return ticks * base(stream) - self.origin

    def packets(self, stream: Stream, start: Fraction) -> Iterator[Any]:
        """Packets of one stream from a key frame at or before a second on, in seconds.

        A file that breaks off ends there. Each opened file is read once: some cannot jump.
        """
        for back in BACK_SECONDS if self.container.format.name in SEEKABLE else ():
            goal = round((start - back + self.origin) / base(stream))
            try:
                self.container.seek(max(goal, stream.start_time or 0), stream=stream, backward=True)
            except av.error.FFmpegError:
                break
            packets = self._demuxed(stream)
            first = next(packets, None)
            if first is None or first.pts is None:
                break
            if self.seconds(first.pts, stream) <= start:
                yield first
                yield from packets
                return
        self._rewind(stream)
        yield from self._demuxed(stream)

    def _rewind(self, stream: Stream) -> None:
        """To the beginning, after jumps that led astray; a file that cannot jump is there still."""
        with contextlib.suppress(av.error.FFmpegError):
            self.container.seek(0, backward=True, any_frame=False)
        stream.codec_context.flush_buffers()

    def _demuxed(self, stream: Stream) -> Iterator[Any]:
        demuxed = self.container.demux(stream)
        while True:
            try:
                packet = next(demuxed, None)
            except av.error.FFmpegError:
                return
            if packet is None:
                return
            if packet.size:
                yield packet


def base(stream: Stream) -> Fraction:
    """Seconds per tick."""
    return stream.time_base or Fraction(1, 1000)


def choose(container: InputContainer, reading: Reading) -> Streams:
    """The streams that localizing looks at, too, on the results' clock of seconds.

    Raises:
        MediaError: EMPTY: there are none.
    """
    video: VideoStream | None = best_stream(container, "video", reading)
    audio: AudioStream | None = best_stream(container, "audio", reading)
    found: list[Stream] = [stream for stream in (video, audio) if stream is not None]
    if not found:
        raise MediaError(Reason.EMPTY, f"{reading.path}: no video or audio stream")
    starts = [(stream.start_time or 0) * base(stream) for stream in found]
    return Streams(container, video, audio, min(starts))


def decoded(streams: Streams, stream: Stream, start: Fraction) -> Iterator[tuple[Fraction, Any]]:
    """Frames of one stream with their times in seconds, from at or before a second on.

    Frames without a time of their own follow the one before.
    """
    following: Fraction | None = None
    for packet in _and_end(streams.packets(stream, start)):
        try:
            frames = stream.codec_context.decode(packet)
        except av.error.FFmpegError:
            continue
        for frame in frames:
            if frame.pts is not None:
                time = streams.seconds(frame.pts, stream)
            else:
                time = following or Fraction(0)
            following = time + _length(frame, stream)
            yield time, frame


def _and_end(packets: Iterator[Any]) -> Iterator[Any]:
    yield from packets
    yield None  # what the decoder still holds


def _length(frame: Any, stream: Stream) -> Fraction:
    if stream.type == "audio":
        return Fraction(frame.samples, frame.sample_rate or 1)
    rate = stream.average_rate if isinstance(stream, VideoStream) else None
    return 1 / (rate or Fraction(25))
