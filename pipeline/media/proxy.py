"""A small copy of a film that every browser plays: H.264 and AAC in an MP4."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.video.stream import VideoStream

from avel.cache.whole import replacing
from avel.pipeline.media.container import open_container
from avel.pipeline.media.preview import first_stream
from avel.pipeline.reasons import MediaError, Reason

HIGH = 360
"""Of the picture, in pixels, where the film's is not lower."""
TICKS = Fraction(1, 90_000)
OPTIONS = {"preset": "veryfast", "crf": "28", "g": "60"}


def proxy(path: Path, target: str, beat: Callable[[int], object]) -> dict[str, Any]:
    """Write the copy; `unwritable` is the number of the system's error where it cannot be."""
    try:
        write_proxy(path, Path(target), beat)
    except OSError as err:
        return {"unwritable": err.errno or 0}
    return {}


def write_proxy(path: Path, out: Path, beat: Callable[[int], object] = lambda _: None) -> None:
    """Write the copy, whole or not at all; times in seconds stay what they are.

    Args:
        path: The film.
        out: The copy.
        beat: Told which second is done.

    Raises:
        MediaError: the film cannot be opened or read.
    """
    try:
        with (
            open_container(path) as film,
            replacing(out, durable=False) as part,
            av.open(str(part), "w", format="mp4", options={"movflags": "+faststart"}) as copy,
        ):
            _copy(film, copy, beat)
    except av.error.FFmpegError as err:
        raise MediaError(Reason.DECODE_ERROR, f"{path}: {err.strerror or err}") from err


def _copy(film: InputContainer, copy: OutputContainer, beat: Callable[[int], object]) -> None:
    tracks: dict[int, _Track] = {}
    kinds: tuple[tuple[str, Any], ...] = (("video", _Picture), ("audio", _Sound))
    for kind, make in kinds:
        if (stream := first_stream(film, kind)) is not None:
            tracks[stream.index] = make(stream, copy)
    if not tracks:
        raise _empty(film.name)
    begin = min((track.begin for track in tracks.values()), default=0.0)
    second = -1
    for packet in film.demux([track.source for track in tracks.values()]):
        track = tracks[packet.stream.index]
        try:
            frames: list[Any] = packet.decode()
        except av.error.FFmpegError:  # a damaged packet
            continue
        for frame in frames:
            if frame.time is not None:
                if int(frame.time - begin) > second:
                    beat(second := int(frame.time - begin))
                copy.mux(list(track.encode(frame, frame.time - begin)))
                track.encoded = True
    if not any(track.encoded for track in tracks.values()):
        raise _empty(film.name)
    for track in tracks.values():
        copy.mux(list(track.end()))


def _empty(name: str) -> MediaError:
    return MediaError(Reason.EMPTY, f"{name.removeprefix('file:')}: nothing in it can be decoded")


class _Track:
    """One stream on its way."""

    def __init__(self, source: Any, target: Any) -> None:
        self.source, self.target, self.encoded = source, target, False
        self.begin = float((source.start_time or 0) * (source.time_base or 0))

    def encode(self, frame: Any, seconds: float) -> Iterator[Any]:
        raise NotImplementedError

    def end(self) -> Iterator[Any]:
        yield from self.target.encode(None)


class _Picture(_Track):
    def __init__(self, source: VideoStream, copy: OutputContainer) -> None:
        high = min(HIGH, source.codec_context.height)
        pixel = float(source.sample_aspect_ratio or 1)
        wide = source.codec_context.width * pixel * high / source.codec_context.height
        target = copy.add_stream("libx264", rate=source.average_rate or 25, options=dict(OPTIONS))
        target.width, target.height = max(2, 2 * round(wide / 2)), max(2, 2 * (high // 2))
        target.pix_fmt, target.time_base = "yuv420p", TICKS
        target.codec_context.time_base = TICKS
        super().__init__(source, target)
        self._last = -1

    def encode(self, frame: Any, seconds: float) -> Iterator[Any]:
        ticks = round(seconds / TICKS)
        if ticks <= self._last:  # two frames at one moment
            return
        self._last = ticks
        small = frame.reformat(self.target.width, self.target.height, "yuv420p")
        small.pts, small.time_base = ticks, TICKS
        small.pict_type = 0
        yield from self.target.encode(small)


class _Sound(_Track):
    RATE = 44_100

    def __init__(self, source: AudioStream, copy: OutputContainer) -> None:
        target = copy.add_stream("aac", rate=self.RATE)
        target.codec_context.layout = "mono"
        target.codec_context.bit_rate = 64_000
        super().__init__(source, target)
        self._resampler = av.AudioResampler("fltp", "mono", self.RATE)
        self._next: int | None = None

    def encode(self, frame: Any, seconds: float) -> Iterator[Any]:
        for piece in self._resampler.resample(frame):
            if self._next is None:
                self._next = max(0, round(seconds * self.RATE))
            piece.pts, piece.time_base = self._next, Fraction(1, self.RATE)
            self._next += piece.samples
            yield from self.target.encode(piece)
