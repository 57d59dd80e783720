"""A piece of a film to a file of its own, encoded anew: exact to a frame and to a sample."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Self

import av
import numpy as np
from av.audio.stream import AudioStream
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange
from av.video.stream import VideoStream
from numpy.typing import NDArray

from avel.pipeline.media.captions import Captions, Spoken
from avel.pipeline.media.colours import range_of
from avel.pipeline.media.container import open_container
from avel.pipeline.media.orientation import Orientation, orientation_of
from avel.pipeline.media.reading import Reading
from avel.pipeline.media.streams import Streams, choose, decoded
from avel.pipeline.reasons import MediaError, Reason

TICKS = 90_000
"""A second of the written picture's clock."""
VIDEO = {"preset": "veryfast", "crf": "18"}
RATES = frozenset({16_000, 22_050, 24_000, 32_000, 44_100, 48_000})
"""Samples a second that every player of AAC takes; sound at others becomes 48,000."""
MICROSECONDS = 1_000_000


def cut(
    path: Path,
    target: str,
    start: int,
    stop: int,
    beat: Callable[[int], object],
    captions: list[Spoken] | None = None,
    font: str | None = None,
) -> dict[str, Any]:
    """Write the seconds from `start` to `stop` as H.264 and AAC in an MP4.

    The picture begins with the frame that is on screen at `start`; sound that is missing is
    silence.

    Args:
        path: The film.
        target: File to write; it is there whole or not at all.
        start: In microseconds.
        stop: In microseconds; after the film's end means its end.
        beat: Told which second is done.
        captions: Words on the picture, with onset and offset in microseconds of the film.
        font: File of a font for them; None for our own.

    Returns:
        `missing`: letters that the font has not.

    Raises:
        MediaError: nothing of the file is there to cut.
    """
    words = Captions(tuple((on, off, text) for on, off, text in captions or ()), font)
    missing = words.missing() if words.spoken else ""
    first, last = Fraction(start, MICROSECONDS), Fraction(stop, MICROSECONDS)
    part = Path(target).with_suffix(f".part{Path(target).suffix}")
    try:
        with ExitStack() as stack:
            pieces = _pieces(path, stack)
            if words.spoken and pieces.video is None:
                raise MediaError(Reason.NO_VIDEO, f"{path}: has no picture to write on")
            with _Writer(part, pieces, words) as writer:
                _write(writer, pieces, first, last, beat)
            if not writer.num_written:
                raise MediaError(
                    Reason.EMPTY, f"{path}: nothing lies between {float(first)} and {float(last)} s"
                )
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return {"missing": missing}


@dataclass(frozen=True)
class _Pieces:
    """Picture and sound, each of an opened file of its own, so that they are read side by side."""

    seen: Streams | None
    heard: Streams | None

    @property
    def video(self) -> VideoStream | None:
        return self.seen.video if self.seen else None

    @property
    def audio(self) -> AudioStream | None:
        return self.heard.audio if self.heard else None


def _pieces(path: Path, stack: ExitStack) -> _Pieces:
    found = [
        choose(stack.enter_context(open_container(path)), Reading(path)) for _ in ("seen", "heard")
    ]
    return _Pieces(found[0] if found[0].video else None, found[1] if found[1].audio else None)


def _write(
    writer: _Writer,
    pieces: _Pieces,
    start: Fraction,
    stop: Fraction,
    beat: Callable[[int], object],
) -> None:
    """Picture by picture, with the sound up to each, so that little is held."""
    sound = _Sound(pieces, writer.sample_rate, start, stop) if pieces.audio else None
    for onset, offset, frame in _frames(pieces, start, stop, beat):
        writer.picture(frame, onset, onset - start, offset - start)
        if sound:
            writer.sound(sound.until(offset))
    while sound and (samples := sound.more()) is not None:
        writer.sound(samples)
        beat(int(start) + sound.seconds)


def _frames(
    pieces: _Pieces, start: Fraction, stop: Fraction, beat: Callable[[int], object]
) -> Iterator[tuple[Fraction, Fraction, VideoFrame]]:
    """Frames from the one on screen at `start` on, with onset and offset in seconds.

    A film that cannot jump is decoded from its beginning, and `beat` is told so.
    """
    if pieces.seen is None or pieces.video is None:
        return
    pending: tuple[Fraction, VideoFrame] | None = None
    step = 1 / (pieces.video.average_rate or Fraction(25))
    second = -1
    for time, frame in decoded(pieces.seen, pieces.video, start):
        if int(time) > second:
            beat(second := int(time))
        if pending and time > max(start, pending[0]):
            yield max(pending[0], start), min(time, stop), pending[1]
        if time >= stop:
            return
        if pending is None or time > pending[0]:
            pending = time, frame
    if pending and pending[0] + step > start:
        yield max(pending[0], start), min(max(pending[0], start) + step, stop), pending[1]


