"""A piece of a film to a file of its own, encoded anew: exact to a frame and to a sample."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio.stream import AudioStream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from avel.pipeline.media.captions import Captions, Spoken
from avel.pipeline.media.container import open_container
from avel.pipeline.media.encoder import FINE, Encoder, Quality
from avel.pipeline.media.reading import Reading
from avel.pipeline.media.streams import Streams, choose, decoded
from avel.pipeline.reasons import MediaError, Reason

MICROSECONDS = 1_000_000
END = Fraction(1 << 40)
"""Seconds: behind the end of every film."""


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
            if not _encode(part, pieces, (first, last), beat, FINE, words):
                raise MediaError(
                    Reason.EMPTY, f"{path}: nothing lies between {float(first)} and {float(last)} s"
                )
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return {"missing": missing}


def copy_whole(path: Path, out: Path, beat: Callable[[int], object], quality: Quality) -> bool:
    """Write all of a film as an MP4; whether there was anything of it, in seconds that it has.

    Raises:
        MediaError: the film cannot be opened or read.
    """
    with ExitStack() as stack:
        return _encode(out, _pieces(path, stack), (Fraction(0), END), beat, quality)


def _encode(
    out: Path,
    pieces: _Pieces,
    span: tuple[Fraction, Fraction],
    beat: Callable[[int], object],
    quality: Quality,
    words: Captions | None = None,
) -> bool:
    """Write the seconds of a span; whether there were any."""
    with Encoder(out, pieces.video, pieces.audio, quality, words) as encoder:
        _write(encoder, pieces, *span, beat)
    return encoder.num_written > 0


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
    writer: Encoder,
    pieces: _Pieces,
    start: Fraction,
    stop: Fraction,
    beat: Callable[[int], object],
) -> None:
    """Picture by picture, with the sound up to each, so that little is held."""
    sound = _Sound(pieces, writer, start, stop) if pieces.audio else None
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

    def __init__(self, pieces: _Pieces, writer: Encoder, start: Fraction, stop: Fraction) -> None:
        assert pieces.heard
        assert pieces.audio
        self._rate, self._channels = writer.sample_rate, writer.channels
        self._layout = writer.layout
        self._total = round((stop - start) * self._rate)
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
        return av.AudioResampler("s16", self._layout, self._rate)