class _Sound:
    """Samples (n, C) int16 without a hole from `start` on, until the sound or the piece ends."""

    def __init__(self, pieces: _Pieces, rate: int, start: Fraction, stop: Fraction) -> None:
        assert pieces.heard
        assert pieces.audio
        self._rate, self._channels = rate, channels_of(pieces.audio)
        self._total = round((stop - start) * rate)
        self._parts = self._resampled(pieces.heard, pieces.audio, start)
        self._start, self._done = start, 0

    @property
    def seconds(self) -> int:
        """Whole seconds that are done."""
        return self._done // self._rate

    def until(self, time: Fraction) -> NDArray[np.int16]:
        """Those up to a second of the film."""
        wanted = min(self._total, round((time - self._start) * self._rate))
        found = []
        while self._done < wanted and (part := self.more()) is not None:
            found.append(part)
        return np.concatenate(found) if found else np.zeros((0, self._channels), np.int16)

    def more(self) -> NDArray[np.int16] | None:
        """The next ones; None at the end."""
        for at, samples in self._parts:
            samples = samples[max(0, self._done - at) :]
            hole = max(0, at - self._done)
            samples = np.pad(samples, ((hole, 0), (0, 0)))[: self._total - self._done]
            if len(samples):
                self._done += len(samples)
                return samples
        return None

    def _resampled(
        self, streams: Streams, audio: AudioStream, start: Fraction
    ) -> Iterator[tuple[int, NDArray[np.int16]]]:
        """Pieces with the place of their first sample, counted from the start."""
        resampler, form, at = None, None, 0
        for time, frame in decoded(streams, audio, max(Fraction(0), start - 1)):
            place = round((time - start) * self._rate)
            if place >= self._total:
                break
            here = (frame.sample_rate, frame.format.name, frame.layout.name)
            # a jump in time or form begins anew; less than a hundredth of a second is rounding
            if here != form or abs(place - at) > self._rate // 100:
                resampler, form, at = self._resampler(), here, place
            assert resampler
            frame.pts = None
            for packed in resampler.resample(frame):
                samples = np.asarray(packed.to_ndarray(), np.int16).reshape(-1, self._channels)
                yield at, samples
                at += len(samples)

    def _resampler(self) -> av.AudioResampler:
        layout = "mono" if self._channels == 1 else "stereo"
        return av.AudioResampler("s16", layout, self._rate)


def channels_of(audio: AudioStream) -> int:
    """Number of channels of the written sound: one, or two for whatever has more."""
    return 1 if audio.channels == 1 else 2


class _Writer:
    """An MP4 of at most one picture and one sound."""

    def __init__(self, path: Path, pieces: _Pieces, words: Captions) -> None:
        self._words, self._samples, self.num_written = words, 0, 0
        self._container = av.open(str(path), "w", format="mp4")
        self._video = self._audio = None
        self._size = (0, 0)
        if pieces.video is not None:
            self._video = self._container.add_stream("libx264", options=VIDEO)
            self._video.pix_fmt = "yuv420p"
            self._video.codec_context.time_base = Fraction(1, TICKS)
            self._aspect = pieces.video.sample_aspect_ratio or Fraction(1)
        self.sample_rate = 0
        if pieces.audio is not None:
            own = pieces.audio.sample_rate
            self.sample_rate = own if own in RATES else 48_000
            self._audio = self._container.add_stream("aac", rate=self.sample_rate)
            self._layout = "mono" if channels_of(pieces.audio) == 1 else "stereo"
            self._audio.codec_context.layout = self._layout
            self._audio.codec_context.bit_rate = 128_000

    def picture(self, frame: VideoFrame, time: Fraction, onset: Fraction, offset: Fraction) -> None:
        """Add one, shown from onset to offset in the piece; `time` is the film's, in seconds."""
        assert self._video is not None
        pixels = self._upright(frame)
        self._words.onto(pixels, self._size[0], int(time * MICROSECONDS))
        written = VideoFrame.from_ndarray(pixels, "yuv420p")
        written.pts, written.time_base = round(onset * TICKS), Fraction(1, TICKS)
        written.duration = round(offset * TICKS) - written.pts
        for packet in self._video.encode(written):
            self._container.mux(packet)
        self.num_written += 1

    def _upright(self, frame: VideoFrame) -> NDArray[np.uint8]:
        """The frame as it is seen, yuv420p rows (H * 3 / 2, W) with even sides, as the first's."""
        way = orientation_of(frame)
        if way != Orientation():
            shown = way(np.asarray(frame.to_ndarray(format="rgb24"), np.uint8))
            frame = VideoFrame.from_ndarray(np.ascontiguousarray(shown), "rgb24")
        if not self._size[0]:
            self._open_video(frame, way)
        scaled = frame.reformat(
            *self._size,
            format="yuv420p",
            src_color_range=range_of(frame),
            dst_color_range=ColorRange.MPEG,  # what players take it for
        )
        return np.asarray(scaled.to_ndarray(), np.uint8)

    def _open_video(self, frame: VideoFrame, way: Orientation) -> None:
        """Sides and colours as the first frame's."""
        assert self._video is not None
        width, height = frame.width, frame.height
        self._size = max(2, width - width % 2), max(2, height - height % 2)
        self._video.codec_context.color_range = ColorRange.MPEG
        if not frame.format.is_rgb:
            self._video.codec_context.colorspace = frame.colorspace
        self._video.width, self._video.height = self._size
        aspect = 1 / self._aspect if way.transposed else self._aspect
        self._video.codec_context.sample_aspect_ratio = aspect

    def sound(self, samples: NDArray[np.int16]) -> None:
        """Add samples (n, C)."""
        if not len(samples) or self._audio is None:
            return
        flat = np.ascontiguousarray(samples).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(flat, "s16", self._layout)
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
